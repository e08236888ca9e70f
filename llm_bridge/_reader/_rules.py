"""Sentences that say what brings something about, prevents it, or is needed for it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from scm import Expr, conjunction

from ._chance import split_chance
from ._clause import Clause
from ._combine import Group, Tree, all_of, combine, leaves, to_expr
from ._names import Names
from ._story import Kind, Rule, Story, Unreadable, disjunction, negate, quoted

AND_LIST = "Several causes joined by 'and' are read as needed together."


@dataclass(slots=True)
class Reading:
    """Everything read so far, by key."""

    names: Names = field(default_factory=Names)
    story: Story = field(default_factory=Story)
    chances: list[tuple[Clause, str, str]] = field(default_factory=list[tuple[Clause, str, str]])
    conditional: list[tuple[Tree, Clause, str, str]] = field(default_factory=list[tuple[Tree, Clause, str, str]])
    facts: list[tuple[Tree, str]] = field(default_factory=list[tuple[Tree, str]])
    supposed: list[Clause] = field(default_factory=list[Clause])
    affects: list[tuple[Clause, Clause, str]] = field(default_factory=list[tuple[Clause, Clause, str]])

    def expr(self, tree: Tree) -> Expr:
        """A condition of a rule."""
        return to_expr(tree, self.names.declared)

    def rule(self, effect: Clause, kind: Kind, cause: Expr, words: str, strength: str | None = None) -> None:
        """Keep a rule, about an effect said positively or as its denial."""
        if not effect.positive:
            kind, cause = _denied(kind, cause, words)
        known = self.names.declared(effect)
        self.story.rules.append(Rule(known.name, kind, cause, words, strength))


def _denied(kind: Kind, cause: Expr, words: str) -> tuple[Kind, Expr]:
    match kind:
        case "enough":
            return "prevents", cause
        case "prevents":
            return "needed", cause
        case "exactly":
            return "exactly", negate(cause)
        case _:
            raise Unreadable(f"What {quoted(words)} denies and needs at once is not clear. Say it with a plain 'if'.")


# ---------------------------------------------------------------------------------------------------------------------
# If, unless, only if

_CONJUNCTIONS: dict[str, Kind] = {
    "if and only if": "exactly", "exactly if": "exactly", "exactly when": "exactly", "precisely when": "exactly",
    "just when": "exactly", "just in case": "exactly", "if but only if": "exactly", "when and only when": "exactly",
    "only if": "needed", "only when": "needed", "only as long as": "needed", "only while": "needed",
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
_THEN = re.compile(r" (?:, )?then ", re.IGNORECASE)


def conditional(phrase: str, words: str, reading: Reading) -> bool:
    """A rule with "if", "unless", "only if" or one of their kin. Returns False for a sentence without any."""
    if not _ANY.search(phrase):
        return False
    if match := _PREFIX.match(phrase):
        cause, rest = _split(re.sub(r" (and|or) (?:if|when) ", r" \1 ", match["rest"], flags=re.IGNORECASE), phrase)
        extra: Expr | None = None
        if inner := _INFIX.match(rest):
            if _CONJUNCTIONS[inner["conj"].lower()] != "prevents":
                raise Unreadable(f"Two conditions in {quoted(words)}. Join them by 'and', or use two sentences.")
            rest, extra = inner["effect"], negate(reading.expr(_condition(inner["cause"])))
        _add(rest, _CONJUNCTIONS[match["conj"].lower()], cause, extra, words, reading)
        return True
    match = _INFIX.match(phrase)
    if match is None:
        return False
    cause, extra = re.sub(r" (and|or) (?:if|when) ", r" \1 ", match["cause"], flags=re.IGNORECASE), None
    if inner := re.match(
        r"^(.+?) (?:, )?(?:but )?(?:not )?(?:unless|except when|except if) (.+)$", cause, re.IGNORECASE
    ):
        cause, extra = inner[1], negate(reading.expr(_condition(inner[2])))
    _add(match["effect"], _CONJUNCTIONS[match["conj"].lower()], cause, extra, words, reading)
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
            _condition(cause)
            _effects(effect)
        except Unreadable as wrong:
            trouble = trouble or wrong
        else:
            readable.append((cause, effect))
    if len(readable) == 1:
        return readable[0]
    if readable:
        raise Unreadable(f"Where does the condition of {quoted(phrase)} end? Write 'then' there.")
    raise trouble or Unreadable(f"Where does the condition of {quoted(phrase)} end? Put a comma or 'then' there.")


def _condition(phrase: str) -> Tree:
    tree = combine(phrase)
    _same_is_not_twice(tree, phrase)
    return tree


def _same_is_not_twice(tree: Tree, phrase: str) -> None:
    keys = [leaf.key for leaf in leaves(tree)]
    if len(set(keys)) < len(keys):
        raise Unreadable(f"{quoted(phrase)} says the same thing twice. Say it once.")


def _effects(phrase: str) -> tuple[list[Clause], str | None]:
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
    effects, strength = _effects(effect)
    if late is not None and strength is not None:
        raise Unreadable(f"Two probabilities in {quoted(words)}. Use two sentences.")
    strength = strength or (late.value if late else None)
    tree = _condition(cause)
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
    if extra is not None:
        condition = conjunction(condition, extra)
    for item in effects:
        reading.rule(item, kind, condition, words, strength)


def _about_probability(effect: str) -> bool:
    return bool(re.match(r"(?:the )?(?:probability|chance|likelihood) ", effect, re.IGNORECASE))


def _states_conditional(effect: str) -> bool:
    return " has a " in f" {effect.lower()} " and _about_probability(effect)


# ---------------------------------------------------------------------------------------------------------------------
# Verbs of causing

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


def causal(phrase: str, words: str, reading: Reading) -> bool:
    """A rule with a verb of causing or preventing, or several of them. Returns False for a sentence without any."""
    if match := _CAUSED_BY.match(phrase):
        _causal(f"{match[2]} causes {match[1]}", words, reading)
        return True
    if not _CAUSES.search(f"{phrase} "):
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


def _causes(phrase: str, how: str, reading: Reading) -> list[Expr]:
    """The cause; several where each of a list is said to be enough."""
    phrase = re.sub(r" (?:together|alone|by itself)$", "", phrase, flags=re.IGNORECASE)
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


# ---------------------------------------------------------------------------------------------------------------------
# Enough, needed, without

_FOR = r"(?: (?:for (?P<for>.+?)(?: to (?P<to>.+))?|to (?:cause|bring about|trigger|produce|make) (?P<cause>.+)))"
_ENOUGH = re.compile(
    rf"^(?P<causes>.+?) (?:is|are) (?P<how>(?:each|both|alone|together|by itself|by themselves|also|already) )*"
    rf"(?:(?P<enough>enough|sufficient)|(?P<need>needed|necessary|required)){_FOR}$",
    re.IGNORECASE,
)
_SUFFICES = re.compile(rf"^(?P<causes>.+?) (?P<how>(?:each|both|alone|together) )*suffices?{_FOR}$", re.IGNORECASE)
_REQUIRES = re.compile(r"^(?P<for>.+?) (?:requires?|needs?) (?P<causes>.+)$", re.IGNORECASE)
_WITHOUT = re.compile(
    r"^without (?P<cause>.+?) , (?P<effect>.+)$|^(?P<effect2>.+?) without (?P<cause2>.+)$", re.IGNORECASE
)


def enough_or_needed(phrase: str, words: str, reading: Reading) -> bool:
    """A rule that says what is enough, or needed. Returns False for a sentence that says neither."""
    if match := _ENOUGH.match(phrase) or _SUFFICES.match(phrase):
        target = _target(match)
        named = match.groupdict()
        if named.get("need"):
            _needed(match["causes"], target, words, reading)
        else:
            _enough(match["causes"], (named["how"] or "").lower(), target, words, reading)
        return True
    if (match := _REQUIRES.match(phrase)) and not re.search(r"\b(?:if|to)\b", phrase):
        _needed(match["causes"], combine(match["for"]), words, reading)
        return True
    if match := _WITHOUT.match(phrase):
        effects, strength = _effects(match["effect"] or match["effect2"])
        if strength:
            raise Unreadable(f"A probability and 'without' in {quoted(words)} do not go together. Use 'if ... not'.")
        tree = _condition(match["cause"] or match["cause2"])
        for effect in effects:
            # Without A no B: A is needed. Without A still B: the lack of A brings B about.
            _without(effect, tree, words, reading)
        return True
    return False


def _without(effect: Clause, tree: Tree, words: str, reading: Reading) -> None:
    cause = reading.expr(tree)
    if effect.positive:
        reading.rule(effect, "enough", negate(cause), words)
    else:
        known = reading.names.declared(effect)
        reading.story.rules.append(Rule(known.name, "needed", cause, words))


def _target(match: re.Match[str]) -> Tree:
    """What it is enough or needed for: `for the lamp to glow`, `to cause a fire`, `for fire`."""
    named = match.groupdict()
    if named.get("to"):
        return combine(f"{named['for']} {named['to']}", bare=True)
    return combine(named.get("cause") or named["for"])


def _enough(causes: str, how: str, target: Tree, words: str, reading: Reading) -> None:
    causes = re.sub(r" (?:alone|by itself)$", "", causes, flags=re.IGNORECASE)
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
    tree = combine(re.sub(r" together$", "", causes, flags=re.IGNORECASE), noun=True)
    for effect in all_of(target, "The effect"):
        known = reading.names.declared(effect)
        if not effect.positive:
            raise Unreadable(f"What is needed for {quoted(effect.words)} not to happen is not clear. Use 'if'.")
        reading.story.rules.append(Rule(known.name, "needed", reading.expr(tree), words))
