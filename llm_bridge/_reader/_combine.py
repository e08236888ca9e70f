"""Clauses joined by "and", "or", "neither ... nor": one tree, with what the parts share given to each of them.

"Rifleman A and rifleman B shoot" is two clauses with one verb; "the captain nods and leaves" two with one subject; "the
road is wet and slippery" two with one subject and one "is". A list that mixes "and" with "or" is read only where a comma
or "either" says what belongs together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from scm._syntax import Expr, Op, Var, conjunction

from ._clause import Clause, clause, verb_at
from ._lemma import BE
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


def combine(phrase: str, *, bare: bool = False) -> Tree:
    """The tree of `phrase`.

    Raises:
        Unreadable: a part is no clause, or the text leaves open what belongs together.
    """
    phrase = phrase.strip(" ,")
    low = phrase.lower()
    if match := re.match(r"neither (.+) nor (.+)", phrase, re.IGNORECASE):
        return _deny(_list([match[1], match[2]], "and", phrase, bare=bare))
    if match := re.match(r"(?:at least one of )(.+ or .+|.+ and .+)", phrase, re.IGNORECASE):
        return _same(combine(re.sub(r"\band\b", "or", match[1]), bare=bare), "or", phrase)
    if low.startswith("both "):
        return _same(combine(phrase[5:], bare=bare), "and", phrase)
    if low.startswith("either ") and " , and " not in low:
        return _either(phrase[7:], phrase, bare=bare)
    return _level(phrase, bare=bare)


def _either(rest: str, phrase: str, *, bare: bool) -> Tree:
    """`either A or B`; what stands on each side of "or" belongs together."""
    sides = re.split(r" (?:, )?or ", rest, flags=re.IGNORECASE)
    if len(sides) < 2:
        raise Unreadable(f"'either' without 'or' in {quoted(phrase)}.")
    if re.search(r"(?<!^) and ", sides[-1]) and not sides[-1].lower().startswith("both "):
        raise Unreadable(_open_scope(phrase))
    return _list(sides, "or", phrase, bare=bare)


def _level(phrase: str, *, bare: bool) -> Tree:
    """Split at the loosest joint: one kind only, or the kind that commas set off."""
    kinds = {_JOINTS[m[1].lower()] for m in _JOINT.finditer(phrase) if m[1]}
    if len(kinds) == 2:
        return _mixed(phrase, bare=bare)
    parts = [part for part in _JOINT.sub("\n", phrase).split("\n") if part.strip()]
    if not kinds:
        if len(parts) > 1:
            raise Unreadable(f"How do the parts of {quoted(phrase)} belong together? Join them by 'and' or 'or'.")
        return _leaf(phrase, bare=bare)
    return _list(parts, kinds.pop(), phrase, bare=bare)


def _mixed(phrase: str, *, bare: bool) -> Tree:
    for joint in ("and", "or"):
        other = "or" if joint == "and" else "and"
        sides = re.split(rf" , {joint} ", phrase, flags=re.IGNORECASE)
        if len(sides) > 1 and not re.search(rf" , {other} ", phrase, re.IGNORECASE):
            inner = [combine(side, bare=bare) for side in sides]
            if all(isinstance(tree, Clause) or tree.joint != joint for tree in inner):
                return Group(joint, tuple(inner))
    if match := re.match(r"(either .+ or .+?) and (.+)", phrase, re.IGNORECASE):
        return Group("and", (combine(match[1], bare=bare), combine(match[2], bare=bare)))
    raise Unreadable(_open_scope(phrase))


def _open_scope(phrase: str) -> str:
    return f"Both 'and' and 'or' in {quoted(phrase)}: what belongs together? Set one side off by a comma, or use two sentences."


def _leaf(phrase: str, *, bare: bool) -> Clause:
    return clause(phrase.strip(), bare=bare)


def _list(parts: list[str], joint: Joint, phrase: str, *, bare: bool) -> Tree:
    """Parts of one kind; each gets the words it shares with the others."""
    shared = _share([part.strip(" ,") for part in parts], joint, phrase, bare=bare)
    trees: list[Tree] = [combine(part, bare=bare) for part in shared]
    return Group(joint, tuple(trees)) if len(trees) > 1 else trees[0]


_NEGATION = frozenset({"not", "never"})


def _share(parts: list[str], joint: Joint, phrase: str, *, bare: bool) -> list[str]:
    words = [part.split() for part in parts]
    if not all(words):
        raise Unreadable(f"Something is missing around the 'and' or 'or' of {quoted(phrase)}.")
    places = [_verb(w, last=i == len(words) - 1, joint=joint, bare=bare) for i, w in enumerate(words)]
    with_verb = [i for i, place in enumerate(places) if place is not None]
    if not with_verb or len(with_verb) == len(parts) and all(places):
        return parts
    first = with_verb[0]
    if first == len(parts) - 1:
        verb = places[first] or 0
        if verb == 0:
            raise Unreadable(f"Who or what is meant in {quoted(phrase)}? Give each part its subject.")
        return [" ".join([*w, *words[first][verb:]]) for w in words[:-1]] + [parts[-1]]
    if first != 0 or not places[0]:
        raise Unreadable(f"The parts of {quoted(phrase)} do not match. Make each a full statement.")
    return [
        parts[0],
        *(_after(words[0], places[0], w, place, phrase) for w, place in zip(words[1:], places[1:], strict=True)),
    ]


def _verb(words: list[str], *, last: bool, joint: Joint, bare: bool) -> int | None:
    """Where a part's verb is; 0 when the part begins with it."""
    content = [w for w in words if w.lower() not in _NEGATION]
    if len(content) < len(words) and words[0].lower() in _NEGATION:
        found = verb_at(content, plural=last and joint == "and", bare=bare)
        return None if found is None else found + len(words) - len(content)
    found = verb_at(words, plural=last and joint == "and", bare=bare)
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
    if first[verb].lower() in BE:
        return " ".join([*first[: verb + 1], *words])
    if words[0].lower() in _NEGATION:
        raise Unreadable(f"What does 'not' belong to in {quoted(phrase)}? Make each part a full statement.")
    return " ".join([*first[: verb + 1], *words])


def _deny(tree: Tree) -> Tree:
    if isinstance(tree, Clause):
        return replace(tree, positive=not tree.positive)
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
