"""Words that are each other's denial: "the light is off" is "the light is not on", and is listed as read so.

Only true complements are in the table: exactly one of the two holds of anything they can be said of. "The window
opens" and "the window closes" are events, not complements; "hot" and "cold" leave a middle. Where both sides of a pair
have rules of their own, nothing is done here, and the text is refused for its opposites.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ._clause import PASSIVE, Clause
from ._combine import Group, Tree
from ._lemma import lemma
from ._names import Mention, rename
from ._questions import Question
from ._reading import Reading
from ._story import Rule, quoted

_TABLE = """on/off|open/closed shut|alive survive live/dead|present/absent|awake/asleep|true/false|inside/outside
indoors/outdoors|wet/dry|locked/unlocked|connected/disconnected|valid/invalid|legal/illegal|active/inactive"""
_PARTICIPLES = frozenset({"closed", "shut", "locked", "unlocked", "connected", "disconnected"})
_VAGUE = frozenset({"somebody", "nobody", "everybody", "everyone", "one", "something", "everything"})
_INDEFINITE = frozenset({"a", "an", "some", "any"})
_EMPTY = ""
"""The word of "the teacher is present", which is read as "the teacher"."""


def _entry(word: str) -> str:
    return "" if word == "present" else lemma(word) + (PASSIVE if word in _PARTICIPLES else "")


_SIDES = {
    _entry(word): (number, side == 0)
    for number, pair in enumerate(_TABLE.replace("\n", "|").split("|"))
    for side, words in enumerate(pair.split("/"))
    for word in words.split()
}

_Place = tuple[tuple[str, ...], int]


def _readings(key: tuple[str, ...]) -> list[tuple[_Place, bool]]:
    """What a key says of which pair: of what, which pair, which side."""
    found: list[tuple[_Place, bool]] = []
    if key[:-1] and key[-1] in _SIDES:
        number, side = _SIDES[key[-1]]
        found.append(((key[:-1], number), side))
    number, side = _SIDES[_EMPTY]
    return [*found, ((key, number), side)]


def link(reading: Reading, question: Question) -> None:
    """Say everything about one side of each pair of complements that the text uses."""
    turns = _Turns(reading)
    reading.story.rules = [_turned_rule(rule, turns) for rule in reading.story.rules]
    reading.conditional = [(turns.tree(tree), effect, p, words) for tree, effect, p, words in reading.conditional]
    reading.facts = [(turns.tree(tree), words) for tree, words in reading.facts]
    reading.supposed = [turns.clause(item) for item in reading.supposed]
    reading.affects = [(turns.clause(cause), effect, words) for cause, effect, words in reading.affects]
    question.event = turns.tree(question.event)
    question.given = [turns.tree(tree) for tree in question.given]
    question.imposed = [turns.clause(item) for item in question.imposed]


def _turned_rule(rule: Rule, turns: _Turns) -> Rule:
    return Rule(rule.effect, rule.kind, rename(rule.cause, turns.naming), rule.words, rule.strength)


class _Turns:
    """Which key stands for which, and whether truth is turned round."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.mentions = reading.names.mentions
        self.base: dict[_Place, tuple[Clause, bool]] = {}
        self.naming: dict[str, tuple[str, bool]] = {}
        owners = _owners(reading)
        pairs: dict[_Place, list[tuple[str, Mention, bool]]] = {}
        for key, mention in self.mentions.items():
            for place, side in _readings(mention.clause.key) if mention.declared else ():
                if _definite(mention.clause) and _is_state(mention.clause, place):
                    pairs.setdefault(place, []).append((key, mention, side))
        for place, members in pairs.items():
            own = [member for member in members if member[0] in owners]
            if len(own) < 2:
                self.choose(place, own[0] if own else members[0], members)

    def choose(self, place: _Place, base: tuple[str, Mention, bool], members: list[tuple[str, Mention, bool]]) -> None:
        """Let `base` stand for all `members` of a pair."""
        key, mention, side = base
        self.base[place] = (mention.clause, side)
        for other, its, its_side in members:
            if other != key:
                self.note(its.clause, mention.clause, its_side != side)
                self.naming[other] = (key, its_side != side)
                del self.mentions[other]

    def note(self, said: Clause, base: Clause, flipped: bool) -> None:
        """List how `said` is read."""
        self.reading.story.assume(f"{quoted(said.name)} is read as {'not ' * flipped}{quoted(base.name)}.")

    def clause(self, said: Clause) -> Clause:
        """`said`, about the side of its pair that stands for both."""
        mention = self.mentions.get(" ".join(said.key))
        if (mention is not None and mention.declared) or not _definite(said):
            return said
        for place, side in _readings(said.key):
            base, its_side = self.base.get(place, (None, True))
            one_of_several = base is not None and None is not base.plural != said.plural is not None
            if base is not None and not one_of_several:
                self.note(said, base, side != its_side)
                return replace(base, positive=said.positive == (side == its_side), words=said.words, no_body=False)
        return self.done_or_happened(said)

    def done_or_happened(self, said: Clause) -> Clause:
        """`the vault was opened` where the text only said what it takes `to open the vault`."""
        key = tuple(word.rstrip(PASSIVE) for word in said.key)
        mention = self.mentions.get(" ".join(key))
        if key == said.key or mention is None or key not in self.reading.loose:
            return said
        self.note(said, mention.clause, False)
        return replace(mention.clause, positive=said.positive, words=said.words)

    def tree(self, tree: Tree) -> Tree:
        """`tree`, clause by clause."""
        return _mapped(tree, self.clause)


def _mapped(tree: Tree, change: Callable[[Clause], Clause]) -> Tree:
    if isinstance(tree, Clause):
        return change(tree)
    return Group(tree.joint, tuple(_mapped(part, change) for part in tree.parts))


def _owners(reading: Reading) -> set[str]:
    """Keys that the text says something about: what brings them about, or how likely they are."""
    said = [clause for _, clause, _, _ in reading.conditional]
    said += [clause for clause, _, _ in reading.chances]
    said += [effect for _, effect, _ in reading.affects]
    return {rule.effect for rule in reading.story.rules} | {" ".join(clause.key) for clause in said}


def _definite(said: Clause) -> bool:
    first = said.words.split()[0].lower() if said.words.split() else ""
    return first not in _INDEFINITE and not _VAGUE & set(said.key)


def _is_state(said: Clause, place: _Place) -> bool:
    """Whether the clause says one word of its subject; "the teacher is present" is kept as its subject alone."""
    return said.subject == place[0] if said.key != place[0] else " present" in f" {said.words.lower()}"
