"""What has been read, before it becomes a Problem: rules, what was seen, what is asked; and the one way to join them.

Rules for one effect join as follows, and each choice that the text leaves open is listed as an assumption. Rules that
say what is *enough* join with `or`; what is *needed* joins with `and`; what *prevents* wins over what is enough. Where
nothing is enough by itself, the effect happens unless it is prevented. A rule that works only with some probability
works through a hidden variable of that probability, so several such causes make a noisy-or.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from scm import Const, Expr, Op, Probability, Set, Var, conjunction, world

from .._problem import Edge, Equation, Problem, ProblemQuery, ProblemVariable, Reply, Statement

CLOSURE = "What is not said to cause something does not cause it."

Kind: TypeAlias = Literal["enough", "prevents", "needed", "exactly"]


class Unreadable(Exception):
    """The text, or a part of it, cannot be read; the message is fit for a user."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing said about what brings `effect` about or prevents it. `strength` is a probability as printed."""

    effect: str
    kind: Kind
    cause: Expr
    words: str
    strength: str | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """`name` is true, or false."""

    name: str
    value: bool

    def event(self) -> Expr:
        """As an event in the world as it is."""
        return Op("=", (Var(self.name), Const(self.value)))


@dataclass(slots=True)
class Story:
    """Everything read so far."""

    variables: dict[str, ProblemVariable] = field(default_factory=dict[str, ProblemVariable])
    rules: list[Rule] = field(default_factory=list[Rule])
    edges: list[Edge] = field(default_factory=list[Edge])
    statements: list[Statement] = field(default_factory=list[Statement])
    seen: list[Expr] = field(default_factory=list[Expr])
    assumptions: dict[str, None] = field(default_factory=dict[str, None])

    def assume(self, text: str) -> None:
        """List an assumption, once."""
        self.assumptions.setdefault(text)

    def declare(self, name: str, words: str = "") -> None:
        """Declare a true-or-false variable, unless it is declared already."""
        if name not in self.variables:
            self.variables[name] = ProblemVariable(name=name, words=words)

    def problem(self, queries: Sequence[ProblemQuery], reply: Reply) -> Problem:
        """The Problem of this story."""
        equations = join_rules(self)
        if equations:
            self.assumptions = {CLOSURE: None, **self.assumptions}
        return Problem(
            variables=tuple(self.variables.values()),
            edges=tuple(self.edges),
            equations=tuple(equations),
            statements=tuple(self.statements),
            queries=tuple(queries),
            reply=reply,
            assumptions=tuple(self.assumptions),
        )


def cannot(reason: str) -> Problem:
    """The Problem that says why there is none."""
    return Problem(cannot=reason)


def negate(expr: Expr) -> Expr:
    """The opposite of `expr`, without stacking negations."""
    return expr.args[0] if isinstance(expr, Op) and expr.op == "not" else Op("not", (expr,))


def disjunction(parts: Sequence[Expr]) -> Expr:
    """Any of `parts`; one part is itself."""
    return parts[0] if len(parts) == 1 else Op("or", tuple(parts))


def ask_whether(
    event: Sequence[Fact] | Fact, imposed: Iterable[Fact], seen: Sequence[Expr], given: Sequence[Expr] = ()
) -> Probability:
    """`P(event, in the world where what is imposed holds | what was seen)`."""
    there = world(*(Set(item.name, Const(item.value)) for item in imposed))
    asked = [event] if isinstance(event, Fact) else event
    parts = tuple(Op("=", (Var(item.name, there), Const(item.value))) for item in asked)
    conditions = tuple(dict.fromkeys((*seen, *given)))
    return Probability(conjunction(*parts), conjunction(*conditions) if conditions else None)


def join_rules(story: Story) -> list[Equation]:
    """One equation for each effect, in order of mention; hidden variables and their statements are added to `story`."""
    by_effect: dict[str, list[Rule]] = {}
    for rule in story.rules:
        by_effect.setdefault(rule.effect, []).append(rule)
    return [_equation(effect, list(dict.fromkeys(rules)), story) for effect, rules in by_effect.items()]


def _equation(effect: str, rules: list[Rule], story: Story) -> Equation:
    kinds: dict[Kind, list[Expr]] = {"enough": [], "prevents": [], "needed": [], "exactly": []}
    for rule in rules:
        cause = _with_chance(rule, story)
        if cause not in kinds[rule.kind]:
            kinds[rule.kind].append(cause)
    if kinds["exactly"] and sum(map(len, kinds.values())) > 1:
        raise Unreadable(
            f"One rule says exactly when {quoted(effect)} happens, and another rule adds to it: "
            f"{' / '.join(quoted(rule.words) for rule in rules)}. Keep one, or drop the 'only if'."
        )
    _list_choices(effect, kinds, story)
    sufficient = [disjunction(kinds["exactly"] or kinds["enough"])] if kinds["exactly"] or kinds["enough"] else []
    parts = [*sufficient, *kinds["needed"], *(negate(cause) for cause in kinds["prevents"])]
    words = " ".join(dict.fromkeys(rule.words for rule in rules))
    return Equation(variable=effect, expression=conjunction(*dict.fromkeys(parts)), words=words)


def _list_choices(effect: str, kinds: dict[Kind, list[Expr]], story: Story) -> None:
    if len(kinds["enough"]) > 1:
        story.assume(
            f"There are {len(kinds['enough'])} rules that bring about {quoted(effect)}: each is enough by itself."
        )
    if kinds["prevents"] and (kinds["enough"] or kinds["needed"]):
        story.assume(f"What prevents {quoted(effect)} wins over what brings it about.")
    elif kinds["prevents"]:
        story.assume(f"{quoted(effect)} happens whenever nothing that is said prevents it.")
    if kinds["needed"] and not kinds["enough"]:
        story.assume(f"What {quoted(effect)} is said to need is also enough for it.")


def _with_chance(rule: Rule, story: Story) -> Expr:
    """The cause; with a strength, the cause and a hidden variable that lets it take effect."""
    if rule.strength is None:
        return rule.cause
    from_what = " and ".join(dict.fromkeys(node.name for node in _names(rule.cause)))
    acts = "prevents" if rule.kind == "prevents" else "takes effect on"
    name = f"{from_what} {acts} {rule.effect}"[:190]
    while name in story.variables:
        name += " again"
    story.variables[name] = ProblemVariable(name=name, observed=False, words=rule.words)
    term = Probability(Op("=", (Var(name), Const(True))))
    story.statements.append(Statement(term=term, value=rule.strength, words=rule.words))
    story.assume("Whether a cause that works with some probability takes effect is settled independently of all else.")
    return conjunction(rule.cause, Var(name))


def _names(expr: Expr) -> list[Var]:
    if isinstance(expr, Var):
        return [expr]
    return [name for arg in expr.args for name in _names(arg)] if isinstance(expr, Op) else []


def quoted(words: str, most: int = 80) -> str:
    """Words of the text for a message; marks inside them cannot end the quotation."""
    flat = " ".join(words.split()).replace('"', "'")
    return f'"{flat if len(flat) <= most else flat[:most] + "..."}"'
