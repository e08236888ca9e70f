"""The clauses of clinical rules: what a patient carries, a value that is low, pain that is rated, what is done.

One clause is one true-or-false variable, whichever tense it stands in: "lab Q7 will be low", "Q7 is low".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Literal

from ._lemma import third_person
from ._story import Unreadable, quoted

ListKind = Literal["allele", "family history", "medication", "surgery"]

NAME = r"[A-Za-z0-9][\w-]*"
_WHO = r"(?:the patient|the person|patient|they|he|she)"
_LEVEL = r"(low|elevated|high|raised|reduced|abnormal|positive|decreased|increased)"
_PAIN = r"(significant|severe|intense|extreme|serious) pain"
_KIND = r"(?:(?:the )?(?:vital(?: sign)?|lab(?: value)?|level|value) )?"
_LIMIT = re.compile(
    r"(?:rated )?(?P<how>greater than or equal to|less than or equal to|greater than|less than|more than|at least"
    r"|at most|above|below) (?P<number>\d+(?:\.\d+)?)(?P<unit>/\d+| ?[A-Za-z%µ][\w/%µ]*)?\Z"
)
_HOW = {
    "greater than or equal to": ge, "less than or equal to": le, "greater than": gt, "less than": lt, "more than": gt,
    "at least": ge, "at most": le, "above": gt, "below": lt,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limit:
    """From where on a value counts: `less than 0.25 mg/dL`."""

    how: str
    number: Decimal
    unit: str

    def reached(self, number: str, unit: str) -> bool:
        """Whether a measured value counts.

        Raises:
            Unreadable: it is measured in another unit.
        """
        if unit.strip().casefold() != self.unit.casefold():
            raise Unreadable(
                f"A value of {quoted(f'{number}{unit}')} cannot be held against a limit in {quoted(self.unit)}. "
                "Give both in one unit."
            )
        return _HOW[self.how](Decimal(number), self.number)


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause.

    Attributes:
        name: what the variable is called.
        truth: False where the clause denies it.
        about: the code of what is listed, or of what is measured; empty for a deed.
        listed: in which list of the notes it would stand; None where it stands in none.
        limit: from where on the value counts, where the clause says so.
    """

    name: str
    truth: bool = True
    about: str = ""
    listed: ListKind | None = None
    limit: Limit | None = None


_LISTED: tuple[tuple[ListKind, str, str], ...] = (
    ("allele", rf"{_WHO} (?:carry|carries) (?:the )?allele ({NAME})", "patient carries allele {}"),
    ("family history", rf"{_WHO} (?:has|have) (?:a )?family history of ({NAME})", "patient has a family history of {}"),
    ("medication", rf"{_WHO} (?:takes?|is taking|are taking) (?:medication )?({NAME})", "patient takes {}"),
    (
        "surgery",
        rf"{_WHO} (?:has|have) had (?:a )?(?:prior |previous )?surgery for ({NAME})",
        "patient has had surgery for {}",
    ),
)


def condition(text: str) -> Clause:
    """A clause behind "if".

    Raises:
        Unreadable: it is none that is known here.
    """
    told = " ".join(text.split())
    for kind, pattern, name in _LISTED:
        if match := re.fullmatch(pattern, told, re.IGNORECASE):
            return Clause(name.format(match[1]), True, match[1], kind)
    if match := re.fullmatch(rf"{_KIND}({NAME}) (?:is|are) (not )?{_LEVEL}", told, re.IGNORECASE):
        return _measured(match[1], match[3], not match[2])
    pain = r"(?:self-reports?|reports?|experiences?|has|have|feels?|is in|are in)"
    if match := re.fullmatch(rf"{_WHO} {pain} {_PAIN}", told, re.IGNORECASE):
        return _pain(match[1])
    raise Unreadable(f"The condition {quoted(told)} is none that is read in clinical rules.")


def outcome(text: str) -> Clause:
    """A clause with "will": what a rule brings about, what is supposed, or what is asked ("will ... be" turned round).

    Raises:
        Unreadable: it is none that is known here.
    """
    told, limit = _limited(" ".join(text.split()))
    if match := re.fullmatch(rf"{_KIND}({NAME}) will (not )?be {_LEVEL}", told, re.IGNORECASE):
        return _measured(match[1], match[3], not match[2], limit)
    pain = r"(?:experience|report|self-report|have|feel|be in)"
    if match := re.fullmatch(rf"{_WHO} will (not )?{pain} {_PAIN}", told, re.IGNORECASE):
        return _pain(match[2], not match[1], limit)
    if re.fullmatch(rf"{_WHO} will not {pain} (?:any )?pain", told, re.IGNORECASE):
        return Clause("", False, "pain")  # no pain at all: whichever pain the rules speak of
    if match := re.fullmatch(r"the ([a-z]+) will (not )?([a-z]+)((?: [a-z]+){0,4})", told, re.IGNORECASE):
        if limit is not None or match[3] in ("be", "have", "not"):
            raise Unreadable(f"The clause {quoted(told)} is none that is read in clinical rules.")
        return Clause(f"{match[1].lower()} {third_person(match[3].lower())}{match[4].lower()}", not match[2])
    raise Unreadable(f"The clause {quoted(told)} is none that is read in clinical rules.")


def asked(text: str) -> Clause:
    """A question's clause, "will" left out in front: `lab Q7 be low`, `the surgeon recommend surgery`."""
    told = " ".join(text.split())
    match = re.fullmatch(rf"({_KIND}{NAME}|{_WHO}) ((?:not )?be .+)", told, re.IGNORECASE)
    match = match or re.fullmatch(
        rf"({_WHO}) ((?:not )?(?:experience|report|self-report|have|feel) .+)", told, re.IGNORECASE
    )
    match = match or re.fullmatch(r"(the [a-z]+) ((?:not )?[a-z]+(?: [a-z]+){0,4})", told, re.IGNORECASE)
    if match is None:
        raise Unreadable(f"The question {quoted(told)} is none that is read in clinical notes.")
    return outcome(f"{match[1]} will {match[2]}")


def _measured(name: str, level: str, truth: bool, limit: Limit | None = None) -> Clause:
    return Clause(f"{name} is {level.lower()}", truth, name, None, limit)


def _pain(degree: str, truth: bool = True, limit: Limit | None = None) -> Clause:
    return Clause(f"patient is in {degree.lower()} pain", truth, "pain", None, limit)


def _limited(told: str) -> tuple[str, Limit | None]:
    """A clause without the limit that stands in brackets behind it, and that limit."""
    match = re.fullmatch(r"(?P<clause>[^()]+?) \((?P<limit>[^()]+)\)", told)
    if match is None:
        return told, None
    limit = _LIMIT.match(match["limit"])
    if limit is None:
        raise Unreadable(f"The words in brackets {quoted(match['limit'])} are no limit: write 'less than 2 mg/dL'.")
    return match["clause"], Limit(limit["how"], Decimal(limit["number"]), (limit["unit"] or "").strip())
