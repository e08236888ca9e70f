"""`twinworld query --rows FILE --out FILE`: one question of every row of a table, chunk by chunk.

The output is put together from the results of finished chunks (see `_row_parts`) and moved into place as a whole.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scm import (
    Answer,
    Domain,
    InvalidRows,
    Model,
    Query,
    Real,
    ask,
    encode_text,
    numbers_from_text,
    print_query,
    read_ahead,
    result_columns,
    row_variables,
)

from ._cli_input import BadInput, check_output
from ._cli_print import as_json, optioned
from ._guard import visible
from ._row_files import Chunk, CsvSource, Source, check_format, open_source
from ._row_output import put_together
from ._row_parts import NoAnswer, Results, keep, kept, parts_folder

CHUNK = 65_536
"""Rows that are worked on, and kept, at once."""

NAMED = 10
"""Rows that were refused and are named; the rest are counted."""
_ROW = re.compile(r"\b([Rr]ow )(\d+)\b")

REDRAW, REPORT = 0.1, 10.0
"""Seconds between two drawings on a terminal, and between two lines elsewhere."""


@dataclass(frozen=True)
class _Run:
    """One question of one table."""

    model: Model
    query: Query
    source: Source
    variables: Mapping[str, str]
    arguments: argparse.Namespace

    @property
    def size(self) -> int:
        """Rows in a chunk."""
        return self.arguments.chunk or CHUNK


def run_rows(arguments: argparse.Namespace, model: Model, query: Query) -> int:
    """Answer a query for every row of a file and write the results.

    Returns:
        The exit status: 0, 3 where every row was refused, 130 where the run was interrupted.

    Raises:
        BadInput: the files cannot be used; ScmError: the question cannot be meant.
    """
    run = _checked(arguments, model, query)
    progress = _Progress(shown=not arguments.no_progress)
    out: str = arguments.out
    asked, refused_rows = _manifest(run), _RefusedRows()
    try:
        with parts_folder(out, asked) as folder:
            counts = _answered(run, folder, progress, refused_rows)
            if set(counts) == {"refused"}:
                raise NoAnswer(refused_rows.reasons_text)
            _finished(run, folder, asked["rows"])
    except KeyboardInterrupt:
        progress.end()
        said = f"{progress.done:,} rows are done and kept in {out}.part. The same command goes on from there"
        print(f"twinworld: interrupted; {said if progress.done else 'no chunk was finished'}.", file=sys.stderr)
        return 130
    except NoAnswer as refused:
        progress.end()
        print(visible(f"twinworld: no method can work out {print_query(query)}.\n{refused}"), file=sys.stderr)
        return 3
    progress.end()
    if counts["refused"]:
        print(visible(refused_rows.text(counts["refused"], sum(counts.values()))), file=sys.stderr)
    if arguments.json:
        print(as_json({"out": out, "rows": sum(counts.values()), "status": dict(counts)}))
    else:
        said = ", ".join(f"{n:,} {status}" for status, n in counts.items()) or "none"
        print(f"{sum(counts.values()):,} rows ({said}) are in {out}.")
    return 0


def _checked(arguments: argparse.Namespace, model: Model, query: Query) -> _Run:
    check_format(arguments.out, "--out")
    check_output(arguments.out)
    source = open_source(arguments.rows)
    if os.path.exists(arguments.out) and os.path.samefile(arguments.rows, arguments.out):
        raise BadInput(f"--out {arguments.out} is the file the rows come from. Name another.")
    variables = row_variables(query, source.names, domains_of(model), arguments.ignore)
    if not variables:
        raise BadInput(f"No column of {source.path} means anything to the question. Leave --rows out to ask it once.")
    if isinstance(source, CsvSource) and source.unended():
        print(
            f"twinworld: the last line of {source.path} has no line end. If it was cut off, its last row is wrong.",
            file=sys.stderr,
        )
    return _Run(model, query, source, variables, arguments)


def _manifest(run: _Run) -> dict[str, Any]:
    """What the finished chunks are the results of."""
    arguments = run.arguments
    return {
        "rows": _fingerprint(run.source.path),
        "query": print_query(run.query),
        "model": hashlib.sha256(run.model.to_json().encode()).hexdigest(),
        "assume": list(arguments.assume),
        "ignore": sorted(arguments.ignore),
        "budget": arguments.budget,
        "seed": arguments.seed,
        "chunk": run.size,
        "version": _version(),
    }


def _fingerprint(path: str) -> dict[str, Any]:
    file = os.stat(path)
    with open(path, "rb") as rows:
        head = hashlib.sha256(rows.read(1 << 20)).hexdigest()
    return {"size": file.st_size, "changed": file.st_mtime_ns, "head": head}


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("twinworld")
    except PackageNotFoundError:
        return "source"


def _finished(run: _Run, folder: str, before: Mapping[str, Any]) -> None:
    """The output, moved into place when it is whole."""
    whole = os.path.join(folder, "whole" + os.path.splitext(run.arguments.out)[1].lower())
    empty = result_columns(_ask(run, {name: [] for name in run.variables}))
    put_together(run.source, folder, empty, whole, run.size)
    if before != _fingerprint(run.source.path):
        raise BadInput(f"{run.source.path} has changed while it was read. Ask again once it is at rest.")
    os.replace(whole, run.arguments.out)


def _answered(run: _Run, folder: str, progress: _Progress, refused: _RefusedRows) -> Counter[str]:
    """Every chunk answered and kept; how many rows have which status."""
    counts: Counter[str] = Counter()
    number, place = 0, run.source.start
    for results, place in kept(folder):  # noqa: B007  # the last place is where to go on
        counts.update(_statuses(results))
        number += 1
    progress.begin(place.row, run.source.share(place))
    for chunk in read_ahead(run.source.chunks(place, run.size, list(run.variables))):
        answer = _answer(run, chunk)
        refused.add(answer, chunk.after.row - len(answer.status))
        results = result_columns(answer)
        keep(folder, number, results, chunk.after)
        counts.update(_statuses(results))
        number += 1
        progress.step(chunk.after.row, run.source.share(chunk.after))
    return counts


def _statuses(results: Results) -> list[str]:
    return results["status"].tolist()


def _answer(run: _Run, chunk: Chunk) -> Answer:
    """The answer for every row of a chunk.

    Raises:
        BadInput: a cell does not fit; its place in the file is named.
        NoAnswer: no row of any table could be answered, with the reasons.
    """
    domains = domains_of(run.model)
    try:
        rows = {name: chunk.column(name) for name in run.variables}
        if isinstance(run.source, CsvSource):
            rows = {name: _read(name, v, rows[name], domains[v]) for name, v in run.variables.items()}
        answer = _ask(run, rows, chunk.after.row)
    except InvalidRows as wrong:
        if wrong.row is None:
            raise
        raise BadInput(f"{chunk.where(wrong.row - 1)}, {wrong.problem}") from None
    if answer.finding == "refused" and not len(answer.status):
        raise NoAnswer("\n".join(f"  {solver}: {optioned(reason)}" for solver, reason in answer.refusals))
    return answer


class _RefusedRows:
    """The first rows that were refused in this run, and why."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.reasons: dict[tuple[str, str], str] = {}

    def add(self, answer: Answer, before: int) -> None:
        """Those of one chunk, `before` whose first row there are so many."""
        if not answer.refusals:
            return
        at = [before + k + 1 for k, status in enumerate(answer.status) if status == "refused"]
        self.rows += at[: max(NAMED - len(self.rows), 0)]
        for solver, reason in answer.refusals:
            # Chunks count their rows from 1; the same reason is told once, whichever row it names.
            own = _ROW.sub(lambda found: f"{found[1]}{int(found[2]) + before:,}", reason)
            self.reasons.setdefault((solver, _ROW.sub(r"\1", reason)), own)

    @property
    def reasons_text(self) -> str:
        """One line a reason."""
        return "\n".join(f"  {solver}: {optioned(reason)}" for (solver, _), reason in self.reasons.items())

    def text(self, count: int, rows: int) -> str:
        """How many rows were refused, the first of them, and why."""
        which = f"row{'s' * (len(self.rows) > 1)} {', '.join(f'{row:,}' for row in self.rows)}"
        first = f" ({which}{', ...' * (count > len(self.rows))})" if self.rows else ""
        why = f" by every method:\n{self.reasons_text}" if self.reasons else " before this run was taken up again."
        return f"twinworld: {count:,} of {rows:,} rows were refused{first}{why}"


def domains_of(model: Model) -> Mapping[str, Domain]:
    """What every variable can be."""
    return {v.name: model.domains[v.name] for v in model.variables}


def _read(name: str, variable: str, cells: list[str], domain: Domain) -> object:
    """A column of text as states, or as numbers."""
    if isinstance(domain, Real):
        return numbers_from_text(name, variable, cells, domain)
    return encode_text(name, variable, cells, domain)


def _ask(run: _Run, rows: Mapping[str, object], place: int = 0) -> Answer:
    arguments = run.arguments
    seed: int | None = arguments.seed
    if seed is not None and not run.model.is_finite:
        # Draws of their own for every chunk: errors that all chunks shared would not average out.
        seed = int.from_bytes(hashlib.sha256(f"{seed} {place}".encode()).digest()[:7], "big")
    return ask(run.model, run.query, rows=rows, assume=tuple(arguments.assume), budget=arguments.budget, key=seed)


# ---------------------------------------------------------------------------------------------------------------------
# Progress


class _Progress:
    """How far a run has come, on standard error: one line that is redrawn on a terminal, plain lines elsewhere."""

    def __init__(self, shown: bool) -> None:
        self.shown = shown
        self.terminal = shown and sys.stderr.isatty()
        self.done = self.first = self.width = 0
        self.share = self.first_share = 0.0
        self.began = self.last = time.monotonic()

    def begin(self, done: int, share: float) -> None:
        """Start to count, after what an earlier run has done."""
        self.done = self.first = done
        self.share = self.first_share = share
        self.began = self.last = time.monotonic()
        if done:
            self._print(f"{done:,} rows are done already and are kept.\n")

    def step(self, done: int, share: float) -> None:
        """One more chunk is done."""
        self.done, self.share = done, share
        if time.monotonic() - self.last >= (REDRAW if self.terminal else REPORT):
            self._show()

    def end(self) -> None:
        """End the line that was drawn."""
        if self.terminal and self.width:
            self._show()
            self._print("\n")

    def _show(self) -> None:
        self.last = time.monotonic()
        seconds = max(self.last - self.began, 1e-9)
        left = seconds * (1 - self.share) / max(self.share - self.first_share, 1e-9)
        rate = (self.done - self.first) / seconds
        line = f"{self.done:,} rows ({self.share:.0%}), {rate:,.0f} rows/s, {_duration(left)} left"
        self._print(f"\r{line.ljust(self.width)}" if self.terminal else f"{line}\n")
        self.width = len(line)

    def _print(self, text: str) -> None:
        if not self.shown:
            return
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:
            self.shown = False  # nobody reads any more; the run itself goes on


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}" if minutes else f"{rest} s"
