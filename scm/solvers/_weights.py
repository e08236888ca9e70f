"""Joint weights of what is asked and what is given: worlds, network, plan and run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .._coupling import Coupling
from .._model import Model
from .._syntax import Expr, terms
from .._worlds import Worlds, build_worlds
from ._contract import Budget, Plan, make_plan
from ._drawn import put_draws
from ._execute import run_plan
from ._factors import build_network
from ._job import Run, Weights
from ._kernels import NeedsCoupling
from ._leaves import MAX_ROOT_STATES, Leaf, TooManyRoots
from ._network import Network
from ._noise_states import Enumerated, enumerated
from ._setting import Fact, Record, Setting, Values

Array = NDArray[np.float64]
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Planned:
    """A contraction, made ready."""

    worlds: Worlds
    network: Network
    plan: Plan


@dataclass(frozen=True, slots=True)
class Unplanned:
    """Weights that needed no contraction; the plan of one is made for who asks, and kept."""

    worlds: Worlds
    found: Enumerated
    outputs: tuple[tuple[Expr, Values], ...]
    conditions: Sequence[Expr]
    kind: Kind
    made: list[Planned] = field(default_factory=lambda: [])

    def planned(self, model: Model, couplings: tuple[Coupling, ...]) -> Planned:
        """The contraction that would give the same weights."""
        if not self.made:
            free = Setting(model, couplings, Budget(math.inf, math.inf), {}, {}, 1, Record())
            found = _contraction(free, self.worlds, self.conditions, self.outputs, self.kind)
            assert found is not None
            self.made.append(found)
        return self.made[0]


@dataclass(frozen=True, slots=True)
class Roots:
    """Roots of unknown law, and the positions of the states of each."""

    names: tuple[str, ...]
    states: tuple[Values, ...]

    @staticmethod
    def of(sizes: Mapping[str, int]) -> Roots:
        """From the number of states of each root."""
        return Roots(tuple(sizes), tuple(tuple(range(size)) for size in sizes.values()))


@dataclass(frozen=True, slots=True)
class Kind:
    """What is wanted of the weights.

    Attributes:
        weigh_roots: roots of unknown law are summed out, each state with weight one.
        whole: the weights themselves; otherwise they may be off by a factor for each row.
    """

    weigh_roots: bool = False
    whole: bool = True


MOST_PLANS = 256
"""Most plans kept for a model."""
_NOTHING = object()
ROOMY = 1e7
"""A budget of so many operations, and of so many entries, refuses nothing that takes no plan."""


def joint_weights(
    setting: Setting,
    facts: Sequence[Fact],
    conditions: Sequence[Expr],
    outputs: Sequence[tuple[Expr, Values]],
    *,
    weigh_roots: bool = False,
    exponents: bool = True,
) -> tuple[Weights, Roots] | None:
    """Joint weights of outputs, roots of unknown law, and rows; None where the facts contradict one another.

    Without `exponents`, each row's weights are right up to a factor of its own.
    """
    kind = Kind(weigh_roots, whole=exponents)
    planned = _joint_plan(setting, facts, conditions, outputs, kind)
    if planned is None:
        return None
    if isinstance(planned, Unplanned):
        found, run = planned.found, Run("numpy", "double", 1, 1, 0.0)
        later = partial(_plan_of, planned, setting.model, setting.couplings)
        setting.record.add_unplanned(later, planned.worlds, run, found.rounding)
        weights = Weights(found.weights[..., None], np.zeros(1, dtype=np.int64), run)
        return weights, Roots.of(found.roots)
    weights = run_plan(
        planned.plan,
        setting.columns,
        setting.rows,
        setting.budget,
        setting.execution,
        exponents=exponents,
        until=setting.record.until,
    )
    setting.record.add(planned.plan, planned.worlds, weights.run)
    network = planned.network
    return weights, Roots.of({name: network.sizes[label] for name, label in network.open.items()})


def _plan_of(unplanned: Unplanned, model: Model, couplings: tuple[Coupling, ...]) -> Plan:
    return unplanned.planned(model, couplings).plan


def joint_plan(
    setting: Setting,
    facts: Sequence[Fact],
    conditions: Sequence[Expr],
    outputs: Sequence[tuple[Expr, Values]],
    kind: Kind | None = None,
) -> Planned | None:
    """The plan of `joint_weights`, from the model's store if it was made before.

    Raises:
        NeedsCoupling, TooWide: see `build_network` and `make_plan`; a refusal is kept in the store too.
    """
    found = _joint_plan(setting, facts, conditions, outputs, kind or Kind())
    return found.planned(setting.model, setting.couplings) if isinstance(found, Unplanned) else found


def _joint_plan(
    setting: Setting,
    facts: Sequence[Fact],
    conditions: Sequence[Expr],
    outputs: Sequence[tuple[Expr, Values]],
    kind: Kind,
) -> Planned | Unplanned | None:
    rows = 1 << (setting.rows - 1).bit_length()
    # Expressions are deep values and dear to hash. The same objects come back with the same question.
    named = tuple(outputs)
    objects = (facts, conditions, *(e for e, _ in named), *_draws(setting))
    quick = (*map(id, objects), kind, setting.couplings, setting.budget, rows)
    kept = setting.plans.get(quick)
    if kept is not None and all([a is b for a, b in zip(kept[0], objects, strict=True)]):
        found = kept[1]
    else:
        found = _found_plan(setting, facts, conditions, named, kind, rows)
        setting.plans[quick] = objects, found
    return _or_refuse(found)


def _draws(setting: Setting) -> tuple[object, ...]:
    return (setting.draws,) if setting.draws else ()


def _found_plan(
    setting: Setting,
    facts: Sequence[Fact],
    conditions: Sequence[Expr],
    outputs: tuple[tuple[Expr, Values], ...],
    kind: Kind,
    rows: int,
) -> Planned | Unplanned | NeedsCoupling | None:
    # What was drawn is part of the key: a plan holds its numbers. The quick entry keeps it, and so its identity.
    drawn = tuple(map(id, _draws(setting)))
    key = (tuple(facts), tuple(conditions), outputs, kind, setting.couplings, setting.budget, rows, *drawn)
    return kept(setting, key, lambda: _made_plan(setting, facts, conditions, outputs, kind))


def kept(setting: Setting, key: tuple[Any, ...], make: Callable[[], Made]) -> Made | NeedsCoupling:
    """What `make` gives, from the model's store if it was made before; so is a refusal for want of a coupling."""
    found = setting.plans.get(key, _NOTHING)
    if found is _NOTHING:
        if len(setting.plans) >= MOST_PLANS:
            setting.plans.clear()
        try:
            found = make()
        except NeedsCoupling as refusal:
            found = refusal
        setting.plans[key] = found
    return found


def kept_plan(setting: Setting, key: tuple[Any, ...], make: Callable[[], Made]) -> Made:
    """As `kept`, a refusal raised.

    Raises:
        NeedsCoupling: kept from the first time.
    """
    return _or_refuse(kept(setting, key, make))


def _or_refuse(found: Made | NeedsCoupling) -> Made:
    if isinstance(found, NeedsCoupling):
        raise found.with_traceback(None)
    return found


def _made_plan(
    setting: Setting,
    facts: Sequence[Fact],
    conditions: Sequence[Expr],
    outputs: tuple[tuple[Expr, Values], ...],
    kind: Kind,
) -> Planned | Unplanned | None:
    asked = [t for expr, _ in outputs for t in terms(expr)] + [t for c in conditions for t in terms(c)]
    worlds = build_worlds(setting.model.graph, asked, facts)
    if worlds.impossible:
        return None
    if _takes_no_plan(setting) and not kind.weigh_roots:
        found = enumerated(setting.model, worlds, outputs, conditions)
        if found is not None:
            return Unplanned(worlds, found, outputs, conditions, kind)
    return _contraction(setting, worlds, conditions, outputs, kind)


def _takes_no_plan(setting: Setting) -> bool:
    if setting.rows != 1 or setting.columns or setting.draws:
        return False
    return setting.budget.allowed(1) >= ROOMY and setting.budget.entries >= ROOMY


def _contraction(
    setting: Setting,
    worlds: Worlds,
    conditions: Sequence[Expr],
    outputs: Sequence[tuple[Expr, Values]],
    kind: Kind,
) -> Planned | None:
    network = build_network(setting.model, worlds, outputs, conditions, setting.couplings, setting.domains)
    if network.impossible:
        return None
    put_draws(network, setting.draws, setting.budget)
    roots = [] if kind.weigh_roots else list(network.open.values())
    states = math.prod(network.sizes[x] for x in roots)
    if states > MAX_ROOT_STATES:
        raise TooManyRoots(
            f"{len(roots)} roots of unknown law have {states:,} joint states; at most {MAX_ROOT_STATES:,} are "
            "enumerated. State the law of some of them, or observe more."
        )
    if not kind.whole:
        network.drop_apart([*network.outputs, *roots])
    return Planned(worlds, network, make_plan(network, [*network.outputs, *roots], setting.budget, setting.rows))


def make_leaf(values: Array, total: Array, roots: Roots, cells: int) -> Leaf:
    """Divide by the evidence's weight; axes of `values`: cells, roots, rows; of `total`: roots, rows."""
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(total > 0, values / total, np.nan)
    value = np.moveaxis(value, range(cells), range(-1 - cells, -1)) if cells else value
    return Leaf(value, total, roots.names, roots.states)


def undefined_leaf(setting: Setting, shape: tuple[int, ...] = ()) -> Leaf:
    """What a condition of probability zero leaves, for a distribution of this shape."""
    return Leaf(np.full((*shape, setting.rows), np.nan), np.zeros(setting.rows))
