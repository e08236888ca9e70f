"""Where noises can lie, and whether evidence of a mechanism can be impossible at all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .._continuous import ContinuousLaw, GaussianCopula, MultivariateNormal, UnknownLaw
from .._domain import Real
from .._model import Model
from .._syntax import Const
from ..mechanisms._additive import Stretched
from ..mechanisms._formula import InvertibleFormula
from ..mechanisms._law_arrays import domain_of, log_density
from ..mechanisms._layers import Stretch
from ..mechanisms._types import Forward, Invertible, Linear


@dataclass(frozen=True, slots=True)
class Support:
    """An interval; `open` where its ends have no density."""

    lower: float = -math.inf
    upper: float = math.inf
    open: bool = False

    @property
    def everything(self) -> bool:
        """Whether no number lies outside."""
        return math.isinf(self.lower) and math.isinf(self.upper)

    def has(self, value: Any, slack: Any, xp: Any) -> Any:
        """Whether each value lies inside, up to `slack` (rounding) at ends that belong to it."""
        found = xp.isfinite(value)
        if math.isfinite(self.lower):
            found = found & (value > self.lower if self.open else value >= self.lower - slack)
        if math.isfinite(self.upper):
            found = found & (value < self.upper if self.open else value <= self.upper + slack)
        return found


def noise_support(model: Model, noise: str) -> Support:
    """Where a continuous noise can lie."""
    for block in model.continuous_noises:
        if noise in block.names:
            law = block.law
            if isinstance(law, GaussianCopula):
                return _support(law.margins[block.names.index(noise)])
            if isinstance(law, UnknownLaw):
                domain = law.domain
                return Support(domain.lower, domain.upper) if isinstance(domain, Real) else Support()  # pyright: ignore[reportUnnecessaryIsInstance]
            return Support() if isinstance(law, MultivariateNormal) else _support(law)
    raise KeyError(noise)


@lru_cache(maxsize=1024)
def _support(law: ContinuousLaw) -> Support:
    domain = domain_of(law)
    ends = [end for end in (domain.lower, domain.upper) if math.isfinite(end)]
    bare = all(float(log_density(law, np.array([end]), np)[0]) == -math.inf for end in ends)
    return Support(domain.lower, domain.upper, open=bool(ends) and bare)


def singular(model: Model, noises: tuple[str, ...]) -> tuple[str, ...]:
    """The names of a block that these noises belong to and whose law ties its noises to one another; () for none."""
    for block in model.continuous_noises:
        match block.law:
            case MultivariateNormal(_, matrix) | GaussianCopula(_, matrix) if {*noises} & {*block.names}:
                found = np.linalg.eigvalsh(np.asarray(matrix))
                if found.min() <= 1e-12 * max(found.max(), 1e-300):
                    return block.names
            case _:
                pass
    return ()


def takes_all(mechanism: Forward, support: Support) -> bool:
    """Whether every number has a noise behind it, whatever the parents: then no evidence is impossible."""
    if not support.everything or not isinstance(mechanism.domain, Real):
        return False
    if isinstance(mechanism, Linear):
        return any(mechanism.affine().coefficients.get(n, 0.0) != 0.0 for n in mechanism.noises)
    if isinstance(mechanism, Stretched):
        return mechanism.scale is None
    if isinstance(mechanism, InvertibleFormula):
        return all(
            isinstance(x, Stretch) and isinstance(x.scale, Const) and x.scale.value != 0 for x in mechanism.layers
        )
    return isinstance(mechanism, Invertible) and _one_slope(mechanism)


def _one_slope(mechanism: Invertible) -> bool:
    """Whether the noise is a shift of the variable: its slope is then told as one number, not as a column."""
    nothing = {name: np.zeros(2, dtype=np.int64) for name in mechanism.parents}  # numbers, or first states
    with np.errstate(all="ignore"):
        found = mechanism.log_slope(np.zeros(2), nothing, np)
    return np.ndim(found) == 0 and bool(np.isfinite(found))
