"""Declared ranges: whether a mechanism keeps the ends of its variable, and errors where it does not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .._domain import Domain, Real
from .._errors import InvalidModel, InvalidQuery
from .._worlds import Instance, Own, Policy, Worlds
from ..mechanisms._formula import Formula
from ..mechanisms._ranges import Range, range_of
from ..mechanisms._types import Column, Columns, Linear, Vouched

ADVICE = (
    "Declare it without those ends, as Real(); or write a mechanism that keeps them, with exp, or with max and min."
)
ROUNDING = 1e-12
"""Share of the ends by which what was worked out from other ends may miss them."""


def unkept(mechanism: object, own: Domain, domains: Mapping[str, Domain]) -> Real | None:
    """The declared ends that a mechanism is not known to keep; None where it keeps them.

    Args:
        mechanism: over columns.
        own: what its variable was declared to be.
        domains: what every variable and noise can be.
    """
    if not isinstance(own, Real) or (math.isinf(own.lower) and math.isinf(own.upper)):
        return None
    return None if _within(_range(mechanism, domains), own) else own


def open_ends(worlds: Worlds, mechanisms: Sequence[object], domains: Mapping[str, Domain]) -> dict[int, Real]:
    """For each instance that is not observed, the declared ends that its mechanism is not known to keep."""
    each = enumerate(zip(worlds.instances, mechanisms, strict=True))
    found = {i: unkept(how, domains[x.variable], domains) for i, (x, how) in each if i not in worlds.fixed}
    return {i: ends for i, ends in found.items() if ends is not None}


def strays(carrier: Domain, own: Domain) -> Real | None:
    """The ends that a value of one variable, put in another's place, need not keep; None where it does."""
    if not isinstance(own, Real):
        return None
    found = (carrier.lower, carrier.upper) if isinstance(carrier, Real) else _ends(carrier)
    return None if _within(found, own) else own


def _ends(states: tuple[object, ...]) -> Range:
    numbers = [float(s) for s in states if isinstance(s, (int, float))]
    return (min(numbers), max(numbers)) if len(numbers) == len(states) else (-math.inf, math.inf)


def _within(found: Range, own: Real) -> bool:
    slack = ROUNDING * max((abs(end) for end in (own.lower, own.upper) if math.isfinite(end)), default=0.0)
    return own.lower - slack <= found[0] and found[1] <= own.upper + slack


def _range(mechanism: object, domains: Mapping[str, Domain]) -> Range:
    if isinstance(mechanism, Formula):
        return range_of(mechanism.expr, mechanism.scope)
    low, high = -math.inf, math.inf
    if isinstance(mechanism, Linear):
        affine = mechanism.affine()
        low = high = affine.constant
        for name, slope in affine.coefficients.items():
            domain = domains[name]
            ends = (domain.lower, domain.upper) if isinstance(domain, Real) else _ends(domain)
            moved = sorted(slope * end if slope else 0.0 for end in ends)
            low, high = low + moved[0], high + moved[1]
    return (-math.inf, math.inf) if math.isnan(low) or math.isnan(high) else (low, high)


def out_of_range(
    instance: Instance, ends: Real, value: float, number: int | None = None, *, given: str = ""
) -> InvalidModel | InvalidQuery:
    """The error for a value outside the declared range.

    Args:
        instance: that takes it, under a mechanism or a policy.
        ends: what was declared.
        value: which one.
        number: of the row, counted from 1.
        given: of which inputs, for the message.
    """
    name, where = instance.variable, "" if number is None else f" in row {number}"
    said = f"gives {value!r}{where}{f' for {given}' if given else ''}, and {name!r} is declared as {ends}"
    if isinstance(instance.mechanism, Policy):
        return InvalidQuery(f"The policy for {name!r} {said}.")
    assert isinstance(instance.mechanism, Own)
    return InvalidModel(f"The mechanism of {name!r} {said}. {ADVICE}")


def set_out_of_range(name: str, ends: Real, value: float, number: int | None = None) -> InvalidQuery:
    """The error for a variable that is set to a value of another one, outside its declared range."""
    where = "" if number is None else f" in row {number}"
    return InvalidQuery(f"{name!r} is set to {value!r}{where}, and {name!r} is declared as {ends}.")


def breach_of(how: Vouched, value: Column, values: Columns, entry: int) -> str:
    """How the inverse that a user gave is none, in one entry of these columns."""

    def one(column: Column) -> Any:
        flat = np.ravel(column)
        return flat[min(entry, len(flat) - 1)].item()

    return how.breach(float(one(value)), {n: one(values[n]) for n in how.parents})
