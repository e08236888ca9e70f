"""What a text says, whichever way it is put: statements in order, each with its conditions apart from what they govern.

Two texts with the same canonical form say the same. So every step here must keep the meaning of *any* text, also one
that was made to deceive: a clause is moved only where its ends are beyond doubt, and all else stays in its order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ._alike import alike
from ._tokens import SEP, Lexicon, tokens

Tokens = tuple[str, ...]
_FIGURE = re.compile(r"[-+]?[\d.,]*\d%?\Z|<between |<rounded |<roughly ")
_IS = frozenset({"is", "equals", "lies"})
_LINKS = frozenset({"and", "or", "but", "nor", "yet", "while", "unless", "though", "<no if>", "<and that>", "<not so>"})
"""Words that join statements: with one of them beside it, what a clause governs is in doubt."""
_ADVERBS = frozenset({"<else>", "<whatever>", "<by text>", "<any case>", "<but for>"})
_HEDGED = frozenset({"only", "unless", "whether", "except"})
_MOVERS = frozenset({"if", "given", "since", "because"})


class Statement(NamedTuple):
    """One statement: how it is joined to the one before, its conditions, and what it says under them."""

    joined: str
    conditions: tuple[tuple[str, Tokens], ...]
    says: Tokens


def canonical(text: str, known: Lexicon) -> tuple[Statement, ...]:
    """The statements of `text` in order."""
    found = _verdict(tokens(text, known))
    found = _figures(alike(found, known.loaded))
    if known.loaded & _MOVERS:  # a name holds a word that begins a clause: nothing is moved
        return tuple(Statement(joined, (), tuple(part)) for joined, part in _parts(found))
    return tuple(_statement(joined, part) for joined, part in _parts(found))


def upright(said: Sequence[Statement], told: Sequence[Statement]) -> tuple[Statement, ...]:
    """`said` with "had the mill not stopped" put as `told` has it: "if the mill had not stopped"."""
    return tuple(
        one._replace(conditions=tuple(sorted(_turned(condition, other) for condition in one.conditions)))
        for one, other in zip(said, [*told, *said[len(told) :]], strict=False)
    )


def _turned(condition: tuple[str, Tokens], told: Statement) -> tuple[str, Tokens]:
    kind, clause = condition
    if kind != "had":
        return condition
    same = (c for k, c in told.conditions if k == "if" and c.count("had") == 1)
    return next((("if", c) for c in same if tuple(t for t in c if t != "had") == clause), condition)


def _verdict(found: list[str]) -> list[str]:
    """A yes or a no at the beginning, whatever mark follows it."""
    if found[:1] in (["yes"], ["no"]) and found[1:2] in ([SEP], [","], [":"], [";"]):
        return [f"<{found[0]}>", "<verdict>", *found[2:]]
    return found


# ---------------------------------------------------------------------------------------------------------------------
# Figures with what belongs to them


def _figures(found: list[str]) -> list[str]:
    """Ends, standard errors and rounding as one token each, whether in brackets, behind a comma, or neither."""
    # Between figures, "but" adds nothing to "and".
    found = ["and" if t == "but" and _is_figure((*found, "")[i + 1]) else t for i, t in enumerate(found)]
    return _rounded(_errors(_equal(_ends(found))))


def _is_figure(token: str) -> bool:
    return bool(_FIGURE.match(token))


def _ends(found: list[str]) -> list[str]:
    out: list[str] = []
    place = 0
    while place < len(found):
        match found[place : place + 4]:
            case ["between", low, "and", high] if _is_figure(low) and _is_figure(high):
                out.append(f"<between {low} {high}>")
                place += 4
            case [token, *_]:
                out.append(token)
                place += 1
            case _:
                break
    return out


_EQUAL = (("is", "equal", "to"), ("comes", "to"), ("amounts", "to"), ("equals",))
_LIES = (("falls",), ("lies", "somewhere"))


def _equal(found: list[str]) -> list[str]:
    """`is 0.3` for `equals 0.3`, `lies between` for `falls between`."""
    out: list[str] = []
    place = 0
    while place < len(found):
        for phrases, said in ((_EQUAL, "is"), (_LIES, "lies")):
            size = next((len(p) for p in phrases if tuple(found[place : place + len(p)]) == p), 0)
            after = found[place + size : place + size + 1]
            if size and after and after[0].startswith("<between ") == (said == "lies") and _is_figure(after[0]):
                out.append(said)
                place += size
                break
        else:
            out.append(found[place])
            place += 1
    return out


def _errors(found: list[str]) -> list[str]:
    """`<se 0.03>` for `, with a standard error of 0.03`; `<of>` for what it is worked out from."""
    out: list[str] = []
    place = 0
    while place < len(found):
        size, bracket = _opener(found[place:], (("with", "a"), ("with",), ("with", "the")))
        rest = found[place + size :]
        if rest[:2] != ["standard", "error"]:
            out.append(found[place])
            place += 1
            continue
        at = 3 if rest[2:3] == ["of"] else 2
        if not rest[at : at + 1] or not _is_figure(rest[at]):
            out.append(found[place])
            place += 1
            continue
        out.append(f"<se {rest[at]}>")
        tail = rest[at + 1 :]
        place += size + at + 1
        for words in ((",", "from"), ("from",), (",", "based", "on"), ("based", "on")):
            if tuple(tail[: len(words)]) == words:
                out.append("<of>")
                place += len(words)
                tail = tail[len(words) :]
                break
        if bracket:
            closing = tail.index(")") if ")" in tail else None
            if closing is None or SEP in tail[:closing] or "(" in tail[:closing]:
                return found  # brackets that do not close are left as they are
            out += tail[:closing]
            place += closing + 1
    return out


def _rounded(found: list[str]) -> list[str]:
    """`<rounded 0.1 0.2>` for `, between 0.1 and 0.2 within the rounding of the printed numbers`."""
    out: list[str] = []
    place = 0
    leads = (("which", "is"), ("which", "lies"), ("that", "is"), ("and", "lies"), ("lying",), ("and", "is"))
    while place < len(found):
        size, bracket = _opener(found[place:], leads)
        rest = found[place + size :]
        rough = rest[:1] == ["roughly"]
        rest = rest[rough:]
        comma = rest[1:2] == [","]
        closed = rest[2 + comma : 3 + comma] == [")"]
        if (
            rest
            and rest[0].startswith("<between ")
            and rest[1 + comma : 2 + comma] == ["<rounding>"]
            and closed >= bracket
        ):
            out.append(f"<{'roughly' if rough else 'rounded'} {rest[0][9:-1]}>")
            place += size + rough + 2 + comma + bracket
        else:
            out.append(found[place])
            place += 1
    return out


def _opener(rest: Sequence[str], leads: Iterable[tuple[str, ...]]) -> tuple[int, bool]:
    """How many tokens open an aside: a comma or a bracket, and words that only join; and whether it is a bracket."""
    size = 1 if rest[:1] in ([","], ["("]) else 0
    bracket = rest[:1] == ["("]
    for lead in sorted(leads, key=len, reverse=True):
        if tuple(rest[size : size + len(lead)]) == lead:
            return size + len(lead), bracket
    return size, bracket


# ---------------------------------------------------------------------------------------------------------------------
# Statements


def _parts(found: Sequence[str]) -> Iterable[tuple[str, list[str]]]:
    """Statements with what joins each to the one before: nothing, or `so`."""
    joined, part = "", list[str]()
    for place, token in enumerate(found):
        if token == "," and (found[place + 1 : place + 2] == ["<so>"] or found[place - 1 : place] == ["<so>"]):
            continue
        if token in (SEP, "<so>", "<verdict>") and (part or joined != "<so>"):
            if part:
                yield joined, part
                joined, part = "", []
            joined = token if token != SEP else joined
        else:
            part.append(token)
    if part or joined == "<so>":
        yield joined, part


def _statement(joined: str, part: list[str]) -> Statement:
    conditions: list[tuple[str, Tokens]] = []
    for adverb in sorted(_ADVERBS):
        if part.count(adverb) == 1 and len(part) > 1:
            conditions.append((adverb, ()))
            part = _without(part, part.index(adverb))
    part = _framed(part)
    for word, split in (("given", _given), ("if", _if), ("<since>", _since)):
        inverted = part[:1] == ["had"]
        found = split(part)
        if found is not None:
            clause, part = found
            conditions.append(("had", tuple(clause[1:])) if inverted and word == "if" else (word, tuple(clause)))
    return Statement(joined, tuple(sorted(conditions)), tuple(_framed(part)))


def _without(part: Sequence[str], place: int) -> list[str]:
    """`part` without an adverb and the comma that sets it off."""
    before, after = list(part[:place]), list(part[place + 1 :])
    if before[-1:] == [","]:
        return [*before[:-1], *after]
    return [*before, *(after[1:] if after[:1] == [","] and not before else after)]


def _framed(part: list[str]) -> list[str]:
    """`<prob that> E is 0.3` for `there is a probability of 0.3 that E` and `E with probability 0.3`."""
    match part:
        case ["there", "is", "a", "probability" | "chance", "of", figure, "that", *event] if _is_figure(figure):
            return ["<prob that>", *event, "is", figure] if _bare(event) else part
        case _:
            pass
    for words in (("with", "probability"), ("with", "a", "probability", "of"), ("with", "a", "chance", "of")):
        at = next((i for i in range(len(part)) if tuple(part[i : i + len(words)]) == words), None)
        if at and _bare(part[:at]) and _is_figure((*part, "")[at + len(words)]):
            return ["<prob that>", *part[:at], "is", *part[at + len(words) :]]
    return part


def _bare(event: Sequence[str]) -> bool:
    """Whether a few words are one plain clause."""
    return not (
        {*event} & (_LINKS | _HEDGED | {",", "if", "given", "<since>", "<prob that>", "<prob of>", "that", "which"})
    )


def _is_value(part: Sequence[str]) -> list[int]:
    """Where a figure is said to be the value of something: places of `is` and `lies`."""
    return [i for i in range(len(part) - 1) if part[i] in _IS and _is_figure(part[i + 1])]


def _free(governed: Sequence[str]) -> bool:
    """Whether all of what is left is governed by a clause, wherever the clause stands."""
    if governed[:1] == ["<prob that>"]:
        return len(_is_value(governed)) == 1 and governed.count("<prob that>") == 1
    return not {*governed} & (_LINKS | _HEDGED)


Split = tuple[list[str], list[str]]


def _given(part: list[str]) -> Split | None:
    """A condition that was seen, and the rest."""
    places = [i for i in range(len(part) - 1) if part[i : i + 2] == ["given", "that"]]
    if len(places) != 1 or "if" in part[: places[0]][:1]:
        return None
    at = places[0]
    if at == 0:
        frames = [i for i in range(2, len(part) - 1) if part[i] == "," and part[i + 1] in ("<prob that>", "there")]
        commas = [i for i in range(2, len(part)) if part[i] == ","]
        ends = frames[:1] if len(frames) == 1 else commas if len(commas) == 1 else []
        return (part[2 : ends[0]], part[ends[0] + 1 :]) if ends else None
    values = [i for i in _is_value(part) if i > at]
    if part[at - 1] == ",":
        closing = [i for i in values if part[i - 1] == ","]
        if len(closing) == 1:
            return part[at + 2 : closing[0] - 1], [*part[: at - 1], *part[closing[0] :]]
        return None
    if part[:1] != ["<prob that>"] or "if" in part[at:]:
        return None
    if values:
        return part[at + 2 : values[-1]], [*part[:at], *part[values[-1] :]]
    return (part[at + 2 :], part[:at]) if _is_figure(part[at - 1]) else None


def _if(part: list[str]) -> Split | None:
    """A supposition, and the rest."""
    part = _even(part)
    inverted = part[:1] == ["had"] and "if" not in part
    places = [0] if inverted else [i for i, token in enumerate(part) if token == "if"]
    if len(places) != 1 or {*part} & _HEDGED:
        return None
    at = places[0]
    if at == 0:
        ends = [i for i, token in enumerate(part) if token == ","]
        then = [i for i in ends if part[i + 1 : i + 2] == ["then"]]
        ends = then if len(then) == 1 else ends
        if len(ends) != 1:
            return None
        rest = part[ends[0] + 1 + len(then) :]
        clause = part if inverted else part[1:]
        return (clause[: ends[0] - (not inverted)], rest) if rest and _free(rest) else None
    values = [i for i in _is_value(part) if i > at]
    if part[0] == "<prob that>" and values:
        rest = [*part[:at], *part[values[-1] :]]
        return (part[at + 1 : values[-1]], rest) if len(_is_value(part)) == 1 else None
    rest = part[: at - (part[at - 1] == ",")]
    return (part[at + 1 :], rest) if _free(rest) else None


def _even(part: list[str]) -> list[str]:
    """`even if` says no more than `if` where the outcome is said to stay."""
    if "still" not in part:
        return part
    return [t for i, t in enumerate(part) if not (t == "even" and part[i + 1 : i + 2] in (["if"], ["had"]))]


def _since(part: list[str]) -> Split | None:
    """A reason, and the rest."""
    places = [i for i, token in enumerate(part) if token == "<since>"]
    if len(places) != 1:
        return None
    at = places[0]
    if at == 0:
        ends = [i for i, token in enumerate(part) if token == ","]
        if len(ends) != 1:
            return None
        rest = part[ends[0] + 1 :]
        return (part[1 : ends[0]], rest) if rest and _free(rest) else None
    rest = part[: at - (part[at - 1] == ",")]
    return (part[at + 1 :], rest) if _free(rest) else None
