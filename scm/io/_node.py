"""`Node`: what every file format says of one variable; and the model that nodes make.

The labels of a variable become numbers or truth values where query text would read every one of them so ('0', '1', '2';
'true', 'false'), so that `P(X = 1)` means what it says. Otherwise they stay labels, as they stand.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._errors import InvalidFile, ScmError, listing, near
from .._model import Model
from .._noise import TOLERANCE
from .._syntax import Value
from .._variable import Variable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESCALED = 1e-3
"""How far a row of a foreign table may be from summing to one, as printed digits make it, and still be rescaled."""

_WHOLE = re.compile(r"(0|-?[1-9][0-9]{0,14})\Z")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,14})\.[0-9]{1,14}\Z")
_TRUTH: dict[str, Value] = {"True": True, "true": True, "False": False, "false": False}


@dataclass(frozen=True, slots=True)
class Node:
    """A variable of a file with P(variable | parents).

    Args:
        name: as the file has it.
        states: in the order of the table.
        parents: in the order of the table.
        cells: the probabilities, every parents' combination in turn (the last parent varying fastest), and for each the
            states; any shape.
        place: where its table stands, for messages: "line 12".
        row_place: the same for each of its rows, where the format has them on lines of their own.
    """

    name: str
    states: tuple[Value, ...]
    parents: tuple[str, ...]
    cells: NDArray[np.float64]
    place: str
    row_place: Callable[[int], str] | None = field(default=None, repr=False, compare=False)


def values_of(labels: Sequence[str]) -> tuple[Value, ...]:
    """The states that labels stand for: numbers or truth values where all of them are, and stay apart; else labels."""
    if all(label in _TRUTH for label in labels):
        found = tuple(_TRUTH[label] for label in labels)
    elif all(_WHOLE.match(label) for label in labels):
        found = tuple(int(label) for label in labels)
    elif all(_WHOLE.match(label) or _DECIMAL.match(label) for label in labels):
        found = tuple(float(label) for label in labels)
    else:
        return tuple(labels)
    return found if len(set(found)) == len(found) else tuple(labels)


def model_of(nodes: Sequence[Node]) -> Model:
    """The model that nodes make, in their order.

    Raises:
        InvalidFile: a name twice, an unknown parent, a table of the wrong size, a row that is no law, a cycle.
    """
    by_name: dict[str, Node] = {}
    for node in nodes:
        if node.name in by_name:
            raise InvalidFile(f"{node.place}: {node.name!r} is there twice. A variable is declared once.")
        by_name[node.name] = node
    if not nodes:
        raise InvalidFile("It has no variable; a network has at least one.")
    variables = [_variable(node, by_name) for node in nodes]
    try:
        return Model(*variables)
    except ScmError as wrong:
        raise InvalidFile(str(wrong)) from None


def _variable(node: Node, nodes: Mapping[str, Node]) -> Variable:
    for parent in node.parents:
        if parent not in nodes:
            raise InvalidFile(
                f"{node.place}: {node.name!r} has the parent {parent!r}, which is not declared."
                f"{near(parent, nodes) or f' Declared are {listing(nodes)}.'}"
            )
    if len(set(node.parents)) != len(node.parents):
        raise InvalidFile(f"{node.place}: {node.name!r} has a parent twice among {listing(node.parents)}.")
    if len(set(node.states)) != len(node.states) or not node.states:
        raise InvalidFile(
            f"{node.place}: {node.name!r} has the states {listing(node.states)}; different ones are wanted."
        )
    sizes = [len(nodes[parent].states) for parent in node.parents]
    wanted = math.prod(sizes) * len(node.states)
    if node.cells.size != wanted:
        raise InvalidFile(
            f"{node.place}: the table of {node.name!r} has {node.cells.size:,} numbers; {wanted:,} are wanted, "
            f"{len(node.states)} for each of {math.prod(sizes):,} combinations of its parents' states."
        )
    rows = node.cells.reshape(-1, len(node.states))
    rows, note = _rescaled(node, rows, nodes)
    table = rows.reshape(*sizes, len(node.states))
    return Variable(node.name, node.states, parents=node.parents or None, table=table, description=note)


def _rescaled(node: Node, rows: NDArray[np.float64], nodes: Mapping[str, Node]) -> tuple[NDArray[np.float64], str]:
    """Rows that sum to one, and a note of how many had to be rescaled for it."""
    import numpy as np  # what has no table does not need it

    off = np.abs(rows.sum(axis=1) - 1)
    wrong = np.flatnonzero(~((rows >= 0).all(axis=1) & (off <= RESCALED)))  # written so that NaN is wrong
    if wrong.size:
        row = int(wrong[0])
        place = node.place if node.row_place is None else node.row_place(row)
        raise InvalidFile(f"{place}: {_fault(node, rows, row, nodes)}")
    moved = off > TOLERANCE / 2  # half, so that a model's own check never meets a sum just past its tolerance
    if not moved.any():
        return rows, ""
    note = f"{moved.sum()} of {len(rows)} rows of its table summed to 1 only within {off.max():.1g} and were rescaled."
    return np.where(moved[:, None], rows / np.where(moved, rows.sum(axis=1), 1.0)[:, None], rows), note


def _fault(node: Node, rows: NDArray[np.float64], row: int, nodes: Mapping[str, Node]) -> str:
    domains = [nodes[parent].states for parent in node.parents]
    key = next(itertools.islice(itertools.product(*domains), row, None))
    given = ", ".join(f"{parent} = {x!r}" for parent, x in zip(node.parents, key, strict=True))
    where = f"P({node.name} | {given})" if given else f"P({node.name})"
    law = rows[row].tolist()
    for p in law:
        if not p >= 0:
            return f"{where} has probability {p!r}; a number from 0 to 1 is wanted."
    return (
        f"{where} sums to {math.fsum(law):.10g}. Probabilities of one law sum to 1; up to {RESCALED:g} off is taken "
        f"for rounding and rescaled."
    )
