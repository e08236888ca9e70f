"""The derivative of an estimand by every entry of the laws that it speaks of.

An estimand is built from laws by products, sums and quotients, so one pass back through it (reverse accumulation) gives
all derivatives exactly, at the cost of a few evaluations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from .._errors import InvalidQuery
from .._estimand import Estimand, Index, Law, Linear, Product, Quotient, Sum, Weight
from .._syntax import Value
from ._evaluate_estimand import Evaluation, Part, Scope, States
from ._law_source import LawSource, Names, position
from ._named import Array, Label, Named, contract

LawKey: TypeAlias = tuple[Names, Names, Names, str]
"""The names in a law: of, given, do; and its source."""


def law_gradients(
    estimand: Estimand, laws: LawSource, states: States, values: Mapping[str, Value] | None = None
) -> dict[LawKey, Array]:
    """The derivative of a number by the entries of every law table that it is worked out from.

    Args:
        estimand: without open indices.
        laws: where the laws come from, of one model.
        states: of every variable.
        values: a state for each placeholder.

    Returns:
        For each law an array of the shape of `LawSource.law`: as if its entries were free. Where the law is undefined
        and has no weight, the derivative is 0.

    Raises:
        The errors of `evaluate_estimand`.
    """
    work = Evaluation(laws, states, {} if values is None else values)
    back = _Back(work)
    back.pull(estimand, {}, Named(np.array(1.0), ()))
    return back.found


class _Back:
    def __init__(self, work: Evaluation) -> None:
        self.work = work
        self.found: dict[LawKey, Array] = {}

    def pull(self, node: Estimand, scope: Scope, slope: Named) -> None:
        """Take in that the result changes by `slope` with each entry of the value of `node`."""
        match node:
            case Weight():
                return
            case Law():
                self._law(node, scope, slope)
            case Sum() | Product():
                self._contracted(node, scope, slope)
            case Quotient(above, below):
                up, down = (_defined(self.work.total(part, scope)) for part in (above, below))
                with np.errstate(divide="ignore", invalid="ignore"):
                    one = Named(np.where(down.array == 0, 0.0, 1 / down.array), down.labels)
                self.pull(above, scope, _toward([slope, one], up))
                minus = Named(-one.array, one.labels)
                self.pull(below, scope, _toward([slope, up, one, minus], down))
            case Linear(parts):
                for number, part in parts:
                    value = _defined(self.work.total(part, scope))
                    self.pull(part, scope, _toward([slope, Named(np.array(number), ())], value))

    def _contracted(self, node: Sum | Product, scope: Scope, slope: Named) -> None:
        leaves: list[tuple[Estimand, Scope]] = []
        bound: dict[Label, int] = {}
        self.work.leaves(node, scope, leaves, bound)
        values = [_defined(self.work.total(leaf, within)) for leaf, within in leaves]
        labels = {label for value in values for label in value.labels}
        ones = [Named(np.ones(n), (label,)) for label, n in bound.items() if label not in labels]
        for i, (leaf, within) in enumerate(leaves):
            others = [value for k, value in enumerate(values) if k != i]
            self.pull(leaf, within, _toward([slope, *others, *ones], values[i]))

    def _law(self, law: Law, scope: Scope, slope: Named) -> None:
        of, given, do = (tuple(name for name, _ in part) for part in (law.of, law.given, law.do))
        key: LawKey = (of, given, do, law.source)
        shape = [len(self.work.states_of(name)) for name in (*of, *given, *do)]
        table = self.found.setdefault(key, np.zeros(shape))
        # One axis at a time: a 0/1 array takes the slope from the labels to the positions of the table.
        places: list[Named] = []
        for axis, (name, at) in enumerate((*law.of, *law.given, *law.do)):
            domain = self.work.states_of(name)
            if isinstance(at, Index):
                own = self.work.states_of(at.variable)
                mark = np.zeros((len(own), len(domain)))
                mark[np.arange(len(own)), [position(name, state, domain) for state in own]] = 1.0
                places.append(Named(mark, (scope.get(at, at), ("\0axis", axis))))
            else:
                place = self.work.place(name, at, domain)
                if not isinstance(place, int):
                    raise InvalidQuery("A derivative is of one number; give each placeholder one state.")
                places.append(Named(np.eye(len(domain))[place], (("\0axis", axis),)))
        axes: list[Label] = [("\0axis", axis) for axis in range(len(shape))]
        table += contract([slope, *places], axes).along(axes)


def _defined(part: Part) -> Named:
    return Named(np.nan_to_num(part.named.array), part.named.labels)


def _toward(factors: list[Named], value: Named) -> Named:
    """The product of factors summed to the labels of `value`."""
    found = contract(factors, value.labels)
    missing = [label for label in value.labels if label not in found.labels]
    ones: Any = [Named(np.ones(value.sizes[label]), (label,)) for label in missing]
    return contract([found, *ones], value.labels)
