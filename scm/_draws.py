"""Draws of a model's tables, and answers under every draw: what is not known of the tables, carried to the answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._answer import Answer
from ._ask import ask, prepared
from ._coupling import Coupling
from ._errors import InvalidModel, UnknownName
from ._execution import Execution
from ._finite_only import check_finite
from ._mechanism import Table
from ._model import Model
from ._noise import TOLERANCE, probabilities
from ._query import Query
from ._render import plain
from ._text import number_text
from .solvers import DRAW, Budget, Exact, Refusal, Setting, Solution

if TYPE_CHECKING:
    from ._sample import PRNGKey

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TableDraws:
    """Draws of tables and laws of noises.

    Attributes:
        tables: for each variable or noise, shape (draws, states of the inputs..., states).
        mean: the exact mean of the law drawn from, where it is known; shapes as `tables` without draws.
        prior: the count added to every cell of the tables that were drawn; None for draws that a user brought.
    """

    tables: Mapping[str, Array]
    mean: Mapping[str, Array] | None = None
    prior: float | None = None

    @property
    def count(self) -> int:
        """How many draws."""
        return len(next(iter(self.tables.values())))

    @staticmethod
    def of(model: Model, tables: Mapping[str, ArrayLike]) -> TableDraws:
        """Draws that the user brings, checked against the model.

        Args:
            model: whose tables they are.
            tables: for each variable given by a table (or noise of known law), an array of shape (draws, states of the
                inputs..., states), every law summing to one.

        Raises:
            UnknownName, InvalidModel: a name without entries, a wrong shape, or laws that are none.
        """
        if not tables:
            raise InvalidModel("No draws were given. Name at least one table: {variable: array of draws}.")
        found = {name: _checked(model, name, drawn) for name, drawn in tables.items()}
        counts = {name: len(drawn) for name, drawn in found.items()}
        if len(set(counts.values())) > 1 or not min(counts.values()):
            raise InvalidModel(f"The tables have {counts} draws; the same number, at least one, is wanted of each.")
        return TableDraws(found)


@dataclass(frozen=True)
class DrawnAnswer:
    """An answer, and what it is under every draw of the tables.

    Attributes:
        answer: under the model's own tables; `uncertainty.parameters` is the standard deviation over the draws.
        values: shape (draws, rows (if any), states of a distribution (if any)); NaN where a draw leaves the answer
            undefined. None where `refusal` says why.
        refusal: why there is nothing under the draws.
    """

    answer: Answer
    values: Array | None = None
    refusal: str | None = None

    @property
    def mean(self) -> Array:
        """Mean over the draws that define the answer; NaN where none does."""
        return self._over(lambda columns: np.nanmean(columns, axis=0))

    @property
    def standard_deviation(self) -> Array:
        """Standard deviation over the draws that define the answer; NaN where fewer than two do."""
        return self._over(lambda columns: np.nanstd(columns, axis=0, ddof=1), least=2)

    @property
    def undefined(self) -> NDArray[np.intp]:
        """How many draws leave the answer undefined."""
        return np.isnan(self._held).sum(axis=0)

    def quantile(self, q: float | Sequence[float]) -> Array:
        """Quantiles over the draws that define the answer (first axis, where `q` is a sequence)."""
        if isinstance(q, Sequence):
            return np.stack([self.quantile(one) for one in q])
        return self._over(lambda columns: np.nanquantile(columns, q, axis=0))

    @property
    def _held(self) -> Array:
        if self.values is None:
            raise InvalidModel(f"There are no values under the draws: {self.refusal}")
        return self.values

    def _over(self, summary: Callable[[Array], Array], least: int = 1) -> Array:
        flat = self._held.reshape(len(self._held), -1)
        out = np.full(flat.shape[1], np.nan)
        enough = (~np.isnan(flat)).sum(axis=0) >= least
        if enough.any():
            out[enough] = summary(flat[:, enough])
        return out.reshape(self._held.shape[1:])

    def to_text(self) -> str:
        """The answer and its spread over the draws."""
        text = self.answer.to_text(derivation=False)
        if self.values is None:
            return f"{text}\n  no answers under the draws: {self.refusal}"
        if self.values.ndim > 1:
            return f"{text}\n  under {len(self.values):,} draws of the tables: see values, mean, quantile()"
        low, high = (number_text(float(x)) for x in self.quantile([0.025, 0.975]))
        spread, middle = number_text(float(self.standard_deviation)), number_text(float(self.mean))
        lost = int(self.undefined)
        return (
            f"{text}\n  under {len(self.values):,} draws of the tables: mean {middle}, standard deviation {spread}, "
            f"95% between {low} and {high}" + (f"; undefined under {lost:,}" if lost else "")
        )

    def __str__(self) -> str:
        return self.to_text()

    def to_json(self) -> dict[str, Any]:
        """The answer and its spread as JSON data; the draws themselves are left out."""
        data: dict[str, Any] = {"answer": self.answer.to_json(), "refusal": self.refusal}
        if self.values is not None:
            data |= {"draws": len(self.values), "undefined": plain(self.undefined), "mean": plain(self.mean)}
            data |= {"standard_deviation": plain(self.standard_deviation)}
            data |= {"quantiles": {str(q): plain(self.quantile(q)) for q in (0.025, 0.25, 0.5, 0.75, 0.975)}}
        return data


def draw_tables(model: Model, n: int, *, key: PRNGKey, prior: float = 0.5) -> TableDraws:
    """Draws of every counted table from the law that the counts leave: a Dirichlet law for each row.

    Args:
        model: some of whose variables have counts.
        n: how many draws.
        key: a JAX random key; the same key draws the same tables, whatever other tables there are beside them.
        prior: added to the count of every state (0.5: Jeffreys 1946).

    Raises:
        InvalidModel: no table has counts, or `n` or `prior` is not positive.
    """
    if isinstance(n, bool) or n < 1:
        raise InvalidModel(f"draw_tables() draws a number of tables from 1 up, got {n!r}.")
    if not (math.isfinite(prior) and prior > 0):
        raise InvalidModel(f"A prior is a positive count for each state, got {prior!r}.")
    tables: dict[str, Array] = {}
    mean: dict[str, Array] = {}
    for stream, (name, mechanism) in enumerate(model.mechanisms.items()):
        if isinstance(mechanism, Table) and mechanism.totals is not None:
            counts = np.array(mechanism.rows) * np.array(mechanism.totals)[:, None] + prior
            shape = tuple(len(model.states[i]) for i in (*mechanism.inputs, name))
            mean[name] = (counts / counts.sum(axis=1, keepdims=True)).reshape(shape)
            tables[name] = _dirichlet(counts, n, _generator(key, stream)).reshape(n, *shape)
    if not tables:
        raise InvalidModel("No variable of the model has counts: there is nothing to draw. Give counts= to a Variable.")
    return TableDraws(tables, mean, prior)


def ask_draws(
    model: Model,
    query: str | Query,
    draws: TableDraws | Mapping[str, ArrayLike],
    *,
    rows: object = None,
    ignored: Sequence[str] = (),
    assume: str | Coupling | Sequence[str | Coupling] = (),
    budget: float | str | Budget | None = None,
    execution: Execution | None = None,
) -> DrawnAnswer:
    """Answer a query under the model's tables, and under every draw of them, in one run.

    Args:
        model: the model; tables without draws stay as they are.
        query: see `ask`.
        draws: from `draw_tables`, or {variable or noise: array of shape (draws, states of the inputs..., states)}.
        rows: see `ask`.
        ignored: columns of the rows that mean nothing here.
        assume: what the user grants, see `ask`; a coupling is applied to each draw.
        budget: see `ask`; the run under all draws has one of the same size of its own.
        execution: how to run it, see `ask`.

    Returns:
        A `DrawnAnswer`; what cannot be worked out is its `refusal`.

    Raises:
        The errors of `ask`, and InvalidModel, UnknownName: see `TableDraws.of`.
    """
    check_finite(model, "ask_draws()")
    drawn = TableDraws.of(model, draws.tables if isinstance(draws, TableDraws) else draws)
    answer = ask(model, query, rows=rows, ignored=ignored, assume=assume, budget=budget, execution=execution)
    setting, question = prepared(model, query, rows, ignored, assume, budget, None, execution)
    count = drawn.count
    columns = {name: np.tile(codes, count) for name, codes in setting.columns.items()}
    columns[DRAW] = np.repeat(np.arange(count), setting.rows)
    flat = {name: array.reshape(count, -1, array.shape[-1]) for name, array in drawn.tables.items()}
    here = replace(setting, columns=columns, rows=count * setting.rows, plans={}, draws=flat)
    found = _solved(here, question.query)
    if isinstance(found, str):
        return DrawnAnswer(answer, refusal=found)
    values = np.moveaxis(found.lower, -1, 0).reshape(count, setting.rows, *found.lower.shape[:-1])
    values = np.ascontiguousarray(values if rows is not None else values[:, 0])
    values.flags.writeable = False  # an answer is a value
    out = DrawnAnswer(answer, values)
    if answer.value is None or count < 2:
        return out
    spread = out.standard_deviation
    parameters = float(spread) if spread.ndim == 0 else spread
    uncertainty = replace(answer.uncertainty, parameters=parameters)
    return replace(out, answer=replace(answer, uncertainty=uncertainty))


def _solved(setting: Setting, query: Query) -> Solution | str:
    """The answers under all draws, or why there are none. Only the exact solver reads the column of draws."""
    try:
        found = Exact().solve(setting, query)
    except Refusal as refusal:
        return str(refusal)
    if not all(np.array_equal(end, found.lower, equal_nan=True) for end in found.ends):
        return "under some draws the answer is an interval, which has no one value"
    return found


def _checked(model: Model, name: str, drawn: ArrayLike) -> Array:
    """Draws of one table as an array of laws."""
    if name not in model.mechanisms and name not in model.noises:
        raise UnknownName(name, (*model.mechanisms, *model.noises), "The draws")
    inputs: tuple[str, ...] = ()
    if name in model.noises:
        if probabilities(model.noises[name].law) is None:
            raise InvalidModel(f"The noise {name!r} has an unknown law, which cannot be drawn. Give it a law first.")
    else:
        mechanism = model.mechanisms[name]
        inputs = mechanism.inputs
        if not isinstance(mechanism, Table):
            raise InvalidModel(f"{name!r} is given by {mechanism}; only tables and laws of noises can be drawn.")
    wanted = tuple(len(model.states[n]) for n in (*inputs, name))
    try:
        array = np.array(drawn, dtype=float)
    except (TypeError, ValueError):
        raise InvalidModel(f"The draws of {name!r} are no array of numbers.") from None
    if array.ndim != len(wanted) + 1 or array.shape[1:] != wanted:
        raise InvalidModel(
            f"The draws of {name!r} have the shape {array.shape}; (draws, {', '.join(map(str, wanted))}) is wanted: "
            f"first draws, then the states of {', '.join(map(repr, (*inputs, name)))}."
        )
    total = array.sum(axis=-1)
    if not np.all(np.isfinite(array)) or array.min(initial=0.0) < 0 or np.any(np.abs(total - 1) > TOLERANCE):
        raise InvalidModel(f"Some drawn laws of {name!r} are no laws: numbers from 0 to 1 that sum to 1 are wanted.")
    return np.where((total == 1)[..., None], array, array / total[..., None])


def _generator(key: PRNGKey, stream: int) -> np.random.Generator:
    """NumPy's counter-based generator (Salmon et al. 2011) with a seed that the JAX key decides."""
    import jax  # half a second, only where something is drawn

    random: Any = jax.random
    words = np.asarray(random.bits(random.fold_in(key, stream), (4,), dtype=np.uint32), dtype=np.uint64)
    seed = words[::2] << np.uint64(32) | words[1::2]
    return np.random.Generator(np.random.Philox(key=seed))


def _dirichlet(counts: Array, n: int, generator: np.random.Generator) -> Array:
    """`n` draws of a Dirichlet law for each row, by gamma draws in logarithms, which small counts do not underflow."""
    shape = (n, *counts.shape)
    log = np.log(generator.standard_gamma(counts + 1.0, shape))
    log += np.log1p(-generator.random(shape)) / counts  # Gamma(a) = Gamma(a + 1) U^(1/a), Marsaglia & Tsang 2000
    out = np.exp(log - log.max(axis=-1, keepdims=True))
    return out / out.sum(axis=-1, keepdims=True)
