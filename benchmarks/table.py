"""This engine beside pyAgrum and pgmpy on published networks, random ones and a twin network; answers compared.

Everybody has one thread on one core, and a process of his own. Findings and targets are drawn at random, values of the
findings are drawn from the network itself, so that every row is possible.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ._cases import ROWS, Case, cases
from ._engines import ONE_THREAD
from ._measure import ROOT, Wrong, installed
from ._render import render
from ._worker import write_case

SAME = {"planner": 1e-9, "numpy": 1e-9, "jax double": 1e-9, "jax": 1e-4}
"""How far answers may be from pyAgrum's, for each executor; single precision cannot be nearer."""
LIMIT, MEMORY = 180.0, 8e9
"""Seconds for a worker, and bytes for a peer."""


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
# Everything


def part(*, quick: bool, keep: Path | None, tell: Callable[[str], None]) -> str:
    """Measure everything; the part of RESULTS.md that says it.

    Raises:
        Wrong: an engine's answers differ from those of the others.
    """
    with tempfile.TemporaryDirectory() as place:
        done: list[Case] = []
        for number, case in enumerate(cases(quick=quick)):
            words = f"{case.group} {case.findings} {case.draw}"
            folder = f"{number:02d} {words}".replace(" ", "-").replace(",", "")
            measure(case, (keep or Path(place)) / folder, quick=quick)
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
