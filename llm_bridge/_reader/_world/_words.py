"""Phrases as bags of stems with a denial: how near two are, and whether they say the same or the opposite."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache

from .._lemma import AUXILIARIES, BE, VERBS, is_past, lemma
from .._lemma import words as word_set
from ._opposite_words import AFFIRMING, DENIALS, GREATER, LESSER, LIGHT, OPPOSITES, SCALES, SOFT_DENIALS

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_ENDINGS = word_set(
    """e s es d ed ing er ers or ors est ion ions ation ations tion ization isation ize ized izing ise ised ive ative
ment ments ness y ies ied ic ical ics ance ence ancy ency ant ent ants ents ity al ally ly ful fully fulness
ship able ible ability ibility age ages ian ist ists ism ous osis ously iness ier ily le ling t th ht ssion tted
tting ting ssive val ved ves ving se sed sing ned ning ner ners led ler lers ped ping per pers ged ging ger gers
bed bing ber red ring rer ries ry ure ures ural ude cy acy ial ialized ish ising cted ction ctive pt ption ptive
ses sis tic atic ary aries ze zed ce ced cing ceptance n en ened ening ens ther thy hood
    sion sions de osity ety is ee ees iage ery ility"""
) | {""}
_SHORT_ENDINGS = word_set(
    """s es ing ers ness ful fully ment ation d ny gy dy ty ned ning ner ted ting ter ped ping per ged ging ger bed
bing ber red ring rer led ling ler med ming mer"""
)
_NOT_DENIED = word_set(
    """under until union unit units unique uniform university understand universal unity uncle inside into income
increase increased increases individual individuals industry infant infants influence information inch indoor
intake intense intelligence intelligent interest internet invest investment discount disease diseases discuss
distance district dish disk display distribute irrigation iron image impact import important imply improve
improved improvement initial inner input insect instead institution instruction insurance insulin infection
infected inflation injury inhale unless unions illness imaging incident indian"""
)
_SAME_ROOT = """obey obedient obedience|die death dead|live life alive|choose choice|high height|long length|wide width
strong strength strengthen|poor poverty|hot heat|lose loss|sell sale|think thought|speak speech|deep depth|young youth
true truth|proud pride|hungry hunger|angry anger|give gift|fly flight|grow growth|birth born bear|sing song|food feed
blood bleed|choose choice|believe belief|prove proof|advise advice|buy purchase|dry drought dryness|succeed success
successful|see sight|anxious anxiety|vary variety|receive reception|wealthy wealth|healthy health|bright brightness
sun sunny|fog foggy|mud muddy|noise noisy|fat fatty|rob robbery|fit fitness|tan tanned|wed wedding|hit hitting"""
_ROOT = {word: i for i, line in enumerate(_SAME_ROOT.replace("\n", "|").split("|")) for word in line.split()}
_FORMS = {
    "died": "die", "dies": "die", "dying": "die", "dead": "dead", "lives": "live", "lived": "live", "living": "living",
    "bigger": "bigger", "has": "have", "sank": "sink", "won": "win", "lost": "lose", "fell": "fall", "rose": "rise",
    "risen": "risen", "left": "left", "failed": "fail", "fails": "fail", "passes": "pass", "passing": "pass",
    "passed": "pass", "survives": "survive", "survived": "survive", "surviving": "survive", "recovers": "recover",
    "recovered": "recover", "recovering": "recover", "refusing": "refuse", "refused": "refuse", "refuses": "refuse",
    "declining": "decline", "declined": "decline", "avoiding": "avoid", "avoids": "avoid", "avoided": "avoid",
    "neglected": "neglect", "neglecting": "neglect", "ignored": "ignore", "ignoring": "ignore", "skipping": "skip",
    "skipped": "skip", "skips": "skip", "failing": "fail", "women": "woman", "men": "man", "girls": "girl",
    "boys": "boy", "males": "male", "females": "female", "husbands": "husband", "wives": "wife", "accepting": "accept",
    "accepts": "accept", "loses": "lose", "losing": "lose", "wins": "win", "winning": "win",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bag:
    """The words of a phrase that carry content, who it is said of, and whether it is a denial.

    `verbs` are those of its words that say a deed: `paints` of `the clerk paints the gate`, `painting the gate`.
    `said` is whether it is a sentence.
    """

    words: frozenset[str]
    about: frozenset[str] = frozenset()
    denied: bool = False
    head: str = ""
    verbs: frozenset[str] = frozenset()
    said: bool = False

    @property
    def all(self) -> frozenset[str]:
        return self.words | self.about


@lru_cache(maxsize=20_000)
def akin(one: str, other: str) -> bool:
    """Whether two words are forms of one word: `vaccination`, `vaccinated`; `kind`, `kindness`."""
    if one == other or lemma(one) == lemma(other):
        return True
    if one in _ROOT and _ROOT[one] == _ROOT.get(lemma(other), _ROOT.get(other)):
        return True
    if other in _ROOT and _ROOT[other] == _ROOT.get(lemma(one)):
        return True
    if one in OPPOSITES and other in OPPOSITES and not _alike(one, other):
        return False
    size = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    if size < 3 or (size < 4 and min(len(one), len(other)) > 3):
        return False
    if size == 3:
        return max(one[3:], other[3:]) in _SHORT_ENDINGS
    return any(one[k:] in _ENDINGS and other[k:] in _ENDINGS for k in range(size, max(size - 3, 3), -1))


_ONE_WORD = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"\bon time\b", "punctual"),
        (r"\b(?:give|gives|gave|given|giving) up\b", "forgo"),
        (r"\b(?:gets?|got|getting|be|is|was|been) rid of\b", "forgo"),
        (r"\bout of (?=[a-z])", "not "),
        (r"\bin-(?=[a-z]{3})", "within"),
        (r"\bout-of-(?=[a-z]{3})", "nonwithin"),
        (r"\bon-(?=[a-z]{3})", "onto"),
        (r"\boff-(?=[a-z]{3})", "nononto"),
    )
)
"""Words that say one thing together, and words of place before a hyphen, of which one is the denial of the other."""


def tokens(phrase: str) -> list[str]:
    """The words of a phrase in lower case; `don't` as `do not`, without possessives."""
    low = phrase.lower().replace("\u2019", "'").replace("cannot", "can not")
    low = re.sub(r"n't\b", " not", low)
    for pattern, instead in _ONE_WORD:
        low = pattern.sub(instead, low)
    return [re.sub(r"'s?$", "", word) for word in _WORD.findall(low)]


_DENYING = ("un", "in", "im", "ir", "il", "dis", "ab", "mal")


def undenied(word: str, vocabulary: Collection[str]) -> str | None:
    """What `word` denies with a prefix or ending, if it does: `nonsmoker` is `smoker`, `inactive` is `active`.

    Other than with "non" and "un", the rest must occur elsewhere in the text (`infant` denies no "fant").
    """
    if word in _NOT_DENIED:
        return None
    if word.startswith("non") and len(word) > 6:
        return word[3:]
    for prefix in _DENYING:
        rest = word[len(prefix) :]
        if word.startswith(prefix) and len(rest) >= 3:
            if any(akin(rest, other) for other in vocabulary):
                return rest
            if prefix == "un" and len(rest) >= 4:
                return rest
    if word.endswith("less") and len(word) > 7 and any(akin(word[:-4], other) for other in vocabulary):
        return word[:-4]
    return None


def _says_of(found: list[str]) -> bool:
    """Whether a sentence begins with whom it is about: `student has ...`, `infant recovers`, not `increased demand`."""
    if len(found) < 2 or found[0] in OPPOSITES:
        return False
    return bool(AUXILIARIES & set(found[1:4])) or found[1].endswith(("s", "ed"))


def _switched(found: list[str]) -> list[str]:
    """The words, with "on" at the end as a word of content: `the sprinkler is on`."""
    return [*found[:-1], "switched-on"] if len(found) > 1 and found[-1] == "on" else found


_ENDS_SUBJECT = word_set("with without who that which whose whom not in at from on of")


def _subject(words: list[str]) -> int:
    """How many words at the beginning only say of whom: `infants` of `infants with nonsmoking mothers`."""
    for i, word in enumerate(words[:4]):
        if word in _ENDS_SUBJECT:
            return i
        if word in OPPOSITES or word.endswith("ed"):
            return 0
        if i and word.endswith("ing") and i == 1 and len(words) > 2:
            return i
    return 0


def name_bag(name: str) -> frozenset[str]:
    """The words of a variable's name that say something; all of them where none does."""
    found = tokens(name)
    return frozenset(_FORMS.get(w, w) for w in found if w not in LIGHT) or frozenset(found)


_PEOPLE = word_set("man woman men women boy girl boys girls husband wife")


class Lexicon:
    """The phrases of one text as bags: what denies, and what only says of whom, depends on the other words there."""

    def __init__(self, names: Iterable[str], where: Collection[str], sentences: Collection[str], rest: Iterable[str]):
        self.names = {name: name_bag(name) for name in names}
        self.named = named = frozenset(w for words in self.names.values() for w in words)
        self.where = frozenset(where)
        everything = (*self.names, *where, *sentences, *rest)
        self.vocabulary = frozenset(w for text in everything for w in tokens(text))
        heads = {found[0] for found in map(tokens, sentences) if _says_of(found)}
        if not named & {"gender", "sex"}:
            heads |= {found[0] for found in map(tokens, sentences) if found and found[0] in _PEOPLE}
        heads |= {w for phrase in where for w in tokens(phrase)[: _subject(tokens(phrase))]}
        self.sentences = frozenset(sentences)
        self.subjects = frozenset(w for w in heads if w not in LIGHT and not shared((w,), named))
        self._bags: dict[str, Bag] = {}

    def bag(self, phrase: str) -> Bag:
        """The bag of a phrase."""
        if phrase not in self._bags:
            self._bags[phrase] = self._bag(phrase)
        return self._bags[phrase]

    def _bag(self, phrase: str) -> Bag:
        found = tokens(phrase)
        start = _subject(found) if phrase in self.where else 0
        about = {w for w in found[:start] if w not in LIGHT}
        words: set[str] = set()
        denied, last = False, ""
        for word in _switched(found[start:]):
            if word in DENIALS:
                denied = not denied
                continue
            rest = None if shared((word,), self.named) else undenied(word, self.vocabulary)
            if rest is not None:
                denied = not denied
                word = rest
            if word not in LIGHT or (word in self.names and word == found[-1]):
                last = _FORMS.get(word, word)
                words.add(last)
        of_whom = shared(words, self.subjects)
        if len(of_whom) < len(words):
            about, words = about | of_whom, words - of_whom
        deeds = frozenset(w for w in words if w.endswith("ing") and lemma(w) != w and w not in OPPOSITES)
        verb = _verb(found) if phrase in self.sentences else ""
        return Bag(frozenset(words), frozenset(about), denied, last, deeds | words & {verb}, phrase in self.sentences)


def _verb(sentence: list[str]) -> str:
    """The verb of a sentence that says a deed, as bags have it, or ""."""
    if BE & set(sentence[1:4]):
        return ""
    for word in sentence[1:]:
        if word not in LIGHT and (lemma(word) in VERBS or word.endswith(("s", "ed"))):
            return _FORMS.get(word, word)
    return ""


def shared(ones: Iterable[str], others: Iterable[str]) -> frozenset[str]:
    """The words of `ones` that have a form in `others`."""
    rest = tuple(others)
    return frozenset(word for word in ones if any(akin(word, other) for other in rest))


def contrary(ones: Iterable[str], others: Iterable[str]) -> bool:
    """Whether some word of one side is the opposite of one of the other, and both are said of few things only."""
    return opposed((w for w in ones if w not in SCALES), frozenset(others) - SCALES)


def opposed(ones: Iterable[str], others: Iterable[str]) -> bool:
    """Whether some word of one side is the opposite of a word of the other."""
    return any(_opposed(a, b) for a in ones for b in others)


def _alike(one: str, other: str) -> bool:
    """Whether two words have an opposite in common: `large`, `big`."""
    return bool(_contraries(one) & _contraries(other))


_OPPOSITES: dict[str, set[str]] = {}
for _word, _others in OPPOSITES.items():
    _OPPOSITES.setdefault(lemma(_word), set()).update(map(lemma, _others))


@lru_cache(maxsize=20_000)
def _contraries(word: str) -> frozenset[str]:
    return frozenset(map(lemma, OPPOSITES.get(word, ()))) or frozenset(_OPPOSITES.get(lemma(word), ()))


@lru_cache(maxsize=20_000)
def _opposed(one: str, other: str) -> bool:
    if other in OPPOSITES.get(one, ()) or lemma(other) in _OPPOSITES.get(lemma(one), ()):
        return True
    if one.endswith("ness") and other.endswith("ness"):
        return any(b in OPPOSITES.get(a, ()) for a in _adjectives(one) for b in _adjectives(other))
    short, long = sorted((one, other), key=len)
    return any(long.startswith(prefix) and akin(long[len(prefix) :], short) for prefix in _DENYING)


def _adjectives(noun: str) -> set[str]:
    """What a noun in "ness" may be made of: `happiness`, `badness`."""
    stem = noun[:-4]
    return {stem, re.sub("i$", "y", stem), re.sub(r"(.)\1$", r"\1", stem)}


def agreement(one: Bag, other: Bag, neutral: Collection[str], elsewhere: frozenset[str] = frozenset()) -> float:
    """How surely two phrases about one variable say the same (above 0) or the opposite (below 0); at most 1 each way.

    Words of the variable's name (`neutral`) carry no state. Of what is left: opposite words, then a denial, then words
    that both have; two phrases with different words and no denial name different states. Phrases without any word in
    common say nothing of each other; a word that is also said of other variables (`elsewhere`) is no sign of agreement.
    """
    apart = one.words - shared(one.words, other.words), other.words - shared(other.words, one.words)
    sign = -1 if one.denied != other.denied else 1
    if opposed(*apart):
        return -1.0 * sign
    if _softly(apart[0]) != _softly(apart[1]):
        sign = -sign
    common = shared(one.words, other.words)
    a, b = (words - _soft(words) for words in apart)
    alike = {x for x in a for y in b if _alike(x, y)}
    common |= alike
    a, b = a - alike, b - {y for y in b if any(_alike(x, y) for x in alike)}
    if not common:
        more, less = _degree(_own(a, neutral)), _degree(_own(b, neutral))
        return 0.4 * more * less * sign if more and less else 0.0
    if not a and not b:
        return 1.0 * sign
    told = common - shared(common, neutral) - elsewhere
    verbs = one.verbs | other.verbs
    if not one.said and not other.said and not told and len(a) == len(b) == 1 and a <= verbs and b <= verbs:
        return -0.4 if sign > 0 else 0.0  # `gunner firing`, `gunner waiting`
    if _contrast(a, b, common, one.head, other.head) and not (a | b) & (verbs | SCALES):
        doubtful = (a | b) & (OPPOSITES.keys() | set(filter(is_past, a | b))) if one.said != other.said else ()
        return -0.5 if sign > 0 and not doubtful else 0.0
    mine, yours = _own(a, neutral), _own(b, neutral)
    if a and b and not told and None in (_degree(mine), _degree(yours)):
        return 0.0  # `stalled engine`, `the engine runs`
    found = _beside(mine, yours, verbs, told)
    return found * sign if found > 0 or sign > 0 else -0.6 * found


def _contrast(a: frozenset[str], b: frozenset[str], common: frozenset[str], head: str, other: str) -> bool:
    """Whether one word is exchanged for another beside the same noun: `rainy day`, `sunny day`; `the day is sunny`."""
    if not a or not b:
        return False
    if len(a) == len(b) == 1 and shared({head, other}, common):
        return True
    return min(len(a), len(b)) == 1 and akin(head, other)


def _own(words: frozenset[str], neutral: Collection[str]) -> frozenset[str]:
    """The words that say a state: not those of the name, where there are others, nor verbs of no content."""
    return (words - shared(words, neutral) or words) - {w for w in words if lemma(w) in _AFFIRMING}


def _beside(a: frozenset[str], b: frozenset[str], verbs: frozenset[str], told: frozenset[str]) -> float:
    """How surely two phrases say the same that have a word in common, and the words `a` and `b` of their own.

    Another deed done to the same thing says nothing (`painting the gate`, `the clerk locks the gate`), nor does a word
    for less of it.
    """
    more, less = _degree(a), _degree(b)
    if more is not None and less is not None:
        if more * less < 0:
            return -0.5
        return 0.5 if more == less or told or more + less > 0 else 0.0
    if (a | b) & verbs and not told & OPPOSITES.keys():
        return 0.0
    if not a or not b:
        if "against" in a | b or (not told and (a | b) & LESSER):
            return 0.0  # `voting for it`, `votes against it`; `truce`, `the truce is broken`
        return 0.8 if told else 0.6
    return 0.5 if told else 0.0


def _degree(words: frozenset[str]) -> int | None:
    """1 for words for much, -1 for little, 0 for no words, None for others."""
    if words <= SCALES_UP:
        return 1 if words else 0
    return -1 if words <= SCALES_DOWN else None


SCALES_UP = SCALES & GREATER
SCALES_DOWN = SCALES & LESSER


_AFFIRMING = frozenset(map(lemma, AFFIRMING))


def _soft(words: frozenset[str]) -> frozenset[str]:
    return frozenset(w for w in words if w in SOFT_DENIALS or lemma(w) in SOFT_DENIALS)


def _softly(words: frozenset[str]) -> bool:
    return bool(_soft(words))


def lesser(phrase: Bag, neutral: Collection[str]) -> int:
    """1 for a phrase that names the greater or present side by its own words, -1 for the lesser or absent one, or 0."""
    if phrase.denied:
        return -1
    if len(shared(phrase.words, neutral)) == len(phrase.words):
        return 1
    if _softly(phrase.words):
        return -1
    return len(phrase.words & GREATER) - len(phrase.words & LESSER)
