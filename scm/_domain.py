"""`Real`: what a continuous variable can be. A finite variable has a tuple of states in its place."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import TypeAlias

from ._errors import InvalidModel
from ._syntax import Value


@dataclass(frozen=True, slots=True)
class Real:
    """The real numbers, or an interval of them.

    Attributes:
        lower, upper: no value lies outside; infinite where there is no end.

    Raises:
        InvalidModel: ends that are no numbers, or none between them.
    """

    lower: float = -math.inf
    upper: float = math.inf

    def __post_init__(self) -> None:
        """Check the ends."""
        for end in (self.lower, self.upper):
            if isinstance(end, bool) or not isinstance(end, (int, float)) or math.isnan(end):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise InvalidModel(f"Real({self.lower!r}, {self.upper!r}): the ends are numbers, or infinite.")
        if not self.lower < self.upper:
            raise InvalidModel(f"Real({self.lower!r}, {self.upper!r}) holds no interval; the lower end comes first.")
        object.__setattr__(self, "lower", float(self.lower))
        object.__setattr__(self, "upper", float(self.upper))

    def __contains__(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        return self.lower <= value <= self.upper and abs(value) <= sys.float_info.max  # whole numbers have no end

    def __str__(self) -> str:
        if math.isinf(self.lower) and math.isinf(self.upper):
            return "the real numbers"
        return f"the numbers from {self.lower:g} to {self.upper:g}"


Domain: TypeAlias = "tuple[Value, ...] | Real"
"""What a variable or a noise can be: states, or real numbers."""
