"""What a run through a language model took, and where it gave up: the part of the scores that only such a run has."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ._records import Record

PERCENTILES = (50, 90, 99)


@dataclass(frozen=True, slots=True)
class PathScore:
    """The counts for one distance from cause to effect."""

    n: int
    correct: int
    accuracy: float


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """How a language model was asked, and what that took.

    Attributes:
        method, model, settings: as the records have them.
        items: all items of the suite files; `not_asked` of them a budget left over.
        calls: replies that were wanted of the model; `cached` of them came from the cache.
        calls_per_item: calls / items asked about.
        tries: requests sent.
        tokens_in, tokens_out: all tokens, as the endpoint counted them; None where it never said.
        cost: what they cost; None where no price is known.
        latency: seconds from the first request about an item to its answer, waiting included, by percentile; of items
            that got a reply and were not answered from the cache alone.
        abstained_by_stage: where the bridge gave up.
        by_path_length: the scores by the edges from cause to effect, where the suite says them; of items with a reply.
    """

    method: str
    model: str
    settings: str
    items: int
    not_asked: int
    calls: int
    cached: int
    calls_per_item: float
    tries: int
    tokens_in: int | None
    tokens_out: int | None
    cost: float | None
    latency: Mapping[str, float]
    abstained_by_stage: Mapping[str, int]
    by_path_length: Mapping[int, PathScore]

    def lines(self) -> Iterator[str]:
        """These figures in words."""
        if self.not_asked:
            yield (
                f"{self.not_asked:,} of {self.items:,} items were not asked: the budget is used up. "
                "The same command with a larger one goes on."
            )
        spent = [f"{self.calls:,} calls ({self.calls_per_item:.2f} an item, {self.cached:,} from the cache)"]
        spent.append(f"{self.tries:,} requests")
        if self.tokens_in is not None or self.tokens_out is not None:
            spent.append(f"{self.tokens_in or 0:,} tokens in, {self.tokens_out or 0:,} out")
        spent.append(f"cost {self.cost:.6g}" if self.cost is not None else "cost not known (--price IN,OUT)")
        yield f"Through {self.model or 'the model'}, method {self.method}: {'; '.join(spent)}"
        if self.latency:
            told = ", ".join(f"{name} {seconds:.3g} s" for name, seconds in self.latency.items())
            yield f"From the first request to the answer: {told}"
        if self.abstained_by_stage:
            told = ", ".join(f"{count} {stage}" for stage, count in self.abstained_by_stage.items())
            yield f"The bridge gave up at: {told}"

    def path_lines(self) -> Iterator[str]:
        """The scores by distance."""
        for far, score in self.by_path_length.items():
            name = f"{far} {'edge' if far == 1 else 'edges'} from cause to effect"
            yield f"  {name}  {score.correct:>5} of {score.n:>5}  {score.accuracy:>6.1%}"


def model_summary(records: Sequence[Record], items: int) -> ModelSummary:
    """The figures of `records`, of which there is at least one; `items` of them there could be."""
    first = records[0]
    calls = sum(r.calls for r in records)
    replied = [r for r in records if not r.failure]
    stages = Counter(r.stage for r in replied if r.stage)
    return ModelSummary(
        method=first.method,
        model=first.model,
        settings=first.settings,
        items=items,
        not_asked=items - len(records),
        calls=calls,
        cached=sum(r.cached for r in records),
        calls_per_item=calls / len(records),
        tries=sum(r.tries for r in records),
        tokens_in=_total([r.tokens_in for r in records]),
        tokens_out=_total([r.tokens_out for r in records]),
        cost=_cost([r.cost for r in records]),
        latency=_latency(sorted(r.seconds for r in replied if r.tries)),
        abstained_by_stage=dict(stages.most_common()),
        by_path_length=dict(_by_path(replied)),
    )


def _total(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _cost(costs: Sequence[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return math.fsum(known) if known else None


def _latency(seconds: Sequence[float]) -> dict[str, float]:
    """Percentiles by the nearest rank, of sorted values."""
    if not seconds:
        return {}
    return {f"p{p}": seconds[max(0, math.ceil(p / 100 * len(seconds)) - 1)] for p in PERCENTILES}


def _by_path(records: Sequence[Record]) -> Iterator[tuple[int, PathScore]]:
    lengths = sorted({r.path for r in records if r.path is not None})
    for far in lengths:
        right = [r.correct for r in records if r.path == far]
        yield far, PathScore(len(right), sum(right), sum(right) / len(right))
