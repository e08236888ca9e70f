"""The wire form of a Problem, as a language model fills it in: every key present, everything in its structured form.

`problem_from_reply` is the only way from a model's words into the bridge: whatever they are, the result is a Problem
that was checked, or one `InvalidProblem` that can go back to the model as it stands.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, cast

from scm import Claim, claim_to_data, expr_to_data, listing, quantity_to_data, query_to_data

from .._foreign import InvalidProblem, document, loose_document, shown
from .._problem import Problem
from ._forms import OBJECTS

Data: TypeAlias = dict[str, Any]
"""A JSON object."""

MAX_REPLY = 200_000
"""Longest reply that is looked at, in characters."""
MAX_SAID = 1_000
"""Longest free text of a model that is shown to a user: an assumption, a description, why it cannot."""
MAX_DEEP = 1_000
"""Deepest nesting of lists and objects; a Problem's own limits are stricter."""

_QUOTES = frozenset({"words"})
_FREE = frozenset({"description", "assumptions", "cannot"})
_EMPTY_IS_ABSENT = frozenset({"given", "by", "world", "cannot"})
_KEYS: dict[str, tuple[str, ...]] = {
    next(iter(keys)): tuple(keys) for kind, keys in OBJECTS.items() if kind not in ("cause", "independence")
}
"""The keys of every structured object, by the key that it begins with."""
_LATIN = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425"
    "\u03bf\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
    "aeopcyxijsABEKMHOPCTXoABEZHIKMNOPTYX",
)
"""Letters of Cyrillic and Greek that look like Latin ones."""
_THINKING = ("<think>", "</think>")


# ---------------------------------------------------------------------------------------------------------------------
# A Problem as data


def problem_to_wire(problem: Problem) -> Data:
    """`problem` as JSON data with every key present: what a language model that reads it rightly would reply."""
    return {
        "cannot": problem.cannot,
        "variables": [
            {
                "words": variable.words,
                "name": variable.name,
                "states": list(variable.states),
                "description": variable.description,
                "observed": variable.observed,
            }
            for variable in problem.variables
        ],
        "edges": [{"words": edge.words, "cause": edge.cause, "effect": edge.effect} for edge in problem.edges],
        "confounded": [{"words": both.words, "pair": list(both.pair)} for both in problem.confounded],
        "equations": [
            {"words": one.words, "variable": one.variable, "expression": expr_to_data(one.expression)}
            for one in problem.equations
        ],
        "statements": [
            {
                "words": one.words,
                "term": _complete(quantity_to_data(one.term)),
                "relation": one.relation,
                "value": one.value,
                "counts": None if one.counts is None else list(one.counts),
            }
            for one in problem.statements
        ],
        "independences": None
        if problem.independences is None
        else [claim_to_data(claim) for claim in problem.independences],
        "queries": [
            {
                "words": one.words,
                "query": None if one.query is None else _complete(query_to_data(one.query)),
                "claim": None if one.claim is None else claim_to_wire(one.claim),
            }
            for one in problem.queries
        ],
        "reply": problem.reply.model_dump(mode="json"),
        "assumptions": list(problem.assumptions),
    }


def claim_to_wire(claim: Claim) -> Data:
    """A claim with every key present."""
    return _complete(claim_to_data(claim))


def _complete(data: Any) -> Any:
    """Structured data with the keys that it leaves out: no world, no condition, no parent."""
    if isinstance(data, list):
        return [_complete(item) for item in cast("list[Any]", data)]
    if not isinstance(data, dict):
        return data
    given = cast("Data", data)
    first = "if" if "law" in given else next(iter(given))
    if "policy" in given:
        return given
    return {key: _complete(given.get(key, [] if key == "world" else None)) for key in _KEYS[first]}


# ---------------------------------------------------------------------------------------------------------------------
# A reply as a Problem


def problem_from_reply(text: str) -> Problem:
    """The Problem in a language model's reply.

    Three habits of models are forgiven: a fence or words around the one JSON object, a block of thinking before it, and
    null (or an empty list) where a Problem leaves a key out. Everything else is refused.

    Args:
        text: the reply as it came: not trusted.

    Raises:
        InvalidProblem: there is no Problem in it; every fault says where, what was got, and what was wanted.
    """
    return formed(data_of_reply(text)).check()


def formed(data: Mapping[str, object]) -> Problem:
    """The Problem that data of `data_of_reply` says; whether its parts agree is yet to be checked.

    Raises:
        InvalidProblem: the data is not a Problem, or two of its names look the same.
    """
    problem = Problem.formed(dict(data))
    if faults := [*_lookalikes(problem)]:
        raise InvalidProblem(faults)
    return problem


def data_of_reply(text: str) -> Data:
    """The one JSON object in a reply, without what stands for an absent key. Errors as for `problem_from_reply`."""
    if len(text) > MAX_REPLY:
        raise InvalidProblem([f"The reply has {len(text):,} characters; at most {MAX_REPLY:,} are read. Be brief."])
    bare, objects = _object_in(text), _Objects()
    data = loose_document(bare, objects.present)
    if objects.keys < bare.count(":"):  # every key has a colon: as many keys as colons, and none stands twice
        document(bare)
    if not isinstance(data, dict):
        raise InvalidProblem([f"The reply: got {shown(data)}, wanted one JSON object {{...}} and nothing else."])
    data = cast("Data", data)
    if not _is_plain(bare) and (faults := [*dict.fromkeys(_clean(data))]):
        raise InvalidProblem(faults)
    return data


class _Objects:
    """The objects of one reply as they are read, and how many keys they have."""

    def __init__(self) -> None:
        self.keys = 0

    def present(self, found: Data) -> Data:
        """One object without what stands for an absent key."""
        self.keys += len(found)
        if None in found.values():
            found = {key: value for key, value in found.items() if value is not None or _odd(key)}
        if not _EMPTY_IS_ABSENT.isdisjoint(found):
            for key in _EMPTY_IS_ABSENT:
                if found.get(key) == ("" if key == "cannot" else []):
                    del found[key]
        return found


def _object_in(text: str) -> str:
    """What may be the one object of a reply: from the first brace to the last, where none is inside a list or text."""
    opened, closed = _THINKING
    bare = text.strip()
    if bare.startswith(opened) and closed in bare:
        bare = bare[bare.rindex(closed) + len(closed) :].strip()
    if not bare:
        raise InvalidProblem(["The reply is empty, wanted one JSON object {...}."])
    start, end = bare.find("{"), bare.rfind("}")
    if bare[0] in '["' or start < 0:
        raise InvalidProblem([f"The reply: got {shown(bare)}, wanted one JSON object {{...}} and nothing else."])
    return bare[start : end + 1] if end > start else bare[start:]


def _odd(key: str) -> bool:
    """Whether a key hides something; that is a fault, whatever its value."""
    return not key.isprintable() and any(map(_hidden, key))


def _is_plain(document: str) -> bool:
    """Whether no text in a JSON document can hide anything or be too long, nor the document be nested too deep."""
    seen = document.replace('\\"', "''")
    if "\\" in seen or seen.count("{") + seen.count("[") > MAX_DEEP:
        return False
    # A text that is too long would leave one of these pieces without a quote.
    piece = MAX_SAID // 2
    if any([seen.find('"', at, at + piece) < 0 for at in range(0, len(seen) - piece, piece)]):
        return False
    return seen.isprintable() or seen.replace("\n", "").isprintable()


def _clean(data: Data) -> Iterable[str]:
    """Make free text in `data` readable, in place; and one fault for each text that must not be there.

    The pass keeps its own stack: the document may be nested as deep as its length allows.
    """
    stack: list[tuple[str, Any, int]] = [("", data, 0)]
    while stack:
        key, item, depth = stack.pop()
        if depth > MAX_DEEP:
            yield "The reply is nested too deep to be read. Split its expressions into parts."
            return
        shape: Any = item.__class__
        keyed = shape is dict
        if keyed and not "".join(item).isprintable():
            yield from (fault for name in item for fault in _unfit("A key", name))
        entries: Any = item.items() if keyed else enumerate(item)
        for place, value in entries:
            kind: Any = value.__class__
            if kind is dict or kind is list:
                stack.append((place if keyed else key, value, depth + 1))
            elif kind is str and not (len(value) <= MAX_SAID and value.isprintable()):
                yield from _mended(item, place, place if keyed else key)


def _mended(item: Any, place: str | int, key: str) -> Iterable[str]:
    """Free text is made readable where it stands; other text with something hidden in it is a fault."""
    text = item[place]
    if key in _FREE and _whole(text):
        item[place] = readable(text)
    else:
        yield from _unfit(key, text)


def _unfit(key: str, value: str) -> Iterable[str]:
    """The fault of a text that hides something, or is damaged."""
    if value.isprintable():
        return
    quoted = key in _QUOTES
    bad = next((sign for sign in value if (not _whole(sign) if quoted else _hidden(sign))), None)
    if bad is not None:
        name = unicodedata.name(bad, "a control character" if unicodedata.category(bad) == "Cc" else "no character")
        yield (
            f"{key}: got {shown(ascii(value))}, which holds U+{ord(bad):04X} ({name.lower()}). "
            "Names, states and numbers are written with visible characters only: leave it out."
        )


def _hidden(sign: str) -> bool:
    """Whether a character shows nothing, or changes how others are shown: control, format, half, private, unassigned.

    Line and paragraph separators too; a space of any width is a space.
    """
    return not sign.isprintable() and unicodedata.category(sign) != "Zs"


def _whole(text: str) -> bool:
    """Whether there is no half of a character in it."""
    return not any("\ud800" <= sign <= "\udfff" for sign in text)


def readable(text: str) -> str:
    """Free text that may be printed to a terminal: nothing hidden in it, and not long."""
    if not text.isprintable():
        spaced = (" " if sign.isspace() else sign for sign in text)
        text = "".join("\ufffd" if _hidden(sign) else sign for sign in spaced)
    return text if len(text) <= MAX_SAID else f"{text[:MAX_SAID]}..."


def _lookalikes(problem: Problem) -> Iterable[str]:
    """Names that look the same: a question could then speak of one and mean the other."""
    seen: dict[str, str] = {}
    for variable in problem.variables:
        name = variable.name
        plain = name if name.isascii() else unicodedata.normalize("NFKC", name).translate(_LATIN)
        plain = " ".join(plain.split())
        other = seen.setdefault(plain, variable.name)
        if other != variable.name:
            yield f"The variables {listing([other, variable.name])} look the same. Keep one, or name one differently."
