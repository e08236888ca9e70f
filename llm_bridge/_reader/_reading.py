"""Everything read so far: rules, probabilities, facts, and where each sentence began."""

from __future__ import annotations

from dataclasses import dataclass, field

from scm import Expr

from ._clause import Clause
from ._combine import Tree, to_expr
from ._names import Names
from ._story import Kind, Rule, Story, Unreadable, negate, quoted

AND_LIST = "Several causes joined by 'and' are read as needed together."


@dataclass(frozen=True, slots=True)
class Place:
    """How much was read when a sentence began."""

    rules: int = 0
    facts: int = 0
    and_list: bool = False


@dataclass(slots=True)
class Reading:
    """Everything read so far, by key."""

    names: Names = field(default_factory=Names)
    story: Story = field(default_factory=Story)
    chances: list[tuple[Clause, str, str]] = field(default_factory=list[tuple[Clause, str, str]])
    conditional: list[tuple[Tree, Clause, str, str]] = field(default_factory=list[tuple[Tree, Clause, str, str]])
    facts: list[tuple[Tree, str]] = field(default_factory=list[tuple[Tree, str]])
    supposed: list[Clause] = field(default_factory=list[Clause])
    pending: tuple[Tree, Tree, str] | None = None
    before: Place = Place()
    start: Place = Place()
    loose: set[tuple[str, ...]] = field(default_factory=set[tuple[str, ...]])
    times: set[str] = field(default_factory=set[str])
    affects: list[tuple[Clause, Clause, str]] = field(default_factory=list[tuple[Clause, Clause, str]])

    def expr(self, tree: Tree) -> Expr:
        """A condition of a rule."""
        return to_expr(tree, self.names.declared)

    def begin(self) -> None:
        """A new sentence begins."""
        place = Place(len(self.story.rules), len(self.facts), AND_LIST in self.story.assumptions)
        self.before, self.start = self.start, place

    def last_rules(self) -> list[Rule]:
        """The rules of the sentence before this one."""
        return self.story.rules[self.before.rules : self.start.rules]

    def last_fact(self) -> Tree | None:
        """The fact that the sentence before this one told, if it told one."""
        told = self.facts[self.before.facts : self.start.facts]
        return told[0][0] if len(told) == 1 else None

    def fact(self, tree: Tree, words: str) -> None:
        """Keep what was so."""
        self.facts.append((tree, words))

    def rule(self, effect: Clause, kind: Kind, cause: Expr, words: str, strength: str | None = None) -> None:
        """Keep a rule, about an effect said positively or as its denial."""
        if not effect.positive:
            kind, cause = _denied(kind, cause, words)
        known = self.names.declared(effect)
        self.story.rules.append(Rule(known.name, kind, cause, words, strength))


def _denied(kind: Kind, cause: Expr, words: str) -> tuple[Kind, Expr]:
    match kind:
        case "enough":
            return "prevents", cause
        case "prevents":
            return "needed", cause
        case "exactly":
            return "exactly", negate(cause)
        case _:
            raise Unreadable(f"What {quoted(words)} denies and needs at once is not clear. Say it with a plain 'if'.")
