"""A Problem's variables as English: "the prisoner dies", "would still not be wet", "if rifleman A did not shoot".

The offline reader names a true-or-false variable by a clause in the present tense, so four moods can be built from it
without irregular forms: "were to shoot" stands in for "shot". A name that is no clause is quoted, or said to occur.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from scm import Const, Expr, Op, Value, Var, conjuncts, print_expr

from ._guard import is_plain, quoted
from ._problem import Problem, ProblemVariable
from ._reader._clause import Clause, clause
from ._reader._lemma import VERBS, is_participle, is_past, is_plural, third_person
from ._reader._story import Unreadable

_ARTICLES = frozenset({"the", "a", "an", "this", "these", "those", "my", "our", "his", "her", "their"})
_BE = frozenset({"is", "are", "am"})
_EVENT = r"(?:happen|occur)"
_GOES_ON = "is|are|was|were|and|or|happen|occur|cause|prevent|make|has|have|had|with|if|to|on|in|at|by|for|would"
_ENDS = rf"(?!\s(?!(?:{_GOES_ON})\w*\b)\w)"
"""What may stand behind a noun phrase that is complete: no further noun."""


@dataclass(frozen=True, slots=True)
class Forms:
    """One fact in every mood that wording needs.

    Attributes:
        subject: "the prisoner".
        present: "dies"; behind "still" with `still_present`: "still dies", "is still wet".
        still_present: the same with "still" in its place.
        base: what stands behind "would": "die", "not die".
        supposed: what stands behind "if" and the subject: "were to die", "did not die".
    """

    subject: str
    present: str
    still_present: str
    base: str
    supposed: str


class Phrases:
    """How one Problem's facts are said."""

    def __init__(self, problem: Problem) -> None:
        self._variables = {variable.name: variable for variable in problem.variables}
        parts = (problem.variables, problem.equations, problem.statements, problem.queries, problem.edges)
        self._text = " ".join(item.words for items in parts for item in items)
        self._forms: dict[tuple[str, Value], Forms] = {}

    def is_clause(self, name: str) -> bool:
        """Whether the name is a clause of its own, such as "rifleman A shoots"."""
        return self.is_flag(name) and is_plain(name) and _verb_place(name) is not None

    def is_flag(self, name: str) -> bool:
        """Whether a variable is true or false."""
        return self._variables[name].states == (False, True)

    def is_hidden(self, name: str) -> bool:
        """Whether nobody sees the variable."""
        return not self._variables[name].observed

    def knows(self, name: str) -> bool:
        """Whether there is such a variable."""
        return name in self._variables

    def forms(self, name: str, value: Value, truth: bool = True) -> Forms:
        """`name = value`, or its denial, in every mood."""
        if self.is_flag(name):
            value, truth = bool(value) == truth, True
        key = (name, f"not {value!r}" if not truth else value)
        if key not in self._forms:
            self._forms[key] = self._make(self._variables[name], value, truth)
        return self._forms[key]

    def fact(self, name: str, value: Value, truth: bool = True, *, still: bool = False) -> str:
        """`the prisoner dies`."""
        forms = self.forms(name, value, truth)
        return f"{forms.subject} {forms.still_present if still else forms.present}"

    def would(self, name: str, value: Value, truth: bool = True, *, still: bool = False) -> str:
        """`the prisoner would still die`."""
        forms = self.forms(name, value, truth)
        return f"{forms.subject} would {'still ' if still else ''}{forms.base}"

    def supposed(self, name: str, value: Value) -> str:
        """`rifleman A did not shoot`, behind an "if"."""
        forms = self.forms(name, value)
        return f"{forms.subject} {forms.supposed}"

    def event(self, event: Expr | None) -> str:
        """Facts of the world as it is: `the light is on and the fuse is not blown`."""
        return joined(self._part(part) for part in conjuncts(event))

    def _part(self, part: Expr) -> str:
        match part:
            case Op("=", (Var(name, ()), Const(value))):
                return self.fact(name, value)
            case Op("!=", (Var(name, ()), Const(value))):
                return self.fact(name, value, truth=False)
            case Var(name, ()) if self.is_flag(name):
                return self.fact(name, True)
            case Op("not", (Var(name, ()),)) if self.is_flag(name):
                return self.fact(name, False)
            case Op("or", parts):
                return " or ".join(self._part(p) for p in parts)
            case _:
                return print_expr(part)

    # --- how one variable is said

    def _make(self, variable: ProblemVariable, value: Value, truth: bool) -> Forms:
        name = variable.name
        if not self.is_flag(name):
            shown = f"{'' if truth else 'not '}{value}"
            return Forms(self._with_article(name), f"is {shown}", f"is still {shown}", f"be {shown}", f"were {shown}")
        positive = bool(value)
        if not is_plain(name):
            return _truth(quoted(name), positive)
        place = _verb_place(name)
        if place is not None:
            return self._clause(name.split(), place, positive)
        return self._thing(variable, positive)

    def _clause(self, tokens: list[str], place: int, positive: bool) -> Forms:
        subject, verb, rest = self._with_article(" ".join(tokens[:place])), tokens[place], tokens[place + 1 :]
        tail = "".join(f" {word}" for word in rest)
        if not positive and tokens[0] in _TURNED:
            # "nobody is home" is denied by "somebody is home".
            subject, positive = " ".join([_TURNED[tokens[0]], *tokens[1:place]]), True
        denied = "" if positive else "not "
        low = verb.lower()
        if low in _BE:
            still = f"{verb} still {denied}".rstrip() + tail
            return Forms(
                subject,
                f"{verb} {denied}".rstrip() + tail,
                still,
                f"{denied}be{tail}",
                f"were {denied}".rstrip() + tail,
            )
        if low in ("has", "have") and rest and is_participle(rest[0].lower()):
            shown = f"{verb} {denied}".rstrip() + tail
            return Forms(
                subject,
                shown,
                f"{verb} still {denied}".rstrip() + tail,
                f"{denied}have{tail}",
                f"had {denied}".rstrip() + tail,
            )
        base = base_of(low)
        do = "does" if low != base else "do"
        if positive:
            return Forms(subject, verb + tail, f"still {verb}{tail}", base + tail, f"were to {base}{tail}")
        denial = f"{do} not {base}{tail}"
        return Forms(subject, denial, f"still {denial}", f"not {base}{tail}", f"did not {base}{tail}")

    def _thing(self, variable: ProblemVariable, positive: bool) -> Forms:
        name = variable.name
        if not variable.words:
            return _truth(name, positive)
        if name.lower() not in self._text.lower():
            # A language model's label, such as "line kinked", need be no phrase that English can be made of.
            return _truth(f'"{name}"', positive)
        if name[:1].isupper():
            return _occurs(name if " " not in name else f'"{name}"', positive)
        if re.search(rf"\b{re.escape(name)}\s+(?:would have |has |had )?{_EVENT}", self._text, re.IGNORECASE):
            return _occurs(self._with_article(name), positive)
        article = re.search(rf"\b(the|an?)\s+{re.escape(name)}\b{_ENDS}", self._text, re.IGNORECASE)
        if article and article[1].lower() == "the" and not is_plural(name):
            not_ = "" if positive else "not "
            here = f"{not_}present"
            return Forms(f"the {name}", f"is {here}", f"is still {here}", f"{not_}be present", f"were {here}")
        be = "are" if is_plural(name) else "is"
        thing = f"no {name}" if not positive else f"{article[1].lower()} {name}" if article and be == "is" else name
        return Forms("there", f"{be} {thing}", f"{be} still {thing}", f"be {thing}", f"were {thing}")

    def _with_article(self, subject: str) -> str:
        """`the captain` where the text speaks of a captain."""
        first = subject.split()[0].lower()
        if first in _ARTICLES or not self._text:
            return subject
        found = re.search(rf"\b(?:the|an?)\s+{re.escape(subject)}\b", self._text, re.IGNORECASE)
        # "a" before a capital may be the name of a thing: "rifleman A shoots".
        return f"the {subject}" if found and not found[0].startswith("A ") else subject


_TURNED = {"nobody": "somebody", "somebody": "nobody"}


def _truth(name: str, positive: bool) -> Forms:
    """A label that is true or false."""
    shown = "true" if positive else "false"
    return Forms(name, f"is {shown}", f"is still {shown}", f"be {shown}", f"were {shown}")


def _occurs(name: str, positive: bool) -> Forms:
    """An event by its name."""
    if positive:
        return Forms(name, "occurs", "still occurs", "occur", "occurred")
    return Forms(name, "does not occur", "still does not occur", "not occur", "did not occur")


def base_of(verb: str) -> str:
    """`capsize` from `capsizes`: the form behind "does not"; a verb without the ending stays."""
    if verb in _BASES:
        return _BASES[verb]
    found = [verb[:-1], verb[:-2], f"{verb[:-3]}y"] if verb.endswith("s") else []
    found = [base for base in found if len(base) > 1 and third_person(base) == verb]
    known = [base for base in found if base in VERBS]
    # Among unknown verbs, "es" is an ending of its own only behind a hiss: "fizzes" has "fizz", "capsizes" "capsize".
    hiss = [base for base in found if base.endswith(("ss", "x", "ch", "sh", "zz", "o"))]
    return next(iter(known or hiss or found), verb)


_BASES = {"has": "have", "is": "be", "does": "do", "goes": "go", "dies": "die", "lies": "lie", "ties": "tie"}


def _verb_place(name: str) -> int | None:
    """Where the verb of a name in the present tense stands; None where the name is no clause."""
    tokens = name.split()
    if len(tokens) == 1:
        return None  # one word has no subject beside its verb
    if tokens[0] in ("it", *_TURNED):
        return 1
    try:
        found: Clause = clause(name)
    except Unreadable:
        return None
    if not found.is_sentence or not found.subject:
        return None
    left = len(found.subject)
    for place, token in enumerate(tokens):
        if token.lower() not in _ARTICLES or token == "A":
            left -= 1
        if left == 0:
            return place + 1 if place + 1 < len(tokens) and _is_present(tokens[place + 1].lower()) else None
    return None


def _is_present(verb: str) -> bool:
    """Whether a verb may stand in the present tense: "kinked" cannot, "shed" can."""
    return verb in VERBS or not (is_past(verb) or is_participle(verb))


def joined(parts: Iterable[str], word: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    found = list(parts)
    return f" {word} ".join(filter(None, (", ".join(found[:-1]), *found[-1:])))


def capital(sentence: str) -> str:
    """The first letter in upper case; a quoted name stays."""
    return sentence[:1].upper() + sentence[1:]
