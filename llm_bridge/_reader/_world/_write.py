"""The Problem of a statistical word problem, once each phrase is tied to a state of a variable."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from scm import (
    Adjusts,
    CausalClaim,
    Claim,
    Const,
    Contrast,
    Correlation,
    Expr,
    Op,
    Probability,
    Quantity,
    Query,
    Set,
    Var,
    conjunction,
    print_quantity,
    world,
)

from ..._problem import Edge, Equation, Problem, ProblemQuery, ProblemVariable, Reply, Statement
from .._causation import Causation, causation
from .._story import CLOSURE, Unreadable, disjunction, negate, quoted
from ._collect import CutRule, Reading, name_of, names_of
from ._evidence import Net
from ._forms import ATTRIBUTIONS, Question, Way, World
from ._tables import plain

Tied = dict[str, tuple[str, bool]]
"""For each phrase its variable, and whether it names state 1."""
Fact = tuple[str, bool]


def write(told: World, net: Net, reading: Reading, tied: Tied, guesses: Sequence[tuple[str, str]]) -> Problem:
    """The Problem.

    Raises:
        Unreadable: the question and what is said do not fit together.
    """
    assert told.question is not None
    if told.ways and told.question.kind != "methods":
        raise Unreadable(f"{quoted(told.ways[0].words)} has no part in {quoted(told.question.words)}.")
    if told.seen and told.question.kind != "supposed":
        raise Unreadable(f"{quoted(told.seen[0].words)} has no part in {quoted(told.question.words)}.")
    queries, reply = _queries(told, net, reading, tied)
    equations = tuple(_equations(reading.rules, tied))
    assumptions = [CLOSURE] if equations else []
    assumptions += [f"{quoted(phrase)} is read as a state of {quoted(name)}." for phrase, name in guesses]
    return Problem(
        variables=tuple(_variable(name, net, tied) for name in net.names),
        edges=tuple(_edges(told, net)),
        equations=equations,
        statements=_once(_statements(told, reading, tied)),
        queries=tuple(queries),
        reply=reply,
        assumptions=tuple(assumptions),
    )


def _variable(name: str, net: Net, tied: Tied) -> ProblemVariable:
    said = {value: [p for p, (to, v) in tied.items() if to == name and v is value] for value in (True, False)}
    parts = [f"{value}: {quoted(min(phrases, key=_awkward))}" for value, phrases in said.items() if phrases]
    return ProblemVariable(name=name, observed=name not in net.hidden, description=", ".join(parts))


_PREDICATE = re.compile(r"(?:are|is|was|were|do|does|did|have|has|had|with|without|in|that|who)\b")
_SENTENCE = re.compile(r"(?:there )?(?:\S+ ){1,3}(?:is|are|has|have|was|were|had)\b")


def _awkward(phrase: str) -> int:
    """How ill a phrase serves to name a state: a noun phrase is best, then those with it, then what is said of them."""
    if _PREDICATE.match(phrase):
        return 3
    if _SENTENCE.match(phrase):
        return 2
    return 1 if re.search(r"\b(?:with|without|who|that|which)\b", phrase) else 0


def _edges(told: World, net: Net) -> Iterable[Edge]:
    for name in net.names:
        for parent in net.names:
            if parent in net.parents[name]:
                words = next((a.words for a in told.arrows if parent in map(plain, a.causes)), "")
                yield Edge(cause=parent, effect=name, words=words)


# ---------------------------------------------------------------------------------------------------------------------
# What is given


def _is(fact: Fact, there: Iterable[Set] = ()) -> Expr:
    return Op("=", (Var(fact[0], world(*there)), Const(fact[1])))


def _all(facts: Iterable[Fact]) -> Expr | None:
    parts = tuple(dict.fromkeys(_is(fact) for fact in facts))
    return conjunction(*parts) if parts else None


def _chance(event: Iterable[Fact], given: Iterable[Fact] = ()) -> Probability:
    said = _all(event)
    assert said is not None
    return Probability(said, _all(given))


def _statements(told: World, reading: Reading, tied: Tied) -> Iterable[Statement]:
    for row in reading.tables.rows:
        term = _chance([tied[p] for p in row.event], [tied[p] for p in row.given])
        yield _statement(term, row.number, row.words)
    for item in told.compared:
        outcome, given = tied[plain(item.outcome)], tied[plain(item.given)]
        against = tied[plain(item.against)] if item.against else (given[0], not given[1])
        contrast = Contrast(item.op, _chance([outcome], [given]), _chance([outcome], [against]))
        yield _statement(contrast, item.number, item.words)
    for tie in told.ties:
        first, second = tied[plain(tie.first)], tied[plain(tie.second)]
        given = _all([tied[plain(tie.given)]]) if tie.given else None
        number = tie.number if first[1] is second[1] else _negative(tie.number)
        yield _statement(Correlation(first[0], second[0], given), number, tie.words)


def _once(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """Statements, each once.

    Raises:
        Unreadable: two give different numbers for one quantity.
    """
    found: dict[str, Statement] = {}
    for item in statements:
        known = found.setdefault(print_quantity(item.term), item)
        if (known.value, known.counts) != (item.value, item.counts):
            raise Unreadable(f"{quoted(known.words)} and {quoted(item.words)} are read as being of the same thing.")
    return tuple(found.values())


def _negative(number: str) -> str:
    return number[1:] if number.startswith("-") else f"-{number}"


def _statement(term: Quantity, number: str | tuple[int, int], words: str) -> Statement:
    if isinstance(number, tuple):
        return Statement(term=term, counts=number, words=words)
    return Statement(term=term, value=number, words=words)


def _equations(rules: Sequence[CutRule], tied: Tied) -> Iterable[Equation]:
    done: set[str] = set()
    for rule in rules:
        causes = [Var(name) if value else negate(Var(name)) for name, value in (tied[c] for c in rule.causes)]
        condition = conjunction(*causes) if rule.joint == "and" else disjunction(causes)
        for effect in rule.effects:
            name, value = tied[effect]
            if name in done:
                raise Unreadable(f"Two rules say what brings about {quoted(name)}. Join them in one.")
            done.add(name)
            yield Equation(variable=name, expression=condition if value else negate(condition), words=rule.words)


# ---------------------------------------------------------------------------------------------------------------------
# What is asked


def _queries(told: World, net: Net, reading: Reading, tied: Tied) -> tuple[list[ProblemQuery], Reply]:
    question = told.question
    assert question is not None
    if question.kind in ("collider", "methods"):
        claims = _claims(told, question, net, reading, tied)
        reply = Reply(kind="yes-no", comparison=">" if question.up else "<")
        return [ProblemQuery(claim=claim, words=question.words) for claim in claims], reply
    query, threshold = _query(question, net, reading, tied)
    if isinstance(query, Probability) and query.given is None and question.kind == "supposed":
        query = Probability(query.event, _seen(reading, tied))
    reply = Reply(kind="yes-no", comparison=">" if question.up else "<", threshold=threshold)
    if question.kind in {"chance", "amount", *ATTRIBUTIONS}:
        reply = Reply(kind="number")
    return [ProblemQuery(query=query, words=question.words)], reply


def _seen(reading: Reading, tied: Tied) -> Expr | None:
    return _all(tied[p] for cut, _ in reading.seen for p in cut)


def _query(question: Question, net: Net, reading: Reading, tied: Tied) -> tuple[Query, float]:
    facts = {slot: [tied[p] for p in cut] for slot, cut in reading.asked.items()}
    match question.kind:
        case "chance":
            return _chance(facts["n"], facts.get("c", ())), 0.0
        case "marginal":
            return _chance(facts["n"]), 0.5
        case "correlation":
            here, there = facts["m"], [_other(f) for f in facts["m"]]
            return Contrast("-", _chance(facts["n"], here), _chance(facts["n"], there)), 0.0
        case "explaining":
            here, there = facts["m"] + facts["c"], [_other(f) for f in facts["m"]] + facts["c"]
            return Contrast("-", _chance(facts["n"], here), _chance(facts["n"], there)), 0.0
        case "treated":
            given = _all(facts["c"])
            would = Probability(_is(facts["n"][0], _sets(facts["s"])), given)
            return Contrast("-", would, Probability(_is(facts["n"][0]), given)), 0.0
        case "effect" | "amount":
            return _effect(question, facts["n"], facts["m"][0]), 0.0
        case "necessity" | "sufficiency" | "necessity and sufficiency":
            return _attribution(question, question.kind, facts["n"], facts["m"]), 0.0
        case "supposed":
            return Probability(_is(facts["s"][0], _sets(facts["n"]))), 0.5
        case _:
            return _nested(question, net), 0.0


def _effect(question: Question, causes: Sequence[Fact], effect: Fact) -> Contrast:
    """How much more likely an effect is under causes than under their opposites."""
    done, undone = _sets(causes), _sets(_other(f) for f in causes)
    if question.kind == "amount" and not question.up:  # by how much it is lowered
        done, undone = undone, done
    if question.kind == "amount" and effect[0] in (name for name, _ in causes):  # such as "on the treated"
        raise Unreadable(f"{quoted(question.words)} asks for the effect of {quoted(effect[0])} on itself.")
    return Contrast("-", Probability(_is(effect, done)), Probability(_is(effect, undone)))


def _attribution(question: Question, kind: Causation, causes: Sequence[Fact], effects: Sequence[Fact]) -> Probability:
    """The probability of causation of one cause and one effect."""
    if len(causes) != 1 or len(effects) != 1 or causes[0][0] == effects[0][0]:
        raise Unreadable(
            f"{quoted(question.words)} is about more than one cause and one effect. Ask about one of each."
        )
    return causation(kind, causes[0], effects[0])


def _other(fact: Fact) -> Fact:
    return fact[0], not fact[1]


def _sets(facts: Iterable[Fact]) -> list[Set]:
    return [Set(name, Const(value)) for name, value in facts]


def _nested(question: Question, net: Net) -> Contrast:
    """The natural direct effect of a cause, the natural indirect effect through some variables, or the total effect."""
    cause, effect = name_of(question.slots["x"], net), name_of(question.slots["y"], net)
    through = names_of(question.slots["v"], net) if "v" in question.slots else ()
    for name in through:
        if name in (cause, effect):
            raise Unreadable(f"The effect of {quoted(cause)} on {quoted(effect)} does not go through {quoted(name)}.")
    low, high = Set(cause, Const(False)), Set(cause, Const(True))
    held, moved = (low, high) if question.kind == "through" else (high, low)
    mediators = [Set(name, Var(name, world(moved))) for name in through]
    event = Op("=", (Var(effect, world(held, *mediators)), Const(True)))
    return Contrast("-", Probability(event), Probability(_is((effect, True), [low])))


def _claims(told: World, question: Question, net: Net, reading: Reading, tied: Tied) -> list[Claim]:
    if question.kind == "collider":
        first, second = (tied[reading.asked[slot][0]][0] for slot in ("n", "m"))
        return [CausalClaim("cause", first, second)]
    cause, effect = name_of(question.slots["x"], net), name_of(question.slots["y"], net)
    ways = {way.number: way for way in told.ways}
    if len(ways) < len(told.ways) or len(ways) > 2:
        raise Unreadable("Two methods are compared: the text has more, or gives one number to two.")
    claims: list[Claim] = []
    for number in (question.slots["a"], question.slots["b"]):
        if number not in ways:
            raise Unreadable(f"The text says nothing of Method {number}.")
        claims.append(_adjusts(ways[number], cause, effect, net))
    return claims


def _adjusts(way: Way, cause: str, effect: str, net: Net) -> Adjusts:
    about = {name_of(name, net) for name in (way.cause, way.effect) if name}
    if about and about != {cause, effect}:
        raise Unreadable(f"{quoted(way.words)} is not about {quoted(cause)} and {quoted(effect)}.")
    return Adjusts(cause, effect, names_of(way.by, net) if way.by else ())
