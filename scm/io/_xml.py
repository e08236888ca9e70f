"""XML with line numbers, and without entities: a text that defines its own abbreviations can grow without end."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from .._errors import InvalidFile, listing

_PIECE = re.compile(r"\S+")


MAX_DEPTH = 50
"""How deep elements may be nested; a network needs five."""


@dataclass
class Element:
    """One element: its name, attributes, own text and children, and the line on which it begins."""

    tag: str
    attributes: dict[str, str]
    line: int
    pieces: list[str] = field(default_factory=list[str])
    children: list[Element] = field(default_factory=list["Element"])

    @property
    def text(self) -> str:
        """Its own text, without spaces around it."""
        return "".join(self.pieces).strip()

    def all(self, tag: str) -> list[Element]:
        """The children of one name."""
        return [child for child in self.children if child.tag == tag]

    def one(self, tag: str) -> Element:
        """The only child of one name.

        Raises:
            InvalidFile: there is none, or more.
        """
        found = self.all(tag)
        if len(found) != 1:
            has = listing(dict.fromkeys(child.tag for child in self.children))
            raise InvalidFile(f"line {self.line}: <{self.tag}> has {len(found)} <{tag}>, one is wanted. It has {has}.")
        return found[0]

    def attribute(self, name: str) -> str:
        """The value of an attribute.

        Raises:
            InvalidFile: it is not there or empty.
        """
        if not (value := self.attributes.get(name, "")).strip():
            raise InvalidFile(f'line {self.line}: <{self.tag}> has no {name}="..."; it needs one.')
        return value

    def name(self) -> str:
        """Its text as a name.

        Raises:
            InvalidFile: it is empty.
        """
        if not self.text:
            raise InvalidFile(f"line {self.line}: <{self.tag}> is empty; a name is wanted.")
        return self.text

    def numbers(self) -> list[float]:
        """Its text as numbers.

        Raises:
            InvalidFile: something there is no number.
        """
        text = self.text
        try:
            if re.fullmatch(r"[0-9.eE+\-\s]*", text):
                return [float(piece) for piece in text.split()]
        except ValueError:
            pass
        wrong = next((p for p in text.split() if not re.fullmatch(r"[+-]?[0-9.]+([eE][+-]?[0-9]+)?", p)), text[:40])
        raise InvalidFile(f"line {self.line}: <{self.tag}> holds {wrong[:40]!r}; numbers are wanted.")


def parse_xml(text: str) -> Element:
    """The root element of an XML text.

    Raises:
        InvalidFile: not well-formed, with the line; or it defines entities.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    top = Element("", {}, 0)
    stack = [top]

    def start(tag: str, attributes: dict[str, str]) -> None:
        if len(stack) > MAX_DEPTH:
            raise InvalidFile(f"line {parser.CurrentLineNumber}: elements are nested more than {MAX_DEPTH} deep.")
        stack[-1].children.append(Element(tag, attributes, parser.CurrentLineNumber))
        stack.append(stack[-1].children[-1])

    def end(_tag: str) -> None:
        stack.pop()

    def characters(piece: str) -> None:
        stack[-1].pieces.append(piece)

    def entity(name: str, *_: object) -> None:
        raise InvalidFile(
            f"line {parser.CurrentLineNumber}: it defines the entity {name[:40]!r}; entities are not read."
        )

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.EntityDeclHandler = characters, entity
    try:
        parser.Parse(text, True)
    except expat.ExpatError as wrong:
        what = expat.errors.messages.get(wrong.code, "not well-formed")
        raise InvalidFile(
            f"line {wrong.lineno}, column {wrong.offset + 1}: no XML here ({what}). "
            "Is the file cut off, or in another format?"
        ) from None
    return top.children[0]
