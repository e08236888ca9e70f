"""Natural texts with their right Problems and answers as data: see the head of `reading_cases/natural.txt`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from llm_bridge import Problem
from tests.reading import CASES

_LETTER = re.compile(r"\b([A-DF-OQ-Z])\b(?!')")
_SIGN = re.compile(r"(?<=[\"\]])([+-])(?!\s?P)")
_STATE = {"+": "=True", "-": "=False"}
_RELATION = re.compile(r"\s(=|<=|>=|<|>)\s(?=[^=<>]*\Z)")


@dataclass
class NaturalText:
    """One text, the Problem that reads it rightly, and the answer worked out by hand."""

    name: str
    number: int
    text: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    answer: str = ""
    why: str = ""
    letters: dict[str, str] = field(default_factory=dict)

    @property
    def problem(self) -> Problem:
        return Problem.from_data(self.data)

    @property
    def held_out(self) -> bool:
        """Every even text: the checks were never changed with it in view."""
        return self.number % 2 == 0


def natural_texts() -> list[NaturalText]:
    """The texts, in order."""
    found: list[NaturalText] = []
    for line in (CASES / "natural.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("---"):
            found.append(NaturalText(line[3:].strip(), len(found) + 1))
        elif found and line.strip():
            _add(found[-1], line)
    return found


def _add(case: NaturalText, line: str) -> None:
    key, _, rest = line.partition(": ")
    what, _, words = rest.partition(" // ")
    match key:
        case "v":
            _variable(case, what, words)
        case "e":
            cause, effect = _names(case, what, " -> ")
            _part(case, "edges", {"cause": cause, "effect": effect, "words": words})
        case "c":
            _part(case, "confounded", {"pair": _names(case, what, " <-> "), "words": words})
        case "r":
            left, _, right = what.partition(" := ")
            part = {"variable": case.letters[left.strip()], "expression": _spelt(case, right), "words": words}
            _part(case, "equations", part)
        case "s":
            _statement(case, what, words)
        case "q":
            kind = "claim" if what.startswith("claim ") else "query"
            _part(case, "queries", {kind: _spelt(case, what.removeprefix("claim ")), "words": words})
        case "reply":
            case.data["reply"] = _reply(rest)
        case "assume":
            _part(case, "assumptions", rest)
        case "answer":
            case.answer, _, case.why = what.partition(" because ")
        case _:
            case.text = f"{case.text}\n{line}" if case.text else line


def _part(case: NaturalText, where: str, part: Any) -> None:
    case.data.setdefault(where, []).append(part)


def _names(case: NaturalText, what: str, between: str) -> list[str]:
    return [case.letters[letter.strip()] for letter in what.split(between)]


def _variable(case: NaturalText, what: str, rest: str) -> None:
    letter, _, name = what.partition(" = ")
    words, *more = rest.split(" // ")
    made: dict[str, Any] = {"words": words}
    if "{" in name:
        name, _, states = name.partition(" {")
        made["states"] = states.rstrip("}").split(", ")
    made["name"] = case.letters[letter] = name
    for extra in more:
        made |= {"observed": False} if extra == "unseen" else {"description": extra}
    _part(case, "variables", made)


def _statement(case: NaturalText, what: str, words: str) -> None:
    term, relation, value = _RELATION.split(what)
    made: dict[str, Any] = {"term": _spelt(case, term), "relation": relation, "words": words}
    if counted := re.fullmatch(r"#(\d+)/(\d+)", value.strip()):
        made["counts"] = [int(counted[1]), int(counted[2])]
    else:
        made["value"] = value.strip()
    _part(case, "statements", made)


def _reply(what: str) -> dict[str, Any]:
    kind, _, rest = what.partition(" ")
    if kind == "choice":
        return {"kind": kind, "comparison": rest[0], "options": rest[2:].split(", ")}
    if rest:
        return {"kind": kind, "comparison": rest.split()[0], "threshold": float(rest.split()[1])}
    return {"kind": kind}


def _spelt(case: NaturalText, what: str) -> str:
    """Letters as quoted names; a + or - behind one, or behind its world, as the state true or false."""
    named = _LETTER.sub(lambda found: f'"{case.letters[found[1]]}"', what)
    return _SIGN.sub(lambda found: _STATE[found[1]], named)
