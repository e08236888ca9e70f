"""Rows of the table, and how times are taken."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("numpy", "jax", "cotengra", "pyagrum", "pgmpy", "y0")
ROOT = Path(__file__).resolve().parent.parent


class Wrong(Exception):
    """A measured program gave a wrong answer: its time is worth nothing."""


@dataclass(frozen=True)
class Row:
    """One line of the table; times in seconds, `target` as the largest that will do."""

    part: str
    work: str
    times: tuple[float, ...]
    target: float | None = None
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.times)


def shown_time(seconds: float) -> str:
    """Three digits in the unit that suits."""
    for size, unit in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}" if seconds < 1000 * size else f"{seconds / size:.0f} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def lines_of(rows: Sequence[Row]) -> list[str]:
    """The rows as Markdown, those of one part together."""
    lines: list[str] = []
    for part in dict.fromkeys(row.part for row in rows):
        lines += ["", f"## {part}", "", "| work | median | min | runs | target | note |", "|---|---|---|---|---|---|"]
        for row in (row for row in rows if row.part == part):
            target = "" if row.target is None else f"< {shown_time(row.target)}: {_met(row)}"
            cells = (row.work, shown_time(row.median), shown_time(min(row.times)), len(row.times), target, row.note)
            lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def _met(row: Row) -> str:
    return "met" if row.target is not None and row.median < row.target else "**missed**"


def timed(work: Callable[[], object], runs: int) -> tuple[float, ...]:
    """Wall times of `work`, one a run."""
    times: list[float] = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return tuple(times)


def shell(part: str, work: str, command: Sequence[str], runs: int, target: float | None) -> Row:
    """A row for a command, each run a fresh process.

    Processor time is told as well: unlike wall time it hardly grows when other programs are busy.
    """
    run(command)  # writes bytecode and fills the page cache, as the first use after an installation does
    before = processor_time()
    times = timed(lambda: run(command), runs)
    return Row(part, work, times, target, f"processor time {shown_time((processor_time() - before) / runs)}")


def processor_time() -> float:
    """Seconds that the processes started here have computed, all together."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(command: Sequence[str]) -> str:
    """The standard output of a fresh process in the project's folder.

    Raises:
        Wrong: it fails.
    """
    # A measured process must not get its bytecode from nowhere: the first run writes it, as after any installation.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    if done.returncode:
        raise Wrong(f"{' '.join(command)[:200]} gave status {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def python(*arguments: str) -> list[str]:
    """A command for this interpreter."""
    return [sys.executable, *arguments]


def machine(load: float) -> str:
    """What it was measured on, in one line; a load near the number of cores makes wall times too long."""
    return ", ".join(
        (
            _processor(),
            f"{os.cpu_count()} cores",
            f"load {load:.1f} before the first run",
            f"{platform.system()} {platform.release().split('-')[0]}",
            f"Python {platform.python_version()}",
            *(f"{name} {found}" for name in PACKAGES if (found := installed(name))),
        )
    )


def installed(name: str) -> str | None:
    """The version of a package, if it is there."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
