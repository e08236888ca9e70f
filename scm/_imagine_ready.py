"""What `imagine` is asked, made ready: a kernel for every world, kept with the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ._aggregates import Aggregate, Chance, Histogram, Mean, Quantiles, Variance
from ._domain import Domain, Real
from ._errors import InvalidQuery, UnknownName
from ._model import Model
from ._settings import Imposed, Settings, formula, point_of, read_worlds
from ._syntax import Expr, Placeholder, Set, Var, carrier_of, print_name, terms, walk
from ._unit_rows import UnitRows
from ._worlds import build_worlds
from .solvers._unit_kernel import Kernel
from .solvers._unit_plan import make_unit_plan
from .solvers._unit_tally import Counts, Moments, Tally
from .solvers._unit_terms import instances_of


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


@dataclass(frozen=True)
class Question:
    """What `imagine` was asked, read.

    Attributes:
        model: whose worlds they are.
        worlds: by name.
        outputs: formulas; None for what can change.
        aggregates: by name.
        extra: columns that are used and are no variables, each with the variable that it sets, or ''.
        noise: whether noises are wanted.
    """

    model: Model
    worlds: Mapping[str, Imposed]
    outputs: tuple[str, ...] | None
    aggregates: Mapping[str, Aggregate]
    extra: Mapping[str, str]
    noise: bool


def read_question(
    model: Model,
    do: Settings | Mapping[str, Settings],
    outputs: Sequence[str] | None,
    aggregates: Sequence[Aggregate] | Mapping[str, Aggregate],
    noise: bool,
) -> Question:
    """The arguments of `imagine` without the rows.

    Raises:
        UnknownName, UnknownState, QuerySyntaxError, InvalidQuery: as their messages say.
    """
    worlds, wanted = read_worlds(model, do), _aggregates(aggregates)
    if isinstance(outputs, str):
        raise InvalidQuery(f"outputs={outputs!r}: a list of names or formulas is wanted, such as ({outputs!r},).")
    names = None if outputs is None else tuple(outputs)
    return Question(model, worlds, names, wanted, _extra(model, worlds, names, wanted), noise)


def prepare_worlds(question: Question, table: UnitRows) -> dict[str, Prepared]:
    """Every world made ready for tables with these columns.

    Raises:
        InvalidQuery: the rows do not determine what is asked, with the reason.
    """
    return {
        world: _prepared(
            question.model, imposed, question.outputs, question.aggregates, table, question.noise and k == 0
        )
        for k, (world, imposed) in enumerate(question.worlds.items())
    }


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
) -> dict[str, str]:
    """Columns that are used and are no variables, each with the variable that it sets, or ''."""
    found: dict[str, str] = {}
    for imposed in worlds.values():
        for a in imposed.world:
            if isinstance(a, Set) and isinstance(a.value, Placeholder) and carrier_of(a) not in imposed.grid:
                _agree(model, found.setdefault(a.value.name, carrier_of(a)), carrier_of(a), a.value.name)
    for text in (*(outputs or ()), *map(_text, wanted.values())):
        for node in walk(formula(model, text, ())):
            if isinstance(node, Placeholder):
                found.setdefault(node.name, "")
    return found


def _agree(model: Model, one: str, other: str, column: str) -> None:
    """That the variables that one column sets can be the same."""
    if model.domains[one] != model.domains[other]:
        raise InvalidQuery(
            f"?{column} sets {one!r} and {other!r}, which differ in what they can be. Use a column each."
        )


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
    every_change = names is None and not wanted
    if names is None:
        names = () if wanted else _changed(model, imposed)
    outputs = [formula(model, text, imposed.world) for text in names]
    tallies, sources = _tallies(model, imposed, wanted, outputs, table)
    exprs = (*outputs, *(t.of for t in tallies))
    facts = [(Var(name), Placeholder(name)) for name in table.variables]
    worlds = build_worlds(model.graph, [t for e in exprs for t in terms(e)], facts)
    every = (*model.noises, *model.continuous_names) if noise else ()
    # What the rows do not show is left out; what an output needs of it is refused below.
    noises = tuple(n for n in every if not make_unit_plan(model, worlds, (), (n,)).unknown)
    plan = make_unit_plan(model, worlds, instances_of(worlds, exprs), noises)
    if reasons := plan.unknown or plan.unchecked:
        told = f"The rows do not determine it: {'; '.join(reasons)}."
        some = _determined(model, imposed, names, table) if every_change else ()
        hint = (
            f" Without outputs= all that changes is worked out. What is determined: outputs={some!r}." if some else ""
        )
        raise InvalidQuery(f"{told}{hint} ask() with the same rows gives what can be known.")
    points = tuple(map(point_of, imposed.grid))
    kernel = Kernel(plan, _domains(model, exprs), tuple(outputs), tallies, noises, points)
    return Prepared(imposed, kernel, names, dict(wanted), sources)


def _determined(model: Model, imposed: Imposed, names: tuple[str, ...], table: UnitRows) -> tuple[str, ...]:
    """Those of some variables that the rows determine."""
    facts = [(Var(name), Placeholder(name)) for name in table.variables]
    found: list[str] = []
    for name in names:
        output = formula(model, print_name(name), imposed.world)
        worlds = build_worlds(model.graph, terms(output), facts)
        plan = make_unit_plan(model, worlds, instances_of(worlds, (output,)), ())
        if not (plan.unknown or plan.unchecked):
            found.append(name)
    return tuple(found)


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


def _check_by(model: Model, aggregate: Aggregate, by: str, table: UnitRows) -> None:
    """That there are subgroups by a variable: it has few states, and the rows say which."""
    if by in model.reals:
        raise InvalidQuery(
            f"{aggregate}: {by!r} is continuous, and subgroups are of a finite variable. Add one to the model that "
            f"cuts it, such as Variable('old', equation='{print_name(by)} > 65')."
        )
    if by not in model.variable_states:
        raise UnknownName(by, model.variable_states, f"{aggregate}: the subgroups")
    if by not in table.variables:
        raise InvalidQuery(f"{aggregate}: the rows have no column {by!r}, so that their subgroups are not known.")


def _tallies(
    model: Model, imposed: Imposed, wanted: Mapping[str, Aggregate], outputs: list[Expr], table: UnitRows
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
            _check_by(model, aggregate, aggregate.by, table)
            tally = Moments(expr, aggregate.by, len(model.states[aggregate.by]))
        if tally not in tallies:
            tallies.append(tally)
        sources[name] = tallies.index(tally)
    return tuple(tallies), sources
