"""`python -m benchmarks`: measure everything and write benchmarks/RESULTS.md, whole or not at all."""

from __future__ import annotations

import argparse
import datetime
import os
import sys
import time
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from . import cold, engine, growth, identification, table
from ._measure import Row, Wrong, lines_of, machine, shown_time

RESULTS = Path(__file__).with_name("RESULTS.md")
HEAD = """\
# Speed

Written by `python -m benchmarks`{quick}{minutes}. Do not edit: run it again. The median decides whether a target is
met.

{date}: {machine}.

Times of queries and engines are processor time of a process that is held to one core and one thread: what the clock
shows where nothing else runs, and the same where something does. Times from the shell are by the clock.
"""
PARTS = ("table", "growth", "identification", "shell")


def main() -> int:
    """Run every part; 1 where an answer is wrong. A missed target is told, but depends on the machine."""
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs and smaller work, for a look")
    parser.add_argument("--only", choices=PARTS, help="one part, printed unless --out is given")
    parser.add_argument("--out", type=Path, help="where to write (default: benchmarks/RESULTS.md)")
    parser.add_argument("--keep", type=Path, help="a folder for what was measured: a run goes on from there")
    arguments = parser.parse_args()
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    load, start = os.getloadavg()[0], time.monotonic()
    more = {"quick": arguments.quick, "keep": arguments.keep, "tell": _tell}
    works = {
        "table": partial(table.part, **more),
        "growth": partial(growth.part, **more),
        "identification": partial(identification.part, **more),
        "shell": partial(_shell, arguments.quick),
    }
    try:
        texts = [work() for name, work in works.items() if arguments.only in (None, name)]
    except Wrong as wrong:
        print(f"Nothing was written. {wrong}", file=sys.stderr)
        return 1
    quick = " --quick" if arguments.quick else ""
    date = datetime.date.today().isoformat()
    minutes = "" if arguments.keep else f" in {(time.monotonic() - start) / 60:.0f} minutes"
    head = HEAD.format(quick=quick, minutes=minutes, date=date, machine=machine(load))
    text = head + "\n".join(texts) + "\n"
    out = arguments.out or (None if arguments.only else RESULTS)
    if out is None:
        print(text)
    else:
        write_whole(out, text)
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _shell(quick: bool) -> str:
    """Cold starts from the shell, and models that grow; missed targets are told."""
    rows: list[Row] = []
    for found in (cold.rows(quick=quick), engine.rows(quick=quick)):
        rows += _told(found)
    for row in rows:
        if row.target is not None and row.median >= row.target:
            _tell(f"Missed: {row.work}: {shown_time(row.median)}, target {shown_time(row.target)}")
    return "\n".join(lines_of(rows))


def _told(rows: Iterable[Row]) -> Sequence[Row]:
    out: list[Row] = []
    for row in rows:
        _tell(f"{shown_time(row.median):>9}  {row.work}  {row.note}")
        out.append(row)
    return out


def write_whole(path: Path, text: str) -> None:
    """Put `text` in the place of `path` in one step."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
