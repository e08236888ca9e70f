"""Honest rewordings: some written by hand, and random ones by rules of their own, to plant changes in."""

from __future__ import annotations

import random
import re
from typing import NamedTuple

_TURNS: tuple[tuple[str, str], ...] = (
    (r"\bSince\b", "Because"),
    (r", so\b", ", therefore"),
    (r", so\b", ", and so"),
    (r"\. So\b", ". Therefore"),
    (r"\bImagine that\b", "Suppose that"),
    (r"\bNow imagine that\b", "Now suppose"),
    (r"\bWe know that\b", "We know"),
    (r"; that is possible only if", ", which is only possible if"),
    (r", with everything else left as it was", ", with everything else unchanged"),
    (r", whatever else was observed", ", no matter what else was observed"),
    (r"\bthe probability that\b", "the chance that"),
    (r"\bThe probability that\b", "The chance that"),
    (r"\bdoes not\b", "doesn't"),
    (r"\bwould not\b", "wouldn't"),
    (r"\bis not\b", "isn't"),
    (r"\bfor example\b", "for instance"),
    (r"^(Yes|No)\. ([TI])(?=\w)", r"\1, \2"),
    (r": a difference of", ", a difference of"),
    (r", standard error ([\d.]+), from", " (standard error \\1), from"),
    (r", between ([\d.]+) and ([\d.]+) within the rounding of the printed numbers",
     r" (between \1 and \2 within the rounding of the printed numbers)"),
    (r"(?<=\. )Since ([^,.;]+), ([^,.;]+)\.", r"\2 because \1."),
    (r"^Given that ([^,.]+), the probability that ([^,.]+?) is ([\d.]+)(?=[.,])",
    r"The probability that \2, given that \1, is \3"),
    (r"(?<=^Yes\. )(\w[^,.]+?) if ([^,.]+)\.", r"If \2, \1."),
    (r"(?<=^No\. )(\w[^,.]+?) if ([^,.]+)\.", r"If \2, \1."),
)  # fmt: skip


def reworded(text: str, rng: random.Random, turns: int = 3) -> str:
    """`text` with up to `turns` changes of style."""
    for pattern, new in rng.sample(_TURNS, len(_TURNS)):
        if turns and re.search(pattern, text):
            text = _cased(re.sub(pattern, new, text, count=rng.choice((0, 1))))
            turns -= 1
    return text


def _cased(text: str) -> str:
    """A capital behind each full stop, and the articles within a sentence small."""
    text = re.sub(r"(?<=\. )([a-z])", lambda m: m[1].upper(), text)
    return re.sub(r"(, )(The|It|There|If)\b", lambda m: m[1] + m[2].lower(), text)


class Honest(NamedTuple):
    """What one person would write for a template: a style, the question or the name of a reply, and the wordings."""

    style: str
    question: str
    wordings: tuple[str, ...]


def honest(text: str) -> list[Honest]:
    """The entries of a file: `--- style`, then a question (or `@` and a reply's name), then wordings behind `> `."""
    found: list[Honest] = []
    for block in re.split(r"^--- *", text, flags=re.MULTILINE)[1:]:
        style, question, *rest = [line for line in block.splitlines() if line.strip()]
        found.append(Honest(style.strip(), question.strip(), tuple(line[2:] for line in rest if line.startswith("> "))))
    return found
