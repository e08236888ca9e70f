"""Items of a suite: what is asked, what the label says, and where in which file it stands."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn, TypeAlias, cast

from scm import ScmError, listing, near

from .._problem import InvalidProblem, Problem
from ._published import FORMATS, Misfit, Question, Suite, background_of, questions, shown, suite_of

Expected: TypeAlias = str | float

MAX_BYTES = 1 << 30
"""Largest file that is read."""

_OWN = ("id", "text", "problem", "answer", "options", "tolerance", "type", "group")


class BenchError(ScmError):
    """A suite file that cannot be read, or an output file that cannot be used. Nothing was run, or nothing was lost."""


@dataclass(frozen=True, slots=True)
class Item:
    """One question with its label.

    Attributes:
        key: what tells this item from others: its content, and which of several equal items it is. Neither the file nor
            the place in it matters.
        suite: whose format it came in.
        asked: the text, or a Problem.
        group: the cluster that the file states; empty if it states none.
        options: the answers there are, where the answer to a text is one of several.
        path: the edges from the cause that is asked about to its effect, where the suite says its graph.
    """

    key: str
    id: str | int
    suite: Suite
    asked: str | Problem
    expected: Expected
    tolerance: float
    type: str
    group: str
    options: tuple[str, ...] = ()
    path: int | None = None


def agrees(reply: Expected | None, expected: Expected, tolerance: float) -> bool:
    """Whether a reply is what the label says; a number may be off by `tolerance`."""
    if isinstance(reply, float) and isinstance(expected, float):
        return abs(reply - expected) <= tolerance
    return reply is not None and reply == expected


def read_items(files: Iterable[str | Path], limit: int | None = None) -> tuple[list[Item], frozenset[str]]:
    """The items of every file, in order, and the keys of those left out because they are beyond the limit.

    Args:
        files: suite files.
        limit: take the first `limit` items of each file only.

    Raises:
        BenchError: a file or an item cannot be read; the message names file and line.
    """
    paths = [Path(path) for path in files]
    seen = Counter[str]()
    items: list[Item] = []
    beyond: set[str] = set()
    entries = {path: list(_entries(path)) for path in paths}
    backgrounds = dict(_stories(data for listed in entries.values() for _, data in listed))
    for listed in entries.values():
        found = [item for where, data in listed for item in _items(data, where, seen, backgrounds)]
        items += found[:limit]
        beyond |= {item.key for item in found[len(found) if limit is None else limit :]}
    if not items:
        raise BenchError(f"There is no item in {listing(map(str, paths))}. Wanted one JSON object a line: {FORMATS}.")
    return items, frozenset(beyond)


# ---------------------------------------------------------------------------------------------------------------------
# Files


def _entries(path: Path) -> Iterator[tuple[str, object]]:
    """Each entry of a file, with the place it stands at."""
    text = _content(path)
    if text.lstrip().startswith("["):
        whole = _parsed(text, f"{path}")
        for number, data in enumerate(cast("list[object]", whole), 1):
            yield f"{path}, item {number}", data
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f"{path}, line {number}", _parsed(line, f"{path}, line {number}")


def _content(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BenchError(f"{path} has {path.stat().st_size:,} bytes; at most {MAX_BYTES:,} are read. Split it.")
        return path.read_bytes().decode("utf-8-sig")
    except OSError as wrong:
        raise BenchError(f"{path} cannot be read: {wrong.strerror or wrong}. Give the path of a suite file.") from None
    except UnicodeDecodeError as wrong:
        line = path.read_bytes()[: wrong.start].count(b"\n") + 1
        raise BenchError(f"{path}, line {line}: this is not UTF-8 text. Save the file as UTF-8.") from None


def _parsed(text: str, where: str) -> object:
    def constant(name: str) -> NoReturn:
        raise ValueError(f"{name} is no JSON number")

    try:
        return json.loads(text, parse_constant=constant)
    except json.JSONDecodeError as wrong:
        line = f", line {wrong.lineno}" if "\n" in text else ""
        raise BenchError(f"{where}{line}: this is not JSON: {wrong.msg} at column {wrong.colno}.") from None
    except (ValueError, RecursionError) as wrong:
        why = "it is nested too deep" if isinstance(wrong, RecursionError) else str(wrong)
        raise BenchError(f"{where}: this is not JSON that can be read: {why}.") from None


# ---------------------------------------------------------------------------------------------------------------------
# Entries


def _stories(data: Iterable[object]) -> Iterator[tuple[str, str]]:
    """The stories of CLadder's file of models, by model."""
    for entry in data:
        if isinstance(entry, dict) and (told := background_of(cast("dict[str, Any]", entry))) is not None:
            yield told


def _items(data: object, where: str, seen: Counter[str], backgrounds: Mapping[str, str]) -> Iterator[Item]:
    """The items of an entry: one, several about one patient, or none where it is a story by itself."""
    if not isinstance(data, dict):
        raise BenchError(f"{where}: got {shown(data)}, wanted an object with {FORMATS}.")
    entry = cast("dict[str, Any]", data)
    try:
        if background_of(entry) is not None:
            return
        suite = suite_of(entry)
        found = [_own(entry, where)] if suite == "own" else _asked(questions(entry, suite, backgrounds), where)
    except Misfit as wrong:
        raise BenchError(f"{where}: {wrong}") from None
    for item in found:
        seen[item.key] += 1
        again = seen[item.key]
        yield item if again == 1 else replace(item, key=f"{item.key}-{again}")


def _asked(found: Iterable[Question], where: str) -> list[Item]:
    return [
        Item(
            _key(q.text, q.expected, 0.0),
            where if q.id is None else q.id,
            q.suite,
            q.text,
            q.expected,
            0.0,
            q.type,
            q.group,
            path=q.path,
        )
        for q in found
    ]


def _own(entry: Mapping[str, Any], where: str) -> Item:
    if unknown := [key for key in entry if key not in _OWN]:
        hint = near(unknown[0], _OWN)
        raise BenchError(f"{where}: {listing(unknown)} is in no format known here.{hint} Wanted {FORMATS}.")
    if ("text" in entry) == ("problem" in entry):
        got = "both" if "text" in entry else "neither"
        raise BenchError(f"{where}: an item has either 'text' or 'problem'; got {got}. Wanted {FORMATS}.")
    if "id" not in entry:
        raise BenchError(f"{where}: 'id' is missing. Give each item a text or whole number of its own.")
    asked = _text(entry, "text", where) if "text" in entry else _problem(entry["problem"], where)
    options = _options(entry, asked, where)
    expected = _expected(entry, where, options)
    tolerance = _tolerance(entry.get("tolerance", 1e-9), expected, "tolerance" in entry, where)
    content = asked if isinstance(asked, str) else asked.to_json()
    kind = _text(entry, "type", where) if "type" in entry else "other"
    group = "" if "group" not in entry else str(_named(entry["group"], where, "group"))
    name = _named(entry["id"], where)
    return Item(_key(content, expected, tolerance), name, "own", asked, expected, tolerance, kind, group, options)


def _options(entry: Mapping[str, Any], asked: str | Problem, where: str) -> tuple[str, ...]:
    """The answers there are, where the answer is one of several: a Problem says so itself, a text cannot."""
    if isinstance(asked, Problem):
        if "options" in entry:
            raise BenchError(f"{where}: a Problem has its options in its 'reply'. Leave 'options' out.")
        return asked.reply.options if asked.reply.kind == "choice" else ()
    value: object = entry.get("options", [])
    named = cast("list[object]", value) if isinstance(value, list) else []
    options = tuple(one for one in named if isinstance(one, str) and one.strip())
    if "options" in entry and (len(options) < max(2, len(named)) or len(set(options)) < len(options)):
        raise BenchError(
            f"{where}: 'options' is {shown(entry['options'])}, wanted a list of two or more different texts."
        )
    return options


def _problem(data: object, where: str) -> Problem:
    try:
        return Problem.from_data(data)
    except InvalidProblem as wrong:
        raise BenchError(f"{where}: the Problem cannot be meant. {wrong}") from None


def _text(entry: Mapping[str, Any], key: str, where: str) -> str:
    value = entry[key]
    if not isinstance(value, str) or not value.strip():
        raise BenchError(f"{where}: {key!r} is {shown(value)}, wanted a text.")
    return value


def _named(value: object, where: str, key: str = "id") -> str | int:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise BenchError(f"{where}: {key!r} is {shown(value)}, wanted a text or a whole number.")
    return value


def _expected(entry: Mapping[str, Any], where: str, options: tuple[str, ...]) -> Expected:
    if "answer" not in entry:
        raise BenchError(f"{where}: 'answer' is missing. Wanted {FORMATS}.")
    value = entry["answer"]
    if isinstance(value, str):
        if value in options:
            return value
        if not options and value.strip().lower() in ("yes", "no"):
            return value.strip().lower()
    if isinstance(value, (int, float)) and not isinstance(value, bool) and not options and abs(value) < 1e300:
        return float(value)
    wanted = f"one of {listing(options)}" if options else '"yes", "no" or a number'
    raise BenchError(f"{where}: 'answer' is {shown(value)}, wanted {wanted}.")


def _tolerance(value: object, expected: Expected, given: bool, where: str) -> float:
    if given and isinstance(expected, str):
        raise BenchError(f"{where}: 'tolerance' goes with a number, but the answer is {expected!r}. Leave it out.")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise BenchError(f"{where}: 'tolerance' is {shown(value)}, wanted a number that is not negative.")
    return 0.0 if isinstance(expected, str) else float(value)


def _key(content: str, expected: Expected, tolerance: float) -> str:
    return hashlib.sha256(json.dumps([content, expected, tolerance]).encode()).hexdigest()[:24]
