"""The engine against the oracle: on the zoo, on random pairs, on bare tables and on rows."""

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import scm
from tests.agreement import TOLERANCE, UNSETTLED, Outcome, check_bare, check_pair, check_rows, compare, worst
from tests.bridge_to_engine import to_model
from tests.oracle import COUPLINGS, truth
from tests.plain import to_text
from tests.zoo import ZOO
from tests.zoo_models import FLIP, NERVOUS_SQUAD, XOR

BLOCK = 50
"""Random comparisons in one test: few enough to find the seed, many enough that the report stays short."""


def agree(check: Callable[[object], Outcome], block: int) -> None:
    """Fail with every mismatch of this block of seeds."""
    found = [check(seed) for seed in range(block * BLOCK, (block + 1) * BLOCK)]
    assert not [o.problem for o in found if o.problem], "\n\n".join(o.problem for o in found if o.problem)
    assert worst(found).difference <= TOLERANCE


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


@pytest.mark.parametrize("block", range(2))
def test_rows(block: int) -> None:
    agree(check_rows, block)


def test_the_comparison_can_fail() -> None:
    answer = scm.ask(to_model(FLIP), "P(Y=1)")
    assert not compare(answer, Fraction(1, 2)).problem
    for wrong in (Fraction(1, 3), None, (Fraction(0), Fraction(1)), {(0,): Fraction(1, 2), (1,): Fraction(1, 2)}):
        assert compare(answer, wrong).problem


# ---------------------------------------------------------------------------------------------------------------------
# Rows whose evidence equals what is imposed, differs from it, or cannot be


def test_rows_that_equal_what_is_imposed() -> None:
    rows = {"x": [1, 1, 0, 0, 1], "seen": [1, 0, 1, 0, 1], "Y": [1, 1, 0, 0, 0]}
    batch = scm.ask(to_model(XOR), "P(Y[X=?x] = 1 | X=?seen, Y=?)", rows=rows)
    plain = [
        ("prob", ("=", ("var", "Y", (("set", "X", ("const", x)),)), ("const", 1)),
         ("and", ("=", ("var", "X", ()), ("const", seen)), ("=", ("var", "Y", ()), ("const", y))))
        for x, seen, y in zip(*rows.values(), strict=True)
    ]  # fmt: skip
    truths = [truth(XOR, query) for query in plain]
    # X=0 makes Y=0 certain, so the second row asks about a unit that cannot be.
    assert batch.status == tuple("undefined" if t is None else "ok" for t in truths)
    assert truths[1] is None
    for i, (query, expected) in enumerate(zip(plain, truths, strict=True)):
        alone = scm.ask(to_model(XOR), "P(Y[X=?x] = 1 | X=?seen, Y=?)", rows={k: [v[i]] for k, v in rows.items()})
        assert not compare(scm.ask(to_model(XOR), to_text(query)), expected).problem
        assert alone.status == (batch.status[i],)
        if expected is not None:
            assert alone.finding == "exact"
            assert abs(float(batch.value[i]) - float(expected)) <= TOLERANCE
            assert float(alone.value[0]) == pytest.approx(float(batch.value[i]), abs=TOLERANCE)


@pytest.mark.parametrize("size", [1, 7, 1000, 4096])
def test_batch_size_changes_nothing(size: int) -> None:
    rng = random.Random(f"batch {size}")
    rows = {"a": [rng.randint(0, 1) for _ in range(size)], "D": [rng.randint(0, 1) for _ in range(size)]}
    batch = scm.ask(to_model(NERVOUS_SQUAD), "P(D[A=?a]=1 | D=?)", rows=rows)
    each = {(a, d): scm.ask(to_model(NERVOUS_SQUAD), f"P(D[A={a}]=1 | D={d})").value for a in (0, 1) for d in (0, 1)}
    wanted = [float(each[row]) for row in zip(rows["a"], rows["D"], strict=True)]
    assert batch.finding == "exact"
    assert np.max(np.abs(np.asarray(batch.value) - wanted)) <= TOLERANCE
