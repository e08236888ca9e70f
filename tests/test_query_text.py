"""Query text: what is printed parses back to the same value, and what cannot be read is told with a caret."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scm
from scm import Const, Contrast, Distribution, Draw, Expectation, Number, Op, Placeholder, Probability, Set, Soft, Var
from scm._latex import query_latex

NAMES = st.one_of(
    st.sampled_from(
        [
            "X",
            "Y",
            "E",
            "P",
            "do",
            "if",
            "True",
            "min",
            "exp",
            "log",
            "stone size",
            'say "x"',
            "a\\b",
            "é",
            "1st",
            "y_{1}",
        ]
    ),
    st.text("aZ_09 \"'\\{}[]|,?~é\n", min_size=1, max_size=5).filter(str.strip),
)
NUMBERS = st.one_of(st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6))
VALUES = st.one_of(st.booleans(), NUMBERS, st.text("ab '\"\\=", max_size=4))
CONSTS = st.builds(Const, VALUES)
PLACEHOLDERS = st.builds(Placeholder, NAMES)


def negated(expr: scm.Expr) -> scm.Expr:
    """As the parser reads a minus: a negative number is a number."""
    if isinstance(expr, Const) and not isinstance(expr.value, bool | str):
        return Const(-expr.value)
    return Op("neg", (expr,))


def operations(inner: st.SearchStrategy[scm.Expr]) -> st.SearchStrategy[scm.Expr]:
    """Every operation over `inner`."""

    def op(names: list[str], least: int, most: int) -> st.SearchStrategy[scm.Expr]:
        return st.builds(Op, st.sampled_from(names), st.lists(inner, min_size=least, max_size=most).map(tuple))

    return st.one_of(
        op(["and", "or", "xor", "+", "*", "in", "min", "max"], 2, 3),
        op(["=", "!=", "<", "<=", ">", ">=", "/", "**"], 2, 2),
        op(["not", "abs", "exp", "log", "sqrt", "tanh", "sin", "cos"], 1, 1),
        op(["if"], 3, 3),
        inner.map(negated),
    )


def worlds(inner: st.SearchStrategy[scm.Expr], terms: st.SearchStrategy[Var]) -> st.SearchStrategy[scm.World]:
    """Worlds of every kind of assignment, over nodes and edges."""
    edge = st.one_of(st.none(), NAMES)
    law = st.lists(st.tuples(VALUES, st.floats(0, 1)), min_size=1, max_size=2).map(tuple)
    cases = st.tuples(st.lists(st.tuples(inner, law), max_size=1), law).map(lambda c: (*c[0], (None, c[1])))
    assignment = st.one_of(
        st.builds(Set, NAMES, st.one_of(CONSTS, PLACEHOLDERS, terms), edge),
        st.builds(Soft, NAMES, inner, edge),
        st.builds(Draw, NAMES, cases, edge),
        st.builds(Draw, NAMES, st.just(()), edge, NAMES),
    )
    several = st.lists(assignment, min_size=1, max_size=2, unique_by=lambda a: (a.target, a.parent))
    return several.map(lambda found: scm.world(*found))


def drawn(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The same strategy, whose own text stays short: Hypothesis writes nested ones out in full, and warns."""
    return st.composite(lambda draw: draw(strategy))()


PLAIN = st.builds(Var, NAMES)
SIMPLE = drawn(st.recursive(st.one_of(CONSTS, PLACEHOLDERS, PLAIN), operations, max_leaves=4))
NESTED = drawn(st.builds(Var, NAMES, worlds(SIMPLE, PLAIN)))
TERMS = drawn(st.one_of(PLAIN, NESTED, st.builds(Var, NAMES, worlds(SIMPLE, NESTED))))
EXPRESSIONS = drawn(st.recursive(st.one_of(CONSTS, PLACEHOLDERS, TERMS), operations, max_leaves=6))
GIVEN = st.one_of(st.none(), EXPRESSIONS)
SINGLE = drawn(
    st.one_of(
        st.builds(Probability, EXPRESSIONS, GIVEN),
        st.builds(Expectation, EXPRESSIONS, GIVEN),
        st.builds(Distribution, st.lists(TERMS, min_size=1, max_size=2).map(tuple), GIVEN),
    )
)
QUERIES = drawn(
    st.recursive(
        st.one_of(SINGLE, st.builds(Number, st.floats(-1e6, 1e6))),
        lambda inner: st.builds(Contrast, st.sampled_from("+-*/"), inner, inner),
        max_leaves=3,
    )
)
STABLE = settings(max_examples=200, derandomize=True, deadline=None)


@STABLE
@given(QUERIES)
def test_what_is_printed_parses_back(query: scm.Query) -> None:
    text = scm.print_query(query)
    assert scm.parse_query(text) == query, text
    assert scm.print_query(scm.parse_query(text)) == text  # tells True from 1, which are equal


@STABLE
@given(EXPRESSIONS)
def test_equations_print_and_parse_back(expr: scm.Expr) -> None:
    assert scm.parse_expression(scm.print_expr(expr)) == expr


@STABLE
@given(QUERIES)
def test_latex_has_balanced_braces(query: scm.Query) -> None:
    depth = 0
    for brace in re.sub(r"\\[\\{}]", "", query_latex(query)):
        depth += {"{": 1, "}": -1}.get(brace, 0)
        assert depth >= 0
    assert depth == 0


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("P(Y_{X=1} = 1)", "P(Y[X=1] = 1)"),
        ("P(Y=1 | do(X=1), Z=0)", "P(Y[X=1] = 1 | Z[X=1] = 0)"),
        ("P(Y=1 \\mid X == 1)", "P(Y = 1 | X = 1)"),
        ("P(Y | Z = ?)", "P(Y | Z = ?Z)"),
        ("P(Y[X=?] = 1)", "P(Y[X=?X] = 1)"),
        ("P(X ≤ 1, Y ≠ 0)", "P(X <= 1, Y != 0)"),
        ("P(Y[X~{a: 0.5, 'b': .5}])", "P(Y[X ~ {'a': 0.5, 'b': 0.5}])"),
        ("-P(X=1)", "0 - P(X = 1)"),
        ("E[X^2]", "E[X ** 2]"),
        ("P((X=1, Y=1) or Z=1)", "P(X = 1 and Y = 1 or Z = 1)"),
    ],
)
def test_other_ways_to_write_it(text: str, same: str) -> None:
    assert scm.print_query(scm.parse_query(text)) == same


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("-X ** 2", Op("neg", (Op("**", (Var("X"), Const(2))),))),
        ("(-2) ** X", Op("**", (Const(-2), Var("X")))),
        ("X ** Y ** 2", Op("**", (Var("X"), Op("**", (Var("Y"), Const(2)))))),
        ("2 * X ** -1", Op("*", (Const(2), Op("**", (Var("X"), Const(-1)))))),
        ("exp (X)", Op("exp", (Var("X"),))),
        ("exp + log * sqrt", Op("+", (Var("exp"), Op("*", (Var("log"), Var("sqrt")))))),
        ("cos(cos)", Op("cos", (Var("cos"),))),
        ("cosine + tanh2", Op("+", (Var("cosine"), Var("tanh2")))),
    ],
)
def test_powers_and_functions_of_one_number(text: str, means: scm.Expr) -> None:
    assert scm.parse_expression(text) == means
    assert scm.parse_expression(scm.print_expr(means)) == means


def test_powers_and_functions_in_latex() -> None:
    def latex(text: str) -> str:
        return query_latex(scm.parse_query(f"E[{text}]"))

    assert latex("exp(X) ** 2") == r"\mathbb{E}[\exp\left(X\right)^{2}]"
    assert latex("(-2) ** sqrt(X)") == r"\mathbb{E}[\left(-2\right)^{\sqrt{X}}]"
    assert latex("(X / Y) ** 2") == r"\mathbb{E}[\left(\frac{X}{Y}\right)^{2}]"


@pytest.mark.parametrize(
    ("text", "words", "column"),
    [
        ("", "Empty text", 0),
        ("P(Y=1) -", "the text ends here; expected", 8),
        ("P(Y=1)) ", "')' cannot stand here", 6),
        ("P(Y=1 | X=)", "a value is missing after '='", 10),
        ("P(Y=1 | X!= )", "a value is missing after '!='", 12),
        ("P(Y= | X=1)", "a value is missing after '='", 5),
        ("P(Y=1 | )", "a condition is missing after '|'", 8),
        ("P(Y=1 | X=1", "the closing ')' is missing at the end", 11),
        ("P(Y[X=1) ", "the closing ']' is missing before ')'", 7),
        ("P(Y=1 | X=@)", "'@' cannot stand here", 10),
        ("P(Y=1, X)", "'X' has no value beside parts", 0),
        ("P(Y=1 | X)", "The condition 'X' has no value. Write X = value", 0),
        ("E[Y, X]", "takes one expression", 0),
        ("P(Y[X=1]=1 | do(Z=1))", "Write every world as a subscript", 0),
        ("P(Y[X=1, X=0]=1)", "One world sets X twice: X=1 and X=0", 0),
        ("P(Y[X=Z+1]=1)", "write :=", 0),
        ("P(Y[X ~ {1: a}]=1)", "A law is written {state: probability", 0),
        ("P(X + ? = 1)", "here write ?name", 0),
        ('P("  "=1)', "A name cannot be empty", 0),
        ("P(X=1e300)", "states go up to 1e15", 0),
        ("P(X=1234567890123456)", "at most 15 digits", 0),
        ("P(exp(X, Y)=1)", "exp() takes one value", 0),
        ("P(foo (X)=1)", "'foo' is no function; the functions are abs, cos, exp, log", 6),
        ("P(X ** = 1)", "'=' cannot stand here", 7),
        ("P(abs(X, Y)=1)", "abs() takes one value", 0),
    ],
)
def test_an_unreadable_text_is_shown_with_a_caret(text: str, words: str, column: int) -> None:
    with pytest.raises(scm.QuerySyntaxError) as caught:
        scm.parse_query(text)
    message = str(caught.value).splitlines()
    assert words in caught.value.problem
    assert message[-1] == "  " + " " * column + "^"
    assert caught.value.position == column


def test_the_caret_of_a_long_text_stands_under_its_place() -> None:
    text = "P(" + ", ".join(f"A{i}=1" for i in range(100)) + ", @)"
    with pytest.raises(scm.QuerySyntaxError) as caught:
        scm.parse_query(text)
    *_, shown, caret = str(caught.value).splitlines()
    assert shown[caret.index("^")] == "@"
    assert len(shown) < 120


def test_the_nearest_known_name_is_suggested() -> None:
    with pytest.raises(scm.QuerySyntaxError, match=r"Did you mean 'smoking'\?"):
        scm.parse_query("P(cancer=1 smokin=1)", known=["smoking", "cancer"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("P(" + "not " * 60 + "X)", "Nested deeper than 60"),
        ("P(" + "(" * 4000 + "X=1" + ")" * 4000 + ")", None),
        ("P(" + "Y[X=" * 70 + "1" + "]" * 70 + ")", "Nested deeper than 60"),
        ("P(" + "-" * 9000 + "X=1)", "Nested"),
        (" + ".join(["P(X=1)"] * 300), "A contrast of more than 240 parts"),
        ("P(X=1)" + " " * 20_000, "20,006 characters; at most 20,000"),
    ],
)
def test_nesting_and_length_are_capped(text: str, words: str | None) -> None:
    if words is None:
        assert scm.parse_query(text) == scm.parse_query("P(X=1)")
        return
    with pytest.raises(scm.QuerySyntaxError, match=re.escape(words)):
        scm.parse_query(text)


def test_what_the_caps_allow_is_read_and_printed() -> None:
    query = scm.parse_query("P(" + "not " * 59 + "X)")
    assert scm.parse_query(scm.print_query(query)) == query


def test_what_is_not_text_is_refused() -> None:
    with pytest.raises(scm.InvalidQuery, match="a query must be text, got int"):
        scm.parse_query(5)  # pyright: ignore[reportArgumentType]


def test_bind_fills_placeholders_and_policies() -> None:
    query = scm.parse_query("E[Y[X ~ pi, Z=?z]] - P(Y=?z | W=?w)")
    assert scm.placeholders(query) == ("z", "w")
    filled = scm.bind(query, z=1, w="low", pi={0: 0.25, 1: 0.75})
    assert scm.print_query(filled) == "E[Y[X ~ {0: 0.25, 1: 0.75}, Z=1]] - P(Y = 1 | W = 'low')"
    with pytest.raises(scm.InvalidQuery, match=r"leaves \['pi', 'w', 'z'\] open, not 'q'"):
        scm.bind(query, q=1)


LABELS = scm.Model(
    scm.Variable("X", ("a", "b"), table=(0.5, 0.5)),
    scm.Variable("Y", ("a", "b"), table=(0.5, 0.5)),
    scm.Variable("smoke", table=(0.5, 0.5)),
)


@pytest.mark.parametrize("query", ["P(X=a | Y=maybe)", "P(X=a | do(Y=maybe))", "P(X[Y=maybe]=a)", "P(Y in {maybe, b})"])
def test_a_bare_word_beside_a_variable_of_labels_is_meant_as_a_state(query: str) -> None:
    with pytest.raises(scm.UnknownState, match="'maybe' is not a state of 'Y'; its states are 'a', 'b'"):
        scm.ask(LABELS, query)
    with pytest.raises(scm.UnknownName, match="Did you mean 'smoke'"):
        scm.ask(LABELS, query.replace("maybe", "smok"))
    with pytest.raises(scm.UnknownName, match="the known names are"):
        scm.ask(LABELS, "P(smoke=maybe)")
