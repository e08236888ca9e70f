"""Linear models: path coefficients and total effects as ratios of covariances.

For models in which every variable is a linear function of its causes plus noise, and noises correlate only along
bidirected edges. That the model is linear is the user's to grant; nothing here is tried for other queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from .._bitgraph import BitGraph, members
from .._cuts import nearest, smallest, undirected
from .._errors import InvalidQuery, UnknownName
from .._graph import CausalGraph
from .._separation import connected
from ._adjustment import Effect, effect_of, smallest_set
from ._instrument import instruments
from ._reasons import set_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class LinearEffect:
    """`cov(effect, via | given) / cov(cause, via | given)`, with partial covariances.

    Where `via` is the cause this is its coefficient in the regression of the effect on it and `given`; else it is the
    ratio of an instrument.

    Attributes:
        cause: the treatment.
        effect: the outcome.
        via: the cause itself, or an instrument.
        given: what is held fixed.
        kind: the sum over all causal paths, or the one edge from cause to effect.
        reason: the graph fact that licenses it.
        citation: whose theorem it is.
    """

    cause: str
    effect: str
    via: str
    given: tuple[str, ...]
    kind: Literal["total", "direct"]
    reason: str
    citation: str

    def __str__(self) -> str:
        behind = f" | {', '.join(self.given)}" if self.given else ""
        below = f"var({self.cause}{behind})" if self.via == self.cause else f"cov({self.cause}, {self.via}{behind})"
        return f"cov({self.effect}, {self.via}{behind}) / {below}"

    def value(self, covariance: ArrayLike, names: Sequence[str]) -> float:
        """The effect, in units of the effect per unit of the cause.

        Args:
            covariance: symmetric, shape (n, n).
            names: the variable of each of the n rows.

        Raises:
            UnknownName: a variable that has no row.
            InvalidQuery: a matrix of another shape or with a value that is no number, or a ratio over zero.
        """
        return covariance_ratio(covariance, names, self.cause, self.effect, self.via, self.given)


def covariance_ratio(
    covariance: ArrayLike,
    names: Sequence[str],
    cause: str,
    effect: str,
    via: str | None = None,
    given: Sequence[str] = (),
) -> float:
    """`cov(effect, via | given) / cov(cause, via | given)`; without `via`, the slope of `effect` on `cause`.

    A number about the covariances: it is an effect only where `linear_effect` says so.

    Args:
        covariance: symmetric, shape (n, n).
        names: the variable of each of the n rows.
        cause: the variable whose slope it is.
        effect: the variable that is regressed.
        via: an instrument; by default the cause.
        given: what is held fixed.

    Raises:
        UnknownName: a variable that has no row.
        InvalidQuery: a matrix of another shape or with a value that is no number, or a ratio over zero.
    """
    import numpy as np

    matrix = np.asarray(covariance, dtype=np.float64)
    if matrix.shape != (len(names), len(names)) or not np.isfinite(matrix).all():
        raise InvalidQuery(
            f"A covariance matrix of finite numbers, shape ({len(names)}, {len(names)}), is wanted for the names "
            f"{', '.join(names)}; got shape {matrix.shape}."
        )
    place = {name: i for i, name in enumerate(names)}
    for name in (cause, effect, *([] if via is None else [via]), *given):
        if name not in place:
            raise UnknownName(name, names, "The ratio of covariances")
    x, y, z = place[cause], place[effect], place[cause if via is None else via]
    w = [place[name] for name in given]
    below = _partial(matrix, x, z, w)
    if abs(below) <= 1e-12 * np.sqrt(matrix[x, x] * matrix[z, z]):
        raise InvalidQuery(
            f"{names[x]} and {names[z]} do not vary together given {set_text(given)}: nothing to divide by."
        )
    return float(_partial(matrix, y, z, w) / below)


def _partial(matrix: NDArray[np.float64], a: int, b: int, given: list[int]) -> float:
    """The covariance of two variables, others held fixed."""
    import numpy as np

    if not given:
        return float(matrix[a, b])
    inside = np.linalg.pinv(matrix[np.ix_(given, given)])  # what is held fixed may be redundant
    return float(matrix[a, b] - matrix[a, given] @ inside @ matrix[given, b])


def linear_effect(
    graph: CausalGraph, cause: str, effect: str, *, kind: Literal["total", "direct"] = "total"
) -> LinearEffect | None:
    """An effect in a linear model as a ratio of covariances, by regression or else by an instrument.

    The total effect is the coefficient of the cause beside an adjustment set (Pearl 2009, theorem 5.3.2; Perkovic et
    al. 2018). The direct effect is the coefficient beside a set without effects of `effect` that separates the two once
    their edge is cut, the single-door criterion (Pearl 2009, theorem 5.3.1). Where no set is right, a conditional
    instrument may be (Brito & Pearl 2002; Pearl 2009, definition 7.4.1).

    Args:
        graph: an acyclic mixed graph; its hidden variables stay on the paths.
        cause: the treatment.
        effect: the outcome.
        kind: which effect.

    Returns:
        None where neither gives it; other ways, such as sets of instruments, are not tried.

    Raises:
        UnknownName, InvalidQuery: as for `is_adjustment_set`.
    """
    found = effect_of(graph, cause, effect)
    return _total(graph, found, cause, effect) if kind == "total" else _direct(found, cause, effect)


def _total(graph: CausalGraph, found: Effect, cause: str, effect: str) -> LinearEffect | None:
    chosen = smallest_set(found)
    if chosen is not None:
        given = found.bits.named(chosen)
        reason = f"{set_text(given) if given else 'nothing'} need be held fixed: it closes every non-causal path"
        return LinearEffect(cause, effect, cause, given, "total", reason, "Pearl (2009), theorem 5.3.2")
    best = min(instruments(graph, cause, effect), key=lambda z: (len(z.given), not z.causal), default=None)
    if best is None:
        return None
    return LinearEffect(
        cause, effect, best.name, best.given, "total", *_by_instrument(best.name, best.given, cause, effect)
    )


def _by_instrument(name: str, given: tuple[str, ...], cause: str, effect: str) -> tuple[str, str]:
    behind = f" given {set_text(given)}" if given else ""
    reason = f"{name} is an instrument{behind}: joined to {cause}, and to {effect} through {cause} alone"
    return reason, "Brito & Pearl (2002); Pearl (2009), definition 7.4.1"


def _direct(found: Effect, cause: str, effect: str) -> LinearEffect | None:
    bits, x, y = found.bits, found.cause, found.effect
    cut = _without_edge(bits, x.bit_length() - 1, y.bit_length() - 1)
    allowed = found.observed & ~(bits.descendants(y) | x)
    if not connected(cut, x, 0) & y:
        chosen: int | None = 0
    else:
        chosen = smallest(undirected(cut, x, y, allowed), x, y)
    if chosen is not None:
        given = bits.named(chosen)
        held = set_text(given) if given else "nothing"
        reason = f"with the edge {cause} -> {effect} cut, {held} held fixed separates them; {effect} affects none of it"
        return LinearEffect(cause, effect, cause, given, "direct", reason, "Pearl (2009), theorem 5.3.1")
    options: list[LinearEffect] = []
    for i in members(allowed):
        given = nearest(undirected(cut, y, 1 << i, allowed & ~(1 << i)), y, 1 << i)
        if given is not None and connected(bits, 1 << i, given) & x:
            name, held = bits.names[i], bits.named(given)
            reason = _by_instrument(name, held, cause, effect)
            options.append(LinearEffect(cause, effect, name, held, "direct", *reason))
    return min(options, key=lambda option: len(option.given), default=None)


def _without_edge(bits: BitGraph, cause: int, effect: int) -> BitGraph:
    parents, children = list(bits.parents), list(bits.children)
    parents[effect] &= ~(1 << cause)
    children[cause] &= ~(1 << effect)
    return replace(bits, parents=tuple(parents), children=tuple(children))
