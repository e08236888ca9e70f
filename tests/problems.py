"""Random Problems with the means to say them otherwise: other names, another order, other formulas with one meaning.

A `Plan` is the Problem in the abstract. `truth` works out its rules by plain Python, without the engine.
"""

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from llm_bridge import Problem

Formula = tuple[Any, ...]
"""("var", i), ("not", f), ("and" | "or", f, g): truth over the variables by number."""

PLAIN = ("rain", "sprinkler", "wet road", "accident", "late", "fuse", "lamp", "alarm")
OTHER = ("thunder", "pump running", "ship", "cable", "gate", "the ox", "moss", "violin")
"""No word in common with `PLAIN`."""
ODD = ('say "hi"', "a \\ b", '" is true and "b', "größe", "not", "x\ty", "  two", "P(Y=1 | X)")


@dataclass(frozen=True)
class Plan:
    """A Problem in the abstract.

    Attributes:
        rules: for each variable but the roots, its formula over earlier ones.
        size: how many variables there are.
        laws: for some roots, the stated probability.
        event: what is asked about, a variable and its state.
        imposed: what is set, if anything.
        seen: what was observed, if anything.
    """

    size: int
    rules: Mapping[int, Formula]
    laws: Mapping[int, str]
    event: tuple[int, bool]
    imposed: tuple[tuple[int, bool], ...] = ()
    seen: tuple[tuple[int, bool], ...] = ()
    hidden: tuple[int, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def problem(self, names: Sequence[str] = PLAIN, order: Sequence[int] | None = None) -> Problem:
        """This plan with the variables so named, declared in this order."""
        quoted = [name.replace("\\", "\\\\").replace('"', '\\"') for name in names]

        def event(pairs: Sequence[tuple[int, bool]], world: str = "") -> str:
            return ", ".join(f'"{quoted[i]}"{world} = {value}' for i, value in pairs)

        world = f"[{event(self.imposed)}]" if self.imposed else ""
        given = f" | {event(self.seen)}" if self.seen else ""
        data = {
            "variables": [{"name": names[i], "observed": i not in self.hidden} for i in order or range(self.size)],
            "equations": [
                {"variable": names[i], "expression": _text(self.rules[i], quoted)}
                for i in (order or range(self.size))
                if i in self.rules
            ],
            "statements": [{"term": f"P({event([(i, True)])})", "value": value} for i, value in self.laws.items()],
            "queries": [{"query": f"P({event([self.event], world)}{given})"}],
            "reply": {"kind": "yes-no"},
            **self.extra,
        }
        return Problem.from_data(data)

    def truth(self) -> dict[int, tuple[frozenset[int], frozenset[frozenset[int]]]]:
        """Of each rule, the causes that matter, and the sets of them that make it true when the others are false."""
        return {i: _effective(rule) for i, rule in self.rules.items()}


def _text(formula: Formula, names: Sequence[str]) -> str:
    match formula:
        case ("var", i):
            return f'"{names[i]}"'
        case ("not", part):
            return f"not ({_text(part, names)})"
        case (op, left, right):
            return f"({_text(left, names)}) {op} ({_text(right, names)})"
    raise AssertionError(formula)


def holds(formula: Formula, true: frozenset[int]) -> bool:
    """Whether a formula is true where exactly the variables `true` are."""
    match formula:
        case ("var", i):
            return i in true
        case ("not", part):
            return not holds(part, true)
        case ("and", left, right):
            return holds(left, true) and holds(right, true)
        case ("or", left, right):
            return holds(left, true) or holds(right, true)
    raise AssertionError(formula)


def variables_of(formula: Formula) -> frozenset[int]:
    """The variables of a formula."""
    if formula[0] == "var":
        return frozenset({formula[1]})
    return frozenset().union(*(variables_of(part) for part in formula[1:]))


def _effective(formula: Formula) -> tuple[frozenset[int], frozenset[frozenset[int]]]:
    names = sorted(variables_of(formula))
    settings = [frozenset(c) for k in range(len(names) + 1) for c in itertools.combinations(names, k)]
    makes = {s for s in settings if holds(formula, s)}
    matter = frozenset(i for i in names if any(((s ^ {i}) in makes) != (s in makes) for s in settings))
    return matter, frozenset(s & matter for s in makes)


def random_plan(rng: random.Random) -> Plan:
    """Rules over two or three roots, with some laws, and a question of any rung."""
    roots, size = rng.choice((2, 3)), rng.choice((4, 5, 6))
    rules = {i: _formula(rng, i) for i in range(roots, size)}
    laws = {i: f"{rng.randrange(5, 96)}%" for i in range(roots) if rng.random() < 0.6}
    effect = size - 1
    below = sorted(variables_of(rules[effect]))
    cause = rng.choice(below)
    imposed = ((cause, rng.random() < 0.5),) if rng.random() < 0.7 else ()
    others = [i for i in range(size) if i != effect]
    seen = ((rng.choice(others), rng.random() < 0.5),) if rng.random() < 0.6 else ()
    return Plan(size, rules, laws, (effect, rng.random() < 0.5), imposed, seen)


def _formula(rng: random.Random, before: int) -> Formula:
    count = min(before, rng.choice((1, 2, 2, 3)))
    parts: list[Formula] = [("var", i) for i in rng.sample(range(before), count)]
    parts = [("not", part) if rng.random() < 0.3 else part for part in parts]
    while len(parts) > 1:
        left, right = parts.pop(), parts.pop()
        parts.append((rng.choice(("and", "or")), left, right))
    return parts[0]


def said_otherwise(rng: random.Random, formula: Formula) -> Formula:
    """Another formula of the same meaning."""
    match formula:
        case (("and" | "or") as op, left, right):
            left, right = said_otherwise(rng, left), said_otherwise(rng, right)
            if rng.random() < 0.5:
                dual = "or" if op == "and" else "and"
                return ("not", (dual, ("not", left), ("not", right)))
            return (op, right, left)
        case _:
            doubled: Formula = ("not", ("not", formula))
            return rng.choice((doubled, ("or", formula, formula), ("and", formula, doubled)))


def corrupted(rng: random.Random, plan: Plan) -> Plan:
    """The plan with one thing changed: a rule, a law, or what is asked."""
    kind = rng.choice(("deny", "swap", "drop", "law", "event", "impose", "see", "rung"))
    rules, i = dict(plan.rules), rng.choice(sorted(plan.rules))
    match kind:
        case "deny":
            rules[i] = ("not", rules[i])
        case "swap":
            rules[i] = _map(rules[i], lambda op: {"and": "or", "or": "and"}.get(op, op))
        case "drop" if rules[i][0] in ("and", "or"):
            rules[i] = rules[i][1]
        case "law" if plan.laws:
            root = rng.choice(sorted(plan.laws))
            return replace(plan, laws={**plan.laws, root: f"{(int(plan.laws[root][:-1]) + 30) % 90 + 5}%"})
        case "event":
            return replace(plan, event=(plan.event[0], not plan.event[1]))
        case "impose" if plan.imposed:
            return replace(plan, imposed=tuple((name, not value) for name, value in plan.imposed))
        case "see" if plan.seen:
            return replace(plan, seen=())
        case "rung" if plan.imposed and not plan.seen:
            return replace(plan, imposed=(), seen=plan.imposed)
        case _:
            rules[i] = ("not", rules[i])
    return replace(plan, rules=rules)


def _map(formula: Formula, change: Callable[[str], str]) -> Formula:
    if formula[0] == "var":
        return formula
    return (change(formula[0]), *(_map(part, change) for part in formula[1:]))
