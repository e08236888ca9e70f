"""NET, the text format of Hugin (Hugin API manual, appendix "The Hugin file format").

The `data` of a potential runs through the parents' states in order, the last fastest, and for each through the
variable's states.
"""

from __future__ import annotations

import re

from .._errors import InvalidFile, listing, near
from ._node import Node, values_of
from ._text import Text, as_array, names_in

_BLANKED = re.compile(r'("(?:[^"\\]|\\.)*+(?:"|\Z))|%[^\n]*', re.DOTALL)
_NET = re.compile(r"(net|class\s+\w+)\s*\{")
_KIND = re.compile(r"((?:(?:discrete|continuous)\s+)?node|decision|utility|function|potential)\b")
_NODE_NAME = re.compile(r"([^\s{}();\"]+)\s*\{")
_FIELD = re.compile(r'([^\s={}();"]+)\s*=\s*((?:"(?:[^"\\]|\\.)*+"|[^";])*);')
_CLOSE = re.compile(r"\}")
_HEADER = re.compile(r"\(([^(){}]*)\)\s*\{")
_GROUP = re.compile(r"\(([^()]*)\)")


def read_net(text: str) -> list[Node]:
    """The variables of a NET text, in its order.

    Raises:
        InvalidFile: with the line, what was got and what was wanted.
    """
    place = Text(_BLANKED.sub(lambda m: m[1] or " " * len(m[0]), text))
    found = place.take(_NET, "net {")
    if found[1] != "net":
        raise InvalidFile(f"{place.line()}: got an object-oriented network ({found[1]}); a plain net is wanted.")
    _fields(place)
    states: dict[str, tuple[str, ...]] = {}
    tables: dict[str, Node] = {}
    while not place.ended():
        kind, line = place.take(_KIND, "a block: node or potential")[1], place.line()
        if kind == "potential":
            node = _potential(place, line, states)
            if node.name in tables:
                raise InvalidFile(f"{line}: a second potential for {node.name!r}.")
            tables[node.name] = node
            continue
        name = place.take(_NODE_NAME, "a name and {")[1]
        if kind not in ("node", "discrete node"):
            raise InvalidFile(f"{line}: {name!r} is a {kind}; only discrete variables are read.")
        if name in states:
            raise InvalidFile(f"{line}: the node {name!r} is declared twice.")
        states[name] = _states(place, name, line)
    for name in states:
        if name not in tables:
            raise InvalidFile(f"{name!r} has no potential. Is the file cut off?")
    return [tables[name] for name in states]


def _fields(place: Text) -> dict[str, re.Match[str]]:
    """The settings of a block, up to its end, by name."""
    found: dict[str, re.Match[str]] = {}
    while not place.find(_CLOSE):
        setting = place.take(_FIELD, "NAME = VALUE; or }")
        found[setting[1]] = setting
    return found


def _states(place: Text, name: str, line: str) -> tuple[str, ...]:
    fields = _fields(place)
    if "states" not in fields:
        raise InvalidFile(f"{line}: the node {name!r} names no states; wanted: states = ( ... );")
    value = fields["states"][2].strip()
    if not (value.startswith("(") and value.endswith(")")):
        raise InvalidFile(f"{line}: the states of {name!r} are {value[:60]!r}; wanted: ( ... ).")
    return names_in(value[1:-1], line)


def _potential(place: Text, line: str, states: dict[str, tuple[str, ...]]) -> Node:
    own, _, given = place.take(_HEADER, "( variable | parents ) {")[1].partition("|")
    names = names_in(own, line)
    parents = names_in(given, line) if given.strip() else ()
    if len(names) != 1:
        raise InvalidFile(f"{line}: a potential of {listing(names)}; one variable before the | is wanted.")
    for name in (*names, *parents):
        if name not in states:
            raise InvalidFile(f"{line}: the potential speaks of {name!r}, which is no node above.{near(name, states)}")
    name = names[0]
    fields = _fields(place)
    if "data" not in fields or "model_data" in fields:
        what = "a formula (model_data)" if "model_data" in fields else f"only {listing(fields)}"
        raise InvalidFile(f"{line}: the potential of {name!r} has {what}; its numbers are wanted: data = ( ... );")
    setting = fields["data"]
    _check_groups(setting[2], name, len(states[name]), line)
    numbers = place.numbers(setting[2].replace("(", " ").replace(")", " "), setting.start(2))
    return Node(name, values_of(states[name]), parents, as_array(numbers), place.line(setting.start()))


def _check_groups(value: str, name: str, size: int, line: str) -> None:
    """That brackets, where they nest, close after each law: they say how the numbers are meant."""
    if value.count("(") != value.count(")"):
        raise InvalidFile(f"{line}: the brackets of the potential of {name!r} do not match.")
    groups = [group for group in _GROUP.findall(value) if group.strip()]
    if len(groups) > 1 and any(len(group.split()) != size for group in groups):
        raise InvalidFile(
            f"{line}: the innermost brackets of the potential of {name!r} do not hold {size} numbers each, one for "
            f"each of its states."
        )
