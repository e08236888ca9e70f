"""Clauses: what one says, as a key that is the same in every tense, voice of asking and polarity.

"the captain gives the signal", "the captain had not given the signal" and "had the captain given the signal" have one
key and differ in polarity. Determiners and auxiliaries are dropped, a passive is marked, the rest are lemmas in order.
A word that carries structure ("because", "only", "perhaps", "it") has no place in a clause and makes it unreadable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from ._lemma import (
    AUXILIARIES,
    BE,
    DETERMINERS,
    DO,
    HAVE,
    VERBS,
    WILL,
    base_form,
    is_participle,
    is_past,
    is_plural,
    lemma,
    third_person,
    words,
)
from ._story import Unreadable, quoted

PASSIVE = "\u1d56"
"""Marks the lemma of a participle behind `be`: being shot is not shooting."""

_IDLE = words(
    """still also then actually indeed therefore thus hence always too consequently nevertheless nonetheless immediately
    automatically anyway definitely certainly first itself really in-fact accordingly now"""
)
_EVENT_VERBS = words("happen occur present")
_WEATHER = words("rain snow hail thunder freeze drizzle pour sunny cold hot dark warm windy icy late foggy cloudy")
STRUCTURE = words(
    """if unless because since as so though although but yet however or and nor either neither both each every all
    most many few several half only even maybe perhaps probably possibly likely unlikely usually often
    sometimes rarely seldom typically generally mostly may might can could should must ought than whether
    which who whom whose that what why how where when while whenever until till before after except instead
    despite without otherwise else another same more less fewer enough almost nearly hardly barely
    probability chance percent odds likelihood he she they it him them these those there let why yesterday
    today tomorrow tonight earlier later again suppose assume imagine assuming cause causes caused causing
    lead leads led prevent prevents prevented trigger triggers triggered result results affect affects
    affected influence influences influenced depend depends depending sufficient necessary needed required
    requires effect effects would us therefore about least majority exactly times none his her its their hers theirs
    other others former latter respectively latest versa allegedly supposedly apparently seemingly merely almost
    somewhat slightly partly partially mostly anymore"""
)
"""Words that hold sentences together: none may be left inside a clause."""
_COUNTED = words("one two three four five six seven eight nine ten any some")
_NUMBER = re.compile(r"[\d.,/%]+\Z")


@dataclass(frozen=True, slots=True)
class Clause:
    """One proposition as it was said."""

    key: tuple[str, ...]
    positive: bool
    name: str
    is_sentence: bool
    words: str
    subject: tuple[str, ...] = ()
    no_body: bool = False
    sure: bool = True
    plural: bool | None = None


def opposite(said: Clause) -> Clause:
    """The same thing, denied."""
    return replace(said, positive=not said.positive)


def verb_at(tokens: list[str], *, plural: bool = False, bare: bool = False) -> int | None:
    """Where the verb of a clause begins; `None` for a noun phrase.

    Args:
        tokens: words of one clause.
        plural: the subject stands for several (it was joined by "and").
        bare: a verb without ending counts too, as behind "makes".
    """
    for i, token in enumerate(tokens):
        low = token.lower()
        if low in AUXILIARIES and not (low in DO | HAVE and i == 0 and len(tokens) == 1):
            return i
        if i == 0 or is_determiner(tokens[i - 1]) or token[0].isupper():
            continue
        if _verb_form(low, subject=tokens[i - 1], plural=plural, bare=bare):
            return i
    return None


def is_determiner(token: str) -> bool:
    """Whether a word is an article or the like; a capital A is a name ("rifleman A")."""
    return token != "A" and token.lower() in DETERMINERS


def _verb_form(low: str, *, subject: str, plural: bool, bare: bool) -> bool:
    base = lemma(low)
    if base not in VERBS:
        return False
    if low == base and not is_past(low):
        return bare or plural or is_plural(subject)
    if low.endswith("ing"):
        return False
    if is_past(low):
        return True
    return low.endswith("s") and (not is_plural(subject) or subject[0].isupper() or subject.lower().endswith("s'"))


def guess_verb(tokens: list[str]) -> int | None:
    """The likely place of an unknown verb ("the blicket glorps"): the last word with a verb's ending."""
    for i in range(len(tokens) - 1, 0, -1):
        low = tokens[i].lower()
        ending = (low.endswith("s") and not low.endswith(("ss", "us", "is"))) or low.endswith("ed")
        ending = ending and lemma(low) != low
        many = is_plural(tokens[i - 1]) and not tokens[i - 1][0].isupper()
        if ending and len(low) > 3 and not is_determiner(tokens[i - 1]) and not many and not tokens[i][0].isupper():
            return i
    return None


@lru_cache(maxsize=4_096)
def clause(phrase: str, *, bare: bool = False) -> Clause:
    """The proposition that `phrase` states, denies or names.

    Args:
        phrase: words separated by blanks; a sentence, an inverted question without its auxiliary, or a noun phrase.
        bare: the verb may lack its ending, as in "makes the alarm ring".

    Raises:
        Unreadable: a word that has no place in a clause, or nothing but empty words.
    """
    tokens = [t for t in phrase.split() if t.lower() not in _IDLE]
    if not bare:
        _refuse_stray_denial(tokens, phrase)
    tokens, positive, no_body = _polarity(tokens, phrase)
    said, tokens = tokens, _drop_dummies(tokens)
    weather = any(t.lower() == "it" for t in said) and all(t.lower() != "it" for t in tokens)
    _refuse_structure(tokens, phrase)
    key = _key(tokens)
    if not key:
        raise Unreadable(f"{quoted(phrase)} says nothing that can be true or false. Name what happens.")
    if weather:
        return Clause(
            key, positive, _name(["it", *(t for t in tokens if t.lower() not in AUXILIARIES)], 1), True, phrase
        )
    if len(tokens) < len(said):
        return Clause(key, positive, _name(tokens, None), False, phrase, (), no_body)
    tokens, verb = _verb_of(tokens, bare=bare)
    subject = _key(tokens[:verb]) if verb else ()
    plural = is_plural(tokens[verb - 1]) if verb and tokens[verb - 1].islower() else None
    return Clause(key, positive, _name(tokens, verb), verb is not None, phrase, subject, no_body, not bare, plural)


def _verb_of(tokens: list[str], *, bare: bool) -> tuple[list[str], int | None]:
    """The words with their verb, and its place; a state behind "makes" gets its "is"."""
    verb = verb_at(tokens, bare=bare)
    if verb is not None or len(tokens) < 2:
        return tokens, verb
    if not bare:
        return tokens, guess_verb(tokens)
    if len(tokens) < 3 or tokens[-1][0].isupper():
        return tokens, None
    last = tokens[-1].lower()
    if last.endswith("ing") and lemma(last) in VERBS:
        return [*tokens[:-1], third_person(lemma(last))], len(tokens) - 1
    return [*tokens[:-1], "is", tokens[-1]], len(tokens) - 1


def _polarity(tokens: list[str], phrase: str) -> tuple[list[str], bool, bool]:
    """Take the negation out: not, never, nobody, no, no longer, fails to."""
    text = " ".join(tokens)
    text = re.sub(r"\b(?:no one|none)\b", "nobody", text, flags=re.IGNORECASE)
    text = re.sub(r"\bno longer\b|\bnever\b|\bnot ever\b", "not", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(?:fails?|failed|failing) to\b", "not", text, flags=re.IGNORECASE)
    tokens = text.split()
    low = [t.lower() for t in tokens]
    negations = low.count("not") + low.count("nobody") + low.count("no")
    if low[-1:] in (["not"], ["never"]) and len(low) > 1:
        raise Unreadable(f"What does {quoted(low[-1])} in {quoted(phrase)} deny? Put it in front of the verb.")
    if negations and low[0] in ("some", "any"):
        raise Unreadable(f"Is it {quoted(low[0])} or all that do not, in {quoted(phrase)}? Say 'the', or 'no'.")
    if negations > 1 or "nothing" in low or "nowhere" in low:
        raise Unreadable(f"More than one negation in {quoted(phrase)}, or 'nothing'. Say it with a single 'not'.")
    kept = ["somebody" if t == "nobody" else tokens[i] for i, t in enumerate(low) if t not in ("not", "no")]
    return kept, negations == 0, "nobody" in low


def _drop_dummies(tokens: list[str]) -> list[str]:
    """`there is a fire`, `it rains`, `a fire occurs`: only the event stays."""
    low = [t.lower() for t in tokens]
    if "there" in low[:2]:
        rest = [t for t in tokens if t.lower() != "there" and t.lower() not in AUXILIARIES]
        return rest if len(rest) < len(tokens) - 1 else tokens
    if "it" in low[:2] and any(lemma(t) in _WEATHER for t in low) and sum(t not in AUXILIARIES for t in low) == 2:
        return [t for t in tokens if t.lower() != "it"]
    if len(low) > 1 and lemma(low[-1]) in _EVENT_VERBS:
        return [t for t in tokens[:-1] if t.lower() not in AUXILIARIES]
    if low[-2:] == ["take", "place"] or low[-2:] == ["takes", "place"] or low[-2:] == ["took", "place"]:
        return [t for t in tokens[:-2] if t.lower() not in AUXILIARIES]
    return tokens


def _refuse_structure(tokens: list[str], phrase: str) -> None:
    low = [t.lower() for t in tokens]
    odd = [tokens[i] for i, t in enumerate(low) if (t in STRUCTURE and t not in WILL) or t == ","]
    if odd:
        raise Unreadable(_out_of_place(odd[0], phrase))
    for i, token in enumerate(low):
        if _NUMBER.match(token) and not _names_something(low, i):
            raise Unreadable(
                f"The number {token!r} in {quoted(phrase)} has no meaning here. Say what it counts, or drop it."
            )
    if any(one in _COUNTED and of == "of" for one, of in pairwise(low)):
        raise Unreadable(f"How many of what, in {quoted(phrase)}? Write 'at least one of A and B', or name them.")
    if tokens and (is_determiner(tokens[-1]) or (low[-1] in BE and len(low) > 1) or low[0] == "be"):
        raise Unreadable(f"{quoted(phrase)} breaks off. Complete it.")
    _refuse_disorder(phrase)


def _refuse_stray_denial(tokens: list[str], phrase: str) -> None:
    """`the dam not failure`: a "not" belongs in front, behind an auxiliary or before a verb."""
    for one, word, other in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if word.lower() not in ("not", "never") or one.lower() in AUXILIARIES | {"there"}:
            continue
        if verb_at(["somebody", other], bare=True) != 1 and guess_verb(["somebody", other]) is None:
            raise Unreadable(f"What does {quoted(word)} in {quoted(phrase)} deny? Put it in front of the verb.")


def _refuse_disorder(phrase: str) -> None:
    """`the is`, `the not`, `the the`: what follows an article is no name."""
    for one, other in pairwise(phrase.split()):
        low = other.lower()
        if one.lower() in ("the", "an") and (is_determiner(other) or low in BE | HAVE or low in ("not", "never")):
            raise Unreadable(f"What follows {quoted(one)} in {quoted(phrase)} is no name. Put the words in order.")


def _out_of_place(word: str, phrase: str) -> str:
    if word.lower() in ("it", "he", "she", "they", "him", "them", "these", "those"):
        return f"Who or what is {quoted(word)} in {quoted(phrase)}? Repeat the name instead."
    return (
        f"The word {quoted(word)} in {quoted(phrase)} has no place in a plain statement. Say it without, or split it."
    )


def _names_something(low: list[str], i: int) -> bool:
    """`switch 2 is on`, `gate 3`: a small whole number that ends a name."""
    if i == 0 or not low[i].isdigit() or len(low[i]) > 3:
        return False
    before, after = low[i - 1], low[i + 1] if i + 1 < len(low) else ""
    plain = before.isalpha() and before not in AUXILIARIES | DETERMINERS and before not in _PREPOSITIONS
    inflected = before in ("takes", "took", "has") or (is_past(before) and lemma(before) in VERBS)
    return plain and not inflected and (not after or after in AUXILIARIES or lemma(after) in VERBS)


_PREPOSITIONS = words("of in on at by for with from to over under above below exceeds than around")


def _key(tokens: list[str]) -> tuple[str, ...]:
    out: list[str] = []
    low = [t.lower() for t in tokens]
    for i, word in enumerate(low):
        rest = [w for w in low[i + 1 :] if w not in _IDLE]
        following = rest[0] if rest else ""
        if is_determiner(tokens[i]) or word in BE | WILL:
            continue
        if _is_auxiliary(word, following, last=not rest) or _is_becoming(word, following, rest):
            continue
        passive = is_participle(word) and _passive_before(low[:i])
        out.append(lemma(word) + PASSIVE if passive else lemma(word))
    return tuple(out)


def _is_auxiliary(word: str, following: str, *, last: bool) -> bool:
    if word in HAVE:
        return is_participle(following) or following == "been"
    return word in DO and not last and following not in DETERMINERS


def _is_becoming(word: str, following: str, rest: list[str]) -> bool:
    """`gets wet` and `becomes wet` say of a state what `is wet` says."""
    return (
        lemma(word) in ("become", "get") and len(rest) >= 1 and following not in DETERMINERS and not following.isupper()
    )


def _passive_before(low: list[str]) -> bool:
    """Whether the last verb before a participle is a form of `be` or `get`."""
    for word in reversed(low):
        if word in BE:
            return True
        if lemma(word) == "get":
            return True
        if word in HAVE | WILL or word not in _IDLE:
            return False
    return False


# ---------------------------------------------------------------------------------------------------------------------
# Names


def _name(tokens: list[str], verb: int | None) -> str:
    """The clause in the present tense, first determiner dropped: how the variable is called."""
    head = 1 if is_determiner(tokens[0]) and len(tokens) > 1 else 0
    if verb is None:
        return " ".join(tokens[head:])
    if verb == 0:
        return " ".join(tokens)
    subject, group, rest = tokens[head:verb], tokens[verb:], list[str]()
    while group and group[0].lower() in AUXILIARIES:
        rest.append(group.pop(0).lower())
    plural = is_plural(subject[-1]) if subject else False
    if plural and subject[-1][0].isupper() and group and group[0].lower() == third_person(base_form(group[0].lower())):
        plural = False
    return " ".join([*subject, *_present(rest, group, plural=plural, person=subject[-1].lower() if subject else "")])


def _present(auxiliaries: list[str], rest: list[str], *, plural: bool, person: str) -> list[str]:
    be = "am" if person == "i" else "are" if plural else "is"
    if any(word in BE for word in auxiliaries):
        return [be, *rest]
    if not rest:
        return ["have" if plural else "has"] if auxiliaries and auxiliaries[-1] in HAVE else list(auxiliaries)
    if auxiliaries and auxiliaries[-1] in HAVE and not is_participle(rest[0].lower()):
        return ["have" if plural else "has", *rest]
    low = rest[0].lower()
    if not auxiliaries and low.endswith("s") and lemma(low) not in VERBS:
        return list(rest)
    base = base_form(low)
    return [base if plural or person in _PERSONS else third_person(base), *rest[1:]]


_PERSONS = frozenset({"i", "you", "we", "they"})
