"""Linear models: path coefficients, effects along paths, and the covariances that a model implies (Wright 1934)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ._continuous import ContinuousLaw, ContinuousNoise, GaussianCopula, MultivariateNormal
from ._errors import InvalidModel, InvalidQuery, UnknownName
from ._mechanism import Equation, Table
from ._model import Model
from ._noise import probabilities
from ._syntax import Value, Var
from .mechanisms._types import Affine, Linear

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

_OWN = "\0"
"""Begins the name of the randomness of a finite variable that is given by a table."""


def path_coefficients(model: Model, *, standardised: bool = False) -> Mapping[tuple[str, str], float]:
    """The coefficient of every edge: by how much the effect grows when the cause alone grows by one.

    Args:
        model: every variable that has causes is an affine function of them and of its noises.
        standardised: in standard deviations of the effect per standard deviation of the cause (Wright 1934); needs
            the variances of all noises.

    Returns:
        {(cause, effect): coefficient}, in the order of the graph's edges; zero where a formula multiplies by it.

    Raises:
        InvalidModel: a mechanism that is not linear, the first in topological order; or, standardised, a variance that
            is not known or is zero.
    """
    affine = {v: _affine(model, v) for v in model.graph.order if model.graph.parents[v]}
    found = {edge: affine[edge[1]].coefficients.get(edge[0], 0.0) for edge in model.graph.edges}
    if not standardised:
        return found
    scales = _deviations(model, dict.fromkeys(name for edge in found for name in edge))
    return {(cause, effect): x * scales[cause] / scales[effect] for (cause, effect), x in found.items()}


def total_effect(model: Model, cause: str, effect: str, *, standardised: bool = False) -> float:
    """By how much the effect's expectation grows when the cause is set one higher: the sum over all causal paths.

    Args:
        model: every variable between cause and effect is an affine function of its causes and noises.
        cause: the treatment.
        effect: the outcome; the cause itself gives 1.
        standardised: in standard deviations of the effect per standard deviation of the cause.

    Raises:
        UnknownName: a variable that the model does not have.
        InvalidModel: as for `path_coefficients`.
    """
    _known(model, (cause, effect))
    graph = model.graph
    between = graph.descendants([cause]) & graph.ancestors[effect]
    found = dict.fromkeys(graph.variables, 0.0)
    found[cause] = 1.0
    for v in graph.order:
        if v in between and v != cause:
            coefficients = _affine(model, v).coefficients
            found[v] = math.fsum(coefficients.get(p, 0.0) * found[p] for p in graph.parents[v])
    return found[effect] * _ratio(model, cause, effect) if standardised else found[effect]


def effect_along(model: Model, *paths: Sequence[str], standardised: bool = False) -> float:
    """The effect that goes along the given paths alone: the product of coefficients of each, added.

    Args:
        model: every variable on the paths is an affine function of its causes and noises.
        *paths: variables from one cause to one effect, such as `("X", "M", "Y")`; each path counts once.
        standardised: in standard deviations of the effect per standard deviation of the cause.

    Raises:
        UnknownName: a variable that the model does not have.
        InvalidQuery: no path, a path that is none in the graph, or paths between different variables.
        InvalidModel: as for `path_coefficients`.
    """
    distinct = list(dict.fromkeys(tuple(path) for path in paths))
    ends = {(path[0], path[-1]) for path in distinct if len(path) > 1}
    if len(ends) != 1 or any(isinstance(path, str) or len(path) < 2 for path in paths):
        raise InvalidQuery(
            "Paths from one cause to one effect are wanted, such as ('X', 'M', 'Y'); "
            f"got {', '.join(map(repr, paths)) or 'none'}."
        )
    total: list[float] = []
    for path in distinct:
        _known(model, path)
        product = 1.0
        for cause, effect in itertools.pairwise(path):
            if cause not in model.graph.parents[effect]:
                raise InvalidQuery(f"{' -> '.join(path)} is no path: there is no edge {cause} -> {effect}.")
            product *= _affine(model, effect).coefficients.get(cause, 0.0)
        total.append(product)
    cause, effect = ends.pop()
    return math.fsum(total) * (_ratio(model, cause, effect) if standardised else 1.0)


def implied_covariance(model: Model, names: Sequence[str] | None = None) -> Matrix:
    """The covariance matrix of variables in a linear model; noises need variances, and need not be normal.

    Args:
        model: the named variables and all that cause them are affine functions of their causes and noises; finite
            variables without causes count with their numbers.
        names: which variables, in this order; all of them by default, as declared.

    Returns:
        Shape (names, names).

    Raises:
        UnknownName: a variable that the model does not have.
        InvalidModel: a mechanism that is not linear, or a variance that is not known.
    """
    import numpy as np  # a model without numbers to work out needs no arrays

    wanted = [v.name for v in model.variables] if names is None else list(names)
    _known(model, wanted)
    graph = model.graph
    needed = frozenset[str]().union(*(graph.ancestors[v] for v in wanted))
    affine = {v: _affine(model, v) for v in graph.order if v in needed}
    parents = {v: set(graph.parents[v]) for v in affine}
    sources = list(dict.fromkeys(n for v, a in affine.items() for n in a.coefficients if n not in parents[v]))
    place = {name: k for k, name in enumerate(sources)}
    rows: dict[str, Matrix] = {}
    for v, a in affine.items():
        row = np.zeros(len(sources))
        for name, x in a.coefficients.items():
            if name in parents[v]:
                row += x * rows[name]
            else:
                row[place[name]] += x
        rows[v] = row
    spread = np.array([rows[v] for v in wanted]).reshape(len(wanted), len(sources))
    found = spread @ _source_covariance(model, sources) @ spread.T
    return (found + found.T) / 2


# ---------------------------------------------------------------------------------------------------------------------


def _known(model: Model, names: Sequence[str]) -> None:
    for name in names:
        if name not in model.graph.parents:
            raise UnknownName(name, model.graph.variables, "The linear model")


def _affine(model: Model, name: str) -> Affine:
    """A variable as an affine function of its causes and noises."""
    if name in model.columnar:
        mechanism = model.columnar[name]
        if isinstance(mechanism, Linear):
            return mechanism.affine()
        raise InvalidModel(f"{name!r} is no linear function of its causes and noises: its mechanism is {mechanism}.")
    finite = model.mechanisms[name]
    if isinstance(finite, Table) and not finite.inputs:
        return Affine(0.0, {_OWN + name: 1.0})
    if isinstance(finite, Equation) and not finite.inputs:
        return Affine(0.0, {})  # one value: it neither varies nor has causes
    if isinstance(finite, Equation) and isinstance(finite.expr, Var) and finite.expr.name in model.noises:
        return Affine(0.0, {finite.expr.name: 1.0})
    raise InvalidModel(f"{name!r} is finite, and no linear function of its causes: its mechanism is {finite}.")


def _ratio(model: Model, cause: str, effect: str) -> float:
    scales = _deviations(model, (cause, effect))
    return scales[cause] / scales[effect]


def _deviations(model: Model, names: Sequence[str] | Mapping[str, None]) -> dict[str, float]:
    wanted = list(dict.fromkeys(names))
    matrix = implied_covariance(model, wanted)
    found = {name: math.sqrt(float(matrix[k, k])) for k, name in enumerate(wanted)}
    for name, x in found.items():
        if x == 0:
            raise InvalidModel(f"{name!r} does not vary, so that nothing can be told in its standard deviations.")
    return found


def _source_covariance(model: Model, sources: Sequence[str]) -> Matrix:
    """The covariance of noises, and of the randomness of tables."""
    import numpy as np

    place = {name: k for k, name in enumerate(sources)}
    found = np.zeros((len(sources), len(sources)))
    for name, k in place.items():
        if name.startswith(_OWN):
            table = model.mechanisms[name[len(_OWN) :]]
            assert isinstance(table, Table)
            found[k, k] = _variance(name[len(_OWN) :], model.states[name[len(_OWN) :]], table.rows[0])
        elif name in model.noises:
            found[k, k] = _variance(name, model.noises[name].law.states, probabilities(model.noises[name].law))
    for block in model.continuous_noises:
        mine = [name for name in block.names if name in place]
        if mine:
            at = [place[name] for name in mine]
            found[np.ix_(at, at)] = _block_covariance(block, [block.names.index(name) for name in mine])
    return found


def _variance(name: str, states: Sequence[Value], law: Sequence[float] | None) -> float:
    """Of a finite noise or variable, with its states as numbers."""
    if law is None:
        raise InvalidModel(f"The law of {name!r} is not known, so that it has no known variance.")
    if any(isinstance(s, str) for s in states):
        raise InvalidModel(f"{name!r} has labels {tuple(states)}, which are no numbers.")
    numbers = [float(s) for s in states]
    mean = math.fsum(p * x for p, x in zip(law, numbers, strict=True))
    return math.fsum(p * (x - mean) ** 2 for p, x in zip(law, numbers, strict=True))


def _block_covariance(block: ContinuousNoise, mine: list[int]) -> Matrix:
    """The covariance of some noises of a block."""
    import numpy as np

    from .mechanisms._law_arrays import mean_and_variance  # may load a library of laws

    match block.law:
        case MultivariateNormal(_, covariance):
            return np.array(covariance)[np.ix_(mine, mine)]
        case ContinuousLaw() as law:
            return np.array([[_positive(block.names[0], law, mean_and_variance(law)[1])]])
        case GaussianCopula(margins, correlation):
            inside = np.array(correlation)[np.ix_(mine, mine)]
            laws = [margins[k] for k in mine]
            if np.any(inside != np.eye(len(mine))) and any(law.distribution != "Normal" for law in laws):
                raise InvalidModel(
                    f"The noises {', '.join(map(repr, block.names))} have a Gaussian copula with margins that are not "
                    "normal; the covariances that follow from it are not worked out."
                )
            scales = [
                math.sqrt(_positive(block.names[k], law, mean_and_variance(law)[1]))
                for k, law in zip(mine, laws, strict=True)
            ]
            return inside * np.outer(scales, scales)
        case _:
            raise InvalidModel(f"The law of {block.names[0]!r} is not known, so that it has no known variance.")


def _positive(name: str, law: ContinuousLaw, variance: float) -> float:
    if not math.isfinite(variance):
        raise InvalidModel(f"The noise {name!r} is {law}, which has no finite variance.")
    return variance
