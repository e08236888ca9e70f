"""The account of bounds: what was unknown, what is known, how the ends were found, and the models that attain them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ._answer import Answer
from ._bounds_ends import Bounded, Knowledge
from ._finding import Step
from ._model import Model
from ._query import Query, print_query
from ._text import ends_text, number_text, outward_text
from .bounds._polynomials import reads
from .bounds._possible import approached
from .bounds._programme import Block, Clash, Limit, Programme, TooLarge

RESPONSES = "Balke & Pearl (1994); Rosset, Gisin & Wolfe (2018); Zhang, Tian & Bareinboim (2022)"
UNNAMED = "by these numbers"
"""How the reason of a clash begins that is a combination of limits without a name."""
MANY = 12
"""Cells of a law that are told one by one."""
MOST_SAID = 6
"""Sources that are named one by one."""


@dataclass(frozen=True, eq=False)
class Attained:
    """Makes the two models that attain the ends."""

    facts: Knowledge
    found: Bounded

    def __call__(self) -> tuple[Model | None, Model | None]:
        """The models at the lower and at the upper end; None where nothing was found to attain one."""
        if len(self.found.programmes) != 1:
            return None, None
        (programme,) = self.found.programmes
        low, high = (None if laws is None else self.facts.model(programme, laws) for laws in self.found.laws)
        return low, high


@dataclass(frozen=True, eq=False)
class Account:
    """The derivation of bounds; worked out when it is read.

    Attributes:
        base: the answer of what was tried first: why the query is not identified, or why a formula gives no number.
        facts: what is known.
        found: the ends of each cell.
        notes: steps about printed digits or sampling, behind the others.
        beside: whether the ends are those of such a reading alone: at face value the numbers clash.
    """

    base: Answer
    facts: Knowledge
    found: tuple[Bounded, ...]
    notes: tuple[Step, ...] = ()
    beside: bool = False

    def __call__(self) -> tuple[Step, ...]:
        """The steps."""
        programme = max(
            (_that_matters(p) for one in self.found for p in one.programmes),
            key=lambda p: sum(b.columns for b in p.blocks),
        )
        return (
            *self.base.derivation,
            *self._refused(),
            *_unknown(programme),
            *_known(programme),
            *_solved(self.found, programme),
            *_relaxed(self.found),
            *self._attained(),
            *_outcome(self.found),
            *self.notes,
        )

    def _refused(self) -> tuple[Step, ...]:
        """Why a formula gave no number."""
        reason = "what can be said all the same is said without a formula"
        return tuple(Step("no number", said, reason) for _, said in self.base.refusals)

    def _attained(self) -> tuple[Step, ...]:
        """The two models, run through the exact solver."""
        if len(self.found) != 1:
            return ()
        one = self.found[0]
        if one.undefined or one.met or len(one.programmes) != 1:
            return ()
        shown: list[str] = []
        off = 0.0
        for laws, end in zip(one.laws, ("lower", "upper"), strict=True):
            if laws is not None:
                value, missed = self.facts.checked(one.query, one.programmes[0], laws)
                if math.isnan(value):  # a condition that rounding alone makes possible, or a table in two worlds
                    continue
                low, high = outward_text(value, value) if one.sharp else (number_text(value),) * 2
                shown.append(f"{low if end == 'lower' else high} at the {end} end")
                off = max(off, missed)
        if not shown:
            return ()
        within = f"within the {self.notes[0].name}, " if self.beside else ""
        claim = f"{within}models over this graph attain {' and '.join(shown)}"
        if names := near(one):
            reason = (
                f"{names} says that its condition is possible, which it is not at the end itself: that is approached "
                f"as the condition's probability goes to 0; these models meet all that is known to {off:.0e}"
            )
            return (Step("approached", claim, reason),)
        reason = (
            "each is a model of its own, with the law of the response types that the programme found; the exact solver "
            f"gives it this value, and it meets all that is known to {off:.0e}"
        )
        return (Step("attained", claim, reason),)


def near(one: Bounded) -> str:
    """The statements whose conditions hardly happen in the models that attain the ends; empty where they all do."""
    programme = one.programmes[0]
    found = [limit.source for laws in one.laws if laws is not None for limit in approached(programme, laws)]
    return said(programme, sorted(set(found))) if found else ""


def _that_matters(programme: Programme) -> Programme:
    """A programme without the blocks that nothing joins to the query, and without what is known of those alone."""
    read = {b for p in programme.asked for b in reads(p)}
    while more := {b for x in programme.limits if (own := reads(x.polynomial)) & read for b in own} - read:
        read |= more
    limits = tuple(x for x in programme.limits if reads(x.polynomial) <= read)
    return replace(programme, blocks=tuple(programme.blocks[b] for b in sorted(read)), limits=limits)


def forecast(knowledge: Knowledge, query: Query) -> str:
    """What bounds on a number would take, nothing solved."""
    try:
        programme = _that_matters(knowledge.programme(query))
    except TooLarge as wrong:
        return f"bounds refuse: {wrong}"
    known = f"{len(programme.limits):,} equations and inequalities"
    return f"bounds, where nothing gives a number: {_unknown_text(programme) or 'nothing is unknown'}; {known}"


def _unknown_text(programme: Programme) -> str:
    """The laws that are unknown, with how many response types each has; empty where there is none."""
    blocks = [block for block in programme.blocks if block.columns > 1]
    kinds = ", ".join(f"{_block_text(block)} ({block.columns:,})" for block in blocks)
    which = "is the law" if len(blocks) == 1 else "are the laws"
    return f"what is unknown {which} of {kinds}" if blocks else ""


def _unknown(programme: Programme) -> tuple[Step, ...]:
    claim = _unknown_text(programme)
    if not claim:
        return ()
    reason = (
        "for every counterfactual question a model with finite variables is the same as one whose hidden causes say "
        "how each variable responds to its parents; responses that nothing here tells apart are counted once"
    )
    return (Step("response types", claim, reason, RESPONSES),)


def _block_text(block: Block) -> str:
    if len(block.members) == 1 and all(not c.parents for c in block.coordinates):
        return block.members[0]
    return f"the response types of {' and '.join(block.members)}" if len(block.members) < 4 else block.name


def _known(programme: Programme) -> tuple[Step, ...]:
    limits = programme.limits
    if not limits:
        reason = "no law, sample, statement or assumption says anything of it"
        return (Step("what is known", "nothing limits it", reason),)
    same = sum(limit.low == limit.high for limit in limits)
    other = len(limits) - same
    parts = [_count(same, "equation")] * bool(same) + [_count(other, "inequality")] * bool(other)
    claim = f"{' and '.join(parts)} hold{'s' if len(limits) == 1 else ''} of it"
    return (Step("what is known", claim, f"from {said(programme, _sources(limits))}"),)


def _sources(limits: Sequence[Limit]) -> list[int]:
    return sorted({limit.source for limit in limits if limit.source >= 0})


def said(programme: Programme, sources: Sequence[int]) -> str:
    """Sources in words, the first few of them."""
    names = list(dict.fromkeys(programme.sources[k] for k in sources if k < len(programme.sources)))
    shown = "; ".join(names[:MOST_SAID])
    return f"{shown}; and {len(names) - MOST_SAID} more" if len(names) > MOST_SAID else shown or "the laws"


def _count(number: int, noun: str) -> str:
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number:,} {noun if number == 1 else plural}"


def _solved(found: Sequence[Bounded], programme: Programme) -> tuple[Step, ...]:
    one = found[0]
    if any(each.undefined for each in found):
        return ()
    fractional = any(ratio.below is not None for ratio in programme.query)
    ends = f"{print_query(one.query)} lies {ends_text(one.outer_lower, one.outer_upper)}"
    if len(found) > 1:
        ends += f", and so on for {len(found)} cells"
    if len(one.programmes) > 1:
        reason = "each part lies between its own ends, and the whole between what can be made of them"
        return (Step("interval arithmetic", ends, reason),)
    if one.spent.get("products"):
        reason = (
            f"{one.spent['products']:,.0f} products of unknowns are too many to relax: each factor is somewhere within "
            "its own ends, whatever the others are"
        )
        return (Step("ranges", ends, reason),)
    if len(programme.blocks) <= 1 or not one.spent.get("relaxations"):
        name = "linear-fractional programme" if fractional else "linear programme"
        reason = "the query is linear in the one law that is left unknown, and so is all that is known of it"
        if fractional:
            reason = (
                "the query is a ratio of two numbers that are linear in the one law that is left unknown; scaled so "
                "that its condition has probability one, it is a linear programme"
            )
        cites = "Charnes & Cooper (1962); Balke & Pearl (1994)" if fractional else "Balke & Pearl (1994, 1997)"
        return (Step(name, ends, f"{reason}; the dual solution proves that no law goes beyond", cites),)
    reason = (
        "the query is a polynomial that is linear in each unknown law alone: attained ends come from alternating "
        "linear programmes, proved ones from a relaxation that is split until they meet"
    )
    return (Step("several components", ends, reason, "Duarte et al. (2023)"),)


def _relaxed(found: Sequence[Bounded]) -> tuple[Step, ...]:
    reasons = tuple(dict.fromkeys(reason for one in found for reason in one.relaxed))
    claim = "the ends are outer ones: the truth lies between them, and perhaps between narrower ones"
    return tuple(Step("relaxation", claim, reason, "Duarte et al. (2023)") for reason in reasons)


def _outcome(found: Sequence[Bounded]) -> tuple[Step, ...]:
    """That the ends meet, or say nothing."""
    if any(one.undefined for one in found):
        return (Step("undefined", "the condition has probability zero", "under every law that meets what is known"),)
    if all(one.met for one in found):
        shown = number_text(found[0].value) if len(found) == 1 else "one law"
        reason = f"the ends meet: what is known leaves only {shown}, though no formula does for laws in general"
        return (Step("ends meet", f"{print_query(found[0].query)} = {number_text(found[0].value)}", reason),)
    if not any(one.tells for one in found):
        low, high = found[0].floor, found[0].ceiling
        ends = f"from {number_text(low)} to {number_text(high)}" if math.isfinite(low + high) else "at all"
        sure = all(one.sharp for one in found)
        reason = "models that meet all that is known attain both ends" if sure else "no end was proved beyond these"
        if sure and any(near(one) for one in found if len(one.programmes) == 1):
            reason = "models that meet all that is known come as near to both ends as one likes"
        return (Step("nothing ruled out", f"what is known allows every value {ends}", reason),)
    return ()


def rounding_steps(digits: Sequence[Bounded]) -> tuple[Step, ...]:
    """What printed digits leave open of each probability of a law; nothing of a single number, which has a place."""
    if len(digits) == 1:
        return ()
    each = "; ".join(f"{print_query(one.query)} {ends_text(one.outer_lower, one.outer_upper)}" for one in digits[:MANY])
    more = f"; and {len(digits) - MANY} more" if len(digits) > MANY else ""
    return (Step("rounding", each + more, "within what the digits of the printed numbers leave open"),)


def named_by(clash: Clash, face: Clash) -> Clash:
    """A clash in a wider reading, with the reason of the one at face value where that has a name and it has none."""
    if clash is face or not clash.reason.startswith(UNNAMED) or not face.reason or face.reason.startswith(UNNAMED):
        return clash
    return replace(clash, reason=f"at face value {face.reason}, and no law within what is left open mends that")


def clash_step(clash: Clash, sources: Sequence[str]) -> Step:
    """That what is known cannot all hold."""
    names = [sources[k] for k in clash.sources]
    alone = "be over this graph" if names[0].startswith(("the sample", "the law")) else "be"
    claim = f"{'; '.join(names)} cannot {alone if len(names) == 1 else 'hold together'}"
    off = f" (off by at least {number_text(clash.by)})" if math.isfinite(clash.by) and clash.by > 0 else ""
    reason = clash.reason or "no model over this graph meets them; without any one of them some model does"
    return Step("contradiction", claim, f"{reason}{off}")
