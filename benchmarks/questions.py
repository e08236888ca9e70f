"""Questions in CounterBench's grammar over invented names, each with the answer that follows from its own rules.

The answer comes from trying every state of the unobserved roots, by code that shares nothing with the engine.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass

Values = dict[str, bool]


@dataclass(frozen=True)
class Rule:
    """`effect` is all (or any) of the literals in `causes`, or the opposite of that."""

    causes: tuple[tuple[str, bool], ...]
    any_is_enough: bool
    effect: str
    positive: bool

    def value(self, values: Mapping[str, bool]) -> bool:
        join = any if self.any_is_enough else all
        return join(values[name] == sign for name, sign in self.causes) == self.positive

    def text(self) -> str:
        causes = (" or " if self.any_is_enough else " and ").join(_literal(*cause) for cause in self.causes)
        together = " together" if len(self.causes) > 1 and not self.any_is_enough else ""
        verb = "cause" if len(self.causes) > 1 else "causes"
        return f"{causes}{together} {verb} {_literal(self.effect, self.positive)}"


def questions(n: int, seed: int) -> str:
    """`n` questions as CounterBench publishes them: one JSON object a line."""
    rng = random.Random(f"questions {seed}")
    lines: list[str] = []
    while len(lines) < n:
        if (entry := _question(rng)) is not None:
            lines.append(json.dumps({**entry, "question_id": len(lines) + 1}))
    return "\n".join(lines) + "\n"


def _question(rng: random.Random) -> dict[str, str] | None:
    """One entry; None where the observation is impossible, or the answer hangs on a root that nobody saw."""
    names = _names(rng, rng.randint(4, 10))
    # Two roots in a row would leave the first without an effect, so that no rule mentions it.
    roots = {names[0], *(name for name in names[2:-1:2] if rng.random() < 0.2)}
    rules = [_rule(rng, names[:place], name) for place, name in enumerate(names) if name not in roots]
    kind = rng.choice(("basic", "conditional", "joint", "nested"))
    seen = {rng.choice(sorted(roots - {names[0]}) or names[1:-1]): rng.random() < 0.7} if kind == "conditional" else {}
    imposed = dict.fromkeys((names[0], rng.choice(names[1:-1])) if kind in ("joint", "nested") else names[:1], False)
    replies = {
        _follow(rules, state | imposed, imposed)[names[-1]]
        for state in _states(sorted(roots))
        if seen.items() <= _follow(rules, state, {}).items()
    }
    if len(replies) != 1:
        return None
    told = [rule.text() for rule in rules]
    given = f"We know that {', '.join(told[:-1])}, and {told[-1]}."
    given += "".join(f" We observed {_literal(*item)}." for item in seen.items())
    return {
        "given_info": given,
        "question": _asked(kind, names, imposed),
        "answer": "yes" if replies.pop() else "no",
        "type": kind,
    }


def _asked(kind: str, names: list[str], imposed: Values) -> str:
    literals = [_literal(*item) for item in imposed.items()]
    if kind == "nested":
        first, second = literals
        return f"Assume {first}, and based on this assumption, further suppose {second}. Would {names[-1]} occur?"
    if kind == "joint":
        return f"Would {names[-1]} occur if {' and '.join(literals)}?"
    return f"Would {names[-1]} occur if {literals[0]} instead of {names[0]}?"


def _rule(rng: random.Random, before: list[str], effect: str) -> Rule:
    # The newest name is always a cause, so that chains are long, as in the published items, and no name is left over.
    others = rng.sample(before[:-1], min(len(before) - 1, rng.choice((0, 1))))
    causes = tuple((name, rng.random() < 0.9) for name in [before[-1], *others])
    return Rule(causes, rng.random() < 0.5, effect, rng.random() < 0.8)


def _follow(rules: list[Rule], values: Values, imposed: Values) -> Values:
    """Every value, from those of the roots; rules come in causal order."""
    values = dict(values)
    for rule in rules:
        values[rule.effect] = imposed[rule.effect] if rule.effect in imposed else rule.value(values)
    return values


def _states(roots: list[str]) -> list[Values]:
    return [dict(zip(roots, states, strict=True)) for states in itertools.product((False, True), repeat=len(roots))]


def _names(rng: random.Random, n: int) -> list[str]:
    names: dict[str, None] = {}
    while len(names) < n:
        names.setdefault((_syllable(rng) + _syllable(rng)).capitalize())
    return list(names)


def _syllable(rng: random.Random) -> str:
    return rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") + rng.choice("klmnrstx")


def _literal(name: str, value: bool) -> str:
    return name if value else f"not {name}"
