"""Answers as words: the line that replies, without its reasons (`_lesson`). Every number is the engine's."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scm import (
    Answer,
    Contrast,
    Query,
    ScmError,
    Study,
    ask,
    number_text,
)

from ._asked_words import Asked, asked_of, together
from ._claim_words import claims_line
from ._compile import Compiled
from ._guard import is_plain
from ._interval_words import chance_decides, chance_ends, spread_said
from ._judged import Judged
from ._open_words import NOT_DETERMINED, Ends, bounded
from ._phrases import Phrases, capital, joined
from ._problem import Problem
from ._reader._questions import BUT_FOR
from ._reasons import observed_values
from ._rounding import ends_of
from ._state_words import compared, named
from ._study_words import clashing, not_known
from ._verdict import Said, verdict

_MOST_AROUND = 5
"""Most words that an asker puts around a fact: "if ... had also not ... at all"."""
_LONGEST_ECHO = 300
"""Longest question that is turned into a statement, in characters."""


@dataclass(frozen=True, slots=True)
class Case:
    """All there is to say; the fields are those of `Reply`."""

    problem: Problem | None
    compiled: Compiled | None
    answers: tuple[Answer, ...]
    instead: tuple[Answer, ...]
    reply: Said
    finding: str
    fault: str
    judged: tuple[Judged, ...] = ()


def line(case: Case) -> str:
    """The answer in a sentence or two."""
    if case.finding == "unreadable":
        return f"I could not read this. {_sentence(case.fault)}"
    if case.judged and not case.answers:
        return claims_line(case.judged, case.reply)
    if not case.answers or case.problem is None or case.finding == "refused":
        return f"This cannot be worked out here. {_sentence(case.fault)}"
    if case.finding == "not_identified":
        lacking = "" if case.compiled is None else case.compiled.lacking
        return not_known(case.problem, _study(case), case.answers, case.fault, lacking)
    if case.finding == "contradiction":
        return clashing(case.answers)
    speaker = Speaker(case, case.problem)
    if case.finding == "undefined":
        return speaker.undefined()
    if case.problem.reply.kind == "choice":
        return speaker.choice()
    return speaker.reply(case.answers[0], case.reply)


def _study(case: Case) -> Study | None:
    knowledge = None if case.compiled is None else case.compiled.knowledge
    return knowledge if isinstance(knowledge, Study) else None


class Speaker:
    """Words for one case."""

    def __init__(self, case: Case, problem: Problem) -> None:
        self.case = case
        self.problem = problem
        self.phrases = Phrases(problem)
        self.but_for = BUT_FOR in problem.assumptions

    def reply(self, answer: Answer, said: Said) -> str:
        """The reply to one query, and the number or the outcome behind it."""
        asked = asked_of(answer.query)
        if asked is None:
            return self._general(answer, said)
        if answer.finding == "bounds":
            return self._open(answer, asked, said)
        value = answer.value
        if not isinstance(value, float):
            return self._general(answer, said)
        if said in ("yes", "no") and value in (0.0, 1.0) and _unspread(answer):
            return f"{capital(str(said))}. {self._certain(asked, value > 0)}"
        given = (
            f"given that {self.phrases.event(asked.given)}, "
            if asked.given is not None and value not in (0.0, 1.0)
            else ""
        )
        what = f"{given}the probability that {self.statement(asked, True, condition=True)}"
        told = f"{named(self.problem, answer.query) or what} is {shown(answer)}"
        return f"{_capital_unless(self._lead(said), told)}{self._spread(answer)}.{self._caution(answer, said)}"

    def statement(self, asked: Asked, truth: bool, *, still: bool = False, condition: bool = False) -> str:
        """The event, or its denial; with `condition`, what is imposed behind it."""
        say = self.phrases.would if asked.imposed else self.phrases.fact
        if len(asked.event) == 1:
            name, value = asked.event[0]
            told = say(name, value, truth, still=still)
        else:
            told = joined(say(name, value) for name, value in asked.event)
            told = told if truth else f"it is not so that {told}"
        if not condition or not asked.imposed:
            return told
        return f"{told} if {joined(self.phrases.supposed(name, value) for name, value in asked.imposed)}"

    # --- certain outcomes

    def _certain(self, asked: Asked, truth: bool) -> str:
        if self.but_for:
            # The event asked about is the effect's absence without the cause.
            return f"By the but-for test, {self.statement(asked, truth, still=not truth, condition=True)}."
        still = self._still(asked, truth)
        told = self._echo(asked, truth, still) or self.statement(asked, truth, still=still, condition=True)
        return capital(told) + "."

    def _still(self, asked: Asked, truth: bool) -> bool:
        """Whether the imagined outcome is the one that was observed."""
        seen = observed_values(asked.given)
        if not asked.imposed or len(asked.event) != 1 or asked.event[0][0] not in seen:
            return False
        return (seen[asked.event[0][0]] == asked.event[0][1]) == truth

    def _echo(self, asked: Asked, truth: bool, still: bool) -> str | None:
        """The asker's own words: `Would the prisoner have died if ...` turned into a statement."""
        if len(asked.event) != 1 or not self.phrases.is_clause(asked.event[0][0]):
            return None
        words = self.problem.queries[0].words.strip().rstrip("?. ")
        match = re.match(r"would (?P<what>.+?) (?:even )?(?P<how>(?:if|had) .+)$", words, re.IGNORECASE)
        if match is None or not all(self.phrases.is_clause(name) for name, _ in asked.imposed):
            return None
        # Words of the text are said again as ours only where they are about as long as the facts they put in words.
        told = sum(len(imposed.split()) + _MOST_AROUND for imposed, _ in asked.imposed)
        name, value = asked.event[0]
        if not is_plain(words, _LONGEST_ECHO) or len(match["how"].split()) > told:
            return None
        if len(match["what"].split()) > len(name.split()) + _MOST_AROUND:
            return None
        happens = bool(value) == truth
        forms = self.phrases.forms(name, happens)
        subject = [word.lower() for word in forms.subject.split() if word != "the"]
        tokens = [word for word in match["what"].split() if word.lower() not in ("not", "still", "also", "then")]
        head = tokens[1:] if tokens[0].lower() in ("the", "a", "an") else tokens
        verb = head[len(subject) :]
        if [word.lower() for word in head[: len(subject)]] != subject or not verb:
            return None
        # The asker's words are the event asked about ("would the road be dry"), whatever its variable is called: what
        # is true is said as asked, and what is not with the other sign.
        denied = any(word.lower() == "not" for word in match["what"].split()) == truth
        said = ["would", *(["still"] if still else []), *(["not"] if denied else []), *verb]
        return f"{forms.subject} {' '.join(said)} {match['how']}"

    # --- what is not determined

    def _open(self, answer: Answer, asked: Asked, said: Said) -> str:
        ends, seen = Ends(self.problem, self.phrases, answer), observed_values(asked.given)
        if (told := ends.either(seen)) is not None:
            return told
        given = f"given that {self.phrases.event(asked.given)}, " if asked.given is not None else ""
        what = f"{given}the probability that {self.statement(asked, True, condition=True)}"
        what = named(self.problem, answer.query) or what
        lead = self._lead(said)
        if (where := ends.where(seen)) is not None:
            return f"{lead or f'{NOT_DETERMINED}: '}{what} {where}."
        return capital(bounded(self.problem, answer, lead, what, self._spread(answer)) + self._caution(answer, said))

    # --- queries without plain words

    def _general(self, answer: Answer, said: Said) -> str:
        lead = self._lead(said)
        what = named(self.problem, answer.query) or self._together(answer.query) or answer.text
        if answer.finding == "bounds" and ends_of(answer) is not None:
            told = what
            told = bounded(self.problem, answer, lead, told, self._spread(answer))
            return f"{told if lead else capital(told)}{self._caution(answer, said)}"
        told = self._difference(answer) or f"{what} is {shown(answer)}"
        if answer.finding == "bounds" and not lead:
            lead = f"{NOT_DETERMINED}: "
        return f"{_capital_unless(lead, told)}{self._spread(answer)}.{self._caution(answer, said)}"

    def _together(self, query: Query) -> str | None:
        """`the probability that both the road would be wet if it rained and it would not be if it did not rain`."""
        if not (asked := together(query)):
            return None
        given = f"given that {self.phrases.event(asked[0].given)}, " if asked[0].given is not None else ""
        facts = [self.statement(one, True, condition=True) for one in asked]
        return f"{given}the probability that {'both ' if len(facts) == 2 else ''}{', and '.join(facts)}"

    def _difference(self, answer: Answer) -> str | None:
        """`P(Y | do(X = 1)) - P(Y | do(X = 0))` as two probabilities and their difference."""
        query = answer.query
        if not isinstance(query, Contrast) or query.op != "-" or self.case.compiled is None:
            return None
        sides = (query.left, query.right)
        words = compared(self.problem, query)
        if words is not None and (pair := self._sides(answer, sides)) is not None:
            event, one, two = words
            return f"the probability of {event} is {pair[0]} {one} and {pair[1]} {two}: a difference of {shown(answer)}"
        left, right = map(asked_of, sides)
        if left is None or right is None or not left.imposed or left.event != right.event or left.given != right.given:
            return None
        if (pair := self._sides(answer, sides)) is None:
            return None
        first, second = pair
        suppose = (joined(self.phrases.supposed(n, v) for n, v in side.imposed) for side in (left, right))
        one, two = (f"if {told}" if told else "as it is" for told in suppose)
        given = f", given that {self.phrases.event(left.given)}," if left.given is not None else ""
        told = f"the probability that {self.statement(left, True)}{given} is {first} {one} and {second} {two}"
        return f"{told}: a difference of {shown(answer)}"

    def _sides(self, answer: Answer, sides: Sequence[Query]) -> tuple[str, str] | None:
        """The two probabilities that are subtracted, each worked out by itself."""
        knowledge = None if self.case.compiled is None else self.case.compiled.knowledge
        if knowledge is None:
            return None
        try:
            found = [ask(knowledge, term).value for term in sides]
        except ScmError:
            return None
        if not all(isinstance(value, float) for value in found):
            return None
        return rounded_to(found[0], answer), rounded_to(found[1], answer)

    def _lead(self, said: Said) -> str:
        form = self.problem.reply
        if said not in ("yes", "no"):
            return ""
        if form.comparison == ">" and form.threshold == 0.5:
            return "Yes, more likely than not: " if said == "yes" else "No, not more likely than not: "
        return f"{capital(str(said))}: "

    def _caution(self, answer: Answer, said: Said) -> str:
        """What stands in the way of taking the number as it is."""
        form, value, error = self.problem.reply, answer.value, answer.uncertainty.sampling
        if form.kind != "yes-no":
            return ""
        face = replace(answer, uncertainty=replace(answer.uncertainty, rounding=None))
        if said is None and answer.uncertainty.rounding is not None and verdict(form, (face,)) is not None:
            return " The printed numbers are rounded, and within their rounding the answer could be yes or no."
        if answer.finding == "bounds" and said is not None and chance_decides(answer, form):
            return " That is of the bounds as estimated: chance in the counts could put it on the other side."
        if isinstance(value, float) and isinstance(error, float) and 0 < abs(value - form.threshold) < 2 * error:
            return f" That is less than two standard errors from {number_text(form.threshold)}: chance may explain it."
        return ""

    def _spread(self, answer: Answer) -> str:
        """Standard error and rounding, as far as there are any."""
        parts: list[str] = []
        error = answer.uncertainty.sampling
        if isinstance(error, float):
            parts.append(f"standard error {error:.2g}, from {self.units()}")
        if not _unspread(answer) and answer.uncertainty.rounding is not None:
            low, high = answer.uncertainty.rounding
            sure = answer.diagnostics.get("rounding", "" if answer.finding == "bounds" else "approximate")
            about = "" if sure in ("", "all corners") else "roughly "
            told = f"between {low:.3g} and {high:.3g}"
            told = spread_said(answer, low, high) if answer.finding == "bounds" else told
            parts.append(f"{about}{told} within the rounding of the printed numbers")
        if answer.finding == "bounds" and (ends := chance_ends(answer)) is not None:
            told = f"with {ends.level:.0%} confidence {spread_said(answer, ends.lower, ends.upper)}"
            parts.append(f"{told}, since {self.units()} leave some of it to chance")
        return "".join(f", {part}" for part in parts)

    def units(self) -> str:
        """How many units were counted, and what the text calls them: `700 patients`."""
        counted = [s for s in self.problem.statements if s.counts is not None]
        most = max((s.counts[1] for s in counted if s.counts is not None), default=0)
        if self.case.compiled is not None and (model := self.case.compiled.model) is not None:
            tables = (getattr(mechanism, "totals", None) for mechanism in model.mechanisms.values())
            most = max([most, *(round(sum(totals)) for totals in tables if totals)])
        nouns = {noun for s in counted for noun in re.findall(r"\d (people|[a-z]+s)\b", s.words)}
        return f"{most:,} {nouns.pop() if len(nouns) == 1 else 'counted cases'}"

    def choice(self) -> str:
        """The option that is ahead, beside the others."""
        form = self.problem.reply
        told = joined(
            f"{shown(answer)} for {name}" for name, answer in zip(form.options, self.case.answers, strict=False)
        )
        return (
            f"None of the options is certainly ahead: {told}."
            if self.case.reply is None
            else f"{self.case.reply}: {told}."
        )

    def undefined(self) -> str:
        """An observation that cannot be, and what would hold if it were dropped."""
        asked = asked_of(self.case.answers[0].query)
        given = self.phrases.event(asked.given) if asked and asked.given is not None else "what is given"
        told = f"This has no answer as it stands: by what is said it cannot be that {given}."
        if not self.case.instead:
            return told
        aside = Speaker(Case(self.problem, self.case.compiled, self.case.instead, (), None, "exact", ""), self.problem)
        said = aside.reply(self.case.instead[0], verdict(self.problem.reply, self.case.instead))
        joint = " it is" if said.startswith(NOT_DETERMINED) else ":"
        return f"{told} With that observation left aside{joint} {said[:1].lower()}{said[1:]}"


# ---------------------------------------------------------------------------------------------------------------------
# Numbers


def shown(answer: Answer) -> str:
    """The value: an estimate as far as its standard error goes, ends, or a table."""
    if isinstance(answer.value, float):
        return rounded_to(answer.value, answer)
    if (ends := ends_of(answer)) is not None:
        return spread_said(answer, *ends)
    return answer.to_text(derivation=False).splitlines()[0].removeprefix(f"{answer.text} = ")


def rounded_to(value: object, answer: Answer) -> str:
    """`value` with as many digits as the uncertainty of `answer` lets mean something."""
    if not isinstance(value, float):
        return "not determined"
    error = answer.uncertainty.sampling
    if isinstance(error, float) and error > 0:
        return f"{value:.{max(0, 1 - math.floor(math.log10(error)))}f}"
    return number_text(value) if _unspread(answer) else f"{value:.4g}"


def _unspread(answer: Answer) -> bool:
    rounding = answer.uncertainty.rounding
    return rounding is None or rounding[0] == rounding[1]


def _sentence(text: str) -> str:
    return text if text.rstrip().endswith((".", "!", "?", "^")) else f"{text}."


def _capital_unless(lead: str, told: str) -> str:
    return f"{lead}{told}" if lead else capital(told)
