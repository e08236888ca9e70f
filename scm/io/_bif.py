"""BIF, the interchange format for Bayesian networks (Cozman 1996, version 0.15; bnlearn's repository writes it).

A `table` runs through the variable's states slowest, then through the parents' in order, the last fastest; a row
`(parents' states) numbers` gives one law; `default` gives the law of every row that is not there.
"""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass, field

from .._assemble import MAX_ROWS
from .._errors import InvalidFile, listing, near
from .._syntax import Value
from ._node import Node, values_of
from ._text import Text, as_array, names_in, unquoted, without_comments

_BLOCK = re.compile(r"(network|variable|probability)\b")
_NETWORK = re.compile(r"[^{}]*\{\s*(property\b(?:\"[^\"]*\"|[^;\"])*;\s*)*\}")
_NAME = re.compile(r'("(?:[^"\\]|\\.)*+"\s*|[^{}()";]+)\{')
_TYPE = re.compile(r'type\s+(\w+)\s*(?:\[\s*([0-9]+)\s*\])?\s*\{((?:"(?:[^"\\]|\\.)*+"|[^"}])*)\}\s*;')
_PROPERTY = re.compile(r'property\b(?:"[^"]*"|[^;"])*;')
_CLOSE = re.compile(r"\}(\s*;)?")
_HEADER = re.compile(r'\(((?:"(?:[^"\\]|\\.)*+"|[^"()])*)\)\s*\{')
_ENTRY = re.compile(r'(?:\(((?:"(?:[^"\\]|\\.)*+"|[^"()])*)\)|(table|default)\b)([^;{}]*);')


@dataclass
class _Table:
    """One probability block: its rows by the parents' labels, the law of the rest, or the whole table."""

    name: str
    parents: tuple[str, ...]
    line: str
    rows: dict[tuple[str, ...], list[float]] = field(default_factory=dict[tuple[str, ...], list[float]])
    default: list[float] | None = None
    whole: list[float] | None = None
    lines: dict[tuple[str, ...], str] = field(default_factory=dict[tuple[str, ...], str])
    """Of each row."""

    def line_of(self, key: tuple[str, ...]) -> str:
        """The line of a row; of the block where the default stands for it."""
        return self.lines.get(key, self.line)


def read_bif(text: str) -> list[Node]:
    """The variables of a BIF text, in its order.

    Raises:
        InvalidFile: with the line, what was got and what was wanted.
    """
    place = Text(without_comments(text))
    states: dict[str, tuple[str, ...]] = {}
    tables: dict[str, _Table] = {}
    while not place.ended():
        kind = place.take(_BLOCK, "a block: network, variable or probability")[1]
        if kind == "network":
            place.take(_NETWORK, "a network block: network NAME { }")
        elif kind == "variable":
            name, own = _variable(place)
            if name in states:
                raise InvalidFile(f"{place.line()}: the variable {name!r} is declared twice.")
            states[name] = own
        else:
            table = _probability(place)
            if table.name in tables:
                raise InvalidFile(f"{table.line}: a second probability block for {table.name!r}.")
            tables[table.name] = table
    for name in tables:
        if name not in states:
            raise InvalidFile(f"{tables[name].line}: {name!r} has a table but is not declared.{near(name, states)}")
    return [_node(name, states, tables) for name in states]


def _variable(place: Text) -> tuple[str, tuple[str, ...]]:
    name = unquoted(place.take(_NAME, "a name and {")[1])
    own: tuple[str, ...] | None = None
    while not place.find(_CLOSE):
        if place.find(_PROPERTY):
            continue
        start = place.at
        found = place.take(_TYPE, f"type discrete [ n ] {{ states }}; for {name!r}")
        if found[1] != "discrete":
            raise InvalidFile(f"{place.line(start)}: {name!r} is of type {found[1]!r}; only discrete ones are read.")
        own = names_in(found[3], place.line(start))
        if len(set(own)) != len(own):
            raise InvalidFile(
                f"{place.line(start)}: {name!r} has the states {listing(own)}; different ones are wanted."
            )
        if found[2] is not None and int(found[2][:9]) != len(own):
            raise InvalidFile(f"{place.line(start)}: {name!r} has {len(own)} states, {listing(own)}, not {found[2]}.")
    if not own:
        raise InvalidFile(f"{place.line()}: {name!r} has no states; wanted: type discrete [ n ] {{ states }};")
    return name, own


def _probability(place: Text) -> _Table:
    line = place.line()
    name, parents = _header(place.take(_HEADER, "( variable | parents ) {")[1], line)
    table = _Table(name, parents, line)
    while not place.find(_CLOSE):
        if place.find(_PROPERTY):
            continue
        found = place.take(_ENTRY, "a row such as (yes, no) 0.3, 0.7; or a table; or }")
        numbers = place.numbers(found[3], found.start(3))
        if found[2] == "table" and table.whole is None:
            table.whole = numbers
        elif found[2] == "default" and table.default is None:
            table.default = numbers
        elif found[2] is None and (key := names_in(found[1], at := place.line(found.start()))) not in table.rows:
            table.rows[key], table.lines[key] = numbers, at
        else:
            what = found[2] or f"row ({found[1]})"
            raise InvalidFile(f"{place.line(found.start())}: a second {what} for {name!r}.")
    return table


def _header(text: str, line: str) -> tuple[str, tuple[str, ...]]:
    own, bar, given = text.partition("|")
    if bar:
        return unquoted(own), names_in(given, line)
    first, *rest = names_in(text, line) or [""]  # version 0.15 has no bar: the first name is the variable's
    return first, tuple(rest)


def _node(name: str, states: dict[str, tuple[str, ...]], tables: dict[str, _Table]) -> Node:
    if name not in tables:
        raise InvalidFile(f"{name!r} has no probability block. Is the file cut off?")
    table = tables[name]
    for parent in table.parents:
        if parent not in states:
            raise InvalidFile(
                f"{table.line}: {name!r} has the parent {parent!r}, which is not declared.{near(parent, states)}"
            )
    own: tuple[Value, ...] = values_of(states[name])
    if table.whole is not None:
        if table.rows or table.default is not None:
            raise InvalidFile(f"{table.line}: {name!r} has a table and rows; one of them is wanted.")
        cells = as_array(table.whole)
        if cells.size % len(own) == 0:
            cells = cells.reshape(len(own), -1).T
        return Node(name, own, table.parents, cells, table.line)
    domains = [states[parent] for parent in table.parents]

    def line_of(row: int) -> str:
        return table.line_of(next(itertools.islice(itertools.product(*domains), row, None)))

    return Node(name, own, table.parents, as_array(_rows(table, states)), table.line, line_of)


def _row(key: tuple[str, ...]) -> str:
    """A row's labels as the file has them."""
    return f"({', '.join(key)})"


def _rows(table: _Table, states: dict[str, tuple[str, ...]]) -> list[float]:
    """Every law in turn: the rows that are there, the default for the others."""
    domains = [states[parent] for parent in table.parents]
    known = [set(domain) for domain in domains]
    size = len(states[table.name])
    for key, row in table.rows.items():
        if len(key) != len(domains):
            raise InvalidFile(
                f"{table.line_of(key)}: {table.name!r} has a row for {_row(key)}; its parents are "
                f"{listing(table.parents)}."
            )
        for parent, label, domain in zip(table.parents, key, known, strict=True):
            if label not in domain:
                raise InvalidFile(
                    f"{table.line_of(key)}: {table.name!r} has a row for {label!r}, which is no state of "
                    f"{parent!r}; those are {listing(states[parent])}."
                )
        if len(row) != size:
            raise InvalidFile(
                f"{table.line_of(key)}: {table.name!r} has {len(row)} numbers for {_row(key)}; {size} are wanted."
            )
    wanted = math.prod(map(len, domains))
    if wanted > MAX_ROWS:
        raise InvalidFile(f"{table.line}: {table.name!r} needs {wanted:,} rows; at most {MAX_ROWS:,} are read.")
    if table.default is None and len(table.rows) < wanted:
        missing = next(key for key in itertools.product(*domains) if key not in table.rows)
        what = f"no row for {_row(missing)}" if missing else "no table"
        raise InvalidFile(f"{table.line}: {table.name!r} has {what} and no default. Is the file cut off?")
    rest = table.default or []
    return [p for key in itertools.product(*domains) for p in table.rows.get(key, rest)]
