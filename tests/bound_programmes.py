"""Programmes of one block written out by hand, for tests of what solves them."""

from __future__ import annotations

import itertools

import numpy as np

from scm.bounds._programme import Block, Limit, Polynomial, Programme, Ratio


def polynomial(*terms: tuple[float, int]) -> Polynomial:
    """Weights and forms of one block."""
    weights, forms = zip(*terms, strict=True)
    return Polynomial(np.array(weights, float), np.array(forms, dtype=np.intp)[:, None])


def programme(forms, knowns, query, below=None, ends=(-1.0, 1.0), inside=()) -> Programme:
    """A programme whose forms `knowns` are known (at a law drawn at random), of the form `query`.

    Args:
        forms: shape (forms, columns).
        knowns: positions of forms that are known.
        query: weights and forms.
        below: weights and forms, or None.
        ends: floor and ceiling.
        inside: (form, low, high) of limits that are no equations.
    """
    forms = np.asarray(forms, float)
    law = np.random.default_rng(0).dirichlet(np.ones(forms.shape[1]))
    block = Block("hidden", (), (), np.zeros((forms.shape[1], 0), np.int16), forms, np.zeros(forms.shape[1], np.intp))
    limits = [Limit(polynomial((1.0, k)), float(forms[k] @ law), float(forms[k] @ law), 0) for k in knowns]
    limits += [Limit(polynomial((1.0, k)), low, high, 1) for k, low, high in inside]
    ratio = Ratio(1.0, polynomial(*query), None if below is None else polynomial(*below))
    return Programme((block,), tuple(limits), (ratio,), ("laws", "granted"), *ends)


def instrument(values: int = 2, *, no_defiers: bool = False) -> Programme:
    """Z -> X -> Y, X and Y with a common cause; P(x, y | do(z)) known in the order z, x, y; the effect of X on Y."""
    types = [
        (*x, *y)
        for x in itertools.product((0, 1), repeat=values)
        for y in itertools.product((0, 1), repeat=2)
        if not (no_defiers and any(a > b for a, b in itertools.pairwise(x)))
    ]
    table = np.array(types)
    takes = [table[np.arange(len(table)), values + table[:, z]] for z in range(values)]
    forms = [(table[:, z] == x) & (takes[z] == y) for z in range(values) for x in (0, 1) for y in (0, 1)]
    count = len(forms)
    forms += [table[:, values + 1] == 1, table[:, values] == 1]
    return programme(forms, range(count), [(1.0, count), (-1.0, count + 1)])


def necessity(*, experiment: bool = False) -> Programme:
    """X -> Y with a common cause, PN = P(Y[X=0]=0 | X=1, Y=1); known P(x, y), and P(Y=1 | do(X=x)) with an experiment.

    The order of what is known: P(x, y) with y fastest, then P(y | do(x)) with y fastest.
    """
    types = np.array(list(itertools.product((0, 1), repeat=3)))  # X, Y where X is 0, Y where X is 1
    seen = types[np.arange(len(types)), 1 + types[:, 0]]
    forms = [(types[:, 0] == x) & (seen == y) for x in (0, 1) for y in (0, 1)]
    if experiment:
        forms += [types[:, 1 + x] == y for x in (0, 1) for y in (0, 1)]
    count = len(forms)
    forms += [(types[:, 0] == 1) & (types[:, 2] == 1) & (types[:, 1] == 0)]
    return programme(forms, range(count), [(1.0, count)], below=[(1.0, 3)], ends=(0.0, 1.0))
