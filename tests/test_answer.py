"""Answers: what they print, what a budget refuses, and questions about models too large to enumerate."""

import json
import math
import pickle
import re
import time
from typing import Any

import numpy as np
import pytest

import scm
from scm import Bernoulli, Model, Unknown, Variable

SQUAD = Model(
    Variable("order", noise=Bernoulli(0.3)),
    Variable("rifle A", equation='order or "nerves"', noise={"nerves": Bernoulli(0.1)}),
    Variable("B", equation="order"),
    Variable("dead", equation='"rifle A" or B'),
)
OPEN = Model(
    Variable("U", noise=Unknown()),
    Variable("V", noise=Bernoulli(0.5)),
    Variable("A", equation="U"),
    Variable("B", equation="not U"),
    Variable("C", equation="U and V"),
)
COUNTED = Model(
    Variable("X", (0, 1), counts=(30, 70)),
    Variable("Y", (0, 1), parents=("X",), counts={0: (12, 18), 1: (35, 35)}),
)


# ---------------------------------------------------------------------------------------------------------------------
# Renderings


def test_text() -> None:
    text = scm.ask(SQUAD, 'P(dead["rifle A"=False] = False | dead = True)').to_text()
    first, second, *rest = text.splitlines()
    assert first == 'P(dead["rifle A"=False] = False | dead = True) = 0.189189'  # 0.07 / 0.37
    assert second == "  finding: exact; rung 3 (imagining)"
    assert [re.sub(r"\W*\d\. (\w+).*", r"\1", line) for line in rest if re.match(r" {4}\d", line)] == [
        "abduction",
        "action",
        "prediction",
    ]
    assert str(scm.ask(SQUAD, "P(B)")).startswith("P(B) = {False: 0.7, True: 0.3}")
    assert "derivation" not in scm.ask(SQUAD, "P(B)").to_text(derivation=False)


def test_bounds_and_undefined_in_words() -> None:
    bounds = scm.ask(OPEN, "P(A = 1 | C = 0)")
    assert bounds.to_text(derivation=False).startswith("P(A = True | C = False) = between 0 and 1\n  finding: bounds")
    assert bounds.interval is not None
    assert (bounds.interval.lower_at, bounds.interval.upper_at) == ({"u_U": False}, {"u_U": True})
    undefined = scm.ask(SQUAD, "P(B = 1 | order = 0, B = 1)")
    assert undefined.to_text(derivation=False).startswith(
        "P(B = True | order = False, B = True) = undefined\n  finding: undefined"
    )
    assert (undefined.value, undefined.interval, undefined.status) == (None, None, ("undefined",))


def test_json_has_no_nan() -> None:
    rows = {"o": [0, 0, 1], "B": [1, 0, 1]}
    answer = scm.ask(SQUAD, "P(dead = 1 | order = ?o, B = ?)", rows=rows)
    assert answer.status == ("undefined", "ok", "ok")
    assert np.isnan(np.asarray(answer.value)[0])
    data = answer.to_json()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert data["value"] == [None, pytest.approx(0.1), 1.0]
    assert data["status"] == ["undefined", "ok", "ok"]
    assert "{#1: undefined, #2: 0.1, #3: 1}" in answer.to_text()


@pytest.mark.parametrize(
    ("model", "query"),
    [
        (SQUAD, 'P(dead["rifle A"=False] = False | dead = True)'),
        (SQUAD, 'P("rifle A", B)'),
        (OPEN, "P(A) - P(B)"),
        (OPEN, "P(A = 1) / P(B = 1)"),
        (COUNTED, "E[Y[X=1]] - E[Y[X=0]]"),
        (SQUAD, "P(B = 1 | order = 0, B = 1)"),
    ],
)
def test_every_rendering_of_every_finding(model: Model, query: str) -> None:
    answer = scm.ask(model, query)
    data = answer.to_json()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert data["query"] == answer.text == scm.print_query(scm.parse_query(data["query"]))
    assert {*data} >= {"finding", "value", "interval", "rung", "derivation", "assumptions", "uncertainty", "plan"}
    latex = re.sub(r"\\[\\{}]", "", answer.to_latex())
    assert latex.count("{") == latex.count("}")
    assert answer.to_latex().startswith(r"\[ ")
    assert answer.to_latex().count(r"\item") == len(answer.derivation)


def test_latex_leaves_nothing_to_escape() -> None:
    name = r"50% & more_$#{}~^<|>\ "
    latex = scm.ask(Model(Variable(name, noise=Bernoulli(0.5))), scm.Probability(scm.Var(name))).to_latex()
    bare = re.sub(r"\\[&%$#_{}]|\\[a-z]+|\\\[|\\\]", "", latex.split("because")[0])
    assert not re.search(r"[&%$#~]", bare)


def test_rows_of_no_length() -> None:
    answer = scm.ask(SQUAD, "P(dead | B = ?)", rows={"B": []})
    assert answer.status == ()
    assert np.asarray(answer.value).shape == (0, 2)
    assert answer.to_json()["value"] == []


# ---------------------------------------------------------------------------------------------------------------------
# What is claimed


def test_counts_give_estimates_with_their_standard_error() -> None:
    answer = scm.ask(COUNTED, "P(Y = 1 | X = 1)")
    assert answer.finding == "estimate"
    assert answer.value == pytest.approx(0.5)
    assert answer.uncertainty.sampling == pytest.approx(math.sqrt(0.25 / 70), rel=1e-4)
    assert "standard error from the counts: 0.0597614" in answer.to_text()
    assert {a.granted_by for a in answer.assumptions} == {"the method"}
    assert any("'Y' (100 in all) are drawn at random" in a.text for a in answer.assumptions)


def test_a_share_of_one_is_an_assumption_where_the_answer_hangs_on_it() -> None:
    model = Model(COUNTED.items[0], Variable("Y", (0, 1), parents=("X",), counts={0: (10, 0), 1: (3, 7)}))
    answer = scm.ask(model, "P(Y[X=1] = 1 | X = 0, Y = 0)")
    assert (answer.finding, answer.value) == ("estimate", pytest.approx(0.7))
    assert answer.uncertainty.sampling is None
    assert any("what was never counted cannot happen" in a.text for a in answer.assumptions)


@pytest.mark.parametrize(
    ("query", "inner", "outer"),
    [
        # With P(U) = p: p (1 - p), which no certain state shows.
        ("P(A = 1) * P(B = 1)", (0, 0.25), (0, 1)),
        # p/2 / (1 - p/2) - 1: zero where p = 1; at p = 0 the second term is undefined.
        ("P(A = 1 | C = 0) - P(A = 1 | C = 1)", (-2 / 3, 0), (-1, 0)),
        ("P(A = 1 | V = 1) - P(A = 1 | V = 0)", None, 0),
        ("P(A = 1) - P(B = 1)", (-1, 1), (-1, 1)),
        ("P(A = 1 | C = 1)", None, 1),
        ("P(A = 1) + P(B = 1)", None, 1),
    ],
)
def test_terms_under_an_unknown_law(query: str, inner: Any, outer: Any) -> None:
    answer = scm.ask(OPEN, query)
    if inner is None:
        assert (answer.finding, answer.value) == ("exact", pytest.approx(outer, abs=1e-12))
        return
    assert answer.finding == "bounds"
    assert answer.interval is not None
    assert (answer.interval.lower, answer.interval.upper) == pytest.approx(inner, abs=1e-12)
    assert (answer.interval.outer_lower, answer.interval.outer_upper) == pytest.approx(outer, abs=1e-12)
    assert answer.interval.sharp == (inner == outer)


def test_terms_that_no_one_state_defines_are_not_undefined() -> None:
    model = Model(Variable("U", noise=Unknown()), Variable("V", noise=Bernoulli(0.25)))
    answer = scm.ask(model, "P(V = 1 | U = 1) - P(V = 1 | U = 0)")
    assert (answer.finding, answer.value) == ("exact", pytest.approx(0, abs=1e-15))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (5, "A query is text or a Query, got int"),
        ("P(order) - P(B = 1)", "combines distributions over different states"),
        ("E['a' * B]", "'*' needs numbers, got the label 'a'"),
        ("P(B = ?b)", "The query leaves 'b' open. Give rows="),
    ],
)
def test_questions_that_cannot_be_meant(query: Any, words: str) -> None:
    with pytest.raises(scm.InvalidQuery, match=re.escape(words)):
        scm.ask(SQUAD, query)


def test_an_expectation_of_labels_is_refused() -> None:
    with pytest.raises(scm.InvalidQuery, match=r"E\[Y\] needs numbers, but 'low' is a label\. Ask for P\(Y\)"):
        scm.ask(Model(Variable("Y", ("low", "high"), table=(0.5, 0.5))), "E[Y]")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({"b": [1], "c": [1]}, "a column 'c' that the query does not use"),
        ({}, "No column fills ?b"),
        ({"b": 5}, "The column 'b' is int; a list of values is wanted"),
        ({"b": [1, 2]}, "Row 2, column 'b': 2 is not a state of 'B'"),
    ],
)
def test_rows_that_do_not_fit(rows: Any, words: str) -> None:
    with pytest.raises(scm.InvalidRows, match=re.escape(words)):
        scm.ask(SQUAD, "P(dead = 1 | B = ?b)", rows=rows)


# ---------------------------------------------------------------------------------------------------------------------
# Size


def switches_and_any(*more: Variable) -> Model:
    """Seventeen switches of unknown law, and whether any of them, or of `more`, is on."""
    switches = [*coins(17, Unknown()), *more]
    return Model(*switches, Variable("any", equation=" or ".join(switch.name for switch in switches)))


def coins(n: int, law: scm.NoiseLaw) -> list[Variable]:
    return [Variable(f"N{i}", noise=law) for i in range(n)]


def test_a_budget_refuses_before_running() -> None:
    """Forty coins and all their pairs: the table of one contraction would have 2^40 entries."""
    pairs = [Variable(f"S{i}_{j}", equation=f"N{i} xor N{j}") for i in range(40) for j in range(i)]
    held = ", ".join(f"{pair.name} = 0" for pair in pairs)
    start = time.monotonic()
    answer = scm.ask(Model(*coins(40, Bernoulli(0.3)), *pairs), f"P(N0 = 1 | {held})", budget="1s,1GB")
    assert time.monotonic() - start < 60
    assert answer.finding == "refused"
    assert answer.value is None
    (name, reason), *_ = answer.refusals
    assert name == "exact"
    forecast, budget = (float(n) for n in re.findall(r"([\d.e+]+) operations", reason))
    assert forecast > 1e12 > budget == 8e8
    assert "the budget is 8e+08 operations and 1e+09 bytes. Raise the budget" in reason
    assert reason in answer.to_text()


def test_an_account_that_costs_more_than_the_answer_is_left_short() -> None:
    model = Model(*coins(11, Bernoulli(0.5)), Variable("S", equation=" + ".join(f"N{i}" for i in range(11))))
    budgets = [scm.ask(model, "P(S[N1=1] = 3 | N0 = 1, S = 4)", budget=s).finding for s in (1e-6, 3e-5, 1e-4, 1e-3, 1)]
    assert budgets[0] == "refused"
    assert budgets[-1] == "exact"
    assert set(budgets) == {"refused", "exact"}


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ("soon", "Cannot read the budget 'soon'"),
        ("1.2.3s", "Times are in us, ms, s, min or h; memory in B, kB, MB or GB"),
        (0, "positive number"),
    ],
)
def test_a_budget_that_is_none(budget: Any, words: str) -> None:
    with pytest.raises(scm.InvalidQuery, match=words):
        scm.ask(SQUAD, "P(B = 1)", budget=budget)


@pytest.mark.parametrize(
    ("query", "finding", "ends"),
    [
        ("P(any = 1 | N3 = 1)", "exact", (1, 1)),
        ("P(any[N3=1] = 0)", "exact", (0, 0)),
        ("P(any[N3=0] = 1 | any = 1)", "bounds", (0, 1)),
        ("P(any = 1 | any = 0)", "exact", (0, 0)),
        ("P(any = 1 | any = 0, N3 = 1)", "undefined", None),
    ],
)
def test_roots_too_many_to_enumerate_are_decided_by_support(query: str, finding: str, ends: Any) -> None:
    """Seventeen switches of unknown law have 131,072 joint states, more than are enumerated."""
    answer = scm.ask(switches_and_any(), query)
    assert answer.finding == finding
    if finding == "bounds":
        assert answer.interval is not None
        assert (answer.interval.lower, answer.interval.upper) == ends
        assert answer.interval.sharp
    elif ends is not None:
        assert answer.value == ends[0]


def test_roots_too_many_to_enumerate_are_refused_where_more_is_random() -> None:
    model = switches_and_any(Variable("coin", noise=Bernoulli(0.5)))
    for query in ("P(any = 1)", "P(any = 1) - P(coin = 1)", "E[any]"):
        answer = scm.ask(model, query)
        assert answer.finding == "refused", query
        assert (
            "17 roots of unknown law have 131,072 joint states; at most 65,536 are enumerated" in answer.refusals[0][1]
        )


def test_a_wide_equation() -> None:
    """All of thirty coins, or one more: by hand, 1 - (1 - 0.9^30) (1 - 0.25)."""
    everything = " and ".join(f"N{i}" for i in range(30))
    model = Model(
        *coins(30, Bernoulli(0.9)), Variable("W", noise=Bernoulli(0.25)), Variable("Y", equation=f"({everything}) or W")
    )
    by_hand = 1 - (1 - 0.9**30) * 0.75
    assert scm.ask(model, "P(Y = 1)").value == pytest.approx(by_hand, abs=1e-14)
    assert scm.ask(model, "P(Y[N7=1] = 1 | N7 = 0, W = 0)").value == pytest.approx(0.9**29, abs=1e-14)
    assert scm.ask(model, "P(W = 1 | Y = 1)").value == pytest.approx(0.25 / by_hand, abs=1e-14)


def test_an_answer_is_a_value() -> None:
    model = Model(Variable("X", noise=Bernoulli(0.25)), Variable("Y", equation="X or u", noise={"u": Bernoulli(0.5)}))
    rows = {"x": [False, True, True]}
    one, two = (scm.ask(model, "P(Y[X=?x] = True)", rows=rows) for _ in range(2))
    assert one == two
    assert one != scm.ask(model, "P(Y[X=?x] = True)", rows={"x": [False, True, False]})
    again = pickle.loads(pickle.dumps(one))  # our own bytes
    assert again == one
    assert again.derivation == one.derivation
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(one.value)[0] = 1


def test_a_law_for_each_row_is_shown_by_state() -> None:
    table = {False: (0.7, 0.2, 0.1), True: (0.5, 0.5, 0.0)}
    model = Model(Variable("x", table=(0.5, 0.5)), Variable("y", ("a", "b", "c"), parents=("x",), table=table))
    text = str(scm.ask(model, "P(y | x=?)", rows={"x": [0, 1]}))
    assert "= {#1: {'a': 0.7, 'b': 0.2, 'c': 0.1}, #2: {'a': 0.5, 'b': 0.5, 'c': 0}}\n" in text
    assert "..., #" not in str(scm.ask(model, "P(y | x=?)", rows={"x": [0, 1] * 9}))
    assert ", ...}\n" in str(scm.ask(model, "P(y | x=?)", rows={"x": [0, 1] * 9}))


def test_assumptions_are_wrapped() -> None:
    model = Model(
        Variable("X", table=(0.5, 0.5)), Variable("Y", parents=("X",), table={0: (0.5, 0.5), 1: (0.25, 0.75)})
    )
    answer = scm.ask(model, "P(Y[X=0]=0, Y[X=1]=1)", assume="rank_preserving")
    assert answer.assumptions
    assert max(map(len, str(answer).splitlines())) <= 100
