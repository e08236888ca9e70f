"""Districts as formulas: `Q[C] = P(C; do(everything else))` from a law that is available.

Tian & Pearl (2002): a law splits into the kernels of its districts; a kernel is summed over variables
that cause none of the rest; and it splits again into the districts of what is left. `descend` is their IDENTIFY.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from .._bitgraph import BitGraph, members
from .._errors import InvalidQuery
from .._estimand import ONE, At, Cells, Estimand, Index, Law, Product, Quotient, Sum

MOST_LAWS = 20_000
"""Most laws that one formula is written with; kernels inside kernels can need exponentially many."""

Env: TypeAlias = Mapping[int, At]
"""The value at which each variable stands."""


@dataclass(frozen=True)
class Source:
    """An available law as bits.

    Attributes:
        graph: the graph of its world, over what is measured there.
        measured, imposed: variables.
        name: what estimands call it.
    """

    graph: BitGraph
    measured: int
    imposed: int = 0
    name: str = ""


@dataclass
class Scope:
    """Indices handed out so far, and those that a formula holds though it does not depend on them.

    Attributes:
        names: of the variables.
        used: how many indices of each variable there are.
        free: variables that may stand at any value, with the index they were given.
        divides: whether some formula divides or conditions.
        laws: how many laws were written.
    """

    names: tuple[str, ...]
    used: dict[int, int] = field(default_factory=dict[int, int])
    free: dict[int, Index] = field(default_factory=dict[int, Index])
    divides: bool = False
    laws: int = 0

    def fresh(self, v: int) -> Index:
        """An index of `v` that is nowhere else."""
        number = self.used.get(v, 0)
        self.used[v] = number + 1
        return Index(self.names[v], number)

    def at(self, v: int, env: Env) -> At:
        """The value of `v`; where `env` leaves it open the formula does not depend on it, and any will do."""
        if v in env:
            return env[v]
        if v not in self.free:
            self.free[v] = self.fresh(v)
        return self.free[v]

    def cells(self, bits: int, env: Env) -> Cells:
        """Variables with their values, in canonical order."""
        return tuple(sorted((self.names[v], self.at(v, env)) for v in members(bits)))


Conditional: TypeAlias = tuple[int, int]
"""Variables and what they are conditioned on, as bits."""


@dataclass(frozen=True)
class Base:
    """The kernel of a district of a source: the product over its variables of P(v | what stands before it).

    Only what can matter is conditioned on: the district that v lies in among the variables up to it, and its parents.
    """

    source: Source
    conditionals: tuple[Conditional, ...]

    @staticmethod
    def of(source: Source, district: int, within: int) -> Base:
        """The kernel of `district` in the subgraph of `within`, an ancestral set of the source."""
        found: list[Conditional] = []
        for v in members(district):
            before = within & ((2 << v) - 1)
            own = source.graph.district(1 << v, before)
            found.append((1 << v, (own | source.graph.parents_of(own) & within) & ~(1 << v)))
        return Base(source, tuple(found))

    def formula(self, keep: int, env: Env, scope: Scope) -> Estimand:
        """The kernel summed over all but `keep`."""
        left = list(self.conditionals)
        for item in reversed(self.conditionals):
            others = 0
            for of, given in left:
                others |= given if of == item[0] else of | given
            if not item[0] & (keep | others):
                left.remove(item)
        merged = marginal(chained(left), keep)
        inside = 0
        for of, _ in merged:
            inside |= of
        summed = inside & ~keep
        env = dict(env)
        over = [scope.fresh(v) for v in members(summed)]
        env.update(zip(members(summed), over, strict=True))
        return total(over, [law(self.source, of, given, env, scope) for of, given in merged])


@dataclass(frozen=True)
class Derived:
    """The kernel of a district inside an ancestral part of another kernel (Tian & Pearl 2002).

    Attributes:
        parent: the kernel it comes from.
        whole: the ancestral part that is kept of it.
        district: the district of the subgraph of `whole`.
        graph: over which.
    """

    parent: Kernel
    whole: int
    district: int
    graph: BitGraph

    def formula(self, keep: int, env: Env, scope: Scope) -> Estimand:
        """The kernel summed over all but `keep`: ratios of the parent kernel over growing parts."""
        order = self._order(keep)
        while not order[-1] & keep:
            order.pop()
        env, over = dict(env), list[Index]()
        for v in order:
            if v & self.district & ~keep:
                over.append(scope.fresh(v.bit_length() - 1))
                env[v.bit_length() - 1] = over[-1]
        factors: list[Estimand] = []
        before, start, inside = 0, 0, False
        for v in [*order, 0]:
            if inside and not v & self.district:
                factors.append(self._ratio(before, start, env, scope))
            if v & self.district and not inside:
                start = before
            inside = bool(v & self.district)
            before |= v
        return total(over, factors)

    def _ratio(self, upto: int, start: int, env: Env, scope: Scope) -> Estimand:
        above = self.parent.formula(upto, env, scope)
        if not start:
            return above
        scope.divides = True
        return Quotient(above, self.parent.formula(start, env, scope))

    def _order(self, keep: int) -> list[int]:
        """A causal order: what is outside the district as early as may be, what is summed out as late."""
        left, found = self.whole, list[int]()
        while left:
            ready = [v for v in members(left) if not self.graph.parents[v] & left]
            best = min(ready, key=lambda v: (2 if not keep >> v & 1 else 1) if self.district >> v & 1 else 0)
            found.append(1 << best)
            left &= ~found[-1]
        return found


Kernel: TypeAlias = Base | Derived


@dataclass(frozen=True)
class Stuck:
    """`wanted` cannot be had from the kernel of `district`: all of it causes `wanted` (a hedge)."""

    wanted: int
    district: int


def descend(source: Source, wanted: int) -> Kernel | Stuck:
    """A kernel whose formula, summed over all but `wanted`, is `Q[wanted]`; or why this source has none.

    Args:
        source: what is known; all of `wanted` is measured there.
        wanted: one district of some subgraph.
    """
    graph = source.graph
    within = graph.ancestors(wanted, source.measured)
    district = graph.district(wanted, within)
    kernel: Kernel = Base.of(source, district, within)
    while True:
        causes = graph.ancestors(wanted, district)
        if causes == wanted:
            return kernel
        if causes == district:
            return Stuck(wanted, district)
        inner = graph.district(wanted, causes)
        if inner != causes:
            kernel = Derived(kernel, causes, inner, graph)
        district = inner


# ---------------------------------------------------------------------------------------------------------------------
# Products of conditionals


def chained(conditionals: list[Conditional]) -> list[Conditional]:
    """`P(a | c) P(b | a, c)` as `P(a, b | c)`, wherever it fits."""
    found: list[Conditional] = []
    for of, given in conditionals:
        for i, (first, base) in enumerate(found):
            if first | base == given:
                found[i] = (first | of, base)
                break
        else:
            found.append((of, given))
    return found


def marginal(laws: list[Conditional], keep: int) -> list[Conditional]:
    """The laws without variables that are summed over and that no other law speaks of."""
    found: list[Conditional] = []
    for i, (of, given) in enumerate(laws):
        others = keep
        for k, (a, b) in enumerate(laws):
            if k != i:
                others |= a | b
        if of & others:
            found.append((of & others, given))
    return found if found == laws else marginal(found, keep)


def law(source: Source, of: int, given: int, env: Env, scope: Scope) -> Law:
    """`P(of | given; do)` of a source."""
    scope.divides |= bool(given)
    scope.laws += 1
    if scope.laws > MOST_LAWS:
        raise InvalidQuery(
            f"The query is identified, but its formula has more than {MOST_LAWS:,} laws. Ask over fewer variables: "
            "make those that do not matter hidden."
        )
    return Law(scope.cells(of, env), scope.cells(given, env), scope.cells(source.imposed, env), source.name)


def product(factors: list[Estimand]) -> Estimand:
    """The product, flat; one factor is itself."""
    flat: list[Estimand] = []
    for f in factors:
        flat.extend(f.factors if isinstance(f, Product) else (f,))
    return flat[0] if len(flat) == 1 else Product(tuple(flat)) if flat else ONE


def total(over: list[Index], factors: list[Estimand]) -> Estimand:
    """The sum of the product; over nothing it is the product."""
    body = product(factors)
    return Sum(tuple(over), body) if over else body
