"""Mechanisms: how a variable gets its value from its causes and its noise.

Three kinds for finite variables. Solvers look at what a mechanism can do: an `Equation` and a `NoiseTable` say how the
variable responds to its noise, so they answer every rung; a `Table` of conditional probabilities does not, and needs a
coupling (see `_coupling`) wherever more than one of its instances matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from ._syntax import Expr, Value, print_expr, print_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Equation:
    """`variable = expr`, a deterministic formula of parents and noises."""

    expr: Expr
    inputs: tuple[str, ...]

    def __str__(self) -> str:
        return print_expr(self.expr)


@dataclass(frozen=True, slots=True)
class NoiseTable:
    """The outcome for every combination of parents' and noises' states: rows in mixed-radix order of `inputs`."""

    inputs: tuple[str, ...]
    outcomes: tuple[Value, ...]

    def __str__(self) -> str:
        return f"a noise table of ({', '.join(map(print_name, self.inputs))})"


@dataclass(frozen=True)
class Table:
    """P(variable | parents): one law a row, rows in mixed-radix order of the parents' states (the last varies fastest).

    `totals`, where present, says that the rows are shares of so many observed units: answers are then estimates.
    """

    inputs: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    totals: tuple[float, ...] | None = None

    @cached_property
    def array(self) -> NDArray[np.float64]:
        """The rows as one read-only array, shape (rows, states)."""
        import numpy as np  # a graph or a query text needs no arrays

        array = np.array(self.rows)
        array.flags.writeable = False
        return array

    def __str__(self) -> str:
        given = f" | {', '.join(map(print_name, self.inputs))}" if self.inputs else ""
        return f"a table P(.{given})"


Mechanism: TypeAlias = Equation | NoiseTable | Table

# A mapping's keys are invariant in the type system: a `dict[int, ...]` would be no mapping from states.
Rows: TypeAlias = Mapping[Any, object]
"""Rows as a user writes them: {parents' states: outcome or law}; one parent needs no tuple."""
