"""Tables in files, CSV and Parquet, read in chunks from any place.

A CSV file is UTF-8 text with commas and a header line; blank lines are no rows.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false
from __future__ import annotations

import csv
import io
import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from ._cli_input import BadInput

FORMATS = (".csv", ".parquet")
MAX_LINE = 16_000_000
"""Longest line of a CSV file, in bytes."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chunk begins.

    Attributes:
        row: rows before it.
        offset, line: in a CSV file, bytes and lines before it.
    """

    row: int = 0
    offset: int = 0
    line: int = 0


@dataclass(frozen=True)
class Chunk:
    """Some rows of a table.

    Attributes:
        count: how many.
        after: where the next chunk begins.
        column: the cells of one column: texts, or an Arrow array.
        where: what to call a row (counted from 0 in the chunk) in a message.
        lines: the rows as lines of CSV, without line ends.
        table: the rows as an Arrow table.
    """

    count: int
    after: Place
    column: Callable[[str], Any]
    where: Callable[[int], str]
    lines: Callable[[], list[str]]
    table: Callable[[], Any]


class Source(Protocol):
    """A table in a file."""

    @property
    def path(self) -> str: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def header(self) -> str:
        """The names as a line of CSV."""
        ...

    @property
    def line_end(self) -> str: ...
    @property
    def start(self) -> Place: ...
    def chunks(self, place: Place, size: int, names: Sequence[str] | None = None) -> Iterator[Chunk]:
        """Chunks of `size` rows (the last one may be shorter), of some columns or of all."""
        ...

    def share(self, place: Place) -> float:
        """About how much of the file lies before a place."""
        ...

    def schema(self) -> Any:
        """Of the Arrow tables."""
        ...


def open_source(path: str, option: str = "--rows") -> Source:
    """The table in a file that was named with `option`.

    Raises:
        BadInput: there is no such file, it is of another format, or it is damaged.
    """
    check_format(path, option)
    if not os.path.isfile(path):
        what = "is a folder" if os.path.isdir(path) else "is not there"
        raise BadInput(f"{option} {path}: the file {what}. Give a .csv or .parquet file.")
    try:
        return CsvSource(path) if path.lower().endswith(".csv") else ParquetSource(path)
    except OSError as wrong:
        raise BadInput(f"{option} {path} cannot be read ({wrong.strerror or wrong}).") from None


def check_format(path: str, option: str) -> None:
    """That a file name ends in a format that can be read and written.

    Raises:
        BadInput: another ending, or Parquet without pyarrow.
    """
    if not path.lower().endswith(FORMATS):
        raise BadInput(f"{option} {path}: the name must end in .csv or .parquet, which says how it is written.")
    if path.lower().endswith(".parquet"):
        try:
            import pyarrow.parquet  # noqa: F401  # pyright: ignore[reportUnusedImport]
        except ImportError:
            raise BadInput(
                f"{option} {path}: Parquet needs pyarrow. Install it (pip install 'twinworld[rows]'), or use .csv."
            ) from None


def _check_names(path: str, names: Sequence[str]) -> None:
    name, times = Counter(names).most_common(1)[0] if names else ("", 0)
    if times > 1:
        raise BadInput(f"{path} has more than one column named {name!r}. Rename or drop all but one.")


# ---------------------------------------------------------------------------------------------------------------------
# CSV


@dataclass
class _Lines:
    """The lines of a file from a place on, as text; keeps those not yet asked for by `take`."""

    path: str
    file: io.BufferedReader
    place: Place
    held: list[str] = field(default_factory=lambda: [])
    size: int = 0

    def __iter__(self) -> Iterator[str]:
        while raw := self.file.readline(MAX_LINE):
            self.size += len(raw)
            number = self.place.line + len(self.held) + 1
            if len(raw) == MAX_LINE:
                raise BadInput(f"{self.path}, line {number} is longer than {MAX_LINE:,} bytes; is it a table?")
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError as wrong:
                raise BadInput(
                    f"{self.path}, line {number} is not UTF-8 text: byte 0x{raw[wrong.start]:02x}. Save it as UTF-8."
                ) from None
            self.held.append(text)
            yield text

    def at_end(self) -> bool:
        """Whether the file has no more lines."""
        return not self.file.peek(1)


class CsvSource:
    """A CSV file with a header line."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.bytes = os.path.getsize(path)
        with open(path, "rb") as file:
            start = 3 if file.peek(3)[:3] == b"\xef\xbb\xbf" else 0
            file.seek(start)
            lines = _Lines(path, file, Place())
            cells: list[str] = next((cells for cells in self._records(lines) if cells), [])
        if not cells:
            raise BadInput(f"{path} is empty; a first line with the names of the columns is wanted.")
        cells = [name.strip() for name in cells]
        if len(cells) == 1 and (";" in cells[0] or "\t" in cells[0]):
            raise BadInput(f"{path} has one column, {cells[0]!r}; cells are to be separated by commas.")
        _check_names(path, cells)
        text = "".join(lines.held)
        self.names = tuple(cells)
        self.line_end = "\r\n" if text.endswith("\r\n") else "\n"
        self.header = text.strip("\r\n")
        self.start = Place(0, start + lines.size, len(lines.held))

    def _records(self, lines: _Lines) -> Iterator[list[str]]:
        reader = csv.reader(iter(lines), strict=True)
        try:
            yield from reader
        except csv.Error as wrong:
            number = lines.place.line + len(lines.held)
            if "unexpected end" in str(wrong):
                raise BadInput(
                    f"{self.path}, line {number}: a quoted cell does not end. The file seems to have been cut off."
                ) from None
            raise BadInput(f"{self.path}, line {number} cannot be read as CSV: {wrong}.") from None

    def chunks(self, place: Place, size: int, names: Sequence[str] | None = None) -> Iterator[Chunk]:
        """See `Source`."""
        with open(self.path, "rb") as file:
            file.seek(place.offset)
            while True:
                chunk = self._plain(file, place, size)
                if chunk is None:
                    file.seek(place.offset)
                    chunk = self._any(file, place, size)
                if not chunk.count:
                    return
                yield chunk
                place = chunk.after

    def _plain(self, file: io.BufferedReader, place: Place, size: int) -> Chunk | None:
        """A chunk in which every line is one row, read without a look at single lines; None where that is not so."""
        raw = list(itertools.islice(iter(partial(file.readline, MAX_LINE), b""), size))
        data = b"".join(raw)
        if b'"' in data or max(map(len, raw), default=0) == MAX_LINE:
            return None
        try:
            lines = data.decode("utf-8").split("\n")[: len(raw)]
            records = list(csv.reader(lines, strict=True))
        except (UnicodeDecodeError, csv.Error):
            return None
        if len(records) != len(raw) or not set(map(len, records)) <= {len(self.names)}:
            return None
        after = Place(place.row + len(raw), place.offset + len(data), place.line + len(raw))
        return self._chunk(place, after, records, lambda: [line.rstrip("\r") for line in lines], lambda i: i + 1)

    def _any(self, file: io.BufferedReader, place: Place, size: int) -> Chunk:
        """A chunk with quoted cells over several lines, blank lines, or a fault, which is reported."""
        lines = _Lines(self.path, file, place)
        records: list[list[str]] = []
        ends = [0]
        for cells in self._records(lines):
            if cells:
                records.append(cells)
                ends.append(len(lines.held))
                if len(cells) != len(self.names):
                    raise self._misfit(lines, len(cells))
                if len(records) == size:
                    break

        def texts() -> list[str]:
            return ["".join(lines.held[a:b]).strip("\r\n") for a, b in itertools.pairwise(ends)]

        after = Place(place.row + len(records), place.offset + lines.size, place.line + len(lines.held))
        return self._chunk(place, after, records, texts, lambda i: ends[i + 1])

    def _misfit(self, lines: _Lines, cells: int) -> BadInput:
        number = lines.place.line + len(lines.held)
        cut = " It is the last line: the file seems to have been cut off." if lines.at_end() else ""
        return BadInput(
            f"{self.path}, line {number} has {cells} cells, but the first line names {len(self.names)} columns.{cut}"
        )

    def _chunk(
        self,
        place: Place,
        after: Place,
        records: list[list[str]],
        lines: Callable[[], list[str]],
        line_of: Callable[[int], int],
    ) -> Chunk:
        at = {name: i for i, name in enumerate(self.names)}

        def column(name: str) -> list[str]:
            i = at[name]
            return [cells[i] for cells in records]

        def table() -> Any:
            import pyarrow

            columns = [pyarrow.array(column(name), pyarrow.string()) for name in self.names]
            return pyarrow.table(columns, schema=self.schema())

        def where(i: int) -> str:
            return f"{self.path}, line {place.line + line_of(i)}"

        return Chunk(len(records), after, column, where, lines, table)

    def share(self, place: Place) -> float:
        """See `Source`."""
        return place.offset / max(self.bytes, 1)

    def schema(self) -> Any:
        """Every column as text."""
        import pyarrow

        return pyarrow.schema([(name, pyarrow.string()) for name in self.names])

    def unended(self) -> bool:
        """Whether the last line has no line end, as in a file that was cut off."""
        with open(self.path, "rb") as file:
            file.seek(max(self.bytes - 1, 0))
            return file.read(1) not in (b"\n", b"\r")


# ---------------------------------------------------------------------------------------------------------------------
# Parquet


class ParquetSource:
    """A Parquet file."""

    line_end = "\n"
    start = Place()

    def __init__(self, path: str) -> None:
        import pyarrow
        from pyarrow import parquet

        self.path = path
        try:
            # Buffered ahead, the bytes of the whole file would pile up in memory.
            self.file = parquet.ParquetFile(path, pre_buffer=False)
        except pyarrow.ArrowInvalid as wrong:
            raise BadInput(
                f"{path} is no whole Parquet file: it has been cut off or damaged, or is another kind. "
                f"({_first_line(wrong)})"
            ) from None
        self.names = tuple(str(name) for name in self.file.schema_arrow.names)
        _check_names(path, self.names)
        self.rows = int(self.file.metadata.num_rows)
        self.header = csv_lines([self.names])[0]

    def chunks(self, place: Place, size: int, names: Sequence[str] | None = None) -> Iterator[Chunk]:
        """See `Source`."""
        import pyarrow

        row, held = place.row, None
        for batch in self._batches(row, size, names):
            part = pyarrow.Table.from_batches([batch])
            held = part if held is None else pyarrow.concat_tables([held, part])
            while held.num_rows >= size:
                yield self._chunk(row, held.slice(0, size))
                row, held = row + size, held.slice(size)
        if held is not None and held.num_rows:
            yield self._chunk(row, held)

    def _batches(self, row: int, size: int, names: Sequence[str] | None) -> Iterator[Any]:
        import pyarrow

        meta, first = self.file.metadata, 0
        while first < meta.num_row_groups and row >= meta.row_group(first).num_rows:
            row -= meta.row_group(first).num_rows
            first += 1
        if first == meta.num_row_groups:
            return
        groups = list(range(first, meta.num_row_groups))
        try:
            for read in self.file.iter_batches(batch_size=size, row_groups=groups, columns=names):
                batch = read.slice(min(row, read.num_rows))
                row = max(row - read.num_rows, 0)
                if batch.num_rows:
                    yield batch
        except (pyarrow.ArrowException, OSError) as wrong:
            raise BadInput(f"{self.path} is damaged: {_first_line(wrong)}.") from None

    def _chunk(self, row: int, table: Any) -> Chunk:
        after = Place(row + table.num_rows)

        def lines() -> list[str]:
            return csv_lines(zip(*(column.to_pylist() for column in table.columns), strict=True))

        def where(i: int) -> str:
            return f"{self.path}, row {row + i + 1}"

        return Chunk(table.num_rows, after, table.column, where, lines, lambda: table)

    def share(self, place: Place) -> float:
        """See `Source`."""
        return place.row / max(self.rows, 1)

    def schema(self) -> Any:
        """As in the file."""
        return self.file.schema_arrow


def _first_line(wrong: Exception) -> str:
    return str(wrong).partition("\n")[0].rstrip(".")


def csv_lines(rows: Any) -> list[str]:
    """Rows as lines of CSV, without line ends."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    lines: list[str] = []
    for row in rows:
        writer.writerow(row)
        lines.append(out.getvalue()[:-1])
        out.seek(0)
        out.truncate()
    return lines
