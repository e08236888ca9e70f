"""The tables of misreading: shares with intervals that know that texts of a cluster are alike."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from llm_bridge._noisy import KINDS
from llm_bridge.bench._interval import accuracy_interval

from ._misread_run import Arm, Record
from ._misread_stages import STAGES

MOST_WRONG, MOST_ABSTAINED = 0.03, 0.25
"""The targets at a rate of 20%, with everything on."""
TARGET = Arm(0.2, 0.5)
EXAMPLES = 3
"""Examples of what gets through, for each kind and suite."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95% interval.

    Attributes:
        hits, of: what was counted.
        low, high: the ends, for clusters of texts that are alike.
    """

    hits: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share itself."""
        return self.hits / self.of

    def __str__(self) -> str:
        """`3.1 (2.0 to 4.8)`, in percent."""
        return f"{100 * self.value:.1f} ({100 * self.low:.1f} to {100 * self.high:.1f})"


def share(records: Sequence[Record], hit: Callable[[Record], bool]) -> Share:
    """The share of records that are hits; all records of alike texts, whatever the seed, are one cluster."""
    hits = [hit(record) for record in records]
    interval = accuracy_interval(hits, [(record.suite, record.cluster) for record in records])
    return Share(sum(hits), len(hits), interval.low, interval.high)


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one arm after one stage.

    Attributes:
        arm: the setting of the noise.
        stage: the name of the last stage.
        misread: the share whose first try was misread.
        wrong: the share of wrong answers given without a word.
        abstained: the share without a reply.
        beyond: the share without a reply although the right Problem has one.
    """

    arm: Arm
    stage: str
    misread: Share
    wrong: Share
    abstained: Share
    beyond: Share


def rows(records: Sequence[Record]) -> list[Row]:
    """A row for every arm and stage, in order."""
    found: list[Row] = []
    for arm, those in _by(records, lambda record: record.arm).items():
        for i, stage in enumerate(STAGES):
            found.append(
                Row(
                    arm,
                    stage.name,
                    share(those, lambda r: r.kind is not None),
                    share(those, lambda r, i=i: r.outcomes[i] == "wrong"),
                    share(those, lambda r, i=i: r.outcomes[i] == "abstained"),
                    share(those, lambda r, i=i: r.outcomes[i] == "abstained" and r.determined),
                )
            )
    return found


def _by(records: Iterable[Record], key: Callable[[Record], Any]) -> dict[Any, list[Record]]:
    found: defaultdict[Any, list[Record]] = defaultdict(list)
    for record in records:
        found[key(record)].append(record)
    return dict(found)


# ---------------------------------------------------------------------------------------------------------------------
# Markdown


def report(records: Sequence[Record]) -> str:
    """Everything that the records show, as Markdown."""
    return "\n\n".join([_main(records), _target(records), _suites(records), _kinds(records), _arms(records), _through(records)])


def _table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    lines = [" | ".join(head), " | ".join(["---", *["---:"] * (len(head) - 1)])]
    return "\n".join(f"| {line} |" for line in [*lines, *(" | ".join(row) for row in body)])


def _main(records: Sequence[Record]) -> str:
    every = rows([record for record in records if record.arm.correlation == TARGET.correlation and not record.arm.harmful])
    rates = sorted({row.arm.rate for row in every})
    body = [
        [title if not i else "", stage.name, *(str(getattr(row, name)) for row in every if row.stage == stage.name)]
        for name, title in (("wrong", "silently wrong"), ("abstained", "abstained"), ("beyond", "abstained, though the right Problem has a reply"))
        for i, stage in enumerate(STAGES)
    ]
    return "## Silently wrong and abstained, in percent\n\n" + _table(["", "after", *(f"{rate:.0%} misread" for rate in rates)], body)
