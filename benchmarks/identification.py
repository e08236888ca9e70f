"""Verdicts on causal effects beside y0 (ID, IDC) and pgmpy (adjustment sets): times, and where verdicts differ."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from scm import Available

from ._engines import ONE_THREAD
from ._identifiers import LIMIT
from ._measure import ROOT, Wrong, installed, shown_time
from ._mixed_graphs import Effect, Kind, effects, kinds
from .table import core

QUESTIONS = 40
Found = dict[str, list[Any]]

HEAD = """\
## Identification: P(outcome | do(treatments)), beside y0 and pgmpy

Random mixed graphs, {count} for each case: sparse and dense have 1.5 and 4 direct causes a variable; few and many
hidden causes are 0.2 and 1 for each variable, each of two variables. Treatments are causes of the outcome, taken at
random; *one, given one* conditions on one variable more. Ours is the public call, `identify(graph, text)`, on a graph
that has not been asked anything; y0 is `identify_outcomes` on its own objects. One core and one process for each
engine, no garbage collection inside a question, {limit:g} s at most for one. The slowest twentieth is its mean. The
numeric check of an estimand (20 random models) is apart: {check}.
"""


@dataclass
class Case:
    """One kind of question, and what each engine made of it."""

    kind: Kind
    found: dict[str, Found] = field(default_factory=dict)


# ---------------------------------------------------------------------------------------------------------------------
# Measuring


def part(*, quick: bool, keep: Path | None, tell: Callable[[str], None]) -> str:
    """Measure everything; the part of RESULTS.md that says it.

    Raises:
        Wrong: an estimand failed its numeric check, or a verdict that is ours alone is not shown to be right.
    """
    count = 8 if quick else QUESTIONS
    cases = [Case(kind) for kind in kinds(quick=quick)]
    for engine in ("identify", "check", "y0", "adjustment", "pgmpy"):
        if engine in ("y0", "pgmpy") and not installed(engine):
            continue
        mine = [case for case in cases if engine not in ("adjustment", "pgmpy") or case.kind.asked == "one"]
        _measure(engine, mine, count, keep)
        seconds = [s for case in mine for s in case.found[engine]["seconds"]]
        tell(f"{engine}: {len(seconds)} questions, median {shown_time(statistics.median(seconds))}")
    if failed := [str(case.kind) for case in cases if "failed" in case.found["check"]["verdicts"]]:
        raise Wrong(f"Estimands failed their numeric check: {'; '.join(failed)}.")
    return "\n".join([_head(cases, count), *_times(cases), *_verdicts(cases, tell), *_adjustment(cases)]) + "\n"


def _measure(engine: str, cases: Sequence[Case], count: int, keep: Path | None) -> None:
    kept = keep / f"identification-{engine}-{count}.json" if keep else None
    if kept and kept.exists():
        found = json.loads(kept.read_text())
    else:
        task = {"kinds": [asdict(case.kind) for case in cases], "count": count, "limit": LIMIT, "core": core()}
        command = [sys.executable, "-m", "benchmarks._identifiers", engine, json.dumps(task)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ | ONE_THREAD)
        if done.returncode:
            raise Wrong(f"{engine} failed:\n{done.stderr[-3000:]}")
        found = [json.loads(line) for line in done.stdout.splitlines()]
        if kept:
            kept.write_text(json.dumps(found))
    for case, each in zip(cases, found, strict=True):
        case.found[engine] = each


# ---------------------------------------------------------------------------------------------------------------------
# Tables


def slowest(seconds: Sequence[float]) -> float:
    """The mean of the slowest twentieth."""
    ordered = sorted(seconds)
    return statistics.fmean(ordered[-max(1, round(len(ordered) / 20)) :])


def _head(cases: Sequence[Case], count: int) -> str:
    seconds = [
        s for case in cases for s, v in zip(*case.found["check"].values(), strict=True) if v in ("checked", "unchecked")
    ]
    verdicts = Counter(v for case in cases for v in case.found["check"]["verdicts"] if v is not None)
    said = ", ".join(f"{n} {verdict}" for verdict, n in verdicts.most_common())
    check = f"median {shown_time(statistics.median(seconds))}, slowest {shown_time(max(seconds))}; {said}"
    return HEAD.format(count=count, limit=LIMIT, check=check)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        f"| {' | '.join('---' if i == 0 else '---:' for i in range(len(head)))} |",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
    ]


def _times(cases: Sequence[Case]) -> list[str]:
    rows: list[list[str]] = []
    for case in cases:
        rows.append([str(case.kind), *_compared(case.found["identify"], case.found.get("y0"))])
    together: dict[str, Found | None] = {}
    for engine in ("identify", "y0"):
        if all(engine in case.found for case in cases):
            together[engine] = {"seconds": [s for case in cases for s in case.found[engine]["seconds"]]}
    rows.append(["**all together**", *_compared(together["identify"] or {}, together.get("y0"))])
    head = ["variables, edges, hidden, treatments", "ours, median", "y0", "ratio", "ours, slowest 5%", "y0", "ratio"]
    return ["### Times", "", *_table(head, rows), *_targets(together)]


def _compared(ours: Found, theirs: Found | None) -> list[str]:
    out: list[str] = []
    for measure in (statistics.median, slowest):
        mine = measure(ours["seconds"])
        if theirs is None:
            out += [shown_time(mine), "", ""]
        else:
            other = measure(theirs["seconds"])
            late = "> " if measure is slowest and "out of time" in theirs.get("verdicts", ()) else ""
            out += [shown_time(mine), late + shown_time(other), f"{late}{other / mine:.1f}"]
    return out


def _targets(together: dict[str, Found | None]) -> list[str]:
    ours, theirs = together["identify"], together.get("y0")
    if ours is None or theirs is None:
        return []
    lines: list[str] = []
    for words, measure, least in (("median", statistics.median, 1.0), ("slowest twentieth", slowest, 10.0)):
        ratio = measure(theirs["seconds"]) / measure(ours["seconds"])
        verdict = "met" if ratio >= least else "**missed**"
        lines.append(f"- {words}: wanted {least:g} times y0's speed, measured {ratio:.1f}: {verdict}")
    return [*lines, ""]


def _verdicts(cases: Sequence[Case], tell: Callable[[str], None]) -> list[str]:
    count: Counter[tuple[str, str]] = Counter()
    different: list[tuple[Case, int, bool, Any]] = []
    for case in cases:
        theirs = case.found.get("y0", {"verdicts": []})["verdicts"]
        for number, (mine, other) in enumerate(zip(case.found["identify"]["verdicts"], theirs, strict=False)):
            count[_word(mine), _word(other)] += 1
            if other != mine and other != "out of time":
                different.append((case, number, mine, other))
    rows = [[ours, theirs, str(n)] for (ours, theirs), n in count.most_common()]
    out = ["### Verdicts", "", *_table(["ours", "y0", "questions"], rows)]
    for case, number, mine, other in different:
        effect = list(effects(case.kind, number + 1))[number]
        reason = explained(effect, mine)
        tell(f"{case.kind}, question {number}: ours {_word(mine)}, y0 {_word(other)}: {reason}")
        out.append(f"- {case.kind}, question {number}: ours {_word(mine)}, y0 {_word(other)}. {reason}")
    same = all(not isinstance(other, bool) for *_, other in different)
    return [*out, *([""] if different else []), *(["No verdict differs where both have one.", ""] if same else [])]


def _word(verdict: Any) -> str:
    return {True: "identified", False: "not identified"}.get(verdict, str(verdict))


def explained(effect: Effect, identified: bool) -> str:
    """Why our verdict is right: by the numeric check of the estimand, or by two models.

    Raises:
        Wrong: it is not shown to be.
    """
    from scm import CausalGraph, identify, two_models
    from scm.solvers._check_estimand import check_estimand

    found = identify(CausalGraph(effect.names, effect.edges, effect.confounded), effect.text)
    if identified:
        check = check_estimand(found)
        if check.status == "failed":
            raise Wrong(f"{effect.text}: {check.text}")
        return f"Our estimand: {check.text}."
    witness = two_models(found, budget=60)
    if witness is None:
        return "No two models were found: undecided."
    return f"Two models agree on the joint law and answer {witness.values[0]:.3g} and {witness.values[1]:.3g}."


# ---------------------------------------------------------------------------------------------------------------------
# Adjustment sets


def _adjustment(cases: Sequence[Case]) -> list[str]:
    rows: list[list[str]] = []
    for case in cases:
        if case.kind.asked != "one" or "pgmpy" not in case.found:
            continue
        ours, theirs = case.found["adjustment"], case.found["pgmpy"]
        pairs = zip(effects(case.kind, len(ours["verdicts"])), ours["verdicts"], theirs["verdicts"], strict=False)
        count = Counter(compared_sets(*pair) for pair in pairs)
        rows.append(
            [str(case.kind), *_compared(ours, theirs), ", ".join(f"{n} {word}" for word, n in count.most_common())]
        )
    if not rows:
        return []
    head = ["variables, edges, hidden", "ours, median", "pgmpy", "ratio", "ours, slowest 5%", "pgmpy", "ratio", "sets"]
    words = (
        "A smallest set to adjust for: `smallest_adjustment_set`, and pgmpy's `Adjustment`. A set that is none by the "
        "criterion (Perkovic et al. 2018) is tried on random models: it is wrong if adjusting for it misses the effect."
    )
    return ["### Adjustment sets", "", words, "", *_table(head, rows)]


def compared_sets(effect: Effect, ours: list[str] | None, theirs: list[str] | str | None) -> str:
    """Who has a set, and what pgmpy's is worth where ours has none or the criterion says that it is no such set."""
    from scm import CausalGraph, is_adjustment_set

    graph = CausalGraph(effect.names, effect.edges, effect.confounded)
    if theirs is None:
        return "neither has one" if ours is None else "pgmpy has none"
    if not isinstance(theirs, list):
        return f"pgmpy: {theirs}"
    if set(theirs) <= set(effect.names) and is_adjustment_set(graph, effect.treatments, effect.outcome, theirs):
        return "both have one"
    return "pgmpy's is " + tried(effect, theirs) + (", there is none" if ours is None else ", ours is not")


def tried(effect: Effect, adjustment: Sequence[str]) -> str:
    """Whether adjusting for these variables gives the effect on random models."""
    from scm import CausalGraph, Identification, parse_query
    from scm._estimand import Index, Law, Product, Sum, cells
    from scm._syntax import Const
    from scm.solvers._check_estimand import check_estimand

    if set(adjustment) - set(effect.names):
        return "of hidden causes"
    treated = {name: Const(1) for name in effect.treatments}
    by = {name: Index(name) for name in adjustment}
    seen = Law(cells({effect.outcome: Const(1)}), cells({**treated, **by}))
    estimand = Sum(tuple(by.values()), Product((seen, Law(cells(dict(by)))))) if by else seen
    text = f"P({effect.outcome}=1 | do({', '.join(f'{name}=1' for name in treated)}))"
    graph = CausalGraph(effect.names, effect.edges, effect.confounded)
    found = Identification(parse_query(text), graph, (Available(graph.observed),), estimand)
    return {"failed": "wrong", "checked": "right", "unchecked": "too large to try"}[check_estimand(found, 3).status]
