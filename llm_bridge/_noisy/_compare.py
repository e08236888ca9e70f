"""What a reader that knows the right Problem says when it compares sentences about another one with the text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from scm import claim_names

from .._formalise._restate import Restated, restate
from .._problem import Problem
from ._cite import Citer

Findings = tuple[tuple[Restated, ...], tuple[Restated, ...]]
"""Sentences that the right reading does not have, and sentences of the right reading that are not there."""
NOTHING: Findings = ((), ())
"""All is said, and nothing is missing."""


def found(sentences: Sequence[Restated], right: Problem) -> Findings:
    """What is wrong and what is missing among `sentences`."""
    wanted = restate(right)
    spare = Counter(one.sentence for one in wanted)
    wrong: list[Restated] = []
    for one in sentences:
        if spare[one.sentence] > 0:
            spare[one.sentence] -= 1
        else:
            wrong.append(one)
    missing: list[Restated] = []
    for one in wanted:
        if spare[one.sentence] > 0:
            spare[one.sentence] -= 1
            missing.append(one)
    return tuple(wrong), tuple(missing)


def comparison(
    sentences: Sequence[Restated], findings: Findings, right: Problem, text: str, denied: Restated | None = None
) -> dict[str, Any]:
    """The reply: a verdict on every sentence, and what is missing.

    A sentence in whose place the right reading has another is contradicted, in the words of that; one without a
    counterpart is not said.

    Args:
        sentences: what is to be compared.
        findings: what is found.
        right: the right reading.
        text: the text, from which all words are taken.
        denied: a sentence that is denied although it may be right.
    """
    wrong, missing = findings
    left = list(missing)
    against: dict[str, str] = {}
    for one in wrong:
        twin = next((other for other in left if _list_of(other) == _list_of(one)), None)
        if twin is not None:
            left.remove(twin)
        against[one.part] = "" if twin is None else _words(twin, right, text)
    if denied is not None:
        against[denied.part] = ""
    lost = [(_kind(one), _words(one, right, text)) for one in left]
    return {
        "parts": [{"part": one.part, **_verdict(one.part, against)} for one in sentences],
        "missing": [{"kind": kind, "words": words} for kind, words in lost if words],
    }


def any_right(sentences: Sequence[Restated], findings: Findings, rng: Random) -> Restated | None:
    """A sentence that is right, other than about a variable or the form of the answer; None where there is none."""
    rest = [one for one in sentences if one not in findings[0] and _list_of(one) not in ("variables", "reply")]
    return rng.choice(rest) if rest else None


def _verdict(part: str, against: Mapping[str, str]) -> dict[str, str]:
    if part not in against:
        return {"verdict": "said", "words": ""}
    words = against[part]
    return {"verdict": "contradicted" if words else "not said", "words": words}


def _list_of(one: Restated) -> str:
    return one.part.partition("[")[0]


def _kind(one: Restated) -> str:
    kind = _list_of(one)
    return {"confounded": "edges", "independences": "statements"}.get(kind, kind)


def _words(one: Restated, right: Problem, text: str) -> str:
    """The words of the text for a part of the right reading; empty where there are none."""
    name, _, place = one.part.rstrip("]").partition("[")
    if name == "independences":
        lines = right.independences or ()
        return Citer.of(right, text).words(claim_names(lines[int(place)])) if place else ""
    items = right.queries if name == "reply" else getattr(right, name)
    words: str = items[int(place or 0)].words
    return words if words in text else ""
