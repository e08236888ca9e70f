"""Pronouns with one possible referent: "If Tom is tired, he sleeps" says that Tom sleeps.

A pronoun at the head of a clause stands for the subject of the clause before it in the same sentence, where that
clause, and every other one before it, names nothing else. Every other pronoun stays, and makes its clause unreadable.
"""

from __future__ import annotations

import re

from ._clause import is_determiner, verb_at
from ._lemma import AUXILIARIES, is_plural, lemma, words

_MARK = re.compile(
    r"( (?:, )?(?:then|and|but|or|because|only if|even if|if and only if|if|when|whenever|unless|once|given that)"
    r" (?:then )?| , | had (?=(?:it|he|she|they|its|his|her|their) ))",
    re.IGNORECASE,
)
_HEAD = re.compile(
    r"^(?:(?:if|when|whenever|unless|once|given that|even if|would|will|did|does|do|was|were|is|are|had|has|have|so"
    r"|how likely is it that|what is the (?:probability|chance) that|we (?:saw|observed|know) that|in fact) )*",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"^(?P<who>it|he|she|they|its|his|her|their) (?P<rest>.+)$", re.IGNORECASE)
_OWN = {"its", "his", "her", "their"}
_NEUTRAL = {"it", "its"}
_MANY = {"they", "their"}
_PARTICLES = words("up down out off away over back late early hard well again")
_LINKS = words("of in on at by for with from to under over and or but near inside outside behind between than as")
_PERSONS = words(
    """man woman boy girl child king queen prince princess guard thief burglar neighbour neighbor teacher student pupil
    doctor nurse patient captain soldier prisoner judge lawyer witness client customer clerk driver pilot cook baker
    farmer father mother son daughter brother sister uncle aunt friend boss worker player goalkeeper striker referee
    officer policeman person baby minister president chef surgeon buyer seller tenant landlord manager"""
)
_SOMEBODY = words("i you we he she they nobody somebody everybody")
_ABOUT_EVENTS = words(
    """mean show imply seem appear take follow matter help make prove suggest indicate depend cause
    hurt surprise annoy please scare upset anger frighten worry bother disturb wake"""
)
_JUDGEMENTS = words(
    """good bad clear certain likely unlikely possible impossible true false important known sad odd strange nice fun
    dangerous safe easy hard difficult fair unfair right wrong better worse best worst necessary enough fine time"""
)
_WEATHER = words("rain snow hail thunder freeze drizzle pour sunny cold hot dark warm windy icy late foggy cloudy")


def resolved(phrase: str) -> str:
    """`phrase` with the subject in place of each pronoun that can only mean it."""
    if not re.search(r"\b(?:it|he|she|they|its|his|her|their)\b", phrase, re.IGNORECASE):
        return phrase
    pieces = _MARK.split(phrase)
    subjects: list[str | None] = []
    for i in range(0, len(pieces), 2):
        head = _HEAD.match(pieces[i])
        start = head[0] if head else ""
        rest = pieces[i][len(start) :]
        if not rest:
            continue
        if (match := _PRONOUN.match(rest)) and not _is_weather(rest):
            referent = subjects[0] if subjects and len({_plain(s) for s in subjects}) == 1 else None
            if referent is None or not _suits(match["who"].lower(), referent, match["rest"]):
                return phrase
            possessed = match["who"].lower() in _OWN
            pieces[i] = f"{start}{referent}{chr(39) + 's' if possessed else ''} {match['rest']}"
            subjects.append(None if possessed else referent)
        else:
            subjects.append(_only_subject(rest) or _only_thing(rest))
    return "".join(pieces)


def _plain(subject: str | None) -> str:
    return " ".join(w.lower() for w in (subject or "").split() if not is_determiner(w))


def _is_weather(rest: str) -> bool:
    low = [w.lower() for w in rest.split()]
    return low[0] == "it" and any(lemma(w) in _WEATHER for w in low) and not set(low[1:]) & {"the", "a", "an"}


def _only_subject(text: str) -> str | None:
    """The subject of a clause that names nothing else."""
    tokens = text.split()
    place = verb_at(tokens, bare=True)
    if not place or any(w.lower() in _LINKS or "'" in w for w in tokens[:place]):
        return None
    behind = [w for w in tokens[place:] if w.lower() not in AUXILIARIES | {"not", "never", "still", "also"}]
    if tokens[place].lower() in AUXILIARIES and behind and verb_at(["somebody", behind[0]], bare=True) != 1:
        plain = len(behind) == 1 and not is_plural(behind[0]) and not behind[0][0].isupper()
    else:
        plain = all(w.lower() in _PARTICLES or w.endswith("ly") for w in behind[1:])
    return " ".join(tokens[:place]) if plain else None


def _only_thing(text: str) -> str | None:
    """The one thing that a person does something to: `the vase`, where Ann drops it."""
    tokens = text.split()
    place = verb_at(tokens)
    if place not in (1, 2) or not (tokens[0][0].isupper() or tokens[place - 1].lower() in _PERSONS | _SOMEBODY):
        return None
    object_ = [w for w in tokens[place + 1 :] if w.lower() not in _PARTICLES]
    verb = tokens[place].lower()
    plain = 2 <= len(object_) <= 3 and object_[0].lower() in ("the", "a", "an") and verb not in AUXILIARIES
    plain = plain and all(w.islower() and w not in _LINKS and "'" not in w for w in object_)
    thing = object_[-1] if object_ else ""
    return " ".join(["the", *object_[1:]]) if plain and thing not in _PERSONS and not is_plural(thing) else None


def _suits(pronoun: str, subject: str, rest: str) -> bool:
    """Whether the pronoun can stand for the subject, and for nothing said by its clause as a whole."""
    last = subject.split()[-1]
    if pronoun in _MANY or is_plural(last):
        return pronoun in _MANY and is_plural(last)
    person = last[0].isupper() or last.lower() in _PERSONS
    if pronoun not in _NEUTRAL:
        return person
    told = [w for w in rest.lower().split() if w not in AUXILIARIES | {"not", "never", "also", "still"}]
    about_event = not told or lemma(told[0]) in _ABOUT_EVENTS or told[0] in _JUDGEMENTS or is_determiner(told[0])
    return not person and not (pronoun == "it" and about_event)
