"""What every query means, worked out over every noise state in rational numbers.

Slow, exact, and it shares no code with the engine: models and queries are plain dicts and tuples.

A model is `{"noises": {name: {"states", "law"}}, "variables": [...]}`; a law of `None` is unknown, so that every law is
allowed. A variable is structural (`name states parents noises function`) or a bare table (`name states parents table`).

A query is `("prob", event, given)`, `("expect", expr, given)`, `("dist", terms, given)` or
`("sum", ((coefficient, query), ...))`. Events: `("and" | "or", event...)`, `("not", event)`, `(relation, expr, expr)`.
Expressions: `("const", x)`, `("var", name, world)`, `("+" | "-" | "*", expr, expr)`. A world is a tuple of
assignments `("set", X, expr)`, `("edge", parent, child, expr)`, `("soft", X, expr)`, `("draw", X, law)`.
"""

import itertools
import math
import operator
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

Plain = Mapping[str, Any]
Query = tuple[Any, ...]
World = tuple[Any, ...]
Table = dict[tuple[Any, ...], Any]
Response = Callable[[Any, tuple[Any, ...]], Any]

RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}
COUPLINGS = ("independent", "rank_preserving", "opposed")


def truth(model: Plain, query: Query, coupling: str = "independent") -> Any:
    """The value of `query`.

    Args:
        model: a plain model; bare tables become noise by `coupling`.
        query: a plain query.
        coupling: one of `couplings_of(model)`; it matters only on rung 3 of bare tables.

    Returns:
        A `Fraction`, or `{states: Fraction}` for a distribution. Where a law is unknown, the pair of ends in place of
        each number. `None` where the condition has probability zero (under every law allowed).
    """
    closed = couple(model, coupling)
    tables = [table for table in _by_vertex(closed, freeze(query)).values() if table is not None]
    if not tables:
        return None
    if unknown_noises(closed):
        ends = {key: (min(t[key] for t in tables), max(t[key] for t in tables)) for key in tables[0]}
    else:
        ends = tables[0]
    return ends if query[0] == "dist" else ends[()]


def couplings_of(model: Plain) -> tuple[str, ...]:
    """The couplings that `truth` knows for this model: Gumbel-max only where each table has two laws or two states."""
    tables = [variable for variable in model["variables"] if "table" in variable]
    return COUPLINGS + ("gumbel_max",) * all(
        len(variable["states"]) == 2 or len(_laws(variable)) < 3 for variable in tables
    )


def unknown_noises(model: Plain) -> list[Any]:
    """Noises of which only the states are known."""
    return [name for name, noise in model["noises"].items() if noise["law"] is None]


def freeze(part: Any) -> Any:
    """The same query, hashable, with the law of a draw in one order: equal laws on one variable are one draw."""
    if isinstance(part, tuple | list):
        if len(part) == 3 and part[0] == "draw":
            law = [(state, p) for state, p in dict(part[2]).items() if p]
            return ("draw", part[1], tuple(sorted(law, key=repr)))
        return tuple(freeze(inner) for inner in part)
    return part


class Unit:
    """One unit of the population: with a state for every noise and draw, its value in every world is fixed."""

    def __init__(self, model: Plain, noise: Mapping[Any, Any]) -> None:
        self.variables = {variable["name"]: variable for variable in model["variables"]}
        self.noise = noise
        self.memo: dict[tuple[str, World], Any] = {}

    def value(self, name: str, world: World = ()) -> Any:
        """The value of a variable in a world."""
        key = (name, world)
        if key not in self.memo:
            self.memo[key] = self._assigned(name, world)
        return self.memo[key]

    def _assigned(self, name: str, world: World) -> Any:
        for assignment in world:
            match assignment:
                case ("set", target, x) if target == name:
                    return self.number(x)
                case ("soft", target, x) if target == name:
                    return self._policy(x, name, world)
                case ("draw", target, _) if target == name:
                    return self.noise[assignment]
        return self._natural(name, world)

    def _natural(self, name: str, world: World) -> Any:
        """The variable's own function of its parents in `world` and its noise."""
        variable = self.variables[name]
        carried = {a[1]: a[3] for a in world if a[0] == "edge" and a[2] == name}
        parents = [self.number(carried[p]) if p in carried else self.value(p, world) for p in variable["parents"]]
        return variable["function"][*parents, *(self.noise[u] for u in variable["noises"])]

    def _policy(self, x: Any, name: str, world: World) -> Any:
        """A policy's expression: other variables as they are in `world`, the variable itself as it would be."""
        match x:
            case ("const", value):
                return value
            case ("var", other, ()):
                return self._natural(name, world) if other == name else self.value(other, world)
            case (sign, left, right):
                return ARITHMETIC[sign](self._policy(left, name, world), self._policy(right, name, world))
        raise ValueError(f"not a policy: {x!r}")

    def number(self, x: Any) -> Any:
        """The value of an expression, each variable in the world written on it."""
        match x:
            case ("const", value):
                return value
            case ("var", name, world):
                return self.value(name, world)
            case (sign, left, right):
                return ARITHMETIC[sign](self.number(left), self.number(right))
        raise ValueError(f"not an expression: {x!r}")

    def holds(self, event: Any) -> bool:
        """Whether an event is true of this unit; no event (`None`) always is."""
        match event:
            case None:
                return True
            case ("and", *parts):
                return all(self.holds(part) for part in parts)
            case ("or", *parts):
                return any(self.holds(part) for part in parts)
            case ("not", part):
                return not self.holds(part)
            case (relation, left, right):
                return RELATIONS[relation](self.number(left), self.number(right))
        raise ValueError(f"not an event: {event!r}")


def units(model: Plain, query: Query = (), fixed: Mapping[Any, Any] | None = None) -> Iterator[tuple[Unit, int]]:
    """Every possible unit of a structural model with its weight; weights are in proportion to probability.

    Args:
        model: structural in every variable.
        query: its draws (frozen) are further noises.
        fixed: the state of each noise whose law is unknown.
    """
    laws = {name: dict(zip(n["states"], n["law"], strict=True)) for name, n in model["noises"].items() if n["law"]}
    laws |= {draw: dict(draw[2]) for draw in _draws(query)}
    weighted = [list(_whole_weights(law).items()) for law in laws.values()]
    for combination in itertools.product(*weighted):
        noise = dict(zip(laws, (state for state, _ in combination), strict=True)) | dict(fixed or {})
        yield Unit(model, noise), math.prod(weight for _, weight in combination)


def _whole_weights(law: Mapping[Any, Fraction]) -> dict[Any, int]:
    """Whole numbers in proportion to a law, its impossible states left out (whole numbers add up much faster)."""
    if sum(law.values()) != 1 or min(law.values()) < 0:
        raise ValueError(f"not a law: {law}")
    unit = math.lcm(*(Fraction(p).denominator for p in law.values()))
    return {state: int(p * unit) for state, p in law.items() if p}


def _draws(part: Any) -> set[Any]:
    """Every draw in a frozen query."""
    if not isinstance(part, tuple):
        return set()
    if len(part) == 3 and part[0] == "draw":
        return {part}
    return set().union(*map(_draws, part))


def _by_vertex(model: Plain, query: Query) -> dict[tuple[Any, ...], Table | None]:
    """The value of `query` where each unknown law puts all its mass on one state, for each choice of states.

    One ratio of sums over product laws has its ends there: in each single law it is a ratio of two linear functions.
    A sum of ratios need not, unless they share their condition, and then it is one ratio.
    """
    unknown = unknown_noises(model)
    vertices = list(itertools.product(*(model["noises"][name]["states"] for name in unknown)))
    if query[0] != "sum":
        return {v: _conditional(model, query, dict(zip(unknown, v, strict=True))) for v in vertices}
    if unknown and len({inner[2] for _, inner in query[1]}) > 1:
        raise ValueError("the ends of a sum of ratios over unknown laws are not found at point masses")
    parts = [(coefficient, _by_vertex(model, inner)) for coefficient, inner in query[1]]
    return {v: _weighted_sum([(c, part[v]) for c, part in parts]) for v in vertices}


def _weighted_sum(parts: list[tuple[Any, Table | None]]) -> Table | None:
    if any(table is None for _, table in parts):
        return None
    return {(): sum((Fraction(c) * table[()] for c, table in parts if table), Fraction(0))}


def _conditional(model: Plain, query: Query, fixed: Mapping[Any, Any]) -> Table | None:
    """The conditional mean of what is asked, by adding up the units that meet the condition."""
    kind, asked, given = query
    states = {variable["name"]: variable["states"] for variable in model["variables"]}
    keys = itertools.product(*(states[name] for _, name, _ in asked)) if kind == "dist" else [()]
    totals: Table = dict.fromkeys(keys, Fraction(0))
    condition = 0
    for unit, weight in units(model, query, fixed):
        if not unit.holds(given):
            continue
        condition += weight
        match kind:
            case "prob":
                totals[()] += weight * unit.holds(asked)
            case "expect":
                totals[()] += weight * unit.number(asked)
            case "dist":
                totals[tuple(map(unit.number, asked))] += weight
    return {key: total / condition for key, total in totals.items()} if condition else None


def couple(model: Plain, coupling: str) -> Plain:
    """The same model with noise behind every bare table; all couplings agree on rungs 1 and 2.

    `independent` draws afresh for each parent configuration; `rank_preserving` reads every row at one quantile, in the
    order of states; `opposed` does so too, but turns the order of states round in every other row; `gumbel_max` runs
    one race among the states, which is won under each row by the smallest of arrival time over probability.
    """
    kinds = {"independent": _independent, "gumbel_max": _race}
    noises, variables = dict(model["noises"]), []
    for variable in model["variables"]:
        if "function" not in variable:
            name = ("noise of", variable["name"])
            law, response = kinds[coupling](variable) if coupling in kinds else _quantile(variable, coupling)
            noises[name] = {"states": tuple(law), "law": tuple(law.values())}
            function = {(*row, u): response(u, row) for row in variable["table"] for u in law}
            variable = {k: variable[k] for k in ("name", "states", "parents")}
            variable |= {"noises": (name,), "function": function}
        variables.append(variable)
    return {"noises": noises, "variables": variables}


def _independent(variable: Plain) -> tuple[dict[Any, Fraction], Response]:
    """Noise that names the state drawn in each row."""
    rows = list(variable["table"])
    laws = [[(s, p) for s, p in zip(variable["states"], variable["table"][row], strict=True) if p] for row in rows]
    law = {
        tuple(s for s, _ in draw): math.prod((p for _, p in draw), start=Fraction(1))
        for draw in itertools.product(*laws)
    }
    return law, lambda u, row: u[rows.index(row)]


def _quantile(variable: Plain, coupling: str) -> tuple[dict[Any, Fraction], Response]:
    """Noise that names a stretch of the unit interval on which every row is constant."""
    steps: dict[tuple[Any, ...], list[tuple[Any, Fraction]]] = {}
    for i, (row, law) in enumerate(variable["table"].items()):
        ordered = list(zip(variable["states"], law, strict=True))
        if coupling == "opposed" and i % 2:
            ordered.reverse()
        tops = itertools.accumulate(p for _, p in ordered)
        steps[row] = list(zip((s for s, _ in ordered), tops, strict=True))
    tops = sorted({Fraction(top) for row in steps.values() for _, top in row if top})
    law = {top: top - below for below, top in itertools.pairwise([Fraction(0), *tops])}
    return law, lambda u, row: next(state for state, top in steps[row] if u <= top)


def _laws(variable: Plain) -> list[tuple[Fraction, ...]]:
    """The different laws among the rows of a table."""
    return list(dict.fromkeys(tuple(map(Fraction, law)) for law in variable["table"].values()))


def _race(variable: Plain) -> tuple[dict[Any, Fraction], Response]:
    """Noise that names the winner under each of the table's laws, of which there are two at most.

    With two states a race depends on the ratio of two arrival times only, and on that every law is a threshold.
    """
    laws, states = _laws(variable), variable["states"]
    if len(laws) > 2:
        return _quantile(variable, "rank_preserving")
    places = {row: laws.index(tuple(map(Fraction, law))) for row, law in variable["table"].items()}
    pairs = itertools.product(range(len(states)), repeat=2)
    law = {(states[i], states[j]): race(laws[0], laws[-1], i, j) for i, j in pairs}
    return {winners: p for winners, p in law.items() if p}, lambda u, row: u[places[row]]


def race(p: tuple[Fraction, ...], q: tuple[Fraction, ...], i: int, j: int) -> Fraction:
    """The probability that of independent exponential times E, E/p is smallest at i and E/q is smallest at j.

    For i != j it is an integral over r = E_j / E_i, from p_j / p_i to q_j / q_i, of 1 / (1 + r + s(r))^2, where s adds
    up max(p_k / p_i, r q_k / q_j) over the others: in pieces between the places where a maximum changes sides.
    """
    if not p[i] or not q[j]:
        return Fraction(0)
    if i == j:
        return 1 / sum((max(a / p[i], b / q[i]) for a, b in zip(p, q, strict=True)), Fraction(0))
    others = [(p[k] / p[i], q[k] / q[j]) for k in range(len(p)) if k not in (i, j)]
    low, high = p[j] / p[i], q[j] / q[i] if q[i] else None
    if high is not None and high <= low:
        return Fraction(0)
    turns = {a / b for a, b in others if b and a / b > low and (high is None or a / b < high)}
    starts = sorted({low} | turns)
    ends: list[Fraction | None] = [*starts[1:], high]
    total = Fraction(0)
    for start, end in zip(starts, ends, strict=True):
        inside = start + 1 if end is None else (start + end) / 2
        fixed = 1 + sum((a for a, b in others if a > b * inside), Fraction(0))
        slope = 1 + sum((b for a, b in others if a <= b * inside), Fraction(0))
        at_start = fixed + slope * start
        total += 1 / (slope * at_start) if end is None else (end - start) / (at_start * (fixed + slope * end))
    return total
