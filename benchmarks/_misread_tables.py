"""The tables of misreading, as values and as Markdown: shares with intervals that know which texts are alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from llm_bridge._noisy import KINDS
from llm_bridge.bench._interval import accuracy_interval

from ._misread_run import Arm, Record
from ._misread_stages import STAGES

MOST_WRONG, MOST_ABSTAINED = 0.03, 0.25
"""The targets where every fifth Problem is misread, with everything on."""
TARGET = Arm(0.2, 0.5)
HARDER = Arm(0.2, 0.5, harmful=True)
HARDEST = Arm(0.2, 0.5, harmful=True, uncited=True)
EXAMPLES = 3
"""Examples of what gets through, for each kind and suite."""
LAST = len(STAGES) - 1

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95% interval.

    Attributes:
        hits, of: what was counted.
        low, high: the ends of the interval; all records of texts that are alike are one cluster, whatever the seed.
    """

    hits: int
    of: int
    low: float
    high: float

    def __str__(self) -> str:
        """`3.1 (2.0 to 4.8)`, in percent."""
        return f"{self.percent} ({100 * self.low:.1f} to {100 * self.high:.1f})"

    @property
    def value(self) -> float:
        """The share itself."""
        return self.hits / self.of

    @property
    def percent(self) -> str:
        """The share in percent, without its interval."""
        return f"{100 * self.value:.1f}"


def share(records: Sequence[Record], hit: Callable[[Record], bool]) -> Share:
    """The share of the records that are hits."""
    hits = [hit(record) for record in records]
    interval = accuracy_interval(hits, [(record.suite, record.cluster) for record in records])
    return Share(sum(hits), len(hits), interval.low, interval.high)


@dataclass(frozen=True, slots=True)
class Row:
    """What came of some records after one stage.

    Attributes:
        stage: the name of the last stage.
        wrong: the share of wrong answers that were given without a word.
        abstained: the share without a reply.
        beyond: the share without a reply although the right Problem has one.
    """

    stage: str
    wrong: Share
    abstained: Share
    beyond: Share


def rows(records: Sequence[Record]) -> list[Row]:
    """A row for every stage, in order."""
    return [
        Row(
            stage,
            share(records, lambda r, i=i: r.outcomes[i] == "wrong"),
            share(records, lambda r, i=i: r.outcomes[i] == "abstained"),
            share(records, lambda r, i=i: r.outcomes[i] == "abstained" and r.determined),
        )
        for i, stage in enumerate(STAGES)
    ]


def by(records: Iterable[Record], key: Callable[[Record], K]) -> dict[K, list[Record]]:
    """The records by what `key` says of them, in order of first appearance."""
    found: defaultdict[K, list[Record]] = defaultdict(list)
    for record in records:
        found[key(record)].append(record)
    return dict(found)


# ---------------------------------------------------------------------------------------------------------------------
# Markdown


def report(records: Sequence[Record]) -> str:
    """Everything that the records show."""
    arms = by(records, lambda record: record.arm)
    parts = [_rates({arm: those for arm, those in arms.items() if arm == Arm(arm.rate, TARGET.correlation)})]
    if TARGET in arms:
        parts += [_targets(arms[TARGET]), _suites(arms[TARGET])]
    parts += [_settings(arms), *(_kinds(arms[arm], arm) for arm in (TARGET, HARDER) if arm in arms), _through(records)]
    return "\n\n".join(parts)


def table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; the first column is to the left."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _rates(arms: dict[Arm, list[Record]]) -> str:
    columns = [rows(those) for those in arms.values()]
    body = [
        [f"{title}: {stage}" if not i else stage, *(str(getattr(column[i], name)) for column in columns)]
        for name, title in (
            ("wrong", "**silently wrong**"),
            ("abstained", "**abstained**"),
            ("beyond", "**abstained without need**"),
        )
        for i, stage in enumerate(STAGES)
    ]
    misread = [
        "first tries that were misread",
        *(share(those, lambda r: r.kind is not None).percent for those in arms.values()),
    ]
    head = ["percent (95% interval)", *(f"{arm.rate:.0%}" for arm in arms)]
    return f"## By the share of Problems that are misread\n\n{table(head, [misread, *body])}"


def _targets(records: Sequence[Record]) -> str:
    last = rows(records)[LAST]
    lines = [
        f"- {what}: {found} percent, wanted at most {100 * most:.0f}: {'met' if found.value <= most else '**missed**'}"
        for what, found, most in (
            ("silently wrong", last.wrong, MOST_WRONG),
            ("abstained", last.abstained, MOST_ABSTAINED),
        )
    ]
    return "### Targets where 20% are misread and everything is on\n\n" + "\n".join(lines)


def _suites(records: Sequence[Record]) -> str:
    body = [
        [suite if not i else "", row.stage, str(row.wrong), str(row.abstained), str(row.beyond)]
        for suite, those in by(records, lambda record: record.suite).items()
        for i, row in enumerate(rows(those))
    ]
    head = ["suite", "after", "silently wrong", "abstained", "without need"]
    return f"## By suite, 20% misread, in percent\n\n{table(head, body)}"


def _kinds(records: Sequence[Record], arm: Arm) -> str:
    kinds = by(records, lambda record: record.kind)
    body = [
        [
            kind,
            str(len(kinds[kind])),
            share(kinds[kind], lambda r: r.harmless).percent,
            share(kinds[kind], lambda r: r.outcomes[0] == "abstained" and r.determined).percent,
            *(str(row.wrong) if i in (0, LAST) else row.wrong.percent for i, row in enumerate(rows(kinds[kind]))),
        ]
        for kind in KINDS
        if kind in kinds
    ]
    head = ["misread at the first try", "n", "harmless", "engine gives no answer", *STAGES]
    note = (
        "Harmless: the reply to the misread Problem is the reply to the right one. From the fifth column on: after how "
        "many of these misreadings a wrong answer is given."
    )
    return f"## By kind of misreading, 20% misread, {name_of(arm)}, in percent\n\n{note}\n\n{table(head, body)}"


def _settings(arms: dict[Arm, list[Record]]) -> str:
    body = [
        [name_of(arm), *(f"{row.wrong.percent} / {row.abstained.percent}" for row in found), str(found[LAST].wrong)]
        for arm, found in ((arm, rows(those)) for arm, those in arms.items() if arm.rate == TARGET.rate)
    ]
    head = ["20% misread", *STAGES, "silently wrong at last"]
    return f"## By the noise: silently wrong / abstained, in percent\n\n{table(head, body)}"


def name_of(arm: Arm) -> str:
    """What a table calls a setting of the noise."""
    harmful = ", every misreading changes the answer" if arm.harmful else ""
    return f"correlation {arm.correlation:g}{harmful}{' and cites nothing' if arm.uncited else ''}"


def _through(records: Sequence[Record]) -> str:
    wrong = [record for record in records if record.outcomes[LAST] == "wrong"]
    cells = by(wrong, lambda r: (r.kind or "none", r.suite))
    body = [
        [kind, suite, str(len(those)), str(sum(r.habit for r in those)), _examples(those)]
        for (kind, suite), those in sorted(cells.items())
    ]
    head = ["misread at the first try", "suite", "n", "by habit", "for example (item: what)"]
    note = "All settings together. V1, V2 and so on are the variables of the item, in its order."
    return f"## What still gets through\n\n{note}\n\n{table(head, body)}"


def _examples(records: Sequence[Record]) -> str:
    shown = dict.fromkeys(f"{record.id}: {record.what}".replace("|", "\\|") for record in records)
    return "; ".join(list(shown)[:EXAMPLES])
