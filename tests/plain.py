"""Tools for plain queries: their text, their placeholders, and what kinds of thing they contain."""

import itertools
import random
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.oracle import Plain, Query, World, unknown_noises

WORDS = "and or not xor if else in do min max abs P Pr E True False true false"
RESERVED = frozenset(WORDS.split())
MAX_HOLES = 4
"""Most placeholders of a query: with many more, hardly a row would be possible."""
JOINERS = {"+", "-", "*", "=", "!=", "<", "<=", ">", ">="}


# ---------------------------------------------------------------------------------------------------------------------
# Text


def to_text(query: Query) -> str:
    """The query in the text of the engine."""
    kind, *parts = query
    match kind:
        case "sum":
            text = " ".join(f"{'-' if c < 0 else '+'} {_factor(abs(c))}{to_text(inner)}" for c, inner in parts[0])
            return text.removeprefix("+ ")
        case "expect":
            return f"E[{_text(parts[0])}{_given(parts[1])}]"
        case "dist":
            return f"P({', '.join(map(_text, parts[0]))}{_given(parts[1])})"
    return f"P({_commas(parts[0])}{_given(parts[1])})"


def do_text(query: Query) -> str:
    """The query with `do()` in place of subscripts, where it speaks of one world of constants; else nothing."""
    worlds = {term[2] for term in outer_terms(query)}
    if query[0] == "sum" or len(worlds) != 1 or worlds == {()}:
        return ""
    world = next(iter(worlds))
    if any(a[0] != "set" or a[2][0] != "const" for a in world):
        return ""
    settings = ", ".join(map(_assignment, world))
    factual = _without(query, world)
    return to_text((*factual[:2], ("do", settings, factual[2])))


def _without(part: Any, world: World) -> Any:
    if part == world:
        return ()
    return tuple(_without(inner, world) for inner in part) if isinstance(part, tuple) else part


def _factor(coefficient: Any) -> str:
    return "" if coefficient == 1 else f"{float(coefficient)!r} * "


def _given(event: Any) -> str:
    match event:
        case None:
            return ""
        case ("do", settings, None):
            return f" | do({settings})"
        case ("do", settings, rest):
            return f" | do({settings}), {_commas(rest)}"
    return f" | {_commas(event)}"


def _commas(event: Any) -> str:
    """The event, a conjunction at the top with commas."""
    return ", ".join(map(_text, event[1:])) if event[0] == "and" else _text(event)


def _text(x: Any) -> str:
    match x:
        case ("const", value):
            return _state(value)
        case ("hole", name):
            return f"?{name}"
        case ("var", name, world):
            return name_text(name) + (f"[{', '.join(map(_assignment, world))}]" if world else "")
        case ("not", part):
            return f"not ({_text(part)})"
        case ("and" | "or" as word, *parts):
            return f" {word} ".join(f"({_text(part)})" for part in parts)
        case (sign, left, right):
            return f" {sign} ".join(f"({_text(p)})" if p[0] in JOINERS else _text(p) for p in (left, right))
    raise ValueError(x)


def name_text(name: str) -> str:
    """A name, quoted if it has odd characters or means something else."""
    if re.fullmatch(r"[^\W\d]\w*", name) and name not in RESERVED:
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _state(value: Any) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    return repr(value)


def _assignment(assignment: tuple[Any, ...]) -> str:
    match assignment:
        case ("set", target, x):
            return f"{name_text(target)}={_text(x)}"
        case ("edge", parent, child, x):
            return f"{name_text(parent)}->{name_text(child)}={_text(x)}"
        case ("soft", target, x):
            return f"{name_text(target)} := {_text(x)}"
        case ("draw", target, law):
            weights = ", ".join(f"{_state(state)}: {float(p)!r}" for state, p in dict(law).items())
            return f"{name_text(target)} ~ {{{weights}}}"
    raise ValueError(assignment)


# ---------------------------------------------------------------------------------------------------------------------
# Placeholders


def punch(query: Query, states: Mapping[str, tuple[Any, ...]], rng: random.Random) -> tuple[Query, dict[str, Any]]:
    """Replace some constants, imposed or observed, by placeholders `("hole", name)`.

    Returns:
        The query and, for each placeholder, the states that may fill it.
    """
    holes: dict[str, tuple[Any, ...]] = {}

    def hole(name: str, x: Any) -> Any:
        if x[0] != "const" or len(holes) == MAX_HOLES or rng.random() < 0.3:
            return visit(x)
        # A placeholder is sometimes used again: one value a row fills it wherever it stands.
        same = [h for h, options in holes.items() if options == states[name]]
        label = rng.choice(same) if same and rng.random() < 0.2 else f"h{len(holes)}"
        holes[label] = states[name]
        return ("hole", label)

    def visit(x: Any) -> Any:
        match x:
            case ("set", name, value):
                return ("set", name, hole(name, value))
            case ("edge", parent, child, value):
                return ("edge", parent, child, hole(parent, value))
            case ("=", ("var", name, _) as term, value):
                return ("=", visit(term), hole(name, value))
            case ("const", _) | ("draw", _, _) | ("soft", _, _):
                return x
            case tuple():
                return tuple(map(visit, x))
        return x

    return visit(query), holes


def fill(query: Any, row: Mapping[str, Any]) -> Any:
    """The query with every placeholder filled from `row`."""
    if isinstance(query, tuple):
        if len(query) == 2 and query[0] == "hole":
            return ("const", row[query[1]])
        return tuple(fill(part, row) for part in query)
    return query


def rows_for(holes: Mapping[str, tuple[Any, ...]], rng: random.Random, most: int = 9) -> list[dict[str, Any]]:
    """All ways to fill the placeholders, or `most` of them at random."""
    rows = [dict(zip(holes, row, strict=True)) for row in itertools.product(*holes.values())]
    return rng.sample(rows, min(most, len(rows)))


# ---------------------------------------------------------------------------------------------------------------------
# Kinds


def outer_terms(part: Any) -> Iterator[Any]:
    """Variables in worlds, those nested inside worlds left out."""
    if isinstance(part, tuple) and part[:1] != ("const",):
        if len(part) == 3 and part[0] == "var":
            yield part
        else:
            for inner in part:
                yield from outer_terms(inner)


def nesting(x: Any) -> int:
    """How many worlds deep a part is nested: 0 factual, 1 plain, 2 or more where a term is imposed."""
    match x:
        case ("var", _, world) if world:
            return 1 + nesting(world)
        case ("set", _, ("var", _, _) as term) | ("edge", _, _, ("var", _, _) as term):
            return max(1, nesting(term))
        case tuple():
            return max(map(nesting, x), default=0)
    return 0


def rung(query: Query) -> int:
    """The rung as written: 1 sees, 2 speaks of one world, 3 of several (nested ones too)."""
    if query[0] == "sum":
        return max(rung(inner) for _, inner in query[1])
    worlds: set[World] = {term[2] for term in outer_terms(query)}
    if len(worlds) > 1 or nesting(query) > 1:
        return 3
    return 1 if worlds <= {()} else 2


def kinds(model: Plain, query: Query) -> set[str]:
    """What is in this pair, in words that the statistics count."""
    found = {f"rung {rung(query)}", query[0]} | _words(query)
    found |= {"nested"} if nesting(query) > 1 else set()
    found |= {"nested deep"} if nesting(query) > 2 else set()
    givens = [inner[2] for _, inner in query[1]] if query[0] == "sum" else [query[2]]
    found |= {"evidence"} if any(givens) else set()
    found |= {"evidence in several worlds"} if any(len({t[2] for t in outer_terms(g)}) > 1 for g in givens) else set()
    found |= {"unknown law"} if unknown_noises(model) else set()
    users = [u for variable in model["variables"] for u in variable.get("noises", ())]
    found |= {"shared noise"} if len(users) > len(set(users)) else set()
    found |= {"impossible noise state"} if any(0 in (n["law"] or ()) for n in model["noises"].values()) else set()
    found |= {"odd name"} if any(name_text(v["name"]) != v["name"] for v in model["variables"]) else set()
    return found


def _words(part: Any) -> set[str]:
    match part:
        case ("edge" | "soft" | "draw" as word, *_):
            return {word}.union(*map(_words, part[1:]))
        case ("or" | "not", *parts):
            return {"or, not"}.union(*map(_words, parts))
        case ("=" | "!=" | "<" | "<=" | ">" | ">=", ("var", _, left), ("var", _, right)) if left != right:
            return {"worlds compared"}.union(*map(_words, part[1:]))
        case ("+" | "-" | "*", _, _):
            return {"arithmetic"}.union(*map(_words, part[1:]))
        case ("const", _) | ():
            return set()
        case tuple():
            return set().union(*map(_words, part))
    return set()
