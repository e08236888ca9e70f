"""Word forms: one lemma for all tenses and numbers of a word. Small tables and rules; unknown words follow the rules.

A lemma only has to be the same for the forms of one word and different for different words; it is never printed.
"""

from __future__ import annotations

import re
from functools import lru_cache


def words(text: str) -> frozenset[str]:
    """The words of `text`, as a set."""
    return frozenset(text.split())


_IRREGULAR = """
arise arose arisen|bear bore borne|beat beat beaten|become became become|begin began begun
bend bent bent|bite bit bitten|bleed bled bled|blow blew blown|break broke broken|bring brought brought
build built built|burst burst burst|buy bought bought|catch caught caught|choose chose chosen|come came come
cost cost cost|cut cut cut|deal dealt dealt|dig dug dug|draw drew drawn|drink drank drunk|drive drove driven
eat ate eaten|fall fell fallen|feed fed fed|feel felt felt|fight fought fought|find found found|flee fled fled
fly flew flown|forbid forbade forbidden|forget forgot forgotten|freeze froze frozen|get got got|get got gotten
give gave given|go went gone|grow grew grown|hang hung hung|hear heard heard|hide hid hidden|hit hit hit
hold held held|hurt hurt hurt|keep kept kept|know knew known|lay laid laid|lead led led|learn learnt learnt
leave left left|lend lent lent|let let let|lie lay lain|light lit lit|lose lost lost|make made made
mean meant meant|meet met met|pay paid paid|put put put|quit quit quit|read read read|ride rode ridden
ring rang rung|rise rose risen|run ran run|say said said|see saw seen|seek sought sought|sell sold sold
send sent sent|set set set|shake shook shaken|shed shed shed|shine shone shone|shoot shot shot|show showed shown
shrink shrank shrunk|shut shut shut|sing sang sung|sink sank sunk|sit sat sat|sleep slept slept|slide slid slid
speak spoke spoken|speed sped sped|spend spent spent|spill spilt spilt|spin spun spun|spit spat spat|split split split
spread spread spread|spring sprang sprung|stand stood stood|steal stole stolen|stick stuck stuck|sting stung stung
stink stank stunk|strike struck struck|swear swore sworn|sweep swept swept|swell swelled swollen|swim swam swum
swing swung swung|take took taken|teach taught taught|tear tore torn|tell told told|think thought thought
throw threw thrown|understand understood understood|wake woke woken|wear wore worn|weep wept wept|win won won
wind wound wound|write wrote written|burn burnt burnt|dream dreamt dreamt|spoil spoilt spoilt|smell smelt smelt
"""

_REGULAR = """
accept act activate add admit agree allow answer appear apply approve arrest arrive ask attack attend bark believe block
boil bomb bounce brake brush call cancel carry celebrate change charge check cheer chase clap clean clear click climb
close collapse collide collect complain complete condense confess connect contract cook cool cough count cover crack
crash crawl cry cure dance decay decide decrease defect deflate delay deliver deploy deny depart destroy detect develop
die dim disappear disconnect discover dissolve dive drain drip drop drown dry earn emit employ empty end enter erupt
escape evaporate execute expand expire explode fade fail faint fill finish fire fix flash float flood flow fold follow
fracture function fuse gain glow graduate grab halt happen harvest hatch heal heat help hesitate hire hop howl hunt
ignite ignore improve increase infect inflate inform inject invade invest issue join jump kick kill kiss knock land last
laugh launch leak leap lift like listen live load lock look love lower mail march mark marry melt miss mix move mow
moo need nod notice obey object occur offer open operate order oscillate overflow overheat paint panic park part pass
peel perform phone pick plant play point poison pop pour practise practice praise pray press print promise prosper
protect pull pump punish purr push rain raise reach react receive recover reduce refuse register reject release remain
remember repair repeat report reproduce rescue resign respond rest restart retire retreat return revolt reward roar rock
rot rub rust sail save scare scream search shelter shiver shout show shrink sign signal skid slam slip smash smile smoke
snap sneeze snore snow soak sound spark spray sprout squeak stall start starve stay step stop study stumble succeed
suffer supply support surrender survive swallow sweat switch talk taste thaw tilt tip touch train transfer travel treat
trip trust try tune turn twist unlock use vanish vaccinate vibrate visit vomit vote wag wait walk want warm warn wash
watch water wave whistle wilt wither work worry yawn yell yield heat stop cheat chirp blink beep buzz blare shatter
fly crash evacuate alert notify sprinkle rot fester germinate bloom blossom ripen ferment curdle tarnish corrode erode
exercise diet fast overeat oversleep drug dose inhale exhale breathe choke poison sedate operate hospitalize infect
commute board land taxi derail sink drift dock anchor bid trade sell strike protest riot rebel vote elect resign veto
graduate enrol enroll cram skip submit hand grade promote demote fire recruit interview apply bully tease share
"""

_IRREGULAR_NOUNS = """men man|women woman|children child|feet foot|teeth tooth|mice mouse|people person|wolves wolf
knives knife|leaves leave|lives live|wives wife|firemen fireman|riflemen rifleman|policemen policeman|geese goose"""

BE = frozenset({"be", "is", "are", "am", "was", "were", "been", "being"})
HAVE = frozenset({"have", "has", "had", "having"})
DO = frozenset({"do", "does", "did"})
WILL = frozenset({"will", "would", "shall"})
AUXILIARIES = BE | HAVE | DO | WILL
DETERMINERS = frozenset({"the", "a", "an", "this", "these", "those", "any", "some"})

_NOT_ING = words(
    """thing ring king string spring bring sing wing swing sling cling sting fling evening morning ceiling nothing
    something anything everything during lightning wedding building"""
)
_NOT_ED = words("bed red need speed seed feed bleed shed hundred naked indeed weed greed sled breed exceed")

_forms: dict[str, str] = {}
_past: set[str] = set()
_participles: set[str] = set()
VERBS: set[str] = set(_REGULAR.split())
"""Lemmas known to be verbs, as far as that matters for finding where the subject ends."""

for _line in _IRREGULAR.replace("\n", "|").strip("|").split("|"):
    _base, _then, _done = _line.split()
    _forms.setdefault(_then, _base)
    _forms.setdefault(_done, _base)
    VERBS.add(_base)
    _past.add(_then)
    _participles.add(_done)
for _line in _IRREGULAR_NOUNS.replace("\n", "|").split("|"):
    _many, _one = _line.split()
    _forms.setdefault(_many, _one)
_DONE = {line.split()[0]: line.split()[2] for line in _IRREGULAR.replace("\n", "|").strip("|").split("|")}
_forms |= (
    dict.fromkeys(BE, "be") | dict.fromkeys(HAVE, "have") | {"does": "do", "did": "do", "done": "do", "goes": "go"}
)
# The two adjectives of state whose verb says the same of the outcome; nothing else is linked by meaning.
_forms |= {"dead": "die", "dying": "die", "died": "die", "lied": "lie", "tied": "tie", "lying": "lie", "tying": "tie"}
_participles |= {"had", "been", "done"}
_past |= {"had", "did", "was", "were"}
_PLURAL = words("men women children people firemen riflemen policemen police feet teeth mice geese")


def _with_e(stem: str) -> str:
    """The verb behind a stem that lost an ending beginning with a vowel: `ignit` is `ignite`, `open` stays."""
    if stem in VERBS:
        return stem
    if stem + "e" in VERBS:
        return stem + "e"
    if len(stem) > 2 and stem[-1] == stem[-2] and stem[-1] not in "lszf":
        return stem[:-1]
    if len(stem) > 2 and stem[-1] == stem[-2] and stem[:-1] in VERBS:
        return stem[:-1]
    if len(stem) > 4:
        return stem
    vowels = "".join("v" if c in "aeiouy" else "c" for c in stem)
    if stem[-1:] in ("c", "v", "u", "z") or stem.endswith(("rg", "ng", "dg", "rs", "ns", "at", "iz", "ag")):
        return stem + "e"
    if stem[-1:] == "s" and not stem.endswith("ss"):
        return stem + "e"
    short = vowels.endswith("cvc") and vowels.count("v") == 1 and stem[-1] not in "wxy"
    return stem + "e" if short else stem


@lru_cache(maxsize=20_000)
def lemma(word: str) -> str:
    """The lemma of a lower-case word."""
    found = base_form(word)
    # Whether an unknown verb lost an "e" ("intervened") cannot be told, so long unknown words go without.
    return found[:-1] if len(found) > 5 and found.endswith("e") and found not in VERBS else found


def base_form(word: str) -> str:
    """The lemma as it is printed; for unknown words a good guess."""
    if word in _forms:
        return _forms[word]
    if word.endswith("ied") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("ed") and len(word) > 4 and word not in _NOT_ED:
        return _with_e(word[:-2])
    if word.endswith("ing") and len(word) > 5 and word not in _NOT_ING:
        return _without_ing(word[:-3])
    return _singular(word)


def _without_ing(stem: str) -> str:
    return stem if not any(c in "aeiouy" for c in stem) else _with_e(stem)


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zzes")):
        return word[:-2]
    if word.endswith("oes") and word[:-2] in VERBS:
        return word[:-2]
    if word.endswith("s") and len(word) > 2 and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@lru_cache(maxsize=20_000)
def is_participle(word: str) -> bool:
    """Whether a word can stand behind `is` as a passive, or behind `has`."""
    return word in _participles or (word.endswith("ed") and len(word) > 3 and word not in _NOT_ED)


def is_past(word: str) -> bool:
    """Whether a word can be a verb in the past tense."""
    return word in _past or (word.endswith("ed") and len(word) > 3 and word not in _NOT_ED)


def is_plural(word: str) -> bool:
    """Whether a noun looks like more than one."""
    low = word.lower()
    plural_s = low.endswith("s") and len(low) > 3 and not low.endswith(("ss", "us", "is", "'s"))
    return low in _PLURAL or low in ("i", "you", "we", "they") or plural_s


def third_person(verb: str) -> str:
    """`rings` from `ring`."""
    if verb in ("have", "be", "do", "go"):
        return {"have": "has", "be": "is", "do": "does", "go": "goes"}[verb]
    if verb.endswith(("s", "x", "z", "ch", "sh", "o")) and not verb.endswith("oo"):
        return verb + "es"
    if verb.endswith("y") and verb[-2:-1] not in tuple("aeiou"):
        return verb[:-1] + "ies"
    return verb + "s"


def participle(verb: str) -> str:
    """`rung` from `ring`."""
    if verb in _DONE:
        return _DONE[verb]
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2:-1] not in tuple("aeiou"):
        return verb[:-1] + "ied"
    doubled = verb + verb[-1] + "ed"
    return doubled if base_form(verb + "ed") != verb and base_form(doubled) == verb else verb + "ed"


def told(subject: str, infinitive: str) -> str:
    """A subject and what comes behind "to", as a statement: `the relay`, `trip` is `the relay trips`."""
    denied = re.match(r"not ", infinitive, re.IGNORECASE)
    verb, _, rest = (infinitive[4:] if denied else infinitive).partition(" ")
    plural = is_plural(subject.split()[-1])
    if verb.lower() == "be":
        return f"{subject} {'are' if plural else 'is'} {'not ' if denied else ''}{rest}"
    if denied:
        return f"{subject} {'do' if plural else 'does'} not {verb} {rest}".strip()
    return f"{subject} {verb if plural else third_person(verb)} {rest}".strip()
