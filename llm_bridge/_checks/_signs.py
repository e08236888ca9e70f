"""The check of signs in equations and statements: negations and states of the words against those of the Problem."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat

from scm import Const, Expr, Op, Probability, Value, Var, print_expr, print_quantity, quantity_nodes

from .._problem import Equation, Problem, Statement
from ._given import quoted
from ._mentions import Mention
from ._reading import Fault, Reading
from ._relations import Rule, told
from ._spoken import strange
from ._statements import Said, said_of, sentence_of
from ._text import Scan, scan
from ._truth import MOST, Column, NotRead, column, columns, slope


def sign(reading: Reading) -> Iterable[Fault]:
    """States and negations that differ from those of the words."""
    yield from _equations(reading)
    yield from _statements(reading)


# ---------------------------------------------------------------------------------------------------------------------
# Equations


def _equations(reading: Reading) -> Iterator[Fault]:
    problem = reading.problem
    if not problem.equations:
        return
    text = scan(reading.text)
    rules: defaultdict[int, list[Rule]] = defaultdict(list)
    for rule in told(text, problem.variables).rules:
        if rule.marker.signed and not rule.marker.denied:
            for one in rule.effects.surely:
                if rule not in rules[one.variable]:
                    rules[one.variable].append(rule)
    place = {v.name: n for n, v in enumerate(problem.variables)}
    for i, equation in enumerate(problem.equations):
        here = rules.get(place[equation.variable], ())
        if here and all(rule.firm for rule in here):
            yield from _equation(problem, i, equation, place, here)


def _equation(
    problem: Problem, i: int, equation: Equation, place: Mapping[str, int], rules: Sequence[Rule]
) -> Iterator[Fault]:
    names, states, number = equation.names, problem.all_states, place[equation.variable]
    if len(names) > MOST or any([len(states[name]) != 2 for name in (*names, equation.variable)]):
        return
    causes, own, size = columns(names, states), states[equation.variable], 1 << len(names)
    try:
        outcome = column(equation.expression, causes, size)
    except (NotRead, KeyError, TypeError):
        return
    if not {*outcome} <= {*own}:
        outcome = [_as_state(value, own) for value in outcome]
    # A cause too many or too few is said by another check.
    used = {m.variable for rule in rules for m in rule.causes.surely}
    expected = _expected(problem, number, rules) if used == {place[name] for name in names} else None
    if expected is not None:
        held = _held(problem, rules, causes, size)
        if all([holds == (value == expected) for holds, value in zip(held, outcome, strict=True)]):
            return  # as the words say, so that no cause is turned either
    turned = list(_turned(problem, equation, place, rules, [value == own[1] for value in outcome]))
    for name, rule in turned:
        yield _turned_fault(problem, i, equation, name, rule)
    if not turned and expected is not None:
        words = "; ".join(quoted(rule.sentence.text) for rule in rules)
        joined = " and ".join(dict.fromkeys(f'"{r.joined}"' for r in rules if r.joined in ("and", "or")))
        yield Fault(
            "sign",
            f"equations[{i}]",
            f"The equation {equation.variable} = {print_expr(equation.expression)} joins its causes otherwise than the "
            f"text: {words}{f' says {joined}' if joined else ''}. Wanted: `and` where all of the causes are needed, "
            "`or` where one of them is enough; several sentences that name causes of the same thing are joined by "
            "`or`. Write the equation as the words say.",
        )


def _as_state(value: Value, states: Sequence[Value]) -> Value:
    """A truth value as the state that it stands for."""
    return states[bool(value)] if value not in states and isinstance(value, bool) else value


def _turned(
    problem: Problem, equation: Equation, place: Mapping[str, int], rules: Sequence[Rule], outcome: Sequence[bool]
) -> Iterator[tuple[str, Rule]]:
    """Causes that push the other way than a sentence says."""
    ways: defaultdict[int, list[tuple[int, Rule]]] = defaultdict(list)
    for rule in rules:
        against = -1 if rule.marker.against else 1
        for effect in (m for m in rule.effects.surely if m.variable == place[equation.variable]):
            for cause in rule.causes.surely:
                ways[cause.variable].append((_way(problem, cause) * _way(problem, effect) * against, rule))
    for at, name in enumerate(equation.names):
        here = ways[place[name]]
        if len({way for way, _ in here}) != 1 or not (way := here[0][0]):
            continue
        if way == -slope(outcome, at, len(equation.names)):
            yield name, here[0][1]


def _way(problem: Problem, one: Mention) -> int:
    """1 where the mention says the second state, -1 for the first, 0 where that is unclear."""
    if one.state is None or one.variable < 0:
        return 0
    return 1 if one.state == problem.variables[one.variable].states[1] else -1


def _turned_fault(problem: Problem, i: int, equation: Equation, name: str, rule: Rule) -> Fault:
    return Fault(
        "sign",
        f"equations[{i}]",
        f"The equation {equation.variable} = {print_expr(equation.expression)} makes {name!r} push the other way than "
        f"{quoted(rule.sentence.text)} says. Wanted: a `not` where the words deny a state, and none elsewhere. Read "
        f"which state of {name!r} the words name, and which state of {equation.variable!r} it brings about.",
    )


def _expected(problem: Problem, number: int, rules: Sequence[Rule]) -> Value | None:
    """The state that the rules bring about, where all of them are complete and agree on it."""
    found: set[Value] = set()
    for rule in rules:
        sure, perhaps = rule.causes.surely, rule.causes.perhaps
        if rule.joined == "unclear" or not rule.marker.strict or (sure != perhaps and {*sure} != {*perhaps}):
            return None
        if any([m.state is None or m.variable < 0 for m in sure]):
            return None
        states = {m.state for m in rule.effects.surely if m.variable == number}
        if len(states) != 1 or (state := states.pop()) is None:
            return None
        own = problem.variables[number].states
        found.add(next(one for one in own if one != state) if rule.marker.against else state)
    return found.pop() if len(found) == 1 else None


def _held(problem: Problem, rules: Sequence[Rule], causes: Mapping[str, Column], size: int) -> list[bool]:
    """In which combinations of the causes one of the rules applies."""
    held = [False] * size
    for rule in rules:
        sides = [[value == m.state for value in causes[problem.variables[m.variable].name]] for m in rule.causes.surely]
        applies = map(any if rule.joined == "or" else all, zip(*sides, strict=True) if sides else repeat((), size))
        held = [before or now for before, now in zip(held, applies, strict=True)]
    return held


# ---------------------------------------------------------------------------------------------------------------------
# Statements


def _statements(reading: Reading) -> Iterator[Fault]:
    problem = reading.problem
    if not problem.statements:
        return
    place = {v.name: n for n, v in enumerate(problem.variables)}
    text = scan(reading.text)
    for i, statement in enumerate(problem.statements):
        if not isinstance(statement.term, Probability) or not statement.words:
            continue
        words = sentence_of(text, statement)
        said = said_of(words, problem.variables)
        if said.elliptical or statement.value in ("0", "1", "0%", "100%"):
            continue
        yield from _beyond(problem, i, statement, said, words)
        for event, literal in literals(statement.term):
            name, value = literal
            number = place[name]
            there = said.states(number)
            if there and value not in there and None not in there:
                shown = ", ".join(repr(state) for state in there)
                yield Fault(
                    "sign",
                    f"statements[{i}]",
                    f"The statement {print_quantity(statement.term)} takes {name!r} as {value!r}, while its words "
                    f"{quoted(words.text)} speak of the state {shown}. Wanted: the states that the words name. Read "
                    f"which state of {name!r} they mean, by its description and any negation, and write that.",
                )
            elif not there and not event and said.given and not unknown(words, said):
                yield _unsaid(i, statement, name, words.text)
            elif said.misplaced(number, event=event):
                yield _misplaced(i, print_quantity(statement.term), name, words.text, event=event)


def _beyond(problem: Problem, i: int, statement: Statement, said: Said, words: Scan) -> Iterator[Fault]:
    """Variables that the sentence speaks of and the statement does not."""
    used = {n.name for n in quantity_nodes(statement.term) if isinstance(n, Var)}
    worlds = {a.target for n in quantity_nodes(statement.term) if isinstance(n, Var) for a in n.world}
    there = {problem.variables[m.variable].name for m in said.event + said.given if m.variable >= 0 and not m.weak}
    if (beyond := there - used - worlds) and not unknown(words, said):
        yield Fault(
            "mentions",
            f"statements[{i}]",
            f"The statement {print_quantity(statement.term)} says nothing of "
            f"{' or '.join(map(repr, sorted(beyond)))}, but "
            f"its number stands in {quoted(words.text)} Wanted: event and condition as the sentence with this number "
            "has them.",
        )


def unknown(words: Scan, said: Said) -> bool:
    """Whether the sentence has words that are not known, which may speak of a variable."""
    covered = {at for one in said.every for at in range(one.first, one.last)}
    return any(strange(words, sentence.index, covered) for sentence in words.sentences)


def _unsaid(i: int, statement: Statement, name: str, words: str) -> Fault:
    return Fault(
        "mentions",
        f"statements[{i}]",
        f"The statement {print_quantity(statement.term)} has the condition {name!r}, which its words {quoted(words)} "
        "do not mention. Wanted: the condition that the sentence names, all of it and no more.",
    )


def _misplaced(i: int, term: str, name: str, words: str, *, event: bool) -> Fault:
    here, there = ("event", "condition") if event else ("condition", "event")
    return Fault(
        "direction",
        f"statements[{i}]",
        f"The statement {term} has {name!r} as its {here}, while in its words {quoted(words)} it is the {there}. "
        "Wanted: what the probability is of before the bar, and for whom it holds (for, among, given, if) behind it.",
    )


def literals(term: Probability) -> Iterator[tuple[bool, tuple[str, Value]]]:
    """The states that a probability speaks of: (whether in its event, (variable, state)); worlds are left out."""
    for event, expr in ((True, term.event), (False, term.given)):
        for part in () if expr is None else _parts(expr):
            match part:
                case Op("=", (Var(name, _), Const(value))):
                    yield event, (name, value)
                case Op("not", (Var(name, _),)):
                    yield event, (name, False)
                case Var(name, _):
                    yield event, (name, True)
                case _:
                    pass


def _parts(expr: Expr) -> Sequence[Expr]:
    return expr.args if isinstance(expr, Op) and expr.op == "and" else (expr,)
