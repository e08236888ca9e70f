"""Where an event made of the signs of normal forms holds.

Forms that vary along one direction cut its line into cells; within one cell of every line each sign is known. The
probability of an event is the sum of the boxes where it holds.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ._gaussian_pieces import Event, Truth, forms_of, truth_of
from ._gaussian_posterior import Posterior
from ._gaussian_space import Array, Form
from ._refusal import Refusal

MOST_CELLS = 4096
ZERO = 1e-11
"""What is this small a share of what it is made of is zero by the model's structure, not by chance."""


@dataclass
class Line:
    """One direction in the space of the noises, and the forms that vary along it.

    Attributes:
        unit: of length one, shape (noises,).
        forms: their ids, in order.
        ways: 1 where a form grows along the direction, -1 where it falls.
        cuts: where each form is zero, shape (forms, rows).
    """

    unit: Array
    forms: list[int] = field(default_factory=lambda: [])
    ways: list[int] = field(default_factory=lambda: [])
    cuts: list[Array] = field(default_factory=lambda: [])


@dataclass
class Regions:
    """Lines that forms vary along, and signs that are known.

    Attributes:
        cells: ends of the cells of each line in order, shape (forms + 2, rows).
        ranks: the place of each form's cut among those of its line, shape (forms, rows).
        error: what rounding may move a cut by, in standard deviations, summed over the cuts; for each row.
    """

    rows: int
    lines: list[Line]
    known: dict[int, NDArray[np.int8]]
    error: Array
    cells: list[Array] = field(default_factory=lambda: [])
    ranks: list[NDArray[np.intp]] = field(default_factory=lambda: [])

    def places(self) -> list[tuple[int, ...]]:
        """Every combination of cells.

        Raises:
            Refusal: there are too many.
        """
        count = int(np.prod([len(line.forms) + 1 for line in self.lines], dtype=float))
        if count > MOST_CELLS:
            raise Refusal(f"the event has {count} combinations of comparisons; at most {MOST_CELLS} are summed")
        return list(itertools.product(*(range(len(line.forms) + 1) for line in self.lines)))

    def holds(self, event: Event | None, place: tuple[int, ...]) -> Truth:
        """Whether the event holds in one cell of every line, for each row."""
        if event is None:
            return np.ones(self.rows, bool)
        found = dict(self.known)
        for line, rank, cell in zip(self.lines, self.ranks, place, strict=True):
            for k, (form, way) in enumerate(zip(line.forms, line.ways, strict=True)):
                found[form] = np.where(rank[k] < cell, way, -way).astype(np.int8)
        return truth_of(event, lambda form: found[id(form)], self.rows)

    def ends(self, place: tuple[int, ...]) -> tuple[list[Array], list[Array]]:
        """Where the cells of one place begin and end."""
        pairs = list(zip(self.cells, place, strict=True))
        return [ends[c] for ends, c in pairs], [ends[c + 1] for ends, c in pairs]


def regions(posterior: Posterior, events: Sequence[Event | None]) -> Regions:
    """The lines and known signs of every form in `events`."""
    rows = posterior.space.rows
    found = Regions(rows, [], {}, np.zeros(rows))
    for form in {id(f): f for e in events for f in forms_of(e)}.values():
        root, mean = posterior.root(form), posterior.mean(form)
        error, deviation = posterior.mean_error(form), float(np.linalg.norm(root))
        if deviation == 0:
            same = np.abs(mean) <= error
            found.known[id(form)] = np.where(same, 0, np.sign(mean)).astype(np.int8)
            if posterior.tolerance > ZERO:  # too coarse to tell equal from nearly so
                found.error = found.error + same
            continue
        wrong = posterior.root_error(form) / deviation
        # A cut at t moves by t * wrong, where the density is at most 0.25 / t.
        found.error = found.error + error / deviation + wrong
        _place(found.lines, form, root / deviation, mean / deviation, wrong)
    for line in found.lines:
        edge = np.full((1, rows), np.inf)
        found.cells.append(np.concatenate([-edge, np.sort(line.cuts, axis=0), edge]))
        found.ranks.append(np.argsort(np.argsort(line.cuts, axis=0, kind="stable"), axis=0, kind="stable"))
    return found


def _place(lines: list[Line], form: Form, unit: Array, mean: Array, error: float) -> None:
    for line in lines:
        cosine = float(unit @ line.unit)
        if np.linalg.norm(unit - cosine * line.unit) <= max(8 * error, 1e-14):
            way = 1 if cosine > 0 else -1
            break
    else:
        line, way = Line(unit), 1
        lines.append(line)
    line.forms.append(id(form))
    line.ways.append(way)
    line.cuts.append(-way * mean)
