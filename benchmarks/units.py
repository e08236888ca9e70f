"""`python -m benchmarks.units`: worlds of a million units beside dowhy.gcm and NumPy; writes benchmarks/UNITS.md.

dowhy pins an older SciPy, so it has an environment of its own: `make bench-units` makes it in build/peers, and --peers
names another. Every measurement has a process, a core and a thread of its own. Answers are compared; a wrong one ends
the run and nothing is written.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .__main__ import write_whole
from ._engines import ONE_THREAD
from ._measure import ROOT, Wrong, machine, shown_time
from .table import core

RESULTS = Path(__file__).with_name("UNITS.md")
FIGURES = Path(__file__).with_name("figures")
PEERS = ROOT / "build" / "peers" / "bin" / "python"
AGREE = 1e-6
"""How far answers may be from dowhy's on the same linear model."""
HEAD = """\
# Units

Written by `python -m benchmarks.units{quick}`. Do not edit: run it again.

{date}: {machine}; {peer}.

Processor time of a process that is held to one core and one thread, the median of the warm runs: what the clock shows
where nothing else runs. Cold is the first call of a process, with all that it loads and compiles. One run each.
"""

Found = dict[str, Any]


def main() -> int:
    """Measure, compare, write; 1 where an answer is wrong."""
    parser = argparse.ArgumentParser("python -m benchmarks.units", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller work, for a look; printed unless --out is given")
    parser.add_argument("--peers", type=Path, default=PEERS, help="an interpreter with dowhy (default: build/peers)")
    parser.add_argument("--out", type=Path, help="where to write (default: benchmarks/UNITS.md)")
    parser.add_argument("--folder", type=Path, help="where the Parquet files go (default: the system's)")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    try:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            text = "\n".join(_parts(arguments.quick, arguments.peers, folder))
    except Wrong as wrong:
        print(f"Nothing was written. {wrong}", file=sys.stderr)
        return 1
    head = HEAD.format(
        quick=" --quick" if arguments.quick else "",
        date=datetime.date.today().isoformat(),
        machine=machine(load),
        peer=_version(arguments.peers),
    )
    out = arguments.out or (None if arguments.quick else RESULTS)
    if out is None:
        print(head + text)
    else:
        write_whole(out, head + text + "\n")
    return 0


def _parts(quick: bool, peers: Path, folder: str) -> list[str]:
    rows = 100_000 if quick else 1_000_000
    return [
        *_linear(rows, peers),
        *_bent(rows),
        *_one(peers),
        *_stream(rows, 1 if quick else 10, folder),
        *_growth(quick),
    ]


def worker(**task: Any) -> Found:
    """What one process measured.

    Raises:
        Wrong: it failed.
    """
    command = [sys.executable, "-m", "benchmarks._units_worker", json.dumps(task | {"core": core()})]
    print(f"  {task}", file=sys.stderr, flush=True)
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ | ONE_THREAD)
    if done.returncode:
        raise Wrong(f"{task} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().rsplit("\n", 1)[-1])


def peer(python: Path, **task: Any) -> Found | None:
    """What dowhy measured; None where it is not there."""
    if not python.exists():
        return None
    print(f"  dowhy: {task}", file=sys.stderr, flush=True)
    command = [str(python), str(Path(__file__).with_name("_units_dowhy.py")), json.dumps(task | {"core": core()})]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | ONE_THREAD
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise Wrong(f"dowhy failed on {task}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().rsplit("\n", 1)[-1])


def _version(python: Path) -> str:
    if not python.exists():
        return "dowhy is not there (make bench-units makes it an environment)"
    ask = "import importlib.metadata as m; print('dowhy', m.version('dowhy'))"
    return subprocess.run([str(python), "-c", ask], capture_output=True, text=True).stdout.strip()


def median(times: Sequence[float]) -> float:
    return statistics.median(times)


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    """A table in Markdown."""
    return [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}", *(f"| {' | '.join(x)} |" for x in lines)]


def compared(ours: Sequence[float], theirs: Sequence[float], where: str) -> float:
    """The largest difference.

    Raises:
        Wrong: it is too large.
    """
    off = float(np.abs(np.array(ours) - np.array(theirs)).max())
    if not off <= AGREE:
        raise Wrong(f"{where}: off by {off:.2g} from dowhy.gcm.")
    return off


def _met(ratio: float, wanted: float, *, most: bool = False) -> str:
    met = ratio <= wanted if most else ratio >= wanted
    return f"{ratio:.3g}x ({'at most' if most else 'at least'} {wanted:g}x wanted: {'met' if met else '**missed**'})"


def _linear(rows: int, peers: Path) -> list[str]:
    lines: list[list[str]] = []
    said: list[str] = []
    theirs = peer(peers, nodes=20, rows=rows, runs=2, compare=1000)
    for kind in ("float32", "float64"):
        found = worker(mode="linear", nodes=20, rows=rows, runs=15, kind=kind, compare=1000)
        warm, copy = median(found["warm"]), median(found["copy"])
        dowhy = "" if theirs is None else f"{min(theirs['times']) / warm:.0f}x"
        by_column, by_hand = median(found["copy by column"]), median(found["by hand"])
        times = (found["cold"][0], warm, copy, by_column, by_hand)
        lines.append([kind, *map(shown_time, times), f"{warm / copy:.2f}", dowhy])
        said.append(f"{kind}: copying the same bytes {_met(warm / copy, 1.5, most=True)}")
        if theirs is not None:
            said[-1] += f"; beside dowhy.gcm.counterfactual_samples {_met(min(theirs['times']) / warm, 200)}"
        said[-1] += "."
        if theirs is not None and kind == "float64":
            off = compared(found["answers"], theirs["answers"], "linear units")
            took = f"{shown_time(theirs['times'][0])} and then {shown_time(theirs['times'][-1])}"
            said.append(f"dowhy took {took}; its answers and ours in double precision differ by {off:.1g} at most.")
    head = ["columns", "cold", "warm", "copy", "column by column", "NumPy by hand", "warm / copy", "dowhy / warm"]
    return [
        "",
        f"## Linear: {rows:,} units of 20 variables, all {found['changed']} descendants of what is set",
        "",
        *table(head, lines),
        "",
        *said,
    ]


def _bent(rows: int) -> list[str]:
    lines: list[list[str]] = []
    said: list[str] = []
    names = {
        "chosen": "every descendant, as it is chosen (NumPy)",
        "jax": "every descendant, JAX",
        "outcome": "one outcome, JAX",
        "mean": "mean of one outcome, JAX",
        "dose": "mean of one outcome at 16 doses, JAX",
    }
    for kind in ("float32", "float64"):
        found = worker(mode="bent", nodes=20, rows=rows, runs=9, kind=kind)
        if not found["off"] <= (1e-4 if kind == "float32" else 1e-10):
            raise Wrong(f"tanh in {kind}: off by {found['off']:.2g} from NumPy by hand.")
        hand = median(found["by hand"])
        for key, words in names.items():
            warm = median(found[key])
            base = hand * (16 if key == "dose" else 1)
            cells = [words, shown_time(found[f"{key} cold"][0]), shown_time(warm), f"{base / warm:.1f}x"]
            lines.append([kind, *cells])
        ratio = hand / median(found["chosen"])
        said.append(f"{kind}: by hand {shown_time(hand)}; every descendant beside it {_met(ratio, 8)}.")
    return [
        "",
        f"## tanh: {rows:,} units of 20 variables, additive noise",
        "",
        "By hand: noises first, then every variable again, in whole NumPy columns of the same kind of float.",
        "",
        *table(["columns", "wanted", "cold", "warm", "beside NumPy by hand"], lines),
        "",
        *said,
    ]


def _one(peers: Path) -> list[str]:
    lines: list[list[str]] = []
    for nodes in (3, 100):
        found = worker(mode="one", nodes=nodes)
        theirs = peer(peers, nodes=nodes, rows=1, runs=10, compare=1)
        if theirs is not None:
            compared(found["answers"], theirs["answers"], f"one row, {nodes} variables")
        if not found["off"] <= 1e-9:
            raise Wrong(f"one row, {nodes} variables: imagine and ask differ by {found['off']:.2g}.")
        for name in ("imagine", "ask"):
            warm = median(found[name])
            dowhy = (
                ["", ""]
                if theirs is None
                else [shown_time(median(theirs["times"])), f"{median(theirs['times']) / warm:.0f}x"]
            )
            lines.append([str(nodes), name, shown_time(found[f"{name} first"][0]), shown_time(warm), *dowhy])
    return [
        "",
        "## One row of evidence, linear",
        "",
        *table(["variables", "", "first", "warm", "dowhy", "beside it"], lines),
    ]


def _stream(rows: int, millions: int, folder: str) -> list[str]:
    lines: list[list[str]] = []
    for compression in ("none", "snappy", "zstd"):
        for count in (rows, rows * millions) if compression == "zstd" and millions > 1 else (rows * millions,):
            path = os.path.join(folder, f"{compression}-{count}.parquet")
            size = worker(mode="write", nodes=20, rows=count, group=1 << 18, compression=compression, path=path)[
                "bytes"
            ]
            found = worker(mode="stream", nodes=20, path=path)
            os.remove(path)
            warm, decode = median(found["imagine"]), median(found["decode"])
            lines.append([compression, f"{count:,}", f"{size / 1e6:,.0f} MB", f"{count / decode / 1e6:.1f}",
                          f"{count / warm / 1e6:.1f}", f"{warm / decode:.2f}", f"{count / found['wall'] / 1e6:.1f}",
                          f"{found['peak'] / 1e6:,.0f} MB"])  # fmt: skip
    head = ["compression", "rows", "file", "decode alone, M rows/s", "imagine, M rows/s", "imagine / decode",
            "by the clock, M rows/s", "peak memory"]  # fmt: skip
    return [
        "",
        "## Parquet: 20 columns of float32, tanh; mean, variance and three quantiles of one outcome",
        "",
        *table(head, lines),
        "",
        "The next batch is decoded in a thread while one is worked on; held to one core, both share it.",
    ]


def _growth(quick: bool) -> list[str]:
    rows = [10**k for k in range(1, 6 if quick else 8)]
    nodes = [5, 20, 80] if quick else [5, 10, 20, 40, 80, 160, 320]
    worlds = [1, 4, 16] if quick else [1, 2, 4, 8, 16, 32, 64]
    base: Found = {"mode": "grow", "nodes": 20, "rows": 100_000, "worlds": 1}
    kinds: dict[str, Found] = {
        "linear": {"bent": False, "executor": None},
        "tanh, NumPy": {"bent": True, "executor": "numpy"},
        "tanh, JAX": {"bent": True, "executor": "jax"},
    }
    curves: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for axis, sizes in (("rows", rows), ("nodes", nodes), ("worlds", worlds)):
        curves[axis] = {
            name: [(n, worker(**(base | kind | {axis: n}))["warm"]) for n in sizes] for name, kind in kinds.items()
        }
    FIGURES.mkdir(exist_ok=True)
    drawn = _draw(curves, FIGURES / "units.png") if not quick else False
    lines = [
        [axis, name, *(f"{shown_time(points[k][1])} at {points[k][0]:,}" for k in (0, -1)), f"{_slope(points):.2f}"]
        for axis, found in curves.items()
        for name, points in found.items()
    ]
    return [
        "",
        "## Growth: one outcome (linear) or its mean (tanh); 20 variables and 100,000 units unless they grow",
        "",
        *table(["grows", "", "smallest", "largest", "slope at the end"], lines),
        *(["", "![Time as units, variables and worlds grow](figures/units.png)"] if drawn else []),
    ]


def _slope(points: Sequence[tuple[int, float]]) -> float:
    """Of the logarithms, over the last half of the points."""
    size, seconds = np.log(np.array(points[len(points) // 2 - (len(points) < 4) :])).T
    return float(np.polyfit(size, seconds, 1)[0])


def _draw(curves: Mapping[str, Mapping[str, Sequence[tuple[int, float]]]], path: Path) -> bool:
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        return False
    figure, axes = pyplot.subplots(1, len(curves), figsize=(12, 3.6), constrained_layout=True, sharey=True)
    for place, (axis, found) in zip(axes, curves.items(), strict=True):
        for name, points in found.items():
            place.loglog(*zip(*points, strict=True), marker="o", markersize=3, label=name)
        place.set_xlabel({"rows": "units", "nodes": "variables", "worlds": "worlds"}[axis])
        place.grid(True, which="major", alpha=0.3)
    axes[0].set_ylabel("seconds, warm, one core")
    axes[0].legend(frameon=False)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
    return True


if __name__ == "__main__":
    sys.exit(main())
