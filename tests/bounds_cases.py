"""Random tables for the closed forms of `tests.bounds_closed`, with the graphs and questions they are about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from scm import CausalGraph, KnownLaw, Study, ask, no_defiers, no_prevention
from scm._resolve import read_query
from scm.bounds._canonical import programme_of
from scm.bounds._programme import Programme
from tests import bounds_closed as closed
from tests.bounds_oracle import Graph, all_of, equal, setting
from tests.plain import to_text

Array = Any


@dataclass(frozen=True)
class Tables:
    """Many random models of one kind.

    Attributes:
        graph: with its variables in the order of the law's axes.
        law: shape (tables, states...).
        experiment: P(y | do(x)), shape (tables, x, y).
        kernel: the law given the first variable, where the closed forms read that.
    """

    graph: Graph
    law: Array
    experiment: Array
    kernel: Array


def _dirichlet(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Random laws over the last axis, most of them far from even."""
    raw = rng.gamma(rng.choice([0.2, 0.5, 1.0, 3.0], size=(*shape[:-1], 1)), size=shape) + 1e-6
    return raw / raw.sum(-1, keepdims=True)


def confounded(count: int, seed: int, states: tuple[int, int] = (2, 2)) -> Tables:
    """X -> Y with a hidden common cause: a law of (x, response of y)."""
    rng, (xs, ys) = np.random.default_rng([1, seed]), states
    types = _dirichlet(rng, (count, xs * ys**xs)).reshape(count, xs, *([ys] * xs))
    law, experiment = np.zeros((count, xs, ys)), np.zeros((count, xs, ys))
    for x in range(xs):
        others = tuple(2 + k for k in range(xs) if k != x)
        law[:, x] = types[:, x].sum(tuple(a - 1 for a in others))
        experiment[:, x] = types.sum((1, *others))
    graph = Graph({"X": xs, "Y": ys}, (("X", "Y"),), (("X", "Y"),))
    return Tables(graph, law, experiment, law)


def monotone(count: int, seed: int) -> Tables:
    """The same where X never prevents Y."""
    rng = np.random.default_rng([4, seed])
    types = _dirichlet(rng, (count, 6)).reshape(count, 2, 3)  # never, only with X, always
    law = np.zeros((count, 2, 2))
    law[:, 0, 1], law[:, 1, 1] = types[:, 0, 2], types[:, 1, 1:].sum(-1)
    law[:, :, 0] = types.sum(-1) - law[:, :, 1]
    risk = np.stack([types[:, :, 2].sum(-1), types[:, :, 1:].sum((-1, -2))], 1)
    graph = Graph({"X": 2, "Y": 2}, (("X", "Y"),), (("X", "Y"),))
    return Tables(graph, law, np.stack([1 - risk, risk], -1), law)


def exogenous(count: int, seed: int) -> Tables:
    """X -> Y without a hidden cause of both."""
    rng = np.random.default_rng([5, seed])
    x, given = _dirichlet(rng, (count, 2)) * 0.9 + 0.05, _dirichlet(rng, (count, 2, 2))
    return Tables(Graph({"X": 2, "Y": 2}, (("X", "Y"),)), x[..., None] * given, given, given)


def instrument(count: int, seed: int, defiers: bool = True) -> Tables:
    """Z -> X -> Y with X <-> Y."""
    rng = np.random.default_rng([2, seed])
    z = _dirichlet(rng, (count, 2)) * 0.9 + 0.05
    types = _dirichlet(rng, (count, 16)).reshape(count, 2, 2, 2, 2)  # x at z=0, 1; y at x=0, 1
    if not defiers:
        types[:, 1, 0] = 0
        types /= types.sum((1, 2, 3, 4), keepdims=True)
    kernel = np.zeros((count, 2, 2, 2))
    for code in np.ndindex(2, 2, 2, 2):
        for at in (0, 1):
            x = code[at]
            kernel[:, at, x, code[2 + x]] += types[(slice(None), *code)]
    experiment = np.stack([types.sum((1, 2, 4)), types.sum((1, 2, 3))], axis=1)
    graph = Graph(dict.fromkeys("ZXY", 2), (("Z", "X"), ("X", "Y")), (("X", "Y"),))
    return Tables(graph, z[..., None, None] * kernel, experiment, kernel)


def mediator(count: int, seed: int) -> Tables:
    """X -> M -> Y, X -> Y with M <-> Y."""
    rng = np.random.default_rng([3, seed])
    x = _dirichlet(rng, (count, 2)) * 0.9 + 0.05
    types = _dirichlet(rng, (count, 64)).reshape(count, 4, 16)
    kernel = np.zeros((count, 2, 2, 2))
    for m_type, y_type in np.ndindex(4, 16):
        for at in (0, 1):
            m = m_type >> at & 1
            kernel[:, at, m, y_type >> (2 * at + m) & 1] += types[:, m_type, y_type]
    graph = Graph(dict.fromkeys("XMY", 2), (("X", "M"), ("M", "Y"), ("X", "Y")), (("M", "Y"),))
    return Tables(graph, x[..., None, None] * kernel, kernel.sum(2), kernel)


def arm(y: int, **do: int) -> Any:
    """Y=y where `do` is imposed."""
    return equal("Y", y, setting(do))


def prob(*events: Any, given: Any = None) -> Any:
    return ("prob", all_of(events), given)


def minus(left: Any, right: Any) -> Any:
    return ("sum", ((1, left), (-1, right)))


ATE = minus(prob(arm(1, X=1)), prob(arm(1, X=0)))
PN = prob(arm(0, X=0), given=all_of([equal("X", 1), equal("Y", 1)]))
PS = prob(arm(1, X=1), given=all_of([equal("X", 0), equal("Y", 0)]))
PNS = prob(arm(1, X=1), arm(0, X=0))
PD = prob(arm(0, X=0), given=equal("Y", 1))
PE = prob(arm(1, X=1), given=equal("Y", 0))
TREATED = ("expect", ("-", *(("var", "Y", setting({"X": x})) for x in (1, 0))), equal("X", 1))
NESTED = ("set", "M", ("var", "M", setting({"X": 0})))
NDE = minus(prob(equal("Y", 1, (("set", "X", ("const", 1)), NESTED))), prob(arm(1, X=0)))
UNIT = (100, -60, 0, -140)
"""What Li & Pearl (2019) let a complier, an always-taker, a never-taker and a defier be worth in their example."""
KINDS_OF_UNIT = (PNS, prob(arm(1, X=1), arm(1, X=0)), prob(arm(0, X=1), arm(0, X=0)), prob(arm(0, X=1), arm(1, X=0)))
BENEFIT = ("sum", tuple((w, part) for w, part in zip(UNIT, KINDS_OF_UNIT, strict=True) if w))


@dataclass(frozen=True)
class Case:
    """A closed form.

    Attributes:
        name: whose it is.
        tables: random models, from their number and a seed.
        query: the question, as a plain tuple.
        ends: the closed form of all tables.
        knows: "law" (of all variables), "experiment", or both.
        grant: what is assumed: the name of a shape, whose effect, on what.
    """

    name: str
    tables: Callable[[int, int], Tables]
    query: Any
    ends: Callable[[Tables], tuple[Array, Array]]
    knows: tuple[str, ...] = ("law",)
    grant: tuple[str, str, str] | None = None


BOTH = ("law", "experiment")


def _three(count: int, seed: int) -> Tables:
    return confounded(count, seed, (3, 2))


def _levels(count: int, seed: int) -> Tables:
    return confounded(count, seed, (2, 3))


CASES = (
    Case("Manski: an arm", confounded, prob(arm(1, X=1)), lambda t: closed.manski_arm(t.law, 1)),
    Case("Manski: effect", confounded, ATE, lambda t: closed.manski_effect(t.law)),
    Case(
        "Manski: mean of three levels",
        _levels,
        ("expect", ("var", "Y", setting({"X": 0})), None),
        lambda t: closed.manski_mean(t.law, 0),
    ),
    Case("Balke-Pearl: effect", instrument, ATE, lambda t: closed.balke_pearl_effect(t.kernel)),
    Case("Balke-Pearl: X=0", instrument, prob(arm(1, X=0)), lambda t: closed.balke_pearl_arm(t.kernel, 0)),
    Case("Balke-Pearl: X=1", instrument, prob(arm(1, X=1)), lambda t: closed.balke_pearl_arm(t.kernel, 1)),
    Case("Tian-Pearl: PNS, seen", confounded, PNS, lambda t: closed.pns(t.law, None)),
    Case("Tian-Pearl: PN, seen", confounded, PN, lambda t: closed.pn(t.law, None)),
    Case("Tian-Pearl: PS, seen", confounded, PS, lambda t: closed.ps(t.law, None)),
    Case("Tian-Pearl: PNS, trial", confounded, PNS, lambda t: closed.pns(None, t.experiment[..., 1]), ("experiment",)),
    Case("Tian-Pearl: PNS, both", confounded, PNS, lambda t: closed.pns(t.law, t.experiment[..., 1]), BOTH),
    Case("Tian-Pearl: PN, both", confounded, PN, lambda t: closed.pn(t.law, t.experiment[..., 1]), BOTH),
    Case("Tian-Pearl: PS, both", confounded, PS, lambda t: closed.ps(t.law, t.experiment[..., 1]), BOTH),
    Case(
        "Tian-Pearl: PD, both",
        confounded,
        PD,
        lambda t: closed.disablement(t.law, t.experiment[..., 1]),
        BOTH,
    ),
    Case(
        "Tian-Pearl: PE, both",
        confounded,
        PE,
        lambda t: closed.enablement(t.law, t.experiment[..., 1]),
        BOTH,
    ),
    Case(
        "the treated, seen",
        confounded,
        TREATED,
        lambda t: closed.effect_on_treated(t.law, None),
    ),
    Case(
        "the treated of three levels, both",
        _three,
        prob(arm(1, X=0), given=equal("X", 2)),
        lambda t: closed.treated_of_three(t.law, t.experiment[..., 1], 2, 0),
        BOTH,
    ),
    Case(
        "controlled direct effect",
        mediator,
        minus(prob(arm(1, X=1, M=0)), prob(arm(1, X=0, M=0))),
        lambda t: closed.controlled_direct(t.kernel, 0),
    ),
    Case(
        "natural direct effect",
        mediator,
        NDE,
        lambda t: closed.natural_direct(t.kernel),
    ),
    Case(
        "unit selection, trial",
        confounded,
        BENEFIT,
        lambda t: closed.benefit(None, t.experiment[..., 1], UNIT),
        ("experiment",),
    ),
    Case(
        "unit selection, both", confounded, BENEFIT, lambda t: closed.benefit(t.law, t.experiment[..., 1], UNIT), BOTH
    ),
)

PREVENTS, DEFIES = ("no_prevention", "X", "Y"), ("no_defiers", "Z", "X")


def _no_defiers(count: int, seed: int) -> Tables:
    return instrument(count, seed, defiers=False)


def _point(name: str) -> Callable[[Tables], tuple[Array, Array]]:
    return lambda t: (closed.no_prevention(t.law, t.experiment[..., 1])[name],) * 2


def _exogenous(name: str) -> Callable[[Tables], tuple[Array, Array]]:
    return lambda t: closed.exogenous(t.law)[name]


ASKED_CASES = (
    Case("Tian-Pearl: PNS, exogenous", exogenous, PNS, _exogenous("PNS")),
    Case("Tian-Pearl: PN, exogenous", exogenous, PN, _exogenous("PN")),
    Case("Tian-Pearl: PS, exogenous", exogenous, PS, _exogenous("PS")),
    Case("Tian-Pearl: PNS, no prevention", monotone, PNS, _point("PNS"), BOTH, PREVENTS),
    Case("Tian-Pearl: PN, no prevention", monotone, PN, _point("PN"), BOTH, PREVENTS),
    Case("Tian-Pearl: PS, no prevention", monotone, PS, _point("PS"), BOTH, PREVENTS),
    Case("Balke-Pearl: no defiers", _no_defiers, ATE, lambda t: closed.no_defiers_effect(t.kernel), ("law",), DEFIES),
)
"""Cases that need what `ask` reads from the graph or from `assume`."""


def study_of(case: Case, tables: Tables, i: int | None = None) -> Study:
    """What is known, as a study of table i; of all tables as strata where none is named."""
    graph, every = tables.graph, i is None
    at = slice(None) if i is None else i
    items = {
        "law": KnownLaw(graph.names, tables.law[at], strata=every),
        "experiment": KnownLaw(("Y",), tables.experiment[at], ("X",), "trial", strata=every),
    }
    states = {name: tuple(range(count)) for name, count in graph.states.items()}
    mixed = CausalGraph(graph.names, graph.edges, graph.confounded)
    return Study(mixed, *(items[kind] for kind in case.knows), states=states)


def answered(case: Case, tables: Tables, i: int | None = None) -> tuple[Any, Any, Any, Any]:
    """Outer, inner, inner and outer end as `ask` says them; a determined number is all four."""
    shapes = {"no_prevention": no_prevention, "no_defiers": no_defiers}
    assume = () if case.grant is None else (shapes[case.grant[0]](*case.grant[1:]),)
    found: Any = ask(study_of(case, tables, i), to_text(case.query), assume=assume)
    if found.finding == "exact":
        return (found.value,) * 4
    between = found.interval
    return between.outer_lower, between.lower, between.upper, between.outer_upper


def knowledge(case: Case, tables: Tables, i: int) -> Programme:
    """The engine's programme for table i."""
    graph, names = tables.graph, tables.graph.names
    sources = {
        "law": KnownLaw(names, tables.law[i]),
        "experiment": KnownLaw(("Y",), tables.experiment[i], ("X",), "trial"),
    }
    states = {name: tuple(range(count)) for name, count in graph.states.items()}
    query = read_query(to_text(case.query), states)
    mixed = CausalGraph(names, graph.edges, graph.confounded)
    return programme_of(mixed, states, query, [sources[kind] for kind in case.knows], [], list(case.knows))
