"""`Estimand`: what a causal query equals in terms of laws that are available. A small closed syntax.

A law is `P(of | given; do)`: cells, each a variable at a value. A value is a state, a placeholder, or an `Index` that a
`Sum` around it runs over (or that is left open: the axes of a distribution).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ._syntax import Const, Expr, Placeholder


@dataclass(frozen=True, slots=True, order=True)
class Index:
    """A value that runs over the states of `variable`; `number` tells m from m' and m''."""

    variable: str
    number: int = 0


At: TypeAlias = Const | Placeholder | Index
"""The value at which a variable stands."""
Cells: TypeAlias = tuple[tuple[str, At], ...]
"""Variables with their values, sorted by name, each variable once."""


def cells(items: dict[str, At]) -> Cells:
    """Cells in canonical order."""
    return tuple(sorted(items.items(), key=lambda item: item[0]))


@dataclass(frozen=True, slots=True)
class Law:
    """`P(of | given; do)` in the available law `source` ("" is the law of what is seen, with nothing imposed)."""

    of: Cells
    given: Cells = ()
    do: Cells = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Weight:
    """A number that depends on values: the worth of a state in an expectation, or an event as 0 or 1.

    Attributes:
        expr: over the names of `where`, which stand as plain variables in it.
        where: what value each name has.
    """

    expr: Expr
    where: Cells


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of `body` over every value of the indices."""

    over: tuple[Index, ...]
    body: Estimand


@dataclass(frozen=True, slots=True)
class Product:
    """The product of `factors`; of none it is 1."""

    factors: tuple[Estimand, ...]


@dataclass(frozen=True, slots=True)
class Quotient:
    """`above / below`; undefined where `below` is zero."""

    above: Estimand
    below: Estimand


@dataclass(frozen=True, slots=True)
class Linear:
    """The sum of coefficient times part: contrasts, and numbers (`constant`)."""

    parts: tuple[tuple[float, Estimand], ...]
    constant: float = 0.0


Estimand: TypeAlias = Law | Weight | Sum | Product | Quotient | Linear
"""A formula over available laws."""
ONE = Product(())
ZERO = Linear(())
