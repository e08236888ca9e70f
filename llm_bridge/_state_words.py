"""What a query is about, in the words that a text has for the states of its variables, where the reader kept them."""

from __future__ import annotations

import re

from scm import Const, Contrast, Expr, Op, Probability, Query, Set, Value, Var, conjuncts, query_terms

from ._guard import quoted
from ._phrases import joined
from ._problem import Problem


def named(problem: Problem, query: Query) -> str | None:
    """A query as a noun phrase: `the probability of "recovery" with "surgery"`; None where it has no such words."""
    if (told := _natural(query)) is not None:
        return told
    if (both := compared(problem, query)) is not None:
        event, first, second = both
        return f"the probability of {event} {first}, less that {second},"
    side = _side(problem, query)
    return None if side is None else f"the probability of {' '.join(part for part in side if part)}"


def _natural(query: Query) -> str | None:
    """A natural direct or indirect effect (Pearl 2001), told from its two terms."""
    match query:
        case Contrast(
            "-", Probability(Op("=", (Var(y, left), _)), None), Probability(Op("=", (Var(z, right), _)), None)
        ):
            nested = {a.target: a.value.world for a in left if isinstance(a, Set) and isinstance(a.value, Var)}
            plain = [a for a in left if isinstance(a, Set) and isinstance(a.value, Const)]
            if y != z or not nested or len(plain) != 1 or len(right) != 1 or len({*nested.values()}) != 1:
                return None
            (cause,), (base,), (inner,) = plain, right, set(nested.values())
        case _:
            return None
    through = joined(list(nested))
    if inner == (base,) and cause != base:
        return f"the effect of {cause.target} on {y} that does not go through {through}"
    if cause == base and len(inner) == 1 and inner != (base,):
        return f"the effect of {cause.target} on {y} through {through}"
    return None


def state_words(problem: Problem, name: str, value: Value) -> str | None:
    """How the text calls a state, in quotes, where the reader kept it; None where it did not."""
    about = next((v.description for v in problem.variables if v.name == name), "")
    found = dict(re.findall(r'(?:^|, )(\w+): "([^"]*)"', about))
    if words := found.get(str(value)):
        return quoted(words)
    others = [words for state, words in found.items() if state != str(value)]
    states = problem.states(name)
    return f"not {quoted(others[0])}" if len(states) == 2 and len(others) == 1 else None


def compared(problem: Problem, query: Query) -> tuple[str, str, str] | None:
    """A difference of two probabilities: of what, and under which two conditions, in the words of the text."""
    if not isinstance(query, Contrast) or query.op != "-":
        return None
    sides = [side for term in query_terms(query) if (side := _side(problem, term)) is not None]
    if len(sides) != 2 or len(list(query_terms(query))) != 2:
        return None
    (event, first), (other, second) = sides
    return (event, first, second) if event == other and first and second else None


def _side(problem: Problem, term: Query) -> tuple[str, str] | None:
    """The event of a probability and its condition, imposed or seen; None where either has no words."""
    match term:
        case Probability(Op("=", (Var(name, there), Const(value))), given):
            said = state_words(problem, name, value)
        case _:
            return None
    imposed = [(a.target, a.value.value) for a in there if isinstance(a, Set) and isinstance(a.value, Const)]
    if len(imposed) < len(there) or said is None:
        return None
    done = [word for setting in imposed if (word := state_words(problem, *setting)) is not None]
    seen = [word for part in conjuncts(given) if (word := _seen(problem, part)) is not None]
    if len(done) < len(imposed) or len(seen) < len(list(conjuncts(given))):
        return None
    among = [f"among {joined(seen)}"] if seen else []
    under = [f"{'had it been' if seen else 'with'} {joined(done)}"] if done else ["as it is"] if seen and there else []
    return said, " ".join([*among, *under])


def _seen(problem: Problem, part: Expr) -> str | None:
    match part:
        case Op("=", (Var(name, ()), Const(value))):
            return state_words(problem, name, value)
        case _:
            return None
