"""The words that the checks know: causal verbs with their direction, negations, conditions, seeing and asking.

General English, by stems (see `_text.stem`). What is not here is not understood, and a check that does not understand
is silent.
"""

from __future__ import annotations

from ._text import stem, words


def stems(text: str) -> frozenset[str]:
    """The stems of a list of words."""
    return frozenset(map(stem, text.split()))


# ---------------------------------------------------------------------------------------------------------------------
# Words that say little

STOP = words(
    "a an the this that these those who which whose whom it its they them their he she his her him we our us you "
    "your i "
    "is are was were be been being am has have had having do does did doing done will would can could may might must "
    "shall should of to in on at by for with from as into about than then there here and or but nor also so such very "
    "if when while where because since although though however get gets getting got take takes taking took taken make "
    "makes made making use uses using used go goes going went gone person people individual individuals someone anyone "
    "somebody anybody one ones everyone something anything thing things case cases patient patients any some all "
    "both each every either "
    "neither other another much many more most less least just only even still again together own same 's s d ll re ve "
    "not no never non n't don't doesn't didn't isn't aren't wasn't weren't won't wouldn't can't cannot couldn't hasn't "
    "haven't hadn't shouldn't without because instead rather occur occurs occurred occurring happen happens happened "
    "happening present true false state status level set likely unlikely likelier likelihood directly indirectly"
)
"""Words that do not tell one variable from another, unless a name consists of nothing else."""

NEGATIONS = words(
    "not no never non without neither nor none nobody nothing n't don't doesn't didn't isn't aren't wasn't weren't "
    "won't wouldn't can't cannot couldn't hasn't haven't hadn't shouldn't lack lacks lacked lacking absence absent"
)
PREFIXES = ("non", "un", "in", "im", "dis", "ir", "mis")
ANTONYMS: dict[str, str] = {}
for _pair in (
    "high low", "well badly", "large small", "big small", "tall short", "long short", "good bad",
    "good poor", "healthy sick", "rich poor",
    "strong weak", "hot cold", "warm cold", "dark pale", "present absent", "normal abnormal",
    "elevated normal", "up down",
    "open closed", "open shut", "on off", "alive dead", "pass fail", "win lose", "happy sad", "early late",
    "old young",
    "heavy light", "full empty", "wet dry", "loud silent", "fast slow", "male female", "man woman",
    "accept reject",
    "admitted rejected", "survive die", "survival death", "survived died", "hard easy", "awake asleep",
    "clean dirty",
    "broken intact", "above below", "more less", "increased decreased", "raised lowered", "severe mild",
    "thick thin",
):  # fmt: skip
    _one, _two = map(stem, _pair.split())
    ANTONYMS.setdefault(_one, _two)
    ANTONYMS.setdefault(_two, _one)

NEUTRAL = words(
    "overall probability chance chances likelihood risk odds rate percent direct general given observed observe "
    "observing "
    "know known causes effect average among out there also case percentage proportion share together further see saw "
    "seen "
    "positively negatively increase decrease larger smaller higher lower greater correct method assume suppose imagine "
    "assumption based hold holds held false absent off now today always actually it's that's turned found noticed saw "
    "learned we've i've yesterday nonetheless however correlates correlate independent question mean means understand "
    "correlation between unobserved disregard mediation through via look according direct directly"
)
"""Words that leave the state of what stands beside them as it is."""

# ---------------------------------------------------------------------------------------------------------------------
# Causes

FORWARD = stems(
    "cause affect influence impact determine raise increase boost promote induce create drive shape produce trigger "
    "ensure guarantee enable alter change worsen improve strengthen cure spark activate ignite heighten elevate foster "
    "stimulate accelerate provoke generate control govern regulate modulate"
)
UNSIGNED = stems("affect influence impact determine shape control govern regulate modulate alter change drive")
"""Causal verbs that do not say which state brings about which."""
STRICT = stems(
    "cause produce trigger ensure guarantee create ignite provoke activate generate prevent block stop preclude"
)
"""Causal verbs that say "always"; others raise or lower."""
PREVENTING = stems(
    "prevent inhibit reduce lower decrease block stop suppress deter hinder avert diminish lessen impede preclude "
    "weaken deactivate forbid curb"
)
"""Verbs of a cause that works against its effect."""
WITH_TO = stems("lead contribute give bring")
"""Causal before "to" ("leads to", "gives rise to")."""
WITH_IN = stems("result")
WITH_FROM = stems("result stem follow arise come")
WITH_ON = stems("depend rely hinge bear act")
NOUNS = stems("effect influence impact bearing consequence")
"""Causal nouns: "has an effect on", "the effect of ... on"."""
CAUSAL = FORWARD | PREVENTING | WITH_TO | WITH_IN | stems("depend rely effect correlate")
"""Stems at which a mention ends."""
TURNING = stems(
    "stop quit cut cease cancel ban end remove avoid drop skip refuse decline eliminate abolish reduce lower double "
    "halve replace fix repair break undo reverse change"
)
"""Verbs before a mention that change its state."""
BE = words("is are was were be been being am gets get got becomes became isn't aren't wasn't weren't")
HAVE = words("has have had having exerts exert exerted")
CONDITIONS = words("if when whenever once unless provided")
HEDGES = words(
    "may might could perhaps possibly believe believes believed think thinks thought claim claims claimed suspect "
    "suspects whether hypothesis suppose wonder wonders argue argues say says said"
)
ROUNDABOUT = words("through via indirectly mediated mediates mediating mediator ultimately eventually overall")
BACK_REFERENCES = words("this that these those it they which both such former latter")

# ---------------------------------------------------------------------------------------------------------------------
# What is seen, done and imagined

SEEN = stems(
    "observe see saw seen notice find found record report learn witness measure detect confirm know discover happen "
    "happened occur turned given"
)
DONE = stems(
    "force set intervene intervention impose randomize randomise assign compel administer manipulate regardless"
)
COMPARED_UP = stems("increase raise more larger higher greater bigger improve boost likelier positively above")
COMPARED_DOWN = stems("decrease reduce lower less smaller fewer diminish unlikelier negatively below")
