"""What `assume=` grants for bounds: shapes as they are, or by a name whose variables the query says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from .._errors import InvalidQuery, near
from .._graph import CausalGraph
from .._query import Query, print_query, query_nodes
from .._shapes import Shape, check_shape, no_defiers, no_prevention
from .._shapes_text import parse_shape
from .._syntax import Set, Value, Var
from ..identify import instruments

BY_NAME = ("no_prevention", "no_defiers")
"""Shapes that can be granted by name, where the query says of which variables."""
IDENTIFYING = ("no_defiers", "homogeneity")
"""Names that identification takes."""
BUILT = ("effect_within", "additive_confounding", "marginal_sensitivity")
"""Shapes that need numbers."""
_OF_MODELS = " It is a coupling, which says how the tables of a Model hang together: grant it there."
_MONOTONIC = (
    " For an effect that is never reversed write no_prevention('X', 'Y'); of an instrument, no_defiers('Z', 'X')."
)
_HINTS = {
    **{name: _OF_MODELS for name in ("rank_preserving", "gumbel_max", "independent")},
    **{name: _MONOTONIC for name in ("monotonic", "monotone", "monotonicity")},
}
"""What was meant by names that are known elsewhere."""
Grants: TypeAlias = "str | Shape | Iterable[str | Shape]"
"""What a user grants of a study: names, shapes, or several of either."""


@dataclass(frozen=True)
class Granted:
    """What is granted, read.

    Attributes:
        names: what `identify` takes as `assume`.
        shapes: what bounds take.
    """

    names: tuple[str, ...] = ()
    shapes: tuple[Shape, ...] = ()


def granted(
    graph: CausalGraph, states: Mapping[str, tuple[Value, ...]], query: Query, assume: Grants, *, shapes: bool = True
) -> Granted:
    """What `assume` grants of a study.

    Args:
        graph: of the study.
        states: of its variables.
        query: with names and states checked; names without variables are read off it.
        assume: names, shapes, or several of either.
        shapes: whether names are to be read as shapes too; without, only what identification needs is looked at, and
            nothing is refused that a query which is identified does not need.

    Raises:
        InvalidQuery: a name that is no assumption, one whose variables the query does not say, something else.
        UnknownName, UnknownState: a shape about what the graph does not have.
    """
    names: dict[str, None] = {}
    found: dict[Shape, None] = {}
    for item in _items(assume):
        if isinstance(item, Shape):
            check_shape(item, graph, states)
            found.setdefault(item)
            continue
        if item in IDENTIFYING:
            names.setdefault(item)
        if item in BY_NAME and shapes:
            found.setdefault(_by_name(graph, query, item))
    if any(shape.name == "no_defiers" and shape.high == 0 for shape in found) and "no_defiers" not in names:
        own = list(_defying(graph, query))
        if len(own) == 1 and no_defiers(*own[0]) in found:
            names.setdefault("no_defiers")
    return Granted(tuple(names), tuple(found))


def _items(assume: object) -> Iterator[str | Shape]:
    """Each item, of a kind and name that is known."""
    if isinstance(assume, (str, Shape)):
        assume = (assume,)
    if not isinstance(assume, Iterable):
        raise InvalidQuery(f"assume= takes names of assumptions or shapes, got {type(assume).__name__}.")
    for item in assume:  # pyright: ignore[reportUnknownVariableType]  # untyped callers
        if isinstance(item, Shape):
            yield item
            continue
        if not isinstance(item, str):
            what = type(item).__name__  # pyright: ignore[reportUnknownArgumentType]
            raise InvalidQuery(
                f"assume= takes names of assumptions or shapes such as no_prevention('X', 'Y'), got {what}."
            )
        if "(" in item:
            yield parse_shape(item)
            continue
        known = dict.fromkeys((*BY_NAME, *IDENTIFYING))
        if item in BUILT:
            raise InvalidQuery(f"{item!r} needs numbers: grant the value that scm.{item}(...) makes.")
        if item not in known:
            hint = _HINTS.get(item) or near(item, (*known, *BUILT))
            raise InvalidQuery(
                f"Unknown assumption {item!r}; by name {', '.join(known)} can be granted of a study, and as a value "
                f"also {', '.join(BUILT)}.{hint}"
            )
        yield item


def _by_name(graph: CausalGraph, query: Query, name: str) -> Shape:
    """The shape of a name, with the variables that the query says."""
    pairs = list(_defying(graph, query) if name == "no_defiers" else _effects(graph, query))
    if len(pairs) != 1:
        first, second = ("instrument", "cause") if name == "no_defiers" else ("cause", "effect")
        said = ", ".join(f"{a} and {b}" for a, b in pairs)
        why = f"it could be of {said}" if pairs else f"{print_query(query)} does not say of which {first} and {second}"
        a, b = pairs[0] if pairs else (first, second)
        raise InvalidQuery(f"{name!r} is granted, but {why}. Say so: {name}({a!r}, {b!r}).")
    return no_defiers(*pairs[0]) if name == "no_defiers" else no_prevention(*pairs[0])


def _effects(graph: CausalGraph, query: Query) -> Iterator[tuple[str, str]]:
    """Each (cause, effect) such that the query speaks of the effect where the cause is imposed.

    Of several settings of one term, those that the others come through are meant by none: `Y[X=0, M=M[X=1]]` is about
    X, which is set in every world, M being set to what it is under some X.
    """
    found: dict[tuple[str, str], None] = {}
    for node in query_nodes(query):
        if not isinstance(node, Var):
            continue
        for a in node.world:
            plain = isinstance(a, Set) and a.parent is None and not isinstance(a.value, Var)
            if plain and node.name in graph.descendants([a.target]) - {a.target}:
                found.setdefault((a.target, node.name))
    effects = {effect for _, effect in found}
    # Of X -> M -> Y with both M and Y asked about, the last is the effect.
    last = [
        pair
        for pair in found
        if not any(other != pair[1] and other in graph.descendants([pair[1]]) for other in effects)
    ]
    yield from last


def _defying(graph: CausalGraph, query: Query) -> Iterator[tuple[str, str]]:
    """Each (instrument, cause) for an effect that the query is about."""
    found: dict[tuple[str, str], None] = {}
    for cause, effect in _effects(graph, query):
        for one in instruments(graph, cause, effect):
            if one.causal:
                found.setdefault((one.name, cause))
    yield from found
