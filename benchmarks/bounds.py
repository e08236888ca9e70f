"""`python -m benchmarks.bounds`: what bounds cost, beside one linear programme each through SciPy; writes BOUNDS.md.

Every measurement has a process, a core and a thread of its own. Ends are compared with published formulas and with
SciPy's; a wrong one ends the run and nothing is written.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .__main__ import write_whole
from ._engines import ONE_THREAD
from ._measure import ROOT, Wrong, installed, machine, shown_time
from .table import core
from .units import table

RESULTS = Path(__file__).with_name("BOUNDS.md")
FIGURES = Path(__file__).with_name("figures")
LIMIT = 900.0
"""Seconds after which a measurement is given up."""
AGREE = 1e-9
"""How far ends may be from a formula's, and from SciPy's times 1,000."""
HEAD = """\
# Bounds

Written by `python -m benchmarks.bounds{quick}`. Do not edit: run it again.

{date}: {machine}; {peers}.

Processor time of a process that is held to one core and one thread, the median of the warm runs: what the clock shows
where nothing else runs. Cold is the first question of a process, with all that it loads and compiles. One run each.
"""

Found = dict[str, Any]
Curve = list[tuple[int, Found]]


def main() -> int:
    """Measure, compare, write; 1 where an end is wrong."""
    parser = argparse.ArgumentParser("python -m benchmarks.bounds", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller work, for a look; printed unless --out is given")
    parser.add_argument("--out", type=Path, help="where to write (default: benchmarks/BOUNDS.md)")
    parser.add_argument(
        "--only", nargs="*", choices=list(PARTS), help="some of the parts, printed unless --out is given"
    )
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    try:
        chosen = arguments.only or list(PARTS)
        text = "\n".join(line for name in chosen for line in PARTS[name](arguments.quick))
    except Wrong as wrong:
        print(f"Nothing was written. {wrong}", file=sys.stderr)
        return 1
    head = HEAD.format(
        quick=" --quick" if arguments.quick else "",
        date=datetime.date.today().isoformat(),
        machine=machine(load),
        peers=f"scipy {installed('scipy')}, highspy {installed('highspy')}",
    )
    out = arguments.out or (None if arguments.quick or arguments.only else RESULTS)
    if out is None:
        print(head + text)
    else:
        write_whole(out, head + text + "\n")
    return 0


def worker(**task: Any) -> Found:
    """What one process measured; where it took too long or too much, that.

    Raises:
        Wrong: it failed.
    """
    command = [sys.executable, "-m", "benchmarks._bounds_worker", json.dumps(task | {"core": core()})]
    print(f"  {task}", file=sys.stderr, flush=True)
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=ROOT, env=os.environ | ONE_THREAD, timeout=LIMIT
        )
    except subprocess.TimeoutExpired:
        return {"refused": f"more than {LIMIT:g} s"}
    if done.returncode == -9:
        return {"refused": "killed for its memory"}
    if done.returncode:
        raise Wrong(f"{task} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().rsplit("\n", 1)[-1])


def median(times: Sequence[float]) -> float:
    return statistics.median(times)


def near(off: float, to: float, what: str) -> None:
    """That ends agree.

    Raises:
        Wrong: they do not.
    """
    if not off <= to:
        raise Wrong(f"{what}: off by {off:.2g}.")


def _met(fine: bool, wanted: str) -> str:
    return f"({wanted} wanted: {'met' if fine else '**missed**'})"


# ---------------------------------------------------------------------------------------------------------------------
# Parts


def strata(quick: bool) -> list[str]:
    """(a) A binary instrument in a million strata."""
    sizes = [1_000, 100_000] if quick else [1_000, 10_000, 100_000, 1_000_000]
    lines: list[list[str]] = []
    said: list[str] = []
    for rows in sizes:
        found = worker(mode="strata", rows=rows, runs=9, sample=50 if quick else 500)
        near(found["off"], AGREE, f"{rows:,} strata beside the formula of Balke and Pearl")
        near(found["linprog off"], AGREE * 1000, f"{rows:,} strata beside SciPy")
        near(found["outside"], 0, f"{rows:,} strata: inner ends beyond outer ones")
        warm = median(found["warm"])
        all_of_them = found["linprog"] * rows
        times = [found["cold"], warm, *(median(found[key]) for key in ("study warm", "formula")), all_of_them]
        lines.append([f"{rows:,}", *map(shown_time, times), f"{all_of_them / warm:,.0f}x"])
        if rows == sizes[-1]:
            ratio, fast = all_of_them / warm, _met(warm < 0.1, "under 100 ms for a million")
            said = [
                f"{rows:,} strata warm: {shown_time(warm)} {fast}. One linear programme a side and stratum through "
                f"SciPy would take {ratio:,.0f} times as long {_met(ratio >= 5000, 'at least 5,000x')}: that is "
                f"{shown_time(found['linprog'])} a stratum, measured on {found['sample']} of them and multiplied; "
                f"{found['linprog failed']} of those failed. Our ends differ from the formula's by "
                f"{found['off']:.1g} at most."
            ]
    head = ["strata", "cold", "warm", "checking the laws", "the formula in NumPy", "SciPy, extrapolated", "beside it"]
    return [
        "",
        "## The effect through a binary instrument, in many strata at once",
        "",
        *table(head, lines),
        "",
        *said,
        "Checking the laws is what `Study` does before: it is not in the other times. The formula is that of Balke and "
        "Pearl (1997) by hand; here it is found as the vertices of the dual polytope.",
    ]


def levels(quick: bool) -> list[str]:
    """(b) An instrument with several values everywhere."""
    lines: list[list[str]] = []
    said: list[str] = []
    for k in [2, 3] if quick else [2, 3, 4, 5]:
        found = worker(mode="levels", states=k, runs=3 if k > 3 else 7, peer=k < 5)
        if "refused" in found:
            lines.append([str(k), f"{found['before']:,}", "", "", "", "", ""])
            said.append(f"{k} values: {found['refused']}")
            continue
        side = median(found["side"])
        peer = shown_time(found["linprog"]) if "linprog" in found else ""
        if "linprog" in found:
            near(found["linprog off"], 1e-6, f"{k} values beside SciPy")
        cells = [f"{found['before']:,}", f"{found['columns']:,}", shown_time(found["build"]), shown_time(side), peer]
        lines.append([str(k), *cells, shown_time(median(found["ask warm"]))])
        if k == 4:
            said.append(f"Four values: {shown_time(side)} a side {_met(side < 1, 'under 1 s')}.")
    head = [
        "values",
        "columns before merging",
        "after",
        "building",
        "a side",
        "SciPy, all columns, a side",
        "`ask`, warm",
    ]
    return ["", "## Instrument, cause and effect with several values each", "", *table(head, lines), "", *said]


def front_door(quick: bool) -> list[str]:
    """(c) PN on the front door."""
    lines: list[list[str]] = []
    worst, slowest = 0.0, 0.0
    for mediators in [1] if quick else [1, 2, 3]:
        for seed in range(2 if quick else 5):
            found = worker(mode="front door", mediators=mediators, seed=seed, seconds=60.0, runs=3)
            if "refused" in found:
                lines.append([str(mediators), str(seed), "", "", found["refused"], ""])
                continue
            low, inner, upper, high = found["ends"]
            gap, warm = max(inner - low, high - upper), median(found["warm"])
            lines.append([str(mediators), str(seed), shown_time(found["cold"]), shown_time(warm),
                          f"[{inner:.6f}, {upper:.6f}]", f"{gap:.1g}"])  # fmt: skip
            if mediators == 1:
                worst, slowest = max(worst, gap), max(slowest, warm)
    head = ["mediators", "law", "cold", "warm", "PN", "outer from inner ends"]
    fine = worst <= 1e-6 and slowest < 2
    return [
        "",
        "## PN on the front door: several unknown laws at once",
        "",
        *table(head, lines),
        "",
        f"One mediator: {worst:.1g} apart and {shown_time(slowest)} at most {_met(fine, '1e-6 and under 2 s')}.",
    ]


def growth(quick: bool) -> list[str]:
    """(d) How time grows, and what is said where it does not go on."""
    curves: dict[str, Curve] = {
        "instrument: values of Z, X and Y": grown("states", range(2, 4 if quick else 8), mode="levels", runs=1),
        "one hidden cause: variables in a chain": grown(
            "variables", range(2, 5 if quick else 12), mode="chain", runs=1, seconds=60.0
        ),
        "front door: mediators, each with a law": grown(
            "mediators", range(1, 3 if quick else 8), mode="front door", runs=1, seconds=60.0, seed=1
        ),
    }
    sizes = sorted({size for curve in curves.values() for size, _ in curve})
    lines = [[name, *(_cell(dict(curve).get(size)) for size in sizes)] for name, curve in curves.items()]
    refused = [
        f"- {name}, {size}: {found['refused']}"
        for name, curve in curves.items()
        for size, found in curve
        if "refused" in found
    ]
    drawn = False if quick else draw(curves, FIGURES / "bounds.png")
    return [
        "",
        "## Growth: one question, warm",
        "",
        *table(["", *map(str, sizes)], lines),
        "",
        *(["What is said where it stops:", "", *refused, ""] if refused else []),
        *(["![Time as states and variables grow](figures/bounds.png)"] if drawn else []),
    ]


def grown(axis: str, sizes: Sequence[int], **task: Any) -> Curve:
    """Each size until one is refused or takes more than a minute."""
    curve: Curve = []
    for size in sizes:
        found = worker(**task, **{axis: size})
        curve.append((size, found))
        if "refused" in found or seconds(found) > 60:
            break
    return curve


def seconds(found: Found) -> float:
    """Of one warm question."""
    return median(found["ask warm"] if "ask warm" in found else found["warm"])


def _cell(found: Found | None) -> str:
    return "" if found is None else "refused" if "refused" in found else shown_time(seconds(found))


def draw(curves: Mapping[str, Curve], path: Path) -> bool:
    """Seconds against size, one curve for each thing that grows."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        return False
    FIGURES.mkdir(exist_ok=True)
    figure, axes = pyplot.subplots(figsize=(7, 4), constrained_layout=True)
    for (name, curve), colour in zip(curves.items(), ("#0072b2", "#d55e00", "#009e73"), strict=True):
        points = [(size, seconds(found)) for size, found in curve if "refused" not in found]
        axes.semilogy(*zip(*points, strict=True), marker="o", markersize=4, color=colour, label=name)
        stopped = [size for size, found in curve if "refused" in found]
        if stopped and points:
            axes.semilogy(stopped, [points[-1][1]], "x", color=colour, markersize=8)
            axes.annotate("refused", (stopped[0], points[-1][1]), xytext=(4, 4), textcoords="offset points", fontsize=8)
    axes.set(xlabel="how many", ylabel="seconds a question, warm, one core")
    axes.grid(True, which="major", alpha=0.3)
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
    return True


def one(quick: bool) -> list[str]:
    """(e) One question about the lipid trial."""
    found = worker(mode="one", runs=5 if quick else 50)
    near(abs(found["ends"][0] - 0.392) + abs(found["ends"][1] - 0.780), AGREE, "the lipid trial")
    cells = [found["import"], found["first"], median(found["warm"]), median(found["told"])]
    return [
        "",
        "## One question: the lipid trial",
        "",
        *table(
            ["", "`import`", "first `Study` and `ask`", "warm", "the text of the answer"],
            [["[0.392, 0.780]", *map(shown_time, cells)]],
        ),
    ]


PARTS = {"strata": strata, "levels": levels, "front-door": front_door, "growth": growth, "one": one}


if __name__ == "__main__":
    sys.exit(main())
