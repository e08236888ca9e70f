"""Laws of continuous noises, as data: which distribution of NumPyro, and its parameters.

Nothing here loads NumPyro: a law is drawn from and weighed in `mechanisms/_law_arrays`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from ._domain import Real
from ._errors import InvalidModel
from ._noise import as_number

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True, init=False)
class ContinuousLaw:
    """A law over real numbers: a univariate distribution of `numpyro.distributions`, by name.

    Args:
        distribution: its class, such as `"Normal"`, `"Gumbel"`, `"LogNormal"`.
        **parameters: by the names that class gives them, such as `loc=0.0, scale=1.0`.

    Raises:
        InvalidModel: a parameter that is no finite number. Names and ranges are checked when a model is made.
    """

    distribution: str
    parameters: tuple[tuple[str, float], ...]

    def __init__(self, distribution: str, **parameters: float) -> None:
        """Keep the parameters as plain numbers."""
        if not isinstance(distribution, str) or not distribution.isidentifier():  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidModel(f"A distribution is named by text such as 'Normal', got {distribution!r}.")
        kept: list[tuple[str, float]] = []
        for name, value in parameters.items():
            number = as_number(value)
            if number is None or not math.isfinite(number):
                raise InvalidModel(f"{distribution}({name}={value!r}): a parameter is a finite number.")
            kept.append((name, float(number)))
        object.__setattr__(self, "distribution", distribution)
        object.__setattr__(self, "parameters", tuple(sorted(kept)))

    def __str__(self) -> str:
        return f"{self.distribution}({', '.join(f'{k}={v:g}' for k, v in self.parameters)})"

    def __repr__(self) -> str:
        return f"ContinuousLaw({self.distribution!r}, {', '.join(f'{k}={v!r}' for k, v in self.parameters)})"


def normal(loc: float = 0.0, scale: float = 1.0) -> ContinuousLaw:
    """The normal law with mean `loc` and standard deviation `scale`."""
    return ContinuousLaw("Normal", loc=loc, scale=scale)


@dataclass(frozen=True, slots=True)
class UnknownLaw:
    """Nothing is known of a continuous noise but its range: enough wherever a unit's evidence determines it."""

    domain: Real = field(default_factory=Real)


def _matrix(rows: ArrayLike, size: int, where: str) -> tuple[tuple[float, ...], ...]:
    import numpy as np  # a model without matrices does not need it

    array = np.asarray(rows, dtype=np.float64)
    if array.shape != (size, size) or not np.isfinite(array).all():
        raise InvalidModel(f"{where} has shape {array.shape}; {size} by {size} finite numbers are wanted.")
    if not np.allclose(array, array.T, rtol=1e-9, atol=1e-12):
        raise InvalidModel(f"{where} is not symmetric.")
    lowest = float(np.linalg.eigvalsh(array).min())
    if lowest < -1e-9 * max(float(np.abs(array).max()), 1e-300):
        raise InvalidModel(f"{where} is not positive semidefinite: its smallest eigenvalue is {lowest:g}.")
    array = (array + array.T) / 2
    return tuple(map(tuple, array.tolist()))


@dataclass(frozen=True, slots=True, init=False)
class MultivariateNormal:
    """Several noises, jointly normal.

    Args:
        mean: one number each.
        covariance: shape (noises, noises); it may be singular.

    Raises:
        InvalidModel: shapes that differ, numbers that are not finite, a covariance that cannot be one.
    """

    mean: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]

    def __init__(self, mean: Sequence[float], covariance: ArrayLike) -> None:
        """Check both."""
        found = tuple(float(m) for m in mean)
        if not all(map(math.isfinite, found)):
            raise InvalidModel(f"MultivariateNormal: the mean {found} is not finite.")
        object.__setattr__(self, "mean", found)
        object.__setattr__(
            self, "covariance", _matrix(covariance, len(found), "The covariance of a MultivariateNormal")
        )


@dataclass(frozen=True, slots=True, init=False)
class GaussianCopula:
    """Several noises with the given margins, dependent as jointly normal ones are (a Gaussian copula).

    Args:
        margins: one law each.
        correlation: shape (noises, noises), ones on the diagonal.

    Raises:
        InvalidModel: a matrix that is no correlation matrix of so many noises.
    """

    margins: tuple[ContinuousLaw, ...]
    correlation: tuple[tuple[float, ...], ...]

    def __init__(self, margins: Sequence[Any], correlation: ArrayLike) -> None:
        """Check the matrix."""
        found = tuple(as_law(m, "A margin of a GaussianCopula") for m in margins)
        matrix = _matrix(correlation, len(found), "The correlation of a GaussianCopula")
        if any(abs(matrix[i][i] - 1) > 1e-9 for i in range(len(found))):
            raise InvalidModel("The correlation of a GaussianCopula has ones on its diagonal.")
        object.__setattr__(self, "margins", found)
        object.__setattr__(self, "correlation", matrix)


JointLaw: TypeAlias = MultivariateNormal | GaussianCopula
AnyContinuousLaw: TypeAlias = ContinuousLaw | UnknownLaw | JointLaw


def as_law(law: object, where: str) -> ContinuousLaw:
    """A continuous law as data: a `ContinuousLaw`, or a univariate distribution object of NumPyro.

    Raises:
        InvalidModel: something else.
    """
    if isinstance(law, ContinuousLaw):
        return law
    if is_numpyro(law):
        return _of_numpyro(law, where)
    raise InvalidModel(
        f"{where} is {law!r}; a ContinuousLaw such as normal(0, 1), or a distribution of NumPyro, is wanted."
    )


def is_numpyro(law: object) -> bool:
    """Whether `law` is a distribution object of NumPyro, seen without loading it."""
    return _of_numpyros_kind(type(law))


@lru_cache(maxsize=256)
def _of_numpyros_kind(kind: type) -> bool:
    return any(c.__module__.startswith("numpyro.distributions") for c in kind.__mro__)


def _of_numpyro(law: Any, where: str) -> ContinuousLaw:
    name = type(law).__name__
    constraints: Mapping[str, object] = getattr(law, "arg_constraints", {})
    if tuple(law.batch_shape) or tuple(law.event_shape):
        raise InvalidModel(
            f"{where} is a {name} of shape {tuple(law.batch_shape) + tuple(law.event_shape)}; the law of one noise is "
            "over single numbers. Several noises that depend on one another are a MultivariateNormal or GaussianCopula."
        )
    found = {k: getattr(law, k) for k in constraints if getattr(law, k, None) is not None}
    return ContinuousLaw(name, **{k: cast(float, as_number(v)) for k, v in found.items()})


@dataclass(frozen=True, slots=True)
class ContinuousNoise:
    """Continuous noises with their law: one, or several that depend on one another (hidden common causes).

    Attributes:
        names: one each; mechanisms read them by these.
        law: of the one, or the joint law of all in this order.

    Raises:
        InvalidModel: names or a law that do not fit together.
    """

    names: tuple[str, ...]
    law: AnyContinuousLaw

    def __post_init__(self) -> None:
        """Check that they fit."""
        names = (self.names,) if isinstance(self.names, str) else tuple(self.names)
        for name in names:
            if not isinstance(name, str) or not name.strip():  # pyright: ignore[reportUnnecessaryIsInstance]
                raise InvalidModel(f"A noise's name is text, got {name!r}.")
        if len(set(names)) != len(names) or not names:
            raise InvalidModel(f"ContinuousNoise({names}): different names, at least one, are wanted.")
        law = as_law(self.law, f"The law of {names[0]!r}") if is_numpyro(self.law) else self.law
        wanted = (
            len(law.mean)
            if isinstance(law, MultivariateNormal)
            else (len(law.margins) if isinstance(law, GaussianCopula) else 1)
        )
        if not isinstance(law, (ContinuousLaw, UnknownLaw, MultivariateNormal, GaussianCopula)):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidModel(f"The noise {names[0]!r} has the law {law!r}; a continuous law is wanted.")
        if wanted != len(names):
            raise InvalidModel(f"{len(names)} noises {names} and a law of {wanted}; one name each is wanted.")
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "law", law)

    @property
    def dependent(self) -> tuple[tuple[str, str], ...]:
        """Pairs of these noises that depend on one another directly."""
        match self.law:
            case MultivariateNormal(_, matrix) | GaussianCopula(_, matrix):
                pairs = itertools.combinations(range(len(self.names)), 2)
                return tuple((self.names[i], self.names[j]) for i, j in pairs if matrix[i][j])
            case _:
                return ()


def is_continuous(law: object) -> bool:
    """Whether this is the law of one continuous noise."""
    return isinstance(law, (ContinuousLaw, UnknownLaw)) or is_numpyro(law)
