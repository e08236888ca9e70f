"""Separating sets as bits: the nearest, the smallest, and all that are minimal.

A minimal set that m-separates two sides lies among their ancestors, where m-separation is separation in the augmented
(moral) graph; so everything here walks over an undirected graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ._bitgraph import BitGraph, members
from ._graph_ops import augmented

Near = Sequence[int]
"""The neighbours of each variable in an undirected graph, as bits."""


def undirected(bits: BitGraph, first: int, second: int, allowed: int, fixed: int = 0) -> Near:
    """The undirected graph in which the sets that separate two sides, together with `fixed`, are plain cuts.

    Args:
        bits: the mixed graph.
        first: one side.
        second: the other.
        allowed: what a separating set may contain.
        fixed: what is given in any case.

    Returns:
        The neighbours of each variable. `fixed` is gone; what is not allowed is bridged, all its neighbours joined, so
        that no cut can contain it (van der Zander, Liskiewicz & Textor 2019, section 4).
    """
    kept = bits.ancestors(first | second | fixed)
    near = [n & ~fixed for n in augmented(bits, kept)]
    bridged = kept & ~(allowed | first | second | fixed)
    for i in members(bridged):
        around = near[i]
        for j in members(around):
            near[j] = (near[j] | around) & ~(1 << j | 1 << i)
        near[i] = 0
    return near


def nearest(near: Near, first: int, second: int) -> int | None:
    """The minimal separating set that leaves the smallest part on the side of `first`; None where there is none."""
    part = _closed(near, first, second)
    return None if part is None else _around(near, part)


def minimal_sets(near: Near, first: int, second: int) -> Iterator[int]:
    """Every minimal separating set, each once, with polynomial delay (Takata 2010).

    A minimal separating set is the border of the part it leaves around `first`. The search grows that part: one more
    variable of its border is in it, or is never in it.
    """
    stack = [(first, 0)]
    while stack:
        grown, never = stack.pop()
        part = _closed(near, grown, second)
        if part is None or part & never:
            continue
        border = _around(near, part)
        yield border
        for i in members(border & ~never):
            stack.append((part | 1 << i, never))
            never |= 1 << i


def smallest(near: Near, first: int, second: int) -> int | None:
    """A separating set of the fewest variables, of these the one nearest to `second`; None where there is none.

    As many disjoint paths as there are (Menger 1927), found one at a time by augmenting (Ford & Fulkerson 1956).
    """
    if _around(near, first) & second:
        return None
    flow = _Flow(near, second, first)
    while flow.augment():
        pass
    return flow.entered & ~flow.left


def _around(near: Near, part: int) -> int:
    found = 0
    for i in members(part):
        found |= near[i]
    return found & ~part


def _reach(near: Near, start: int, blocked: int) -> int:
    found = left = start
    while left:
        low = left & -left
        left ^= low
        new = near[low.bit_length() - 1] & ~found & ~blocked
        found |= new
        left |= new
    return found


def _closed(near: Near, grown: int, second: int) -> int | None:
    """The smallest part around `grown` that a minimal separating set leaves; None where `second` touches it."""
    border = _around(near, grown)
    if border & second or grown & second:
        return None
    beyond = _reach(near, second, border)
    return _reach(near, grown, _around(near, beyond))


class _Flow:
    """Paths from `source` to `sink` that share no variable; each is a chain in `before` and `after`.

    A variable is entered and then left; one that carries a path already may, once entered, only be left backwards along
    that path.

    Attributes:
        entered, left: what the last search entered and left; where it failed, their difference is the cut.
    """

    def __init__(self, near: Near, source: int, sink: int) -> None:
        self.near, self.source, self.sink = near, source, sink
        self.before: dict[int, int | None] = {}
        self.after: dict[int, int | None] = {}
        self.entered = self.left = 0

    def augment(self) -> bool:
        """One more path, if there is room; paths found before may be rerouted."""
        starts = _around(self.near, self.source) & ~self.sink
        self.entered, self.left = starts, 0
        came: dict[tuple[int, bool], tuple[int, bool]] = {}
        queue = [(i, False) for i in members(starts)]
        for state in queue:
            i, leaving = state
            if leaving and self.near[i] & self.sink:
                self._reroute(came, state)
                return True
            for step in self._steps(i, leaving):
                came[step] = state
                queue.append(step)
        return False

    def _steps(self, i: int, leaving: bool) -> list[tuple[int, bool]]:
        """The states behind one, those only that are new."""
        if not leaving:
            back = self.before.get(i, i)
            if back is None or self.left >> back & 1:
                return []
            self.left |= 1 << back
            return [(back, True)]
        new = self.near[i] & ~(self.source | self.sink | self.entered)
        if i in self.before and not self.entered >> i & 1:
            new |= 1 << i
        self.entered |= new
        return [(j, False) for j in members(new)]

    def _reroute(self, came: dict[tuple[int, bool], tuple[int, bool]], state: tuple[int, bool]) -> None:
        added: list[tuple[int | None, int | None]] = [(state[0], None)]
        while state in came:
            last = came[state]
            if last[0] != state[0]:
                if last[1]:
                    added.append((last[0], state[0]))
                else:  # back along a path: that piece of it goes
                    del self.before[last[0]], self.after[state[0]]
            state = last
        added.append((None, state[0]))
        for u, v in added:
            if v is not None:
                self.before[v] = u
            if u is not None:
                self.after[u] = v
