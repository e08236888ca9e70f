"""Questions of necessity and sufficiency, which name a cause and an effect and leave the worlds to the reader.

Pearl (2009), section 9.2: a cause was needed where the effect would be missing without it, among those who have both;
it is enough where it would bring the effect, among those who have neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from scm import Const, Expr, Op, Probability, Query, Set, Value, Var, conjuncts

from .._problem import Problem, ProblemQuery
from ._asking import Asking
from ._given import quoted
from ._mentions import Mention, turned
from ._reading import Fault
from ._text import Scan, words

_LEADS = words("for of cause causes causing")
_ARTICLES = words("a an the")
_NOUNS = words("necessity sufficiency probability chance")
_APART = words("not but or without rather")
"""Words by which a question may ask for one of the two without the other."""

Kind: TypeAlias = Literal["necessity", "sufficiency", "necessity and sufficiency"]


class Fact(NamedTuple):
    """A variable in a state, where others are set."""

    name: str
    state: Value
    imposed: frozenset[tuple[str, Value]] = frozenset()

    def __str__(self) -> str:
        world = ", ".join(f"{name}={value!r}" for name, value in sorted(self.imposed, key=str))
        return f"{self.name}[{world}]={self.state!r}" if world else f"{self.name}={self.state!r}"


class Wanted(NamedTuple):
    """The facts before the bar and behind it."""

    event: frozenset[Fact]
    given: frozenset[Fact]

    def __str__(self) -> str:
        event, given = (", ".join(sorted(map(str, facts))) for facts in self)
        return f"P({event} | {given})" if given else f"P({event})"


def kind_of(question: Asking) -> Kind | None:
    """Which probability of causation a question names; None where it names none."""
    spoken = question.spoken
    cause = "cause" in spoken
    needed = "necessity" in spoken or (cause and "necessary" in spoken)
    enough = "sufficiency" in spoken or (cause and "sufficient" in spoken)
    if needed and enough:
        return "necessity and sufficiency"
    return "necessity" if needed else "sufficiency" if enough else None


def attribution(
    problem: Problem, text: Scan, query: ProblemQuery, part: str, question: Asking, kind: Kind
) -> Iterator[Fault]:
    """A query that is not the probability of causation that its question names."""
    wanted, got = _wanted(problem, text, question, kind), _got(query.asked)
    if wanted is not None and got is not None and wanted != got:
        yield Fault(
            "rung",
            part,
            f"{quoted(question.text)} asks for a probability of {kind}, but the query {query.text} is another one. "
            f"Wanted: {wanted}, where the cause comes first.",
        )


def _wanted(problem: Problem, text: Scan, question: Asking, kind: Kind) -> Wanted | None:
    """What the question means; None where it does not name one cause and one effect of two states each."""
    named = [m for m, _ in question.roles if m.variable >= 0 and not m.weak]
    places = list(dict.fromkeys(m.variable for m in named))
    if len(places) != 2 or len(named) != 2 or len(named) < len(question.roles) or not _cause_first(text, *named):
        return None
    if kind == "necessity and sufficiency" and not question.spoken.isdisjoint(_APART):
        return None
    cause, effect = (_fact(problem, text, one) for one in named)
    if cause is None or effect is None:
        return None
    (x, other_x), (y, other_y) = cause, effect
    brought = Fact(y.name, y.state, frozenset({(x.name, x.state)}))
    missed = Fact(y.name, other_y, frozenset({(x.name, other_x)}))
    match kind:
        case "necessity":
            return Wanted(frozenset({missed}), frozenset({x, y}))
        case "sufficiency":
            return Wanted(frozenset({brought}), frozenset({Fact(x.name, other_x), Fact(y.name, other_y)}))
        case _:
            return Wanted(frozenset({brought, missed}), frozenset())


def _cause_first(text: Scan, first: Mention, second: Mention) -> bool:
    """Whether it says so: "X is a necessary cause of Y", "of X for Y"; not "Y is caused by X", "for Y, that of X"."""
    between = [token.word for token in text.tokens[first.last : second.first] if token.word not in _ARTICLES]
    return bool(between) and between[-1] in _LEADS and _NOUNS.isdisjoint(between) and "," not in between


def _fact(problem: Problem, text: Scan, one: Mention) -> tuple[Fact, Value] | None:
    """The state mentioned (of a bare name the second), and the other one."""
    variable = problem.variables[one.variable]
    if len(variable.states) != 2:
        return None
    # What is odd about a bare name may be the words "necessary cause" alone.
    if one.odd and (one.negated or variable.states != (False, True) or turned(text.tokens, one)):
        return None
    state = variable.states[1] if one.state is None else one.state
    first, second = variable.states
    return Fact(variable.name, state), second if state == first else first


def _got(query: Query) -> Wanted | None:
    """The query's facts; none where it is no probability, None where it has others than these."""
    if not isinstance(query, Probability):
        return Wanted(frozenset(), frozenset())
    event, given = _facts(query.event), _facts(query.given)
    return None if event is None or given is None else Wanted(event, given)


def _facts(expr: Expr | None) -> frozenset[Fact] | None:
    found: set[Fact] = set()
    for part in conjuncts(expr):
        match part:
            case Op("=", (Var(name, there), Const(state))) if (imposed := _imposed(there)) is not None:
                found.add(Fact(name, state, imposed))
            case _:
                return None
    return frozenset(found)


def _imposed(there: tuple[object, ...]) -> frozenset[tuple[str, Value]] | None:
    found: set[tuple[str, Value]] = set()
    for one in there:
        match one:
            case Set(target, Const(value), None):
                found.add((target, value))
            case _:
                return None
    return frozenset(found)
