"""`python -m benchmarks.polishing`: wordings with planted changes, of which none may pass, and honest ones."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from llm_bridge import Reply, answer_text
from llm_bridge._polish import recheck
from llm_bridge._styles import Style, say

from ._plants import Planted
from ._plants_words import planted
from ._replies import named, replies
from ._reworded import honest, reworded

STYLES: tuple[Style, ...] = ("line", "paragraph", "lesson")
WORDINGS = Path(__file__).with_name("rewordings.txt")
DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


@dataclass
class Tally:
    """What was planted and what passed."""

    planted: Counter[str] = field(default_factory=Counter[str])
    accepted: list[tuple[str, Planted]] = field(default_factory=list[tuple[str, Planted]])
    replies: int = 0
    findings: Counter[str] = field(default_factory=Counter[str])
    reworded: int = 0
    """Changes planted in a wording that passes, not in the template itself."""
    caught: Counter[str] = field(default_factory=Counter[str])
    """Which check gave the first fault."""


def plant_all(found: Iterable[Reply], rng: random.Random, most: int) -> Tally:
    """Plant up to `most` changes in the words of the replies, and in wordings of them that pass."""
    tally = Tally()
    for reply in found:
        tally.replies += 1
        tally.findings[reply.finding] += 1
        for template, wording in _wordings(reply, rng):
            for plant in planted(wording, _names(reply), rng):
                if tally.planted.total() >= most:
                    return tally
                tally.planted[plant.kind] += 1
                tally.reworded += wording != template
                faults = recheck(template, plant.text, reply)
                if faults:
                    tally.caught[faults[0].check] += 1
                else:
                    tally.accepted.append((template, plant))
    return tally


def _wordings(reply: Reply, rng: random.Random) -> Iterator[tuple[str, str]]:
    """A template with a text to plant in: itself, or a rewording that passes."""
    for style in rng.sample(STYLES, 2):
        template = say(reply, style)
        wording = reworded(template, rng)
        yield template, template if recheck(template, wording, reply) else wording


def _names(reply: Reply) -> list[str]:
    """Names that changes of names can be planted in: of variables, and the subjects of clauses."""
    if reply.problem is None:
        return []
    return list(dict.fromkeys(v.name for v in reply.problem.variables)) + [
        word for v in reply.problem.variables for word in v.name.split() if len(word) > 3 and " " in v.name
    ]


def honest_ones() -> tuple[int, int, list[tuple[str, str]]]:
    """How many wordings written by hand pass, of how many; and those that do not, with their first fault."""
    chosen, count, refused = named(), 0, list[tuple[str, str]]()
    for entry in honest(WORDINGS.read_text(encoding="utf-8")):
        reply = chosen[entry.question[1:]] if entry.question.startswith("@") else answer_text(entry.question)
        template = say(reply, "line" if entry.style == "line" else "lesson" if entry.style == "lesson" else "paragraph")
        assert not recheck(template, template, reply), template
        for wording in entry.wordings:
            count += 1
            if faults := recheck(template, wording, reply):
                refused.append((wording, faults[0].message))
    return count - len(refused), count, refused


def main() -> int:
    """Plant, count, and print; 1 where a planted change passed."""
    parser = argparse.ArgumentParser("python -m benchmarks.polishing", description=__doc__)
    parser.add_argument("--changes", type=int, default=12_000, help="how many changes to plant (default: 12,000)")
    parser.add_argument("--replies", type=int, default=200, help="different replies to plant them in (default: 200)")
    parser.add_argument("--seed", type=int, default=0, help="what is drawn follows from it")
    parser.add_argument("--refused", action="store_true", help="also print the honest wordings that did not pass")
    arguments = parser.parse_args()
    start = time.monotonic()
    rng = random.Random(f"polishing {arguments.seed}")
    found = list(replies(arguments.seed, arguments.replies, DATA))
    tally = Tally()
    while tally.planted.total() < arguments.changes:
        more = plant_all(found, rng, arguments.changes - tally.planted.total())
        tally = Tally(
            tally.planted + more.planted,
            tally.accepted + more.accepted,
            len(found),
            more.findings if not tally.findings else tally.findings,
            tally.reworded + more.reworded,
            tally.caught + more.caught,
        )
    _show(tally, time.monotonic() - start, arguments.refused)
    return 1 if tally.accepted else 0


def _show(tally: Tally, seconds: float, refused: bool) -> None:
    accepted = Counter(plant.kind for _, plant in tally.accepted)
    print(f"{'kind of change':32} planted accepted")
    for kind, count in sorted(tally.planted.items()):
        print(f"{kind:32} {count:7,} {accepted[kind]:8,}")
    print(f"{'all':32} {tally.planted.total():7,} {len(tally.accepted):8,}")
    found = ", ".join(f"{count} {finding}" for finding, count in tally.findings.most_common())
    print(f"\nPlanted in the words of {tally.replies} replies ({found}), {tally.reworded:,} of them in a rewording.")
    print("First fault: " + ", ".join(f"{check} {count:,}" for check, count in tally.caught.most_common()) + ".")
    passed, count, left = honest_ones()
    print(f"Honest wordings by hand: {passed} of {count} pass ({passed / count:.0%}). {seconds:.0f} s.")
    for template, plant in tally.accepted[:40]:
        print(f"\nPASSED: {plant.kind}: {plant.what}\n  {template}\n  {plant.text}")
    for wording, why in left if refused else ():
        print(f"\nnot passed: {wording}\n  {why}")


if __name__ == "__main__":
    sys.exit(main())
