"""Claims and correlations as text and data: what is printed is read back, and what cannot be meant is refused."""

import itertools
import random

import pytest

from scm import (
    Adjusts,
    CausalClaim,
    Correlation,
    Independence,
    InvalidFile,
    QuerySyntaxError,
    claim_from_data,
    claim_to_data,
    correlation_from_data,
    correlation_to_data,
    parse_claim,
    parse_correlation,
    print_claim,
    print_correlation,
)

NAMES = ("A", "blood pressure", 'the "old" way', "back\\slash", "P", "corr", "in", "naïve", "x|y", "{z}", "a_b")


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("cause(A, B)", CausalClaim("cause", "A", "B")),
        ("direct_cause(A,B)", CausalClaim("direct cause", "A", "B")),
        (" indirect_cause ( A , B ) ", CausalClaim("indirect cause", "A", "B")),
        ('common_cause("blood pressure", B)', CausalClaim("common cause", "blood pressure", "B")),
        ("common_effect(A, B)", CausalClaim("common effect", "A", "B")),
        ("independent(A, B)", Independence("A", "B")),
        ("independent(A, B | C, D)", Independence("A", "B", ("C", "D"))),
        ("adjusts(X, Y, {Z, W})", Adjusts("X", "Y", ("Z", "W"))),
        ("adjusts(X, Y, {})", Adjusts("X", "Y")),
        ("adjusts(X, Y)", Adjusts("X", "Y")),
    ],
)
def test_a_claim_is_read(text, claim):
    assert parse_claim(text) == claim
    assert parse_claim(print_claim(claim)) == claim
    assert claim_from_data(claim_to_data(claim)) == claim


def test_what_is_printed_is_read_back():
    rng = random.Random(3)
    relations = ("direct cause", "indirect cause", "cause", "common cause", "common effect")
    for _ in range(200):
        first, second, *rest = rng.sample(NAMES, rng.randint(2, 5))
        claims = [CausalClaim(r, first, second) for r in relations]
        for claim in (*claims, Independence(first, second, tuple(rest)), Adjusts(first, second, tuple(rest))):
            assert parse_claim(print_claim(claim)) == claim
            assert claim_from_data(claim_to_data(claim)) == claim
        given = parse_correlation("corr(x, y | v=0, z>2 or w)").given
        for correlation in (Correlation(first, second), Correlation(first, second, given)):
            assert parse_correlation(print_correlation(correlation)) == correlation
            assert correlation_from_data(correlation_to_data(correlation)) == correlation


@pytest.mark.parametrize(
    ("text", "says", "at"),
    [
        ("", "Empty", 0),
        ("causes(A, B)", "Did you mean 'cause'", 0),
        ("cause(A)", "Expected ','", 7),
        ("cause(A, )", "Expected the name", 9),
        ("cause(A, A)", "stands twice", 9),
        ("cause(A, B", r"Expected '\)'", 10),
        ("cause(A, B) and", "Nothing may follow", 12),
        ("cause(A, B | C)", r"Expected '\)'", 11),
        ("independent(A, B | C, A)", "stands twice", 22),
        ("adjusts(X, Y, Z)", "Expected '{'", 14),
        ("adjusts(X, Y, {Z, Y})", "stands twice", 18),
        ('cause("", B)', "Expected the name", 6),
        ("cause(A, ?B)", "Expected the name", 9),
    ],
)
def test_a_slip_is_shown_with_its_place(text, says, at):
    with pytest.raises(QuerySyntaxError, match=says) as wrong:
        parse_claim(text)
    assert wrong.value.position == at


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("corr(A, B | C=)", "C="),
        ("corr(A, B | do(C=1))", "no do"),
        ("corr(A, B | C=1) - corr(A, C)", "corr"),
        ("corr(A, A)", "stands twice"),
        ("cor(A, B)", "Did you mean 'corr'"),
        ("corr(A, B | C=1) / P(A=1)", "one bracket"),
    ],
)
def test_a_correlation_that_is_none(text, says):
    with pytest.raises(QuerySyntaxError, match=says):
        parse_correlation(text)


@pytest.mark.parametrize(
    "data",
    [
        [],
        {},
        {"claim": "causes", "first": "A", "second": "B"},
        {"claim": "cause", "first": "A"},
        {"claim": "cause", "first": "A", "second": "A"},
        {"claim": "cause", "first": "A", "second": "B", "given": ["C"]},
        {"claim": "independent", "first": "A", "second": "B", "given": "C"},
        {"claim": "independent", "first": "A", "second": "B", "given": ["C", "C"]},
        {"claim": "adjusts", "first": "A", "second": 3},
        {"claim": ["cause"], "first": "A", "second": "B"},
    ],
)
def test_data_that_is_no_claim(data):
    with pytest.raises(InvalidFile):
        claim_from_data(data)


@pytest.mark.parametrize(
    "data",
    [[], {}, {"correlation": ["A"]}, {"correlation": ["A", "A"]}, {"correlation": "AB"}, {"correlation": [1, 2]}],
)
def test_data_that_is_no_correlation(data):
    with pytest.raises(InvalidFile):
        correlation_from_data(data)


def test_long_and_deep_texts_are_refused_in_time():
    names = ", ".join(f"a{i}" for i in range(20_000))
    with pytest.raises(QuerySyntaxError, match="at most"):
        parse_claim(f"independent(A, B | {names})")
    deep = "(" * 500 + "C" + ")" * 500
    with pytest.raises(QuerySyntaxError):
        parse_correlation(f"corr(A, B | {deep})")


def test_every_pair_of_words_is_told_apart():
    words = ("cause", "direct_cause", "indirect_cause", "common_cause", "common_effect", "independent", "adjusts")
    for one, other in itertools.combinations(words, 2):
        assert parse_claim(f"{one}(A, B)") != parse_claim(f"{other}(A, B)")
