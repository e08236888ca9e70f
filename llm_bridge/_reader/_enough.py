"""What is enough for something, what it needs, and what happens without something.

"Either one is enough" and "it takes both" speak of the sentence before them; "A alone is not enough for C" waits for
the sentence that says what else is needed.
"""

from __future__ import annotations

import re

from scm import Op, conjunction

from ._causal import refuse_none_of
from ._clause import Clause
from ._combine import Group, Joint, Tree, all_of, combine, leaves
from ._lemma import VERBS, lemma, participle, third_person, words
from ._reading import AND_LIST, Reading
from ._rules import condition_of, effects_of
from ._story import Rule, Unreadable, disjunction, negate, quoted

_FOR = (
    r"(?: (?:for (?P<for>.+?)(?: to (?P<to>.+))?|to (?:cause|bring about|trigger|produce|make) (?P<cause>.+)"
    r"|to (?P<inf>.+)))"
)
_ENOUGH = re.compile(
    rf"^(?P<causes>.+?) (?:is|are) (?P<how>(?:each|both|alone|together|by itself|by themselves|on its own|also"
    rf"|already) )*(?:(?P<enough>enough|sufficient)|(?P<need>needed|necessary|required)){_FOR}$",
    re.IGNORECASE,
)
_SUFFICES = re.compile(rf"^(?P<causes>.+?) (?P<how>(?:each|both|alone|together) )*suffices?{_FOR}$", re.IGNORECASE)
_REQUIRES = re.compile(r"^(?P<for>.+?) (?:requires?|needs?) (?P<causes>.+)$", re.IGNORECASE)
_TAKES = re.compile(r"^it takes (?P<causes>.+?)(?: for (?P<for>.+?) to (?P<to>.+)| to (?P<inf>.+))$", re.IGNORECASE)
_WITHOUT = re.compile(
    r"^without (?P<cause>.+?) , (?P<effect>.+)$|^(?P<effect2>.+?) without (?P<cause2>.+)$", re.IGNORECASE
)
_ALONE = r"(?:alone|by itself|on its own|by themselves)"
_NOT_ALONE = re.compile(
    rf"^(?P<causes>.+?) (?:{_ALONE} )?(?:is|are) not (?:enough|sufficient)(?P<alone> {_ALONE})?{_FOR}$", re.IGNORECASE
)
_ALSO = re.compile(
    r"^(?:but )?(?P<more>.+?) (?:is|are) (?:also )?(?:needed|required|necessary)(?: too| as well| also)?$"
    r"|^(?:but )?it also (?:needs|takes|requires) (?P<takes>.+)$",
    re.IGNORECASE,
)
_EITHER = re.compile(
    rf"^(?:but )?(?:either|each|any)(?: (?P<noun>(?!is\b|would\b|{_ALONE}\b)[a-z]+)(?: of (?:them|these|the two))?)?"
    rf"(?: {_ALONE})? (?:is|would be) (?:enough|sufficient)(?: {_ALONE})?{_FOR}?$",
    re.IGNORECASE,
)
_BOTH = re.compile(
    r"^(?:but )?(?:(?:both|all|all three|both of them|all of them) are (?:needed|required|necessary)|it takes both"
    r"|it takes all of them|neither (?:one )?is (?:enough|sufficient)(?: alone| by itself| on its own)?)$",
    re.IGNORECASE,
)
_ERGATIVE = words(
    """open close shut start stop ring sink melt burn break boil freeze move explode shatter ignite end begin grow
    overflow crash dissolve evaporate collapse turn swing spin roll tip crack drop deflate inflate harden ripen"""
)
_PARTICLES = words("up down out off away over on")


def enough_or_needed(phrase: str, words: str, reading: Reading) -> bool:
    """A rule that says what is enough, or needed. Returns False for a sentence that says neither."""
    if reading.pending is not None:
        _waited(phrase, words, reading.pending, reading)
        return True
    if _about_the_last(phrase, words, reading) or _not_alone(phrase, words, reading):
        return True
    if match := _ENOUGH.match(phrase) or _SUFFICES.match(phrase):
        target = _target(match, reading)
        if match.groupdict().get("need"):
            _needed(match["causes"], target, words, reading)
        else:
            _enough(match["causes"], (match["how"] or "").lower(), target, words, reading)
        return True
    if match := _TAKES.match(phrase):
        _needed(match["causes"], _target(match, reading), words, reading)
        return True
    if (match := _REQUIRES.match(phrase)) and not re.search(r"\b(?:if|to)\b", phrase):
        _needed(match["causes"], combine(match["for"]), words, reading)
        return True
    if match := _WITHOUT.match(phrase):
        effects, strength = effects_of(match["effect"] or match["effect2"])
        if strength:
            raise Unreadable(f"A probability and 'without' in {quoted(words)} do not go together. Use 'if ... not'.")
        tree = condition_of(match["cause"] or match["cause2"])
        for effect in effects:
            _without(effect, tree, words, reading)
        return True
    return False


def _without(effect: Clause, tree: Tree, words: str, reading: Reading) -> None:
    """Without A no B: A is needed. Without A still B: the lack of A brings B about."""
    if any(not leaf.positive for leaf in leaves(tree)):
        raise Unreadable(f"'without' and 'not' in {quoted(words)} say too much at once. Use 'if'.")
    cause = reading.expr(tree)
    if effect.positive and not (effect.is_sentence or "there" in effect.words.lower().split()):
        raise Unreadable(f"{quoted(words)} does not say what happens. Write 'without A, B happens'.")
    if effect.positive:
        reading.rule(effect, "enough", negate(cause), words)
    else:
        known = reading.names.declared(effect)
        reading.story.rules.append(Rule(known.name, "needed", cause, words))


def _target(match: re.Match[str], reading: Reading) -> Tree:
    """What it is enough or needed for: `for the lamp to glow`, `to cause a fire`, `for fire`, `to open the vault`."""
    named = match.groupdict()
    if named.get("to"):
        return combine(f"{named['for']} {named['to']}", bare=True)
    if named.get("inf"):
        tree = combine(_brought_about(named["inf"]))
        reading.loose |= {leaf.key for leaf in leaves(tree)}
        return tree
    return combine(named.get("cause") or named["for"])


def _brought_about(infinitive: str) -> str:
    """What has happened when somebody does it: `burn the forest down` is that the forest burns down."""
    tokens = infinitive.split()
    verb = tokens[0].lower()
    behind = [tokens[-1]] if tokens[-1].lower() in _PARTICLES and len(tokens) > 2 else []
    object_ = tokens[1 : len(tokens) - len(behind)]
    if verb not in VERBS or lemma(verb) != verb or not object_ or any(w in ("and", "or", ",") for w in object_):
        raise Unreadable(f"What has happened then, in {quoted('to ' + infinitive)}? Write 'for X to happen'.")
    told = third_person(verb) if verb in _ERGATIVE else f"is {participle(verb)}"
    return " ".join([*object_, told, *behind])


def _enough(causes: str, how: str, target: Tree, words: str, reading: Reading) -> None:
    refuse_none_of(causes, words)
    causes = re.sub(rf" {_ALONE}$", "", causes, flags=re.IGNORECASE)
    together = causes.lower().endswith(" together") or "together" in how
    causes = re.sub(r" together$", "", causes, flags=re.IGNORECASE)
    each = "each" in how or "both" in how or "themselves" in how
    tree = combine(re.sub(r"^both ", "", causes, flags=re.IGNORECASE) if each else causes, noun=True)
    parts = [tree]
    if isinstance(tree, Group) and tree.joint == "and":
        if each:
            parts = list(tree.parts)
        elif not together:
            raise Unreadable(f"Is each of {quoted(causes)} enough, or only both? Say 'each' or 'together'.")
    for effect in all_of(target, "The effect"):
        reading.rule(effect, "enough", disjunction([reading.expr(part) for part in parts]), words)


def _needed(causes: str, target: Tree, words: str, reading: Reading) -> None:
    refuse_none_of(causes, words)
    _needed_tree(combine(re.sub(r" together$", "", causes, flags=re.IGNORECASE), noun=True), target, words, reading)


def _needed_tree(tree: Tree, target: Tree, words: str, reading: Reading) -> None:
    for effect in all_of(target, "The effect"):
        known = reading.names.declared(effect)
        if not effect.positive:
            raise Unreadable(f"What is needed for {quoted(effect.words)} not to happen is not clear. Use 'if'.")
        reading.story.rules.append(Rule(known.name, "needed", reading.expr(tree), words))


# ---------------------------------------------------------------------------------------------------------------------
# Sentences that lean on another


def _not_alone(phrase: str, words: str, reading: Reading) -> bool:
    """`A alone is not enough for C, B is needed too`; without the second half it waits."""
    first, _, second = phrase.partition(" , ")
    match = _NOT_ALONE.match(first if _ALSO.match(second) else phrase)
    if match is None:
        return False
    pending = (combine(match["causes"], noun=True), _target(match, reading), words)
    if _ALSO.match(second):
        _waited(second, words, pending, reading)
    else:
        reading.pending = pending
    return True


def _waited(phrase: str, words: str, pending: tuple[Tree, Tree, str], reading: Reading) -> None:
    """`B is needed too`, behind `A alone is not enough for C`."""
    tree, target, before = pending
    match = _ALSO.match(phrase)
    if match is None:
        raise Unreadable(f"What else is needed, behind {quoted(before)}? Go on with 'B is needed too'.")
    reading.pending = None
    more = combine(match["more"] or match["takes"], noun=True)
    said = before if before == words else f"{before} {words}"
    _needed_tree(Group("and", (tree, more)), target, said, reading)


def _about_the_last(phrase: str, words: str, reading: Reading) -> bool:
    """`Either one alone is enough`, `both are needed`, about the causes in the sentence before."""
    if match := _EITHER.match(phrase):
        if any(match.groupdict()[name] for name in ("for", "cause", "inf")):
            _each_of_the_facts(match, words, reading)
        else:
            _rejoin(reading, "or", words)
        return True
    if _BOTH.match(phrase):
        _rejoin(reading, "and", words)
        return True
    return False


def _each_of_the_facts(match: re.Match[str], words: str, reading: Reading) -> None:
    """`Ann and Bob each dropped a match. Either match is enough to ...`."""
    tree = reading.last_fact()
    parts = list(leaves(tree)) if isinstance(tree, Group) and tree.joint == "and" else []
    noun = (match["noun"] or "one").lower()
    alike = len(parts) > 1 and all(p.is_sentence and p.positive for p in parts)
    alike = alike and len({p.key[len(p.subject) :] for p in parts}) == 1
    if not alike or (noun not in ("one", "of") and parts[0].key[-1] != lemma(noun)):
        raise Unreadable(f"Each of what, in {quoted(words)}? Write 'If A or B happens, C happens.'")
    for effect in all_of(_target(match, reading), "The effect"):
        reading.rule(effect, "enough", disjunction([reading.expr(part) for part in parts]), words)


def _rejoin(reading: Reading, joint: Joint, words: str) -> None:
    rules = reading.last_rules()
    causes = {rule.cause for rule in rules}
    cause = causes.pop() if len(causes) == 1 else None
    if not (isinstance(cause, Op) and cause.op in ("and", "or") and len(cause.args) > 1) or any(
        isinstance(part, Op) and part.op in ("and", "or") for part in cause.args
    ):
        raise Unreadable(f"Which causes does {quoted(words)} speak of? Write 'A and B are each enough for C'.")
    if joint == "and" and cause.op == "or":
        raise Unreadable(f"{quoted(words)} contradicts the 'or' of the sentence before it. Correct one of them.")
    new = disjunction(cause.args) if joint == "or" else conjunction(*cause.args)
    for i, rule in enumerate(reading.story.rules):
        if any(rule is old for old in rules):
            kept = Rule(rule.effect, rule.kind, new, f"{rule.words} {words}", rule.strength)
            reading.story.rules[i] = kept
    if not reading.before.and_list:
        reading.story.assumptions.pop(AND_LIST, None)
