"""Counts in a table drawn with bars: rows for whom, columns for what, both states of it.

|            | cough | no cough |
| smokers    | 30    | 70       |
| nonsmokers | 10    | 90       |
"""

from __future__ import annotations

import re

from .._story import Unreadable, quoted
from ._forms import Chance, World

_LINE = re.compile(r"^[ \t]*\|.*\|[ \t]*$", re.MULTILINE)
_RULE = re.compile(r"^[\s|:+-]*$")
_COUNT = re.compile(r"\d{1,3}(?:,\d{3})+|\d+")


def without_tables(text: str, world: World) -> str:
    """The text without its tables, whose rows are kept in `world`.

    Raises:
        Unreadable: a table that is not one of counts with two columns of them.
    """
    lines = [line.group() for line in _LINE.finditer(text)]
    if not lines:
        return text
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines if not _RULE.match(line)]
    head, body = rows[0], rows[1:]
    outcomes = [cell for cell in head[-2:] if cell]
    if len(outcomes) != 2 or not body or any(len(row) != len(head) for row in body) or len(head) < 3:
        raise Unreadable(
            f"The table that begins {quoted(lines[0])} is not read: it needs a column of counts for each state."
        )
    for row in body:
        labels, cells = [cell for cell in row[:-2] if cell], row[-2:]
        if not labels or not all(_COUNT.fullmatch(cell) for cell in cells):
            raise Unreadable(f"The row {quoted(' | '.join(row))} of the table is not a label and two counts.")
        has, lacks = (int(cell.replace(",", "")) for cell in cells)
        world.chances.append(Chance(outcomes[0], " and ".join(labels), (has, has + lacks), " | ".join(row)))
    world.opposite.append((outcomes[0], outcomes[1]))
    return _LINE.sub("", text)
