"""Words of a question that belong to nothing its phrase is tied to: subgroups, conditions, times."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .._lemma import base_form
from .._lemma import words as word_set
from .._story import Unreadable, quoted
from ._collect import Reading
from ._evidence import Net
from ._forms import Question, World
from ._opposite_words import DENIALS, SCALES
from ._tables import plain

_TAIL = re.compile(
    r"(?:^|[ ,])(?P<mark>among|amongst|for|in|within|given(?! up| birth)|if|when|whenever|while|where|unless"
    r"|except|without|by|at|during|before|after|until|since|despite|under|on|next|last|this|every|per|today|tonight|tomorrow|yesterday"
    r"|because|although|though|provided|assuming|supposing|compared|once)\b(?P<rest>.*)",
    re.IGNORECASE,
)
"""Where a phrase may begin to say when, where, for whom or on what condition."""
_ALONE = word_set("today tonight tomorrow yesterday")
_OF_A_DEED = word_set("in given on under by")
"""How a deed is done rather than when or for whom, where no chances are asked for: `the flock escapes in the night`."""
_GROUP = word_set(
    "woman women man men girl boy child children adult teenager male female old older elderly young younger poor rich"
)
_WHO = re.compile(r"^(?P<head>.+?) (?:who|that|with|without|whose)\b")
_HOW_MUCH = re.compile(r"(?:more|less|at|over|about|a|half|\d)\b")
_COMPARES = re.compile(r"\b(?:more|less|likely|likelier|unlikely|probabl[ye]|better|worse|chance|probability|risk)\b")
_GRAMMAR = word_set(
    "the a an of is are was were be been in for among to with and or general overall all people person persons "
    "individual individuals someone somebody one it its their his her they he she who that has have had do does did"
)
_FREE = _GRAMMAR | {base_form(word) for word in _GRAMMAR}
_WORD = re.compile(r"[a-z0-9%'-]+")
_WAYS = ("x", "y", "v")
"""Places of a question that hold names of variables."""


def no_strays(told: World, net: Net, reading: Reading, tied: dict[str, tuple[str, bool]]) -> None:
    """Refuse a question with words beyond what its phrases are tied to.

    Raises:
        Unreadable: a number is asked of a phrase with words of its own; or a phrase of another question ends in a
            condition, a time or a group that nothing else says of that variable.
    """
    question = told.question
    assert question is not None
    said = _said(told, reading)
    _same_people(reading, tied)
    for phrase in (p for cut in reading.asked.values() for p in cut):
        if phrase not in said and phrase not in net.names:
            name = tied[phrase][0]
            _check(phrase, question, [name, *(p for p in said if p in tied and tied[p][0] == name)])
    for slot in _WAYS:
        phrase = plain(question.slots.get(slot, ""))
        if phrase and phrase not in net.names:
            _check(phrase, question, net.names)


def _same_people(reading: Reading, tied: dict[str, tuple[str, bool]]) -> None:
    """Refuse one number of women and one of all, where they are to be the two states of something else."""
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for phrase in (row.given[0] for row in reading.tables.rows if len(row.given) == 1):
        head = _WHO.match(phrase)
        group = _GROUP & _words(head["head"] if head else "")
        other, known = found.setdefault(tied[phrase][0], (phrase, group))
        if known != group:
            raise Unreadable(f"{quoted(other)} and {quoted(phrase)} are not of the same people: {min(known ^ group)}.")


def _said(told: World, reading: Reading) -> set[str]:
    """The phrases outside the question."""
    out = {p for row in reading.tables.rows for p in (*row.event, *row.given)}
    out |= {p for rule in reading.rules for p in (*rule.causes, *rule.effects)}
    out |= {p for cut, _ in reading.seen for p in cut}
    compared = [p for row in told.compared for p in (row.outcome, row.given, row.against)]
    ties = [p for tie in told.ties for p in (tie.first, tie.second, tie.given)]
    return out | {plain(p) for p in (*compared, *ties) if p}


def _check(phrase: str, question: Question, known: Iterable[str]) -> None:
    there = _words(" ".join(known)) | _FREE
    tail = _TAIL.search(phrase)
    if tail and _stray(tail["mark"], tail["rest"].strip(" ,"), there, question):
        _refuse(phrase[tail.start() :], question)
    head = _WHO.match(phrase)
    if head and question.kind != "supposed" and (odd := (_GROUP & _words(head["head"])) - there):
        _refuse(min(odd), question)
    if question.kind == "chance" and _words(phrase) - there - SCALES - DENIALS:
        _refuse(phrase, question)
    if question.kind == "supposed" and (odd := _COMPARES.search(phrase)) and odd.group() not in there:
        _refuse(odd.group(), question)


def _stray(mark: str, rest: str, there: frozenset[str], question: Question) -> bool:
    """Whether what begins with `mark` says something that is said nowhere else of the variable."""
    if question.kind == "chance" and mark not in there:
        return True
    if question.kind == "supposed" and mark in _OF_A_DEED:
        return False
    return mark in _ALONE or (mark == "by" and _HOW_MUCH.match(rest) is not None) or bool(_words(rest) - there)


def _refuse(words: str, question: Question) -> None:
    raise Unreadable(
        f"{quoted(words.strip(' ,'))} in {quoted(question.words)} has no place: nothing else in the text says it of "
        "what is asked about."
    )


def _words(text: str) -> frozenset[str]:
    """The words of a text; for each form its base form alone."""
    return frozenset(base_form(word) for word in _WORD.findall(text.lower()))
