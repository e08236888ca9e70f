"""The scores of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scm import number_text

from ._interval import accuracy_interval
from ._items import Expected
from ._records import Record

CONVENTIONS: Mapping[str, tuple[str, ...]] = {"CounterBench": (), "own": ()}
"""By suite, what its labels rest on beyond the text. Neither suite needs any: every reading is the chain's own."""

MOST_LISTED = 50
"""Most disagreements that the text lists; the JSON lists all."""


@dataclass(frozen=True, slots=True)
class Score:
    """The counts for one type of item."""

    n: int
    answered: int
    correct: int
    accuracy: float


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An item that did not get what its label says, and why: `reply` is None where there was no reply."""

    id: str | int
    expected: Expected
    reply: Expected | None
    finding: str
    reason: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The scores of a run. `answered`, `abstained`, `unreadable`, `undefined` and `refused` add up to `n`.

    Attributes:
        n: items.
        answered: items with a reply.
        correct: items whose reply agrees with the label.
        accuracy: correct / n, under `conventions`.
        accuracy_plain: the same under none of them.
        accuracy_answered: correct / answered; None where nothing was answered.
        coverage: answered / n.
        interval: 95% interval for `accuracy`.
        clusters: groups of items with the same text up to renaming (or of one stated group).
        n_effective: the number of independent items that would tell as much.
        abstained: understood, but the text leaves the reply open.
        unreadable, undefined, refused: not understood; the condition is impossible; not worked out here.
        seconds: time spent on answering, all items together.
        by_type: the counts for each type.
        conventions: what the labels rest on beyond the text, in words.
        disagreements: items with a reply that is not the label's.
        unanswered: items without a reply.
    """

    n: int
    answered: int
    correct: int
    accuracy: float
    accuracy_plain: float
    accuracy_answered: float | None
    coverage: float
    interval: tuple[float, float]
    clusters: int
    n_effective: float
    abstained: int
    unreadable: int
    undefined: int
    refused: int
    seconds: float
    by_type: Mapping[str, Score]
    conventions: tuple[str, ...]
    disagreements: tuple[Disagreement, ...]
    unanswered: tuple[Disagreement, ...]

    def to_json(self) -> dict[str, Any]:
        """The scores as JSON data."""
        return asdict(self)

    def to_text(self) -> str:
        """The scores in a few lines, the disagreements below."""
        low, high = self.interval
        lines = [
            f"{_count(self.n, 'item')}, {self.correct} right: accuracy {self.accuracy:.1%}, "
            f"95% interval {low:.1%} to {high:.1%}",
            f"The interval takes items with the same text up to renaming as one of {_count(self.clusters, 'cluster')}; "
            f"together they tell as much as {self.n_effective:.1f} independent items.",
            f"Answered {self.answered} ({self.coverage:.1%}), abstained {self.abstained}, "
            f"unreadable {self.unreadable}, undefined {self.undefined}, refused {self.refused}; {self.seconds:.2f} s",
            *(f"Convention: {text}" for text in self.conventions),
        ]
        if self.conventions:
            lines.append(f"Without conventions: accuracy {self.accuracy_plain:.1%}")
        width = max(map(len, self.by_type))
        for kind, score in self.by_type.items():
            lines.append(f"  {kind.ljust(width)}  {score.correct:>5} of {score.n:>5}  {score.accuracy:>6.1%}")
        lines += _listed("with a reply that is not the label's", self.disagreements)
        lines += _listed("without a reply", self.unanswered)
        return "\n".join(lines)


def summarise(records: Sequence[Record]) -> Summary:
    """The scores of `records`, of which there is at least one."""
    n = len(records)
    answered = [r for r in records if r.answered]
    correct = sum(r.correct for r in records)
    interval = accuracy_interval([r.correct for r in records], [r.cluster for r in records])
    told = {kind: sum(not r.answered and r.finding == kind for r in records) for kind in _SILENCES}
    suites = dict.fromkeys(r.suite for r in records)
    return Summary(
        n=n,
        answered=len(answered),
        correct=correct,
        accuracy=correct / n,
        accuracy_plain=correct / n,  # no suite in CONVENTIONS has any
        accuracy_answered=correct / len(answered) if answered else None,
        coverage=len(answered) / n,
        interval=(interval.low, interval.high),
        clusters=interval.clusters,
        n_effective=interval.effective,
        abstained=n - len(answered) - sum(told.values()),
        **told,
        seconds=sum(r.seconds for r in records),
        by_type={kind: _score([r for r in records if r.type == kind]) for kind in sorted({r.type for r in records})},
        conventions=tuple(dict.fromkeys(text for suite in suites for text in CONVENTIONS.get(suite, ()))),
        disagreements=tuple(_disagreement(r) for r in records if r.answered and not r.correct),
        unanswered=tuple(_disagreement(r) for r in records if not r.answered),
    )


_SILENCES = ("unreadable", "undefined", "refused")


def _score(records: Sequence[Record]) -> Score:
    correct = sum(r.correct for r in records)
    return Score(len(records), sum(r.answered for r in records), correct, correct / len(records))


def _disagreement(record: Record) -> Disagreement:
    return Disagreement(record.id, record.expected, record.reply, record.finding, record.reason)


def _listed(what: str, items: Sequence[Disagreement]) -> list[str]:
    if not items:
        return []
    lines = [f"{_count(len(items), 'item')} {what}:"]
    for item in items[:MOST_LISTED]:
        label = "" if item.reply is not None else f" (the label says {_shown(item.expected)})"
        lines.append(f"  {item.id}: {item.reason}{label}")
    if (rest := len(items) - MOST_LISTED) > 0:
        lines.append(f"  and {rest} more")
    return lines


def _shown(expected: Expected) -> str:
    return expected if isinstance(expected, str) else number_text(expected)


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
