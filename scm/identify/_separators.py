"""Separating sets as bits: the nearest to one side, and the smallest."""

from __future__ import annotations

from collections.abc import Sequence

from .._bitgraph import members
from .._separation import around_of, nearest_cut

Near = Sequence[int]
"""The neighbours of each variable in an undirected graph, as bits; see `_separation.undirected`."""


def nearest(near: Near, first: int, second: int) -> int | None:
    """The minimal separating set that leaves the smallest part on the side of `first`; None where there is none."""
    found = nearest_cut(near, first, first, second)
    return None if found is None else found[1]


def smallest(near: Near, first: int, second: int) -> int | None:
    """A separating set of the fewest variables, of these the one nearest to `second`; None where there is none.

    As many disjoint paths as there are (Menger 1927), found one at a time by augmenting (Ford & Fulkerson 1956).
    """
    if around_of(near, first) & second:
        return None
    flow = _Flow(near, second, first)
    while flow.augment():
        pass
    return flow.entered & ~flow.left


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
        starts = around_of(self.near, self.source) & ~self.sink
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
