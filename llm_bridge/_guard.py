"""Text of others on its way out: nothing in it may steer a terminal, hide, or pass for words of ours.

Control characters and escape sequences, marks that turn the direction of writing, characters without a shape and halves
of characters are shown by their number. Heaps of combining marks are cut. Ordinary text comes back as it was.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

LONGEST = 200
"""Most characters of somebody else's words that are quoted in one place."""

MODEL_SAYS = "The model takes for granted: "
"""Stands before an assumption that a language model made; its own words follow in quotes."""

_MOST_HIDDEN = 3
_MOST_MARKS = 4
_PLAIN_BREAKS = frozenset("\n")
_LONGEST_NAME = 90
"""A name longer than this stands in quotes."""
_SHORTEST_ORDER = 6
"""In a shorter name, such as "<5", nothing can be said to anyone."""
_PLAIN_NAME = re.compile(r"[^\W_](?:[\w ,.'’&%+/()–-]*[\w.)%'’+])?\Z")
_ORDER = re.compile(
    r"(?:^|[.,]\s*|\b(?:please|must|should|and|then|now|to)\s+)(?:ignore|disregard|forget|obey|pretend|reveal|print|output|"
    r"execute|eval|import|visit|click|download|curl|email|reply|respond|say|answer|repeat|override|you)\b"
    r"|\b(?:system|assistant|developer|prompt|instructions?|api.?key|password)\b",
    re.IGNORECASE,
)
"""What an order to a reader begins with, or speaks of. A name like that stands in quotes, as whatever is no phrase."""
_SENTENCE = re.compile(r"[^\W\d_]{3,}\.(?:\s|\Z)")
"""The end of a sentence, behind a word that is no abbreviation: what has one is more than a name."""
_QUOTED = re.compile(r"\"[^\"\n]{1,2000}\"|(?<![^\s(\[])'[^'\n]{1,2000}'(?![^\s.,;:!?)\]])")
_LINK = re.compile(
    r"\b[a-z][a-z0-9+.-]*:/{1,2}(?=\S)|\bwww\.(?=\w)|\b(?:mailto|javascript|data|file):(?=\S)", re.IGNORECASE
)


def is_hidden(sign: str) -> bool:
    """Whether a character shows nothing, or changes how others are shown; a space of any width is a space."""
    return not sign.isprintable() and unicodedata.category(sign) not in ("Zs", "Cn")


def visible(text: str) -> str:
    """`text` with whatever hides in it shown; line breaks stay. What is harmless comes back unchanged."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    out: list[str] = []
    hidden = marks = 0
    for sign in text:
        if sign not in _PLAIN_BREAKS and is_hidden(sign):
            hidden += 1
            out.append(_number(sign) if hidden <= _MOST_HIDDEN else "..." if hidden == _MOST_HIDDEN + 1 else "")
            continue
        hidden = 0
        marks = marks + 1 if unicodedata.category(sign) in ("Mn", "Me") else 0
        if marks <= _MOST_MARKS:
            out.append(sign)
    return "".join(out)


def in_json(document: str) -> str:
    """A JSON document whose strings hide nothing: the same data, with such characters escaped as JSON does."""
    if document.replace("\n", "").isprintable():
        return document  # json.dumps escapes the line breaks in a text, and leaves its own alone
    return "".join(_escaped(sign) if sign != "\n" and is_hidden(sign) else sign for sign in document)


def one_line(text: str, longest: int = LONGEST) -> str:
    """`text` in one line that can be read, cut where it is long."""
    line = visible(" ".join(text[: 20 * longest].split()))
    return line if len(line) <= longest else f"{line[:longest].rstrip()}..."


def quoted(text: str, longest: int = LONGEST) -> str:
    """Somebody else's words, marked as such: in quotes that they cannot close, in one line, without live links."""
    inner = one_line(text, longest).replace('"', "'")
    return f'"{_LINK.sub("[link] ", inner)}"'


def is_plain(name: str, longest: int = _LONGEST_NAME) -> bool:
    """Whether a name may stand among our own words as it is: short, of letters and simple marks, and no order."""
    if len(name) < _SHORTEST_ORDER:
        return name.isprintable()
    return (
        len(name) <= longest
        and bool(_PLAIN_NAME.match(name))
        and not (_LINK.search(name) or _ORDER.search(name) or _SENTENCE.search(name))
    )


def as_name(name: str) -> str:
    """A name for our own words: as it is where it is plain, and in quotes where it is not."""
    return name if is_plain(name) else quoted(name)


def spoken(text: str, names: Iterable[str]) -> str:
    """Words of ours in which `names` stand: quoted where they are not plain; no live link in quotes, nothing hidden."""
    odd = sorted({name for name in names if name.strip() and not is_plain(name)}, key=len, reverse=True)
    if odd:
        forms = {form: name for name in odd for form in _forms(name)}
        found = re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)), re.IGNORECASE)
        folded = {form.casefold(): name for form, name in forms.items()}
        text = found.sub(lambda match: quoted(folded.get(match[0].casefold(), match[0].strip("\"'"))), text)
    return visible(_QUOTED.sub(lambda match: _LINK.sub("[link] ", match[0]), text))


def unlinked(text: str) -> str:
    """`text` without live links, for words in which no address is ours."""
    return _LINK.sub("[link] ", text)


def _forms(name: str) -> Iterator[str]:
    """How a name may stand in words of ours: bare, in quotes of the query text or of Python; spaces may be folded."""
    escaped = name.replace("\\", "\\\\")
    folded = " ".join(name.split())
    for form in dict.fromkeys((name, folded)):
        yield from (form, f'"{form}"', f"'{form}'")
    yield '"' + escaped.replace('"', '\\"') + '"'
    yield "'" + escaped.replace("'", "\\'") + "'"
    yield repr(name)


def _number(sign: str) -> str:
    code = ord(sign)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _escaped(sign: str) -> str:
    code = ord(sign)
    if code < 0x10000:
        return f"\\u{code:04x}"
    return "".join(f"\\u{half:04x}" for half in (0xD800 + ((code - 0x10000) >> 10), 0xDC00 + (code & 0x3FF)))
