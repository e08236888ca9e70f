"""This engine beside pyAgrum and pgmpy on published networks, random ones and a twin network; answers compared.

Everybody has one thread on one core, and a process of his own. Findings and targets are drawn at random, values of the
findings are drawn from the network itself, so that every row is possible.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from . import _networks as networks
from ._engines import ONE_THREAD, Asked, hidden
from ._measure import ROOT, Wrong, installed, shown_time
from ._networks import Net
from ._worker import EXECUTORS, write_case

ROWS = 10_000
DRAWS = {10: 3, 25: 2}
"""Draws of findings and target, for each number of findings."""
PUBLISHED = ("alarm", "insurance", "water", "hepar2", "win95pts", "andes", "munin1", "pigs", "link")
WIDTHS = (5, 8, 12)
SAME = {"planner": 1e-9, "numpy": 1e-9, "jax double": 1e-9, "jax": 1e-4}
"""How far answers may be from pyAgrum's, for each executor; single precision cannot be nearer."""
LIMIT, MEMORY = 120.0, 8e9
"""Seconds for a worker, and bytes for a peer."""
CLINICAL = (
    "LVFAILURE",
    ("HISTORY", "CVP", "PCWP", "EXPCO2", "BP", "MINVOL", "HRBP", "HREKG", "HRSAT", "PAP"),
)
"""The question of ALARM that does not come from a draw: left ventricular failure, given ten things monitored."""


@dataclass
class Case:
    """One question on one network, and what each engine made of it."""

    group: str
    findings: str
    draw: str
    net: Net
    asked: Asked
    columns: Mapping[str, Any]
    structural: tuple[int, int] | None = None
    labels: bool = False
    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    off: dict[str, float] = field(default_factory=dict)


# ---------------------------------------------------------------------------------------------------------------------
# Cases


def cases(*, quick: bool) -> Iterator[Case]:
    """Every case of the table."""
    draws = {10: 1} if quick else DRAWS
    for name in PUBLISHED[:3] if quick else PUBLISHED:
        net = networks.published(name)
        if name == "alarm":
            yield _case(name.upper(), "10, chosen", net, Asked(*CLINICAL), "the one of the design")
        yield from _drawn(name.upper(), net, draws)
    for wanted in WIDTHS[:1] if quick else WIDTHS:
        net = networks.random_net(50, wanted, f"width {wanted}")
        yield from _drawn(f"random, 50 nodes, width {wanted}", net, draws)
    yield from _twins(1 if quick else 3)
    net = networks.published("alarm")
    yield _case("ALARM, labels as text", "10, chosen", net, Asked(*CLINICAL), "the one of the design", labels=True)
    yield _case("ALARM, all 27 hidden", "10, chosen", net, Asked("", CLINICAL[1]), "the one of the design")


def _drawn(group: str, net: Net, draws: Mapping[int, int]) -> Iterator[Case]:
    for findings, times in draws.items():
        for draw in range(times):
            rng = np.random.default_rng([*group.encode(), findings, draw])
            target, *seen = map(str, rng.permutation(net.names)[: findings + 1])
            yield _case(group, str(findings), net, Asked(target, tuple(seen)), str(draw))


def _case(group: str, findings: str, net: Net, asked: Asked, draw: str, *, labels: bool = False) -> Case:
    rng = np.random.default_rng([*f"rows {group} {findings} {draw}".encode()])
    rows = networks.sample(net, ROWS, rng)
    columns = {c: rows[name] for c, name in zip(asked.columns, asked.seen, strict=True)}
    return Case(group, findings, draw, net, asked, columns, labels=labels)


def _twins(times: int) -> Iterator[Case]:
    """P(Y[X=?x] | X and six others) in a structural model: X among the first ten, Y the last that X affects."""
    made = 0
    for seed in range(100):
        model = networks.random_structural(30, seed)
        rng = np.random.default_rng([seed, 1])
        imposed = f"V{rng.integers(10)}"
        net, other = networks.twin(model, imposed)
        if made == times or len(other) < 10:
            continue
        made += 1
        target = list(other)[-1]
        rest = [name for name in model.parents if name not in (imposed, target)]
        seen = (imposed, *map(str, rng.permutation(rest)[:6]))
        asked = Asked(target, seen, imposed)
        rows = networks.sample(net, ROWS, rng)
        columns = {c: rows[name] for c, name in zip(asked.columns, (*seen, other[imposed]), strict=True)}
        yield Case("twin network of 30 nodes", "7", f"seed {seed}", net, asked, columns, structural=(30, seed))


# ---------------------------------------------------------------------------------------------------------------------
# Measuring


def measure(case: Case, folder: Path, *, quick: bool) -> None:
    """Every engine on one case; `folder` keeps what the workers say, and one that is there already is not run again."""
    if not (folder / "case.json").exists():
        write_case(folder, case.net, case.asked, case.columns)
    base: dict[str, Any] = {"rows": ROWS, "seconds": 0.3 if quick else 1.0}
    ours = base | {"engine": "scm", "labels": case.labels}
    if case.structural:
        ours["structural"] = case.structural
    case.found["scm"] = worker(folder, ours | {"save": "scm", "executors": ["planner", "numpy"]})
    case.found["jax"] = worker(folder, ours | {"save": "jax", "executors": ["jax", "jax double"]})
    for name, seconds in (("pyagrum", 3.0), ("pgmpy", 2.0)):
        if not installed(name):
            case.found[name] = {"refused": "not installed"}
        elif not case.labels:
            task = base | {"engine": name, "save": name, "memory": MEMORY, "seconds": 0.5 if quick else seconds}
            case.found[name] = worker(folder, task)
    case.off = _differences(folder)
    for name, off in case.off.items():
        if not off <= SAME.get(name, 1e-9):
            raise Wrong(f"{case.group}, {case.findings} findings, draw {case.draw}: {name} is off by {off:.2g}.")


def worker(folder: Path, task: Mapping[str, Any], limit: float = LIMIT) -> dict[str, Any]:
    """What a worker measured, or why it did not."""
    kept = folder / f"{task['save']}.json"
    if kept.exists():
        return json.loads(kept.read_text())
    command = [sys.executable, "-m", "benchmarks._worker", str(folder), json.dumps({**task, "core": core()})]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | ONE_THREAD
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=limit)
    except subprocess.TimeoutExpired:
        found = {"refused": f"more than {limit:g} s"}
    else:
        if done.returncode and task["engine"] == "scm":
            raise Wrong(f"A worker failed on {folder.name}, {dict(task)}:\n{done.stderr[-3000:]}")
        last = done.stderr.strip().rsplit("\n", 1)[-1]
        found = {"refused": _reason(last)} if done.returncode else json.loads(done.stdout.strip().rsplit("\n", 1)[-1])
    kept.write_text(json.dumps(found))
    return found


def _reason(last: str) -> str:
    return "out of memory" if "bad_alloc" in last or "OutOfMemory" in last or not last else last[:100]


def core() -> int:
    """The core for measured processes: the last one, since others tend to be put on the first."""
    return max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0


def _differences(folder: Path) -> dict[str, float]:
    """Largest difference of each answer from pyAgrum's (from ours in NumPy where there is none), on rows both have."""
    laws: dict[str, Any] = {}
    for name in ("scm", "jax", "pyagrum", "pgmpy"):
        if (path := folder / f"{name}.npz").exists():
            with np.load(path) as found:
                laws |= {name if key == "law" else key.replace("_", " "): found[key] for key in found}
    base = laws.get("pyagrum", laws.get("numpy"))
    out: dict[str, float] = {}
    for name, law in laws.items():
        rows = min(len(law), len(base) if base is not None else 0)
        if law is not base and rows:
            out[name] = float(np.abs(law[:rows] - base[:rows]).max())  # a NaN stays one, and is refused above
    return out


# ---------------------------------------------------------------------------------------------------------------------
# What is written


def part(*, quick: bool, keep: Path | None, tell: Callable[[str], None]) -> str:
    """Measure everything; the part of RESULTS.md that says it.

    Raises:
        Wrong: an engine's answers differ from those of the others.
    """
    with tempfile.TemporaryDirectory() as place:
        done: list[Case] = []
        for number, case in enumerate(cases(quick=quick)):
            words = f"{case.group} {case.findings} {case.draw}"
            measure(case, (keep or Path(place)) / f"{number:02d} {words}".replace(" ", "-").replace(",", ""), quick=quick)
            case.columns = {}
            done.append(case)
            tell(_told(words, case))
    return render(done)


def _told(words: str, case: Case) -> str:
    ours, peer = case.found["scm"], case.found.get("pyagrum", {})
    if "refused" in ours:
        return f"{words}: {ours['refused']}"
    best = min({**ours["warm"], **case.found["jax"].get("warm", {})}.values()) / ROWS
    ratio = f", pyAgrum {peer['per_row'] / best:.0f}x" if "per_row" in peer else ""
    return f"{words}: {best * 1e6:.3g} µs a row{ratio}"


INTRODUCTION = f"""
## One query for {ROWS:,} rows, beside other engines

The law of one variable given 10 or 25 findings. Targets and findings are drawn at random from all variables ({DRAWS[10]}
and {DRAWS[25]} draws); rows are drawn from the network itself. One thread, one core and one process for each engine.
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
    lines = [INTRODUCTION, *_warm(groups), *_cold(groups), *_single(groups), *_inside(groups), *_notes(done)]
    return "\n".join([*lines, *_targets(groups)])


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
    ends = f" ({min(ratios):,.3g} to {max(ratios):,.3g})" if len(ratios) > 1 else ""
    return f"{statistics.median(ratios):,.3g}{ends}"


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
    return ["### Warm, time a row", "", *_table(head, lines)]


def _largest(group: Sequence[Case], names: Sequence[str]) -> str:
    found = [case.off[name] for case in group for name in names if name in case.off]
    return f"{max(found):.1e}" if found else ""


def _cold(groups: Groups) -> list[str]:
    lines: list[list[str]] = []
    for (name, findings), group in groups.items():
        parts = (("scm", "import"), ("jax", "import"), ("scm", "build"), ("scm", "cold"), ("jax", "cold"))
        ours = [_time(group, _get(*path), path[0]) for path in parts]
        theirs = [_time(group, _get("pyagrum", x)) for x in ("import", "build")] + [_time(group, _agrum_cold, "pyagrum")]
        lines.append([name, findings, *ours, *theirs, _ratio(group, _get("scm", "cold"), _agrum_cold)])
    head = ["network", "findings", "import", "with JAX", "build", "first call", "first call, JAX"]
    head += ["pyAgrum: import", "build", f"{ROWS:,} rows", "ratio"]
    words = f"""
### Cold, all {ROWS:,} rows

A fresh process. *Import* is that of the engine and of the libraries that its first question would load (lark, cotengra;
JAX where it is asked for). *First call* is the first question asked: building the query language's parser, reading the
query, planning and, with JAX, starting it, compiling and checking (no compiled program is kept from one process to the
next). For pyAgrum it is making the inference object and the first pass over the rows. The ratio is of these two.
"""
    return [words, *_table(head, lines)]


def _agrum_cold(case: Case) -> float | None:
    found = case.found.get("pyagrum", {})
    return found["first"] + found["per_row"] * (ROWS - 1) if "per_row" in found else None


def _single(groups: Groups) -> list[str]:
    lines: list[list[str]] = []
    one, theirs = _get("scm", "one"), _get("pyagrum", "one")
    for (name, findings), group in groups.items():
        times = [_time(group, one), _time(group, theirs, "pyagrum"), _time(group, _get("pgmpy", "one"), "pgmpy")]
        lines.append([name, findings, *times, _ratio(group, one, theirs)])
    words = "\n### One row at a time, warm\n\nEach call has another row, in the same process.\n"
    return [words, *_table(["network", "findings", "ours", "pyAgrum", "pgmpy", "ratio"], lines)]


def _inside(groups: Groups) -> list[str]:
    lines: list[list[str]] = []
    for (name, findings), group in groups.items():
        cells: list[str] = []
        for executor, engine in _ENGINE.items():
            run = _get(engine, "executor", executor, divide=ROWS)
            cells += [_time(group, run, engine)]
        cells += [_ratio(group, lambda c: _get("jax", "executor", "jax")(c), lambda c: _get("jax", "warm", "jax")(c))]
        peak = _middle(group, _get("jax", "peak"))
        lines.append([name, findings, *cells, f"{peak / 1e6:.0f} MB" if peak else ""])
    words = """
### Inside the call: the executor alone, time a row

The same calls, of which only `run_plan` is counted: without reading the query, coding the columns and shaping the
answer. *Share* is the time of the whole call over that of the executor, JAX single.
"""
    head = ["network", "findings", "planner's choice", "NumPy", "JAX single", "JAX double", "share", "peak memory"]
    return [words, *_table(head, lines)]


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
                verdict = "not measured" if not ratios else "met" if statistics.median(ratios) >= least else "**missed**"
                warm.append([words, findings, f"{least:,}", _ratio(group, ours, theirs), verdict])
    words = "\n### Targets: how many times as fast as pyAgrum, with the faster executor where warm\n"
    return [words, *_table(["work", "findings", "wanted", "measured", ""], warm)]
