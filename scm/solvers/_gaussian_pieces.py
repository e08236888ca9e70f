"""Expressions over normal variables: affine pieces with products of them, and events made of the signs of forms."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._gaussian_space import Array, Form, RowsDiffer, Space
from ._refusal import Refusal

Truth = NDArray[np.bool_]

MOST_PIECES = 256
MOST_FACTORS = 8


@dataclass(frozen=True, eq=False)
class Known:
    """Holds or not, for each row."""

    truth: Truth


@dataclass(frozen=True, eq=False)
class Sign:
    """A form whose sign is among `signs` (of -1, 0 and 1)."""

    form: Form
    signs: frozenset[int]


@dataclass(frozen=True, eq=False)
class Joined:
    """Several events together."""

    op: Literal["and", "or", "xor", "not"]
    parts: tuple[Event, ...]


Event: TypeAlias = Known | Sign | Joined


@dataclass(frozen=True, eq=False)
class Piece:
    """`form + sum of products`, where `guard` holds.

    Attributes:
        guard: None where it always does.
        products: of two or more forms each.
    """

    guard: Event | None
    form: Form
    products: tuple[tuple[Form, ...], ...] = ()


Pieces: TypeAlias = tuple[Piece, ...]
"""A number: one piece, or several whose guards exclude one another."""

BELOW, ABOVE, SAME = frozenset({-1}), frozenset({1}), frozenset({0})


def both(*guards: Event | None) -> Event | None:
    """All of several guards."""
    found = [g for g in guards if g is not None]
    if not found:
        return None
    return found[0] if len(found) == 1 else joined("and", found)


def joined(op: Literal["and", "or", "xor"], parts: Sequence[Event]) -> Event:
    """Several events as one; what is known is worked out."""
    if all(isinstance(p, Known) for p in parts):
        truths = [p.truth for p in parts if isinstance(p, Known)]
        fold = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}[op]
        return Known(fold.reduce(truths))
    if op != "xor":
        absorbing = op == "or"
        kept = [p for p in parts if not (isinstance(p, Known) and (p.truth != absorbing).all())]
        if any(isinstance(p, Known) and (p.truth == absorbing).all() for p in kept):
            return next(p for p in kept if isinstance(p, Known) and (p.truth == absorbing).all())
        parts = kept
    return parts[0] if len(parts) == 1 else Joined(op, tuple(parts))


def negated(event: Event) -> Event:
    """That it does not hold."""
    match event:
        case Known(truth):
            return Known(~truth)
        case Sign(form, signs):
            return Sign(form, frozenset({-1, 0, 1}) - signs)
        case Joined("not", (part,)):
            return part
        case _:
            return Joined("not", (event,))


def truth_of(event: Event, sign: Callable[[Form], NDArray[np.int8]], rows: int) -> Truth:
    """Whether the event holds for each row, when every form has the sign that `sign` gives."""
    match event:
        case Known(truth):
            return truth
        case Sign(form, signs):
            found = sign(form)
            out = np.zeros(rows, bool)
            for s in signs:
                out |= found == s
            return out
        case Joined(op, parts):
            truths = [truth_of(p, sign, rows) for p in parts]
            if op == "not":
                return ~truths[0]
            if op == "xor":
                return np.logical_xor.reduce(truths)
            return (np.logical_and if op == "and" else np.logical_or).reduce(truths)


def forms_of(event: Event | None) -> tuple[Form, ...]:
    """The forms whose signs decide an event, each once."""
    found: dict[int, Form] = {}
    stack = [] if event is None else [event]
    while stack:
        match stack.pop():
            case Sign(form, _):
                found.setdefault(id(form), form)
            case Joined(_, parts):
                stack += reversed(parts)
            case Known():
                pass
    return tuple(found.values())


# ---------------------------------------------------------------------------------------------------------------------
# Arithmetic


@dataclass(frozen=True)
class Algebra:
    """Arithmetic of pieces over one space."""

    space: Space

    def of(self, form: Form) -> Pieces:
        """A form as a number."""
        return (Piece(None, form),)

    def number(self, value: float) -> Pieces:
        """A constant."""
        return self.of(self.space.constant(value))

    def truth(self, event: Event) -> Pieces:
        """One where the event holds, zero elsewhere."""
        return self.choose(event, self.number(1.0), self.number(0.0))

    def choose(self, event: Event, yes: Pieces, no: Pieces) -> Pieces:
        """`yes` where the event holds, `no` elsewhere."""
        if isinstance(event, Known) and event.truth.all():
            return yes
        if isinstance(event, Known) and not event.truth.any():
            return no
        if isinstance(event, Known):
            one, other = self.known(yes), self.known(no)
            if one is not None and other is not None:
                return self.of(self.space.column(np.where(event.truth, one, other)))
        found = [Piece(both(p.guard, event), p.form, p.products) for p in yes]
        found += [Piece(both(p.guard, negated(event)), p.form, p.products) for p in no]
        return self._live(found)

    def weighted(self, numbers: Sequence[tuple[float, Pieces]]) -> Pieces:
        """A sum of multiples."""
        weights = [w for w, _ in numbers]
        found: list[Piece] = []
        for parts in self._cross([number for _, number in numbers]):
            pairs = list(zip(weights, parts, strict=True))
            form = self.space.combine([(w, p.form) for w, p in pairs])
            products = tuple((self._scaled(x[0], w), *x[1:]) for w, p in pairs for x in p.products)
            found.append(Piece(both(*(p.guard for p in parts)), form, products))
        return self._live(found)

    def add(self, numbers: Sequence[Pieces]) -> Pieces:
        """Their sum."""
        return self.weighted([(1.0, number) for number in numbers])

    def scale(self, number: Pieces, by: float) -> Pieces:
        """A multiple."""
        return self.weighted([(by, number)])

    def multiply(self, numbers: Sequence[Pieces]) -> Pieces:
        """Their product."""
        result = numbers[0]
        for number in numbers[1:]:
            found = [self._product(one, other) for one, other in self._cross((result, number))]
            result = self._live(found)
        return result

    def compare(self, op: str, left: Pieces, right: Pieces) -> Event:
        """That one number is less than, equal to or more than the other."""
        signs = {"<": BELOW, "<=": BELOW | SAME, ">": ABOVE, ">=": ABOVE | SAME, "=": SAME, "!=": BELOW | ABOVE}[op]
        difference = self.weighted([(1.0, left), (-1.0, right)])
        cases: list[Event] = []
        for piece in difference:
            sign = self.sign(self.affine_piece(piece, "what is compared"), signs)
            cases.append(sign if piece.guard is None else joined("and", (piece.guard, sign)))
        return joined("or", cases)

    def sign(self, form: Form, signs: frozenset[int]) -> Event:
        """That the sign of a form is among `signs`; within its rounding it is zero."""
        if not form.is_known:
            return Sign(form, signs)
        values = self.space.values(form)
        found = np.where(np.abs(values) <= self.space.rounding(form), 0, np.sign(values))
        return Known(np.isin(found, list(signs)))

    def known(self, number: Pieces) -> Array | None:
        """The values of a number that no noise matters to; None where one does."""
        out = np.zeros(self.space.rows)
        for piece in number:
            if not isinstance(piece.guard, Known | None) or piece.products or not piece.form.is_known:
                return None
            values = self.space.values(piece.form)
            out = values if piece.guard is None else np.where(piece.guard.truth, values, out)
        return out

    def affine(self, number: Pieces, what: str) -> Form:
        """A number as one form.

        Raises:
            RowsDiffer: it is one for some rows and another for others.
            Refusal: it is none.
        """
        first, *others = number
        if others:
            guards = [p.guard for p in number if isinstance(p.guard, Known)]
            if len(guards) < len(number):
                raise Refusal(f"{what} has cases (if, min, max or abs), so it is not linear in what is not known")
            raise RowsDiffer(np.argmax(np.stack([g.truth for g in guards]), axis=0), what)
        return self.affine_piece(first, what)

    def affine_piece(self, piece: Piece, what: str) -> Form:
        """A piece as one form; see `affine`."""
        parts = [(1.0, piece.form)]
        for product in piece.products:
            random = [f for f in product if not f.is_known]
            if len(random) > 1:
                raise Refusal(f"{what} multiplies things that are not known, so it is not linear")
            factor = np.ones(self.space.rows)
            for f in product:
                if f.is_known:
                    factor = factor * self.space.values(f)
            if not (factor == factor[:1]).all():
                raise RowsDiffer(np.unique(factor, return_inverse=True)[1].reshape(-1), what)
            parts.append((float(factor[0]), random[0]))
        return self.space.combine(parts)

    def _scaled(self, form: Form, by: float) -> Form:
        return self.space.combine([(by, form)])

    def _product(self, left: Piece, right: Piece) -> Piece:
        ones, others = (left.form, *left.products), (right.form, *right.products)
        form = self.space.constant(0.0)
        products: list[tuple[Form, ...]] = []
        for a, b in itertools.product(ones, others):
            factors = (*(a if isinstance(a, tuple) else (a,)), *(b if isinstance(b, tuple) else (b,)))
            whole = self._factors(factors)
            if isinstance(whole, Form):
                form = self.space.combine([(1.0, form), (1.0, whole)])
            else:
                products.append(whole)
        return Piece(both(left.guard, right.guard), form, tuple(products))

    def _factors(self, factors: tuple[Form, ...]) -> Form | tuple[Form, ...]:
        """A product: constants multiplied out, and a form where it is one."""
        constants = [c for f in factors if (c := f.constant) is not None]
        rest = [f for f in factors if f.constant is None]
        scale = float(np.prod(constants)) if constants else 1.0
        if not rest or scale == 0:
            return self.space.constant(scale if not rest else 0.0)
        columns = [f for f in rest if f.is_known]
        random = [f for f in rest if not f.is_known]
        if len(columns) > 1 or (columns and not random):
            column = self.space.column(np.prod([self.space.values(f) for f in columns], axis=0))
            columns = [column]
        rest = [*columns, *random]
        rest[0] = self._scaled(rest[0], scale)
        if len(rest) > MOST_FACTORS:
            raise Refusal(f"a product of more than {MOST_FACTORS} factors is not worked out")
        return rest[0] if len(rest) == 1 else tuple(rest)

    def _cross(self, numbers: Sequence[Pieces]) -> list[tuple[Piece, ...]]:
        count = int(np.prod([len(n) for n in numbers], dtype=float))
        if count > MOST_PIECES:
            raise Refusal(f"the expression has {count} cases (if, min, max, abs); at most {MOST_PIECES} are told apart")
        return list(itertools.product(*numbers))

    def _live(self, pieces: Sequence[Piece]) -> Pieces:
        """Pieces without those that never hold."""
        found: list[Piece] = []
        for p in pieces:
            if isinstance(p.guard, Known):
                if not p.guard.truth.any():
                    continue
                if p.guard.truth.all():
                    return (Piece(None, p.form, p.products),)
            found.append(p)
        return tuple(found)
