"""Laws as the frequencies of a sample, for plug-in estimates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from .._codes import NOT_OBSERVED, code_column
from .._errors import InvalidRows, UnknownName, listing, near
from .._estimand import Estimand
from .._estimand_parts import cells_of, laws_of
from .._frames import Encoded, Frame, Numbers, frame_of
from .._study import Sample
from .._syntax import Value
from ._law_source import Array, Names, check_available
from ._named import check_entries

States = Mapping[str, Sequence[Value]]


@dataclass(frozen=True, eq=False)
class Tally:
    """How many units of a sample are in each cell that was seen.

    Attributes:
        names: the variables that are needed, imposed ones among them.
        cells: the positions of their states, shape (cells, variables).
        counts: of units in each cell.
        units: in all, those that were left out not counted.
        dropped: rows left out because a cell was empty.
    """

    names: Names
    cells: NDArray[np.intp]
    counts: Array
    units: float
    dropped: int

    def table(self, names: Names, states: States) -> Array:
        """Counts at every value of `names`, in this order."""
        shape = [len(states[name]) for name in names]
        check_entries(int(np.prod(shape, dtype=float)))
        flat = self.places(names, states)
        return np.bincount(flat, self.counts, int(np.prod(shape))).astype(float).reshape(shape)

    def places(self, names: Names, states: States) -> NDArray[np.intp]:
        """Where each cell stands in `table`, flattened."""
        flat = np.zeros(len(self.cells), dtype=np.intp)
        for name in names:
            flat = flat * len(states[name]) + self.cells[:, self.names.index(name)]
        return flat


class SampleLaws:
    """Laws as frequencies: `P(of | given)` is the share of `of` among the units with `given`.

    In a sample in which some variables were randomised, what is imposed is a condition like others, since nothing
    causes it. Several samples are several sources.

    Args:
        samples: each under the name that estimands call it.
        states: of every variable.
        needed: for each source, the variables whose columns are read; see `for_estimand`.

    Raises:
        InvalidRows: a column is missing or holds a value that is no state; a cell is empty and `Sample.missing` is
            `refuse`; no rows; a weight that is no count.
        UnknownName: a variable without states.
    """

    def __init__(self, samples: Sequence[Sample], states: States, needed: Mapping[str, Iterable[str]]) -> None:
        self.states = states
        self.samples = {sample.name: sample for sample in samples}
        self.tallies = {
            sample.name: _tally(sample, states, tuple(sorted({*needed[sample.name], *sample.do})))
            for sample in samples
            if sample.name in needed
        }

    @classmethod
    def for_estimand(cls, estimand: Estimand, samples: Sequence[Sample], states: States) -> SampleLaws:
        """With the columns that an estimand needs."""
        needed: dict[str, set[str]] = {}
        for law in laws_of(estimand):
            needed.setdefault(law.source, set()).update(name for name, _ in cells_of(law))
        for name in needed:
            if name not in {sample.name for sample in samples}:
                raise UnknownName(name, (sample.name for sample in samples), "The formula")
        return cls(samples, states, needed)

    def law(self, of: Names, given: Names, do: Names, source: str) -> Array:
        """See `LawSource.law`."""
        self.check(of, given, do, source)
        tally = self.tallies[source]
        counts = tally.table((*of, *given, *do), self.states)
        below = counts.sum(axis=tuple(range(len(of))))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(below > 0, counts / below, np.nan)

    def check(self, of: Names, given: Names, do: Names, source: str) -> None:
        """That a law follows from a sample.

        Raises:
            UnknownName, InvalidQuery: it does not.
        """
        if source not in self.tallies:
            raise UnknownName(source, self.tallies, "The formula")
        tally, sample = self.tallies[source], self.samples[source]
        check_available(of + given, do, tuple(n for n in tally.names if n not in sample.do), sample.do, source)


def _tally(sample: Sample, states: States, names: Names) -> Tally:
    """The units in each cell of the columns `names`."""
    frame = frame_of(sample.rows)
    what = f"The sample {sample.name!r}" if sample.name else "The sample"
    for name in (*names, *((sample.weights,) if sample.weights is not None else ())):
        if name not in frame.names:
            raise InvalidRows(
                f"{what} has no column {name!r}, which is needed; it has {listing(frame.names)}."
                f"{near(str(name), map(str, frame.names))}"
            )
        if name in names and name not in states:
            raise UnknownName(name, states, what)
    codes = [code_column(name, name, frame.column(name), tuple(states[name])) for name in names]
    counts = _counts(sample, frame)
    length = next((len(column) for column in codes), 0 if counts is None else len(counts))
    if any(len(column) != length for column in codes) or (counts is not None and len(counts) != length):
        raise InvalidRows(f"{what} has columns of different lengths. Every column needs one value a row.")
    table = np.stack(codes, axis=1) if codes else np.zeros((length, 0), dtype=np.intp)
    weights = np.ones(length) if counts is None else counts
    whole = (table != NOT_OBSERVED).all(axis=1)
    if not whole.all() and sample.missing == "refuse":
        row = int(np.argmin(whole))
        name = names[int(np.argmax(table[row] == NOT_OBSERVED))]
        raise InvalidRows(
            f"column {name!r}: the cell is empty, and {int((~whole).sum()):,} rows have such a cell. Leaving rows out "
            "is right only if what is missing depends on nothing; if you grant that, say missing='drop'.",
            row=row + 1,
        )
    table, weights = table[whole & (weights > 0)], weights[whole & (weights > 0)]
    if not len(weights):
        left_out = int((~whole).sum())
        why = f": each of its {left_out:,} rows has an empty cell" if left_out else ""
        raise InvalidRows(f"{what} has no rows to count{why}.")
    cells, inverse = np.unique(table, axis=0, return_inverse=True)
    held = np.bincount(inverse.reshape(-1), weights, len(cells)).astype(float)
    return Tally(names, cells, held, float(held.sum()), int((~whole).sum()))


def _counts(sample: Sample, frame: Frame) -> Array | None:
    """The units that each row stands for."""
    if sample.weights is None:
        return None
    column = frame.column(sample.weights)
    match column:
        case Numbers(values, missing):
            found = np.where(missing, np.nan, values) if missing is not None else np.asarray(values, dtype=float)
        case Encoded(codes, values):
            found = np.array([*map(_number, values), np.nan])[codes]
        case _:
            found = np.array([_number(value) for value in column.values])
    fine = np.isfinite(found) & (found >= 0) & (found == np.floor(found))
    if not fine.all():
        raise InvalidRows(
            f"column {sample.weights!r}: a count of units is wanted, a whole number from 0 up. Sampling weights are no "
            "counts: the error of an estimate would come out wrong.",
            row=int(np.argmin(fine)) + 1,
        )
    return found.astype(float)


def _number(value: object) -> float:
    plain: object = cast("Any", value).item() if isinstance(value, np.generic) else value
    return float(plain) if isinstance(plain, (int, float)) else float("nan")
