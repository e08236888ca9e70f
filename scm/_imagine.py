"""`imagine`: the unit-level kernel for whole populations.

What would have been for every unit of a table, where the rows show the noises: abduction, action, prediction (Pearl
2009, theorem 7.1.7), one column at a time, without a noise ever being written down unless it is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._aggregates import Aggregate, Chance, Histogram, Mean, Quantiles, Variance
from ._domain import Domain, Real
from ._errors import InvalidQuery, UnknownName
from ._execution import Execution
from ._finding import Assumption, Step
from ._imagined import Imagined, points_told
from ._model import Model
from ._settings import Imposed, Settings, check_grids, formula, point_of, read_worlds
from ._syntax import Assignment, Expr, Placeholder, Set, Var, carrier_of, print_assignment, print_name, terms, walk
from ._unit_rows import UnitRows, check_columns, read_units
from ._worlds import build_worlds
from .solvers._unit_batch import Gathered, goes_straight, run_columns, run_straightly
from .solvers._unit_kernel import Kernel
from .solvers._unit_plan import Move, UnitPlan, make_unit_plan
from .solvers._unit_tally import Counts, Figures, Moments, Tally
from .solvers._unit_terms import instances_of

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Prepared:
    """One world made ready: what is worked out, and what each part of the result is read from.

    Attributes:
        imposed: the world.
        kernel: what is worked out.
        outputs: names, in the order of the kernel's first outputs.
        aggregates: by name.
        sources: for each aggregate, which output (quantiles) or tally of the kernel it is read from.
    """

    imposed: Imposed
    kernel: Kernel
    outputs: tuple[str, ...]
    aggregates: Mapping[str, Aggregate]
    sources: Mapping[str, int]


def imagine(
    model: Model,
    rows: object,
    do: Settings | Mapping[str, Settings],
    *,
    outputs: Sequence[str] | None = None,
    aggregates: Sequence[Aggregate] | Mapping[str, Aggregate] = (),
    noise: bool = False,
    ignored: Sequence[str] = (),
    execution: Execution | None = None,
) -> Imagined:
    """What would have been, for every unit of a table.

    Args:
        model: its mechanisms must let the rows show the noises that matter: `Linear`, `Additive`, formulas that can be
            inverted and the like; finite variables too where their noise follows from the row.
        rows: the units: a mapping of columns, a list of dicts, a pandas or polars DataFrame, an Arrow table. Every cell
            is filled; `ask` takes partial evidence. Columns of float32 are worked on, and come back, in float32.
        do: what is set, by variable: a value; `"?column"`, one value a row; the text of a policy, a formula of the
            unit's variables such as `"dose + 1"` in which the variable itself is its natural value; or a sequence of
            values, a grid along which everything is worked out in one pass (dose-response). Several worlds at once:
            `{"treated": {"X": 1}, "untreated": {"X": 0}}`.
        outputs: variables or formulas of the imagined world, `?Y` for what the row has: `("Y", "Y - ?Y")`. By default
            the descendants of what is set, or nothing where there are aggregates.
        aggregates: figures over units in place of columns, which alone leave the device; by name, if they are given
            as a mapping.
        noise: whether the noises that the rows show are wanted.
        ignored: columns that mean nothing here.
        execution: executor, precision, chunk and devices, where you want a say.

    Returns:
        The columns and figures, with the derivation and how many units are undefined.

    Raises:
        InvalidRows: a cell is empty, NaN, infinite or of another kind, with its row.
        InvalidQuery: what is asked is not determined by the rows, with the reason.
        InvalidModel: a mechanism gives no number for a unit, with its name and the row.
        UnknownName, UnknownState, QuerySyntaxError: as their messages say.
    """
    began = time.monotonic()
    for argument, given in (("outputs", outputs), ("ignored", ignored)):
        if isinstance(given, str):
            raise InvalidQuery(f"{argument}={given!r}: several names are wanted, {argument}=({given!r},).")
    worlds = read_worlds(model, do)
    wanted = _aggregates(aggregates)
    table = read_units(model, rows, _extra(model, worlds, outputs, wanted), ignored)
    check_grids(worlds, table.count)
    names = None if outputs is None else tuple(outputs)
    ready = {
        world: _prepared(model, imposed, names, wanted, table, noise and k == 0)
        for k, (world, imposed) in enumerate(worlds.items())
    }
    how = execution or Execution()
    found = {world: _run(one, table, how) for world, one in ready.items()}
    return _told(model, table, ready, found, time.monotonic() - began)


def _aggregates(given: Sequence[Aggregate] | Mapping[str, Aggregate]) -> dict[str, Aggregate]:
    named = dict(given) if isinstance(given, Mapping) else {str(a): a for a in given}
    for name, aggregate in named.items():
        if not isinstance(aggregate, (Mean, Variance, Chance, Quantiles, Histogram)):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidQuery(
                f"The aggregate {name!r} is {type(aggregate).__name__}; Mean('Y') or the like is wanted."
            )
    return named


def _text(aggregate: Aggregate) -> str:
    return aggregate.event if isinstance(aggregate, Chance) else aggregate.of


def _extra(
    model: Model, worlds: Mapping[str, Imposed], outputs: Sequence[str] | None, wanted: Mapping[str, Aggregate]
) -> tuple[str, ...]:
    """Columns that are used and are no variables."""
    found: dict[str, None] = {}
    for imposed in worlds.values():
        for a in imposed.world:
            if isinstance(a, Set) and isinstance(a.value, Placeholder) and carrier_of(a) not in imposed.grid:
                found.setdefault(a.value.name)
    for text in (*(outputs or ()), *map(_text, wanted.values())):
        for node in walk(formula(model, text, ())):
            if isinstance(node, Placeholder):
                found.setdefault(node.name)
    return tuple(found)


# ---------------------------------------------------------------------------------------------------------------------
# Prepare


def _prepared(
    model: Model,
    imposed: Imposed,
    names: tuple[str, ...] | None,
    wanted: Mapping[str, Aggregate],
    table: UnitRows,
    noise: bool,
) -> Prepared:
    """One world made ready; kept with the model, so that another table pays nothing."""
    key = ("imagine", imposed.world, tuple(imposed.grid), names, tuple(wanted.items()), table.variables, noise)
    found = model.plans.get(key)
    if found is None:
        found = model.plans[key] = _prepare(model, imposed, names, wanted, table, noise)
    return Prepared(imposed, found.kernel, found.outputs, found.aggregates, found.sources)


def _prepare(
    model: Model,
    imposed: Imposed,
    names: tuple[str, ...] | None,
    wanted: Mapping[str, Aggregate],
    table: UnitRows,
    noise: bool,
) -> Prepared:
    if names is None:
        names = () if wanted else _changed(model, imposed)
    outputs = [formula(model, text, imposed.world) for text in names]
    tallies, sources = _tallies(model, imposed, wanted, outputs)
    exprs = (*outputs, *(t.of for t in tallies))
    facts = [(Var(name), Placeholder(name)) for name in table.variables]
    worlds = build_worlds(model.graph, [t for e in exprs for t in terms(e)], facts)
    noises = tuple((*model.noises, *model.continuous_names)) if noise else ()
    plan = make_unit_plan(model, worlds, instances_of(worlds, exprs), noises)
    if reasons := plan.unknown or plan.unchecked:
        raise InvalidQuery(
            f"The rows do not determine it: {'; '.join(reasons)}. ask() with the same rows gives what can be known."
        )
    points = tuple(map(point_of, imposed.grid))
    kernel = Kernel(plan, _domains(model, exprs), tuple(outputs), tallies, noises, points)
    return Prepared(imposed, kernel, names, dict(wanted), sources)


def _domains(model: Model, exprs: Sequence[Expr]) -> dict[str, Domain]:
    """What names can be; columns that are no variables are numbers."""
    found: dict[str, Domain] = dict(model.domains)
    for node in (node for expr in exprs for node in walk(expr)):
        if isinstance(node, Placeholder):
            found.setdefault(node.name, Real())
    return found


def _changed(model: Model, imposed: Imposed) -> tuple[str, ...]:
    """What can differ from the row: strict descendants of what is set."""
    graph = model.graph
    reached: set[str] = set()
    for name in graph.order:
        set_here = {carrier_of(a) for a in imposed.world if a.target == name and a.parent is None}
        if not set_here and any(p in reached or _is_set(imposed, p) for p in graph.parents[name]):
            reached.add(name)
    return tuple(v.name for v in model.variables if v.name in reached)


def _is_set(imposed: Imposed, name: str) -> bool:
    return any(a.target == name and a.parent is None for a in imposed.world)


def _tallies(
    model: Model, imposed: Imposed, wanted: Mapping[str, Aggregate], outputs: list[Expr]
) -> tuple[tuple[Tally, ...], dict[str, int]]:
    """The tallies that aggregates are read from; a quantile needs its column, which joins the outputs."""
    tallies: list[Tally] = []
    sources: dict[str, int] = {}
    for name, aggregate in wanted.items():
        expr = formula(model, _text(aggregate), imposed.world)
        if isinstance(aggregate, Quantiles):
            sources[name] = len(outputs)
            outputs.append(expr)
            continue
        if isinstance(aggregate, Histogram):
            tally: Tally = Counts(expr, aggregate.edges)
        elif aggregate.by is None:
            tally = Moments(expr)
        else:
            if aggregate.by not in model.variable_states:
                raise UnknownName(
                    aggregate.by, model.variable_states, f"{aggregate}: subgroups are of a finite variable"
                )
            tally = Moments(expr, aggregate.by, len(model.states[aggregate.by]))
        if tally not in tallies:
            tallies.append(tally)
        sources[name] = tallies.index(tally)
    return tuple(tallies), sources


# ---------------------------------------------------------------------------------------------------------------------
# Run, and tell


def _run(one: Prepared, table: UnitRows, execution: Execution) -> Gathered:
    points = {
        point_of(name): np.asarray(values, np.float64 if isinstance(one.kernel.domains[name], Real) else np.int32)
        for name, values in one.imposed.grid.items()
    }
    if goes_straight(one.kernel, execution):
        # NaN in a column that is read shows in the results; only then is it looked for.
        check_columns(table, one.kernel.names, inside=False)
        found = run_straightly(one.kernel, table.columns, points, table.count, table.kind)
        if found is not None:
            return found
    check_columns(table, table.columns)
    return run_columns(one.kernel, table.columns, points, table.count, execution, table.kind)


def _told(
    model: Model, table: UnitRows, ready: Mapping[str, Prepared], found: Mapping[str, Gathered], seconds: float
) -> Imagined:
    defined = np.ones(table.count, dtype=bool)
    for gathered in found.values():
        defined &= gathered.defined
    first = next(iter(found.values()))
    ran = first.ran
    noises = next(iter(ready.values())).kernel.noises
    return Imagined(
        units=table.count,
        values={world: _values(model, ready[world], found[world]) for world in ready},
        aggregates={world: _figures(ready[world], found[world]) for world in ready},
        grids={w: points_told(one.imposed, model.variable_states) for w, one in ready.items() if one.imposed.grid},
        groups={
            name: model.states[a.by]
            for name, a in next(iter(ready.values())).aggregates.items()
            if isinstance(a, (Mean, Variance, Chance)) and a.by is not None
        },
        noise={n: _as_told(model.domains[n], v) for n, v in zip(noises, first.noises, strict=True)},
        defined=defined,
        derivation=tuple(step for world, one in ready.items() for step in _steps(world, one, len(ready) > 1)),
        assumptions=_ASSUMPTIONS,
        plan={
            "executor": ran.executor,
            "chunk": ran.chunk,
            "seconds": seconds,
            "compile_seconds": sum(g.ran.compile_seconds for g in found.values()),
            "checked": ran.checked,
            "fallback": ran.fallback,
            "device": ran.device,
        },
        frame_kind=table.frame_kind,
    )


_ASSUMPTIONS = (
    Assumption("the mechanisms of the model are those of every unit", "the user"),
    Assumption("each unit keeps its noise in every world", "the method"),
)


def _values(model: Model, one: Prepared, found: Gathered) -> dict[str, Array]:
    out: dict[str, Array] = {}
    for name, expr, values in zip(one.outputs, one.kernel.outputs, found.outputs, strict=False):
        own = values if one.imposed.grid else values[0]
        out[name] = _as_told(model.domains[expr.name], own) if isinstance(expr, Var) else own
    return out


def _as_told(domain: Domain, values: Array) -> Array:
    """A column with states in place of positions; None where a unit is undefined."""
    if isinstance(domain, Real):
        return values
    kinds = {type(s) for s in domain}
    whole = not len(values) or values.min() >= 0
    alike = len(kinds) == 1 and whole
    return np.array([*domain, *(() if whole else (None,))], dtype=None if alike else object)[values]


def _figures(one: Prepared, found: Gathered) -> dict[str, Array]:
    out: dict[str, Array] = {}
    for name, aggregate in one.aggregates.items():
        at = one.sources[name]
        if isinstance(aggregate, Quantiles):
            values = found.outputs[at][:, found.defined].astype(np.float64)
            empty = np.full((len(values), len(aggregate.at)), np.nan)
            figures = np.quantile(values, aggregate.at, axis=1).T if values.shape[1] else empty
        else:
            figures = _read(aggregate, found.tallies[at])
        out[name] = figures if one.imposed.grid else figures[0]
    return out


def _read(aggregate: Aggregate, figures: Figures) -> Array:
    """A figure from a tally, the points first; NaN where no unit is."""
    if isinstance(aggregate, Histogram):
        # Below, the bins, above: the tally has them in this order.
        return figures.astype(np.int64)
    count, mean, spread = figures[:, 0], figures[:, 1], figures[:, 2]
    with np.errstate(invalid="ignore", divide="ignore"):
        value = spread / count if isinstance(aggregate, Variance) else np.where(count > 0, mean, np.nan)
    grouped = isinstance(aggregate, (Mean, Variance, Chance)) and aggregate.by is not None
    return value if grouped else value[:, 0]


def _steps(world: str, one: Prepared, several: bool) -> list[Step]:
    plan = one.kernel.plan
    head = f"{world}: " if several else ""
    imposed = ", ".join(_set_told(a, one.imposed) for a in one.imposed.world) or "nothing"
    seen = sorted({x.variable for i in plan.worlds.fixed for x in (plan.worlds.instances[i],)})
    return [
        Step("abduction", f"{head}the noise of each unit follows from its row ({', '.join(seen)})",
             "each mechanism that matters can be inverted", "Pearl 2009, theorem 7.1.7"),
        Step("action", f"{head}set {imposed}", "the mechanisms of what is set are replaced", "Pearl 2009, section 3.2"),
        *(Step("prediction", head + said, why, cite) for said, why, cite in _predictions(plan)),
    ]  # fmt: skip


def _set_told(a: Assignment, imposed: Imposed) -> str:
    if carrier_of(a) in imposed.grid:
        return f"{print_name(a.target)} to each of {imposed.points} values"
    return print_assignment(a)


def _predictions(plan: UnitPlan) -> list[tuple[str, str, str]]:
    out: list[tuple[str, str, str]] = []
    for step in plan.steps:
        name = plan.worlds.instances[step.instance].variable
        if isinstance(step, Move):
            parts = " + ".join(f"{effect:g} * (change of {n})" for n, _, _, effect in step.parts)
            out.append(
                (f"{name} = its value in the row + {parts}", "total effects along linear mechanisms", "Wright 1921")
            )
        elif step.instance not in plan.worlds.fixed:
            said = (
                f"{name} follows from its inputs in that world and the unit's noise: {plan.mechanisms[step.instance]}"
            )
            out.append((said, "the unit keeps its noise", ""))
    return out
