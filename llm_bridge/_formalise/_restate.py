"""A Problem said back in plain sentences, one for each part, by template. Whoever reads them needs no notation.

Different parts have different sentences, and Problems with the same sentences are the same but for what they cite.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scm import (
    Adjusts,
    CausalClaim,
    Claim,
    Const,
    Expr,
    Independence,
    Query,
    Var,
    conjuncts,
    query_nodes,
    query_terms,
    walk,
)

from .._problem import Equation, Problem, ProblemQuery, ProblemVariable, Statement
from .._problem import Reply as ReplyForm
from ._phrasing import amount, fact, is_logical, quantity, quoted, state

_RELATION = {"=": "is", "<": "is less than", "<=": "is at most", ">": "is greater than", ">=": "is at least"}
_ASKED = {">": "greater than", ">=": "at least", "<": "less than", "<=": "at most", "=": "equal to"}


@dataclass(frozen=True, slots=True)
class Restated:
    """One part of a Problem in words.

    Attributes:
        part: its place, such as "edges[2]".
        sentence: what it says.
    """

    part: str
    sentence: str


def restate(problem: Problem) -> tuple[Restated, ...]:
    """A sentence for every part of `problem`, in its order."""
    return tuple(Restated(part, sentence) for part, sentence in _sentences(problem))


def _sentences(problem: Problem) -> Iterator[tuple[str, str]]:
    if problem.cannot is not None:
        yield "cannot", f"The text cannot be formalised, because: {quoted(problem.cannot)}"
        return
    flags = {v.name for v in problem.variables if v.states == (False, True) and isinstance(v.states[0], bool)}
    for i, variable in enumerate(problem.variables):
        yield f"variables[{i}]", _variable(variable)
    for i, edge in enumerate(problem.edges):
        yield f"edges[{i}]", f"{quoted(edge.cause)} is a direct cause of {quoted(edge.effect)}."
    for i, both in enumerate(problem.confounded):
        first, second = map(quoted, both.pair)
        yield f"confounded[{i}]", f"{first} and {second} have a common cause that is not named."
    for i, equation in enumerate(problem.equations):
        yield f"equations[{i}]", _equation(equation, equation.variable in flags)
    yield from ((f"statements[{i}]", _statement(statement)) for i, statement in enumerate(problem.statements))
    yield from ((f"granted[{i}]", f"It is granted: {grant.shape.claim}.") for i, grant in enumerate(problem.granted))
    if problem.independences is not None:
        for i, claim in enumerate(problem.independences):
            yield f"independences[{i}]", f"It is given that {_claim(claim)}."
        yield "independences", "Whatever is not said here to be independent is dependent."
    for i, query in enumerate(problem.queries):
        which = "The question" if len(problem.queries) == 1 else f"Question {i + 1}"
        yield f"queries[{i}]", _query(query, which)
    yield "reply", _reply(problem.reply, claims=all(query.claim is not None for query in problem.queries))


def _variable(variable: ProblemVariable) -> str:
    states = " or ".join(map(state, variable.states))
    hidden = "" if variable.observed else " Nobody observes it."
    return f"{quoted(variable.name)} is one of: {states}, in this order.{hidden}"


def _equation(equation: Equation, flag: bool) -> str:
    name, formula = quoted(equation.variable), equation.expression
    if isinstance(formula, Const):
        return f"{name} is always {state(formula.value)}."
    if flag and (is_logical(formula) or isinstance(formula, Var)):
        return f"{name} is true exactly when {fact(formula)}."
    return f"{name} always has the value of {amount(formula)}."


def _statement(statement: Statement) -> str:
    if statement.counts is not None:
        successes, total = statement.counts
        return f"As counted, {quantity(statement.term)} is {successes} of {total}."
    return f"{_capital(quantity(statement.term))} {_RELATION[statement.relation]} {statement.value}."


def _query(item: ProblemQuery, which: str) -> str:
    if item.query is None:
        return f"{which} is whether {_claim(item.asserted)}."
    return f"{which} is about {_rung(item.query)}: what is {quantity(item.query)}?"


def _rung(query: Query) -> str:
    """Whether something is seen, done or imagined, told by the form of the query alone."""
    terms = query_terms(query)
    if not any(isinstance(node, Var) and node.world for node in query_nodes(query)):
        return "what is seen, with nothing changed"
    if any(_crosses(term.given) for term in terms if term.given is not None):
        return "what would have been in a case of which something is known as it really was"
    if any(len(_worlds(term)) > 1 for term in terms):
        return "what would be in several courses of events at once"
    return "what would happen if something were done"


def _crosses(given: Expr) -> bool:
    """Whether a condition holds as things really were."""
    return any(_is_factual(part) for part in conjuncts(given))


def _is_factual(part: Expr) -> bool:
    return all(not node.world for node in walk(part) if isinstance(node, Var))


def _worlds(term: Query) -> set[object]:
    return {node.world for node in query_nodes(term) if isinstance(node, Var)}


def _claim(claim: Claim) -> str:
    match claim:
        case CausalClaim("common cause" | "common effect" as relation, first, second):
            return f"{quoted(first)} and {quoted(second)} have a {relation}"
        case CausalClaim(relation, first, second):
            article = "an" if relation == "indirect cause" else "a"
            return f"{quoted(first)} is {article} {relation} of {quoted(second)}"
        case Independence(first, second, given):
            held = f" once {_names(given)} {'is' if len(given) == 1 else 'are'} known" if given else ""
            return f"{quoted(first)} and {quoted(second)} are independent{held}"
        case Adjusts(cause, effect, by):
            how = f"adjusting for {_names(by)}" if by else "adjusting for nothing"
            return f"{how} gives the effect of {quoted(cause)} on {quoted(effect)}"


def _names(names: tuple[str, ...]) -> str:
    return " and ".join(map(quoted, names))


def _reply(form: ReplyForm, *, claims: bool) -> str:
    options = ", ".join(map(quoted, form.options))
    match form.kind:
        case "number":
            return "The answer is a number: the value that is asked for."
        case "yes-no" if claims and form.comparison == ">" and form.threshold == 0.5:
            return "The answer is yes if what is asked about holds, and no if not."
        case "yes-no":
            what = "1 if what is asked about holds and 0 if not" if claims else "the value that is asked for"
            return f"The answer is yes if {what} is {_ASKED[form.comparison]} {form.threshold!r}, and no if not."
        case "choice" if claims:
            return f"The answer is the option whose claim holds; one option for each question, in order: {options}."
        case "choice":
            end = "largest" if form.comparison.startswith(">") else "smallest"
            return f"The answer is the option whose value is {end}; one option for each question, in order: {options}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
