"""Tables as they come: mappings of columns, records, pandas and polars frames, Arrow tables; results in the same kind.

None of those libraries is imported here: whoever hands in a frame has imported its library already.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set, Sized
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from ._errors import InvalidRows


@dataclass(frozen=True)
class Encoded:
    """A column as positions among its distinct values, like a pandas categorical or an Arrow dictionary.

    Attributes:
        codes: for each row a position in `values`; -1 where nothing was observed.
        values: the distinct values.

    Raises:
        InvalidRows: a position that is none.
    """

    codes: NDArray[np.intp]
    values: Sequence[object]

    def __post_init__(self) -> None:
        """Check that every code is a position."""
        if len(self.codes) and not -1 <= int(self.codes.min()) <= int(self.codes.max()) < len(self.values):
            raise InvalidRows(
                f"The codes of an Encoded column run from -1 to {len(self.values) - 1}, its values' places."
            )

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True)
class Numbers:
    """A column of truth values, whole numbers or floats; `missing` where a cell is empty (NaN counts as empty too)."""

    values: NDArray[Any]
    missing: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Labels:
    """A column of text or bytes of fixed width."""

    values: NDArray[Any]


@dataclass(frozen=True)
class Cells:
    """A column of Python values."""

    values: list[object]


Column: TypeAlias = Encoded | Numbers | Labels | Cells


@dataclass(frozen=True)
class Frame:
    """A table: its names in order, how many rows, and what holds each column; columns are read when asked for."""

    names: tuple[str, ...]
    count: int | None
    source: Any

    def column(self, name: str) -> Column:
        """The column `name`.

        Raises:
            InvalidRows: it is no list of values.
        """
        if library(self.source) == "pyarrow":
            return column_of(name, self.source.column(self.names.index(name)))
        return column_of(name, self.source[name])


def library(value: object) -> str:
    """Which of the data-frame libraries a value comes from, or ''."""
    for cls in type(value).__mro__:
        root = cls.__module__.partition(".")[0]
        if root in ("pandas", "polars", "pyarrow"):
            return root
    return ""


@dataclass(frozen=True)
class FrameKind:
    """What kind of table rows came in: enough to make another one, none of the data.

    Attributes:
        library: `pandas`, `polars`, `pyarrow`, `records` (a list of dicts) or `mapping` (of columns).
        index: of a pandas frame.
    """

    library: str
    index: Any = None


def kind_of(rows: object) -> FrameKind | None:
    """The kind of table that `rows` is; None for none."""
    if rows is None:
        return None
    if found := library(rows):
        return FrameKind(found, getattr(rows, "index", None) if found == "pandas" else None)
    return FrameKind("mapping" if isinstance(rows, Mapping) else "records")


def frame_of(rows: object) -> Frame:
    """A table of any of the kinds that are understood.

    Raises:
        InvalidRows: another kind of thing, or two columns of one name.
    """
    kind = library(rows)
    table = cast(Any, rows)
    if kind == "pandas" and hasattr(rows, "columns"):
        frame = Frame(tuple(table.columns), len(table), table)
    elif kind == "polars" and hasattr(rows, "height"):
        frame = Frame(tuple(table.columns), int(table.height), table)
    elif kind == "pyarrow" and hasattr(rows, "num_rows"):
        frame = Frame(tuple(table.schema.names), int(table.num_rows), table)
    elif isinstance(rows, Mapping):
        frame = Frame(tuple(rows), None, table)
    elif not kind and isinstance(rows, Sequence) and not isinstance(rows, (str, bytes)):
        frame = _of_records(cast("Sequence[object]", rows))
    else:
        lazy = " Collect it first: rows=frame.collect()." if hasattr(rows, "collect") else ""
        raise InvalidRows(
            f"Rows are a mapping of columns, a list of dicts, a pandas or polars DataFrame or an Arrow table, "
            f"got {type(rows).__name__}.{lazy}"
        )
    if len(set(frame.names)) < len(frame.names):
        name = Counter(frame.names).most_common(1)[0][0]
        raise InvalidRows(f"The rows have more than one column named {name!r}. Rename or drop all but one.")
    return frame


def _of_records(records: Sequence[object]) -> Frame:
    names: dict[str, None] = {}
    for i, record in enumerate(records):
        if not isinstance(record, Mapping):
            raise InvalidRows(
                f"Row {i + 1} of the list is {type(record).__name__}; a dict of names and values is wanted."
            )
        names.update(dict.fromkeys(cast("Mapping[str, object]", record)))
    rows = cast("Sequence[Mapping[str, object]]", records)
    return Frame(tuple(names), len(rows), {name: [row.get(name) for row in rows] for name in names})


def column_of(name: str, raw: object) -> Column:
    """One column, whatever holds it.

    Raises:
        InvalidRows: it is no list of values, or an array of another dimension or kind.
    """
    if isinstance(raw, Encoded):
        return raw
    reader = {"pandas": _of_pandas, "polars": _of_polars, "pyarrow": _of_arrow}.get(library(raw))
    if reader is not None and hasattr(raw, "__len__"):
        return reader(name, raw)
    if isinstance(raw, np.ndarray) or (hasattr(raw, "__array__") and hasattr(raw, "dtype")):
        return _of_array(name, cast("NDArray[Any]", raw) if isinstance(raw, np.ndarray) else np.asarray(raw))
    if not isinstance(raw, (Sized, Iterable)) or isinstance(raw, (str, bytes, Mapping, Set)):
        raise InvalidRows(f"The column {name!r} is {type(raw).__name__}; a list of values is wanted.")
    if not (isinstance(raw, Sized) and isinstance(raw, Iterable)):
        raise InvalidRows(f"The column {name!r} is {type(raw).__name__}; make it a list of values first.")
    return Cells(cast("list[object]", raw) if isinstance(raw, list) else list(cast("Iterable[object]", raw)))


def _masked(raw: NDArray[Any]) -> bool:
    # A plain array says so itself; to ask otherwise loads numpy.ma, as slow as all else in a small question.
    return type(raw) is not np.ndarray and isinstance(raw, np.ma.MaskedArray)


def _of_array(name: str, raw: NDArray[Any]) -> Column:
    if raw.ndim != 1:
        raise InvalidRows(f"The column {name!r} is an array of shape {raw.shape}; one value a row is wanted.")
    if raw.dtype.kind in "biuf":
        if _masked(raw):
            return Numbers(np.ma.getdata(raw), np.ma.getmaskarray(raw))
        return Numbers(raw)
    if raw.dtype.kind in "US" and not _masked(raw):
        return Labels(raw)
    if raw.dtype.kind in "OTUS":
        return Cells(raw.tolist())
    raise InvalidRows(f"The column {name!r} is an array of {raw.dtype}; numbers, truth values or text are wanted.")


def _of_pandas(name: str, raw: Any) -> Column:
    if getattr(raw, "ndim", 1) != 1:
        raise InvalidRows(f"The column {name!r} is a table of its own; one value a row is wanted.")
    if isinstance(raw.dtype, np.dtype):
        return _of_array(name, raw.to_numpy())
    codes, values = raw.factorize()
    return Encoded(np.asarray(codes, dtype=np.intp), list(values))


def _of_polars(name: str, raw: Any) -> Column:
    kind = raw.dtype
    if (kind.is_numeric() and not kind.is_decimal()) or str(kind) == "Boolean":
        empty = raw.is_null().to_numpy() if raw.null_count() else None
        return Numbers((raw if empty is None else raw.fill_null(strategy="zero")).to_numpy(), empty)
    if str(kind).partition("(")[0] not in ("String", "Categorical", "Enum"):
        return Cells(raw.to_list())
    import polars  # the frame's own library, so it is there

    text = raw.cast(polars.String)
    values = text.drop_nulls().unique(maintain_order=True)
    codes = text.cast(polars.Enum(values)).to_physical().cast(polars.Int64).fill_null(-1)
    return Encoded(codes.to_numpy().astype(np.intp), values.to_list())


def _of_arrow(name: str, raw: Any) -> Column:
    import pyarrow

    if isinstance(raw, pyarrow.ChunkedArray):
        raw = raw.unify_dictionaries().combine_chunks() if raw.num_chunks != 1 else raw.chunk(0)
    if isinstance(raw, pyarrow.ChunkedArray):  # of no chunks
        raw = pyarrow.concat_arrays(raw.chunks) if raw.num_chunks else pyarrow.array([], raw.type)
    types, kind = pyarrow.types, raw.type
    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind):
        empty = raw.is_null().to_numpy(zero_copy_only=False) if raw.null_count else None
        filled = raw if empty is None else raw.fill_null(False if types.is_boolean(kind) else 0)
        return Numbers(filled.to_numpy(zero_copy_only=False), empty)
    if types.is_null(kind):
        return Encoded(np.full(len(raw), -1, dtype=np.intp), ())
    if not types.is_dictionary(kind):
        if not (types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)):
            return Cells(raw.to_pylist())
        raw = raw.dictionary_encode()
    codes = raw.indices.fill_null(-1) if types.is_signed_integer(raw.indices.type) else raw.indices
    values: list[object] = raw.dictionary.to_pylist()
    if codes.null_count:  # unsigned positions have no -1
        codes = codes.cast(pyarrow.int64()).fill_null(-1)
    return Encoded(codes.to_numpy(zero_copy_only=False).astype(np.intp), values)
