"""Questions: what is asked about, what is imposed, what is taken as seen.

"Would ... if ... had" imposes; "given that", "if we see" and a plain "does ... if" condition; "did A cause B" is the
but-for question. What is seen elsewhere in the text is added by the caller.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from ._clause import Clause, opposite
from ._combine import Tree, all_of, combine
from ._story import Unreadable, quoted

BUT_FOR = (
    "'Did it cause' is read as but-for: would the effect have failed to happen without the cause, both having "
    "happened? "
    "Other definitions of actual cause may differ."
)
SEEN = "The 'if' of the question is read as something learned, not as something done."


@dataclass(slots=True)
class Question:
    """One question: `P(event in the world where `imposed` holds | `given`)`, to be answered by `reply`."""

    event: Tree
    words: str
    reply: Literal["yes-no", "number"]
    imposed: list[Clause] = field(default_factory=list[Clause])
    given: list[Tree] = field(default_factory=list[Tree])
    assumptions: list[str] = field(default_factory=list[str])
    denied: bool = False
    blames: bool = False


_CLASSIFY = re.compile(
    r"^(?:would|could|what|how|is|are|was|were|did|does|do|will|had|has|have|if .+ , (?:would|will|what|how|does|do"
    r"|did|is|are"
    r"|was|were)|without .+ , would|given (?:that )?.+ , (?:what|how|would|is|did|was|does)|which|who|why"
    r"|when .+ , (?:would"
    r"|will|does|is|what|how)|supposing)\b",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"^(?:so|now|then|and|but|finally|in that case|in this case|question|given this|given all this)(?: ,)? ",
    re.IGNORECASE,
)
_SEE = (
    r"(?:we|you|i|one) (?:(?:also|now) )?(?:see|saw|observed?|know|knew|learn|learned|find|found|noticed?|hear|heard)"
    r"(?: out)?"
)
_FORCE = re.compile(
    r"^(?:(?:we|you|i|one|somebody) (?:were to |would )?(?:force|forced|make|made|cause|caused|set|get|got)"
    r"|we (?:intervene|intervened) (?:so that|to make)) (?P<what>.+)$",
    re.IGNORECASE,
)
_STOP = re.compile(
    r"^(?:we|you|i|one|somebody) (?:were to |would )?(?:prevent|prevented|stop|stopped|ban|banned|block"
    r"|blocked) (?P<what>.+)$",
    re.IGNORECASE,
)


_N_AND_IF = r"(?P<n>.+?)(?P<if> (?:, )?if .+)?$"
_PLAINER: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(form, re.IGNORECASE), plain)
    for form, plain in (
        (r"^what if (?P<c>.+?) , (?P<q>(?:would|what|how|will|does|did|is|was) .+)$", r"if \g<c> , \g<q>"),
        (r"\bif (?:it|there) (?:had|were|was) not (?:been )?for (?=\S)", "without "),
        (r"\b(?:had|were) it not (?:been )?for (?=\S)", "without "),
        (r"^but for (?=\S)", "without "),
        (rf"^(?:should|can|do|would) (?:we|you|i|one) expect (?P<x>.+?) to {_N_AND_IF}", r"will \g<x> \g<n>\g<if>"),
        (
            r"^how (?:likely|probable) (?:is|was|are|were) (?P<x>(?!it ).+?) to (?:have )?(?P<v>.+)$",
            r"how likely is it that \g<x> \g<v>",
        ),
        (rf"^what (?:happens|will happen) to {_N_AND_IF}", r"will \g<n> happen\g<if>"),
        (rf"^what would happen to {_N_AND_IF}", r"would \g<n> happen\g<if>"),
        (rf"^what would have happened to {_N_AND_IF}", r"would \g<n> have happened\g<if>"),
    )
)


def plainer(phrase: str) -> str:
    """A question in the words that the patterns below know."""
    for pattern, plain in _PLAINER:
        if match := pattern.search(phrase):
            named = {name: value or "" for name, value in match.groupdict().items()}
            filled = re.sub(r"\\g<(\w+)>", lambda m, named=named: named[m[1]], plain)
            phrase = phrase[: match.start()] + filled + phrase[match.end() :]
    return phrase


def is_question(phrase: str, mark: str) -> bool:
    """Whether a sentence asks something."""
    return mark == "?" or bool(
        re.match(r"^(?:would|what is|what would|what if|how (?:likely|probable)|did|which) ", phrase, re.IGNORECASE)
    )


def without_opening(phrase: str) -> str:
    """A question without "so", "in that case" and the like in front."""
    return _OPENING.sub("", phrase)


def read_question(phrase: str, words: str) -> Question:
    """The question that `phrase` asks.

    Raises:
        Unreadable: no pattern fits.
    """
    if re.search(r"(?:^| , )(?:would|did|does|do|is|are|was|were|will|has|have) not ", phrase, re.IGNORECASE):
        raise Unreadable(f"Does 'yes' to {quoted(words)} mean that it is so? Ask without the 'not' in front.")
    phrase = plainer(without_opening(phrase))
    for pattern in (_given_first, _more_likely, _how_likely, _would, _plain):
        if (question := pattern(phrase, words)) is not None:
            return question
    raise Unreadable(
        f"This question cannot be read: {quoted(words)}. Ask 'Would X happen if Y had not happened?', 'How likely is "
        f"X given "
        "that Y?', or 'What is the probability that X?'."
    )


# ---------------------------------------------------------------------------------------------------------------------
# Conditions


def _given_first(phrase: str, words: str) -> Question | None:
    """`Given that X, what is ...?`; `If we see X, how likely ...?`."""
    match = re.match(
        rf"^(?:given (?:that )?|knowing that |(?:if|when|once) {_SEE} (?:that )?|after seeing (?:that )?)(.+?) , (.+)$",
        phrase,
        re.IGNORECASE,
    )
    if match is None or match[2].split()[0].lower() in ("and", "or", "but"):
        return None
    question = read_question(match[2], words)
    question.given.append(combine(match[1]))
    return question


def _condition(question: Question, kind: str, phrase: str, *, imposing: bool) -> Question:
    """Put the condition of a question where it belongs."""
    kind = kind.lower()
    seen = re.match(rf"^{_SEE} (?:that )?(.+)$", phrase, re.IGNORECASE)
    if kind.startswith(("given", "knowing", "seeing", "after")) or seen:
        question.given.append(combine(seen[1] if seen else phrase))
    elif match := _FORCE.match(phrase):
        question.imposed += _imposed(
            re.sub(r"^(.+?) (not )?to (?:be )?", lambda m: f"{m[1]} {m[2] or ''}", match["what"]), bare=True
        )
    elif match := _STOP.match(phrase):
        what = re.sub(r" from (?:being |happening$|occurring$)?", " ", match["what"]).strip()
        question.imposed += [opposite(item) for item in _imposed(what, bare=True)]
    elif imposing or kind == "had":
        question.imposed += _imposed(phrase)
    else:
        question.given.append(combine(phrase))
        question.assumptions.append(SEEN)
    return question


def _imposed(phrase: str, *, bare: bool = False) -> list[Clause]:
    phrase = re.split(r" (?:, )?(?:instead of|rather than) ", phrase, maxsplit=1, flags=re.IGNORECASE)[0]
    phrase = re.sub(r"\bwere to (?:have )?", "", phrase)
    return all_of(combine(phrase, bare=bare), "What is imposed")


_TAIL = re.compile(
    r"^(?P<head>.+?)(?<! have)(?<! not)(?<! been)(?<! be) (?:, )?"
    r"(?P<kind>if|when|given that|given|even if|knowing that|after (?:we|you|i) (?:see|learn|observe) that|without"
    r"|in case|once|provided that|provided) (?P<tail>.+)$",
    re.IGNORECASE,
)


# "had" begins a condition only where no other word does, and where it is not the verb of what is asked.
_HAD = re.compile(r"^(?P<head>.+?)(?<! have)(?<! not)(?<! has) (?:, )?(?P<kind>had) (?P<tail>.+)$", re.IGNORECASE)


def _with_tail(phrase: str, question: Question, *, imposing: bool) -> Question:
    """Read `EVENT if CONDITION` into `question`; `imposing` where a plain "if" is subjunctive."""
    if re.match(r"^had ", phrase, re.IGNORECASE):
        raise Unreadable(f"What is asked in {quoted(phrase)}?")
    match = _TAIL.match(phrase) or _HAD.match(phrase)
    if match is None:
        question.event = combine(phrase, bare=True)
        return question
    question.event = combine(match["head"], bare=True)
    kind, tail = match["kind"].lower(), match["tail"]
    if kind == "without":
        lacking = all_of(combine(tail), "What is imposed")
        if any(not item.positive for item in lacking):
            raise Unreadable(f"'without' and 'not' in {quoted(phrase)} say too much at once. Use 'if'.")
        question.imposed += [opposite(item) for item in lacking]
        return question
    if (also := re.match(r"^(.+?) (?:, )?(?:given that|given) (.+)$", tail, re.IGNORECASE)) and not kind.startswith(
        "given"
    ):
        question.given.append(combine(also[2]))
        tail = also[1]
    elif (also := re.match(r"^(.+?) (?:, )?(?:if|had) (.+)$", tail, re.IGNORECASE)) and kind.startswith("given"):
        question = _condition(question, "if", also[2], imposing=True)
        tail = also[1]
    return _condition(question, kind, tail, imposing=imposing or kind == "even if")


def _new(words: str, reply: Literal["yes-no", "number"]) -> Question:
    return Question(Clause((), True, "", False, ""), words, reply)


# ---------------------------------------------------------------------------------------------------------------------
# Forms of questions


def _would(phrase: str, words: str) -> Question | None:
    """`Would E if C?`, `If C, would E?`, `Had C, would E?`, `Would E had C?`, `Without N, would E?`."""
    question = _new(words, "yes-no")
    if match := re.match(
        r"^(?P<kind>even if|if|had|without|were) (?P<tail>.+) , would (?P<event>.+)$", phrase, re.IGNORECASE
    ):
        kind = match["kind"].lower()
        tail = f"were {match['tail']}" if kind == "were" else match["tail"]
        return _with_tail(f"{match['event']} {'if' if kind == 'were' else kind} {tail}", question, imposing=True)
    if match := re.match(r"^would (?P<rest>(?!it be (?:likely|probable)).+)$", phrase, re.IGNORECASE):
        return _with_tail(match["rest"], question, imposing=True)
    return None


def _how_likely(phrase: str, words: str) -> Question | None:
    """`What is the probability that E ...?`, `How likely is E ...?`; an `if C` may come first."""
    front = re.match(
        r"^(?P<kind>if|had|when|without) (?P<tail>.+?) , (?P<rest>(?:what|how) .+)$", phrase, re.IGNORECASE
    )
    rest = front["rest"] if front else phrase
    match = re.match(
        r"^(?:what (?:is|was|would be|are|would have been) (?:the )?(?:probability|chances?|likelihood|odds) (?:that"
        r"|of)"
        r"|how (?:likely|probable) (?:is|was|would|are|were)(?: it| it be| it have been)?(?: (?:that"
        r"|for))?) (?P<event>.+)$",
        rest,
        re.IGNORECASE,
    )
    if match is None:
        return None
    event = re.sub(r"^(?:is|was|would) ", "", match["event"])
    event = (
        re.sub(r" to (?:have )?(?=\w)", " ", event, count=1) if " for " in rest[: match.start("event")] + " " else event
    )
    question = _new(words, "number")
    subjunctive = bool(re.search(r"\bwould\b", phrase, re.IGNORECASE))
    if front:
        event = f"{event} {front['kind']} {front['tail']}"
    return _with_tail(event, question, imposing=subjunctive)


def _more_likely(phrase: str, words: str) -> Question | None:
    """`Is E more likely than not ...?`, `Is it likely that E?`."""
    match = re.match(
        r"^(?:is|was|would) (?:it (?:be )?(?:more )?(?:likely|probable)(?: than not)? that (?P<a>.+)"
        r"|(?P<b>.+?) (?:be )?more (?:likely|probable) than not(?P<tail>.*))$",
        phrase,
        re.IGNORECASE,
    )
    if match is None:
        return None
    question = _new(words, "yes-no")
    return _with_tail(match["a"] or match["b"] + match["tail"], question, imposing=phrase.lower().startswith("would"))


def _plain(phrase: str, words: str) -> Question | None:
    """`Did E?`, `Is E?`, `Will E if C?`, `If C, does E?`."""
    front = re.match(
        r"^(?P<kind>if|when) (?P<tail>.+?) , (?P<rest>(?:did|does|do|is|are|was|were|will|has|have) .+)$",
        phrase,
        re.IGNORECASE,
    )
    rest = front["rest"] if front else phrase
    match = re.match(r"^(?P<aux>did|does|do|is|are|was|were|will|has|have) (?P<event>.+)$", rest, re.IGNORECASE)
    if match is None:
        return None
    event = re.sub(r"^there ", f"there {match['aux']} ", match["event"])
    question = _new(words, "yes-no")
    if front:
        event = f"{event} {front['kind']} {front['tail']}"
    if re.search(r" (?:if|when) .*\b(?:had|were)\b", event, re.IGNORECASE) and match["aux"].lower() != "will":
        raise Unreadable(f"Is the condition of {quoted(words)} seen, or made so? Ask 'Would ... if ... had ...?'.")
    question = _with_tail(event, question, imposing=False)
    if match["aux"].lower() in ("is", "are", "was", "were"):
        question.event = restore_be(question.event, match["aux"])
    return question


def restore_be(event: Tree, aux: str) -> Tree:
    """`Is the fuse blown?` asks about a passive, which its "is" marks: put it back in front of the last words."""
    if not isinstance(event, Clause):
        return event
    tokens = event.words.split()
    for place in range(len(tokens) - 1, 0, -1):
        try:
            candidate = combine(" ".join([*tokens[:place], aux, *tokens[place:]]), bare=True)
        except Unreadable:
            continue
        if isinstance(candidate, Clause) and candidate.key != event.key:
            return candidate
    return event
