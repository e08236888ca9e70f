"""Cost as the work grows: rows, variables and worlds; a plot each with fitted slopes, and peak memory beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ._engines import ONE_THREAD
from ._grow import BUDGET
from ._measure import ROOT, Wrong, installed, shown_time
from .table import core

FIGURES = Path(__file__).with_name("figures")
MEMORY = 2e9
"""The budget's bytes; what the interpreter and its libraries hold before the first question comes on top."""
LIMIT = 200.0


@dataclass
class Curve:
    """One line of a plot.

    Attributes:
        key: which time is plotted: `first` or `warm`.
        fit: the slope is fitted to points from this size up.
    """

    name: str
    work: str
    arguments: Callable[[int], list[Any]]
    sizes: Sequence[int]
    executor: str = "planner"
    key: str = "warm"
    fit: int = 1
    points: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def measured(self) -> list[tuple[int, dict[str, Any]]]:
        return [(n, p) for n, p in self.points.items() if "refused" not in p]

    @property
    def slope(self) -> float:
        """Of the logarithm of the time over that of the size, by least squares."""
        found = [(n, p[self.key]) for n, p in self.measured if n >= self.fit]
        if len(found) < 2:
            return float("nan")
        size, seconds = np.log(np.array(found)).T
        return float(np.polyfit(size, seconds, 1)[0])


@dataclass
class Plot:
    """One figure."""

    file: str
    title: str
    axis: str
    curves: list[Curve]
    words: str


def plots(*, quick: bool) -> list[Plot]:
    """What is measured."""
    rows = [10**i for i in range(5 if quick else 8)]
    nodes = [10, 20, 50, 100] if quick else [10, 20, 50, 100, 200, 500, 1000]
    many = [1, 2, 4] if quick else [1, 2, 3, 4, 6, 8, 10, 12, 14, 16]
    return [
        Plot(
            "rows",
            "Rows: one question, one thread",
            "rows",
            [
                Curve(f"{name}, {words}", work, lambda n: [n], rows, executor, fit=100_000)
                for work, name in (("alarm", "ALARM"), ("wide", "width 8"))
                for executor, words in (("planner", "planner"), ("jax", "JAX single"))
            ],
            "ALARM's question and one of a random network of width 8, ten findings each, warm. More than 100,000 rows "
            "are repetitions of as many. Slopes are fitted from 100,000 rows up.",
        ),
        Plot(
            "nodes",
            "Variables: 1,000 rows, one variable in ten seen",
            "variables",
            [
                Curve(f"{kind}, {words}", "shape", lambda n, k=kind: [k, n, 1000], nodes, key=key, fit=100)
                for kind in ("chain", "tree", "random")
                for key, words in (("first", "first call"), ("warm", "warm"))
            ],
            "A chain, a random tree, and a random network in which causes are among the four variables before; 1,000 "
            "rows, one variable in ten seen. The first call plans. Slopes are fitted from 100 variables up.",
        ),
        Plot(
            "worlds",
            "Worlds: Y under k values of X, together",
            "worlds",
            [
                Curve(f"{words}, {when}", "worlds", lambda k, r=r: [k, r], many, key=key, fit=2)
                for r, words in ((0, "one probability"), (1000, "1,000 rows"))
                for key, when in (("first", "first call"), ("warm", "warm"))
            ],
            "P(Y[X=0]=y0, Y[X=1]=y1, ...) in a structural model: X with 16 states, then a chain of five variables with "
            "a noise each; and, for 1,000 rows, the law of the last given all the others. Slopes are fitted from 2 "
            "worlds up.",
        ),
    ]


def measure(plot: Plot, kept: Path | None) -> None:
    """Every point of a plot, each in a fresh process; curves that need the same process share it."""
    done: dict[str, dict[str, Any]] = json.loads(kept.read_text()) if kept and kept.exists() else {}
    for curve in plot.curves:
        for size in curve.sizes:
            task = {"work": curve.work, "arguments": curve.arguments(size), "executor": curve.executor}
            name = json.dumps(task)
            if name not in done:
                done[name] = _run({**task, "core": core()})
                if kept:
                    kept.write_text(json.dumps(done))
            curve.points[size] = done[name]


def _run(task: Mapping[str, Any]) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks._grow", json.dumps(task)]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | ONE_THREAD
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return {"refused": f"more than {LIMIT:g} s"}
    if done.returncode == -9:
        return {"refused": "killed for its memory"}
    if done.returncode:
        raise Wrong(f"{dict(task)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().rsplit("\n", 1)[-1])


# ---------------------------------------------------------------------------------------------------------------------
# What is written


INTRODUCTION = f"""
## Cost as the work grows

Each point is a fresh process with `budget={BUDGET!r}`; peak memory is that of the whole process, interpreter and
libraries included.
"""


def part(*, quick: bool, keep: Path | None, tell: Callable[[str], None], figures: Path = FIGURES) -> str:
    """Measure, draw, and say it: a part of RESULTS.md."""
    lines = [INTRODUCTION]
    for plot in plots(quick=quick):
        measure(plot, keep / f"growth-{plot.file}.json" if keep else None)
        tell(f"{plot.title}: {', '.join(f'{c.name} {c.slope:.2f}' for c in plot.curves)}")
        if installed("matplotlib"):
            figures.mkdir(exist_ok=True)
            draw(plot, figures / f"{plot.file}.png")
            lines.append(f"![{plot.title}](figures/{plot.file}.png)\n")
        lines += [plot.words, "", *_table(plot), ""]
    return "\n".join(lines)


def _table(plot: Plot) -> list[str]:
    sizes = list(plot.curves[0].sizes)
    lines = [f"| {plot.axis} | {' | '.join(f'{n:,}' for n in sizes)} | slope |", f"|---{'|---:' * (len(sizes) + 1)}|"]
    for curve in plot.curves:
        cells = [_cell(curve.points[n], curve.key) for n in sizes]
        lines.append(f"| {curve.name} | {' | '.join(cells)} | {curve.slope:.2f} |")
    for curve in plot.curves:
        if curve.key == "warm":
            memory = [f"{p['peak'] / 1e6:.0f} MB" if "peak" in (p := curve.points[n]) else "" for n in sizes]
            lines.append(f"| peak memory: {curve.name} | {' | '.join(memory)} |  |")
    return lines


def _cell(point: Mapping[str, Any], key: str) -> str:
    if "refused" in point:
        return point["refused"] if len(point["refused"]) < 30 else "refused"
    return shown_time(point[key])


COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
"""Okabe and Ito's, which those who see fewer colours can tell apart."""


def draw(plot: Plot, path: Path) -> None:
    """Time on the left, peak memory on the right, both axes logarithmic."""
    mpl: Any = import_module("matplotlib")  # only this needs it, and only the extra `bench` brings it
    mpl.use("Agg")
    plt: Any = import_module("matplotlib.pyplot")

    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure, (time, memory) = plt.subplots(1, 2, figsize=(9, 3.6), width_ratios=(3, 2), layout="constrained")
    styles = _styles(plot)
    for curve, (colour, dash) in zip(plot.curves, styles, strict=True):
        sizes = [n for n, _ in curve.measured]
        label = f"{curve.name}: slope {curve.slope:.2f}"
        seconds = [p[curve.key] for _, p in curve.measured]
        time.loglog(sizes, seconds, dash, color=colour, marker="o", markersize=3.5, linewidth=1.4, label=label)
        if curve.key == "warm":
            peak = [p["peak"] / 1e6 for _, p in curve.measured]
            memory.loglog(sizes, peak, dash, color=colour, marker="o", markersize=3.5, linewidth=1.4)
    memory.axhline(MEMORY / 1e6, color="#555555", linewidth=1, linestyle=":")
    start = plot.curves[0].sizes[0]
    memory.text(start, MEMORY / 1e6 * 1.06, "budget: 2 GB", color="#555555", fontsize=8, va="bottom")
    memory.set_ylim(20, 6000)
    memory.yaxis.set_major_formatter(lambda n, _: f"{n:,.0f}")
    memory.set(xlabel=plot.axis, ylabel="peak memory of the process, MB")
    time.set(xlabel=plot.axis, ylabel="seconds")
    time.set_title(plot.title, loc="left", fontsize=10)
    time.legend(frameon=False, fontsize=7.5, handlelength=2.6)
    for axes in (time, memory):
        if max(plot.curves[0].sizes) < 100:
            axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(lambda n, _: _short(n))
        axes.grid(True, which="major", color="#e5e5e5", linewidth=0.6)
        axes.set_axisbelow(True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _short(n: float) -> str:
    """10k, 1M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if n >= size:
            return f"{n / size:,.0f}{letter}"
    return f"{n:,.0f}"


def _styles(plot: Plot) -> list[tuple[str, str]]:
    """One colour for what is measured, full or dashed for how."""
    first = list(dict.fromkeys(curve.name.rpartition(", ")[0] for curve in plot.curves))
    second = list(dict.fromkeys(curve.name.rpartition(", ")[2] for curve in plot.curves))
    return [
        (COLOURS[first.index(c.name.rpartition(", ")[0])], ("-", "--")[second.index(c.name.rpartition(", ")[2])])
        for c in plot.curves
    ]
