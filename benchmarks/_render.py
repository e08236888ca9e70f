"""What the comparison with other engines says, as tables."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ._cases import DRAWS, ROWS, Case
from ._measure import shown_time
from ._worker import EXECUTORS

INTRODUCTION = f"""
## One query for {ROWS:,} rows, beside other engines

The law of one variable given 10 or 25 findings. Targets and findings are drawn at random from all variables
({DRAWS[10]} and {DRAWS[25]} draws); rows are drawn from the network itself. One thread, one core and one process for
each engine.
Ours is the public call, `ask(model, query_text, rows=columns)` with NumPy columns of whole numbers; pyAgrum is
LazyPropagation with one target, of which only the evidence changes; pgmpy is VariableElimination. Peers that would take
longer than some seconds are measured on as many rows as that allows, in order. A time is the median over draws of
medians over runs. A ratio is that of pyAgrum's time to ours, its median and in brackets its least and largest over
draws. *Difference* is the largest between an answer of ours and one of pyAgrum's, in double and in single precision.
"""


def render(done: Sequence[Case]) -> str:
    """All tables."""
    groups: dict[tuple[str, str], list[Case]] = {}
    for case in done:
        groups.setdefault((case.group, case.findings), []).append(case)
    parts = (_targets, _warm, _cold, _single, _inside)
    return "\n".join([INTRODUCTION, *(line for part in parts for line in part(groups)), *_notes(done)])


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    bar = ["---", *(["---:"] * (len(head) - 1))]
    return [f"| {' | '.join(line)} |" for line in (head, bar, *lines)]


Groups = Mapping[tuple[str, str], Sequence[Case]]
Of = Callable[[Case], float | None]


def _middle(group: Sequence[Case], of: Of) -> float | None:
    found = [x for case in group if (x := of(case)) is not None]
    return statistics.median(found) if found else None


def _time(group: Sequence[Case], of: Of, engine: str = "scm") -> str:
    found = _middle(group, of)
    return shown_time(found) if found is not None else _why(group, engine)


def _why(group: Sequence[Case], engine: str) -> str:
    reasons = [case.found[engine]["refused"] for case in group if "refused" in case.found.get(engine, {})]
    return "refused" if reasons and len(reasons[0]) > 40 else reasons[0] if reasons else ""


def _ratio(group: Sequence[Case], of: Of, peer: Of) -> str:
    ratios = [a / b for case in group if (a := peer(case)) is not None and (b := of(case)) is not None]
    if not ratios:
        return ""
    ends = f" ({_times(min(ratios))} to {_times(max(ratios))})" if len(ratios) > 1 else ""
    return f"{_times(statistics.median(ratios))}{ends}"


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"


def _get(engine: str, *path: str, divide: float = 1.0) -> Of:
    def of(case: Case) -> float | None:
        found: Any = case.found.get(engine, {})
        for step in path:
            found = found.get(step) if isinstance(found, dict) else None
        return None if found is None else found / divide

    return of


_ENGINE = {"planner": "scm", "numpy": "scm", "jax": "jax", "jax double": "jax"}


def _warm_of(executor: str) -> Of:
    return _get(_ENGINE[executor], "warm", executor, divide=ROWS)


AGRUM, PGMPY = _get("pyagrum", "per_row"), _get("pgmpy", "per_row")


def _warm(groups: Groups) -> list[str]:
    lines: list[list[str]] = []
    for (name, findings), group in groups.items():
        off = [_largest(group, ("planner", "numpy", "jax double", "pgmpy")), _largest(group, ("jax",))]
        ours = [_time(group, _warm_of(e), _ENGINE[e]) for e in EXECUTORS]
        theirs = [_time(group, AGRUM, "pyagrum"), _time(group, PGMPY, "pgmpy")]
        ratios = [_ratio(group, _warm_of(e), AGRUM) for e in ("planner", "jax")]
        lines.append([f"{name}", findings, *ours, *theirs, *ratios, *off])
    head = ["network", "findings", "planner's choice", "NumPy", "JAX single", "JAX double", "pyAgrum", "pgmpy"]
    head += ["ratio, planner", "ratio, JAX single", "difference, double", "single"]
    return ["\n### Warm, time a row\n", *_table(head, lines)]


def _largest(group: Sequence[Case], names: Sequence[str]) -> str:
    found = [case.off[name] for case in group for name in names if name in case.off]
    return f"{max(found):.1e}" if found else ""


def _cold(groups: Groups) -> list[str]:
    lines: list[list[str]] = []
    for (name, findings), group in groups.items():
        parts = (("scm", "import"), ("jax", "import"), ("scm", "build"), ("scm", "cold"), ("jax", "cold"))
        ours = [_time(group, _get(*path), path[0]) for path in parts]
        theirs = [_time(group, _get("pyagrum", x)) for x in ("import", "build")] + [
            _time(group, _agrum_cold, "pyagrum")
        ]
        lines.append([name, findings, *ours, *theirs, _ratio(group, _get("scm", "cold"), _agrum_cold)])
    head = ["network", "findings", "import", "with JAX", "build", "first call", "first call, JAX"]
    head += ["pyAgrum: import", "build", f"{ROWS:,} rows", "ratio"]
    words = f"""
### Cold, all {ROWS:,} rows

A fresh process. *Import* is that of the engine, and of JAX where it is asked for. *First call* is the first question
asked: loading what else it needs (the query language, NumPy's and the planner's code), reading the query, planning and,
with JAX, starting it, compiling and checking (no compiled program is kept from one process to the next). For pyAgrum it
is making the inference object and the first pass over the rows. The ratio is of these two.
"""
    return [words, *_table(head, lines)]


def _agrum_cold(case: Case) -> float | None:
    found = case.found.get("pyagrum", {})
    return found["first"] + found["per_row"] * (ROWS - 1) if "per_row" in found else None


def _single(groups: Groups) -> list[str]:
    lines: list[list[str]] = []
    one, theirs = _get("scm", "one"), _get("pyagrum", "one")
    for (name, findings), group in groups.items():
        times = [_time(group, one), _time(group, _get("scm", "one_ask"))]
        times += [_time(group, theirs, "pyagrum"), _time(group, _get("pgmpy", "one"), "pgmpy")]
        lines.append([name, findings, *times, _ratio(group, one, theirs)])
    words = (
        "\n### One row at a time, warm\n\nEach call has another row, in the same process. Ours is "
        "`prepare(model, query).at(row)`, the value alone as with the peers (of all laws at once: `posteriors`); "
        "`ask` is the whole answer, with what its derivation needs.\n"
    )
    return [words, *_table(["network", "findings", "ours", "`ask`", "pyAgrum", "pgmpy", "ratio"], lines)]


def _inside(groups: Groups) -> list[str]:
    lines: list[list[str]] = []
    for (name, findings), group in groups.items():
        cells = [_number(group, _get("scm", key), style) for key, style in _SIZES]
        cells += [_time(group, _get(e, "executor", executor, divide=ROWS), e) for executor, e in _ENGINE.items()]
        cells += [_ratio(group, _get("scm", "executor", "planner"), _get("scm", "warm", "planner"))]
        cells += [_number(group, _get("jax", "peak", divide=1e6), ",.0f")]
        lines.append([name, findings, *cells])
    words = f"""
### Inside the call: the executor alone, time a row

The same calls, of which only `run_plan` is counted: without reading the query, coding the columns and shaping the
answer. *Whole* is the time of the whole call over that, planner's choice. *Width* is the binary logarithm of the
largest array of one row; *different* is how many of the {ROWS:,} rows are; memory is that of the process with JAX.
"""
    head = ["network", "findings", "width", "products a row", "different", "planner's choice", "NumPy", "JAX single"]
    return [words, *_table([*head, "JAX double", "whole", "peak memory, MB"], lines)]


_SIZES = (("width", ".1f"), ("operations", ",.3g"), ("different", ",.0f"))


def _number(group: Sequence[Case], of: Of, style: str) -> str:
    found = _middle(group, of)
    return "" if found is None else format(found, style)


def _notes(done: Sequence[Case]) -> list[str]:
    out = ["", "### What was not measured, and why", ""]
    for case in done:
        for engine, found in case.found.items():
            if "refused" in found and found["refused"] != "not installed":
                out.append(f"- {case.group}, {case.findings} findings, draw {case.draw}: {engine}: {found['refused']}")
    busy = [found["share"] for case in done for found in case.found.values() if "share" in found]
    if busy:
        out.append(f"- Measured processes had a core to themselves for {min(busy):.0%} to 100% of their time.")
    return out


def _targets(groups: Groups) -> list[str]:
    """The targets that were set, each with what was measured; medians over draws decide."""
    warm, cold = [], _get("scm", "cold")
    best: Of = lambda case: min(  # noqa: E731
        (x for e in EXECUTORS if (x := _warm_of(e)(case)) is not None), default=None
    )
    wanted = [
        ("ALARM, 10,000 rows, warm", "ALARM", best, AGRUM, 500),
        ("ALARM, 10,000 rows, cold", "ALARM", cold, _agrum_cold, 50),
        ("ALARM, all 27 hidden posteriors, warm", "ALARM, all 27 hidden", best, AGRUM, 1000),
        ("random network of width 8, warm", "random, 50 nodes, width 8", best, AGRUM, 100),
        ("twin network, warm", "twin network of 30 nodes", best, AGRUM, 100),
        ("ALARM, one row", "ALARM", _get("scm", "one"), _get("pyagrum", "one"), 1),
    ]
    for words, name, ours, theirs, least in wanted:
        for (group_name, findings), group in groups.items():
            if group_name == name:
                ratios = [b / a for c in group if (a := ours(c)) is not None and (b := theirs(c)) is not None]
                verdict = (
                    "not measured" if not ratios else "met" if statistics.median(ratios) >= least else "**missed**"
                )
                warm.append([words, findings, f"{least:,}", _ratio(group, ours, theirs), verdict])
    words = "### Targets: how many times as fast as pyAgrum, with the faster executor where warm\n"
    return [words, *_table(["work", "findings", "wanted", "measured", ""], warm)]
