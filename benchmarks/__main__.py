"""`python -m benchmarks`: measure everything and write benchmarks/RESULTS.md, whole or not at all."""

from __future__ import annotations

import argparse
import datetime
import os
import sys
from pathlib import Path

from . import cold, engine, peers
from ._measure import Row, Wrong, machine, shown_time, table

RESULTS = Path(__file__).with_name("RESULTS.md")
HEAD = """\
# Speed

Written by `python -m benchmarks`{quick}. Do not edit: run it again. The median decides whether a target is met.

{date}: {machine}.
"""


def main() -> int:
    """Run every part; 1 where an answer is wrong. A missed target is told, but depends on the machine."""
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs and smaller work, for a look")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where to write (default: benchmarks/RESULTS.md)")
    arguments = parser.parse_args()
    rows: list[Row] = []
    load = os.getloadavg()[0]
    try:
        for part in (cold, engine, peers):
            for row in part.rows(quick=arguments.quick):
                rows.append(row)
                print(f"{shown_time(row.median):>9}  {row.work}  {row.note}", file=sys.stderr, flush=True)
    except Wrong as wrong:
        print(f"Nothing was written. {wrong}", file=sys.stderr)
        return 1
    quick = " --quick" if arguments.quick else ""
    today = datetime.date.today().isoformat()
    write_whole(arguments.out, HEAD.format(quick=quick, date=today, machine=machine(load)) + table(rows) + "\n")
    missed = [row for row in rows if row.target is not None and row.median >= row.target]
    for row in missed:
        print(f"Missed: {row.work}: {shown_time(row.median)}, target {shown_time(row.target or 0)}", file=sys.stderr)
    return 0


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
