"""Sentences with a verb of causing or preventing: "A causes B", "rain makes the road wet", "A is caused by B"."""

from __future__ import annotations

import re

from scm import Expr

from ._chance import split_chance
from ._clause import Clause
from ._combine import Group, all_of, combine
from ._reading import AND_LIST, Reading
from ._story import Kind, Unreadable, quoted

_BRINGS = (
    "causes?|leads? to|results? in|triggers?|brings? about|produces?|creates?|induces?|sets? off|gives? rise "
    "to|generates?"
    "|provokes?|is the cause of|is a cause of|are the cause of|are the causes of|makes?|activates?"
)
_STOPS = "prevents?|stops?|blocks?|inhibits?|suppress(?:es)?|averts?|precludes?|rules? out|keeps?"
_HOW = r"(?:(?:will|always|directly|also|together|each|both|alone|by itself|by themselves|on its own|on their own) )*"
_CAUSES = re.compile(rf" (?P<how>{_HOW})(?P<verb>{_BRINGS}|{_STOPS}) ", re.IGNORECASE)
_CAUSED_BY = re.compile(
    r"^(.+?) (?:is|are) (?:always )?(?:caused|triggered|brought about|produced|induced|set off"
    r"|activated)(?: only)? by (.+)$",
    re.IGNORECASE,
)


_NEGATED = re.compile(r"\b(?:not|never|hardly|rarely|seldom)$", re.IGNORECASE)


def causal(phrase: str, words: str, reading: Reading) -> bool:
    """A rule with a verb of causing or preventing, or several of them. Returns False for a sentence without any."""
    if match := _CAUSED_BY.match(phrase):
        _causal(f"{match[2]} causes {match[1]}", words, reading)
        return True
    match = _CAUSES.search(phrase)
    if match is None or _NEGATED.search(phrase[: match.start()]):
        return False
    for piece in _pieces(phrase):
        _causal(piece, words, reading)
    return True


def _pieces(phrase: str) -> list[str]:
    """`A causes B, B causes C and D, and E causes F`: one piece for each verb; a fragment without a verb continues."""
    if len(_CAUSES.findall(phrase)) == 1:
        return [phrase]
    pieces: list[str] = []
    for fragment in re.split(
        r" , (?:and (?=.* (?:causes?|leads? to|triggers?|makes?|prevents?|produces?|stops?) ))?", phrase
    ):
        verbs = len(_CAUSES.findall(f" {fragment} "))
        if verbs == 0 and pieces:
            pieces[-1] += f" , {fragment}"
        elif verbs == 2 and fragment.count(" and ") == 1:
            pieces += fragment.split(" and ")
        elif verbs == 1:
            pieces.append(fragment)
        else:
            raise Unreadable(f"Too much at once in {quoted(fragment)}. Use one sentence for each cause.")
    return pieces


def _causal(phrase: str, words: str, reading: Reading) -> None:
    chance = split_chance(phrase)
    match = _CAUSES.search(chance.rest if chance else phrase)
    if match is None or match.start() == 0:
        raise Unreadable(f"What is the cause in {quoted(phrase)}? Write 'CAUSE causes EFFECT'.")
    text = chance.rest if chance else phrase
    causes = _causes(text[: match.start()], match["how"].lower(), reading)
    effects, kind = _caused(text[match.end() :], match["verb"].lower())
    if chance and (len(effects) > 1 or len(causes) > 1):
        raise Unreadable(
            f"Does the probability in {quoted(phrase)} hold for each by itself? Use one sentence for each."
        )
    for cause in causes:
        for effect in effects:
            reading.rule(effect, kind, cause, words, chance.value if chance else None)


_NONE_OF = re.compile(r"^(?:neither|none of|no|nobody|no one|nothing|not every|not all) ", re.IGNORECASE)


def refuse_none_of(phrase: str, words: str) -> None:
    """`Neither A nor B causes C` names no cause.

    Raises:
        Unreadable: the phrase begins so.
    """
    if _NONE_OF.match(phrase):
        raise Unreadable(f"What does cause it, in {quoted(words)}? Say that, or 'if not A and not B, C'.")


def _causes(phrase: str, how: str, reading: Reading) -> list[Expr]:
    """The cause; several where each of a list is said to be enough."""
    phrase = re.sub(r" (?:together|alone|by itself)$", "", phrase, flags=re.IGNORECASE)
    refuse_none_of(phrase, phrase)
    tree = combine(phrase, noun=True)
    each = "each" in how or "both" in how or "by themselves" in how or "on their own" in how
    if isinstance(tree, Group) and tree.joint == "and":
        if each:
            return [reading.expr(part) for part in tree.parts]
        if "together" not in how:
            reading.story.assume(AND_LIST)
    elif each:
        raise Unreadable(f"'each' or 'both' in {quoted(phrase)} needs several causes joined by 'and'.")
    return [reading.expr(tree)]


def _caused(phrase: str, verb: str) -> tuple[list[Clause], Kind]:
    stops = re.fullmatch(_STOPS, verb) is not None
    if verb.startswith("keep"):
        # "keeps the door from opening" prevents; "keeps the door open" brings about.
        stops = " from " in phrase
    if stops and re.search(r"\bnot\b", phrase):
        raise Unreadable(f"Preventing that something does not happen, in {quoted(phrase)}: say what happens instead.")
    phrase = re.sub(r"^(.+?) from (?:being |happening$|occurring$)?", r"\1 ", phrase) if stops else phrase
    infinitive = re.sub(r"^(.+?) (not )?to (?:be )?", lambda m: f"{m[1]} {m[2] or ''}", phrase)
    if verb.startswith(("keep", "stop", "make")) and len(phrase.split()) == 1 and phrase[0].islower():
        raise Unreadable(f"What does {quoted(verb + ' ' + phrase)} bring about? Say what then happens.")
    # Behind "makes" and "to" verbs have no ending; a plain "causes" is followed by a noun.
    tree = combine(
        " ".join(infinitive.split()), bare=stops or infinitive != phrase or verb.startswith(("make", "keep"))
    )
    return all_of(tree, "The effect"), "prevents" if stops else "enough"
