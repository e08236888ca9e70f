"""The value of an estimand on given laws: named axes, sums by variable elimination.

Zero cells. `P(y | x, z)` is undefined where P(x, z) = 0, and so is what follows from it, with one exception: an
undefined conditional probability times a weight of exactly zero counts as zero. This is right, and not a convention:
take any positive laws of the same graph that tend to the given ones. Along them the weight tends to zero, the
conditional probability stays between 0 and 1, so their product tends to zero, and the estimand tends to the quantity
that it identifies. Nothing bounds a quotient in this way unless what is above is a part of what is below (an event
within an event); then 0/0 is treated as an undefined conditional probability, else it is refused wherever it stands.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never, cast

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidQuery, UnknownName, ZeroCell, listing
from .._estimand import At, Cells, Estimand, Index, Law, Linear, Product, Quotient, Sum, Weight
from .._estimand_parts import is_part, placed
from .._estimand_text import print_estimand
from .._evaluate import evaluate
from .._syntax import Const, Expr, Placeholder, Value, Var, substitute
from ._law_source import LawSource, position
from ._named import MAX_ENTRIES, MODELS, Array, Label, Named, check_entries, contract, named

States: TypeAlias = Mapping[str, tuple[Value, ...]]
Place: TypeAlias = "int | NDArray[np.intp]"
Scope: TypeAlias = Mapping[Index, Label]

ROWS = "\0rows"
MAX_GRID = 1 << 18
"""Most combinations of values at which one weight is worked out."""


def evaluate_estimand(
    estimand: Estimand,
    laws: LawSource,
    states: States,
    *,
    values: Mapping[str, Any] | None = None,
    axes: Sequence[Index] = (),
    largest: int = MAX_ENTRIES,
) -> Any:
    """The value of `estimand`.

    Args:
        estimand: over laws that `laws` has.
        laws: where they come from, such as `JointLaws` or `ModelLaws`.
        states: of every variable, in the order of the axes of the laws.
        values: what each placeholder stands for: a state, or a list or array of states, one a row.
        axes: the open indices of a distribution, in the order of the axes of the result.
        largest: most numbers in one array on the way.

    Returns:
        A float; or an array with the axes `axes`, then rows (where `values` has any), then models (where `laws` gives
        several at once).

    Raises:
        ZeroCell: a stratum of probability zero that the estimand divides by, with weight (see the module).
        TooWide: an array on the way would be too large.
        InvalidQuery: an open index that is not among `axes`, a placeholder without a value.
        UnknownName, UnknownState: a variable or a state that is not there.
    """
    if not callable(getattr(laws, "law", None)):
        raise InvalidQuery(f"laws= wants a LawSource, such as JointLaws([...]), got {type(laws).__name__}.")
    work = Evaluation(laws, states, {} if values is None else values, largest)
    found = work.total(estimand, {})
    stray = [x for x in found.named.labels if isinstance(x, Index) and x not in axes]
    if stray:
        raise InvalidQuery(f"The index {stray[0].variable!r} is open: sum over it, or name it in `axes`.")
    wrong = np.argwhere(np.isnan(found.named.array))
    if len(wrong):
        raise ZeroCell(found.blame(dict(zip(found.named.labels, map(int, wrong[0]), strict=True))))
    labels: list[Label] = [*axes, *([ROWS] if work.rows is not None else [])]
    labels += [MODELS] if MODELS in found.named.labels else []
    sizes: dict[Label, int] = {ROWS: work.rows or 1, **{i: len(work.states_of(i.variable)) for i in axes}}
    shape = [sizes.get(label, found.named.sizes.get(label, 1)) for label in labels]
    out = np.broadcast_to(found.named.along(labels), shape)
    return np.array(out) if labels else float(out)


Blame: TypeAlias = Callable[[Mapping[Label, int]], str]
"""The stratum of probability zero that makes a part undefined, at given positions of its labels."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an estimand: NaN where it is undefined."""

    named: Named
    blame: Blame


def _nothing(_: Mapping[Label, int]) -> str:
    return "A stratum"


class Evaluation:
    """One evaluation: the values of parts, as arrays over labels."""

    def __init__(self, laws: LawSource, states: States, values: Mapping[str, Any], largest: int = MAX_ENTRIES) -> None:
        self.laws, self.states, self.largest = laws, states, largest
        self.values: dict[str, list[Value] | Value] = {}
        self.rows: int | None = None
        for name, value in values.items():
            if isinstance(value, (str, bool, int, float, np.generic)):
                self.values[name] = value.item() if isinstance(value, np.generic) else value
                continue
            column: list[Value] = np.asarray(value, dtype=object).tolist()
            if self.rows not in (None, len(column)):
                raise InvalidQuery(f"The values of ?{name} are {len(column)}, of others {self.rows}. Give one a row.")
            self.values[name], self.rows = column, len(column)
        self._bound = itertools.count()

    def states_of(self, variable: str) -> tuple[Value, ...]:
        """The states of a variable.

        Raises:
            UnknownName: there is no such variable.
        """
        if variable not in self.states:
            raise UnknownName(variable, self.states, "The formula")
        return self.states[variable]

    # --- the syntax

    def total(self, node: Estimand, scope: Scope) -> Part:
        """The value of any part."""
        match node:
            case Law():
                return self._law(node, scope)
            case Weight():
                return Part(self._weight(node, scope), _nothing)
            case Sum() | Product():
                return self._contracted(node, scope)
            case Quotient(above, below):
                return self._quotient(node, self.total(above, scope), self.total(below, scope), scope)
            case Linear():
                return self._linear(node, scope)
            case _:
                assert_never(node)

    def _law(self, law: Law, scope: Scope) -> Part:
        of, given, do = (tuple(name for name, _ in part) for part in (law.of, law.given, law.do))
        array = self.laws.law(of, given, do, law.source)
        found = self._selected(array, (*law.of, *law.given, *law.do), scope)
        event = Law(law.given, (), law.do, law.source)
        return Part(found, lambda places: self._text(event, scope, places))

    def _weight(self, node: Weight, scope: Scope) -> Named:
        leaves = {p for p in _placeholders(node.expr) if p.name in self.values}
        expr = substitute(node.expr, lambda leaf: Var(_hidden(leaf)) if leaf in leaves else leaf)
        cells: list[tuple[str, At]] = [*node.where, *((_hidden(p), p) for p in leaves)]
        domains = [self._domain(at) for _, at in cells]
        if math.prod(map(len, domains)) > MAX_GRID:
            check_entries(1 << 60)
        names = [name for name, _ in cells]
        grid = [_number(expr, dict(zip(names, point, strict=True))) for point in itertools.product(*domains)]
        known = dict(zip(names, domains, strict=True))
        return self._selected(np.array(grid).reshape([len(d) for d in domains]), tuple(cells), scope, known)

    def _domain(self, at: At) -> Sequence[Value]:
        """The values that a cell of a weight can take; its name need not be a variable's."""
        match at:
            case Const(value):
                return (value,)
            case Index(variable):
                return self.states_of(variable)
            case Placeholder(name):
                if name not in self.values:
                    raise InvalidQuery(f"The placeholder ?{name} has no value. Give it in `values`.")
                value = self.values[name]
                return list(dict.fromkeys(value)) if isinstance(value, list) else (value,)
            case _:
                assert_never(at)

    def _contracted(self, node: Sum | Product, scope: Scope) -> Part:
        leaves: list[tuple[Estimand, Scope]] = []
        bound: dict[Label, int] = {}
        self.leaves(node, scope, leaves, bound)
        parts = [self.total(leaf, within) for leaf, within in leaves]
        labels = {label for part in parts for label in part.named.labels}
        parts += [Part(Named(np.ones(n), (label,)), _nothing) for label, n in bound.items() if label not in labels]
        keep = labels - bound.keys()
        undefined = [part for part in parts if np.isnan(part.named.array).any()]
        if not undefined:
            return Part(contract([part.named for part in parts], keep, self.largest), _nothing)
        return _with_undefined(parts, undefined, keep)

    def leaves(
        self, node: Estimand, scope: Scope, found: list[tuple[Estimand, Scope]], bound: dict[Label, int]
    ) -> None:
        """The factors of a product of sums of products, the indices of each sum under labels of their own."""
        match node:
            case Product(factors):
                for factor in factors:
                    self.leaves(factor, scope, found, bound)
            case Sum(over, body):
                fresh = {index: (index, next(self._bound)) for index in over}
                bound |= {label: len(self.states_of(index.variable)) for index, label in fresh.items()}
                self.leaves(body, {**scope, **fresh}, found, bound)
            case _:
                found.append((node, scope))

    def _quotient(self, node: Quotient, above: Part, below: Part, scope: Scope) -> Part:
        labels = tuple(dict.fromkeys((*above.named.labels, *below.named.labels)))
        up, down = above.named.along(labels), below.named.along(labels)
        with np.errstate(divide="ignore", invalid="ignore"):
            array = np.where(down == 0, np.nan, up / down)
        zero = np.argwhere(np.broadcast_to(down == 0, array.shape))
        if len(zero) and not (is_part(node.above, node.below) and not np.any(np.where(down == 0, up, 0.0))):
            raise ZeroCell(self._text(node.below, scope, dict(zip(labels, map(int, zero[0]), strict=True))))

        def blame(places: Mapping[Label, int]) -> str:
            for part in (above, below):
                at = tuple(places.get(label, 0) for label in part.named.labels)
                if np.isnan(part.named.array[at]):
                    return part.blame(places)
            return self._text(node.below, scope, places)

        return Part(Named(array, labels), blame)

    def _linear(self, node: Linear, scope: Scope) -> Part:
        parts = [(number, self.total(part, scope)) for number, part in node.parts if number]
        labels = tuple(dict.fromkeys(label for _, part in parts for label in part.named.labels))
        array: Array = np.array(node.constant, dtype=float).reshape([1] * len(labels))
        for number, part in parts:
            array = array + number * part.named.along(labels)

        def blame(places: Mapping[Label, int]) -> str:
            for _, part in parts:
                if np.isnan(part.named.array[tuple(places.get(label, 0) for label in part.named.labels)]):
                    return part.blame(places)
            return "A stratum"

        return Part(Named(array, labels), blame)

    # --- cells

    def _selected(
        self, array: Array, cells: Cells, scope: Scope, known: Mapping[str, Sequence[Value]] | None = None
    ) -> Named:
        """An array over variables (and perhaps models) at their cells: constants taken, rows gathered, others named."""
        labels: list[Label] = []
        at: list[Any] = []
        rows: list[int] = []
        for axis, (variable, value) in enumerate(cells):
            domain = self.states_of(variable) if known is None else known[variable]
            place = self.place(variable, value, domain)
            if isinstance(value, Index):
                labels.append(scope.get(value, value))
                at.append(slice(None) if place is None else place)
            else:
                at.append(place)
                rows += [axis] if isinstance(place, np.ndarray) else []
        for axis, where in enumerate(at):  # one axis at a time: indices in several axes at once would be paired
            if axis not in rows and isinstance(where, np.ndarray):
                array = array.take(cast("NDArray[np.intp]", where), axis=axis)
                at[axis] = slice(None)
        models = array.ndim > len(cells)
        if rows:
            array = np.moveaxis(array, rows, range(len(rows)))  # gathered axes first: rows become the first axis
            at = [at[axis] for axis in rows] + [where for axis, where in enumerate(at) if axis not in rows]
            check_entries(
                (self.rows or 1) * math.prod(n for n, w in zip(array.shape, at, strict=False) if isinstance(w, slice))
            )
            first = array[tuple(at[: len(rows)])]
            array = first[(slice(None), *at[len(rows) :])]
            labels.insert(0, ROWS)
        else:
            array = array[tuple(at)]
        if models:
            labels.append(MODELS)
        return named(array, labels)

    def place(self, variable: str, value: At, domain: Sequence[Value]) -> Place | None:
        """Where a cell stands among the states of its variable; None where it runs over all of them."""
        match value:
            case Const(state):
                return position(variable, state, domain)
            case Index(other):
                own = self.states_of(other)
                return None if tuple(own) == tuple(domain) else np.array([position(variable, s, domain) for s in own])
            case Placeholder(name):
                if name not in self.values:
                    raise InvalidQuery(f"The placeholder ?{name} has no value. Give it in `values`.")
                held = self.values[name]
                if not isinstance(held, list):
                    return position(variable, held, domain)
                places = {state: position(variable, state, domain) for state in dict.fromkeys(held)}
                return np.array([places[state] for state in held], dtype=np.intp)
            case _:
                assert_never(value)

    def _text(self, node: Estimand, scope: Scope, places: Mapping[Label, int]) -> str:
        """A part with its open indices at the positions of their labels."""
        at: dict[Index, At] = {}
        for index in {**scope, **{x: x for x in places if isinstance(x, Index)}}:
            label = scope.get(index, index)
            if label in places:
                at[index] = Const(self.states_of(index.variable)[places[label]])
        row = places.get(ROWS)
        names = {name: held[row] for name, held in self.values.items() if isinstance(held, list) and row is not None}
        names |= {name: held for name, held in self.values.items() if not isinstance(held, list)}
        return print_estimand(placed(node, at, {name: Const(value) for name, value in names.items()}))


def _with_undefined(parts: Sequence[Part], undefined: Sequence[Part], keep: set[Label]) -> Part:
    """The product of parts, undefined where an undefined part has weight."""
    found = contract([Named(np.nan_to_num(part.named.array), part.named.labels) for part in parts], keep)
    array = np.array(found.array)
    told: list[tuple[Named, str]] = []
    for part in undefined:
        others = [Named(np.nan_to_num(np.abs(p.named.array), nan=1.0), p.named.labels) for p in parts if p is not part]
        mask = Named(np.isnan(part.named.array).astype(float), part.named.labels)
        weight = contract([mask, *others], keep).along(found.labels)
        if not weight.any():
            continue
        array[np.broadcast_to(weight != 0, array.shape)] = np.nan
        each = contract([mask, *others], keep | set(part.named.labels))
        first = np.argwhere(each.array)[0]
        told.append((mask, part.blame(dict(zip(each.labels, map(int, first), strict=True)))))
    return Part(Named(array, found.labels), lambda _: told[0][1] if told else "A stratum")


def _placeholders(expr: Expr) -> set[Placeholder]:
    found: set[Placeholder] = set()

    def note(leaf: Const | Placeholder | Var) -> Expr:
        if isinstance(leaf, Placeholder):
            found.add(leaf)
        return leaf

    substitute(expr, note)
    return found


def _hidden(leaf: Expr) -> str:
    return f"\0{leaf.name}" if isinstance(leaf, Placeholder) else ""


def _number(expr: Expr, point: Mapping[str, Value]) -> float:
    def lookup(term: Var) -> Value:
        if term.name not in point:
            raise InvalidQuery(
                f"A weight speaks of {term.name!r}, whose value it does not say; it has {listing(point)}."
            )
        return point[term.name]

    value = evaluate(expr, lookup)
    if isinstance(value, str):
        raise InvalidQuery(f"An expectation needs numbers, got the label {value!r}. Ask for a probability.")
    return float(value)
