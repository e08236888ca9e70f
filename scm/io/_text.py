"""`Text`: a file's text with a place in it, for formats that are read from left to right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .._errors import InvalidFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SPACE = re.compile(r"\s*")
_NUMBERS = re.compile(r"[0-9.eE+\-\s,]*\Z")
# What is not closed goes on to the end, so that no text takes longer than its length to look through.
_QUOTED_OR_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*+(?:"|\Z))|/\*.*?(?:\*/|\Z)|//[^\n]*', re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_LISTED = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*+)"|([^,"]*))\s*(,|\Z)', re.DOTALL)
_PIECE = re.compile(r'"((?:[^"\\]|\\.)*+)"|([^\s"]+)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Text:
    """A place in a text. What is read moves it on; an error names its line."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self._counted = (0, 1)

    def line(self, at: int | None = None) -> str:
        """The line as messages name it: `line 12`."""
        at = self.at if at is None else at
        start, line = self._counted if self._counted[0] <= at else (0, 1)
        line += self.text.count("\n", start, at)
        self._counted = (at, line)
        return f"line {line}"

    def skip(self) -> None:
        """To the next character that is no space."""
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def ended(self) -> bool:
        """Whether only spaces are left."""
        self.skip()
        return self.at >= len(self.text)

    def find(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """What `pattern` matches here, moving past it; None, without moving, where it does not."""
        self.skip()
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def take(self, pattern: re.Pattern[str], wanted: str) -> re.Match[str]:
        """What `pattern` matches here.

        Raises:
            InvalidFile: something else is there.
        """
        found = self.find(pattern)
        if not found:
            raise self.fault(wanted)
        return found

    def fault(self, wanted: str, at: int | None = None) -> InvalidFile:
        """The error of a place where something else is wanted."""
        at = self.at if at is None else at
        rest = self.text[at : at + 1000].strip().splitlines()
        got = repr(rest[0][:40]) if rest else "the end of the file"
        hint = " Is the file cut off?" if len(rest) < 2 and wanted != "the end of the file" else ""
        return InvalidFile(f"{self.line(at)}: got {got}, wanted {wanted}.{hint}")

    def numbers(self, text: str, at: int) -> list[float]:
        """The numbers in `text`, which stands at `at`, between spaces or commas.

        Raises:
            InvalidFile: something there is no number.
        """
        if _NUMBERS.match(text):
            try:
                return [float(x) for x in text.replace(",", " ").split()]
            except ValueError:
                pass
        for piece in re.finditer(r"[^\s,]+", text):
            if not re.match(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z", piece[0]):
                raise self.fault("a number", at + piece.start())
        raise self.fault("numbers", at)


def without_comments(text: str) -> str:
    """`text` with `//` and `/* */` comments blanked, so that lines keep their numbers; quoted text is left alone."""
    if "//" not in text and "/*" not in text:
        return text
    return _QUOTED_OR_COMMENT.sub(lambda m: m[1] or re.sub(r"[^\n]", " ", m[0]), text)


def unquoted(text: str) -> str:
    """A name without the quotes around it."""
    text = text.strip()
    return _ESCAPED.sub(r"\1", text[1:-1]) if len(text) > 1 and text[0] == text[-1] == '"' else text


def names_in(text: str, where: str) -> tuple[str, ...]:
    """Names between commas (then they may have spaces inside), or between spaces; in quotes they may hold anything.

    Raises:
        InvalidFile: a quote that is not closed, or an empty name; `where` is the line.
    """
    bare = _QUOTED.sub("", text)
    if '"' in bare:
        raise InvalidFile(f"{where}: got {text.strip()[:60]!r}, where a quote is not closed.")
    found: list[str] = []
    if "," not in bare:
        found = [_name(m) for m in _PIECE.finditer(text)]
    else:
        text, at = text.strip().removesuffix(","), 0
        while at < len(text) and (m := _LISTED.match(text, at)):
            found.append(_name(m))
            at = m.end()
        if at < len(text) or not text:
            raise InvalidFile(f"{where}: got {text[at:][:60]!r}, wanted names between commas.")
    if not all(name.strip() for name in found):
        raise InvalidFile(f"{where}: got {text.strip()[:60]!r}, where a name is empty.")
    return tuple(found)


def _name(found: re.Match[str]) -> str:
    return _ESCAPED.sub(r"\1", found[1]) if found[1] is not None else found[2].strip()


def as_array(numbers: list[float]) -> NDArray[np.float64]:
    """Numbers as an array."""
    import numpy as np  # what has no table does not need it

    return np.array(numbers, dtype=np.float64)
