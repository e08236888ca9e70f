"""The closed list of laws that one continuous noise may have: names, parameters and supports, without loading NumPyro.

They are the univariate continuous distributions of `numpyro.distributions`, under its names for them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from .._continuous import ContinuousLaw, ContinuousNoise, GaussianCopula, MultivariateNormal, UnknownLaw
from .._domain import Domain, Real
from .._errors import InvalidModel, listing, near

Range: TypeAlias = Literal["real", "positive", "share", "below -1"]
"""What a parameter may be; a share lies between 0 and 1."""


@dataclass(frozen=True)
class Entry:
    """A distribution.

    Attributes:
        ranges: of each parameter.
        defaults: of those that have one.
        ends: of the support: numbers, or the names of the parameters that they are.
    """

    ranges: Mapping[str, Range]
    defaults: Mapping[str, float]
    ends: tuple[float | str, float | str]


def _entry(ends: tuple[float | str, float | str], **given: Range | tuple[Range, float]) -> Entry:
    ranges: dict[str, Range] = {k: v[0] if isinstance(v, tuple) else v for k, v in given.items()}
    return Entry(ranges, {k: v[1] for k, v in given.items() if isinstance(v, tuple)}, ends)


_LINE: tuple[float, float] = (-math.inf, math.inf)
_HALF: tuple[float, float] = (0.0, math.inf)
_SHARE: tuple[float, float] = (0.0, 1.0)
_LOC: tuple[Range, float] = ("real", 0.0)
_SCALE: tuple[Range, float] = ("positive", 1.0)

LAWS: Mapping[str, Entry] = MappingProxyType({
    "AsymmetricLaplace": _entry(_LINE, loc=_LOC, scale=_SCALE, asymmetry=_SCALE),
    "AsymmetricLaplaceQuantile": _entry(_LINE, loc=_LOC, scale=_SCALE, quantile=("share", 0.5)),
    "Beta": _entry(_SHARE, concentration1="positive", concentration0="positive"),
    "BetaProportion": _entry(_SHARE, mean="share", concentration="positive"),
    "Cauchy": _entry(_LINE, loc=_LOC, scale=_SCALE),
    "Chi2": _entry(_HALF, df="positive"),
    "Exponential": _entry(_HALF, rate=_SCALE),
    "Gamma": _entry(_HALF, concentration="positive", rate=_SCALE),
    "Gompertz": _entry(_HALF, concentration="positive", rate=_SCALE),
    "Gumbel": _entry(_LINE, loc=_LOC, scale=_SCALE),
    "HalfCauchy": _entry(_HALF, scale=_SCALE),
    "HalfNormal": _entry(_HALF, scale=_SCALE),
    "InverseGamma": _entry(_HALF, concentration="positive", rate=_SCALE),
    "Kumaraswamy": _entry(_SHARE, concentration1="positive", concentration0="positive"),
    "Laplace": _entry(_LINE, loc=_LOC, scale=_SCALE),
    "Levy": _entry(("loc", math.inf), loc="real", scale="positive"),
    "LogNormal": _entry(_HALF, loc=_LOC, scale=_SCALE),
    "LogUniform": _entry(("low", "high"), low="positive", high="positive"),
    "Logistic": _entry(_LINE, loc=_LOC, scale=_SCALE),
    "LowerTruncatedPowerLaw": _entry(("low", math.inf), alpha="below -1", low="positive"),
    "Normal": _entry(_LINE, loc=_LOC, scale=_SCALE),
    "Pareto": _entry(("scale", math.inf), scale="positive", alpha="positive"),
    "RelaxedBernoulliLogits": _entry(_SHARE, temperature="positive", logits="real"),
    "SoftLaplace": _entry(_LINE, loc="real", scale="positive"),
    "StudentT": _entry(_LINE, df="positive", loc=_LOC, scale=_SCALE),
    "Uniform": _entry(("low", "high"), low=_LOC, high=("real", 1.0)),
    "VonMises": _entry((-math.pi, math.pi), loc="real", concentration="positive"),
    "Weibull": _entry(_HALF, scale="positive", concentration="positive"),
})  # fmt: skip
"""Every distribution that a `ContinuousLaw` may name."""

NO_CDF = frozenset({"VonMises"})
"""Laws of which only the density is known, and how to draw."""

_WORDS: Mapping[Range, str] = {
    "real": "a number", "positive": "a number above 0", "share": "a number between 0 and 1", "below -1": "below -1",
}  # fmt: skip


def in_range(value: Any, kind: Range) -> Any:
    """Whether a parameter, a number or a column of them, may be this."""
    match kind:
        case "real":
            return value == value  # not NaN
        case "positive":
            return value > 0
        case "share":
            return (value > 0) & (value < 1)
        case "below -1":
            return value < -1


def entry(distribution: str, where: str) -> Entry:
    """The distribution of this name.

    Raises:
        InvalidModel: there is none.
    """
    if distribution not in LAWS:
        raise InvalidModel(
            f"{where} has the distribution {distribution!r}, which is none over single real numbers."
            f"{near(distribution, LAWS)} Known: {listing(LAWS, len(LAWS))}."
        )
    return LAWS[distribution]


def check_names(distribution: str, given: frozenset[str], where: str) -> Entry:
    """That a distribution is known and has these parameters.

    Raises:
        InvalidModel: what it is not.
    """
    found = entry(distribution, where)
    if wrong := sorted(given - found.ranges.keys()):
        raise InvalidModel(
            f"{where}: {distribution} has no parameter {wrong[0]!r}.{near(wrong[0], found.ranges)} "
            f"Its parameters are {listing(found.ranges)}."
        )
    if lacking := [k for k in found.ranges if k not in given and k not in found.defaults]:
        raise InvalidModel(f"{where}: {distribution} needs {lacking[0]}=, which is not given.")
    return found


def complete(law: ContinuousLaw, where: str = "A noise") -> dict[str, float]:
    """Its parameters, defaults filled in.

    Raises:
        InvalidModel: an unknown distribution or parameter, one that is missing, or a number that it cannot be.
    """
    found = check_names(law.distribution, frozenset(k for k, _ in law.parameters), where)
    values = {**found.defaults, **dict(law.parameters)}
    for name, value in values.items():
        if not in_range(value, found.ranges[name]):
            raise InvalidModel(
                f"{where}: {law.distribution}({name}={value:g}); {name} is {_WORDS[found.ranges[name]]}."
            )
    if found.ends == ("low", "high") and not values["low"] < values["high"]:
        raise InvalidModel(
            f"{where}: {law.distribution}(low={values['low']:g}, high={values['high']:g}); low comes before high."
        )
    return values


def support(law: ContinuousLaw, where: str = "A noise") -> Real:
    """The numbers that it can give.

    Raises:
        InvalidModel: as `complete`.
    """
    values = complete(law, where)
    low, high = (values[end] if isinstance(end, str) else end for end in LAWS[law.distribution].ends)
    return Real(low, high)


def noise_domains(block: ContinuousNoise) -> dict[str, Domain]:
    """What each noise of a block can be.

    Raises:
        InvalidModel: a law that cannot be, with its noise.
    """
    where = [f"The law of {name!r}" for name in block.names]
    match block.law:
        case UnknownLaw(domain):
            return {block.names[0]: domain}
        case ContinuousLaw():
            return {block.names[0]: support(block.law, where[0])}
        case MultivariateNormal():
            return dict.fromkeys(block.names, Real())
        case GaussianCopula(margins, _):
            if unknown := [m for m in margins if m.distribution in NO_CDF]:
                raise InvalidModel(
                    f"{where[0]} is a GaussianCopula with the margin {unknown[0]}, whose distribution function is not "
                    "known here. Choose another margin."
                )
            return {n: support(m, w) for n, m, w in zip(block.names, margins, where, strict=True)}
