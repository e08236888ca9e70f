"""What of a term's worlds bears on what is asked, so that each part can go to the cheapest solver that is exact for it.

Instances that neither read one another nor share a noise are independent given nothing, and what the evidence fixes is
read as a constant: so the worlds fall into components, and those without a term that is asked only say whether the
evidence is possible.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ._model import Model
from ._syntax import Const, Expr, Op, Placeholder, Var, conjuncts, substitute, terms
from ._worlds import Instance, Own, Worlds


@dataclass(frozen=True)
class Part:
    """Some components of a term's worlds.

    Attributes:
        worlds: their instances alone.
        asked: an expression of terms in them; what the evidence fixes stands in it as a value.
        conditions: those that speak of them.
    """

    worlds: Worlds
    asked: Expr
    conditions: tuple[Expr, ...]

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for equal parts."""
        return self.worlds.instances, tuple(sorted(self.worlds.fixed.items())), self.asked, self.conditions


NOTHING = Const(1.0)
"""What a part is asked that only has to be possible: the expectation of one."""


@dataclass(frozen=True)
class Parts:
    """A term taken apart.

    Attributes:
        main: what bears on what is asked: independent parts, whose values are multiplied. None of them where the
            evidence determines it by itself.
        rest: what only has to be possible; None where there is no other evidence.
        fixed: the factor of what is asked that has no terms.
        checks: conditions that the evidence decides.
    """

    main: tuple[Part, ...]
    rest: Part | None
    fixed: Expr
    checks: tuple[Expr, ...]


def parts_of(model: Model, worlds: Worlds, asked: Expr, conditions: Sequence[Expr], *, event: bool) -> Parts:
    """The parts of one term.

    Args:
        model: whose worlds they are.
        worlds: of all terms and facts; possible.
        asked: what is asked.
        conditions: what else is given.
        event: whether `asked` is an event, or a number.
    """
    given = [known(worlds, part) for part in conditions]
    checks = tuple(part for part in given if not terms(part))
    given = [part for part in given if terms(part)]
    kin = _linked(model, worlds)
    for part in given:
        _tie_all(kin, _places(worlds, part))
    factors = _factors(known(worlds, asked), event)
    for part in factors:
        _tie_all(kin, _places(worlds, part))
    together: dict[int, list[Expr]] = {}
    for part in factors:
        if terms(part):
            together.setdefault(_find(kin, _places(worlds, part)[0]), []).append(part)
    where = [_find(kin, i) for i in range(len(worlds.instances))]

    def part_of(roots: Collection[int], wanted: Expr) -> Part:
        inside = {i for i, root in enumerate(where) if root in roots}
        spoken = tuple(part for part in given if _find(kin, _places(worlds, part)[0]) in roots)
        return Part(restricted(worlds, inside), wanted, spoken)

    outside = set(where) - set(together)
    return Parts(
        tuple(part_of({root}, _product(found, event)) for root, found in together.items()),
        part_of(outside, NOTHING) if outside else None,
        _product([part for part in factors if not terms(part)], event),
        checks,
    )


def _factors(asked: Expr, event: bool) -> list[Expr]:
    """What is asked as a conjunction of events, or a product of numbers."""
    if event:
        return list(conjuncts(asked))
    return list(asked.args) if isinstance(asked, Op) and asked.op == "*" else [asked]


def _product(factors: Sequence[Expr], event: bool) -> Expr:
    if not factors:
        return NOTHING
    return factors[0] if len(factors) == 1 else Op("and" if event else "*", tuple(factors))


def known(worlds: Worlds, expr: Expr) -> Expr:
    """`expr` with every term that the evidence or an intervention fixes replaced by its value."""

    def leaf(node: Const | Placeholder | Var) -> Expr:
        if not isinstance(node, Var):
            return node
        slot = worlds.terms[node]
        return worlds.fixed.get(slot, node) if isinstance(slot, int) else slot

    return substitute(expr, leaf)


def restricted(worlds: Worlds, keep: Collection[int]) -> Worlds:
    """The instances in `keep`, which read no others."""
    place = {old: new for new, old in enumerate(sorted(keep))}
    instances = tuple(
        Instance(x.variable, x.mechanism, tuple((n, place[s] if isinstance(s, int) else s) for n, s in x.slots))
        for x in (worlds.instances[i] for i in place)
    )
    found = {t: place[s] for t, s in worlds.terms.items() if isinstance(s, int) and s in place}
    return Worlds(instances, found, {place[i]: v for i, v in worlds.fixed.items() if i in place}, worlds.impossible)


def noise_blocks(model: Model) -> Mapping[str, tuple[object, ...]]:
    """For each variable the noises that its mechanism reads; correlated ones are one."""
    block = {name: i for i, found in enumerate(model.continuous_noises) for name in found.names}
    out: dict[str, tuple[object, ...]] = {}
    for v in model.graph.order:
        finite = model.mechanisms.get(v)
        names = model.columnar[v].noises if finite is None else [n for n in finite.inputs if n in model.noises]
        out[v] = tuple(dict.fromkeys(block.get(n, n) for n in names))
    return out


def _linked(model: Model, worlds: Worlds) -> list[int]:
    """The components of instances: who reads whom, who shares a noise or a mechanism's randomness."""
    kin = list(range(len(worlds.instances)))
    first: dict[object, int] = {}
    blocks = noise_blocks(model)
    for i, x in enumerate(worlds.instances):
        _tie_all(kin, [i, *(s for _, s in x.slots if isinstance(s, int))])
        if isinstance(x.mechanism, Own):
            # A table has no noise of its own to share, but its instances depend on one another all the same.
            for source in (("variable", x.variable), *blocks[x.variable]):
                _tie_all(kin, [i, first.setdefault(source, i)])
    return kin


def _places(worlds: Worlds, expr: Expr) -> list[int]:
    return [s for t in terms(expr) if isinstance(s := worlds.terms[t], int)]


def _find(kin: list[int], i: int) -> int:
    while kin[i] != i:
        kin[i] = kin[kin[i]]
        i = kin[i]
    return i


def _tie_all(kin: list[int], members: Sequence[int]) -> None:
    for other in members[1:]:
        kin[_find(kin, other)] = _find(kin, members[0])
