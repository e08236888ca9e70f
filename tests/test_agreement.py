"""The engine against the oracle: on the zoo, on random pairs and on bare tables."""

from fractions import Fraction
from typing import Any

import pytest

import scm
from scm import _ask_open
from tests.agreement import UNSETTLED, agree, check_bare, check_pair, compare
from tests.bridge_to_engine import to_model
from tests.oracle import COUPLINGS, truth
from tests.plain import to_text
from tests.zoo import ZOO
from tests.zoo_models import FLIP


def settled(name: str) -> list[Any]:
    """The truth under each coupling; several where tables leave it open."""
    case = ZOO[name]
    found = [truth(case.model, case.query, coupling) for coupling in COUPLINGS]
    return found[:1] if found == found[:1] * len(found) else found


@pytest.mark.parametrize("name", ZOO)
def test_zoo(name: str) -> None:
    case, truths = ZOO[name], settled(name)
    answer = scm.ask(to_model(case.model), to_text(case.query))
    if len(truths) == 1:
        outcome = compare(answer, truths[0])
        assert not outcome.problem, outcome.problem
        return
    assert answer.finding in UNSETTLED
    if answer.interval is not None:
        assert isinstance(case.truth, tuple)
        # Bounds come from linear programming, whose own tolerance is 1e-9.
        assert float(answer.interval.outer_lower) <= float(case.truth[0]) + 1e-9
        assert float(answer.interval.outer_upper) >= float(case.truth[1]) - 1e-9


@pytest.mark.parametrize(
    "name", [n for n, case in ZOO.items() if any("equation" in x for x in case.model["variables"])]
)
def test_equations_say_what_their_tables_say(name: str) -> None:
    plain = ZOO[name].model
    tables = {**plain, "variables": [{k: x[k] for k in x if k != "equation"} for x in plain["variables"]]}
    by_equation, by_table = (scm.ask(to_model(each), to_text(ZOO[name].query)) for each in (plain, tables))
    assert not compare(by_equation, settled(name)[0]).problem
    assert not compare(by_table, settled(name)[0]).problem


@pytest.mark.parametrize("block", range(12))
def test_random_pairs(block: int) -> None:
    agree(check_pair, block)


@pytest.mark.parametrize("block", range(3))
def test_bare_tables_claim_nothing_that_a_coupling_could_change(block: int) -> None:
    agree(check_bare, block)


@pytest.mark.parametrize("seed", ["77-2616", "77-12327"])
def test_a_number_of_a_condition_that_some_coupling_makes_impossible_says_so(
    seed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every coupling under which the condition is possible gives this number; that it is possible is assumed aloud."""
    assert not check_bare(seed).problem
    monkeypatch.setattr(_ask_open, "conditions", lambda _: ())
    assert "not said that the condition may have probability zero" in check_bare(seed).problem


def test_the_comparison_can_fail() -> None:
    answer = scm.ask(to_model(FLIP), "P(Y=1)")
    assert not compare(answer, Fraction(1, 2)).problem
    for wrong in (Fraction(1, 3), None, (Fraction(0), Fraction(1)), {(0,): Fraction(1, 2), (1,): Fraction(1, 2)}):
        assert compare(answer, wrong).problem


def test_a_label_may_be_the_name_of_a_variable() -> None:
    fair = scm.Categorical({"a": 0.25, "b": 0.75})
    built = scm.Model(scm.Variable("a", ("a", "b"), noise=fair), scm.Variable("c", ("a", "b"), noise=fair))
    for text, wanted in [("P(a = 'b')", 0.75), ("P(c = 'a')", 0.25), ("P(a[c='a'] = 'a')", 0.25)]:
        assert scm.ask(built, text).value == pytest.approx(wanted)
