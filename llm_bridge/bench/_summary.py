"""The scores of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scm import number_text

from ._conventions import PROFILES
from ._interval import accuracy_interval
from ._items import Expected
from ._model_summary import ModelSummary, model_summary
from ._records import SAID, Record

MOST_LISTED = 50
"""Most disagreements that the text lists; the JSON lists all."""


@dataclass(frozen=True, slots=True)
class Score:
    """The counts for one type of item, of those that got a reply."""

    n: int
    answered: int
    correct: int
    accuracy: float


@dataclass(frozen=True, slots=True)
class Applied:
    """A convention that labels rest on, what it does, how many items it decided, and how many of them rightly."""

    name: str
    text: str
    decided: int
    right: int


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An item that did not get what its label says, and why: `reply` is None where there was no reply.

    `kind` is one of label (the text determines another answer), rounding (the printed digits leave both open),
    undetermined (the text leaves the answer open), unread; and, through a language model, wrong (it answers, or reads a
    text, otherwise than the label wants) and abstained.
    """

    id: str | int
    expected: Expected
    reply: Expected | None
    finding: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The scores of a run.

    `answered`, `abstained`, `unreadable`, `undefined` and `refused` add up to `replied`; with the `failed`, to `n`.
    Only through a language model can an item fail: no usable reply came, which is neither an answer nor an abstention.
    So every share is one of those that got a reply, except `accuracy_all`.

    Attributes:
        n: items that were asked about.
        replied: those of them that got a reply, be it an answer or none.
        failed: the others, by the class of failure.
        answered: items with a reply, under `conventions`.
        correct: items whose reply agrees with the label.
        accuracy: correct / replied, under `conventions`.
        accuracy_all: correct / n.
        answered_plain: items with a reply under none of them.
        correct_plain: those of them whose reply agrees with the label.
        accuracy_plain: correct_plain / replied.
        wrong_plain: items whose reply under no convention is not the label's, by what `disagreements` calls `kind`.
        kinds: the items that are not right, by kind.
        kinds_plain: the same under no convention.
        accuracy_answered: correct / answered; None where nothing was answered.
        coverage: answered / replied.
        interval: 95% interval for `accuracy`.
        clusters: groups of items with the same text up to renaming (or of one stated group).
        n_effective: the number of independent items that would tell as much.
        abstained: understood, but the text leaves the reply open.
        unreadable, undefined, refused: not understood; the condition is impossible; not worked out here.
        seconds: time spent on answering, all items together.
        by_type: the counts for each type.
        conventions: what the labels rest on beyond the text: each with its name, what it does, and what it decided.
        disagreements: items with a reply that is not the label's.
        unanswered: items that were not answered.
        model: what a run through a language model took; None for the offline chain.
    """

    n: int
    replied: int
    failed: Mapping[str, int]
    answered: int
    correct: int
    accuracy: float
    accuracy_all: float
    answered_plain: int
    correct_plain: int
    accuracy_plain: float
    wrong_plain: int
    kinds: Mapping[str, int]
    kinds_plain: Mapping[str, int]
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
    conventions: tuple[Applied, ...]
    disagreements: tuple[Disagreement, ...]
    unanswered: tuple[Disagreement, ...]
    model: ModelSummary | None = None

    def to_json(self) -> dict[str, Any]:
        """The scores as JSON data."""
        return asdict(self)

    def to_text(self) -> str:
        """The scores in a few lines, the disagreements below."""
        lines = [
            self._headline(),
            f"The interval takes items with the same text up to renaming as one of {_count(self.clusters, 'cluster')}; "
            f"together they tell as much as {self.n_effective:.1f} independent items.",
            f"Answered {self.answered} ({self.coverage:.1%}), abstained {self.abstained}, "
            f"unreadable {self.unreadable}, undefined {self.undefined}, refused {self.refused}"
            f"{f'; {self.seconds:.2f} s' if self.model is None else ''}",
        ]
        if self.model is not None:
            lines += self.model.lines()
        if self.conventions:
            lines.append("The labels rest on conventions, which are applied here and nowhere else:")
            lines += [f"  {c.name}: {c.text} ({_count(c.decided, 'item')}, {c.right} right)" for c in self.conventions]
            lines.append(
                f"Without conventions: accuracy {self.accuracy_plain:.1%}; {self.answered_plain} answered, "
                f"{self.correct_plain} right, {self.wrong_plain} not as the label says"
            )
        for kinds, what in ((self.kinds, "Not right"), (self.kinds_plain, "Not right without conventions")):
            if kinds and (kinds is self.kinds or self.conventions):
                lines.append(f"{what}: {', '.join(f'{n} {kind}' for kind, n in kinds.items())}")
        width = max(map(len, self.by_type))
        for kind, score in self.by_type.items():
            lines.append(f"  {kind.ljust(width)}  {score.correct:>5} of {score.n:>5}  {score.accuracy:>6.1%}")
        if self.model is not None:
            lines += self.model.path_lines()
        lines += _listed("with a reply that is not the label's", self.disagreements)
        lines += _listed("without a reply", self.unanswered)
        return "\n".join(lines)

    def _headline(self) -> str:
        low, high = self.interval
        interval = f"95% interval {low:.1%} to {high:.1%}"
        if not self.failed:
            return f"{_count(self.n, 'item')}, {self.correct} right: accuracy {self.accuracy:.1%}, {interval}"
        failed = ", ".join(f"{count} {kind}" for kind, count in self.failed.items())
        return (
            f"{_count(self.n, 'item')}, {self.replied} with a reply and {self.n - self.replied} failed at the endpoint "
            f"({failed}); {self.correct} right: accuracy {self.accuracy:.1%} of those with a reply, {interval}; "
            f"{self.accuracy_all:.1%} of all"
        )


def summarise(all_records: Sequence[Record], items: int | None = None) -> Summary:
    """The scores of a run.

    Args:
        all_records: one for each item that was asked about; at least one of them is of an item that got a reply.
        items: how many items there are, for a run through a language model; None for the offline chain.
    """
    records = [r for r in all_records if not r.failure]
    n = len(records)
    answered = [r for r in records if r.answered]
    correct = sum(r.correct for r in records)
    interval = accuracy_interval([r.correct for r in records], [r.cluster for r in records])
    told = {kind: sum(not r.answered and r.finding == kind for r in records) for kind in _SILENCES}
    suites = dict.fromkeys(r.suite for r in records if r.finding not in SAID)
    return Summary(
        n=len(all_records),
        replied=n,
        failed=dict(Counter(r.failure for r in all_records if r.failure).most_common()),
        answered=len(answered),
        correct=correct,
        accuracy=correct / n,
        accuracy_all=correct / len(all_records),
        answered_plain=sum(r.reply_plain is not None for r in records),
        correct_plain=sum(r.correct_plain for r in records),
        accuracy_plain=sum(r.correct_plain for r in records) / n,
        wrong_plain=sum(r.reply_plain is not None and not r.correct_plain for r in records),
        kinds=_kinds([r.disagreement for r in records]),
        kinds_plain=_kinds([r.disagreement_plain for r in records]),
        accuracy_answered=correct / len(answered) if answered else None,
        coverage=len(answered) / n,
        interval=(interval.low, interval.high),
        clusters=interval.clusters,
        n_effective=interval.effective,
        abstained=n - len(answered) - sum(told.values()),
        **told,
        seconds=sum(r.seconds for r in all_records),
        by_type={kind: _score([r for r in records if r.type == kind]) for kind in sorted({r.type for r in records})},
        conventions=tuple(_applied(suites, records)),
        disagreements=tuple(_disagreement(r) for r in records if r.answered and not r.correct),
        unanswered=tuple(_disagreement(r) for r in records if not r.answered),
        model=None if items is None else model_summary(all_records, items),
    )


def _applied(suites: Collection[str], records: Sequence[Record]) -> Iterator[Applied]:
    """Each convention of these suites, once."""
    found = {c.name: c for suite, profile in PROFILES.items() if suite in suites for c in profile.conventions}
    for name, convention in found.items():
        used = [record for record in records if name in record.conventions]
        yield Applied(name, convention.text, len(used), sum(record.correct for record in used))


def _kinds(kinds: Iterable[str]) -> dict[str, int]:
    counted = Counter(kind for kind in kinds if kind)
    return {kind: counted[kind] for kind in _KINDS if counted[kind]}


_KINDS = ("label", "wrong", "rounding", "undetermined", "unread", "abstained")
_SILENCES = ("unreadable", "undefined", "refused")


def _score(records: Sequence[Record]) -> Score:
    correct = sum(r.correct for r in records)
    return Score(len(records), sum(r.answered for r in records), correct, correct / len(records))


def _disagreement(record: Record) -> Disagreement:
    return Disagreement(record.id, record.expected, record.reply, record.finding, record.disagreement, record.reason)


def _listed(what: str, items: Sequence[Disagreement]) -> list[str]:
    if not items:
        return []
    lines = [f"{_count(len(items), 'item')} {what}:"]
    for item in items[:MOST_LISTED]:
        label = "" if item.reply is not None else f" (the label says {_shown(item.expected)})"
        lines.append(f"  {item.id} ({item.kind}): {item.reason}{label}")
    if (rest := len(items) - MOST_LISTED) > 0:
        lines.append(f"  and {rest} more")
    return lines


def _shown(expected: Expected) -> str:
    return expected if isinstance(expected, str) else number_text(expected)


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
