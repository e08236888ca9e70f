"""`Study`: what is known when mechanisms are not. A graph, and sources: laws, data, statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, cast

from ._errors import InvalidModel, InvalidQuery, InvalidRows, UnknownName, listing
from ._graph import CausalGraph, name_tuple
from ._known_equation import KnownEquation, checked_equation, equation, is_equation
from ._resolve import resolve, resolve_expr
from ._statement import Correlation, Quantity, Statement
from ._statement_text import statement
from ._syntax import Value
from .io import graph_of


@dataclass(frozen=True, eq=False)
class KnownLaw:
    """The joint law of `variables`, known exactly, where `do` is imposed.

    Attributes:
        variables: the axes of `array` behind those of `do`.
        array: probabilities, shape (states of each of `do`..., states of each of `variables`...); for each value of
            `do` they add up to one.
        do: imposed (randomised) variables.
        name: what estimands and messages call it.
        strata: whether `array` holds one law a stratum, its first axis; `ask` then answers for every stratum at once.
    """

    variables: tuple[str, ...]
    array: Any
    do: tuple[str, ...] = ()
    name: str = ""
    strata: bool = False

    def __post_init__(self) -> None:
        """Lists of names become tuples."""
        object.__setattr__(self, "variables", name_tuple(self.variables, "KnownLaw(variables)"))
        object.__setattr__(self, "do", name_tuple(self.do, "KnownLaw(do=)"))


@dataclass(frozen=True, eq=False)
class Sample:
    """Units drawn at random from the population, one row each, or counts of them.

    Attributes:
        rows: a pandas or polars frame, an Arrow table, a list of dicts, a mapping of columns.
        do: the variables that were randomised in it (an experiment); their columns hold what was imposed.
        weights: the column that says how many units a row stands for.
        missing: what to do with rows that have an empty cell in a column that is needed.
        name: what estimands and messages call it.
    """

    rows: Any
    do: tuple[str, ...] = ()
    weights: str | None = None
    missing: Literal["refuse", "drop"] = "refuse"
    name: str = ""

    def __post_init__(self) -> None:
        """A list of names becomes a tuple."""
        object.__setattr__(self, "do", name_tuple(self.do, "Sample(do=)"))


Source: TypeAlias = Statement | KnownLaw | Sample | KnownEquation


@dataclass(frozen=True, eq=False, init=False)
class Study:
    """A graph, with what is known of the laws over it.

    Args:
        graph: the causal graph, or its text, such as "Z -> X -> Y, Z -> Y" (see `graph_from_text`). Its hidden
            variables are never measured; a statement may still give their numbers.
        *sources: statements (or their text, such as `"P(Y=1 | X=0) = 26%"`), laws, samples, equations (or their text,
            `"Y = X and not W"`), which bounds make use of.
        states: of each variable, state 0 first; variables left out have those in the samples' columns, or else
            0 and 1.

    Attributes:
        unread: for each variable whose column in a sample can be no finite variable, the reason; it may still stand in
            the graph, as long as no query needs it.

    Raises:
        InvalidModel: something that is no source, or states that cannot be.
        InvalidFile, InvalidGraph: a text that is no graph; something else in its place.
        InvalidRows: the rows of a sample are no table.
        QuerySyntaxError, UnknownName, UnknownState, InvalidQuery: a statement that cannot be meant; said with a caret.

    A study in a few lines:

        study = Study(
            "Z -> X -> Y, Z -> Y",
            "P(Y=1 | X=1, Z=0) = 31%", "P(Y=1 | X=1, Z=1) = 85%", "P(Z=1) = 40%",
        )
        ask(study, "P(Y=1 | do(X=1))")
    """

    graph: CausalGraph
    sources: tuple[Source, ...]
    states: Mapping[str, tuple[Value, ...]]
    unread: Mapping[str, str]

    def __init__(
        self, graph: CausalGraph | str, *sources: Source | str, states: Mapping[str, Sequence[Value]] | None = None
    ) -> None:
        """Check everything."""
        graph = graph_of(graph)
        _check_declared(states or {})
        unread: dict[str, str] = {}
        known = _states(graph, states or {}) | _seen(graph, sources, states or {}, unread)
        object.__setattr__(self, "graph", graph)
        object.__setattr__(self, "states", known)
        object.__setattr__(self, "unread", unread)
        object.__setattr__(self, "sources", tuple(_source(item, graph, known) for item in sources))
        _check_once(self.equations)
        for law in self.laws:
            check_law(law, known)
        _check_strata(self)
        for sample in self.samples:
            _check_sample(sample, graph)

    @property
    def statements(self) -> tuple[Statement, ...]:
        """The single statements."""
        return tuple(item for item in self.sources if isinstance(item, Statement))

    @property
    def laws(self) -> tuple[KnownLaw, ...]:
        """The laws that are known exactly."""
        return tuple(item for item in self.sources if isinstance(item, KnownLaw))

    @property
    def strata(self) -> int | None:
        """How many strata the laws are of; None where they are of no strata."""
        return next((len(law.array) for law in self.laws if law.strata), None)

    @property
    def samples(self) -> tuple[Sample, ...]:
        """The samples."""
        return tuple(item for item in self.sources if isinstance(item, Sample))

    @property
    def equations(self) -> tuple[KnownEquation, ...]:
        """The equations that are known."""
        return tuple(item for item in self.sources if isinstance(item, KnownEquation))


def _check_declared(declared: object) -> None:
    """That states are given by name, several for each."""
    if not isinstance(declared, Mapping):
        raise InvalidModel(f"states= takes the states of each variable, {{'X': (0, 1, 2)}}, got {declared!r:.60}.")
    for name, states in cast("Mapping[object, object]", declared).items():
        if isinstance(states, str) or not isinstance(states, Sequence):
            raise InvalidModel(f"The states of {name!r} are {states!r:.60}; a tuple such as ('no', 'yes') is wanted.")
        for state in cast("Sequence[object]", states):
            if not isinstance(state, (bool, int, float, str)) or state != state:
                raise InvalidModel(f"{state!r} is no state of {name!r}: a state is a number or a text.")


def _states(graph: CausalGraph, declared: Mapping[str, Sequence[Value]]) -> dict[str, tuple[Value, ...]]:
    for name, states in declared.items():
        if name not in graph.parents:
            raise UnknownName(name, graph.variables, "The states of the study")
        if len(states) < 2 or len(set(states)) != len(states):
            raise InvalidModel(f"The states of {name!r} are {list(states)!r}; at least two different ones are wanted.")
    return {name: tuple(declared.get(name, (0, 1))) for name in graph.variables}


def _seen(
    graph: CausalGraph, sources: Sequence[object], declared: Mapping[str, object], unread: dict[str, str]
) -> dict[str, tuple[Value, ...]]:
    """The states that stand in samples, of the variables that are not declared; `unread` takes those that have none."""
    tables = [item.rows for item in sources if isinstance(item, Sample)]
    if not tables:
        return {}
    from ._seen_states import seen_states  # NumPy, which a study of statements does not need

    found: dict[str, tuple[Value, ...]] = {}
    for name in graph.observed:
        if name not in declared:
            try:
                found |= seen_states(tables, [name])
            except InvalidRows as wrong:
                unread[name] = str(wrong)
    # A column of nothing but ones is one of a variable that could be 0.
    return {name: (0, 1) if len(seen) < 2 and set(seen) <= {0, 1} else seen for name, seen in found.items()}


def _source(item: object, graph: CausalGraph, states: Mapping[str, tuple[Value, ...]]) -> Source:
    if isinstance(item, str):
        item = equation(item) if is_equation(item) else statement(item)
    if isinstance(item, Statement):
        return replace(item, quantity=_resolved(item.quantity, states))
    if isinstance(item, KnownEquation):
        return checked_equation(item, graph, states)
    if not isinstance(item, (KnownLaw, Sample)):
        raise InvalidModel(
            "A source is a Statement or a KnownEquation (or the text of one), a KnownLaw or a Sample, got "
            f"{type(item).__name__}."
        )
    return item


def _check_once(equations: Sequence[KnownEquation]) -> None:
    names = [given.variable for given in equations]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InvalidModel(f"{twice[0]!r} has two equations. A variable gets its value in one way.")


def _resolved(quantity: Quantity, states: Mapping[str, tuple[Value, ...]]) -> Quantity:
    """`quantity` with names and states checked against the variables."""
    if not isinstance(quantity, Correlation):
        return cast("Quantity", resolve(quantity, states, "A statement"))
    for name in (quantity.first, quantity.second):
        if name not in states:
            raise UnknownName(name, states, "A statement")
        if len(states[name]) != 2:
            raise InvalidQuery(
                f"A correlation is read between variables of two states; {name!r} has {len(states[name])}."
            )
    if quantity.first == quantity.second:
        raise InvalidQuery(f"The correlation of {quantity.first!r} with itself is 1; two variables are wanted.")
    given = None if quantity.given is None else resolve_expr(quantity.given, states, where="A statement")
    return replace(quantity, given=given)


def check_law(law: KnownLaw, states: Mapping[str, tuple[Value, ...]]) -> None:
    """That a law has the shape of its variables and adds up to one.

    Raises:
        InvalidModel: it has not, or does not.
        UnknownName: it is of a variable that is none.
    """
    import numpy as np  # a study of statements does not need it

    axes = (*law.do, *law.variables)
    for name in axes:
        if name not in states:
            raise UnknownName(name, states, "A known law")
    if len(set(axes)) < len(axes):
        raise InvalidModel(f"A law names a variable twice: {listing(axes)}.")
    shape = tuple(len(states[name]) for name in axes)
    if law.strata:
        from ._strata import strata_array

        strata_array(law.array, shape, len(law.do), law.variables)
        return
    try:
        array = np.asarray(law.array, dtype=float)
    except (TypeError, ValueError):
        raise InvalidModel(f"The law of {listing(law.variables)} is no array of numbers.") from None
    if array.shape != shape:
        raise InvalidModel(f"The law of {listing(law.variables)} has the shape {array.shape}; {shape} is wanted.")
    totals = array.reshape(*shape[: len(law.do)], -1).sum(axis=-1)
    if not np.isfinite(array).all() or (array < 0).any() or np.abs(totals - 1).max() > 1e-9:
        raise InvalidModel(f"The law of {listing(law.variables)} has entries below zero or does not add up to one.")


def _check_strata(study: Study) -> None:
    """That laws of strata are of the same ones, and stand beside nothing that is of no stratum and no law."""
    counts = {len(law.array) for law in study.laws if law.strata}
    if len(counts) > 1:
        raise InvalidModel(f"Laws are given for {listing(sorted(counts))} strata. Give each for the same strata.")
    if counts and study.samples:
        raise InvalidModel("A study with laws of strata takes no samples. Put those in a study of their own.")


def _check_sample(sample: Sample, graph: CausalGraph) -> None:
    """That a sample is a table and says what can be meant; its columns are read when a query needs them."""
    from ._frames import frame_of  # NumPy, which a study of statements does not need

    frame_of(sample.rows)
    for name in sample.do:
        if name not in graph.parents:
            raise UnknownName(name, graph.variables, "A sample")
    if sample.weights in graph.parents:
        raise InvalidModel(f"The column {sample.weights!r} holds counts of units, and the graph has a variable of it.")
    if sample.missing not in ("refuse", "drop"):
        raise InvalidModel(f"`missing` is 'refuse' or 'drop', got {sample.missing!r}.")
