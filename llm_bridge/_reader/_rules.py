"""Sentences with "if", "unless", "only if" or one of their kin, and "otherwise" behind them."""

from __future__ import annotations

import re

from scm import Expr, conjunction

from ._causal import causal
from ._chance import NUMBER, as_printed, split_chance
from ._clause import Clause, verb_at
from ._combine import Group, Tree, all_of, combine
from ._lemma import is_past, lemma
from ._reading import Reading
from ._story import Kind, Rule, Unreadable, negate, quoted

_CONJUNCTIONS: dict[str, Kind] = {
    "if and only if": "exactly", "exactly if": "exactly", "exactly when": "exactly", "precisely when": "exactly",
    "just when": "exactly", "just in case": "exactly", "if but only if": "exactly", "when and only when": "exactly",
    "only with": "needed", "only if": "needed", "only when": "needed", "only as long as": "needed",
    "only while": "needed",
    "unless": "prevents", "except when": "prevents", "except if": "prevents",
    "as long as": "enough", "so long as": "enough", "as soon as": "enough",
    "every time": "enough", "each time": "enough",
    "provided that": "enough", "provided": "enough", "whenever": "enough", "when": "enough", "if": "enough",
    "once": "enough", "in case": "enough", "while": "enough",
}  # fmt: skip
_WORDS = "|".join(_CONJUNCTIONS)
_PREFIX = re.compile(rf"^(?P<conj>{_WORDS}) (?P<rest>.+)$", re.IGNORECASE)
_INFIX = re.compile(rf"^(?P<effect>.+?) (?:, )?(?:but )?(?P<conj>{_WORDS}) (?P<cause>.+)$", re.IGNORECASE)
_ANY = re.compile(rf"\b(?:{_WORDS})\b", re.IGNORECASE)
_OTHERWISE = re.compile(
    rf"^(?P<rest>.+?) (?:, )?(?:and |but )?(?:only )?(?:(?:otherwise|if not)(?: only)? with (?:a )?probability(?: of)? "
    rf"(?P<q>{NUMBER})|with (?:a )?probability(?: of)? (?P<q2>{NUMBER}) (?:otherwise|if not))$",
    re.IGNORECASE,
)
_ELSE = re.compile(
    r"^(?P<rest>(?:if|when|whenever) .+?) (?:, )?(?:and |but )?(?:otherwise|or else) (?:, )?(?P<other>.+)$",
    re.IGNORECASE,
)
_CONDITIONED = re.compile(
    r"^(?P<rule>(?!if|when|unless).+? (?:(?:causes?|leads? to|results? in|triggers?|brings? about|gives? rise to"
    r"|prevents?) .+?|makes? (?:the |an? )?[a-z]+ [a-z]+)) (?:, )?(?:but )?(?:not )?(?<!only )"
    r"(?P<conj>unless|except when|except if|if|when|whenever|as long as|provided that|provided) (?P<cause>.+)$",
    re.IGNORECASE,
)
_THEN = re.compile(r" (?:, )?then ", re.IGNORECASE)


def conditional(phrase: str, words: str, reading: Reading) -> bool:
    """A rule with "if", "unless", "only if" or one of their kin. Returns False for a sentence without any."""
    if not _ANY.search(phrase):
        return False
    if match := _OTHERWISE.match(phrase):
        return _two_cases(match["rest"], match["q"] or match["q2"], words, reading)
    if match := _ELSE.match(phrase):
        return _else(match["rest"], match["other"], words, reading)
    if match := _CONDITIONED.match(phrase):
        return _conditioned_cause(match, words, reading)
    if match := _PREFIX.match(phrase):
        cause, rest = _split(re.sub(r" (and|or) (?:if|when) ", r" \1 ", match["rest"], flags=re.IGNORECASE), phrase)
        extra: Expr | None = None
        if inner := _INFIX.match(rest):
            if _CONJUNCTIONS[inner["conj"].lower()] != "prevents":
                raise Unreadable(f"Two conditions in {quoted(words)}. Join them by 'and', or use two sentences.")
            rest, extra = inner["effect"], negate(reading.expr(condition_of(inner["cause"])))
        _no_story(match["conj"], cause, rest, words)
        _add(rest, _CONJUNCTIONS[match["conj"].lower()], cause, extra, words, reading)
        return True
    match = _INFIX.match(phrase)
    if match is None:
        return False
    cause, extra = re.sub(r" (and|or) (?:if|when) ", r" \1 ", match["cause"], flags=re.IGNORECASE), None
    if inner := re.match(
        r"^(.+?) (?:, )?(?:but )?(?:not )?(?:unless|except when|except if) (.+)$", cause, re.IGNORECASE
    ):
        cause, extra = inner[1], negate(reading.expr(condition_of(inner[2])))
    _no_story(match["conj"], cause, match["effect"], words)
    _add(match["effect"], _CONJUNCTIONS[match["conj"].lower()], cause, extra, words, reading)
    return True


_EVENTFUL = frozenset({"when", "while", "once", "as soon as", "as long as"})


def _no_story(conj: str, cause: str, effect: str, words: str) -> None:
    """`When the bell rang, the dog barked` tells what happened, and may or may not be a rule."""
    if conj.lower() in _EVENTFUL and _is_past(cause) and _is_past(effect):
        raise Unreadable(
            f"Does {quoted(words)} tell what happened once, or a rule? Say 'We observed that ...', or 'whenever'."
        )


def _is_past(phrase: str) -> bool:
    tokens = phrase.split()
    place = verb_at(tokens)
    return place is not None and is_past(tokens[place].lower()) and lemma(tokens[place].lower()) != tokens[place]


def _else(phrase: str, other: str, words: str, reading: Reading) -> bool:
    """`If A, B, otherwise C`."""
    before = len(reading.story.rules)
    if not conditional(phrase, words, reading):
        return False
    _otherwise(reading.story.rules[before:], other, words, reading)
    return True


def _otherwise(last: list[Rule], other: str, words: str, reading: Reading) -> None:
    causes = [rule.cause for rule in last]
    if not causes or any(cause != causes[0] for cause in causes) or any(rule.kind != "enough" for rule in last):
        raise Unreadable(f"What does 'otherwise' mean in {quoted(words)}? Say 'if ... not'.")
    effects, strength = effects_of(other)
    for effect in effects:
        reading.rule(effect, "enough", negate(causes[0]), words, strength)


def _conditioned_cause(match: re.Match[str], words: str, reading: Reading) -> bool:
    """`A causes B unless C`: A and not C are enough for B."""
    before = len(reading.story.rules)
    if not causal(match["rule"], words, reading):
        return False
    condition = reading.expr(condition_of(match["cause"]))
    condition = negate(condition) if _CONJUNCTIONS[match["conj"].lower()] == "prevents" else condition
    for i, rule in enumerate(reading.story.rules[before:], start=before):
        reading.story.rules[i] = Rule(
            rule.effect, rule.kind, conjunction(rule.cause, condition), rule.words, rule.strength
        )
    return True


def _two_cases(phrase: str, other: str, words: str, reading: Reading) -> bool:
    """`If A, B with probability p, otherwise with probability q`: the law of B in both cases."""
    before = len(reading.story.rules)
    value = as_printed(other, phrase)
    if not conditional(phrase, words, reading):
        return False
    new = reading.story.rules[before:]
    if len(new) != 1 or new[0].kind != "enough" or new[0].strength is None:
        raise Unreadable(f"What does 'otherwise' mean in {quoted(words)}? Use one sentence for each case.")
    reading.story.rules.append(Rule(new[0].effect, "enough", negate(new[0].cause), words, value))
    return True


def otherwise(phrase: str, words: str, reading: Reading) -> bool:
    """`Otherwise, C`, behind a sentence with a condition. Returns False for any other sentence."""
    match = re.match(r"^(?:otherwise|if not) (?:, )?(?P<rest>.+)$", phrase, re.IGNORECASE)
    if match is None or _ANY.search(match["rest"]):
        return False
    _otherwise(reading.last_rules(), match["rest"], words, reading)
    return True


def _split(rest: str, phrase: str) -> tuple[str, str]:
    """Condition and effect of `if CONDITION, EFFECT`: the one comma (or "then") where both sides can be read."""
    marks = list(_THEN.finditer(rest)) or list(re.finditer(r" , ", rest))
    readable: list[tuple[str, str]] = []
    trouble: Unreadable | None = None
    for mark in marks:
        cause, effect = rest[: mark.start()], rest[mark.end() :]
        if re.match(r"(?:and|or|but|nor|not|yet)\b", effect, re.IGNORECASE):
            continue
        try:
            condition_of(cause)
            effects_of(effect)
        except Unreadable as wrong:
            trouble = trouble or wrong
        else:
            readable.append((cause, effect))
    if len(readable) == 1:
        return readable[0]
    if readable:
        raise Unreadable(f"Where does the condition of {quoted(phrase)} end? Write 'then' there.")
    raise trouble or Unreadable(f"Where does the condition of {quoted(phrase)} end? Put a comma or 'then' there.")


def condition_of(phrase: str) -> Tree:
    tree = combine(phrase)
    _same_is_not_twice(tree, phrase)
    return tree


def _same_is_not_twice(tree: Tree, phrase: str) -> None:
    if isinstance(tree, Group):
        keys = [part.key for part in tree.parts if isinstance(part, Clause)]
        if len(set(keys)) < len(keys):
            raise Unreadable(f"{quoted(phrase)} says the same thing twice. Say it once.")
        for part in tree.parts:
            _same_is_not_twice(part, phrase)


def effects_of(phrase: str) -> tuple[list[Clause], str | None]:
    """What follows, and with what probability. An unless-clause is looked at elsewhere."""
    phrase = re.sub(r" (?:, )?(?:unless|except when|except if) .+$", "", phrase, flags=re.IGNORECASE)
    chance = split_chance(phrase)
    tree = combine(chance.rest if chance else phrase)
    found = all_of(tree, "The effect")
    if chance and len(found) > 1:
        raise Unreadable(
            f"Does the probability in {quoted(phrase)} hold for each effect by itself? Use one sentence for each."
        )
    return found, chance.value if chance else None


def _add(effect: str, kind: Kind, cause: str, extra: Expr | None, words: str, reading: Reading) -> None:
    late = split_chance(cause)
    if late is not None:
        cause = late.rest
    effects, strength = effects_of(effect)
    if late is not None and strength is not None:
        raise Unreadable(f"Two probabilities in {quoted(words)}. Use two sentences.")
    strength = strength or (late.value if late else None)
    tree = condition_of(cause)
    if _about_probability(effect) or (strength and late is None and _states_conditional(effect)):
        if kind != "enough" or extra is not None or strength is None:
            raise Unreadable(
                f"How the probability in {quoted(words)} is meant is not clear. Write 'if ..., with probability ...'."
            )
        reading.conditional.append((tree, effects[0], strength, words))
        return
    if strength and kind in ("needed", "exactly"):
        raise Unreadable(f"A probability and 'only if' in {quoted(words)} do not go together. Use a plain 'if'.")
    condition = reading.expr(tree)
    if strength and kind == "prevents":
        # "Unless A, B with probability p" gives the probability of B without A.
        kind, condition = "enough", negate(condition)
    if extra is not None:
        condition = conjunction(condition, extra)
    for item in effects:
        reading.rule(item, kind, condition, words, strength)


def _about_probability(effect: str) -> bool:
    return bool(re.match(r"(?:the )?(?:probability|chance|likelihood) ", effect, re.IGNORECASE))


def _states_conditional(effect: str) -> bool:
    return " has a " in f" {effect.lower()} " and _about_probability(effect)
