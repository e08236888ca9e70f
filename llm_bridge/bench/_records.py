"""What became of one item, as one line of output."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Self, cast

from .._guard import in_json
from ._items import Expected

SAID = ("said", "nothing said")
"""Findings of items that a model answered by itself. No convention is applied to what it says."""


@dataclass(frozen=True, slots=True)
class Record:
    """What became of one item.

    Attributes:
        key, id, type, suite, expected, tolerance: of the item.
        cluster: items with the same text up to renaming, or of one stated group, have the same.
        reply: what was replied, under the suite's conventions; None where nothing was warranted.
        reply_plain: what was replied under none of them.
        conventions: the names of those that made the difference.
        finding: the engine's finding, or "unreadable". Where a model answered by itself: "said", or "nothing said".
            Where the bridge gave up: "abstained". Where the endpoint failed: "failed".
        correct: whether `reply` agrees with the label.
        correct_plain: whether `reply_plain` does.
        answered: whether there is a reply.
        disagreement: why `reply` is not what the label says: label, rounding, undetermined or unread; or, of a model
            that answers, wrong or abstained; else empty.
        disagreement_plain: the same for `reply_plain`.
        seconds: time that the chain took; through a model, from the first request to the answer, waiting included.
        words: the answer in words; of a model that answers by itself, what it said.
        reason: for a disagreement, why the text gives what was replied; for no reply, why there is none; else empty.
        method: what answered: "offline", or the method by which a model did.
        model: the model's name.
        settings: the fingerprint of all that the answer depends on besides the item and the model's weights.
        path: the edges from cause to effect, where the suite says them.
        stage: the stage at which the bridge gave up; empty where it did not.
        failure: the class of failure where no usable reply came: nothing is known of this item, and a run that is
            resumed asks again.
        calls: requests to the model, one for each reply wanted; what they took before an earlier failure is included,
            here and below.
        cached: how many of them the cache answered.
        tries: requests sent, tries that failed included where a reply came in the end.
        tokens_in, tokens_out: tokens, as the endpoint counted them; None where it does not say.
        cost: what they cost; None where no price is known.
    """

    key: str
    id: str | int
    type: str
    suite: str
    cluster: str
    expected: Expected
    tolerance: float
    reply: Expected | None
    reply_plain: Expected | None
    conventions: list[str]
    finding: str
    correct: bool
    correct_plain: bool
    answered: bool
    disagreement: str
    disagreement_plain: str
    seconds: float
    words: str
    reason: str
    method: str = "offline"
    model: str = ""
    settings: str = ""
    path: int | None = None
    stage: str = ""
    failure: str = ""
    calls: int = 0
    cached: int = 0
    tries: int = 0
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None

    def line(self) -> str:
        """This record as one line of JSON; the key comes first, by which a torn line is recognised as ours."""
        return in_json(json.dumps({name: getattr(self, name) for name in _NAMES}, ensure_ascii=False)) + "\n"

    @classmethod
    def of(cls, data: object) -> Self | None:
        """The record that a parsed line holds; None if it is no such line."""
        if not isinstance(data, dict):
            return None
        entry = cast("dict[str, Any]", data)
        if not _NEEDED <= entry.keys() <= _KNOWN or not (_well_typed(entry) and _well_spent(entry)):
            return None
        return cls(**entry)


_NAMES = tuple(f.name for f in fields(Record))
_KNOWN = frozenset(_NAMES)
_NEEDED = frozenset(f.name for f in fields(Record) if f.default is MISSING)
"""What every line has; lines of earlier versions have no more."""


def _well_typed(entry: Mapping[str, Any]) -> bool:
    texts = ("key", "type", "suite", "cluster", "finding", "words", "reason", "disagreement", "disagreement_plain")
    numbers = ("tolerance", "seconds")
    return (
        all(isinstance(entry[name], str) for name in texts)
        and all(isinstance(entry[name], bool) for name in ("correct", "correct_plain", "answered"))
        and all(isinstance(entry[name], (int, float)) for name in numbers)
        and isinstance(entry["id"], (str, int))
        and isinstance(entry["expected"], (str, int, float))
        and all(isinstance(entry[name], (str, int, float, type(None))) for name in ("reply", "reply_plain"))
        and isinstance(entry["conventions"], list)
        and all(isinstance(name, str) for name in cast("list[object]", entry["conventions"]))
    )


def _well_spent(entry: Mapping[str, Any]) -> bool:
    """Whether the parts that tell how a model was asked, where they are there, have their types."""
    wanted: dict[type, tuple[str, ...]] = {
        str: ("method", "model", "settings", "stage", "failure"),
        int: ("calls", "cached", "tries"),
    }
    return all(
        isinstance(entry[name], kind) for kind, names in wanted.items() for name in names if name in entry
    ) and all(
        isinstance(entry.get(name), (int, float, type(None))) for name in ("path", "tokens_in", "tokens_out", "cost")
    )
