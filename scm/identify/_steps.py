"""The derivation of an estimand, step by step: rule, before and after, and the graph fact that licenses it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from .._bitgraph import BitGraph, members
from .._estimand import Estimand, Index
from .._estimand_text import print_estimand
from .._finding import Step
from .._query import Term, print_query
from .._syntax import print_expr
from .._worlds import Own
from ._asking import Asked
from ._kernels import Base, Env, Kernel, Scope, law, product
from ._known import Found, Known, formula
from ._many import Joined
from ._obstacles import term_of
from ._single import Part, Solved

PEARL = "Pearl (1995)"
TIAN = "Tian & Pearl (2002)"
CTF = "Correa, Lee & Bareinboim (2021)"
PLACED = "the formulas above, in place; conditionals that continue each other are joined and sums to one dropped"
NESTED = "Correa, Lee & Bareinboim (2021), counterfactual unnesting"


@dataclass(frozen=True)
class Single:
    """One term in one world, as it was worked out."""

    term: Term
    whole: Known
    known: Known
    asked: Asked
    solved: Solved

    @property
    def head(self) -> str:
        """The term as text."""
        return print_query(self.term)


@dataclass(frozen=True)
class Several:
    """One term over several worlds, as it was worked out."""

    term: Term
    whole: Known
    known: Known
    nested: bool
    given: bool
    joined: Joined

    @property
    def head(self) -> str:
        """The term as text."""
        return print_query(self.term)


@dataclass(frozen=True)
class Sure:
    """One term that no law is needed for."""

    term: Term
    estimand: Estimand
    reason: str


Record: TypeAlias = Single | Several | Sure


def steps(records: Iterable[Record]) -> Iterator[Step]:
    """The steps of every term, in order."""
    for record in records:
        if not isinstance(record, Sure):
            yield from _projected(record)
        match record:
            case Single():
                yield from _single(record)
            case Several():
                yield from _several(record)
            case Sure(term, estimand, reason):
                yield Step(
                    "consistency", f"{print_query(term)} = {print_estimand(estimand)}", reason, "Pearl (2009), 7.1"
                )


def recipe(records: Iterable[Record]) -> Callable[[], tuple[Step, ...]]:
    """The same, to be made when somebody reads them."""
    kept = tuple(records)
    return lambda: tuple(dict.fromkeys(steps(kept)))


# ---------------------------------------------------------------------------------------------------------------------


def _set(graph: BitGraph, bits: int) -> str:
    return "{" + ", ".join(graph.named(bits)) + "}"


def _projected(record: Single | Several) -> Iterator[Step]:
    """The causes that were left out before all else."""
    graph = record.whole.graph
    causes = graph.ancestors(record.known.within, record.whole.within)
    if out := causes & ~record.known.within:
        reason = (
            "each of them has one effect, no hidden common cause, and no cause in the district of that effect, so that "
            "its causes may stand for it"
        )
        yield Step("latent projection", f"{_set(graph, out)} is left out", reason, TIAN)


def _single(record: Single) -> Iterator[Step]:
    graph, asked, part = record.known.graph, record.asked, record.solved.above
    yield from _left_out(record)
    if part.seen:
        yield _conditional(record)
        return
    given, kept = asked.given | asked.doubtful, record.solved.kept
    if dropped := given & ~kept:
        reason = (
            f"with the edges out of {_set(graph, asked.given)} cut, no path joins {_set(graph, dropped)} to "
            f"{_set(graph, asked.asked)} and its causes: what is given there enters only as the value that is read"
        )
        yield Step("ancestral components", f"{_set(graph, dropped)} leaves the condition", reason, CTF)
    yield from _parts(record.known, part, record.solved.below, record.head)
    yield Step(
        "put together", f"{record.head} = {print_estimand(record.solved.estimand)}", "the formulas above, in place"
    )


def _left_out(record: Single) -> Iterator[Step]:
    graph, asked = record.known.graph, record.asked
    world = graph.without_edges(into=asked.done)
    wanted = asked.asked | asked.given | asked.doubtful
    read = graph.parents_of(world.ancestors(wanted, record.known.within & ~asked.done)) & asked.done
    if idle := asked.done & ~read:
        reason = f"no path leads from {_set(graph, idle)} to {_set(graph, wanted)} but through what else is imposed"
        yield Step("rule 3 of do-calculus", f"do({', '.join(graph.named(idle))}) is left out", reason, PEARL)


def _conditional(record: Single) -> Step:
    graph, asked, part = record.known.graph, record.asked, record.solved.above
    claim = f"{record.head} = {print_estimand(record.solved.estimand)}"
    if not part.exchanged:
        return Step("seeing", claim, "nothing is imposed that matters: the law of what is seen says it")
    given = f" given {_set(graph, asked.given)}" if asked.given else ""
    reason = (
        f"{_set(graph, asked.asked | asked.doubtful)} and {_set(graph, part.exchanged)} are m-separated{given} in the "
        f"graph without the edges out of {_set(graph, part.exchanged)}: imposing is as good as seeing"
    )
    return Step("rule 2 of do-calculus", claim, reason, PEARL)


def _parts(known: Known, above: Part, below: Part | None, head: str) -> Iterator[Step]:
    graph = known.graph
    if below is not None:
        yield Step(
            "condition", f"{head} is a joint law over the law of its condition", "the definition of conditioning"
        )
    told: set[int] = set()
    for part, what in ((above, "the joint law"), (below, "the law of the condition")):
        if part is None:
            continue
        districts = [f.district for f in part.found]
        if part.summed:
            yield Step(
                "sum over the other causes",
                f"{what} is that of {_set(graph, part.variables)}, summed over {_set(graph, part.summed)}",
                f"{_set(graph, part.variables)} is closed under causes that are not imposed or given",
            )
        if len(districts) > 1:
            yield Step(
                "factor into districts",
                f"P{_set(graph, part.variables)} = {' '.join(f'Q{_set(graph, d)}' for d in districts)}",
                f"the districts of the graph over {_set(graph, part.variables)}; Q[C]: P(C) with all else imposed",
                TIAN,
            )
        for found in part.found:
            if found.district not in told:
                told.add(found.district)
                yield from kernel_steps(known, found)


def kernel_steps(known: Known, found: Found) -> Iterator[Step]:
    """How the kernel of one district follows from a law."""
    graph = known.graph
    where = f" where {_set(graph, found.source.imposed)} is imposed" if found.source.imposed else ""
    yield from _made(graph, found, found.kernel, where)
    whole = _district(found.kernel)
    if whole != found.district:
        rest = whole & ~found.district
        claim = f"Q{_set(graph, found.district)} = {print_estimand(_formula(known, found))}"
        reason = (
            f"{_set(graph, rest)} causes none of {_set(graph, found.district)} in the graph over {_set(graph, whole)}"
        )
        yield Step("sum out what is no cause", claim, reason, TIAN)


def _made(graph: BitGraph, found: Found, kernel: Kernel, where: str) -> Iterator[Step]:
    if isinstance(kernel, Base):
        whole = _district(kernel)
        env: Env = {v: Index(graph.names[v]) for v in range(len(graph.names))}
        laws = [law(kernel.source, of, given, env, Scope(graph.names)) for of, given in kernel.conditionals]
        reason = (
            f"{_set(graph, whole)} is a district of the graph{where} over the causes of {_set(graph, found.district)}: "
            "its kernel is the product of each variable given the district and its parents before it"
        )
        written = print_estimand(product(list(laws)))
        yield Step("kernel of a district", f"Q{_set(graph, whole)} = {written}", reason, TIAN)
        return
    yield from _made(graph, found, kernel.parent, where)
    before = _district(kernel.parent)
    if rest := before & ~kernel.whole:
        claim = f"Q{_set(graph, kernel.whole)} is Q{_set(graph, before)} summed over {_set(graph, rest)}"
        reason = (
            f"{_set(graph, rest)} causes none of {_set(graph, kernel.whole)} in the graph over {_set(graph, before)}"
        )
        yield Step("sum out what is no cause", claim, reason, TIAN)
    env = {v: Index(graph.names[v]) for v in range(len(graph.names))}
    scope = Scope(graph.names, used=dict.fromkeys(range(len(graph.names)), 1))
    claim = f"Q{_set(graph, kernel.district)} = {print_estimand(kernel.formula(kernel.district, env, scope))}"
    reason = f"{_set(graph, kernel.district)} is a district of the graph over {_set(graph, kernel.whole)}"
    yield Step("split into districts", claim, reason, TIAN)


def _district(kernel: Kernel) -> int:
    return sum(of for of, _ in kernel.conditionals) if isinstance(kernel, Base) else kernel.district


def _formula(known: Known, found: Found) -> Estimand:
    near = found.district | known.graph.parents_of(found.district)
    env = {v: Index(known.graph.names[v]) for v in members(near)}
    return formula(found, env, Scope(known.graph.names, used=dict.fromkeys(env, 1)))


def _several(record: Several) -> Iterator[Step]:
    joined, graph = record.joined, record.known.graph
    worlds = joined.worlds
    if record.nested:
        yield Step(
            "unnesting",
            f"{record.head}: a value that is set from another world, or a policy's, is summed over",
            "each value is imposed in turn, together with its own term having it",
            NESTED,
        )
    own = [i for i, x in enumerate(worlds.instances) if isinstance(x.mechanism, Own)]
    listed = ", ".join(print_expr(term_of(worlds, i)) for i in own)
    yield Step(
        "exclusion and consistency",
        f"{record.head} is about {{{listed}}}",
        "what cannot reach a term is left out, observed values stand where they are read, equal terms are one",
        f"{CTF}; Shpitser & Pearl (2007)",
    )
    if record.given and joined.below is None:
        reason = "what is asked is not connected to the rest once the edges out of what is given are cut"
        yield Step("ancestral components", "the condition enters only through the values that are read", reason, CTF)
    for part in (joined.above, joined.below):
        if part is None or len(part.found) <= 1:
            continue
        yield Step(
            "counterfactual factors",
            f"the joint law is {' '.join(f'Q{_set(graph, f.district)}' for f in part.found)}, each in its own world",
            "no district needs one variable at two values",
            CTF,
        )
    told: set[int] = set()
    for part in (joined.above, joined.below):
        for found in () if part is None else part.found:
            if found.district not in told:
                told.add(found.district)
                yield from kernel_steps(record.known, found)
    yield Step("put together", f"{record.head} = {print_estimand(joined.estimand)}", PLACED)
