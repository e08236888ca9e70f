"""`imagine`: the unit-level kernel for whole populations.

What would have been for every unit of a table, where the rows show the noises: abduction, action, prediction (Pearl
2009, theorem 7.1.7), one column at a time, without a noise ever being written down unless it is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._aggregates import Aggregate, Chance, Histogram, Mean, Quantiles, Variance
from ._domain import Domain, Real
from ._execution import Execution
from ._finding import Assumption, Step
from ._imagine_ready import Prepared, prepare_worlds, read_question
from ._imagined import Imagined, points_told
from ._model import Model
from ._settings import Imposed, Settings, check_grids, point_of
from ._syntax import Assignment, Var, carrier_of, print_assignment, print_name
from ._unit_rows import UnitRows, check_columns, read_units
from .solvers._unit_batch import Gathered, goes_straight, run_columns, run_straightly
from .solvers._unit_plan import Move, UnitPlan
from .solvers._unit_tally import Figures

Array = NDArray[Any]


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
    question = read_question(model, do, outputs, aggregates, noise)
    table = read_units(model, rows, question.extra, ignored)
    check_grids(question.worlds, table.count)
    ready = prepare_worlds(question, table)
    how = execution or Execution()
    found = {world: run_world(one, table, how) for world, one in ready.items()}
    return told(model, table, ready, found, time.monotonic() - began)


# ---------------------------------------------------------------------------------------------------------------------
# Run, and tell


def run_world(one: Prepared, table: UnitRows, execution: Execution, first: int = 0) -> Gathered:
    """One world of some units; `first` are before them."""
    points = {
        point_of(name): np.asarray(values, np.float64 if isinstance(one.kernel.domains[name], Real) else np.int32)
        for name, values in one.imposed.grid.items()
    }
    if goes_straight(one.kernel, execution):
        # NaN in a column that is read shows in the results; only then is it looked for.
        check_columns(table, one.kernel.names, inside=False)
        done = run_straightly(one.kernel, table.columns, points, table.count, table.kind)
        if done is not None:
            return done
    check_columns(table, table.columns)
    return run_columns(one.kernel, table.columns, points, table.count, execution, table.kind, first)


def told(
    model: Model, table: UnitRows, ready: Mapping[str, Prepared], found: Mapping[str, Gathered], seconds: float
) -> Imagined:
    """The result, from what was found of every world."""
    defined = np.ones(table.count, dtype=bool)
    for gathered in found.values():
        defined &= gathered.defined
    first = next(iter(found.values()))
    ran = first.ran
    noises = next(iter(ready.values())).kernel.noises
    return Imagined(
        units=table.count,
        values={world: _values(model, ready[world], found[world]) for world in ready},
        aggregates={world: figures_of(ready[world], found[world]) for world in ready},
        grids={w: points_told(one.imposed, model.variable_states) for w, one in ready.items() if one.imposed.grid},
        groups=groups_of(model, next(iter(ready.values()))),
        noise={n: _as_told(model.domains[n], v) for n, v in zip(noises, first.noises, strict=True)},
        undefined=int(table.count - defined.sum()),
        defined=defined,
        derivation=steps_of(ready),
        assumptions=ASSUMPTIONS,
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


ASSUMPTIONS = (
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


def groups_of(model: Model, one: Prepared) -> dict[str, tuple[Any, ...]]:
    """The subgroups of each aggregate that has some."""
    moments = {n: a for n, a in one.aggregates.items() if isinstance(a, (Mean, Variance, Chance))}
    return {name: model.states[a.by] for name, a in moments.items() if a.by is not None}


def figures_of(one: Prepared, found: Gathered) -> dict[str, Array]:
    """The aggregates of one world."""
    out: dict[str, Array] = {}
    for name, aggregate in one.aggregates.items():
        at = one.sources[name]
        if isinstance(aggregate, Quantiles):
            values = found.outputs[at][:, found.defined].astype(np.float64)
            empty = np.full((len(values), len(aggregate.at)), np.nan)
            figures = np.quantile(values, aggregate.at, axis=1).T if values.shape[1] else empty
        else:
            figures = read_figure(aggregate, found.tallies[at])
        out[name] = figures if one.imposed.grid else figures[0]
    return out


def read_figure(aggregate: Aggregate, figures: Figures) -> Array:
    """A figure from a tally, the points first; NaN where no unit is."""
    if isinstance(aggregate, Histogram):
        # Below, the bins, above: the tally has them in this order.
        return figures.astype(np.int64)
    count, mean, spread = figures[:, 0], figures[:, 1], figures[:, 2]
    with np.errstate(invalid="ignore", divide="ignore"):
        value = spread / count if isinstance(aggregate, Variance) else np.where(count > 0, mean, np.nan)
    grouped = isinstance(aggregate, (Mean, Variance, Chance)) and aggregate.by is not None
    return value if grouped else value[:, 0]


def steps_of(ready: Mapping[str, Prepared]) -> tuple[Step, ...]:
    """How every world was worked out."""
    return tuple(step for world, one in ready.items() for step in _steps(world, one, len(ready) > 1))


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
