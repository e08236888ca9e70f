"""Which noise of an observed instance can be solved for, and how."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Protocol

from .._domain import Real
from ..mechanisms._formula import Formula, solved_for
from ..mechanisms._types import Column, Columns, Forward, Invertible, Levelled
from ._abduct_view import View
from ._refusal import Refusal


class Inverse(Protocol):
    """One noise of a mechanism, from the variable, its parents and the mechanism's other noises."""

    def noise_of(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible.noise_of`."""
        ...

    def log_slope(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible.log_slope`."""
        ...


def inverse_in(mechanism: Forward, noise: str) -> Inverse | None:
    """How to solve a mechanism for one of its noises; None where that is not known."""
    if isinstance(mechanism, Invertible) and mechanism.noises == (noise,):
        return mechanism
    return solved_for(mechanism, noise) if isinstance(mechanism, Formula) else None


def check_levels(view: View, i: int, how: object, varies: Container[int | str]) -> None:
    """That an observed instance has no value that is met whatever its noise, and that no draw of its inputs gives.

    `Y = X if X > 0 else u`: that Y is 1 may be because X is, which has a density, and is never drawn.

    Args:
        view: of the task.
        i: the instance.
        how: its mechanism, or how that is solved for a noise.
        varies: instances and noises that are not known.

    Raises:
        Refusal: names what should be observed.
    """
    if not isinstance(view.domain_of(i), Real) or not isinstance(how, Levelled):
        return
    slots = dict(view.slots(i))
    for name in how.levels:
        source = slots.get(name, name)
        if isinstance(source, (int, str)) and source in varies and isinstance(view.domain(name), Real):
            raise Refusal(
                f"{view.worlds.instances[i].variable!r} was observed, and whatever its noise it may be a function of "
                f"{name!r}, which is continuous and not known: no draw of {name!r} meets that. Observe {name!r}"
            )
