"""States exchanged: in what is asked or observed, in a rule, in a statement; or the reply the other way round."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from random import Random

from scm import Const, Expr, Op, Value, Var, print_expr, print_quantity, walk

from .._problem import Equation, Problem, ProblemQuery, Statement
from ._cite import Citer
from ._edges import reworded
from ._slip import Slip, Slips, Term, empty, literal, parts_of, settings_of, swapped

_OTHER_WAY = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


def exchanged(problem: Problem, cites: Citer, rng: Random) -> Slips:
    """The slips, by what they are in."""
    return [
        [*_asked(problem, "event", rng), *_asked(problem, "setting", rng)],
        _asked(problem, "given", rng),
        _ruled(problem, cites),
        _stated(problem, rng),
        _stated_everywhere(problem, rng),
        _polarity(problem),
    ]


# ---------------------------------------------------------------------------------------------------------------------
# What is asked and observed


def _asked(problem: Problem, where: str, rng: Random) -> list[Slip]:
    found: list[Slip] = []
    for i, item in enumerate(problem.queries):
        if item.query is None:
            continue
        for name in _used(item.query, where):
            states = _two(problem.states(name), rng)
            query = swapped(item.query, name, states, where)
            if query != item.query and not empty(query):
                queries = list(problem.queries)
                queries[i] = ProblemQuery(query=query, words=item.words)
                what = f"{where} of the query: {item.text} read as {queries[i].text}"
                found.append(Slip(what, partial(problem.model_copy, update={"queries": tuple(queries)})))
    return found


def _used(quantity: Term, where: str) -> tuple[str, ...]:
    """The variables with a state in that place, each once."""
    nodes = [(place, node) for place, whole in parts_of(quantity) for node in walk(whole)]
    if where == "setting":
        return tuple(dict.fromkeys(a.target for _, n in nodes if isinstance(n, Var) for a in settings_of(n)))
    return tuple(dict.fromkeys(lit[0].name for place, n in nodes if place == where and (lit := literal(n)) is not None))


def _two(states: tuple[Value, ...], rng: Random) -> tuple[Value, Value]:
    first, second = rng.sample(states, 2)
    return first, second


# ---------------------------------------------------------------------------------------------------------------------
# Rules


def _ruled(problem: Problem, cites: Citer) -> list[Slip]:
    """A literal of an equation denied, or the whole of it: `A causes B` read as `A causes not B`."""
    truth = {variable.name for variable in problem.variables if set(variable.states) == {False, True}}
    found: list[Slip] = []
    for i, equation in enumerate(problem.equations):
        for changed in _denied(equation.expression, truth if equation.variable in truth else frozenset()):
            what = f"{equation.variable} = {print_expr(equation.expression)} read as {print_expr(changed)}"
            found.append(Slip(what, partial(_ruling, problem, cites, i, changed)))
    return found


def _ruling(problem: Problem, cites: Citer, place: int, changed: Expr) -> Problem:
    equations: list[Equation] = list(problem.equations)
    denied = any(isinstance(node, Op) and node.op == "not" for node in walk(changed))
    equations[place] = reworded(equations[place], changed, cites, denied=denied)
    return problem.model_copy(update={"equations": tuple(equations)})


def _denied(expr: Expr, truth: Iterable[str]) -> Iterator[Expr]:
    """Every expression that differs from a formula of true and false in the sign of one part."""
    match expr:
        case Const():
            return
        case Var(name):
            if name in truth:
                yield Op("not", (expr,))
        case Op("not", (inner,)):
            yield inner
            if not isinstance(inner, Var):
                yield from (Op("not", (part,)) for part in _denied(inner, truth))
        case Op("and" | "or" | "xor" as op, args):
            for i, arg in enumerate(args):
                yield from (Op(op, (*args[:i], part, *args[i + 1 :])) for part in _denied(arg, truth))
            yield Op("not", (expr,))
        case Op("=", args):
            yield Op("!=", args)
        case Op("!=", args):
            yield Op("=", args)
        case _:
            return


# ---------------------------------------------------------------------------------------------------------------------
# Statements


def _stated(problem: Problem, rng: Random) -> list[Slip]:
    """One statement about the other state of a variable."""
    found: list[Slip] = []
    for i, statement in enumerate(problem.statements):
        for where in ("event", "given", "setting"):
            for name in _used(statement.term, where):
                changed = _misstated(statement, name, _two(problem.states(name), rng), where)
                if changed is not None:
                    what = f"{print_quantity(statement.term)} read as {print_quantity(changed.term)}"
                    found.append(Slip(what, partial(_stating, problem, {i: changed})))
    return found


def _stated_everywhere(problem: Problem, rng: Random) -> list[Slip]:
    """The states of a variable exchanged in every statement that has it in the same place."""
    found: list[Slip] = []
    for where in ("event", "given", "setting"):
        for variable in problem.variables:
            states = _two(variable.states, rng)
            changed = {
                i: new
                for i, old in enumerate(problem.statements)
                if (new := _misstated(old, variable.name, states, where)) is not None
            }
            if len(changed) > 1:
                what = f"the states of {variable.name} exchanged in {len(changed)} statements ({where})"
                found.append(Slip(what, partial(_stating, problem, changed)))
    return found


def _misstated(statement: Statement, name: str, states: tuple[Value, Value], where: str) -> Statement | None:
    term = swapped(statement.term, name, states, where)
    return None if term == statement.term else statement.model_copy(update={"term": term})


def _stating(problem: Problem, changed: dict[int, Statement]) -> Problem:
    statements = tuple(changed.get(i, old) for i, old in enumerate(problem.statements))
    return problem.model_copy(update={"statements": statements})


# ---------------------------------------------------------------------------------------------------------------------
# Reply


def _polarity(problem: Problem) -> list[Slip]:
    comparison = _OTHER_WAY.get(problem.reply.comparison)
    if problem.reply.kind == "number" or comparison is None:
        return []
    reply = problem.reply.model_copy(update={"comparison": comparison})
    what = f"the reply the other way round: {problem.reply.comparison} read as {comparison}"
    return [Slip(what, partial(problem.model_copy, update={"reply": reply}))]
