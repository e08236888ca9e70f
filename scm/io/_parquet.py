"""Parquet files in record batches: constant memory, whatever their length."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from .._errors import InvalidFile, InvalidRows, MissingPackage, listing

BATCH = 1 << 18
"""Rows that are decoded at once."""


def parquet_batches(
    path: str | os.PathLike[str], columns: Sequence[str] | None = None, size: int = BATCH
) -> Iterator[Any]:
    """The record batches of a Parquet file, as Arrow tables of `size` rows at most.

    Args:
        path: of the file.
        columns: which to decode; by default all.
        size: rows at once.

    Raises:
        InvalidFile: it is not there, no Parquet file, cut off or damaged.
        InvalidRows: a column is not in it.
        MissingPackage: pyarrow is not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingPackage("pyarrow", "rows", "A Parquet file is read with pyarrow") from None
    name = os.fspath(path)
    if not os.path.isfile(name):
        raise InvalidFile(f"{name}: the file {'is a folder' if os.path.isdir(name) else 'is not there'}.")
    try:
        # Buffered ahead, the bytes of the whole file would pile up in memory.
        file = parquet.ParquetFile(name, pre_buffer=False)
    except (pyarrow.ArrowException, OSError) as wrong:
        raise InvalidFile(
            f"{name} is no whole Parquet file: it has been cut off or damaged, or is another kind. "
            f"({_first_line(wrong)})"
        ) from None
    names = file.schema_arrow.names
    for column in columns or ():
        if column not in names:
            raise InvalidRows(f"There is no column {column!r} in {name}; it has {listing(names)}.")
    with file:
        try:
            for batch in file.iter_batches(batch_size=size, columns=None if columns is None else list(columns)):
                yield pyarrow.Table.from_batches([batch])
        except (pyarrow.ArrowException, OSError) as wrong:
            raise InvalidFile(f"{name} is damaged: {_first_line(wrong)}.") from None


def _first_line(wrong: Exception) -> str:
    return str(wrong).partition("\n")[0].rstrip(".")
