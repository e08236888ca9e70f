"""XMLBIF 0.3 (Cozman 1998), which Weka, JavaBayes and pyAgrum (as BIFXML) write.

The numbers of a `TABLE` run through the `GIVEN` variables in order, the last fastest, and for each through the outcomes
of the `FOR` variable.
"""

from __future__ import annotations

from .._errors import InvalidFile, near
from ._node import Node, values_of
from ._text import as_array
from ._xml import Element, parse_xml


def read_xmlbif(text: str) -> list[Node]:
    """The variables of an XMLBIF text, in its order.

    Raises:
        InvalidFile: with the line, what was got and what was wanted.
    """
    return xmlbif_nodes(parse_xml(text))


def xmlbif_nodes(root: Element) -> list[Node]:
    """Like `read_xmlbif`, from the root element."""
    if root.tag != "BIF":
        raise InvalidFile(f"line {root.line}: the outermost element is <{root.tag[:40]}>; XMLBIF has <BIF>.")
    network = root.one("NETWORK")
    states: dict[str, tuple[str, ...]] = {}
    for variable in network.all("VARIABLE"):
        name = variable.one("NAME").name()
        if (kind := variable.attributes.get("TYPE", "nature")) != "nature":
            raise InvalidFile(f"line {variable.line}: {name!r} is of type {kind[:40]!r}; only 'nature' is read.")
        if name in states:
            raise InvalidFile(f"line {variable.line}: the variable {name!r} is declared twice.")
        states[name] = tuple(outcome.name() for outcome in variable.all("OUTCOME"))
    nodes: dict[str, Node] = {}
    for definition in network.all("DEFINITION"):
        node = _node(definition, states)
        if node.name in nodes:
            raise InvalidFile(f"line {definition.line}: a second definition of {node.name!r}.")
        nodes[node.name] = node
    for name in states:
        if name not in nodes:
            raise InvalidFile(f"{name!r} has no DEFINITION.")
    return [nodes[name] for name in states]


def _node(definition: Element, states: dict[str, tuple[str, ...]]) -> Node:
    name = definition.one("FOR").name()
    parents = tuple(given.name() for given in definition.all("GIVEN"))
    for used in (name, *parents):
        if used not in states:
            raise InvalidFile(f"line {definition.line}: {used!r} is not declared.{near(used, states)}")
    table = definition.one("TABLE")
    return Node(name, values_of(states[name]), parents, as_array(table.numbers()), f"line {table.line}")
