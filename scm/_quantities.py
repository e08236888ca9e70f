"""Named quantities: functions that build a query. Nothing here computes; `ask` does.

`x1` and `x0` are the two values of the cause, treated and not; `y1` and `y0` the states of the effect that count as
happening and not happening.
"""

from __future__ import annotations

from ._query import Contrast, Expectation, Probability
from ._syntax import Const, Expr, Op, Set, Value, Var, conjunction, world


def _is(term: Var, value: Value) -> Expr:
    return Op("=", (term, Const(value)))


def _at(effect: str, settings: dict[str, Value | Var]) -> Var:
    return Var(effect, world(*(Set(name, v if isinstance(v, Var) else Const(v)) for name, v in settings.items())))


def ate(cause: str, effect: str, *, x1: Value = 1, x0: Value = 0) -> Contrast:
    """Average treatment effect, E[Y_x1] - E[Y_x0] (Pearl 2009, section 3.2.1)."""
    return Expectation(_at(effect, {cause: x1})) - Expectation(_at(effect, {cause: x0}))


def ett(cause: str, effect: str, *, x1: Value = 1, x0: Value = 0) -> Contrast:
    """Effect of treatment on the treated, E[Y_x1 - Y_x0 | X = x1] (Pearl 2009, section 8.2.5)."""
    treated = _is(Var(cause), x1)
    return Expectation(_at(effect, {cause: x1}), treated) - Expectation(_at(effect, {cause: x0}), treated)


def late(
    instrument: str, cause: str, effect: str, *, x1: Value = 1, x0: Value = 0, z1: Value = 1, z0: Value = 0
) -> Contrast:
    """Local average treatment effect, E[Y_x1 - Y_x0 | X_z1 = x1, X_z0 = x0]: the effect on the compliers.

    They are the units that take the treatment with the instrument at `z1` and not with it at `z0` (Imbens & Angrist
    1994, theorem 1).
    """
    compliers = conjunction(_is(_at(cause, {instrument: z1}), x1), _is(_at(cause, {instrument: z0}), x0))
    return Expectation(_at(effect, {cause: x1}), compliers) - Expectation(_at(effect, {cause: x0}), compliers)


def cde(cause: str, effect: str, mediators: dict[str, Value], *, x1: Value = 1, x0: Value = 0) -> Contrast:
    """Controlled direct effect with the mediators held at given values (Pearl 2001, definition 1)."""
    return Expectation(_at(effect, {cause: x1, **mediators})) - Expectation(_at(effect, {cause: x0, **mediators}))


def nde(cause: str, effect: str, mediator: str, *, x1: Value = 1, x0: Value = 0) -> Contrast:
    """Natural direct effect, E[Y_{x1, M_x0}] - E[Y_x0] (Pearl 2001, definition 6)."""
    kept = _at(mediator, {cause: x0})
    return Expectation(_at(effect, {cause: x1, mediator: kept})) - Expectation(_at(effect, {cause: x0}))


def nie(cause: str, effect: str, mediator: str, *, x1: Value = 1, x0: Value = 0) -> Contrast:
    """Natural indirect effect, E[Y_{x0, M_x1}] - E[Y_x0] (Pearl 2001, definition 7)."""
    moved = _at(mediator, {cause: x1})
    return Expectation(_at(effect, {cause: x0, mediator: moved})) - Expectation(_at(effect, {cause: x0}))


def pn(cause: str, effect: str, *, x1: Value = 1, x0: Value = 0, y1: Value = 1, y0: Value = 0) -> Probability:
    """Probability of necessity: without the cause, would the effect have stayed away? (Pearl 1999, definition 1)."""
    return Probability(_is(_at(effect, {cause: x0}), y0), conjunction(_is(Var(cause), x1), _is(Var(effect), y1)))


def ps(cause: str, effect: str, *, x1: Value = 1, x0: Value = 0, y1: Value = 1, y0: Value = 0) -> Probability:
    """Probability of sufficiency: had the cause been there, would the effect have come? (Pearl 1999, definition 2)."""
    return Probability(_is(_at(effect, {cause: x1}), y1), conjunction(_is(Var(cause), x0), _is(Var(effect), y0)))


def pns(cause: str, effect: str, *, x1: Value = 1, x0: Value = 0, y1: Value = 1, y0: Value = 0) -> Probability:
    """Probability of necessity and sufficiency, P(Y_x1 = y1, Y_x0 = y0) (Pearl 1999, definition 3)."""
    return Probability(conjunction(_is(_at(effect, {cause: x1}), y1), _is(_at(effect, {cause: x0}), y0)))
