"""What calls to a model took: one by one, and together."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self, TypeAlias

from scm import ScmError

Counted: TypeAlias = Literal["endpoint", "size", "most"]
"""Where a number of tokens comes from: the endpoint counted them; it did not say, and they are estimated by the size of
the texts; it is unknown whether and what the endpoint charges, and this is the most it can be."""

REPLY = "reply"
UNFINISHED = "unfinished"
"""What a call came to where it was under way when the process was killed, or given up."""

PERCENTILES = (50, 90, 95, 99, 100)


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, as its owner states it.

    Attributes:
        input, output: of a million tokens.
        currency: of both.
    """

    input: float
    output: float
    currency: str = "USD"

    def __post_init__(self) -> None:
        if not all(math.isfinite(price) and price >= 0 for price in (self.input, self.output)):
            raise ScmError(f"Got the prices {self.input} and {self.output}; wanted two numbers that are 0 or more.")

    def of(self, input_tokens: int, output_tokens: int) -> float:
        """What so many tokens cost."""
        return (self.input * input_tokens + self.output * output_tokens) / 1_000_000


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a model, and what it took.

    Attributes:
        purpose: of the request.
        kind: "reply", the class of the failure, or "unfinished".
        input_tokens, output_tokens: as `counted` says.
        counted: where the tokens come from.
        cost: of the tokens; None where no price was known.
        seconds: from the request to the reply.
    """

    purpose: str
    kind: str
    input_tokens: int
    output_tokens: int
    counted: Counted = "endpoint"
    cost: float | None = None
    seconds: float = 0.0

    @property
    def tokens(self) -> int:
        """In and out."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Share:
    """The calls for one purpose."""

    purpose: str
    calls: int
    tokens: int
    cost: float | None


@dataclass(frozen=True, slots=True)
class Spending:
    """What a run took.

    Attributes:
        calls: requests sent, replied to or not; those under way are not among them.
        replies: how many got a reply.
        failures: the other outcomes, most frequent first.
        input_tokens, output_tokens: of all calls, whoever counted them.
        estimated_tokens: those among them that were estimated by size.
        uncertain_tokens: those among them that may not have been used: the most that calls without an outcome can have.
        cost: of all of them; None without a price.
        uncertain_cost: of the uncertain ones.
        currency: of the costs; empty without a price.
        seconds: that the run has lasted, earlier parts included.
        latency: percentiles of the seconds to a reply, as pairs.
        purposes: the same by purpose, dearest first.
    """

    calls: int
    replies: int
    failures: tuple[tuple[str, int], ...]
    input_tokens: int
    output_tokens: int
    estimated_tokens: int
    uncertain_tokens: int
    cost: float | None
    uncertain_cost: float | None
    currency: str
    seconds: float
    latency: tuple[tuple[int, float], ...]
    purposes: tuple[Share, ...]

    @classmethod
    def of(cls, calls: Sequence[Call], price: Price | None, seconds: float) -> Self:
        """What the calls took together."""
        replied = [call for call in calls if call.kind == REPLY]
        unsure = [call for call in calls if call.counted == "most"]
        purposes = {call.purpose: [one for one in calls if one.purpose == call.purpose] for call in _one_each(calls)}
        shares = (Share(name, len(of), sum(c.tokens for c in of), _cost(of, price)) for name, of in purposes.items())
        return cls(
            calls=len(calls),
            replies=len(replied),
            failures=tuple(Counter(call.kind for call in calls if call.kind != REPLY).most_common()),
            input_tokens=sum(call.input_tokens for call in calls),
            output_tokens=sum(call.output_tokens for call in calls),
            estimated_tokens=sum(call.tokens for call in calls if call.counted == "size"),
            uncertain_tokens=sum(call.tokens for call in unsure),
            cost=_cost(calls, price),
            uncertain_cost=_cost(unsure, price),
            currency=price.currency if price else "",
            seconds=seconds,
            latency=percentiles([call.seconds for call in replied]),
            purposes=tuple(sorted(shares, key=lambda share: (-share.tokens, share.purpose))),
        )

    def data(self) -> dict[str, Any]:
        """As JSON data."""
        found = asdict(self)
        return found | {
            "failures": dict(self.failures),
            "latency": {f"p{share}": round(seconds, 4) for share, seconds in self.latency},
            "purposes": list(found["purposes"]),
        }

    def to_json(self) -> str:
        """As a JSON document."""
        return json.dumps(self.data(), indent=2, ensure_ascii=False)

    def text(self) -> str:
        """In a few lines for people."""
        lines = [f"{self.calls:,} calls, {self.replies:,} replies, {self.seconds:,.1f} s"]
        if self.failures:
            lines.append("without a reply: " + ", ".join(f"{kind} {count:,}" for kind, count in self.failures))
        lines.append(f"{self.input_tokens:,} tokens in, {self.output_tokens:,} out" + self._doubts())
        if self.cost is not None:
            unsure = f", of which {self.uncertain_cost:,.4f} may not be charged" if self.uncertain_cost else ""
            lines.append(f"cost {self.cost:,.4f} {self.currency}{unsure}")
        if self.latency:
            lines.append("seconds to a reply: " + ", ".join(f"{_named(share)} {s:.3f}" for share, s in self.latency))
        if len(self.purposes) > 1:
            lines += [f"  {share.purpose}: {share.calls:,} calls, {share.tokens:,} tokens" for share in self.purposes]
        return "\n".join(lines)

    def _doubts(self) -> str:
        doubts: list[str] = []
        if self.estimated_tokens:
            doubts.append(f"{self.estimated_tokens:,} estimated by size, since the endpoint does not count them")
        if self.uncertain_tokens:
            doubts.append(
                f"{self.uncertain_tokens:,} perhaps never used: the most that calls without an outcome can have"
            )
        return f" ({'; '.join(doubts)})" if doubts else ""


def percentiles(seconds: Iterable[float]) -> tuple[tuple[int, float], ...]:
    """The smallest value that each share of all values does not exceed (nearest rank); none of nothing."""
    ordered = sorted(seconds)
    if not ordered:
        return ()
    return tuple((share, ordered[math.ceil(share / 100 * len(ordered)) - 1]) for share in PERCENTILES)


def cost_of(call: Call, price: Price | None) -> float | None:
    """What a call cost when it was made or, where no price was known then, what it costs now."""
    if call.cost is not None or price is None:
        return call.cost
    return price.of(call.input_tokens, call.output_tokens)


def _cost(calls: Iterable[Call], price: Price | None) -> float | None:
    costs = [cost_of(call, price) for call in calls]
    return None if price is None else math.fsum(cost or 0.0 for cost in costs)


def _one_each(calls: Iterable[Call]) -> Iterable[Call]:
    return {call.purpose: call for call in calls}.values()


def _named(share: int) -> str:
    return "longest" if share == 100 else "median" if share == 50 else f"p{share}"
