"""From what the sentences say to evidence about their phrases, with every way to cut rules and observations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, product

from .._lemma import words as word_set
from .._story import Unreadable, quoted
from ._evidence import NAMED_ONE, Evidence, Net
from ._forms import ATTRIBUTIONS, Question, Rule, World
from ._opposite_words import DENIALS, LIGHT
from ._sentences import names_in
from ._tables import Cut, Tables, cuts_of, plain, tables
from ._words import name_bag, shared

_NUMBER = re.compile(r"\d\s?%|\d (?:in|of|out of) \d|\d/\d|\.\d| percent\b")
MOST_CUTS = 64
MOST_JOINTS = 6
MOST_PHRASES = 40
MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class CutRule:
    """A rule with its parts told apart; `joint` is how the causes are joined."""

    causes: Cut
    joint: str
    effects: Cut
    words: str


@dataclass(slots=True)
class Reading:
    """One way to cut a text into phrases."""

    tables: Tables
    rules: tuple[CutRule, ...]
    seen: tuple[tuple[Cut, str], ...]
    asked: dict[str, Cut] = field(default_factory=dict[str, Cut])


def net_of(world: World) -> Net:
    """The graph of a text.

    Raises:
        Unreadable: a hidden variable that is not in it, or two stories that have nothing to do with each other.
    """
    known = {plain(c) for arrow in world.arrows for c in arrow.causes}
    edges: list[tuple[str, str]] = []
    for arrow in world.arrows:
        effects = _whole(arrow.effects, known)
        edges.extend((plain(c), plain(e)) for c in arrow.causes for e in effects)
    names = tuple(dict.fromkeys(name for edge in edges for name in edge))
    hidden = {plain(name) for name, _ in world.hidden}
    whole = {plain(" and ".join(n for n, w in world.hidden if w == words)) for _, words in world.hidden}
    hidden = {name for name in hidden | whole if name in names}
    for name, words in world.hidden:
        if plain(name) not in names and not any(plain(name) in h for h in hidden):
            raise Unreadable(f"{quoted(words)} speaks of {quoted(name)}, which is not in the graph.")
    if len(names) > MOST_NAMES:
        raise Unreadable(f"The graph has {len(names)} variables; at most {MOST_NAMES} are read from words.")
    parents = {name: frozenset(c for c, e in edges if e == name) for name in names}
    _connected(names, edges)
    return Net(names, parents, frozenset(hidden))


def _whole(parts: Sequence[str], known: set[str]) -> list[str]:
    """The names of a list, with names kept whole that have an "and" themselves."""
    out = list(parts)
    for i in range(len(out) - 1, 0, -1):
        if plain(f"{out[i - 1]} and {out[i]}") in known:
            out[i - 1 : i + 1] = [f"{out[i - 1]} and {out[i]}"]
    return out


def _connected(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> None:
    reached, grown = {names[0]}, True
    while grown:
        more = {name for edge in edges if set(edge) & reached for name in edge} - reached
        reached, grown = reached | more, bool(more)
    if rest := [name for name in names if name not in reached]:
        raise Unreadable(
            f"Nothing joins {quoted(rest[0])} to {quoted(names[0])}: the text tells two stories. "
            "Ask about one at a time."
        )


# ---------------------------------------------------------------------------------------------------------------------
# Cuts


def readings(world: World, net: Net) -> Iterator[Reading]:
    """Every way to cut the text into phrases, at most `MOST_CUTS`."""
    said = {plain(chance.outcome) for chance in world.chances if not chance.joint and " and " not in chance.outcome}
    found = tables(world.chances, lambda outcome: _outcomes(outcome, said, net))
    _check_amount(world, {*said, *(plain(chance.given) for chance in world.chances if chance.given)}, net)
    counts = {len(parents) for parents in net.parents.values()} - {0}
    whole = _said_whole(world)
    rules = [list(_rule_cuts(rule, counts, whole)) for rule in world.rules]
    for rule, cuts in zip(world.rules, rules, strict=True):
        if not cuts:
            raise Unreadable(f"No variable has as many causes as {quoted(rule.words)} says.")
    seen = [
        [(cut, s.words) for k in (1, 2, 3) for cut in cuts_of(plain(s.what), k) if _all_whole(cut, whole)]
        for s in world.seen
    ]
    known = {p for row in found.rows for p in (*row.event, *row.given)}
    asked = _question_cuts(world.question, known, net) if world.question else {}
    for chosen in islice(product(*rules, *seen), MOST_CUTS):
        cut_rules = tuple(c for c in chosen if isinstance(c, CutRule))
        yield Reading(found, cut_rules, tuple(c for c in chosen if not isinstance(c, CutRule)), dict(asked))


def _outcomes(outcome: str, said: set[str], net: Net) -> Cut:
    """The things that one chance in a stratum is of: two of which the text speaks by themselves, or one."""
    if " and " not in outcome or outcome in net.names:
        return (outcome,)
    cuts = [cut for cut in cuts_of(re.sub(r"^both ", "", outcome), 2) if _two_things(cut, said, net)]
    fitting = [cut for cut in cuts if not any(_strange(part, said, net) for part in cut)]
    return fitting[0] if len(fitting) == 1 else (outcome,)


def _strange(phrase: str, said: Iterable[str], net: Net) -> frozenset[str]:
    """The words of a phrase that stand in no name of the graph and in nothing else that is said."""
    known = frozenset[str]().union(*map(name_bag, (*net.names, *said)))
    return frozenset(name_bag(phrase)) - known - LIGHT - DENIALS


def _check_amount(world: World, said: Iterable[str], net: Net) -> None:
    """That an effect is asked of one outcome, and that every word of its names has a place.

    Raises:
        Unreadable: it is not so.
    """
    question = world.question
    if question is None or question.kind not in {"amount", *ATTRIBUTIONS}:
        return
    if re.search(r"\b(?:and|or|on)\b", question.slots["m"]) and plain(question.slots["m"]) not in net.names:
        raise Unreadable(f"{quoted(question.slots['m'])} is more than one outcome. Ask about one at a time.")
    for phrase in (question.slots["n"], question.slots["m"]):
        if odd := _strange(plain(phrase), said, net):
            raise Unreadable(
                f"{quoted(min(odd))} in {quoted(question.words)} has no place: nothing else in the text says it."
            )


_JOINT = re.compile(r",?\s+(and|or)\s+")
_FURTHER = word_set(
    "higher lower more less above below better worse older younger later earlier greater fewer beyond not"
)
"""What may follow "or" within one phrase: `a degree or higher`."""


def _said_whole(world: World) -> frozenset[str]:
    """Phrases that the text uses as one, beyond its lists."""
    question = world.question
    slots = question.slots.values() if question else ()
    effects = [name for arrow in world.arrows for name in (*arrow.causes, *arrow.effects)]
    return frozenset(plain(phrase) for phrase in (*slots, *effects))


def _all_whole(parts: Iterable[str], whole: frozenset[str]) -> bool:
    """Whether no part is two things: a joint inside one needs a reason."""
    return all(
        part in whole or all(piece.split()[0] in _FURTHER for piece in _JOINT.split(part)[2::2]) for part in parts
    )


def _rule_cuts(rule: Rule, counts: set[int], whole: frozenset[str]) -> Iterator[CutRule]:
    pieces = _JOINT.split(plain(rule.causes))
    texts, joints = pieces[::2], pieces[1::2]
    if len(joints) > MOST_JOINTS:
        raise Unreadable(f"{quoted(rule.words)} joins more than {MOST_JOINTS + 1} causes: split it.")
    for effects in (cut for k in (1, 2, 3) for cut in cuts_of(plain(rule.effects), k)):
        for places in product((True, False), repeat=len(joints)):
            used = {joint for joint, cut in zip(joints, places, strict=True) if cut}
            causes = [texts[0]]
            for joint, cut, text in zip(joints, places, texts[1:], strict=True):
                if cut:
                    causes.append(text)
                else:
                    causes[-1] += f" {joint} {text}"
            if len(used) <= 1 and len(causes) in counts and _all_whole((*causes, *effects), whole):
                yield CutRule(tuple(causes), next(iter(used), "and"), effects, rule.words)


STATES_ASKED: dict[str, tuple[str, ...]] = {
    "marginal": ("n", "m"),
    "correlation": ("n", "m", "d"),
    "explaining": ("c", "n", "m"),
    "collider": ("c", "n", "m"),
    "treated": ("c", "n", "s"),
    "effect": ("n", "m"),
    "amount": ("n", "m"),
    **dict.fromkeys(ATTRIBUTIONS, ("n", "m")),
    "supposed": ("s", "n", "m"),
    "chance": ("c", "n"),
    "direct": (),
    "through": (),
    "total": (),
    "methods": (),
}
_MAY_BE_TWO = {"c", "m", "n"}


def _question_cuts(question: Question, known: set[str], net: Net) -> dict[str, Cut]:
    out: dict[str, Cut] = {}
    for slot in STATES_ASKED[question.kind]:
        if slot not in question.slots:
            continue
        text = re.sub(r"^(?:both|doing both) ", "", plain(question.slots[slot]))
        out[slot] = (text,)
        if slot in _MAY_BE_TWO and text not in known and " and " in text and question.kind != "marginal":
            fitting = [cut for k in (2, 3) for cut in cuts_of(text, k) if _two_things(cut, known, net)]
            out[slot] = fitting[0] if fitting else out[slot]
    return out


def _two_things(cut: Cut, known: set[str], net: Net) -> bool:
    """Whether the parts are phrases of the text, or have words of different names."""
    if all(part in known for part in cut):
        return True
    touched = [{n for n in net.names if shared(name_bag(part), name_bag(n))} for part in cut]
    return all(touched) and not any(a & b for i, a in enumerate(touched) for b in touched[i + 1 :])


# ---------------------------------------------------------------------------------------------------------------------
# Evidence


def evidence_of(reading: Reading, world: World, net: Net) -> Evidence:
    """What the structure of one reading says about its phrases."""
    found = Evidence()
    _of_tables(reading.tables, world, found)
    for tie in world.ties:
        parts = tuple(plain(p) for p in (tie.given, tie.first, tie.second) if p)
        found.add(*parts)
        found.apart.append(parts)
        found.where.update(parts[:1] if tie.given else ())
        found.ones.extend((p, NAMED_ONE) for p in parts[-2:])
        found.selected.extend(parts[:-2])
    for rule in reading.rules:
        found.add(*rule.causes, *rule.effects)
        found.apart.append((*rule.causes, *rule.effects))
        found.rules.extend((rule.causes, effect) for effect in rule.effects)
    found.apart.append(tuple(dict.fromkeys(effect for rule in reading.rules for effect in rule.effects)))
    put = [p for slot in ("n", "s") for p in reading.asked.get(slot, ())]
    for cut, _ in reading.seen:
        found.beside.extend((one, other) for one in cut for other in put)
        found.add(*cut)
        found.sentences.update(cut)
        found.apart.append(cut)
    if world.question is not None:
        _of_question(world.question, reading.asked, found)
        if "x" in world.question.slots:
            found.asked = (name_of(world.question.slots["x"], net), name_of(world.question.slots["y"], net))
    found.ones = list(dict(found.ones).items())
    for phrase in found.phrases:
        if not name_bag(phrase) - LIGHT - DENIALS and not set(phrase.split()) & set(net.names):
            raise Unreadable(f"{quoted(phrase)} names no state of anything.")
    if odd := [phrase for phrase in found.phrases if _NUMBER.search(phrase)]:
        raise Unreadable(f"The number in {quoted(odd[0])} has no place. Give one number in a sentence.")
    if len(found.phrases) > MOST_PHRASES:
        raise Unreadable(f"There are {len(found.phrases)} different phrases; at most {MOST_PHRASES} are read.")
    return found


def _of_tables(found: Tables, world: World, evidence: Evidence) -> None:
    for row in found.rows:
        evidence.add(*row.given, *row.event)
        evidence.where.update(row.given)
        evidence.apart.append((*row.given, *row.event))
        evidence.ones.extend((p, NAMED_ONE) for p in row.event[-1:])
        if len(row.event) == 1:
            evidence.laws.append((row.given, row.event[0]))
    for pair in found.pairs:
        evidence.opposite.append(pair)
        evidence.ordered.append(pair)
    for one, other in world.opposite:
        evidence.add(plain(one), plain(other))
        evidence.opposite.append((plain(one), plain(other)))
    for compared in world.compared:
        given, outcome = plain(compared.given), plain(compared.outcome)
        evidence.add(given, outcome)
        evidence.where.add(given)
        evidence.apart.append((given, outcome))
        evidence.laws.append(((given,), outcome))
        if compared.against:
            evidence.add(plain(compared.against))
            evidence.together.append((given, plain(compared.against)))
            evidence.unlike.append((given, plain(compared.against)))


def _of_question(question: Question, asked: dict[str, Cut], evidence: Evidence) -> None:
    for cut in asked.values():
        evidence.add(*cut)
        evidence.apart.append(cut)
    first = {slot: cut[0] for slot, cut in asked.items()}
    evidence.where.update(asked.get("c", ()))
    evidence.sentences.update(asked.get("s", ()))
    if outcome := first.get(_OUTCOME.get(question.kind, "")):
        evidence.outcomes.append(outcome)
    match question.kind:
        case "marginal":
            evidence.opposite.append((first["n"], first["m"]))
            evidence.ones.append((first["n"], 0.2))
            evidence.lead = 0.0  # no effect is asked about: the chances settle it whichever variables they are of
        case "supposed":
            evidence.acts.extend((n, first["s"]) for n in asked["n"])
            if "m" in asked and len(asked["m"]) == len(asked["n"]):
                evidence.opposite.extend(zip(asked["n"], asked["m"], strict=True))
        case "treated":
            evidence.acts.extend((c, first["n"]) for c in asked["c"])
            if len(asked["c"]) == 1:
                evidence.together.append((first["c"], first["s"]))
                evidence.unlike.append((first["c"], first["s"]))
        case "effect" | "amount" | "necessity" | "sufficiency" | "necessity and sufficiency":
            evidence.acts.extend((n, first["m"]) for n in asked["n"])
            evidence.ones.extend((p, NAMED_ONE) for p in (*asked["n"], first["m"]))
        case _:
            _of_chances(question, asked, evidence)


_OUTCOME = {
    "marginal": "n",
    "supposed": "s",
    "treated": "n",
    "effect": "m",
    "amount": "m",
    **dict.fromkeys(ATTRIBUTIONS, "m"),
    "correlation": "n",
    "chance": "n",
}
"""Which place of a question has what is asked about."""


def _of_chances(question: Question, asked: dict[str, Cut], evidence: Evidence) -> None:
    """Questions about what goes with what, and those that name variables."""
    first = {slot: cut[0] for slot, cut in asked.items()}
    evidence.apart.append(tuple(p for slot, cut in asked.items() if slot != "d" for p in cut))
    evidence.ones.extend((p, NAMED_ONE) for slot, cut in asked.items() if slot not in ("c", "d") for p in cut)
    if question.kind == "correlation":
        evidence.lead = 0.0
    if "d" in first:
        evidence.opposite.append((first["m"], first["d"]))
    if "c" in first and "m" in first:
        evidence.colliders.append((first["c"], (first["n"], first["m"])))


def name_of(phrase: str, net: Net) -> str:
    """The variable that a phrase names, by its name or by words that only that name has.

    Raises:
        Unreadable: none, or several.
    """
    text = plain(phrase)
    if text in net.names:
        return text
    words = name_bag(text)
    near = {n: len(shared(words, name_bag(n))) / max(1, len(words | name_bag(n))) for n in net.names}
    best = sorted(near, key=lambda n: -near[n])
    if not words or near[best[0]] < 0.5 or (len(best) > 1 and near[best[1]] > near[best[0]] / 2):
        raise Unreadable(f"{quoted(phrase)} is none of the names of the graph: {', '.join(map(quoted, net.names))}.")
    return best[0]


def names_of(phrase: str, net: Net) -> tuple[str, ...]:
    """The variables that a list names."""
    if plain(phrase) in net.names:
        return (plain(phrase),)
    return tuple(name_of(part, net) for part in _whole(names_in(phrase), set(net.names)))
