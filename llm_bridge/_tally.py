"""Counts as a text gives them, some here and some there, closed under "the parts add up to the whole"."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from scm import Const, Expr, Op, Probability, Value, Var, conjuncts

from ._foreign import InvalidProblem

Cell: TypeAlias = frozenset[tuple[str, Value]]
"""Those units for which every named variable has the given state."""

MAX_CELLS = 20_000


def cell_of(event: Expr | None) -> Cell | None:
    """The cell that an event describes; `None` when it is no conjunction of `variable = state`."""
    found: dict[str, Value] = {}
    for part in conjuncts(event):
        match part:
            case Op("=", (Var(name, ()), Const(value))) if found.get(name, value) == value:
                found[name] = value
            case _:
                return None
    return frozenset(found.items())


class Tally:
    """Numbers of units by cell."""

    def __init__(self, states: Mapping[str, tuple[Value, ...]]) -> None:
        self._all_states = states
        self._units: dict[Cell, int] = {}

    def __bool__(self) -> bool:
        """Whether anything was counted."""
        return bool(self._units)

    def get(self, cell: Cell) -> int | None:
        """Units in `cell`, if the counts settle them."""
        return self._units.get(cell)

    def add(self, term: Probability, successes: int, total: int) -> None:
        """`successes` of the `total` units that meet the condition of `term` meet its event too.

        Raises:
            InvalidProblem: the counts contradict others.
        """
        condition, event = cell_of(term.given), cell_of(term.event)
        if condition is None or event is None:
            raise InvalidProblem(
                [f"The counts of {term}: wanted events of the form variable = state, joined by commas."]
            )
        self._note(condition, total)
        self._note(condition | event, successes)

    def _note(self, cell: Cell, units: int) -> None:
        known = self._units.setdefault(cell, units)
        if known != units or units < 0:
            what = " and ".join(f"{name} = {value!r}" for name, value in sorted(cell, key=str)) or "all"
            raise InvalidProblem([f"The counts disagree: {known} and {units} units with {what}. Correct one of them."])

    def close(self) -> None:
        """Derive every count that follows because the states of a variable add up to the whole.

        Raises:
            InvalidProblem: the counts contradict each other.
        """
        names = sorted({name for cell in self._units for name, _ in cell})
        states = {name: self._all_states[name] for name in names}
        size = 1
        for name in names:
            size *= len(states[name]) + 1
        if not names or size > MAX_CELLS:
            return
        cells = list(_cells(states))
        known = -1
        while known < len(self._units):
            known = len(self._units)
            for cell, name in itertools.product(cells, names):
                if all(name != other for other, _ in cell):
                    self._balance(cell, [cell | {(name, state)} for state in states[name]])

    def _balance(self, whole: Cell, parts: list[Cell]) -> None:
        open_parts = [part for part in parts if part not in self._units]
        total = sum(self._units.get(part, 0) for part in parts)
        if not open_parts:
            self._note(whole, total)
        elif len(open_parts) == 1 and whole in self._units:
            self._note(open_parts[0], self._units[whole] - total)


def _cells(states: Mapping[str, tuple[Value, ...]]) -> Iterator[Cell]:
    choices = [[None, *((name, state) for state in values)] for name, values in states.items()]
    for chosen in itertools.product(*choices):
        yield frozenset(pair for pair in chosen if pair is not None)
