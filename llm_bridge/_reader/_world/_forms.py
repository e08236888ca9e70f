"""What the sentences of a statistical word problem say, with their phrases not yet tied to variables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Number: TypeAlias = str | tuple[int, int]
"""A printed number, or counts: how many of how many."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """`causes` act directly on `effects`; names of variables."""

    causes: tuple[str, ...]
    effects: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Chance:
    """The probability of `outcome` (with `other`, of both) among `given`."""

    outcome: str
    given: str | None
    number: Number
    words: str
    joint: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """The chance of `outcome` among `given`, over or less its chance among `against` (or the others), is `number`."""

    outcome: str
    given: str
    against: str | None
    op: Literal["/", "-"]
    number: str
    words: str


@dataclass(frozen=True, slots=True)
class Tie:
    """The correlation of two states, perhaps among `given`."""

    first: str
    second: str
    given: str | None
    number: str
    words: str


@dataclass(frozen=True, slots=True)
class Rule:
    """`causes` bring about `effects`; both still as one phrase."""

    causes: str
    effects: str
    words: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What was observed, as one phrase."""

    what: str
    words: str


@dataclass(frozen=True, slots=True)
class Way:
    """Method `number`: how `cause` goes with `effect`, looked at apart for each value of `by`."""

    number: str
    cause: str | None
    effect: str | None
    by: str | None
    words: str


Kind: TypeAlias = Literal[
    "marginal",
    "correlation",
    "explaining",
    "collider",
    "effect",
    "amount",
    "necessity",
    "sufficiency",
    "necessity and sufficiency",
    "treated",
    "direct",
    "through",
    "total",
    "methods",
    "supposed",
    "chance",
]

ATTRIBUTIONS: frozenset[Kind] = frozenset({"necessity", "sufficiency", "necessity and sufficiency"})
"""Questions of how surely a cause was needed for an effect, is enough for it, or both (Pearl 2009, section 9.2)."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `slots` are the phrases by role; `up` is the direction or polarity asked about."""

    kind: Kind
    slots: dict[str, str]
    up: bool
    words: str


@dataclass(slots=True)
class World:
    """Everything said, in order."""

    arrows: list[Arrow] = field(default_factory=list[Arrow])
    hidden: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    chances: list[Chance] = field(default_factory=list[Chance])
    compared: list[Compared] = field(default_factory=list[Compared])
    opposite: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    ties: list[Tie] = field(default_factory=list[Tie])
    rules: list[Rule] = field(default_factory=list[Rule])
    seen: list[Seen] = field(default_factory=list[Seen])
    ways: list[Way] = field(default_factory=list[Way])
    question: Question | None = None
