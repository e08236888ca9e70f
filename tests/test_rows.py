"""Rows of placeholders: a batch, one row, and the row written out find the same, and what the oracle finds."""

import itertools
import random
import re
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

import scm
from scm._groups import Group, row_groups
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
LAW = {(0, 0): (0.5, 0.3, 0.2), (0, 1): (0.1, 0.7, 0.2), (1, 0): (0.25, 0.5, 0.25), (1, 1): (0.2, 0.2, 0.6)}


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


# ---------------------------------------------------------------------------------------------------------------------
# Evidence and empty cells

BUILT = to_model(MODEL)
TABLES = scm.Model(
    scm.Variable("Z", (0, 1), noise=scm.Categorical({0: 0.4, 1: 0.6})),
    scm.Variable("X", (0, 1), parents=("Z",), table={0: (0.3, 0.7), 1: (0.6, 0.4)}),
    scm.Variable("Y", (0, 1, 2), parents=("X", "Z"), table={(x, z): LAW[x, z] for x in (0, 1) for z in (0, 1)}),
)
COLUMNS = {"X": [0, 1, None], "Z": [0, 1, None], "Y": [0, 1, 2, None]}


def whole_table(*names: str) -> dict[str, list[Any]]:
    """Every row that the columns allow, empty cells included."""
    rows = itertools.product(*(COLUMNS[name[0].upper()] for name in names))
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def alone(built: scm.Model, query: str, row: dict[str, Any], facts: dict[str, str]) -> scm.Answer:
    """One row written out: `{?}` in the query stands for what it observed, the rest are its values."""
    seen = ", ".join(f"{facts[name]} = {value}" for name, value in row.items() if name in facts and value is not None)
    text = query.replace("{?}", seen)
    for name, value in row.items():
        text = text.replace(f"?{name}", str(value))
    text = re.sub(r"\| *([)\]])", r"\1", re.sub(r", *([)\]])", r"\1", text))
    return scm.ask(built, text)


def check_each_row(built: scm.Model, query: str, asked: str, rows: dict[str, list[Any]], facts: dict[str, str]) -> None:
    """`asked` of all rows finds what `query` finds of each."""
    batch = scm.ask(built, asked, rows=rows)
    each = [alone(built, query, dict(zip(rows, row, strict=True)), facts) for row in zip(*rows.values(), strict=True)]
    assert batch.status == tuple(answer.status[0] for answer in each)
    assert {"ok", "undefined"} >= set(batch.status)
    for value, answer in zip(np.asarray(batch.value), each, strict=True):
        assert np.allclose(value, np.nan if answer.value is None else answer.value, atol=TOLERANCE, equal_nan=True)


@pytest.mark.parametrize("built", [BUILT, TABLES], ids=["equations", "tables"])
@pytest.mark.parametrize(
    "query",
    ["P(Y=1 | {?})", "E[Y | {?}]", "P(Y=1 | Z=1, {?})", "P(Y[X=1]=2 | {?})", "P(X=1 | {?}) - P(Y[X=0]=0 | {?}) * 2"],
)
def test_columns_of_variables_are_evidence(built: scm.Model, query: str) -> None:
    """Every pattern of empty cells in one batch, on equations and, where no coupling is needed, on tables."""
    names = ("X", "Z") if built is TABLES and "Y[" in query else ("X", "Z", "Y")
    bare = re.sub(r", \{\?\}|\| \{\?\}", "", query)
    check_each_row(built, query, bare, whole_table(*names), {name: name for name in names})


def test_evidence_is_factual_beside_do_and_shown() -> None:
    rows = {"X": [0, 1], "z": [1, 0]}
    answer = scm.ask(BUILT, "P(Y=1 | do(X=1), Z=?z)", rows=rows)
    assert answer.text == "P(Y[X=1] = 1 | Z[X=1] = ?z, X = ?X)"
    assert answer.rung == 3
    each = [scm.ask(BUILT, f"P(Y[X=1]=1 | Z[X=1]={z}, X={x})").value for x, z in zip(rows["X"], rows["z"], strict=True)]
    assert answer.value == pytest.approx(each)
    assert scm.ask(BUILT, "2", rows={"X": [0, 1]}).value == pytest.approx([2, 2])


@pytest.mark.parametrize(
    ("query", "holes", "facts"),
    [
        ("P(Y[X=1]=1 | {?})", ("x", "z"), {"x": "X", "z": "Z"}),
        ("P(Y[X=?x2]=1 | {?})", ("x2", "x", "z"), {"x": "X", "z": "Z"}),
        ("P(Y=1 | {?})", ("z", "x"), {"z": "Z[X=0]", "x": "X[Z=1]"}),
        ("P(Y[X=0]=1 | {?}) - P(Y[X=1]=1 | {?})", ("y", "x"), {"x": "X", "y": "Y"}),
    ],
)
def test_an_empty_cell_leaves_its_fact_out(query: str, holes: tuple[str, ...], facts: dict[str, str]) -> None:
    rows = whole_table(*holes)
    if "x2" in rows:  # imposed: it must be there
        keep = [i for i, x in enumerate(rows["x2"]) if x is not None]
        rows = {name: [column[i] for i in keep] for name, column in rows.items()}
    asked = query.replace("{?}", ", ".join(f"{facts[h]}=?{h}" for h in holes if h in facts))
    check_each_row(BUILT, query, asked, rows, facts)


def test_values_are_tried_one_by_one_where_a_table_needs_it() -> None:
    """Consistency value by value (no coupling is needed), with cells empty in some rows."""
    rows = {"x": [0, 1, 0, 1], "Y": [1, 2, 0, 1], "X": [0, 1, 0, 1], "Z": [None, 0, 1, None]}
    query = "P(Y[X=?x] = ?Y | {?})"
    check_each_row(TABLES, query, "P(Y[X=?x] = ?Y)", rows, {"X": "X", "Z": "Z"})


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("P(Y[X=?v]=1)", "Row 2, column 'v': the cell is empty, but ?v is imposed by an intervention"),
        ("P(Y=1 | X=?v, Z[X=?v]=0)", "?v is imposed by an intervention"),
        ("P(X=?v)", "?v stands in what is asked. Give a value, or leave the row out"),
        ("P(Y=1 | X=?v) - P(X=?v)", "?v stands in what is asked"),
        ("P(Y=1 | X=?v or Z=1)", "?v stands in the condition X = ?v or Z = 1, which says nothing once"),
        ("P(Y=1 | X != ?v)", "?v stands in the condition X != ?v"),
        ("P(Y=1 | X in {?v, 1})", "?v stands in the condition X in {?v, 1}"),
    ],
)
def test_an_empty_cell_where_a_value_must_be(query: str, words: str) -> None:
    with pytest.raises(scm.InvalidRows, match=re.escape(words)) as caught:
        scm.ask(BUILT, query, rows={"v": [0, None, 1]})
    assert caught.value.row == 2


def test_an_impossible_row_among_good_ones() -> None:
    """X = 0 rules Y = 2 out; its neighbours are what they are without it."""
    rows = pd.DataFrame({"X": [1, 0, 0], "Y": [2, 2, 1]})
    answer = scm.ask(BUILT, "P(Z=1)", rows=rows)
    assert answer.status == ("ok", "undefined", "ok")
    good = scm.ask(BUILT, "P(Z=1)", rows=rows.iloc[[0, 2]])
    assert np.array_equal(np.asarray(answer.value)[[0, 2]], np.asarray(good.value))


def test_a_column_fills_the_placeholder_of_its_name() -> None:
    assert scm.ask(BUILT, "P(Y[X=?X]=1)", rows={"X": [0, 1]}).text == "P(Y[X=?X] = 1)"


# ---------------------------------------------------------------------------------------------------------------------
# Groups


def groups(query: str, columns: dict[str, Any], states: dict[str, tuple[Any, ...]]) -> list[Group]:
    codes = {name: np.asarray(column) for name, column in columns.items()}
    count = len(next(iter(codes.values())))
    asked = scm.parse_query(query, states)
    return list(row_groups(asked, codes, count, {name: states[name[0].upper()] for name in codes}, tuple(codes)))


def test_one_group_where_nothing_can_meet() -> None:
    columns = {name: np.random.default_rng(1).integers(0, 2, 1000) for name in "xyz"}
    (group,) = groups("P(Y=?y | do(X=?x), Z=?z)", columns, STATES)
    assert group.whole
    assert group.columns(columns) == columns
    (group,) = groups("P(Y=1 | X=?x, Z=?z)", {"x": [0, 0], "z": [-1, -1]}, STATES)
    assert (group.whole, group.unobserved) == (True, frozenset("z"))


def test_groups_are_the_rows_that_ask_one_question() -> None:
    """Against a plain reading of each row, with more placeholders than a machine word has bits."""
    rng = np.random.default_rng(3)
    states = {"X": (0, 1, 2), "Z": (0, 1), "Y": (0, 1)}
    names = [f"{v}{i}" for v in "xz" for i in range(8)]
    columns = {n: rng.integers(-1 if n[1] in "67" else 0, 2 + (n[0] == "x"), 400) for n in names}
    columns |= {n: np.repeat(columns[n][:8], 50) for n in names[1:6]}
    query = "P(Y=1 | X[Z=1]=1, " + ", ".join(f"{n[0].upper()}=?{n}" for n in names) + ")"
    found = groups(query, columns, states)
    assert sorted(np.concatenate([g.rows for g in found]).tolist()) == list(range(400))
    seen = set()
    for group in found:
        (empty, same) = key = (group.unobserved, tuple(sorted((str(a), str(b)) for a, b in group.replace.items())))
        assert key not in seen
        seen.add(key)
        for row in group.rows.tolist():
            values = {n: int(columns[n][row]) for n in names}
            assert empty == {n for n in names if values[n] < 0}
            wanted = {}
            for n in names:
                if values[n] >= 0:
                    met = scm.Const(1) if values[n] == 1 else None
                    first = next(m for m in names if m[0] == n[0] and values[m] == values[n])
                    stand = met or (scm.Placeholder(first) if first != n else None)
                    if stand:
                        wanted[str(scm.Placeholder(n)), str(stand)] = None
            assert set(same) == set(wanted)


def test_a_nameless_column_is_told_how_to_be_left_out() -> None:
    model = scm.Model(scm.Variable("X", table=(0.5, 0.5)))
    with pytest.raises(scm.InvalidRows, match=r"leave it out: ignored=\('',\) or --ignore ''"):
        scm.ask(model, "P(X=1)", rows={"": [1], "X": [1]})
    found = scm.ask(model, "P(X=1)", rows={"": [1], "X": [1]}, ignored=("",))
    assert np.asarray(found.value).tolist() == [1.0]
