"""An observed number that is one affine form or another, as `max(0, S)` is: which one it was, row by row.

That max(0, S) is 0 says S <= 0, which has a probability; that it is 2 says S = 2, which has a density. Where a value
may be of both kinds, the probability counts and a density beside it is nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._gaussian_pieces import Algebra, Event, Joined, Known, Pieces, Sign, Truth, joined
from ._gaussian_space import Array, Form, RowsDiffer, Space
from ._refusal import Refusal

SLACK = 1e-9
"""Numbers are one where they differ by no more than this share of what they are made of."""


@dataclass(frozen=True)
class Seen:
    """What an observed number says.

    Attributes:
        evidence: forms that are zero.
        events: what holds beside.
        doubtful: rows in which a density was left out beside a probability.
    """

    evidence: tuple[Form, ...]
    events: tuple[Event, ...]
    doubtful: Truth


def has_cases(found: Pieces) -> bool:
    """Whether it is not known which of several forms a number is."""
    return any(not isinstance(p.guard, Known | None) for p in found)


def seen_as(algebra: Algebra, found: Pieces, value: Form, what: str) -> Seen:
    """What it says that a number in several cases has a value.

    Raises:
        RowsDiffer: it is one case for some rows and another for others.
        Refusal: several cases have a density there, so that what is left is a mixture.
    """
    space, values = algebra.space, algebra.space.values(value)
    forms = [algebra.affine_piece(p, what) for p in found]
    may = np.stack([_possible(space, p.guard, f, values) for p, f in zip(found, forms, strict=True)])
    certain = np.array([f.is_known for f in forms])
    atom: Truth = np.logical_or.reduce(may & certain[:, None])
    taken = np.where(atom, may & certain[:, None], may)
    dense = (taken & ~certain[:, None]).sum(axis=0)
    if (dense > 1).any():
        row = int(np.argmax(dense > 1))
        why = f"{what} may be one of {int(dense[row])} normal variables in row {row + 1}, so it is a mixture"
        raise Refusal(why, rows=dense > 1)
    patterns, labels = np.unique(taken, axis=1, return_inverse=True)
    if patterns.shape[1] > 1:
        raise RowsDiffer(labels.reshape(-1), what)
    chosen = [k for k in range(len(found)) if taken[k, 0]]
    guards: list[Event] = [g if (g := found[k].guard) is not None else Known(np.ones(space.rows, bool)) for k in chosen]
    doubtful = atom & np.logical_or.reduce(may & ~certain[:, None])
    if not chosen:
        return Seen((), (Known(np.zeros(space.rows, bool)),), doubtful)
    if atom[0]:
        return Seen((), (joined("or", guards),), doubtful)
    return Seen((space.combine([(1.0, forms[chosen[0]]), (-1.0, value)]),), tuple(guards), doubtful)


def _possible(space: Space, guard: Event | None, form: Form, values: Array) -> Truth:
    """Whether the case may hold where its form has these values."""
    may = np.ones(space.rows, bool) if guard is None else ~_decided(space, guard, form, values)[1]
    if not form.is_known:
        return may
    own = space.values(form)
    return may & (np.abs(own - values) <= SLACK * (np.abs(values) + space.sum(form.known_size, absolute=True)))


def _decided(space: Space, event: Event, form: Form, values: Array) -> tuple[Truth, Truth]:
    """Whether an event surely holds, and surely does not, where a form has these values."""
    none = np.zeros(space.rows, bool)
    match event:
        case Known(truth):
            return truth, ~truth
        case Sign(other, signs):
            found = _implied(space, other, form, values)
            holds = None if found is None else np.isin(found, list(signs))
            return (none, none) if holds is None else (holds, ~holds)
        case Joined("not", (part,)):
            yes, no = _decided(space, part, form, values)
            return no, yes
        case Joined("xor", _):
            return none, none
        case Joined(op, parts):
            found = [_decided(space, part, form, values) for part in parts]
            every, some = np.logical_and.reduce, np.logical_or.reduce
            yes, no = [y for y, _ in found], [n for _, n in found]
            return (every(yes), some(no)) if op == "and" else (some(yes), every(no))


def _implied(space: Space, other: Form, form: Form, values: Array) -> Array | None:
    """The sign of a form where another has these values; None where that does not tell."""
    length = float(form.noise @ form.noise)
    if not length:
        return None
    share = float(other.noise @ form.noise) / length
    if np.linalg.norm(other.noise - share * form.noise) > SLACK * np.linalg.norm(other.noise):
        return None
    found = space.values(other) + share * (values - space.values(form))
    size = space.sum(other.known_size, absolute=True)
    size += abs(share) * (np.abs(values) + space.sum(form.known_size, absolute=True))
    return np.where(np.abs(found) <= SLACK * size, 0.0, np.sign(found))
