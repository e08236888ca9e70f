"""Rows of placeholders: a batch, one row, and the row written out find the same, and what the oracle finds."""

import itertools
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import scm
from tests.agreement import TOLERANCE, agree, check_filled, check_rows, numbers
from tests.bridge_to_engine import to_model
from tests.zoo_models import NERVOUS_SQUAD, at, coin, eq, model, prob, v

# X and Z list their states in opposite order, X is confounded with Y, and Y = 2 cannot be where X = 0.
MODEL = model(
    {"U": coin("0.3"), "UZ": coin("0.6"), "UX": coin("0.25"), "UY": coin("0.8")},
    v("Z", "UZ", lambda e: e),
    v("X", "Z U UX", lambda z, u, e: (z & u) ^ e, (1, 0)),
    v("Y", "X Z U UY", lambda x, z, u, e: x * (1 + (u ^ e)) if x else z & e, (0, 1, 2)),
)
STATES = {"X": (0, 1), "Z": (0, 1), "Y": (0, 1, 2)}


def hole(name: str) -> Any:
    """A placeholder; its first letter says whose states fill it."""
    return ("hole", name)


def is_(term: Any, name: str) -> Any:
    """The event that a term has the value of a placeholder."""
    return ("=", term, hole(name))


CASES = {
    "imposed as observed": prob(eq(at("Y", X=hole("x1")), 1), given=(is_(at("X"), "x2"), is_(at("Y"), "y"))),
    "one placeholder for both": prob(is_(at("Y", X=hole("x")), "y1"), given=(is_(at("X"), "x"), is_(at("Y"), "y2"))),
    "a constant may be met": prob(eq(at("Y", X=1), 2), given=(is_(at("X"), "x"), ("not", is_(at("Y"), "y")))),
    "nested": prob(is_(at("Y", Z=hole("z"), X=at("X", Z=hole("z2"))), "y"), given=(is_(at("X"), "x"),)),
    "nested, other order of states": prob(is_(at("X"), "x"), eq(at("Y", X=at("Z"), Z=hole("z")), 1)),
    "edge": prob(eq(at("Y", ("edge", "X", "Y", hole("x1")), Z=hole("z")), 1), given=(is_(at("X"), "x2"),)),
    "met by two": prob(eq("Z", 0), given=(is_(at("X"), "x1"), is_(at("X"), "x2"), is_(at("X", X=1), "x2"))),
    "met crosswise": prob(
        ("!=", at("Y"), at("Y", X=1)),
        given=(is_(at("X"), "x1"), is_(at("X"), "x2"), is_(at("X", Z=1), "x2"), is_(at("X", Z=0), "x1")),
    ),
    "distribution": ("dist", (at("Y", X=hole("x")), at("X")), is_(at("Y"), "y")),
    "compared": prob((">", at("Y", X=hole("x1")), at("Y", X=hole("x2"))), given=(is_(at("Z"), "z"),)),
}


@pytest.mark.parametrize("name", CASES)
def test_every_way_to_fill_the_placeholders(name: str) -> None:
    holes = sorted(_holes(CASES[name]))
    filled = itertools.product(*(STATES[hole[0].upper()] for hole in holes))
    rows = [dict(zip(holes, row, strict=True)) for row in filled]
    for order in (rows, rows[::-1]):
        outcome = check_filled(MODEL, CASES[name], order)
        assert not outcome.problem, outcome.problem


def _holes(part: Any) -> set[str]:
    if not isinstance(part, tuple):
        return set()
    return {part[1]} if len(part) == 2 and part[0] == "hole" else set().union(*map(_holes, part))


@pytest.mark.parametrize("placeholders", [("?a", "?b"), ("?b", "?a")])
def test_a_placeholder_may_stand_for_two_variables(placeholders: tuple[str, str]) -> None:
    """Replacing equal placeholders by one another must come to an end, and to one end."""
    first, second = placeholders
    built = scm.Model(
        scm.Variable("Y", (0, 1), noise=scm.Categorical({0: 0.5, 1: 0.5})),
        scm.Variable("C", (0, 1), parents=("Y",), table={0: (0.3, 0.7), 1: (0.6, 0.4)}),
    )
    for text, a, b, wanted in [
        (f"P(Y = C | Y={first}, Y={second}, C={second}, C={first})", 1, 1, 1),
        (f"P(Y = 0 | C={first}, C={second}, Y[Y=?a]=0)", 0, 0, 1 / 3),
    ]:
        assert numbers(scm.ask(built, text, rows={"a": [a], "b": [b]})) == pytest.approx([wanted])
        assert scm.ask(built, text, rows={"a": [0, a], "b": [1, b]}).status == ("undefined", "ok")


@pytest.mark.parametrize("block", range(4))
def test_random_rows(block: int) -> None:
    agree(check_rows, block)


@pytest.mark.parametrize("size", [1, 7, 1000, 4096])
def test_batch_size_changes_nothing(size: int) -> None:
    rng = random.Random(f"batch {size}")
    rows = {"a": [rng.randint(0, 1) for _ in range(size)], "D": [rng.randint(0, 1) for _ in range(size)]}
    built = to_model(NERVOUS_SQUAD)
    batch = scm.ask(built, "P(D[A=?a]=1 | D=?)", rows=rows)
    each = {(a, d): scm.ask(built, f"P(D[A={a}]=1 | D={d})") for a in (0, 1) for d in (0, 1)}
    wanted = [float(numbers(each[row])) for row in zip(rows["a"], rows["D"], strict=True)]
    assert batch.finding == "exact"
    assert np.max(np.abs(numbers(batch) - wanted)) <= TOLERANCE


def test_a_bare_placeholder_takes_its_variable_s_name() -> None:
    answer = scm.ask(to_model(NERVOUS_SQUAD), "P(D[A=0]=0 | D=?)", rows={"D": [1, 0]})
    assert answer.value == pytest.approx([float(Fraction("0.0625")), 1])
