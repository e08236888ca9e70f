"""Published closed forms of bounds, one function each, over whole tables at once. Shares no code with the engine.

Tables are `p[..., x, y]` (confounded cause and outcome, P(x, y)), `q[..., x]` (an experiment, P(Y=1 | do(X=x))) and
`r[..., z, x, y]` (an instrument, P(x, y | z)); all of them binary, and leading axes are many tables. Every function
gives the pair of ends. Those marked *recomputed* were read off an exact linear programme, since the paper was not at
hand; all are compared with one.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

Array = Any
Pair = tuple[Array, Array]


def largest(*terms: Array) -> Array:
    return functools.reduce(np.maximum, terms)


def smallest(*terms: Array) -> Array:
    return functools.reduce(np.minimum, terms)


# ---------------------------------------------------------------------------------------------------------------------
# No assumptions (Manski 1990)


def manski_arm(p: Array, x: int) -> Pair:
    """P(Y=1 | do(X=x)) from P(x, y): what the others would have had may be anything."""
    others = p[..., 1 - x, :].sum(-1)
    return p[..., x, 1], p[..., x, 1] + others


def manski_effect(p: Array) -> Pair:
    """The average effect: causaloptim's known bounds for the confounded pair, [-p10-p01, 1-p10-p01]."""
    wrong = p[..., 1, 0] + p[..., 0, 1]
    return -wrong, 1 - wrong


def manski_mean(p: Array, x: int) -> Pair:
    """E[Y | do(X=x)] where Y has the states 0..K-1 and X any number: `p[..., x, y]`."""
    y = np.arange(p.shape[-1])
    seen = (p[..., x, :] * y).sum(-1)
    others = 1 - p[..., x, :].sum(-1)
    return seen, seen + (p.shape[-1] - 1) * others


# ---------------------------------------------------------------------------------------------------------------------
# A binary instrument (Balke & Pearl 1997)


def _cells(r: Array) -> dict[str, Array]:
    """`p{y}{x}.{z}` as the paper writes it: P(y, x | z)."""
    return {f"{y}{x}.{z}": r[..., z, x, y] for x in (0, 1) for y in (0, 1) for z in (0, 1)}


def balke_pearl_effect(r: Array) -> Pair:
    """The average effect, eight terms a side (Balke & Pearl 1997, section 3; Causality, 8.2.4)."""
    p = _cells(r)
    low = largest(
        p["11.1"] + p["00.0"] - 1,
        p["11.0"] + p["00.1"] - 1,
        p["11.0"] - p["11.1"] - p["10.1"] - p["01.0"] - p["10.0"],
        p["11.1"] - p["11.0"] - p["10.0"] - p["01.1"] - p["10.1"],
        -p["01.1"] - p["10.1"],
        -p["01.0"] - p["10.0"],
        p["00.1"] - p["01.1"] - p["10.1"] - p["01.0"] - p["00.0"],
        p["00.0"] - p["01.0"] - p["10.0"] - p["01.1"] - p["00.1"],
    )
    high = smallest(
        1 - p["01.1"] - p["10.0"],
        1 - p["01.0"] - p["10.1"],
        -p["01.0"] + p["01.1"] + p["00.1"] + p["11.0"] + p["00.0"],
        -p["01.1"] + p["11.1"] + p["00.1"] + p["01.0"] + p["00.0"],
        p["11.1"] + p["00.1"],
        p["11.0"] + p["00.0"],
        -p["10.1"] + p["11.1"] + p["00.1"] + p["11.0"] + p["10.0"],
        -p["10.0"] + p["11.0"] + p["00.0"] + p["11.1"] + p["10.1"],
    )
    return low, high


def balke_pearl_arm(r: Array, x: int) -> Pair:
    """P(Y=1 | do(X=x)), four terms a side (Balke & Pearl 1997)."""
    p = _cells(r)
    if x == 0:
        low = largest(
            p["10.1"],
            p["10.0"],
            p["10.0"] + p["11.0"] - p["00.1"] - p["11.1"],
            p["01.0"] + p["10.0"] - p["00.1"] - p["01.1"],
        )
        high = smallest(
            1 - p["00.1"],
            1 - p["00.0"],
            p["01.0"] + p["10.0"] + p["10.1"] + p["11.1"],
            p["10.0"] + p["11.0"] + p["01.1"] + p["10.1"],
        )
        return low, high
    low = largest(
        p["11.0"],
        p["11.1"],
        -p["00.0"] - p["01.0"] + p["00.1"] + p["11.1"],
        -p["01.0"] - p["10.0"] + p["10.1"] + p["11.1"],
    )
    high = smallest(
        1 - p["01.1"],
        1 - p["01.0"],
        p["00.0"] + p["11.0"] + p["10.1"] + p["11.1"],
        p["10.0"] + p["11.0"] + p["00.1"] + p["11.1"],
    )
    return low, high


def no_defiers_effect(r: Array) -> Pair:
    """The average effect where Z never moves X the other way: one term a side (Balke & Pearl 1997; recomputed)."""
    p = _cells(r)
    return p["11.1"] + p["00.0"] - 1, 1 - p["01.1"] - p["10.0"]


def instrumental(r: Array) -> Array:
    """By how much the instrumental inequality is broken (Pearl 1995): max_x sum_y max_z P(x, y | z) - 1."""
    return r.max(-3).sum(-1).max(-1) - 1


# ---------------------------------------------------------------------------------------------------------------------
# Probabilities of causation (Tian & Pearl 2000)


def pns(p: Array | None, q: Array | None) -> Pair:
    """From P(x, y), from an experiment, or from both (theorem 1 and section 4)."""
    if q is None:
        assert p is not None
        return 0 * p[..., 0, 0], p[..., 1, 1] + p[..., 0, 0]
    low, high = largest(0 * q[..., 0], q[..., 1] - q[..., 0]), smallest(q[..., 1], 1 - q[..., 0])
    if p is None:
        return low, high
    y = p[..., 1].sum(-1)
    low = largest(low, y - q[..., 0], q[..., 1] - y)
    high = smallest(high, p[..., 1, 1] + p[..., 0, 0], q[..., 1] - q[..., 0] + p[..., 1, 0] + p[..., 0, 1])
    return low, high


def pn(p: Array, q: Array | None) -> Pair:
    """Necessity, P(Y[X=0]=0 | X=1, Y=1)."""
    if q is None:
        return 0 * p[..., 0, 0], 0 * p[..., 0, 0] + 1
    low = largest(0 * q[..., 0], (p[..., 1].sum(-1) - q[..., 0]) / p[..., 1, 1])
    return low, smallest(0 * low + 1, (1 - q[..., 0] - p[..., 0, 0]) / p[..., 1, 1])


def ps(p: Array, q: Array | None) -> Pair:
    """Sufficiency, P(Y[X=1]=1 | X=0, Y=0)."""
    if q is None:
        return 0 * p[..., 0, 0], 0 * p[..., 0, 0] + 1
    low = largest(0 * q[..., 0], (q[..., 1] - p[..., 1].sum(-1)) / p[..., 0, 0])
    return low, smallest(0 * low + 1, (q[..., 1] - p[..., 1, 1]) / p[..., 0, 0])


def disablement(p: Array, q: Array) -> Pair:
    """PD, P(Y[X=0]=0 | Y=1) (recomputed: only those with X=1 can lose it)."""
    y = p[..., 1].sum(-1)
    low = largest(0 * y, (y - q[..., 0]) / y)
    return low, smallest(p[..., 1, 1], 1 - q[..., 0] - p[..., 0, 0]) / y


def enablement(p: Array, q: Array) -> Pair:
    """PE, P(Y[X=1]=1 | Y=0) (recomputed: only those with X=0 can gain it)."""
    y = p[..., 1].sum(-1)
    low = largest(0 * y, (q[..., 1] - y) / (1 - y))
    return low, smallest(p[..., 0, 0], q[..., 1] - p[..., 1, 1]) / (1 - y)


def exogenous(p: Array) -> dict[str, Pair]:
    """PNS, PN and PS where no hidden cause is shared (theorem 2)."""
    given = p[..., 1] / p.sum(-1)
    low, high = pns(None, given)
    return {
        "PNS": (low, high),
        "PN": (low / given[..., 1], high / given[..., 1]),
        "PS": (low / (1 - given[..., 0]), high / (1 - given[..., 0])),
    }


def no_prevention(p: Array, q: Array) -> dict[str, Array]:
    """PNS, PN and PS where X never prevents Y: determined by both kinds of data (theorem 3)."""
    y = p[..., 1].sum(-1)
    return {
        "PNS": q[..., 1] - q[..., 0],
        "PN": (y - q[..., 0]) / p[..., 1, 1],
        "PS": (q[..., 1] - y) / p[..., 0, 0],
    }


# ---------------------------------------------------------------------------------------------------------------------
# The treated, direct effects, unit selection


def effect_on_treated(p: Array, q: Array | None) -> Pair:
    """E[Y[X=1] - Y[X=0] | X=1]; an experiment determines it (Pearl 2009, 8.2.5 and 11.9.1)."""
    treated = p[..., 1, :].sum(-1)
    given = p[..., 1, 1] / treated
    if q is None:
        return given - 1, given
    fixed = given - (q[..., 0] - p[..., 0, 1]) / treated
    return fixed, fixed


def treated_of_three(p: Array, q: Array, x: int, other: int) -> Pair:
    """P(Y[X=other]=1 | X=x) where X has three states, from P(x, y) and an experiment: what the third had is open."""
    third = 3 - x - other
    left = q[..., other] - p[..., other, 1]
    share = p[..., x, :].sum(-1)
    low = largest(0 * share, left - p[..., third, :].sum(-1)) / share
    return low, smallest(share, left) / share


def controlled_direct(p: Array, m: int) -> Pair:
    """P(Y=1 | do(1, m)) - P(Y=1 | do(0, m)) with X randomised, M and Y confounded (Cai et al. 2008).

    Args:
        p: P(m, y | x), axes x, m, y.
        m: the state that the mediator is held in.
    """
    return p[..., 1, m, 1] + p[..., 0, m, 0] - 1, 1 - p[..., 1, m, 0] - p[..., 0, m, 1]


def natural_direct(p: Array) -> Pair:
    """P(Y[X=1, M[X=0]]=1) - P(Y[X=0]=1), X randomised, M and Y confounded (Sjolander 2009; recomputed).

    Args:
        p: P(m, y | x), axes x, m, y.
    """
    base = p[..., 0, :, 1].sum(-1)
    low = largest(
        0 * base,
        *(p[..., 1, m, 1] - p[..., 0, 1 - m, :].sum(-1) for m in (0, 1)),
    )
    high = smallest(
        0 * base + 1,
        *(1 - p[..., 1, m, 0] + p[..., 0, 1 - m, :].sum(-1) for m in (0, 1)),
    )
    return low - base, high - base


def benefit(p: Array | None, q: Array, weights: tuple[float, float, float, float]) -> Pair:
    """Li & Pearl's unit selection (2019): compliers, always-takers, never-takers and defiers are worth so much.

    With both arms known it is a multiple of PNS and a constant; their eight terms are those of PNS.
    """
    complier, always, never, defier = weights
    slope = complier - always - never + defier
    constant = (always - defier) * q[..., 1] + defier * q[..., 0] + never * (1 - q[..., 0])
    low, high = pns(p, q)
    ends = constant + slope * low, constant + slope * high
    return ends if slope >= 0 else ends[::-1]
