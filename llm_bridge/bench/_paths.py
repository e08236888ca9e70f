"""How far apart a cause and its effect are in a graph that a suite publishes beside its texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

MOST_NODES = 200
"""Most nodes of a graph that is looked at; a larger one has no path lengths here."""

_NAME = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_ROW = re.compile(r"\[([01\s,.]+)\]")


def path_lengths(nodes: object, matrix: object) -> Mapping[object, int]:
    """The edges of the shortest directed path, by (cause, effect), as CCR.GB prints a graph; none where it does not.

    Args:
        nodes: the names, as a list or as the print of one.
        matrix: row by row, 1 where the node of the row acts on that of the column, as the print of an array.
    """
    if not isinstance(matrix, str) or not isinstance(nodes, (str, list)):
        return {}
    names = [single or double for single, double in _NAME.findall(str(cast("object", nodes)))]
    rows = [[cell.strip(".,") == "1" for cell in row.split()] for row in _ROW.findall(matrix.replace(",", " "))]
    if not 0 < len(names) <= MOST_NODES or [len(row) for row in rows] != [len(names)] * len(names):
        return {}
    after = {
        name: [other for other, edge in zip(names, row, strict=True) if edge]
        for name, row in zip(names, rows, strict=True)
    }
    return {(cause, effect): far for cause in names for effect, far in _reached(cause, after).items()}


def _reached(cause: str, after: Mapping[str, list[str]]) -> Mapping[str, int]:
    """How far each effect of `cause` is, breadth first."""
    found, front = dict[str, int](), [cause]
    for far in range(1, len(after) + 1):
        front = list(dict.fromkeys(name for before in front for name in after[before] if name not in found))
        found |= dict.fromkeys(front, far)
    return found
