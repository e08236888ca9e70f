"""UAI, the format of the UAI inference competitions: variables are numbers, states are numbers, tables follow.

The scope of a table ends with the variable itself; its numbers run through the scope with the last one fastest
(UAI 2008 evaluation, file format).
"""

from __future__ import annotations

import math
import re

from .._errors import InvalidFile
from ._node import Node
from ._text import Text, as_array

_COMMENT = re.compile(r"#[^\n]*|^c\b[^\n]*", re.MULTILINE)
_WORD = re.compile(r"\S+")
_COUNT = re.compile(r"[0-9]{1,9}\Z")

MOST = 100_000
"""Most variables that are read, and most states of one."""


class _Words:
    """The words of a text, one after the other."""

    def __init__(self, text: str) -> None:
        self.text = Text(_COMMENT.sub(lambda m: " " * len(m[0]), text))
        self.words = list(_WORD.finditer(self.text.text))
        self.next = 0

    def fault(self, wanted: str, back: int = 0) -> InvalidFile:
        i = self.next - back
        return self.text.fault(wanted, self.words[i].start() if i < len(self.words) else len(self.text.text))

    def line(self) -> str:
        return self.text.line(self.words[min(self.next, len(self.words)) - 1].start())

    def count(self, wanted: str, least: int, most: int) -> int:
        if self.next >= len(self.words) or not _COUNT.match(found := self.words[self.next][0]):
            raise self.fault(f"{wanted}, a whole number")
        self.next += 1
        if not least <= int(found) <= most:
            raise self.fault(f"{wanted}, from {least:,} to {most:,}", 1)
        return int(found)

    def numbers(self, size: int, wanted: str) -> list[float]:
        words = self.words[self.next : self.next + size]
        found = [number for m in words for number in self.text.numbers(m[0], m.start())]
        self.next += len(words)
        if len(found) != size or len(words) != size:
            raise self.fault(wanted)
        return found


def read_uai(text: str) -> list[Node]:
    """The variables of a UAI text: `var_0`, `var_1`, ..., with the states 0, 1, ...

    Raises:
        InvalidFile: with the line, what was got and what was wanted; a Markov network, which has no causes and effects.
    """
    words = _Words(text)
    kind = words.words[0][0] if words.words else ""
    if kind == "MARKOV":
        raise InvalidFile("It is a Markov network, which does not say what causes what; a Bayesian one is wanted.")
    if kind != "BAYES":
        raise words.fault("BAYES")
    words.next = 1
    size = words.count("the number of variables", 1, MOST)
    states = [words.count(f"the number of states of var_{i}", 1, MOST) for i in range(size)]
    if words.count("the number of tables", 0, 10**9) != size:
        raise InvalidFile(f"{words.line()}: a Bayesian network of {size} variables has {size} tables, one for each.")
    scopes: list[list[int]] = []
    for i in range(size):
        length = words.count(f"the length of scope {i}", 1, size)
        scopes.append([words.count(f"a variable of scope {i}", 0, size - 1) for _ in range(length)])
    nodes = [_node(words, scope, states) for scope in scopes]
    if words.next < len(words.words):
        raise words.fault("the end of the file")
    return sorted(nodes, key=lambda node: int(node.name[4:]))


def _node(words: _Words, scope: list[int], states: list[int]) -> Node:
    *parents, own = scope
    size = math.prod(states[i] for i in scope)
    if words.count(f"the number of entries of the table of var_{own}", 1, 10**9) != size:
        raise InvalidFile(
            f"{words.line()}: the table of var_{own} has {size:,} entries: the product of its scope's states."
        )
    line = words.line()
    cells = as_array(words.numbers(size, f"{size:,} numbers in the table of var_{own}"))
    return Node(f"var_{own}", tuple(range(states[own])), tuple(f"var_{i}" for i in parents), cells, line)
