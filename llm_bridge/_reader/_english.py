"""Ordinary English: each sentence to a rule, a probability, a fact or a question; then all of it to a Problem."""

from __future__ import annotations

import re
from collections.abc import Callable

from .._problem import Problem
from ._arrows import AFFECTS, DEPENDS, affects, arrow_phrases, arrow_pieces
from ._assemble import finish
from ._blame import read_blame
from ._causal import causal
from ._chance import NUMBER, as_printed, split_chance
from ._clause import Clause, opposite
from ._combine import all_of, combine
from ._counts import Count, as_group, looks_counted, read_counts
from ._enough import enough_or_needed
from ._facts import read_fact
from ._questions import is_question, read_question, without_opening
from ._reading import Reading
from ._refer import resolved
from ._rules import conditional, otherwise
from ._story import Unreadable, quoted
from ._study import read_study
from ._text import Sentence, sentences

_FRAMES = re.compile(
    r"^(?:(?:also|moreover|furthermore|in addition|besides|further|finally|next|first|second|third|secondly|thirdly"
    r"|lastly"
    r"|similarly|likewise|however|and|but|so|thus|therefore|rule \d+|suppose that|imagine that|suppose|imagine"
    r"|assume that"
    r"|in this world|in general|as a rule|by design|it is a rule that|the rule is that) (?:, )?)+(?=\S)",
    re.IGNORECASE,
)
_KNOWN = re.compile(
    r"^(?:we|i|you|they|everyone|everybody) (?:all )?(?:know|knows|are told|were told|have been told"
    r"|understand) that (.+)$"
    r"|^it is (?:well )?known that (.+)$|^the facts? (?:is|are) that (.+)$",
    re.IGNORECASE,
)
_SAW = re.compile(
    r"^(?:(?:we|i|you|one|they|the police|somebody|it) )(?:have |has |had |just |now |also |then |is |was |can "
    r"|later |clearly )*"
    r"(?:observed?|saw|sees?|seen|learned|learnt|learn|found|finds?|notice[ds]?|heard?|knew|observed|discovered"
    r"|discover|turned out|turns out)"
    r"(?: out)?(?: that)? (?P<a>.+)$"
    r"|^(?:in fact|actually|in reality|as it happened|as it happens|it so happened that|it happened that|in the end"
    r"|it is a fact that"
    r"|unfortunately|luckily|sadly|indeed|given that"
    r"|suppose we (?:see|observe|know)"
    r"(?: that)?|observation)(?: ,)? (?P<b>.+)$",
    re.IGNORECASE,
)
_SUPPOSE = re.compile(
    r"^(?:(?:now|and|then|further|next) (?:, )?)*(?:suppose|assume|imagine|supposing|assuming|say)(?: now| instead"
    r"| further| also)?(?: that)? (?P<what>.+)$",
    re.IGNORECASE,
)
_EMPTY = re.compile(
    r"^(?:here are the rules|here is the story|consider the following(?: story| rules| situation| case)?"
    r"|the rules are(?: as follows)?"
    r"|these are the rules|rules|facts|question|the facts|the question|the story|story|scenario|rule \d+|observation"
    r"|premise|observations|\\d+|here is what (?:we know|happened)|this is what (?:we know|happened)"
    r"|thank you|thanks|please answer|answer yes or no)$",
    re.IGNORECASE,
)
_CONDITIONAL_CHANCE = re.compile(
    rf"^(?:the )?(?:probability|chance|likelihood) (?:that|of) (?P<e>.+?) (?:, )?(?:if|when|given that"
    rf"|given) (?P<c>.+?) is (?P<p>{NUMBER})"
    rf"(?: (?:, )?and (?P<q>{NUMBER}) (?:otherwise|if not|when not|if (?:it|not) .*))?$"
    rf"|^(?:the )?(?:probability|chance|likelihood) (?:that|of) (?P<e2>.+?) is (?P<p2>{NUMBER}) (?:if|when|given that"
    rf"|given) (?P<c2>.+?)"
    rf"(?: (?:, )?(?:and|but) (?P<q2>{NUMBER}) (?:otherwise|if not|when not))?$",
    re.IGNORECASE,
)


RULES: tuple[Callable[[str, str, Reading], bool], ...] = (otherwise, conditional, enough_or_needed, causal, affects)
"""What reads a sentence that is no fact and states no probability, tried in this order."""

_CONDITION = r"(?:if|when|whenever|unless) "
_BEGINS = re.compile(_CONDITION, re.IGNORECASE)


def read_english(text: str) -> Problem:
    """The Problem of a text in ordinary English.

    Raises:
        Unreadable: with the words that have no place.
    """
    found = _joined(sentences(text))
    asking = [s for s in found if is_question(s.phrase, s.mark)]
    if not asking:
        raise Unreadable("There is no question. End with one, such as 'Would X have happened if Y had not happened?'.")
    if len(asking) > 1:
        raise Unreadable(
            f"There are {len(asking)} questions: {' / '.join(quoted(s.words, 50) for s in asking)}. Ask one at a time."
        )
    rest = [s for s in found if s is not asking[0]]
    if any(looks_counted(as_group(_FRAMES.sub("", s.phrase))) for s in rest):
        return _counted(rest, asking[0], text)
    reading, place = Reading(), found.index(asking[0])
    for i, sentence in enumerate(rest):
        _sentence(sentence, reading, before_question=place - 2 <= i < place)
    phrase, words = resolved(asking[0].phrase), asking[0].words
    return finish(reading, read_blame(without_opening(phrase), words) or read_question(phrase, words))


def _joined(found: list[Sentence]) -> list[Sentence]:
    """`What if the fuse had not blown? Would ...?` asks one thing."""
    out: list[Sentence] = []
    for sentence in found:
        if out and re.match(r"what if ", out[-1].phrase, re.IGNORECASE) and is_question(sentence.phrase, sentence.mark):
            first = out.pop()
            out.append(
                Sentence(f"{first.phrase} , {sentence.phrase}", sentence.mark, f"{first.words}: {sentence.words}")
            )
        else:
            out.append(sentence)
    return out


def _headed(found: list[Sentence]) -> list[Sentence]:
    """`Treatment A, small stones: 81 of 87 recovered` as one sentence."""
    out: list[Sentence] = []
    for sentence in found:
        if out and out[-1].mark == ":" and looks_counted(sentence.phrase) and not _EMPTY.match(out[-1].phrase):
            head = out.pop()
            phrase = f"{head.phrase} , {sentence.phrase}"
            out.append(Sentence(phrase, sentence.mark, f"{head.words}: {sentence.words}"))
        else:
            out.append(sentence)
    return out


def _counted(rest: list[Sentence], asking: Sentence, text: str) -> Problem:
    """A text that counts: counts, arrows and a question, nothing else."""
    counts: list[Count] = []
    arrows: list[tuple[str, str, str]] = []
    for sentence in _headed(rest):
        phrase = as_group(_FRAMES.sub("", sentence.phrase))
        if looks_counted(phrase):
            counts += read_counts(phrase, sentence.words)
        elif AFFECTS.match(phrase) or DEPENDS.match(phrase):
            for piece in arrow_pieces(phrase):
                match = AFFECTS.match(piece) or DEPENDS.match(piece)
                if match is None:
                    raise Unreadable(f"What affects what in {quoted(sentence.words)}? Use one sentence for each cause.")
                arrows += arrow_phrases(match["causes"], match["effects"], sentence.words)
        elif not _EMPTY.match(phrase):
            raise Unreadable(
                f"{quoted(sentence.words)} neither counts nor says what affects what. Leave it out, or say it so."
            )
    return read_study(counts, arrows, asking.phrase, asking.words, text)


def _sentence(sentence: Sentence, reading: Reading, *, before_question: bool) -> None:
    phrase = resolved(sentence.phrase)
    if _EMPTY.match(phrase):
        return
    reading.begin()
    if (match := _SUPPOSE.match(phrase)) and _suppose(match["what"], reading, before_question=before_question):
        return
    phrase = _FRAMES.sub("", phrase)
    if match := _KNOWN.match(phrase):
        phrase = next(group for group in match.groups() if group)
    if match := _SAW.match(phrase):
        reading.fact(read_fact(match["a"] or match["b"], sentence.words, reading.times), sentence.words)
        return
    for piece in (
        re.split(rf" , and (?={_CONDITION})", phrase, flags=re.IGNORECASE) if _BEGINS.match(phrase) else [phrase]
    ):
        if not (_chance(piece, sentence.words, reading) or any(rule(piece, sentence.words, reading) for rule in RULES)):
            reading.fact(read_fact(piece, sentence.words, reading.times), sentence.words)


def _suppose(what: str, reading: Reading, *, before_question: bool) -> bool:
    """`Suppose the fuse had not blown.` imposes; `Suppose that if ...` only frames a rule."""
    if re.search(
        r"\b(?:if|unless|when|whenever|causes?|makes?|prevents?|probability|chance|enough|needed|affects?)\b", what
    ):
        return False
    if re.match(r"(?:we|you|i) (?:see|observe|know|saw|observed|learn)\b", what, re.IGNORECASE):
        reading.fact(read_fact(re.sub(r"^\S+ \S+ (?:that )?", "", what), what, reading.times), what)
        return True
    pieces = re.split(
        r" , (?:and )?(?:based on (?:this|that) assumption , )?(?:further |also )?(?:suppose|assume) (?:that )?",
        what,
        flags=re.IGNORECASE,
    )
    for piece in pieces:
        clauses = all_of(combine(piece), "What is supposed")
        if not (before_question and _imposes(piece, clauses)):
            raise Unreadable(
                f"Is {quoted(piece)} seen, or made so? Say 'We observed that ...', or 'Suppose ... had (not) ...' "
                f"right before "
                "the question."
            )
        reading.supposed += clauses
    return True


def _imposes(piece: str, clauses: list[Clause]) -> bool:
    low = f" {piece.lower()} "
    bare_name = all(not item.is_sentence and item.name[:1].isupper() for item in clauses)
    return " had " in low or " were " in low or bare_name


def _chance(phrase: str, words: str, reading: Reading) -> bool:
    """Stated probabilities of a single thing, or of one thing given another."""
    if match := _CONDITIONAL_CHANCE.match(phrase):
        named = match.groupdict()
        effect, cause = named["e"] or named["e2"], combine(named["c"] or named["c2"])
        value, other = named["p"] or named["p2"], named["q"] or named["q2"]
        event = all_of(combine(effect), "The event")[0]
        reading.conditional.append((cause, event, as_printed(value, phrase), words))
        if other:
            if not isinstance(cause, Clause):
                raise Unreadable(f"What does 'otherwise' mean in {quoted(words)}? Give one probability for each case.")
            reading.conditional.append((opposite(cause), event, as_printed(other, phrase), words))
        return True
    if re.search(r"\b(?:if|unless|when|whenever|otherwise)\b", phrase, re.IGNORECASE):
        return otherwise(phrase, words, reading) or conditional(phrase, words, reading)
    chance = split_chance(phrase)
    if chance is None or any(rule(chance.rest, words, Reading()) for rule in RULES[2:]):
        return False
    clauses = all_of(combine(chance.rest), "What has a probability")
    if len(clauses) > 1:
        raise Unreadable(
            f"Does the probability in {quoted(words)} hold for each, or for all together? Use one sentence for each."
        )
    reading.names.declared(clauses[0])
    reading.chances.append((clauses[0], chance.value, words))
    return True
