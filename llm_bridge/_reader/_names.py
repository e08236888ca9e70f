"""Which clauses of a text speak of the same thing, and what each thing is called.

Inside the reader a variable goes by its key. When all is read, keys become names; a pair of keys that may or may not
mean the same makes the text unreadable, and so does a clause that no rule knows.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

from scm import Const, Expr, Op, Set, Var, World, world

from ._clause import PASSIVE, Clause
from ._lemma import words
from ._story import Fact, Unreadable, quoted

_OPPOSITES = f"""on-off open-closed open-close open-shut open-close{PASSIVE} live-die alive-die wet-dry hot-cold up-
down high-low true-false win-lose pass-fail sick-healthy sick-well full-empty guilty-innocent
locked-open start-stop rise-fall increase-decrease increase-reduce present-absent day-night light-
dark awake-asleep survive-die accept-reject hit-miss arrive-leave lock{PASSIVE}-open lock-unlock
early-late strong-weak good-bad"""
_OPPOSITE = {frozenset(pair.split("-")) for pair in _OPPOSITES.split()}
_ACTIVE = {(word,) for word in ("on", "run", "active", "ring", "sound", "operate", "work")} | {("go", "off")}
_COMMON = words("""have be do of in on at by for with from to up down off out over get go make happen person""")

_LINKS = words("of in on at by for with from to")


@dataclass(slots=True)
class Mention:
    """What is known of one key."""

    clause: Clause
    declared: bool = False
    always_nobody: bool = True


@dataclass(slots=True)
class Names:
    """Every key of a text."""

    mentions: dict[str, Mention] = field(default_factory=dict[str, Mention])

    def fact(self, clause: Clause, *, declare: bool = False) -> Fact:
        """The clause as a fact about its key; `declare` where a rule or a law speaks of it."""
        key = " ".join(clause.key)
        mention = self.mentions.setdefault(key, Mention(clause))
        if None is not clause.plural != mention.clause.plural is not None:
            raise Unreadable(
                f"{quoted(clause.words)} and {quoted(mention.clause.words)} speak of one and of several. Say which."
            )
        better = clause.is_sentence and clause.sure and not mention.clause.is_sentence and len(clause.key) > 1
        if better or (declare and not mention.declared):
            mention.clause = clause
        mention.declared |= declare
        mention.always_nobody &= clause.no_body
        return Fact(key, clause.positive)

    def settle(self) -> dict[str, str]:
        """Nouns that stand for their being active: `the sprinkler` beside `the sprinkler is on`; key -> key."""
        declared = [m.clause for m in self.mentions.values() if m.declared]
        out: dict[str, str] = {}
        for noun in declared:
            fitting = [c for c in declared if c.is_sentence and c.subject == noun.key and not noun.is_sentence]
            if len(fitting) == 1 and fitting[0].key[len(noun.key) :] in _ACTIVE:
                out[" ".join(noun.key)] = " ".join(fitting[0].key)
        return out

    def declared(self, clause: Clause) -> Fact:
        """As `fact`, for clauses of rules."""
        return self.fact(clause, declare=True)

    def known(self, clause: Clause, who: str) -> Fact:
        """A fact about something that a rule mentions.

        Raises:
            Unreadable: no rule does; the message offers the nearest thing.
        """
        mention = self.mentions.get(" ".join(clause.key))
        if mention is None or not mention.declared:
            raise Unreadable(f"{who} {quoted(clause.words)}, but no rule mentions it.{self.nearest(clause)}")
        return self.fact(clause)

    def free(self, clause: Clause) -> bool:
        """Whether a clause shares no word with anything declared, so that it cannot be a misread mention of it."""
        known = {word for m in self.mentions.values() if m.declared for word in m.clause.key} - _COMMON
        words = set(clause.key) - _COMMON
        return not words & known and not any(len(w) > 3 and difflib.get_close_matches(w, known, 1, 0.75) for w in words)

    def nearest(self, clause: Clause) -> str:
        """' Did you mean ...?' for the declared clause that shares most words, or all names."""
        declared = {m.clause.name: set(m.clause.key) for m in self.mentions.values() if m.declared}
        ranked = sorted(declared, key=lambda name: -len(declared[name] & set(clause.key) - _COMMON))
        if ranked and declared[ranked[0]] & set(clause.key) - _COMMON:
            return f" Did you mean {quoted(ranked[0])}? Then use the same words."
        close = difflib.get_close_matches(clause.name, ranked, n=1)
        return (
            f" Did you mean {quoted(close[0])}?"
            if close
            else f" Known: {', '.join(map(quoted, ranked[:8])) or 'nothing'}."
        )

    def check(self, alias: Mapping[str, str]) -> None:
        """Refuse pairs that may or may not speak of the same thing, other than those that `alias` settles.

        Raises:
            Unreadable: naming the pair.
        """
        declared = [m.clause for key, m in self.mentions.items() if m.declared and key not in alias]
        by_word: dict[str, list[Clause]] = {}
        for clause in declared:
            for word in set(clause.key):
                by_word.setdefault(word, []).append(clause)
        for group in by_word.values():
            # Only clauses with a word in common can be confused; a common word of a long text is no evidence.
            for i, one in enumerate(group[:60]):
                for other in group[i + 1 : 60]:
                    _compare(one, other)

    # --- names
    def naming(self, alias: Mapping[str, str]) -> dict[str, tuple[str, bool]]:
        """Key -> (name, whether truth is turned round).

        `nobody is home` keeps its own words where the text never speaks of somebody at home.
        """
        out: dict[str, tuple[str, bool]] = {}
        taken: set[str] = set()
        for key, mention in self.mentions.items():
            name = mention.clause.name
            flip = mention.always_nobody and "somebody" in name
            name = name.replace("somebody", "nobody", 1) if flip else name
            if key in alias:
                continue
            name = name if name not in taken else key
            taken.add(name)
            out[key] = (name, flip)
        return out | {noun: out[key] for noun, key in alias.items()}


def _compare(one: Clause, other: Clause) -> None:
    short, long = sorted((one, other), key=lambda c: (len(c.key), c.is_sentence))
    if _opposite(one.key, other.key):
        reason = "are opposites, but nothing says that exactly one of them holds. Say one of them with 'not'"
    elif _same_but_for_modifiers(short, long):
        reason = "may or may not be the same thing. Use the same words, or names that differ clearly"
    else:
        return
    raise Unreadable(f"{quoted(one.name)} and {quoted(other.name)} {reason}.")


def _opposite(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    if len(one) != len(other):
        return False
    differing = [frozenset(pair) for pair in zip(one, other, strict=True) if pair[0] != pair[1]]
    if len(differing) != 1:
        return False
    a, b = sorted(differing[0], key=len)
    return differing[0] in _OPPOSITE or b in ("un" + a, "in" + a, "dis" + a, "im" + a, "non" + a)


def _same_but_for_modifiers(short: Clause, long: Clause) -> bool:
    if sorted(short.key) == sorted(long.key) and not (short.is_sentence and long.is_sentence):
        return True
    if sorted(short.key) == sorted(long.key) and len(short.subject) != len(long.subject):
        return True
    if len(short.key) == len(long.key):
        return tuple(w.rstrip(PASSIVE) for w in short.key) == tuple(w.rstrip(PASSIVE) for w in long.key)
    if not short.is_sentence and long.is_sentence:
        # "the alarm" beside "the alarm rings", "smoking" beside "John smokes".
        return short.key in (long.subject, long.key[len(long.subject) :]) and short.key != long.key
    if not _subsequence(short.key, long.key):
        return False
    if short.is_sentence and long.is_sentence:
        if not set(long.key) - set(short.key) - _LINKS:
            return True
        tail = short.key[len(short.subject) :]
        rest = long.key[len(long.subject) :]
        return tail == rest[: len(tail)] or (short.subject == long.subject and _subsequence(tail, rest))
    return short.key[-1] == long.key[-1] or (long.key[: len(short.key)] == short.key and len(long.key[-1]) == 1)


def _subsequence(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    rest = iter(long)
    return all(word in rest for word in short)


# ---------------------------------------------------------------------------------------------------------------------
# Keys to names


def rename(expr: Expr, naming: Mapping[str, tuple[str, bool]]) -> Expr:
    """`expr` with names for keys, truth turned round where the name is a denial."""
    match expr:
        case Op("=", (Var(key, there), Const(value))):
            name, flip = naming.get(key, (key, False))
            return Op("=", (Var(name, _rename_world(there, naming)), Const(not value if flip else value)))
        case Var(key, there):
            name, flip = naming.get(key, (key, False))
            renamed = Var(name, _rename_world(there, naming))
            return Op("not", (renamed,)) if flip else renamed
        case Op("not", (Var(key, ()),)) if naming.get(key, (key, False))[1]:
            return Var(naming[key][0])
        case Op(op, args):
            return Op(op, tuple(rename(arg, naming) for arg in args))
        case _:
            return expr


def _rename_world(there: World, naming: Mapping[str, tuple[str, bool]]) -> World:
    out: list[Set] = []
    for item in there:
        match item:
            case Set(target, Const(value)):
                name, flip = naming.get(target, (target, False))
                out.append(Set(name, Const(not value if flip else value)))
            case _:
                raise AssertionError(f"the reader imposes constants only, not {item}")
    return world(*out)
