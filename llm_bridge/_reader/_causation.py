"""Probabilities of causation of a true-or-false cause and effect (Pearl 2009, section 9.2), as queries."""

from __future__ import annotations

from typing import Literal, TypeAlias

from scm import Const, Expr, Op, Probability, Set, Var, conjunction

Causation: TypeAlias = Literal["necessity", "sufficiency", "necessity and sufficiency"]
Fact: TypeAlias = tuple[str, bool]


def causation(kind: Causation, cause: Fact, effect: Fact) -> Probability:
    """Whether the cause was needed where both are, is enough where neither is, or both of anybody."""
    brought = _is(effect, _set(cause))
    missed = _is(_other(effect), _set(_other(cause)))
    match kind:
        case "necessity":
            return Probability(missed, conjunction(_is(cause), _is(effect)))
        case "sufficiency":
            return Probability(brought, conjunction(_is(_other(cause)), _is(_other(effect))))
        case "necessity and sufficiency":
            return Probability(conjunction(brought, missed))


def _is(fact: Fact, *there: Set) -> Expr:
    return Op("=", (Var(fact[0], there), Const(fact[1])))


def _set(fact: Fact) -> Set:
    return Set(fact[0], Const(fact[1]))


def _other(fact: Fact) -> Fact:
    return fact[0], not fact[1]
