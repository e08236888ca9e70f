"""XDSL, the format of GeNIe and SMILE (BayesFusion).

The `probabilities` of a `cpt` run through the parents' states in order, the last fastest, and for each through the
variable's own; a `deterministic` node names the state for each combination of the parents'.
"""

from __future__ import annotations

from .._errors import InvalidFile, listing, near
from ._node import Node, values_of
from ._text import as_array
from ._xml import Element, parse_xml
from ._xmlbif import xmlbif_nodes


def read_xdsl(text: str) -> list[Node]:
    """The variables of an XDSL text, in its order.

    Raises:
        InvalidFile: with the line, what was got and what was wanted; a node that is neither cpt nor deterministic.
    """
    return _xdsl_nodes(parse_xml(text))


def read_xml(text: str) -> list[Node]:
    """The variables of an XDSL or XMLBIF text: the outermost element says which it is.

    Raises:
        InvalidFile: as their readers do.
    """
    root = parse_xml(text)
    return _xdsl_nodes(root) if root.tag == "smile" else xmlbif_nodes(root)


def _xdsl_nodes(root: Element) -> list[Node]:
    if root.tag != "smile":
        raise InvalidFile(f"line {root.line}: the outermost element is <{root.tag[:40]}>; XDSL has <smile>.")
    if dynamic := root.all("dynamic"):
        raise InvalidFile(f"line {dynamic[0].line}: a dynamic network; one without time slices is wanted.")
    elements = root.one("nodes").children
    _check_writer(root, elements)
    states: dict[str, tuple[str, ...]] = {}
    for element in elements:
        name = element.attribute("id")
        if element.tag not in ("cpt", "deterministic"):
            raise InvalidFile(
                f"line {element.line}: {name!r} is a <{element.tag}>; only cpt and deterministic are read."
            )
        if name in states:
            raise InvalidFile(f"line {element.line}: the node {name!r} is declared twice.")
        states[name] = tuple(state.attribute("id") for state in element.all("state"))
    return [_node(element, states) for element in elements]


def _check_writer(root: Element, elements: list[Element]) -> None:
    """That it is not one of the files in which the first parent varies fastest: aGrUM 3.3.1 writes them so."""
    apps = [g.attributes.get("app", "") for e in root.all("extensions") for g in e.all("genie")]
    if any(app.startswith("aGrUM") for app in apps):
        for element in elements:
            if any(len(found.text.split()) > 1 for found in element.all("parents")):
                raise InvalidFile(
                    f"line {element.line}: {apps[0]} wrote this table, with its parents in the opposite order to the "
                    f"format's. Save it as BIF, BIFXML or NET there."
                )


def _node(element: Element, states: dict[str, tuple[str, ...]]) -> Node:
    name = element.attribute("id")
    parents = tuple(parent for found in element.all("parents") for parent in found.text.split())
    for parent in parents:
        if parent not in states:
            raise InvalidFile(f"line {element.line}: the parent {parent!r} is not declared.{near(parent, states)}")
    own = states[name]
    if element.tag == "cpt":
        found = element.one("probabilities")
        numbers = found.numbers()
    else:
        found = element.one("resultingstates")
        numbers: list[float] = []
        for state in found.text.split():
            if state not in own:
                raise InvalidFile(
                    f"line {found.line}: {state[:40]!r} is no state of {name!r}; those are {listing(own)}."
                )
            numbers += [float(state == x) for x in own]
    return Node(name, values_of(own), parents, as_array(numbers), f"line {found.line}")
