"""Sentences about which variables go together, word for word, once names are replaced by `<0>`, `<1>`, ...

What is independent of what, what is not, and what is claimed to cause what. A sentence that is none of these in full is
none of them: the patterns have no room for a word that they do not know.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scm import CausalClaim, Claim, Independence, Relation

_N = r"<\d+>"
_LIST = rf"(?:both |all of )?{_N}(?:(?:,? and |, | as well as ){_N})*"
_LEADS = (
    r"however|but|also|and|in addition|furthermore|moreover|meanwhile|on the other hand|besides|finally|additionally|"
    r"while|yet|similarly|likewise|next|further|again|by contrast|in contrast|as well|"
    r"we (?:also )?(?:know|observe|find|see) that|it is (?:also )?(?:known|found|observed) that|"
    r"(?:the )?data (?:also )?shows? that|that"
)
LEAD = re.compile(rf"^(?:(?:{_LEADS}),? )+", re.IGNORECASE)
_ADVERB = re.compile(
    r"\b(?:also|still|statistically|marginally|unconditionally|conditionally|mutually|pairwise|too|significantly|again|"
    r"both|always|moreover|however) (?!of )"
)
_COMPLETE = re.compile(
    r"^(?:all(?: of)?(?: the)?|the only|the complete list of|the|here are all(?: of)?(?: the)?|these are all"
    r"(?: the)?) ?"
    r"(?:known |relevant |existing )?(?:statistical )?(?:relation(?:ship)?s|dependenc(?:ies|es)|independenc(?:ies|es)|"
    r"correlations|dependenc(?:ies|es) and independenc(?:ies|es)|(?:in)?dependence relations)"
    r"(?: (?:among|between|of|in|for) (?:these|the|this|them|all)?[^:,.]*?)?"
    r"(?: are(?: (?:as follows|the following|these|listed below|given below))?)?(?: ?[:,] ?| are )",
    re.IGNORECASE,
)
_REST = re.compile(
    r"^(?:all|every|any|each)(?: of the)? (?:other|remaining) (?:pairs?|variables?|things?)(?: of variables)? "
    r"(?:is|are|correlates?|depends?)(?: (?:correlated|dependent|associated))?(?: (?:with|on) each other)?$|"
    r"^(?:everything|all) else (?:is|correlates)(?: (?:correlated|dependent))?$|"
    r"^(?:there are )?no (?:other|further) (?:\w+ )?(?:independences?|independencies|relations)(?: hold)?$",
    re.IGNORECASE,
)

_GIVEN = (
    r"(?:if |when |once |after |by |while )?(?:we |one |you )?(?:are |is )?(?:given|conditional on|conditionally on|"
    r"conditioned on|conditioning on|condition on|controlling for|control for|controlled for|adjusting for|adjust for|"
    rf"holding|fixing|knowing|know)(?: the values? of| knowledge of)? (?P<z>{_LIST})(?: (?:fixed|constant))?"
)
_ALONE = r"(?: (?:of|from|on|with|to) (?:each other|one another))?"
_TIED = r"(?:correlated|associated|related|dependent|tied|linked)"
_PAIRS = (
    # (dependent?, pattern over x and y)
    (True, rf"(?P<x>{_N}) (?:correlates?|associates?) with (?P<y>{_LIST})"),
    (True, rf"(?P<x>{_N}) (?:is|are) {_TIED} (?:with|to|on) (?P<y>{_LIST})"),
    (True, rf"(?P<x>{_N}) (?:is|are) not independent (?:of|from) (?P<y>{_LIST})"),
    (True, rf"(?P<x>{_LIST}) (?:are|become|remain|stay) (?:all )?{_TIED}{_ALONE}"),
    (True, rf"(?P<x>{_LIST}) (?:all )?correlate{_ALONE}"),
    (True, rf"(?P<x>{_LIST}) depend on (?:each other|one another)"),
    (True, rf"(?P<x>{_N} and {_N}) are not independent{_ALONE}"),
    (True, rf"there is (?:a |an |some )(?:correlation|association|dependence) between (?P<x>{_N} and {_N})"),
    (False, rf"(?P<x>{_N}) (?:is|are|becomes?|remains?|stays?) independent (?:of|from) (?P<y>{_LIST})"),
    (
        False,
        rf"(?P<x>{_N}) (?:is|are) (?:not (?:correlated|associated|dependent)|uncorrelated) (?:with|on) (?P<y>{_LIST})",
    ),
    (False, rf"(?P<x>{_N}) (?:does|do) not (?:correlate|associate) with (?P<y>{_LIST})"),
    (False, rf"(?P<x>{_N} and {_N}) (?:are|become|remain|stay) (?:independent|uncorrelated){_ALONE}"),
    (False, rf"(?P<x>{_N} and {_N}) are not (?:correlated|associated|dependent){_ALONE}"),
    (False, rf"(?P<x>{_N} and {_N}) do not (?:correlate|depend on each other){_ALONE}"),
    (False, rf"there is no (?:correlation|association|dependence) between (?P<x>{_N} and {_N})"),
)
_FORMS = tuple(
    (dependent, re.compile(form, re.IGNORECASE))
    for dependent, pair in _PAIRS
    for form in (rf"^{pair}(?:,? {_GIVEN})?$", rf"^{_GIVEN},? {pair}$")
)
_JOINT = re.compile(r"(?:,|;)? (?:and|but|while|whereas|although|though) |; ?|, ")
_SO = re.compile(rf"^so (?:are|do) (?P<x>{_N} and {_N})$", re.IGNORECASE)
_AGAIN = re.compile(r",? and (?:with|of|from|on|to) (?=<)", re.IGNORECASE)
_THEY = re.compile(r"^(?:they|the two|these two|both|the pair|the two of them)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Told:
    """One pair that a sentence calls dependent or independent, given some variables."""

    dependent: bool
    first: int
    second: int
    given: tuple[int, ...]
    words: str

    @property
    def key(self) -> tuple[frozenset[int], frozenset[int]]:
        """The pair and the condition, without order."""
        return frozenset((self.first, self.second)), frozenset(self.given)


def without_lead(sentence: str) -> tuple[str, bool]:
    """A sentence without the words that only lead into it, and whether these say that the list is complete."""
    bare = LEAD.sub("", sentence)
    found = _COMPLETE.sub("", bare)
    return LEAD.sub("", found.lstrip("-*• ")), found != bare


def says_the_rest(sentence: str) -> bool:
    """Whether a sentence says that all other pairs are dependent."""
    return _REST.match(sentence) is not None


def told(sentence: str, words: str, before: Sequence[Told] = ()) -> list[Told] | None:
    """The pairs that a sentence speaks of; None where it is no such sentence.

    Args:
        sentence: with names as `<0>`, without the words that lead into it.
        words: how the text puts it.
        before: what was told so far; "they" are the last pair of it.
    """
    sentence = _AGAIN.sub(" and ", _ADVERB.sub("", f"{sentence} ").strip())
    if before and (match := _SO.match(sentence)):
        last = before[-1]
        return [Told(last.dependent, a, b, last.given, words) for a, b in _pairs(_numbers(match["x"]), None)]
    if before and _THEY.match(sentence):
        sentence = _THEY.sub(f"<{before[-1].first}> and <{before[-1].second}>", sentence)
    whole = _clause(sentence, words)
    if whole is not None:
        return whole
    # Several clauses in one sentence: cut at the first joint behind which all of the rest can be read.
    for joint in _JOINT.finditer(sentence):
        head = _clause(sentence[: joint.start()], words)
        rest = head and told(LEAD.sub("", sentence[joint.end() :]), words, head)
        if head and rest:
            return head + rest
    return None


def _clause(sentence: str, words: str) -> list[Told] | None:
    for dependent, form in _FORMS:
        if match := form.match(sentence):
            parts = match.groupdict()
            given = _numbers(parts.get("z"))
            return [Told(dependent, a, b, given, words) for a, b in _pairs(_numbers(parts["x"]), parts.get("y"))]
    return None


def _pairs(first: tuple[int, ...], second: str | None) -> Iterator[tuple[int, int]]:
    if second is None:
        return itertools.combinations(first, 2)
    return ((first[0], other) for other in _numbers(second))


def _numbers(text: str | None) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"<(\d+)>", text or ""))


# ---------------------------------------------------------------------------------------------------------------------
# Claims

_ASKS = re.compile(
    r"^(?:(?:hypothesis|question|claim|conclusion|statement)\s*: ?)?(?:(?:"
    r"is it (?:necessarily |always )?(?:true|the case|certain|correct|implied) that|"
    r"(?:does|would) it (?:necessarily )?follow(?: from (?:this|these|the premise))? that|"
    r"(?:can|may) (?:we|one|you|it be) (?:safely )?(?:conclude|concluded|infer|inferred|deduce|deduced|say|said)"
    r"(?: from (?:this|these|the premise|the data))? that|"
    r"(?:does|do) (?:the premise|this|these(?: relations)?|the data) (?:necessarily )?(?:imply|entail|mean|show) that|"
    r"must it be (?:true )?that|therefore|hence|so|thus|then),? )?",
    re.IGNORECASE,
)
_X, _Y = rf"(?P<x>{_N})", rf"(?P<y>{_N})"
_ACTS = (
    r"(?:causes?|affects?|influences?|leads? to|brings? about|produces?|has an (?:causal )?effect on|have an effect on)"
)
_ONE = r"(?:(?:at least )?one |an? |some |any )?"
_EXISTS = rf"(?:there (?:exists?|is|must (?:be|exist)) |is there |does there exist |must there be )?{_ONE}"
_OTHER = (
    r"(?:something(?: else)?|(?:some|an|at least one|one or more|a)(?:other)? (?:other )?(?:variable|factor|mediator|"
    r"intermediate variable)s?|others?|mediators?)"
)
_SOME = (
    r"(?:some|an?|one|at least one|one or more|some third|some common)(?:other)?(?: third| other| common)? "
    r"(?:variable|factor|thing)s?|something(?: else)?"
)
_CLAIMS: tuple[tuple[Relation, str], ...] = (
    ("direct cause", rf"(?:(?:does|must) )?{_X} directly {_ACTS} {_Y}"),
    ("direct cause", rf"(?:(?:does|must) )?{_X} {_ACTS} {_Y} directly"),
    ("direct cause", rf"(?:is )?{_X} (?:is )?(?:a|one) direct cause (?:of|for) {_Y}"),
    ("direct cause", rf"(?:does )?{_X} (?:has|have) a direct (?:causal )?(?:effect|influence) on {_Y}"),
    ("direct cause", rf"(?:is )?{_Y} (?:is )?(?:directly caused by|a direct effect of) {_X}"),
    ("indirect cause", rf"(?:(?:does|must) )?{_X} causes? {_OTHER},? (?:which|that)(?: in turn)? causes {_Y}"),
    ("indirect cause", rf"(?:is )?{_X} (?:is )?a cause (?:of|for) {_Y},? but not a direct (?:one|cause)"),
    ("indirect cause", rf"(?:(?:does|must) )?{_X} indirectly {_ACTS} {_Y}"),
    ("indirect cause", rf"(?:(?:does|must) )?{_X} {_ACTS} {_Y} (?:indirectly|(?:through|via) {_OTHER})"),
    ("indirect cause", rf"(?:is )?{_X} (?:is )?an indirect cause (?:of|for) {_Y}"),
    ("indirect cause", rf"(?:does )?{_X} (?:has|have) an indirect (?:causal )?(?:effect|influence) on {_Y}"),
    ("cause", rf"(?:(?:does|must) )?{_X} {_ACTS} {_Y}"),
    ("cause", rf"(?:is )?{_X} (?:is )?a (?:direct or indirect )?cause (?:of|for) {_Y}"),
    ("cause", rf"(?:is )?{_Y} (?:is )?(?:caused by|an effect of) {_X}"),
    ("cause", rf"(?:does )?{_X} (?:has|have) an? (?:causal )?(?:effect|influence) on {_Y}"),
    ("common cause", rf"{_EXISTS}(?:confounders?|(?:common|shared) causes?|confounding (?:variable|factor)s?) "
                     rf"(?:of|for|between|behind) {_X} and {_Y}"),
    ("common cause", rf"(?:do )?{_X} and {_Y} (?:have|share) {_ONE}(?:common |shared )?(?:cause|confounder)"),
    ("common cause", rf"(?:are )?{_X} and {_Y} (?:are )?(?:both )?(?:confounded|caused by (?:{_SOME}))"),
    ("common cause", rf"(?:does )?(?:{_SOME})(?: that| which)? causes? (?:both )?{_X} and {_Y}"),
    ("common effect", rf"{_EXISTS}(?:colliders?|(?:common|shared) effects?) (?:of|for|between) {_X} and {_Y}"),
    ("common effect", rf"(?:do )?{_X} and {_Y} (?:have|share) {_ONE}(?:common |shared )?(?:effect|collider)"),
    ("common effect", rf"(?:do )?{_X} and {_Y} (?:both|together|jointly) (?:cause|affect|influence) (?:{_SOME})"),
)  # fmt: skip
_CLAIM_FORMS: tuple[tuple[Relation, re.Pattern[str]], ...] = tuple(
    (relation, re.compile(f"^{form}$", re.IGNORECASE)) for relation, form in _CLAIMS
)
_ARE = re.compile(rf"^(are|is) ({_N}(?: and {_N})?) ", re.IGNORECASE)


def claimed(sentence: str, names: Sequence[str]) -> Claim | None:
    """What a sentence claims or asks of causes, or of independence; None where it is no such sentence."""
    bare = _ASKS.sub("", re.sub(r"\bboth (?=<)", "", sentence))
    for relation, form in _CLAIM_FORMS:
        if match := form.match(bare):
            first, second = (names[_numbers(match[key])[0]] for key in ("x", "y"))
            return CausalClaim(relation, first, second) if first != second else None
    found = told(_ARE.sub(lambda m: f"{m[2]} {m[1].lower()} ", bare), sentence)
    if found is None or len(found) != 1 or found[0].dependent or len({*found[0].key[0]}) < 2:
        return None
    one = found[0]
    return Independence(names[one.first], names[one.second], tuple(names[i] for i in one.given))
