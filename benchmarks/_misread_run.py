"""What is asked of whom: every text under every rate, correlation and seed, stage by stage."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from llm_bridge._noisy import Kind, NoisyReader
from llm_bridge._problem import Problem
from llm_bridge._reader import read
from llm_bridge._verdict import Said

from ._misread_stages import TRIES, Bridge, solved

Outcome = Literal["right", "wrong", "abstained"]


@dataclass(frozen=True, slots=True)
class Text:
    """A text to read.

    Attributes:
        suite, id: where it is from.
        cluster: texts of one cluster are alike: the intervals count on it.
        text: the text.
        problem: the right Problem as JSON; empty where the offline reader's is.
    """

    suite: str
    id: str
    cluster: str
    text: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Arm:
    """One setting of the noise.

    Attributes:
        rate: the share of Problems that are misread.
        correlation: how alike two tries are.
        harmful: whether every misreading changes the answer, as far as one can be found that does.
        uncited: whether what is misread cites no words of the text.
    """

    rate: float
    correlation: float
    harmful: bool = False
    uncited: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """What came of one text under one arm and seed.

    Attributes:
        suite, id, cluster: of the text.
        arm: the setting of the noise.
        seed: of the reader.
        determined: whether the right Problem has a reply; where it has none, to abstain is right.
        outcomes: after each stage.
        kind: what was misread at the first try; None where nothing was.
        what: how (or how at a later try, where nothing was at the first), the names replaced by letters.
        habit: whether every try makes the same error.
    """

    suite: str
    id: str
    cluster: str
    arm: Arm
    seed: int
    determined: bool
    outcomes: tuple[Outcome, ...]
    kind: Kind | None = None
    what: str = ""
    habit: bool = False

    @property
    def harmless(self) -> bool:
        """Whether the reply to the misread Problem is that to the right one."""
        return self.outcomes[0] == "right" or (self.outcomes[0] == "abstained" and not self.determined)


def run(texts: Sequence[Text], arms: Sequence[Arm], seeds: int, workers: int) -> tuple[list[Record], list[Text]]:
    """The records of every text that can be read offline, and the texts that cannot."""
    work = partial(records_of, arms=arms, seeds=seeds)
    if workers < 2:
        found = list(map(work, texts))
    else:
        with ProcessPoolExecutor(workers) as pool:
            found = list(pool.map(work, texts, chunksize=4))
    records = [record for those in found for record in those or ()]
    return records, [text for text, those in zip(texts, found, strict=True) if those is None]


def records_of(text: Text, arms: Sequence[Arm], seeds: int) -> list[Record] | None:
    """The records of one text; None where the offline reader cannot read it."""
    problem = Problem.from_json(text.problem) if text.problem else read(text.text)
    if problem.cannot is not None:
        return None
    return asyncio.run(_records(text, problem, arms, seeds))


async def _records(text: Text, problem: Problem, arms: Sequence[Arm], seeds: int) -> list[Record]:
    bridge = Bridge(text.text)

    def changes_the_answer(right: Problem, misread: Problem) -> bool:
        return outcome(solved(misread).reply, solved(right).reply) == "wrong"

    found: list[Record] = []
    for arm in arms:
        only = changes_the_answer if arm.harmful else None
        for seed in range(seeds):
            reader = NoisyReader(
                arm.rate,
                seed=seed,
                correlation=arm.correlation,
                read=lambda _: problem,
                cites=not arm.uncited,
                only=only,
            )
            right = solved(reader.right(text.text)).reply
            outcomes: list[Outcome] = [outcome(said, right) for said in await bridge.said(reader)]
            record = Record(text.suite, text.id, text.cluster, arm, seed, right is not None, tuple(outcomes))
            tries = [reader.misread(text.text, attempt) for attempt in range(TRIES)]
            what = next((lettered(one.what, problem) for one in tries if one is not None), "")
            kind = None if tries[0] is None else tries[0].kind
            habit = kind is not None and reader.habitual(text.text)
            found.append(replace(record, kind=kind, what=what, habit=habit))
    return found


def outcome(said: Said, right: Said) -> Outcome:
    """What a reply is worth: one that differs from the right Problem's is wrong, also where that has none."""
    if said is None:
        return "abstained"
    if isinstance(said, float) and isinstance(right, float):
        return "right" if abs(said - right) <= 1e-9 * max(1.0, abs(right)) else "wrong"
    return "right" if said == right else "wrong"


def lettered(what: str, problem: Problem) -> str:
    """A description with the variables called V1, V2 and so on: no word of the text is in it."""
    names = [(variable.name, f"V{i}") for i, variable in enumerate(problem.variables, 1)]
    for name, letter in sorted(names, key=lambda pair: -len(pair[0])):
        what = re.sub(rf'"{re.escape(name)}"|(?<!\w){re.escape(name)}(?!\w)', letter, what)
    return what
