"""The output of a run over rows: every row as it came, with the columns of its answer beside it."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from scm import arrow_column

from ._guard import visible
from ._row_files import Source, csv_lines
from ._row_parts import Results, kept

_ENDINGS = ("lower", "upper", "outer_lower", "outer_upper", "standard_error", "monte_carlo_error", "status")


def put_together(source: Source, folder: str, empty: Results, path: str, size: int) -> None:
    """Write the rows with what was kept of each chunk.

    Args:
        source: the rows. A line of CSV goes into a CSV file as it is written.
        folder: where the results of every chunk are kept.
        empty: the results of no rows, which name the columns where there are none.
        path: the file to write; its ending says how.
        size: rows in a chunk.

    Raises:
        BadInput: the rows cannot be read to their end.
    """
    # One chunk may have values where another has bounds.
    seen = dict.fromkeys(name for results, _ in kept(folder, names_only=True) for name in results) or dict.fromkeys(
        empty
    )
    names = sorted(seen, key=_rank)
    prefix = ""
    while any(prefix + name in source.names for name in names):
        prefix += "answer_"
    if prefix:
        said = ", ".join(prefix + name for name in (names[0], names[-1]))
        told = f"twinworld: the rows have columns named as results are; those are named {said}."
        print(visible(told), file=sys.stderr)
    parts = ([_column(results, name) for name in names] for results, _ in kept(folder))
    write = _write_csv if path.endswith(".csv") else _write_parquet
    write(source, parts, [prefix + name for name in names], path, size)


def _rank(name: str) -> int:
    return next((i for i, end in enumerate(_ENDINGS, 1) if name == end or name.endswith(" " + end)), 0)


def _column(results: Results, name: str) -> np.ndarray[Any, Any]:
    """A column of results; where a value was found there are no bounds, and it is both ends."""
    if name in results:
        return results[name]
    head, _, end = name.rpartition(" ")
    value = results[head or "value"]
    return np.ma.MaskedArray(np.full(len(value), np.nan), mask=True) if end.endswith("_error") else value


Parts = Iterator[list[np.ndarray[Any, Any]]]


def _write_csv(source: Source, parts: Parts, names: Sequence[str], path: str, size: int) -> None:
    end = source.line_end
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(f"{source.header},{csv_lines([names])[0]}{end}")
        for chunk, part in zip(source.chunks(source.start, size), parts, strict=True):
            columns = [_printed(column) for column in part]
            file.writelines(f"{','.join(row)}{end}" for row in zip(chunk.lines(), *columns, strict=True))


def _printed(column: np.ndarray[Any, Any]) -> list[str]:
    values: list[Any] = column.tolist()
    return ["" if value is None else value if isinstance(value, str) else repr(value) for value in values]


def _write_parquet(source: Source, parts: Parts, names: Sequence[str], path: str, size: int) -> None:
    import pyarrow
    from pyarrow import parquet

    schema = source.schema()
    for name in names:
        kind = pyarrow.string() if name.endswith("status") else pyarrow.float64()
        schema = schema.append(pyarrow.field(name, kind))
    with parquet.ParquetWriter(path, schema) as writer:
        for chunk, part in zip(source.chunks(source.start, size), parts, strict=True):
            results = [arrow_column(column) for column in part]
            writer.write_table(pyarrow.table([*chunk.table().columns, *results], schema=schema))
