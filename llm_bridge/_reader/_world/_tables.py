"""Probabilities said in strata to tables: where a condition of several parts is to be cut, and which are opposites.

`For C0 and D0`, `For C0 and D1`, `For C1 and D0`, `For C1 and D1`: two columns of two phrases, each pair the two states
of one variable, first-listed first. A cut is right when the rows fill such a grid; no word of any story is needed.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from .._story import Unreadable, quoted
from ._forms import Chance, Number

Cut = tuple[str, ...]
MOST_PARTS = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One probability: of all of `event` among those with all of `given`."""

    event: Cut
    given: Cut
    number: Number
    words: str


@dataclass(slots=True)
class Tables:
    """All rows, and the pairs of phrases that are the two states of one variable, first-listed first."""

    rows: list[Row] = field(default_factory=list[Row])
    pairs: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


def plain(phrase: str) -> str:
    """A phrase as it is compared: lower case, single blanks, no article."""
    flat = " ".join(phrase.lower().split()).strip(" ,")
    return re.sub(r"\bnon-", "non", re.sub(r"^(?:the|an?) (?!(?:and|or)\b)", "", flat))


def tables(chances: Sequence[Chance], outcomes: Callable[[str], Cut] = lambda outcome: (outcome,)) -> Tables:
    """The tables of a text.

    Args:
        chances: as the sentences say them.
        outcomes: the things that a chance in a stratum is of, of all at once.

    Raises:
        Unreadable: a condition with an "and" that the other rows do not settle.
    """
    found = Tables()
    for chance in chances:
        if chance.given is None and not chance.joint:
            found.rows.append(Row((plain(chance.outcome),), (), chance.number, chance.words))
    by_outcome: dict[Cut, list[Chance]] = {}
    for chance in chances:
        if chance.given is not None:
            by_outcome.setdefault(outcomes(plain(chance.outcome)), []).append(chance)
    for outcome, rows in by_outcome.items():
        for part, cuts in _grids([(row, plain(row.given or "")) for row in rows]):
            found.rows.extend(Row(outcome, cut, row.number, row.words) for row, cut in zip(part, cuts, strict=True))
            found.pairs.extend(_columns(cuts))
    joint = [chance for chance in chances if chance.joint]
    if joint:
        cuts = _joint_cuts([plain(chance.outcome) for chance in joint])
        found.rows.extend(Row(cut, (), row.number, row.words) for row, cut in zip(joint, cuts, strict=True))
        found.pairs.extend(_columns(cuts))
    return found


def _grids(rows: list[tuple[Chance, str]]) -> Iterator[tuple[list[Chance], list[Cut]]]:
    """Runs of rows that fill a grid each, the longest first."""
    start = 0
    while start < len(rows):  # a short run of a longer table with an "and" is a table that was not understood
        for size in sorted({len(rows) - start, 8, 4, 2, 1}, reverse=True):
            run = rows[start : start + size]
            cuts = _grid([text for _, text in run]) if len(run) == size else None
            if cuts is not None and not (len(rows) > size <= 2 and any(re.search(JOINTS, text) for _, text in run)):
                yield [row for row, _ in run], cuts
                start += size
                break
        else:
            words = quoted(rows[start][0].words, 160)
            raise Unreadable(f"Where one condition ends and the next begins is not clear in {words}.")


JOINTS = r"(?:,\s*|\s+)and\s+"
LOOSE_JOINTS = r"\s+(?:and\s+)?(?=(?:with|without|who|whose|that|in|on|at|not)\s)"
"""Where a condition may be cut that has no "and": `smokers with high tar`."""


def cuts_of(text: str, parts: int, joints: str = JOINTS) -> list[Cut]:
    """Every way to cut a phrase into so many parts at its joints."""
    ends = [match.span() for match in re.finditer(joints, text)]
    out: list[Cut] = []
    for chosen in itertools.combinations(ends, parts - 1):
        edges = ((0, 0), *chosen, (len(text), len(text)))
        out.append(tuple(text[a:b].strip(" ,") for (_, a), (b, _) in itertools.pairwise(edges)))
    return [cut for cut in out if all(cut)]


def _grid(texts: list[str]) -> list[Cut] | None:
    """The cut of each row that makes the rows a full grid, two phrases or one in each column; None where none does."""
    for parts in range(MOST_PARTS, 0, -1):
        if len(texts) > 2**parts:
            continue
        for joints in (JOINTS, LOOSE_JOINTS) if len(texts) == 2**parts else (JOINTS,):
            ways = [cuts_of(text, parts, joints) for text in texts]
            full = [cuts for cuts in itertools.islice(itertools.product(*ways), 5_000) if _full(cuts)]
            if full:
                return list(min(full, key=_evenness))
    return None


def _full(cuts: Sequence[Cut]) -> bool:
    sizes = [len(set(column)) for column in zip(*cuts, strict=True)]
    return len(set(cuts)) == len(cuts) == math.prod(sizes) and max(sizes) <= 2


def _evenness(cuts: Sequence[Cut]) -> int:
    return sum(abs(len(a) - len(b)) for cut in cuts for a, b in itertools.pairwise(cut))


def _joint_cuts(texts: list[str]) -> list[Cut]:
    ways = [cuts_of(text, 2) for text in texts]
    for cuts in itertools.islice(itertools.product(*ways), 5_000):
        columns = [set(column) for column in zip(*cuts, strict=True)]
        if len(set(cuts)) == len(cuts) and all(len(c) <= 2 for c in columns) and (len(texts) > 1 or len(ways[0]) == 1):
            return list(cuts)
    raise Unreadable(f"Which two things the probability of {quoted(texts[0], 160)} is about is not clear.")


def _columns(cuts: Sequence[Cut]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for column in zip(*cuts, strict=True):
        phrases = tuple(dict.fromkeys(column))
        if len(phrases) == 2:
            pairs.append((phrases[0], phrases[1]))
    return pairs
