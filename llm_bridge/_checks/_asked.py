"""The check of what is asked: outcome, polarity and kind of reply, and claims, against the wording of the question."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from scm import Adjusts, CausalClaim, Independence, Value, print_claim

from .._problem import Problem, ProblemQuery, ProblemVariable
from ._asking import Asking, asking, question_sentences
from ._attribution import kind_of
from ._choice import choice
from ._given import quoted
from ._mentions import Mention
from ._numerals import numerals
from ._queried import Asked, Part, asked_of
from ._reading import Fault, Reading
from ._spoken import covered_by, elliptical, strange
from ._text import Scan, Token, fold, scan, words

_YES_NO = words("would will does do did is are was were can could has have should isn't wouldn't doesn't won't aren't")
_HOW_MUCH = words("what how")
_THEN = words("and or but then so")


def asked(reading: Reading) -> Iterable[Fault]:
    """Another outcome, the opposite comparison, the wrong kind of reply, or another claim than the text asks."""
    problem, text = reading.problem, scan(reading.text)
    for i, query in enumerate(problem.queries):
        part = f"queries[{i}]"
        yield from _cited(text, query, part)
        question = asking(text, problem.variables, query.words)
        if question is None:
            continue
        if kind_of(question) is not None:
            continue  # the whole query is looked at with its rung
        if query.query is not None:
            yield from _outcome(problem, text, query, question, part)
        else:
            yield from _claim(problem, query, question, part)
    yield from _reply(problem, text)
    yield from choice(problem, text)


def _cited(text: Scan, query: ProblemQuery, part: str) -> Iterator[Fault]:
    """The words of a query are a question, where the text has one."""
    cites = fold(query.words)
    if not cites or cites not in text.folded or not any(s.question for s in text.sentences):
        return
    question = question_sentences(text, query.words)
    around = [fold(s.text) for s in question]
    if not any(cites in s or s in cites for s in around) and cites not in " ".join(around):
        yield Fault(
            "asked",
            part,
            f"The query {query.text} cites {quoted(query.words)}, which asks nothing; the text asks "
            f"{quoted(question[-1].text)} Wanted: the query that this question asks, with its words.",
        )


# ---------------------------------------------------------------------------------------------------------------------
# Queries for a number


def _outcome(problem: Problem, text: Scan, query: ProblemQuery, question: Asking, part: str) -> Iterator[Fault]:
    outcomes = [m for m in question.outcomes if m.variable >= 0 and not m.weak]
    if not outcomes or any(m.variable < 0 for m in question.outcomes):
        return
    taken = asked_of(query.asked)
    names = {problem.variables[m.variable].name for m in question.outcomes}
    if taken.event and not names & taken.event:
        shown = " and ".join(map(repr, sorted(names)))
        covered = covered_by(text, problem)
        sure = not any(strange(text, at, covered) or elliptical(text, at) for at in question.sentences)
        yield Fault(
            "asked",
            part,
            f"{quoted(question.text)} asks about {shown}, but the query {query.text} is about "
            f"{' and '.join(map(repr, sorted(taken.event)))}. Wanted: before the bar the outcome that the question "
            "names.",
            "fault" if sure else "hint",
        )
    elif len(outcomes) == 1 and len(problem.queries) == 1:
        yield from _polarity(problem, query, taken, question, outcomes[0], part)


def _polarity(
    problem: Problem, query: ProblemQuery, taken: Asked, question: Asking, outcome: Mention, part: str
) -> Iterator[Fault]:
    """The state of the outcome, the order of a contrast and the comparison of the reply make one direction."""
    event = _event_sign(taken, problem.variables[outcome.variable], outcome, question)
    if problem.reply.kind == "number":
        if event < 0 and not taken.op and question.compared >= 0:
            yield _state_fault(query, question, outcome, problem, part)
        return
    reply = {">": 1, ">=": 1, "<": -1, "<=": -1}.get(problem.reply.comparison, 0)
    order = _order(problem, taken, question) if taken.op in ("-", "/") else 1 if not taken.op else 0
    wanted = question.compared or (0 if taken.op or _ways(question) else 1)
    if not event * reply * order * wanted or problem.reply.kind != "yes-no":
        return
    if event * reply * order != wanted:
        more = "more" if wanted > 0 else "less"
        got = "more" if wanted < 0 else "less"
        state = f" = {outcome.state!r}" if outcome.state is not None else ""
        name = problem.variables[outcome.variable].name
        yield Fault(
            "asked",
            part,
            f"The query {query.text} with yes for a value {problem.reply.comparison} {problem.reply.threshold:g} "
            "says yes "
            f"where {name}{state} is {got} likely, while {quoted(question.text)} asks whether it is {more} likely, or "
            "happens. Wanted: the state of the outcome that the question names, the states compared in its order, "
            "and the comparison of its words.",
        )


def _ways(question: Asking) -> bool:
    """Whether the question has words of comparison that do not agree."""
    return bool(question.spoken & words("more less increase decrease larger smaller higher lower"))


def _state_fault(query: ProblemQuery, question: Asking, outcome: Mention, problem: Problem, part: str) -> Fault:
    name = problem.variables[outcome.variable].name
    return Fault(
        "sign",
        part,
        f"The query {query.text} asks of another state of {name!r} than {quoted(question.text)}, which names the state "
        f"{outcome.state!r}. Wanted: the state that the question names.",
    )


def _event_sign(taken: Asked, variable: ProblemVariable, outcome: Mention, question: Asking) -> int:
    """1 where every term asks of the state mentioned, -1 where every term asks of another, 0 where that is unclear."""
    state = _meant(variable, outcome, question)
    found = {part.event.get(variable.name) for part in taken.parts}
    if len(found) != 1 or (asked_state := found.pop()) is None or state is None:
        return 0
    return 1 if asked_state == state else -1


def _meant(variable: ProblemVariable, one: Mention, question: Asking) -> Value | None:
    """The state mentioned; of a bare name the second one in a question of effects ("does X raise Y")."""
    if one.state is not None or one.odd or len(variable.states) != 2:
        return one.state
    return variable.states[0] if one.negated else variable.states[1] if question.causal else None


def _order(problem: Problem, taken: Asked, question: Asking) -> int:
    """1 where the left term of a contrast is the one with the cause as the question names it, -1 for the right."""
    if len(taken.parts) != 2:
        return 0
    left, right = taken.parts
    for one in question.having("imposed") or (*question.causes, *question.having("seen")):
        if one.variable < 0 or one.weak:
            continue
        variable = problem.variables[one.variable]
        if len(variable.states) != 2:
            return 0
        state = _meant(variable, one, question)
        if state is None:
            return 0
        if found := _compare(left, right, variable.name, state):
            return found
    return 0


def _compare(left: Part, right: Part, name: str, state: Value) -> int:
    """Which of two terms sets (or, without worlds, sees) `name` in `state`."""
    for kind in ("imposed", "nested", "given"):
        first, second = getattr(left, kind), getattr(right, kind)
        if name not in first and name not in second:
            continue
        a, b = first.get(name), second.get(name)
        if a == b:
            continue
        if a == state or (name not in first and b is not None and b != state):
            return 1
        if b == state or (name not in second and a is not None and a != state):
            return -1
        return 0
    return 0


# ---------------------------------------------------------------------------------------------------------------------
# Replies


def _reply(problem: Problem, text: Scan) -> Iterator[Fault]:
    query = problem.queries[-1]
    found = question_sentences(text, query.words)
    if not found or not found[-1].question or query.query is None:
        return
    tokens = text.of(found[-1])
    main = _main_word(tokens)
    spoken = {t.word for t in tokens}
    if main in _YES_NO and problem.reply.kind == "number" and not spoken & words("or how what which much many"):
        yield Fault(
            "asked",
            "reply",
            f"{quoted(found[-1].text)} wants a yes or a no, but the reply is a number. Wanted: the kind 'yes-no', "
            "with the comparison that means yes.",
        )
    elif main in _HOW_MUCH and problem.reply.kind == "yes-no" and tokens[0].word == main and not _two(tokens):
        yield Fault(
            "asked",
            "reply",
            f"{quoted(found[-1].text)} wants a number, but the reply is yes or no. Wanted: the kind 'number'.",
        )
    yield from _threshold(problem, text, query)


def _two(tokens: Sequence[Token]) -> bool:
    """Whether a yes-no question follows the first: "What if the gate had been shut: would it have stayed in?"."""
    marks = (at for at in range(1, len(tokens) - 1) if not tokens[at].word[0].isalnum() or tokens[at].word in _THEN)
    return any(tokens[at + 1].word in _YES_NO for at in marks)


def _threshold(problem: Problem, text: Scan, query: ProblemQuery) -> Iterator[Fault]:
    """A difference is compared with nought, a ratio with one, unless the question prints a number."""
    if problem.reply.kind != "yes-no" or len(problem.queries) != 1:
        return
    op = asked_of(query.asked).op
    usual = {"-": 0.0, "/": 1.0, "": 0.5}.get(op)
    if usual is None or problem.reply.threshold == usual:
        return
    if not any(numerals(scan(s.text)) for s in question_sentences(text, query.words)):
        kind = {"-": "difference", "/": "ratio", "": "probability"}[op]
        yield Fault(
            "asked",
            "reply",
            f"The reply compares a {kind} with {problem.reply.threshold:g}, a number that the question does not print. "
            f"Wanted: {usual:g}.",
        )


def _main_word(tokens: Sequence[Token]) -> str:
    """The auxiliary or question word that opens the main clause; empty where none does."""
    found = ""
    for at, token in enumerate(tokens):
        word = token.word
        opens = at == 0 or tokens[at - 1].word in (",", "then", ":", "and", "but")
        if opens and (word in _YES_NO or word in _HOW_MUCH):
            found = found or word
    return found


# ---------------------------------------------------------------------------------------------------------------------
# Claims


def _claim(problem: Problem, query: ProblemQuery, question: Asking, part: str) -> Iterator[Fault]:
    claim = query.asserted
    place = {v.name: n for n, v in enumerate(problem.variables)}
    said = [m.variable for m, _ in question.roles if m.variable >= 0]
    names = claim_pair(claim)
    for name in names:
        if said and place[name] not in said:
            yield Fault(
                "asked",
                part,
                f"The claim {print_claim(claim)} speaks of {name!r}, which {quoted(question.text)} does not mention. "
                "Wanted: a claim about the variables that the question names.",
            )
            return
    if isinstance(claim, CausalClaim):
        yield from _relation(claim, question, part)
        if claim.relation in ("direct cause", "indirect cause", "cause"):
            yield from _order_of(problem, claim.first, claim.second, print_claim(claim), question, part)
    elif isinstance(claim, Adjusts):
        yield from _order_of(problem, claim.cause, claim.effect, print_claim(claim), question, part)


def claim_pair(claim: CausalClaim | Independence | Adjusts) -> tuple[str, str]:
    """The two variables that a claim is about."""
    return (claim.cause, claim.effect) if isinstance(claim, Adjusts) else (claim.first, claim.second)


def _order_of(problem: Problem, cause: str, effect: str, shown: str, question: Asking, part: str) -> Iterator[Fault]:
    causes = {problem.variables[m.variable].name for m in question.causes if m.variable >= 0}
    effects = {problem.variables[m.variable].name for m in question.outcomes if m.variable >= 0}
    if causes and effects and cause in effects and effect in causes and cause not in causes:
        yield Fault(
            "asked",
            part,
            f"The claim {shown} has {cause!r} as the cause, while in {quoted(question.text)} it is the effect. "
            "Wanted: the cause first, then the effect, as the question has them.",
        )


def _relation(claim: CausalClaim, question: Asking, part: str) -> Iterator[Fault]:
    wanted = wording(question.spoken)
    if wanted is not None and claim.relation not in wanted:
        yield Fault(
            "asked",
            part,
            f"The claim {print_claim(claim)} is about a {claim.relation}, while {quoted(question.text)} asks about a "
            f"{' or '.join(sorted(wanted))}. Wanted: the relation that the question names.",
        )


def wording(spoken: frozenset[str]) -> frozenset[str] | None:
    """The relations that the words of a claim can mean; None where no word tells."""
    if spoken & words("collider colliders") or ("common" in spoken and spoken & words("effect effects consequence")):
        return None if spoken & words("confounder confounders") else frozenset({"common effect"})
    if spoken & words("confounder confounders confounded confounding") or (
        "common" in spoken and spoken & words("cause causes")
    ):
        return frozenset({"common cause"})
    if "indirectly" in spoken or "indirect" in spoken or spoken & words("through via"):
        return frozenset({"indirect cause"})
    if spoken & words("something else other another") and spoken & words("which that"):
        return frozenset({"indirect cause"})
    if "direct" in spoken and spoken & words("not isn't but"):
        return frozenset({"indirect cause"})
    if spoken & words("directly direct"):
        return frozenset({"direct cause"})
    if spoken & words("cause causes affect affects influence influences"):
        return frozenset({"cause", "direct cause"}) if not spoken & words("only") else None
    return None
