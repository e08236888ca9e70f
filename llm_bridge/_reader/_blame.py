"""Questions about one cause of one event: "Did A cause B?", "Is B because of A?", "Was A to blame?".

They are read as but-for, and say so. A noun that names no event by itself ("the fuse") stands for the one thing that
the text says of it and that was so ("the fuse blew"), and that is listed.
"""

from __future__ import annotations

import re

from ._clause import Clause, opposite
from ._combine import Tree, all_of, combine, leaves
from ._lemma import told
from ._questions import BUT_FOR, Question, restore_be
from ._reading import Reading
from ._story import Unreadable, quoted

_VERB = r"(?:cause|lead to|trigger|bring about|result in|produce|make)"
_VERBED = r"(?:caused|led to|triggered|brought about|resulted in|produced|made)"
_REALLY = r"(?:actually |really |in fact )?"
_BECAUSE = r"(?:because(?: of)?|due to|as a result of|a result of|a consequence of|owing to|on account of)"
_FORMS = [
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"^did (?P<a>.+?) {_REALLY}(?P<verb>{_VERB}) (?P<b>.+)$",
        r"^(?:was|is|were|are) (?P<a>.+?) (?:the |a |one )?(?:actual |real )?(?:cause of|reason (?:for|that|why)) "
        r"(?P<b>.+)$",
        r"^(?:was|is|were|are) (?P<a>.+?) the (?:actual |real )?reason (?P<b>.+)$",
        r"^(?:was|is|were|are) (?P<a>.+?) (?:to blame|responsible) for (?P<b>.+)$",
        rf"^(?:was|is) it {_BECAUSE} (?P<a>.+?) that (?P<b>.+)$",
        rf"^(?:was|is) it (?P<a>.+?) (?:that|which|who) (?P<verb>{_VERBED}) (?P<b>.+)$",
        rf"^(?:was|is) (?P<a>.+?) what (?P<verb>{_VERBED}) (?P<b>.+)$",
        r"^(?:was|is|were|are) (?P<b>.+?) (?:caused|triggered|brought about) by (?P<a>.+)$",
        rf"^(?P<be>did|was|is|were|are) (?P<b>.+?) {_BECAUSE} (?P<a>.+)$",
    )
]
_OTHER = re.compile(
    r"^(?:does|do) .+? (?:cause|lead to|trigger|bring about|result in|produce) .+$|^(?:did|does|do) .+? prevent .+$",
    re.IGNORECASE,
)


def read_blame(phrase: str, words: str) -> Question | None:
    """The but-for question that `phrase` asks; `None` for any other question.

    Raises:
        Unreadable: it asks whether one kind of thing causes another, or has a condition of its own.
    """
    if _OTHER.match(phrase) and not re.search(r"\b(?:if|given|had)\b", phrase, re.IGNORECASE):
        raise _elsewhere(words)
    match = next((found for form in _FORMS if (found := form.match(phrase))), None)
    if match is None:
        return None
    named = match.groupdict()
    if re.search(r"\b(?:if|given|had|unless|without)\b", phrase, re.IGNORECASE):
        raise _elsewhere(words)
    if (named.get("verb") or "").lower() in ("make", "made") and len(_bare(named["b"]).split()) < 2:
        return None
    cause = combine(named["a"])
    question = Question(_effect(named["b"], (named.get("be") or "").lower()), words, "yes-no")
    question.given = [cause, question.event]
    question.imposed = [opposite(item) for item in all_of(cause, "The cause")]
    question.denied = question.blames = True
    question.assumptions.append(BUT_FOR)
    return question


def _bare(effect: str) -> str:
    return re.sub(r"^(?:the|an?) ", "", effect, flags=re.IGNORECASE)


def _effect(phrase: str, be: str) -> Tree:
    """`the road to be wet`, `the light went out`, `the famine happen`, and behind "was" `the beach polluted`."""
    if match := re.match(r"^(?P<who>.+?) (?P<no>not )?to (?P<what>.+)$", phrase, re.IGNORECASE):
        return combine(told(match["who"], f"{match['no'] or ''}{match['what']}"))
    event = combine(phrase, bare=True)
    return restore_be(event, be) if be in ("was", "is", "were", "are") else event


def _elsewhere(words: str) -> Unreadable:
    return Unreadable(
        f"This question cannot be read: {quoted(words)}. Ask 'Would ... have happened if ... had not?', or 'Did A "
        f"cause B?' of what was seen."
    )


def settle_blame(reading: Reading, question: Question) -> None:
    """A noun that is blamed, as the one observed thing that the text says of it."""
    if not question.blames:
        return
    happened = [leaf for tree, _ in reading.facts if isinstance(tree, Clause) or tree.joint == "and"
                for leaf in leaves(tree) if leaf.positive]  # fmt: skip
    effects = {leaf.key for leaf in leaves(question.event)}
    for i, item in enumerate(question.imposed):
        mention = reading.names.mentions.get(" ".join(item.key))
        if item.positive or item.is_sentence or (mention is not None and mention.declared):
            continue
        about = [m.clause for m in reading.names.mentions.values() if m.declared and m.clause.subject == item.key]
        if len(about) != 1 or about[0].key in effects or all(leaf.key != about[0].key for leaf in happened):
            continue
        reading.story.assume(f"{quoted(item.words)} is read as {quoted(about[0].name)}.")
        meant = about[0]
        question.imposed[i] = opposite(meant)
        question.given = [meant if tree == opposite(item) else tree for tree in question.given]
