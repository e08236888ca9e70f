"""Phrases that mean the same in the sentences of an answer, so that one may stand for another. Nothing else may.

Each line of `_CLASSES` is a class: its token, then its phrases. "." stands for any mark between statements and `|`
parts phrases. A phrase that begins with "^" counts only at the beginning of a statement. Whoever adds a phrase must be
sure that it says neither more nor less than the others *wherever* it may stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from ._tokens import SEP

Phrase = tuple[str, ...]

_CLASSES = """
<since> = since | because | ^as
<so> = so | therefore | thus | hence | consequently | and so | and therefore | and thus | and hence | as a result
    | and as a result | which means that | which means | meaning that | meaning | it follows that
<not so> = it is not so that | it is not the case that | it is not true that
<so that> = is it so that
<imagine> = ^imagine that | ^imagine | ^suppose that | ^suppose | ^now imagine that | ^now imagine
    | ^now suppose that | ^now suppose | ^now , imagine that | ^now , suppose that | ^let us imagine that
    | ^let us suppose that | ^now let us imagine that | ^now let us suppose that
<known> = ^we know that | ^we know | ^it is known that
<then> = ^then | ^then , | ^in that case | ^in that case ,
<needs> = . that is possible only if | , which is possible only if | . this is possible only if
    | . that is only possible if | , which is only possible if | . this is only possible if
    | , and that is possible only if | , and this is possible only if | , and that is only possible if
    | , and this is only possible if
<else> = with everything else left as it was | with all else left as it was | with everything else unchanged
    | with all else unchanged | with everything else kept as it was | with all else kept as it was
    | with everything else as it was | with everything else staying as it was
    | with everything else the same as it was | leaving everything else as it was | leaving all else as it was
    | keeping everything else as it was | and leave everything else as it was | and keep everything else as it was
    | while everything else stays as it was | while everything else is left as it was
    | but everything else stays as it was | but everything else is left as it was
    | while leaving everything else as it was | while keeping everything else as it was
    | and everything else stays as it was | and everything else is left as it was
<whatever> = whatever else was observed | regardless of what else was observed | no matter what else was observed
    | irrespective of what else was observed | regardless of whatever else was observed
<any case> = in any case | in any event
<by text> = by what is said | from what is said | according to what is said | based on what is said
<open> = ^not determined by what is said . | ^it is not determined by what is said .
    | ^this is not determined by what is said . | ^the answer is not determined by what is said .
    | ^what is said does not determine the answer . | ^what is said does not determine this .
    | ^what is said does not determine it . | ^this cannot be determined from what is said .
    | ^the answer cannot be determined from what is said . | ^not determined by what is said ,
    | ^this cannot be determined by what is said .
<yes if> = the answer is yes if | it is yes if | the answer would be yes if
<no if> = , and no if | and no if | , but no if | but no if | , and it is no if | , but it is no if
    | , while it is no if | , and the answer is no if | , but the answer is no if | , while the answer is no if
    | , whereas it is no if
<example> = , for example , | for example | , for instance , | for instance | , for example | , for instance
    | for example , | for instance ,
<prob that> = the probability that | the chance that
<prob of> = the probability of | the chance of
<rounding> = within the rounding of the printed numbers | given the rounding of the printed numbers
    | allowing for the rounding of the printed numbers | once the rounding of the printed numbers is allowed for
    | when the rounding of the printed numbers is allowed for | because of the rounding of the printed numbers
    | due to the rounding of the printed numbers
<difference> = . a difference of | , a difference of | , which is a difference of | . that is a difference of
    | . this is a difference of | , that is a difference of | . the difference is
<two errors> = that is less than two standard errors from | this is less than two standard errors from
<chance> = . chance may explain it | , so chance may explain it | . so chance may explain it
    | , which means chance may explain it | , which chance may explain | , meaning chance may explain it
    | , meaning that chance may explain it | , so it may be explained by chance | , and chance may explain it
    | , which may be explained by chance
<no effect> = . that has no effect on what is asked about | . this has no effect on what is asked about
    | . that has no effect on what was asked about | . this has no effect on what was asked about
    | , which has no effect on what is asked about | , which has no effect on what was asked about
    | , but that has no effect on what is asked about | , but this has no effect on what is asked about
<but for> = by the but-for test , | according to the but-for test , | under the but-for test ,
<no answer> = ^this has no answer as it stands . | ^as it stands , this has no answer .
    | ^this has no answer as it stands , since | ^this has no answer as it stands , because
    | ^this has no answer as it stands because | ^as it stands , this has no answer , since
    | ^as it stands , this has no answer , because | ^as it stands , this has no answer because
<cannot be> = it cannot be that | it is impossible that | it is not possible that
<aside> = ^with that observation left aside . | ^with that observation set aside .
    | ^leaving that observation aside . | ^setting that observation aside . | ^if that observation is left aside .
    | ^if that observation is set aside . | ^with that observation left aside , the answer is .
    | ^with that observation left aside , the answer is | ^with that observation set aside , the answer is
    | ^leaving that observation aside , the answer is | ^setting that observation aside , the answer is
    | ^with that observation left aside , | ^leaving that observation aside , | ^setting that observation aside ,
    | ^with that observation set aside ,
<steps> = ^this was worked out in three steps . | ^it was worked out in three steps .
    | ^we worked this out in three steps . | ^this was worked out in three steps . first ,
    | ^it was worked out in three steps . first , | ^we worked this out in three steps . first ,
    | ^the answer was worked out in three steps . | ^the answer was worked out in three steps . first ,
    | ^this was worked out in three steps . first | ^it is worked out in three steps .
    | ^this is worked out in three steps .
<seen> = from the observation that
<shows> = , what it shows of the causes (abduction) . | , what it shows of the causes (abduction) ,
<step two> = then the supposition that | then , the supposition that | next , the supposition that
    | next the supposition that | second , the supposition that
<otherwise> = whatever would otherwise settle that
<step three> = . and what follows from both | , and what follows from both | . and finally what follows from both
    | . and finally , what follows from both | , and finally what follows from both
    | , and finally , what follows from both | . third , what follows from both | . finally , what follows from both
<exact> = ^the answer is exact . it follows from what is said , without any estimate
    | ^the answer is exact , since it follows from what is said , without any estimate
    | ^the answer is exact , because it follows from what is said , without any estimate
    | ^the answer is exact since it follows from what is said without any estimate
    | ^the answer is exact because it follows from what is said without any estimate
    | ^the answer is exact , since it follows from what is said without any estimate
    | ^the answer is exact , because it follows from what is said without any estimate
    | ^the answer is exact , as it follows from what is said without any estimate
    | ^the answer is exact . it follows from what is said without any estimate
    | ^this answer is exact . it follows from what is said , without any estimate
    | ^this answer is exact . it follows from what is said without any estimate
    | ^the answer is exact and follows from what is said , without any estimate
    | ^the answer is exact and follows from what is said without any estimate
<computed> = ^the computation is exact for the numbers as printed
    | ^for the numbers as printed , the computation is exact | ^for the numbers as printed the computation is exact
<room> = . only their rounding leaves room | , and only their rounding leaves room
    | , so only their rounding leaves room | , only their rounding leaves room
    | . it is only their rounding that leaves room
<rough room> = . how much room their rounding leaves is approximate
    | , but how much room their rounding leaves is approximate
    | , and how much room their rounding leaves is approximate
<estimate> = ^this is an estimate , not an exact value . | ^this is an estimate and not an exact value .
    | ^this is an estimate rather than an exact value . | ^this is an estimate , and not an exact value .
    | ^it is an estimate , not an exact value . | ^it is an estimate rather than an exact value .
<sampling> = the standard error says how far chance in the counts may have moved it
    | its standard error says how far chance in the counts may have moved it
<closest> = it is proved that no closer bounds follow from what is said
    | it has been proved that no closer bounds follow from what is said
    | no closer bounds follow from what is said , and that is proved
    | it is proven that no closer bounds follow from what is said
<granted> = it takes for granted that | this takes for granted that | it is taken for granted that
    | the answer takes for granted that
<and that> = and that | , and that
<) that> = ) . that | ) . and that
<proved> = it is proved that | it has been proved that | it is proven that
<looked up> = ^this was looked up in | ^it was looked up in
<and is exact> = , and is exact | and is exact | , and it is exact
<limit> = ^that is a limit of what can be worked out here | ^this is a limit of what can be worked out here
<no proof> = , and no proof that there is no answer | , not a proof that there is no answer
    | and not a proof that there is no answer | , and not a proof that there is no answer
    | , but no proof that there is no answer | , but not a proof that there is no answer
    | and no proof that there is no answer | rather than a proof that there is no answer
<correct> = ^one of the statements must be corrected before anything can be worked out
    | ^before anything can be worked out , one of the statements must be corrected
    | ^before anything can be worked out one of the statements must be corrected
<contradicts> = ^what is said contradicts itself , so nothing follows
    | ^nothing follows , because what is said contradicts itself
    | ^nothing follows , since what is said contradicts itself
    | ^what is said contradicts itself , and so nothing follows
    | ^nothing follows because what is said contradicts itself
    | ^what is said contradicts itself , and therefore nothing follows
<unanswered> = ^nothing was worked out , so no answer is given | ^no answer is given , since nothing was worked out
    | ^no answer is given , because nothing was worked out | ^nothing was worked out , and so no answer is given
    | ^as nothing was worked out , no answer is given | ^since nothing was worked out , no answer is given
<go together> = may go together without the one acting on the other
    | may go together without one acting on the other
<unblocked> = , and nothing that is seen blocks that | , and nothing that is seen blocks this
    | . nothing that is seen blocks that | . and nothing that is seen blocks that
<but the causal> = but the causal ones | except the causal ones | other than the causal ones
<blocks> = . it blocks every path | , since it blocks every path | , because it blocks every path
    | since it blocks every path | because it blocks every path
<and is not> = , and is not affected by | and is not affected by | , and it is not affected by
<not in all> = , but not in all | but not in all
<not undone> = is not determined by what is said | is left undetermined by what is said
    | is not determined from what is said
<arithmetic> = ^the arithmetic . | ^the arithmetic is
<unread> = ^i could not read this | ^this could not be read
<not here> = ^this cannot be worked out here | ^this can not be worked out here | ^it cannot be worked out here
"""

_COMMON_WORDS = (
    "the a an is are was were be it that this which of in by with no not and but for to from what as on at i"
)
_COMMON = frozenset(_COMMON_WORDS.split())
"""Words that any name may have in it: a rule is not put off by them."""


@cache
def classes() -> Mapping[str, tuple[tuple[str, Phrase], ...]]:
    """For each first word, the phrases that begin with it and their class, the longest first."""
    found: dict[str, list[tuple[str, Phrase]]] = {}
    for token, phrase in _listed():
        head = phrase[1] if phrase[0] == "^" else phrase[0]
        found.setdefault(head, []).append((token, phrase))
    return {head: tuple(sorted(listed, key=_length, reverse=True)) for head, listed in found.items()}


def _length(entry: tuple[str, Phrase]) -> int:
    return sum(part != "^" for part in entry[1])


def _listed() -> Iterator[tuple[str, Phrase]]:
    joined = " ".join(line.strip() if not line.startswith("<") else f"\n{line}" for line in _CLASSES.splitlines())
    for line in filter(None, map(str.strip, joined.splitlines())):
        token, _, phrases = line.partition(" = ")
        for phrase in phrases.split(" | "):
            words = phrase.replace("(a", "( a").replace("n)", "n )").split()
            yield token, ("^", words[0][1:], *words[1:]) if words[0].startswith("^") else tuple(words)


@cache
def _first() -> Mapping[str, str]:
    """How each class is said for short: its first phrase."""
    found: dict[str, str] = {}
    for token, phrase in _listed():
        found.setdefault(token, " ".join(part for part in phrase if part != "^").strip(" .,"))
    return found


def plain(token: str) -> str:
    """A token as words again."""
    return _first().get(token, token if len(token) < 3 else token.strip("<>"))


def alike(tokens: Sequence[str], loaded: frozenset[str]) -> list[str]:
    """`tokens` with every phrase of a class replaced by the token of the class, from the left, the longest first."""
    out: list[str] = []
    place = 0
    while place < len(tokens):
        first = not out or out[-1] in (SEP, "<verdict>")
        for token, phrase in classes().get(tokens[place], ()):
            wanted = phrase[1:] if phrase[0] == "^" else phrase
            if phrase[0] == "^" and not first:
                continue
            if tuple(tokens[place : place + len(wanted)]) == wanted and not (set(wanted) - _COMMON) & loaded:
                out.append(token)
                place += len(wanted)
                break
        else:
            out.append(tokens[place])
            place += 1
    return out
