"""Why limits clash, in words: the violated inequality by name where it has one, with its numbers.

What a clash comes down to is a combination of limits: by their numbers it comes to more than under any law. The
inequalities that have names are such combinations of two or more events that exclude, cover or imply each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .._syntax import Value, print_const, print_name
from ._linear import Rows
from ._programme import Array, Block, Coordinate, Programme

_EQUAL = 1e-6


@dataclass(frozen=True, eq=False)
class Part:
    """One limit in the combination.

    Attributes:
        weight: positive where the limit says `at least`, negative where it says `at most`.
        number: what the limit says.
        row: its form over the columns.
        places: the state at each coordinate, where the form is the event that these hold; else empty.
        text: the event.
        exact: whether the limit gives the number, and not one end of it only.
    """

    weight: float
    number: float
    row: Array
    places: Mapping[int, int]
    text: str
    exact: bool = True

    @property
    def said(self) -> str:
        """The event with what the limit says of it."""
        if self.exact:
            return f"{self.text} = {self.number:.6g}"
        return f"{self.text}, at {'least' if self.weight > 0 else 'most'} {self.number:.6g},"

    @property
    def is_event(self) -> bool:
        """The form is 0 or 1 at each response type."""
        return bool(np.isin(self.row, (0.0, 1.0)).all())


def reason(programme: Programme, rows: Rows, weights: Array) -> str:
    """What clashes, in words.

    Args:
        programme: over one block.
        rows: its limits.
        weights: a multiplier for each row; together they prove the clash.
    """
    chosen = np.flatnonzero(weights)
    if not len(chosen):
        return ""
    sizes: Array = weights[chosen] / np.abs(weights[chosen]).min()
    whole = np.round(sizes)
    sizes = whole if float(np.abs(whole - sizes).max()) < _EQUAL else sizes
    parts = [_part(programme, rows, k, size) for k, size in zip(chosen.tolist(), sizes.tolist(), strict=True)]
    named = _named(programme, parts) if len(np.unique(rows.groups)) == 1 else ""
    return named or _combination(rows, parts)


def _part(programme: Programme, rows: Rows, k: int, weight: float) -> Part:
    number = float(rows.low[k] if weight > 0 else rows.high[k])
    places = literals(programme.blocks[0], rows.matrix[k])
    if places:
        text = f"P({event_text(programme, places)})"
    else:
        source = programme.limits[k].source
        text = f"[{programme.sources[source]}]" if source < len(programme.sources) else f"[number {k + 1}]"
    return Part(weight, number, rows.matrix[k], places, text, bool(rows.low[k] == rows.high[k]))


def literals(block: Block, row: Array) -> dict[int, int]:
    """The state at each coordinate that a form asks for, where it is one event of that kind; else empty."""
    if block.types.shape[1] != len(block.coordinates) or not np.isin(row, (0.0, 1.0)).all() or not row.any():
        return {}
    held = row > 0
    inside = block.types[held]
    fixed = np.flatnonzero((inside == inside[0]).all(axis=0))
    met = (block.types[:, fixed] == inside[0, fixed]).all(axis=1)
    if not np.array_equal(met, held):
        return {}
    for k in fixed.tolist():
        fewer = fixed[fixed != k]
        if np.array_equal((block.types[:, fewer] == inside[0, fewer]).all(axis=1), held):
            fixed = fewer
    return {int(k): int(inside[0, k]) for k in fixed}


def event_text(programme: Programme, places: Mapping[int, int]) -> str:
    """`X=1, Y[X=0]=0`: states of variables, each in a world that imposes the parents that are not given."""
    held = [(programme.blocks[0].coordinates[k], state) for k, state in sorted(places.items())]
    told = [
        f"{print_name(c.variable)}{_world(programme, held, c)}={print_const(_value(programme, c.variable, state))}"
        for c, state in held
    ]
    return ", ".join(told)


def _world(programme: Programme, held: Sequence[tuple[Coordinate, int]], coordinate: Coordinate) -> str:
    imposed = _imposed(programme, held, coordinate)
    imposed = dict(coordinate.parents) if imposed is None else imposed
    return (
        f"[{', '.join(f'{print_name(name)}={print_const(value)}' for name, value in imposed.items())}]"
        if imposed
        else ""
    )


def _imposed(
    programme: Programme, held: Sequence[tuple[Coordinate, int]], coordinate: Coordinate
) -> dict[str, Value] | None:
    """What the world of a coordinate imposes; None where two of its parents are of different worlds."""
    found: dict[str, Value] = {}
    for name, value in coordinate.parents:
        giving = [c for c, state in held if c.variable == name and _value(programme, name, state) == value]
        own = {name: value} if not giving else _imposed(programme, held, giving[0])
        if own is None or any(found.get(other, x) != x for other, x in own.items()):
            return None
        found |= own
    return found


def _value(programme: Programme, variable: str, state: int) -> Value:
    states = programme.states.get(variable, ())
    return states[state] if state < len(states) else state


def _named(programme: Programme, parts: Sequence[Part]) -> str:
    """The violated inequality, where it has a name; else nothing."""
    if len(parts) == 1:
        return _single(parts[0])
    if not all(part.is_event and abs(part.weight) == 1 for part in parts):
        return ""
    ups, downs = [p for p in parts if p.weight > 0], [p for p in parts if p.weight < 0]
    if not downs and bool((np.stack([p.row for p in ups]).sum(axis=0) <= 1).all()):
        return _excluding(programme, ups)
    if not ups and bool((np.stack([p.row for p in downs]).sum(axis=0) >= 1).all()):
        return f"{_sum(downs)} is below 1, but one of these events always happens"
    if len(ups) == len(downs) == 1 and (ups[0].row <= downs[0].row).all():
        return _implied(ups[0], downs[0])
    return ""


def _single(part: Part) -> str:
    most, least = float(part.row.max()), float(part.row.min())
    if part.weight > 0:
        return f"{part.said} is above {most:.6g}, the most that it can be"
    return f"{part.said} is below {least:.6g}, the least that it can be"


def _excluding(programme: Programme, parts: Sequence[Part]) -> str:
    """Events that exclude each other, whose probabilities add up to more than one."""
    if _instrumental(programme, parts):
        return f"the instrumental inequality (Pearl 1995) is violated: {_sum(parts)} is above 1"
    if len(parts) == 2:
        one, two = sorted(parts, key=lambda part: len(part.places))
        if len(one.places) == 1 and len(two.places) > 1 and _at_odds(one, two):
            rest = 1.0 - two.number
            return (
                f"consistency is violated, as {one.text} <= 1 - {two.text}: {one.number:.6g} is above "
                f"1 - {two.number:.6g} = {rest:.6g}"
            )
    return f"{_sum(parts)} is above 1, but these events exclude each other"


def _implied(one: Part, two: Part) -> str:
    """The first event is one kind of the second."""
    word = "is one kind of the event in"
    if len(two.places) == 1 and two.places.items() <= one.places.items():
        word = "is, by consistency, one kind of the event in"
    return f"{one.said} is above {two.said.removesuffix(',')}, but the event in the first {word} the second"


def _at_odds(one: Part, two: Part) -> bool:
    """The events ask for different states at one coordinate."""
    return any(two.places.get(k, state) != state for k, state in one.places.items())


def _instrumental(programme: Programme, parts: Sequence[Part]) -> bool:
    """One treatment under different instruments, with outcomes that differ: `sum_y P(x, y | z_y) <= 1`."""
    at = programme.blocks[0].coordinates
    shared = [k for k in parts[0].places if all(k in part.places for part in parts)]
    for outcome in shared:
        for name, value in at[outcome].parents:
            causes = [_cause(programme, part, name, value) for part in parts]
            states = {part.places[outcome] for part in parts}
            if None not in causes and len(set(causes)) > 1 and len(states) == len(parts):
                return True
    return False


def _cause(programme: Programme, part: Part, name: str, value: Value) -> int | None:
    """The coordinate at which the event gives the treatment this value."""
    at = programme.blocks[0].coordinates
    found = [k for k, s in part.places.items() if at[k].variable == name and _value(programme, name, s) == value]
    return found[0] if len(found) == 1 else None


def _sum(parts: Sequence[Part]) -> str:
    total = sum(part.number for part in parts)
    return f"{' + '.join(part.text for part in parts)} = {total:.6g}"


def _combination(rows: Rows, parts: Sequence[Part]) -> str:
    """The certificate itself."""
    told = "".join(f"{_sign(part.weight, k == 0)}{part.text}" for k, part in enumerate(parts))
    total = sum(part.weight * part.number for part in parts)
    row = sum((part.weight * part.row for part in parts), np.zeros(rows.matrix.shape[1]))
    most = sum(float(row[rows.groups == group].max()) for group in np.unique(rows.groups))
    return f"by these numbers {told} is at least {total:.6g}, but under no law is it above {most:.6g}"


def _sign(weight: float, first: bool) -> str:
    size = "" if abs(weight) == 1 else f"{abs(weight):.4g} "
    sign = "" if first and weight > 0 else "-" if first else " + " if weight > 0 else " - "
    return sign + size
