"""Noises with their laws, and domains, as plain data for JSON and back."""

from __future__ import annotations

import math
from typing import Any, cast

from ._continuous import (
    AnyContinuousLaw,
    ContinuousLaw,
    ContinuousNoise,
    GaussianCopula,
    MultivariateNormal,
    UnknownLaw,
)
from ._domain import Real
from ._errors import InvalidFile, InvalidModel, ScmError, listing
from ._json_parts import MAX_NUMBER, as_list, as_object, as_pair, as_real, as_reals, as_state, as_text, by_state, only
from ._noise import Bernoulli, Categorical, Noise, NoiseLaw, Unknown
from ._syntax import Value

FINITE = ("bernoulli", "categorical", "unknown")
SINGLE = ("distribution", "unknown_real")
JOINT = ("multivariate_normal", "gaussian_copula")


def noise_data(noise: Noise | ContinuousNoise) -> dict[str, Any]:
    """A noise, or a block of noises that depend on one another, with its law."""
    if isinstance(noise, Noise):
        return {"name": noise.name, **law_data(noise.law)}
    if isinstance(noise.law, (MultivariateNormal, GaussianCopula)):
        return {"names": list(noise.names), **law_data(noise.law)}
    return {"name": noise.names[0], **law_data(noise.law)}


def law_data(law: NoiseLaw | AnyContinuousLaw) -> dict[str, Any]:
    """A law, under a key that says which."""
    match law:
        case Bernoulli(p):
            return {"bernoulli": p}
        case Categorical(states, probabilities):
            return {"categorical": [[s, p] for s, p in zip(states, probabilities, strict=True)]}
        case Unknown(states):
            return {"unknown": list(states)}
        case ContinuousLaw(distribution, parameters):
            if any(abs(value) > MAX_NUMBER for _, value in parameters):
                raise InvalidModel(f"{law} has a parameter beyond {MAX_NUMBER:g}, which no model file holds.")
            return {"distribution": distribution, "parameters": dict(parameters)}
        case UnknownLaw(domain):
            return {"unknown_real": ends_data(domain)}
        case MultivariateNormal(mean, covariance):
            return {"multivariate_normal": {"mean": list(mean), "covariance": [list(row) for row in covariance]}}
        case GaussianCopula(margins, correlation):
            rows = [list(row) for row in correlation]
            return {"gaussian_copula": {"margins": [law_data(m) for m in margins], "correlation": rows}}


def ends_data(domain: Real) -> list[float | None]:
    """The ends of an interval; null where there is none."""
    return [end if math.isfinite(end) else None for end in (domain.lower, domain.upper)]


def noise_of(data: object, where: str) -> Noise | ContinuousNoise:
    """A noise with its law.

    Raises:
        InvalidFile: it is none; the message says where.
    """
    entry = as_object(data, where)
    kinds = (*FINITE, *SINGLE, *JOINT)
    only(entry, ("name", "names", *kinds, "parameters"), where)
    kind = _kind(entry, kinds, where)
    key = "names" if kind in JOINT else "name"
    if key not in entry or ("name" in entry and "names" in entry):
        raise InvalidFile(f"{where} has the entries {listing(entry)}; a noise of this law has {key!r}.")
    found = as_list(entry[key], f"{where}.{key}") if kind in JOINT else [entry[key]]
    names = tuple(as_text(name, f"{where}.{key}") for name in found)
    try:
        law = _law(kind, entry, where)
        return (
            Noise(names[0], law) if isinstance(law, (Bernoulli, Categorical, Unknown)) else ContinuousNoise(names, law)
        )
    except InvalidFile:
        raise
    except ScmError as wrong:
        raise InvalidFile(f"{where} ({', '.join(map(repr, names[:4]))}): {wrong}") from None


def law_of(data: object, where: str) -> NoiseLaw | ContinuousLaw | UnknownLaw:
    """The law of one noise, finite or continuous.

    Raises:
        InvalidFile: it is none.
    """
    entry = as_object(data, where)
    only(entry, (*FINITE, *SINGLE, "parameters"), where)
    try:
        law = _law(_kind(entry, (*FINITE, *SINGLE), where), entry, where)
    except InvalidFile:
        raise
    except ScmError as wrong:
        raise InvalidFile(f"{where}: {wrong}") from None
    assert not isinstance(law, (MultivariateNormal, GaussianCopula))
    return law


def _kind(entry: dict[str, object], kinds: tuple[str, ...], where: str) -> str:
    found = [kind for kind in kinds if kind in entry]
    if len(found) != 1:
        raise InvalidFile(f"{where} has {listing(found)} as law; one of {', '.join(kinds)} is wanted.")
    if "parameters" in entry and found[0] != "distribution":
        raise InvalidFile(f"{where} has parameters, which only a law with a distribution has.")
    return found[0]


def _law(kind: str, entry: dict[str, object], where: str) -> NoiseLaw | AnyContinuousLaw:
    data, here = entry[kind], f"{where}.{kind}"
    match kind:
        case "bernoulli":
            return Bernoulli(cast(float, data))
        case "categorical":
            pairs = [as_pair(p, here) for p in as_list(data, here)]
            return Categorical(cast("dict[Value, float]", by_state(pairs, here)))
        case "unknown":
            return Unknown(tuple(as_state(s, here) for s in as_list(data, here)))
        case "distribution":
            return _distribution(entry, where)
        case "unknown_real":
            return UnknownLaw(ends_of(data, here))
        case "multivariate_normal":
            found = as_object(data, here)
            only(found, ("mean", "covariance"), here)
            mean = as_reals(found.get("mean"), f"{here}.mean")
            return MultivariateNormal(mean, _matrix(found.get("covariance"), len(mean), f"{here}.covariance"))
        case _:
            found = as_object(data, here)
            only(found, ("margins", "correlation"), here)
            margins = [_margin(m, f"{here}.margins[{i}]") for i, m in enumerate(as_list(found.get("margins"), here))]
            return GaussianCopula(margins, _matrix(found.get("correlation"), len(margins), f"{here}.correlation"))


def _distribution(entry: dict[str, object], where: str) -> ContinuousLaw:
    name = as_text(entry["distribution"], f"{where}.distribution")
    given = as_object(entry.get("parameters", {}), f"{where}.parameters")
    for key in given:
        # Not what ContinuousLaw calls its own arguments, and nothing that Python could not take by name.
        if not key.isidentifier() or key in ("self", "distribution") or len(key) > 60:
            raise InvalidFile(f"{where}.parameters has the entry {key[:60]!r}; a parameter's name is wanted.")
    if len(name) > 60:
        raise InvalidFile(f"{where}.distribution: got {name[:60]!r}..., the name of a distribution is wanted.")
    return ContinuousLaw(name, **{k: as_real(v, f"{where}.parameters.{k}") for k, v in given.items()})


def _margin(data: object, where: str) -> ContinuousLaw:
    entry = as_object(data, where)
    only(entry, ("distribution", "parameters"), where)
    if "distribution" not in entry:
        raise InvalidFile(f"{where}: the margin of a copula has a distribution.")
    return _distribution(entry, where)


def _matrix(data: object, size: int, where: str) -> list[list[float]]:
    rows = [as_reals(row, where) for row in as_list(data, where)]
    if not size or len(rows) != size or any(len(row) != size for row in rows):
        raise InvalidFile(f"{where}: {size} rows of {size} numbers are wanted, one each a noise; at least one noise.")
    return rows


def ends_of(data: object, where: str) -> Real:
    """The interval between two ends, null for none.

    Raises:
        InvalidFile: there is no such interval.
    """
    lower, upper = as_pair(data, where)
    try:
        return Real(
            -math.inf if lower is None else as_real(lower, where),
            math.inf if upper is None else as_real(upper, where),
        )
    except InvalidFile:
        raise
    except ScmError as wrong:
        raise InvalidFile(f"{where}: {wrong}") from None
