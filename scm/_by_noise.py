"""An explicit noise table as a coupling: what a unit does under each parent configuration, read off a finite noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ._coupling import Array, Rows
from ._errors import InvalidModel, InvalidQuery, UnknownName
from ._mechanism import NoiseTable, Table
from ._model import Model
from ._noise import Categorical, Unknown
from ._syntax import Value, print_const, print_name
from ._text import number_text
from ._variable import Variable

TOLERANCE = 1e-9
"""How far the noise may be from giving back a row of the table."""


@dataclass(frozen=True, slots=True)
class ByNoise:
    """A finite noise behind one table; made and checked against its model by `by_noise`.

    Attributes:
        variable: whose table it is.
        weights: the probability of each noise state.
        outcomes: for each row of the table, the code of the outcome in each noise state.
        states: how many states the variable has.
    """

    variable: str
    weights: tuple[float, ...]
    outcomes: tuple[tuple[int, ...], ...]
    states: int

    @property
    def name(self) -> str:
        """`by_noise`."""
        return "by_noise"

    @property
    def variables(self) -> tuple[str, ...]:
        """The one variable."""
        return (self.variable,)

    @property
    def claim(self) -> str:
        """What is assumed."""
        count = f"{len(self.weights)} states" if len(self.weights) > 1 else "1 state"
        return f"by_noise: {self.variable!r} responds to a noise of {count} as the granted noise table says"

    @property
    def citation(self) -> str:
        """Where it comes from."""
        return "a noise table given by the user; functional causal models, Pearl (2009), definition 7.1.1"

    def kernel(self, laws: Array, configurations: Rows) -> Array:
        """Sum over the noise states: sum_u P(u) prod_i 1[f(configuration_i, u) = x_i].

        Raises:
            InvalidModel: the table is not the one that the noise was checked against.
        """
        n, m, s = laws.shape
        codes, weights = np.array(self.outcomes, np.intp), np.array(self.weights)
        if s != self.states or configurations.max(initial=0) >= len(codes):
            raise InvalidModel(_other_table(self.variable))
        margins = np.stack([(weights * (codes == x)).sum(axis=1) for x in range(s)], axis=1)
        if np.abs(margins[configurations] - laws).max(initial=0.0) > TOLERANCE:
            raise InvalidModel(_other_table(self.variable))
        flat: Rows = np.zeros((n, len(weights)), np.intp)
        for i in range(m):
            flat = flat * s + codes[configurations[:, i]]
        flat += np.arange(n, dtype=np.intp)[:, None] * s**m
        found: Array = np.bincount(flat.ravel(), np.tile(weights, n), n * s**m).astype(float)
        return found.reshape((n, *[s] * m))


def by_noise(
    model: Model, variable: str, law: Mapping[Value, float], outcomes: Mapping[Value | tuple[Value, ...], object]
) -> ByNoise:
    """A finite noise behind the table of `variable`, to be granted in `assume=`.

    Args:
        model: whose table it is.
        variable: a variable given by a table.
        law: the probability of each noise state.
        outcomes: {(parents' states..., noise state): outcome}, as for `Variable(function=...)`.

    Returns:
        A coupling; the model stays as it is, so that the assumption is printed where it is used.

    Raises:
        UnknownName: no such variable.
        InvalidQuery: it is not given by a table.
        InvalidModel: a row is missing, or the noise does not give back the table; the row is named.
    """
    _check_kinds(model, law, outcomes)
    if variable not in model.mechanisms:
        raise UnknownName(variable, model.mechanisms, "by_noise()")
    table = model.mechanisms[variable]
    if not isinstance(table, Table):
        raise InvalidQuery(f"{variable!r} is not given by a table: its mechanism already says how it responds.")
    found = _noise_table(model, variable, table, law, outcomes)
    states = model.states[variable]
    weights = np.array(Categorical(law).probabilities)
    codes = np.array([states.index(x) for x in found.outcomes], np.intp).reshape(len(table.rows), len(weights))
    margins = np.stack([(weights * (codes == x)).sum(axis=1) for x in range(len(states))], axis=1)
    off = np.abs(margins - np.array(table.rows)).max(axis=1)
    if off.max() > TOLERANCE:
        row = int(off.argmax())
        raise InvalidModel(
            f"{_row_name(model, variable, table, row)} is {_law_text(table.rows[row])} in the table, but the noise "
            f"gives {_law_text(margins[row].tolist())}. A noise table must give back every row."
        )
    return ByNoise(variable, tuple(weights.tolist()), tuple(map(tuple, codes.tolist())), len(states))


def _check_kinds(model: object, law: object, outcomes: object) -> None:
    if not isinstance(model, Model):
        raise InvalidModel(f"by_noise() takes a Model first, got {type(model).__name__}.")
    if not isinstance(law, Mapping):
        raise InvalidModel(f"by_noise() takes the law as {{noise state: probability}}, got {type(law).__name__}.")
    if not isinstance(outcomes, Mapping):
        raise InvalidModel(
            f"by_noise() takes the outcomes as {{(parents' states..., noise state): outcome}}, "
            f"got {type(outcomes).__name__}."
        )


def _noise_table(
    model: Model,
    variable: str,
    table: Table,
    law: Mapping[Value, float],
    outcomes: Mapping[Value | tuple[Value, ...], object],
) -> NoiseTable:
    """The outcomes in the order of the table's rows, checked as those of a variable with `function=` are."""
    roots = [
        Variable(name, model.states[name], noise={f"of {name}": Unknown(model.states[name])}) for name in table.inputs
    ]
    noise = {f"noise of {variable}": Categorical(law)}
    own = Variable(variable, model.states[variable], parents=table.inputs, function=outcomes, noise=noise)
    found = Model(*roots, own).mechanisms[variable]
    assert isinstance(found, NoiseTable)
    return found


def _row_name(model: Model, variable: str, table: Table, row: int) -> str:
    at = np.unravel_index(row, [len(model.states[n]) for n in table.inputs]) if table.inputs else ()
    cause = [f"{print_name(n)} = {print_const(model.states[n][int(k)])}" for n, k in zip(table.inputs, at, strict=True)]
    return f"P({print_name(variable)} | {', '.join(cause)})" if cause else f"P({print_name(variable)})"


def _law_text(law: tuple[float, ...] | list[float]) -> str:
    return f"({', '.join(map(number_text, law))})"


def _other_table(variable: str) -> str:
    return (
        f"The noise table granted for {variable!r} does not give back the table of this model. "
        "Make it with by_noise() for the model that is asked."
    )
