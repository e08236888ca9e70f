"""What the structure of a text says about its phrases: the graph, and which phrases go together or apart."""

from __future__ import annotations

from dataclasses import dataclass, field

CLEARLY = 0.2
"""By how much the best assignment of phrases to variables must lead."""
NAMED_ONE = 0.35
"""How surely the state named in "the probability of N" is state 1."""


@dataclass(frozen=True)
class Net:
    """The graph of a text: names in order of mention."""

    names: tuple[str, ...]
    parents: dict[str, frozenset[str]]
    hidden: frozenset[str]

    def ancestors(self, name: str) -> frozenset[str]:
        """All causes of `name`, direct or not; a cycle does not trap it."""
        found: set[str] = set()
        stack = list(self.parents[name])
        while stack:
            one = stack.pop()
            if one not in found:
                found.add(one)
                stack.extend(self.parents[one])
        return frozenset(found)


@dataclass(slots=True)
class Evidence:
    """What the structure of a text says about its phrases.

    Attributes:
        phrases: all of them, in order of mention.
        opposite: pairs that are the two states of one variable.
        laws: (conditions, event) of each table; their variables differ.
        rules: (causes, effect); the causes are all the parents.
        acts: (cause, effect) of a question.
        ordered: pairs where the first is state 0.
        ones: phrases that convention takes as state 1, with the weight of the convention.
        selected: phrases for those looked at: state 1, but for what denies or is lesser by its own words.
        unlike: pairs that probably are different states.
        apart: phrases about different variables.
        together: pairs about one variable.
        beside: pairs of what is observed and what is set or asked about; most often not of one variable.
        where: phrases that say among whom.
        sentences: phrases that are sentences.
        asked: cause and effect of a question that names variables.
        lead: by how much the best assignment must lead; nothing for what is the same whichever variable is meant.
        outcomes: phrases whose chance is asked about; most often the end of the graph.
        colliders: (conditions, two phrases) of a question about those with a common effect.
    """

    phrases: list[str] = field(default_factory=list[str])
    opposite: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    laws: list[tuple[tuple[str, ...], str]] = field(default_factory=list[tuple[tuple[str, ...], str]])
    rules: list[tuple[tuple[str, ...], str]] = field(default_factory=list[tuple[tuple[str, ...], str]])
    acts: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    ordered: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    ones: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])
    selected: list[str] = field(default_factory=list[str])
    unlike: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    apart: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    together: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    beside: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    where: set[str] = field(default_factory=set[str])
    sentences: set[str] = field(default_factory=set[str])
    asked: tuple[str, str] | None = None
    lead: float = CLEARLY
    outcomes: list[str] = field(default_factory=list[str])
    colliders: list[tuple[str, tuple[str, str]]] = field(default_factory=list[tuple[str, tuple[str, str]]])

    def add(self, *phrases: str) -> None:
        """Phrases, each once."""
        self.phrases.extend(p for p in phrases if p not in self.phrases)
