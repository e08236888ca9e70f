"""Clauses joined by "and", "or", "neither ... nor": one tree, with what the parts share given to each of them.

"Rifleman A and rifleman B shoot" is two clauses with one verb; "the captain nods and leaves" two with one subject;
"the road is wet and slippery" two with one subject and one "is". A list that mixes "and" with "or" is read only where a
comma or "either" says what belongs together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from scm import Expr, Op, Var, conjunction

from ._clause import Clause, clause, guess_verb, is_determiner, opposite, verb_at
from ._lemma import AUXILIARIES, BE, is_past, is_plural, lemma, third_person
from ._scope import MOST_OF, choices, denied_parts, filled, number_of
from ._story import Fact, Unreadable, disjunction, quoted

Joint: TypeAlias = Literal["and", "or"]


@dataclass(frozen=True, slots=True)
class Group:
    """Several parts that all hold ("and"), or of which at least one holds ("or")."""

    joint: Joint
    parts: tuple[Tree, ...]


Tree: TypeAlias = Clause | Group

_JOINTS: dict[str, Joint] = {"and": "and", "or": "or", "but": "and", "yet": "and", "nor": "and"}
_JOINT = re.compile(r"(?:^| )(?:, )?(and|or|but|yet|nor)(?: also| then)? | , ", re.IGNORECASE)

_EACH = re.compile(r"^(?P<who>(?!both\b)[^,]+? and [^,]+?) (?:both|each) (?P<what>(?!of\b).+)$", re.IGNORECASE)


def combine(phrase: str, *, bare: bool = False, noun: bool = False) -> Tree:
    """The tree of `phrase`.

    Args:
        phrase: one clause or several, joined.
        bare: verbs may lack their ending, as behind "would" and "makes".
        noun: events are named rather than told, as before "causes", so a joined list gives no plural verb.

    Raises:
        Unreadable: a part is no clause, or the text leaves open what belongs together.
    """
    phrase = phrase.strip(" ,")
    low = phrase.lower()
    if match := re.match(r"neither (.+) nor (.+)", phrase, re.IGNORECASE):
        return _deny(_list([match[1], match[2]], "and", phrase, bare=bare, noun=noun))
    if (some := number_of(phrase)) is not None:
        return _some_of(*some, phrase, bare=bare, noun=noun)
    if match := _EACH.match(phrase):
        return _same(combine(f"{match['who']} {match['what']}", bare=bare, noun=noun), "and", phrase)
    if low.startswith("both "):
        return _same(combine(phrase[5:], bare=bare, noun=noun), "and", phrase)
    if low.startswith("either ") and " , and " not in low:
        return _either(phrase[7:], phrase, bare=bare, noun=noun)
    return _level(phrase, bare=bare, noun=noun)


def _either(rest: str, phrase: str, *, bare: bool, noun: bool) -> Tree:
    """`either A or B`; what stands on each side of "or" belongs together."""
    sides = re.split(r" (?:, )?or ", rest, flags=re.IGNORECASE)
    if len(sides) < 2:
        raise Unreadable(f"'either' without 'or' in {quoted(phrase)}.")
    if re.search(r"(?<!^) and ", sides[-1]) and not sides[-1].lower().startswith("both "):
        raise Unreadable(_open_scope(phrase))
    return _list(sides, "or", phrase, bare=bare, noun=noun)


def _level(phrase: str, *, bare: bool, noun: bool) -> Tree:
    """Split at the loosest joint: one kind only, or the kind that commas set off."""
    kinds: set[Joint] = {_JOINTS[m[1].lower()] for m in _JOINT.finditer(phrase) if m[1]}
    if len(kinds) == 2:
        return _mixed(phrase, bare=bare, noun=noun)
    parts = [part for part in _JOINT.sub("\n", phrase).split("\n") if part.strip()]
    joints = [m[1] for m in _JOINT.finditer(phrase)]
    if joints and joints[-1] is None:
        raise Unreadable(f"How do the parts of {quoted(phrase)} belong together? Join the last two by 'and' or 'or'.")
    if not kinds:
        return _leaf(phrase, bare=bare)
    return _list(parts, kinds.pop(), phrase, bare=bare, noun=noun)


def _mixed(phrase: str, *, bare: bool, noun: bool) -> Tree:
    for joint in ("and", "or"):
        other = "or" if joint == "and" else "and"
        sides = re.split(rf" , {joint} ", phrase, flags=re.IGNORECASE)
        if len(sides) > 1 and not re.search(rf" , {other} ", phrase, re.IGNORECASE):
            inner = [combine(side, bare=bare, noun=noun) for side in sides]
            if all(isinstance(tree, Clause) or tree.joint != joint for tree in inner):
                return Group(joint, tuple(inner))
    raise Unreadable(_open_scope(phrase))


def _open_scope(phrase: str) -> str:
    return (
        f"Both 'and' and 'or' in {quoted(phrase)}: what belongs together? Set one side off by a comma, or use two "
        "sentences."
    )


def _leaf(phrase: str, *, bare: bool) -> Clause:
    return clause(phrase.strip(), bare=bare)


def _list(parts: list[str], joint: Joint, phrase: str, *, bare: bool, noun: bool) -> Tree:
    """Parts of one kind; each gets the words it shares with the others."""
    shared = _share([part.strip(" ,") for part in parts], joint, phrase, bare=bare, noun=noun)
    trees: list[Tree] = [combine(part, bare=bare, noun=noun) for part in shared]
    for i in denied_parts(parts, joint, phrase):
        joint = "and"
        trees[i] = _denial(trees[i], phrase)
    return Group(joint, tuple(trees)) if len(trees) > 1 else trees[0]


def _denial(tree: Tree, phrase: str) -> Clause:
    if not isinstance(tree, Clause):
        raise Unreadable(_open_scope(phrase))
    return opposite(tree) if tree.positive else tree


def _some_of(listed: str, number: int | None, exactly: bool, phrase: str, *, bare: bool, noun: bool) -> Tree:
    """`at least two of A, B and C vote` and its kin, as the cases that make it true."""
    parts = _plain_list(listed, phrase, bare=bare, noun=noun)
    number = len(parts) // 2 + 1 if number is None else len(parts) if number < 0 else number
    if number == 0:
        return Group("and", tuple(opposite(part) for part in parts))
    if number > len(parts):
        raise Unreadable(f"{quoted(phrase)} asks for {number} of {len(parts)}. Correct one of the numbers.")
    cases: list[Tree] = []
    for holding, lacking in choices(len(parts), number, exactly=exactly):
        case = [parts[i] for i in holding] + [opposite(parts[i]) for i in lacking]
        cases.append(Group("and", tuple(case)) if len(case) > 1 else case[0])
    return Group("or", tuple(cases)) if len(cases) > 1 else cases[0]


def _plain_list(listed: str, phrase: str, *, bare: bool, noun: bool) -> list[Clause]:
    """The clauses of a list of subjects with one verb, or of a list of names."""
    for joint in ("and", "or"):
        try:
            tree = combine(re.sub(r" (?:and|or) ", f" {joint} ", listed), bare=bare, noun=noun)
        except Unreadable:
            continue
        parts = [part for part in tree.parts if isinstance(part, Clause)] if isinstance(tree, Group) else []
        said = {part.key[len(part.subject) :] if part.is_sentence else () for part in parts}
        alike = isinstance(tree, Group) and len(parts) == len(tree.parts) and len(said) == 1
        named = all(part.is_sentence for part in parts) or all(
            not part.is_sentence and (noun or len(part.key) == 1) for part in parts
        )
        if alike and named and all(part.positive for part in parts) and len(parts) <= MOST_OF:
            return parts
    raise Unreadable(f"Of what is it a number, in {quoted(phrase)}? Write 'at least two of A, B and C'.")


_NEGATION = frozenset({"not", "never"})


def _share(parts: list[str], joint: Joint, phrase: str, *, bare: bool, noun: bool) -> list[str]:
    words = [part.split() for part in parts]
    if not all(words):
        raise Unreadable(f"Something is missing around the 'and' or 'or' of {quoted(phrase)}.")
    words = [words[0], *(filled(words[0], later) for later in words[1:])]
    parts = [" ".join(w) for w in words]
    several = joint == "and" and not noun
    places = [_verb(w, plural=several and i == len(words) - 1, bare=bare) for i, w in enumerate(words)]
    if places[0] is None and places[1:] == [0] * (len(places) - 1):
        places[0] = guess_verb(words[0])
    with_verb = [i for i, place in enumerate(places) if place is not None]
    if not with_verb or (len(with_verb) == len(parts) and all(places)):
        return parts
    first = with_verb[0]
    if first == len(parts) - 1:
        return _give_verb(words, places[first] or 0, joint, phrase)
    if first != 0 or not places[0]:
        raise Unreadable(f"The parts of {quoted(phrase)} do not match. Make each a full statement.")
    return [
        parts[0],
        *(_after(words[0], places[0], w, place, phrase) for w, place in zip(words[1:], places[1:], strict=True)),
    ]


def _give_verb(words: list[list[str]], verb: int, joint: Joint, phrase: str) -> list[str]:
    """Only the last part has a verb for sure: it is everyone's, unless number or an unknown verb speaks against it."""
    last = words[-1]
    if verb == 0:
        raise Unreadable(f"Who or what is meant in {quoted(phrase)}? Give each part its subject.")
    whole = [" ".join(w) for w in words]
    singular = _is_singular(last[verb].lower())
    if joint == "and" and singular:
        # "Rain and the sprinkler is on": two things, not one verb for both.
        return whole
    if any(guess_verb(w) is not None for w in words[:-1]):
        if singular:
            return whole
        raise Unreadable(f"Does the verb of {quoted(phrase)} belong to each part? Make each a full statement.")
    subjects = [*words[:-1], last[:verb]]
    return [" ".join([*subject, _for_one(last[verb], subject), *last[verb + 1 :]]) for subject in subjects]


def _for_one(verb: str, subject: list[str]) -> str:
    """A verb that several share, as it reads with one of them: `shoot` is `shoots` for rifleman A."""
    low = verb.lower()
    if low in ("are", "were", "have", "do"):
        return verb
    plain = lemma(low) == low and not is_past(low)
    return third_person(low) if plain and not is_plural(subject[-1]) else verb


def _is_singular(verb: str) -> bool:
    """Whether a verb's form shows that it speaks of one."""
    if verb in AUXILIARIES:
        return verb in ("is", "was", "has", "does")
    return verb.endswith("s") and lemma(verb) != verb


def _verb(words: list[str], *, plural: bool, bare: bool) -> int | None:
    """Where a part's verb is; 0 when the part begins with it."""
    content = [w for w in words if w.lower() not in _NEGATION]
    if len(content) < len(words) and words[0].lower() in _NEGATION:
        found = verb_at(content, plural=plural, bare=bare)
        return None if found is None else found + len(words) - len(content)
    found = verb_at(words, plural=plural, bare=bare)
    if found is None and (guess := guess_verb(words)) is not None and is_past(words[guess].lower()):
        return guess
    return 0 if found is None and _begins_with_verb(words) else found


def _begins_with_verb(words: list[str]) -> bool:
    """`leaves`, `does not ring`: a verb form that cannot be a noun's."""
    probe = verb_at(["somebody", *words])
    return probe == 1 and not words[0][0].isupper() and (len(words) > 1 or words[0].endswith(("s", "ed")))


def _after(first: list[str], verb: int, words: list[str], place: int | None, phrase: str) -> str:
    """A later part, completed from the first one."""
    if place:
        return " ".join(words)
    if place == 0:
        return " ".join([*first[:verb], *words])
    if guess_verb(words) is not None:
        if is_determiner(words[0]) or words[0][0].isupper():
            return " ".join(words)
        raise Unreadable(
            f"Where is the verb of {quoted(' '.join(words))} in {quoted(phrase)}? Make each part a full statement."
        )
    if first[verb].lower() in BE:
        return " ".join([*first[: verb + 1], *words])
    if words[0].lower() in _NEGATION:
        raise Unreadable(f"What does 'not' belong to in {quoted(phrase)}? Make each part a full statement.")
    return " ".join([*first[: verb + 1], *words])


def _deny(tree: Tree) -> Tree:
    if isinstance(tree, Clause):
        return opposite(tree)
    return Group(tree.joint, tuple(_deny(part) for part in tree.parts))


def _same(tree: Tree, joint: Joint, phrase: str) -> Tree:
    if not isinstance(tree, Group) or tree.joint != joint:
        raise Unreadable(f"{quoted(phrase)} needs two things joined by '{joint}'.")
    return tree


# ---------------------------------------------------------------------------------------------------------------------
# Use of a tree


def leaves(tree: Tree) -> Iterator[Clause]:
    """The clauses of `tree`, left to right."""
    if isinstance(tree, Clause):
        yield tree
    else:
        for part in tree.parts:
            yield from leaves(part)


def to_expr(tree: Tree, fact: Callable[[Clause], Fact]) -> Expr:
    """`tree` as an expression over the names that `fact` gives."""
    if isinstance(tree, Clause):
        known = fact(tree)
        return Var(known.name) if known.value else Op("not", (Var(known.name),))
    parts = [to_expr(part, fact) for part in tree.parts]
    return disjunction(parts) if tree.joint == "or" else conjunction(*parts)


def all_of(tree: Tree, what: str) -> list[Clause]:
    """The clauses of `tree`, all of which hold.

    Raises:
        Unreadable: an "or" leaves open which one holds.
    """
    if isinstance(tree, Group) and (tree.joint == "or" or any(isinstance(part, Group) for part in tree.parts)):
        raise Unreadable(
            f"{what} {quoted(' / '.join(c.words for c in leaves(tree)))} leaves open which holds. Say which."
        )
    return list(leaves(tree))
