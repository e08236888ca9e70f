"""Probabilities of events made of the signs of normal forms.

Forms that vary along one direction cut its line into cells; within a cell of every direction each sign is known. The
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
from ._normal_boxes import interval, two
from ._refusal import Refusal

MOST_CELLS = 4096
MOST_DIRECTIONS = 2
TRUSTED = 1e-6
"""Largest error of a probability that is given as an answer."""


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

    def cells(self) -> Array:
        """Ends of the cells in order, shape (forms + 2, rows)."""
        rows = len(self.cuts[0])
        return np.concatenate([np.full((1, rows), -np.inf), np.sort(self.cuts, axis=0), np.full((1, rows), np.inf)])


@dataclass
class Signs:
    """What decides an event: lines that its forms vary along, and signs that are known.

    Attributes:
        error: bound on the error of a probability, for each row, from rounding of means and deviations.
    """

    lines: list[Line]
    known: dict[int, NDArray[np.int8]]
    error: Array


def decide(posterior: Posterior, events: Sequence[Event]) -> Signs:
    """The lines and known signs of every form in `events`."""
    rows = posterior.space.rows
    found = Signs([], {}, np.zeros(rows))
    for form in {id(f): f for e in events for f in forms_of(e)}.values():
        root, mean = posterior.root(form), posterior.mean(form)
        error, deviation = posterior.mean_error(form), float(np.linalg.norm(root))
        if deviation == 0:
            signs = np.where(np.abs(mean) <= error, 0, np.sign(mean))
            found.known[id(form)] = signs.astype(np.int8)
            continue
        # d P <= density * d threshold: 0.4 for the mean, at most 0.25 for the deviation.
        found.error = found.error + 0.4 * error / deviation + 0.25 * posterior.root_error(form) / deviation
        _place(found.lines, form, root / deviation, mean / deviation, posterior.root_error(form) / deviation)
    return found


def _place(lines: list[Line], form: Form, unit: Array, mean: Array, error: float) -> None:
    for line in lines:
        cosine = float(unit @ line.unit)
        if np.linalg.norm(unit - cosine * line.unit) <= max(8 * error, 1e-15):
            way = 1 if cosine > 0 else -1
            break
    else:
        line, way = Line(unit), 1
        lines.append(line)
    line.forms.append(id(form))
    line.ways.append(way)
    line.cuts.append(-way * mean)


def probability(posterior: Posterior, event: Event) -> tuple[Array, Array]:
    """P(event | evidence) for each row, and a bound on its error.

    Raises:
        Refusal: it varies along too many directions.
    """
    signs = decide(posterior, [event])
    rows = posterior.space.rows
    cells = [line.cells() for line in signs.lines]
    boxes = Boxes([line.unit for line in signs.lines], cells)
    total = np.zeros(rows)
    for place in _places(signs.lines):
        holds = _holds(event, signs, place, rows)
        if holds.any():
            total += np.where(holds, boxes.box(place), 0.0)
    return np.clip(total, 0.0, 1.0), signs.error + boxes.error


def _places(lines: Sequence[Line]) -> list[tuple[int, ...]]:
    """Every combination of cells."""
    count = int(np.prod([len(line.forms) + 1 for line in lines], dtype=float))
    if count > MOST_CELLS:
        raise Refusal(f"the event has {count} combinations of comparisons; at most {MOST_CELLS} are summed")
    return list(itertools.product(*(range(len(line.forms) + 1) for line in lines)))


def _holds(event: Event, signs: Signs, place: tuple[int, ...], rows: int) -> Truth:
    """Whether the event holds in one cell of every line, for each row."""
    found = dict(signs.known)
    for line, cell in zip(signs.lines, place, strict=True):
        rank = np.argsort(np.argsort(line.cuts, axis=0, kind="stable"), axis=0, kind="stable")
        for k, (form, way) in enumerate(zip(line.forms, line.ways, strict=True)):
            found[form] = np.where(rank[k] < cell, way, -way).astype(np.int8)
    return truth_of(event, lambda form: found[id(form)], rows)


class Boxes:
    """Probabilities of boxes of cells, components of dependent lines by themselves."""

    def __init__(self, units: Sequence[Array], cells: Sequence[Array]) -> None:
        """Find what depends on what."""
        self.units, self.cells = units, cells
        self.parts = components(units)
        self.kept: dict[tuple[tuple[int, ...], tuple[int, ...]], Array] = {}
        self.corners: dict[tuple[tuple[int, ...], tuple[int, ...]], Array] = {}
        self.error = 0.0
        widest = max(map(len, self.parts), default=0)
        if widest > MOST_DIRECTIONS:
            raise Refusal(
                f"the event compares {widest} combinations of noises that depend on one another; probabilities of at "
                f"most {MOST_DIRECTIONS} are worked out in closed form"
            )

    def box(self, place: tuple[int, ...]) -> Array:
        """P(every line is in its cell)."""
        found: Array | float = 1.0
        for part in self.parts:
            found = found * self._part(part, tuple(place[k] for k in part))
        return np.asarray(found)

    def _part(self, part: tuple[int, ...], place: tuple[int, ...]) -> Array:
        key = (part, place)
        if key not in self.kept:
            if len(part) == 1:
                ends = self.cells[part[0]]
                self.kept[key] = interval(ends[place[0]], ends[place[0] + 1])
            else:
                total = np.zeros(1)
                for lower in itertools.product((0, 1), repeat=len(part)):
                    corner = tuple(c + 1 - down for c, down in zip(place, lower, strict=True))
                    total = total + (-1) ** sum(lower) * self._corner(part, corner)
                self.kept[key] = np.maximum(total, 0.0)
        return self.kept[key]

    def _corner(self, part: tuple[int, ...], place: tuple[int, ...]) -> Array:
        """P(every line is below an end)."""
        key = (part, place)
        if key not in self.corners:
            ends = [self.cells[k][c] for k, c in zip(part, place, strict=True)]
            units = [self.units[k] for k in part]
            self.corners[key] = self._orthant(ends, units)
        return self.corners[key]

    def _orthant(self, ends: list[Array], units: list[Array]) -> Array:
        cosine = float(units[0] @ units[1])
        sine = float(np.linalg.norm(units[1] - cosine * units[0]))
        self.error = max(self.error, 8e-16 / sine if sine else 0.0)
        return two(ends[0], ends[1], cosine, sine)


def components(units: Sequence[Array]) -> list[tuple[int, ...]]:
    """Groups of lines that depend on one another."""
    left = list(range(len(units)))
    found: list[tuple[int, ...]] = []
    while left:
        group, stack = [left[0]], [left.pop(0)]
        while stack:
            one = stack.pop()
            for other in [k for k in left if abs(float(units[one] @ units[k])) > 1e-15]:
                left.remove(other)
                group.append(other)
                stack.append(other)
        found.append(tuple(sorted(group)))
    return found
