"""Why a set of variables may be adjusted for, or may not: the paths it closes, leaves open or opens, as data."""

from __future__ import annotations

from dataclasses import dataclass

from .._bitgraph import members
from .._graph import CausalGraph
from ._adjustment import Names, effect_of, set_of
from ._open_paths import Path, is_open, open_paths, path_text
from ._reasons import member_reason, set_text


@dataclass(frozen=True, slots=True)
class AdjustmentCheck:
    """Whether adjusting for a set gives an effect, with the facts of the graph that decide it.

    Attributes:
        cause: the treatments.
        effect: the outcomes.
        by: the set.
        valid: whether it is an adjustment set.
        misplaced: members that are a cause or an effect.
        forbidden: members on or below a causal path, each with the reason in words.
        left_open: non-causal paths that are open without the set and with it.
        opened: non-causal paths that only the set opens, by holding a collider or what a collider causes.
        closed: non-causal paths that are open without the set and closed by it.
    """

    cause: tuple[str, ...]
    effect: tuple[str, ...]
    by: tuple[str, ...]
    valid: bool
    misplaced: tuple[str, ...] = ()
    forbidden: tuple[tuple[str, str], ...] = ()
    left_open: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """The verdict in sentences, the decisive ones first."""
        given = set_text(self.by) if self.by else "nothing"
        if self.valid:
            what = f"{', '.join(self.cause)} and {', '.join(self.effect)}"
            if not self.closed:
                return (f"No non-causal path between {what} is open given {given}.",)
            return (f"{given} closes every open non-causal path between {what}: {', '.join(self.closed)}.",)
        said = [f"{name} is itself a cause or an effect of the question." for name in self.misplaced]
        said += [f"{why}; to adjust for it would block or distort the effect." for _, why in self.forbidden]
        if self.left_open:
            said.append(f"With {given} adjusted for, these non-causal paths are open: {', '.join(self.left_open)}.")
        if self.opened:
            said.append(f"Adjusting for {given} opens, by a collider: {', '.join(self.opened)}.")
        return tuple(said)


def explain_adjustment(
    graph: CausalGraph, cause: Names, effect: Names, by: Names = (), *, most: int = 10
) -> AdjustmentCheck:
    """Whether `by` is an adjustment set, and the paths and members that make it one or not.

    Args:
        graph: an acyclic mixed graph; its hidden variables stay on the paths.
        cause: a name, or names of joint treatments.
        effect: a name, or names.
        by: the variables that are adjusted for.
        most: how many paths of each kind are listed.

    Raises:
        UnknownName, InvalidQuery: as for `is_adjustment_set`.
    """
    found = effect_of(graph, cause, effect)
    chosen = set_of(graph, found, by)
    bits, ends = found.bits, found.cause | found.effect
    forbidden = chosen & found.forbidden & ~ends
    inside = chosen & ~ends
    left = open_paths(found, inside, most)
    free = open_paths(found, 0, most)

    def texts(paths: list[Path]) -> tuple[str, ...]:
        return tuple(path_text(bits, path) for path in paths)

    return AdjustmentCheck(
        bits.named(found.cause),
        bits.named(found.effect),
        bits.named(chosen),
        found.valid(chosen),
        bits.named(chosen & ends),
        tuple((bits.names[i], member_reason(found, i)) for i in members(forbidden)),
        texts([path for path in left if is_open(bits, path, 0)]),
        texts([path for path in left if not is_open(bits, path, 0)]),
        texts([path for path in free if not is_open(bits, path, inside)]),
    )
