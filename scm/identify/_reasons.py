"""Why a criterion holds, in words: the graph facts that license a step, and whose theorem it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .._bitgraph import members
from .._estimand import Cells
from ._adjustment import Effect
from ._open_paths import directed_path, open_paths, path_text

SHOWN = 3
"""Paths written out in a reason."""


def set_text(names: Iterable[str]) -> str:
    """`{A, B}`."""
    return "{" + ", ".join(names) + "}"


def positivity(combinations: Sequence[str]) -> str:
    """The assumption without which a conditional law is not defined."""
    distinct = dict.fromkeys(combinations)
    return f"positivity: every combination of {'; of '.join(distinct)} that the formula conditions on has a chance"


def seeing_reason(treated: Cells) -> tuple[str, str]:
    """Why a law of what is seen is enough, and the citation."""
    if not treated:
        return "a law of what is seen says it", ""
    names = ", ".join(name for name, _ in treated)
    return f"consistency: in this group what is imposed on {names} is what was there", "Pearl (2009), corollary 7.3.2"


def adjustment_reason(effect: Effect, by: int, treated: Cells = ()) -> tuple[str, str]:
    """Why adjusting for a valid set is enough, and the citation; among the units that had the values `treated`."""
    bits, given = effect.bits, set_text(effect.bits.named(by))
    citation = "Shpitser, VanderWeele & Robins (2010), theorem 5"
    if treated:
        citation += "; for a group, Shpitser & Pearl (2009)"
    if not by:
        return "no non-causal path from cause to effect is open", citation
    paths = open_paths(effect, 0, SHOWN + 1)
    shown = ", ".join(path_text(bits, path) for path in paths[:SHOWN]) + (", and others" if len(paths) > SHOWN else "")
    confounds = f"confounding: {shown}; " if paths else ""
    behind = "is" if by & (by - 1) == 0 else "are"
    which = "it" if behind == "is" else "they"
    reason = (
        f"{confounds}{given} blocks every non-causal path from {', '.join(bits.named(effect.cause))} to "
        f"{', '.join(bits.named(effect.effect))}, and {which} {behind} not on or below a causal path"
    )
    if treated:
        group = ", ".join(name for name, _ in treated)
        reason += f"; so the group differs from the others in the law of {given} alone, whatever its {group} was"
    return reason, citation


def front_door_reason(effect: Effect, by: int) -> tuple[str, str]:
    """Why a front-door set is one, and the citation."""
    bits = effect.bits
    cause, given, end = (", ".join(bits.named(part)) for part in (effect.cause, by, effect.effect))
    given = f"{{{given}}}"
    path = " -> ".join(bits.names[i] for i in directed_path(bits, effect.cause, effect.effect, effect.cause))
    reason = (
        f"{given} cuts every causal path, such as {path}; no back-door path leads from {cause} to {given}; {cause} "
        f"blocks every back-door path from {given} to {end}"
    )
    return reason, "Pearl (2009), theorem 3.3.4"


def sequential_reason(plan: Sequence[tuple[str, tuple[str, ...]]]) -> tuple[str, str]:
    """Why a plan is sound, and the citation."""
    steps = [f"for {name}, {set_text(covariates) if covariates else 'nothing more'}" for name, covariates in plan]
    reason = (
        f"covariates in the order of treatment: {'; '.join(steps)}; each set is read before its treatment and, with "
        "what came earlier, blocks its back doors where the later treatments are imposed"
    )
    return reason, "Pearl & Robins (1995), theorem 1; Pearl (2009), theorem 4.4.1"


def member_reason(effect: Effect, i: int) -> str:
    """Why a forbidden variable may not be adjusted for."""
    bits = effect.bits
    on = directed_path(bits, effect.cause, 1 << i, effect.cause)
    name = bits.names[i]
    if effect.causal >> i & 1:
        rest = directed_path(bits, 1 << i, effect.effect, effect.cause)
        path = " -> ".join(bits.names[j] for j in (*on, *rest[1:]))
        return f"{name} lies on the causal path {path}"
    start = next(j for j in members(effect.causal) if bits.descendants(1 << j) >> i & 1)
    path = " -> ".join(bits.names[j] for j in directed_path(bits, 1 << start, 1 << i))
    return f"{name} is an effect of {bits.names[start]}, which lies on a causal path ({path})"
