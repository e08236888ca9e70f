"""General English words: opposites on one scale, words that deny without "not", words of no content, words of a kind.

Nothing here is about any story: a pair of opposites must hold of anything that both words can be said of. The left side
of each pair is the lesser or the worse one.
"""

from __future__ import annotations

from .._lemma import words

_PAIRS = """
dead die death dying/alive live living life survive survival recover recovery|decrease reduce decreased reduced/increase
decrease reduce decreased reduced/increased raise raised rise|deficient deficiency insufficient shortage lack/sufficient
deficient deficiency insufficient shortage/enough plenty abundance|unknown obscure/famous renowned known popular
ruined damaged broken/intact undamaged|lost missed/won met|miss/meet catch hit|break/hold|neglected/maintained
forbidden banned/allowed permitted|cancelled/held|underfed starving/wellfed fed|frail/robust|loose/tight|vacant/occupied
low/high|lower/higher|lowest/highest|small/large big great|smaller/larger bigger|little/much|few/many|less/more
short/long tall|weak/strong|bad/good|worse/better|poor/good rich wealthy abundant|unhealthy/healthy
sick ill disease/healthy well health|slow/fast quick rapid
cold/hot warm|cool/warm hot|dry/wet moist humid flooded|closed shut/open|off/switched-on|false/true|absent/present
asleep sleeping/awake waking wake woke|late/early punctual|lose/win gain|fail/pass succeed|failure/success
reject rejected rejection/accept accepted acceptance admit admission|decline/accept|fall/rise
down/up|empty/full|light/heavy|mild/severe|soft/hard|dark/light bright|dull/bright sharp|young/old|male/female
man/woman|boy/girl|husband/wife|cheap/expensive|easy/difficult hard|quiet/loud noisy|silent/loud noisy
calm/windy stormy|single/married|divorced/married|rural/urban|public/private|dirty/clean|polluted/clean
murky cloudy/clear|thin slim/thick fat|slim/obese overweight|narrow/wide|shallow/deep|near/far|guilty/innocent
sad/happy|unkind mean cruel rude/kind friendly polite|ugly/attractive beautiful handsome
stupid/clever smart intelligent|lazy/diligent hardworking hard|timid/bold|careless reckless/careful cautious
rare scarce/common frequent abundant|irregular/regular|abnormal/normal|broken/intact working functional|stale/fresh
rotten/fresh|raw/cooked|passive/active|idle/busy active|minor/major|negative/positive|never/always
seldom rarely/often|badly poorly/well|flat/risen raised round|worst/best|minimal/maximal|below/above|indoor/outdoor
winter/summer|night/day|hungry/sated|thirsty/quenched|worthless/valuable|fake/real genuine|temporary/permanent
tired/rested alert|drowsy/alert|drunk/sober|illiterate/literate|inexperienced novice/experienced expert
partial/complete|starve/thrive|wither/bloom thrive|sink/float|freeze/thaw|stop/start go|leave quit/stay
forget/remember|loss/profit gain|bankrupt/solvent|deficit/surplus|sparse/dense|coarse/fine|rough/smooth
crooked/straight|blunt/sharp|bitter/sweet|sour/sweet|rich/lean|poor/rich fertile|shady shade shaded overcast/sunny sun
rainy rain/sunny|smoky/clear|overweight obese obesity/normal slim|low poor/rich|fail failure/successful success
refuse refused refusal deny denied denial reject rejected/approve approved approval grant granted|lie lying/truth honest
gloomy/cheerful|sad/cheerful|unripe/ripe|convict conviction convicted/acquit acquittal acquitted|invalid expired/valid
delay delayed/punctual|calm/angry furious nervous|cloudy/sunny|grumpy/cheerful|low little/enough
empty/crowded|meagre scanty/abundant plentiful
danger dangerous unsafe/safe|quiet silent/bark barking ring ringing|fail failure/succeed success|defeat/victory
lapsed/valid|imprisoned jailed/freed released|flexible/rigid
retain/fire|outside/inside|off/on|fined/unfined|burst burnt/intact|polluted/clear pure|scarce/plentiful
vegan vegetarian/carnivore|urban city town/country countryside|manual/automatic|novice/veteran
"""

_sides = [tuple(side.split() for side in pair.split("/")) for pair in _PAIRS.replace("\n", "|").strip("|").split("|")]
OPPOSITES: dict[str, set[str]] = {}
"""A word and the words that say the opposite; both ways."""
for _less, _more in _sides:
    for _one in _less:
        for _other in _more:
            OPPOSITES.setdefault(_one, set()).add(_other)
            OPPOSITES.setdefault(_other, set()).add(_one)
GREATER = frozenset(word for _, more in _sides for word in more)
LESSER = frozenset(word for less, _ in _sides for word in less) - GREATER

SCALES = words(
    """low high lower higher lowest highest small large big great smaller larger bigger little much few many less more
    short long tall weak strong bad good worse better poor slow fast quick late early decrease increase down up light
    heavy mild severe irregular regular abnormal normal minor major negative positive never always often badly poorly
    well     worst best minimal maximal below above"""
)
"""Opposites that go with any noun, so that two phrases with them need not be about one thing."""

DENIALS = words(
    """not no non never none neither nor without lack lacks lacked lacking absence absent missing cannot nobody nothing
free zero"""
)
"""Words that turn what is said round."""

SOFT_DENIALS = words(
    """abstain abstention abandon avoid avoidance cancel cease decline deny discontinue dodge drop escape evade fail
failure flee forget forgo ignore lose loss miss neglect off omission omit prevent quit refrain refusal refuse reject
rejection resist shun skip spare stop withhold"""
)
"""Verbs of not doing: they deny when the other phrase says the doing with a verb of no content ("get", "take")."""

AFFIRMING = words(
    """accept achieve attend bear bring buy carry catch choose consume contain drink drive earn eat enjoy enter exist
experience feel follow give hold include join keep obtain pay perform play practise practice produce reach remain ring
run see set shine smoke sound start stay tell visit work yield"""
)
"""Verbs of having or doing, which say no more of a thing than that it is there: `catch fire`, `give milk`."""

LIGHT = words(
    """i you a an the this that these those any and or of in on at to for from by with as than into per about near under
who whom whose which what where when if then there it its his her their they he she we our us one ones be is are
was were been being am have has had having do does did done doing get gets got getting gotten take takes took
taken taking use uses used using make makes made making receive receives received receiving become becomes
became go goes went gone going give given gives gave will would shall should can could may might must someone
somebody something instead level levels status state states condition value values amount rate rates quality
type overall person persons people individual individuals subject subjects everyone anybody really very quite
highly suffer suffers suffering suffered exhibit exhibits show shows showing occur occurs happen happens 
   reside resides undergo undergoes undergoing contract contracts contracted contracting develop
develops developing diagnosed keep keeps kept own owns wear wears wearing wore worn"""
)
"""Words that tie nothing to a variable: grammar, verbs of no content, nouns of scale, people in general."""

_KINDS = """gender sex: male female man woman boy girl husband wife|age: old young elderly adult child teenager
income wealth poverty money prosperity: poor rich wealthy|temperature: hot cold warm cool
health: healthy unhealthy sick ill well|height: tall short|price cost: cheap expensive
weather climate: sunny rainy windy stormy cloudy rain snow season|diet nutrition: eat eats eating ate
season: winter summer spring autumn|weight: obese
residence region location area: urban rural city village|marriage divorce: married single divorced unmarried
employment job work: employed unemployed jobless|death survival mortality life: die dead alive survive live
recovery illness disease: recover cured sick ill|admission acceptance hiring: accepted admitted rejected
hiring firing dismissal: hired fired dismissed|mood happiness: happy sad|education schooling: college university
education schooling: graduate degree diploma|color colour: red blue green brown black white yellow grey blond
personality character temper: kind mean friendly rude shy nice cruel|noise loudness: loud quiet silent
light brightness: dark bright|relationship: single married
appearance looks beauty: attractive ugly handsome pretty
confounders confounder factors: hidden unknown unobserved|weapon: shoot fire"""

KINDS: dict[str, frozenset[str]] = {}
"""What kind of thing a noun names, and the general words for its states."""
for _line in _KINDS.replace("\n", "|").split("|"):
    _names, _, _states = _line.partition(": ")
    for _name in _names.split():
        KINDS[_name] = KINDS.get(_name, frozenset()) | words(_states)
