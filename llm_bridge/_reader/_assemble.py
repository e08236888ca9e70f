"""Rules, probabilities, facts and a question to one Problem: what belongs together, tables, names."""

from __future__ import annotations

import itertools
import re

from scm import Const, Expr, Op, Probability, Var, conjunction

from .._problem import Edge, Problem, ProblemQuery, ProblemVariable, Reply, Statement
from ._blame import settle_blame
from ._clause import Clause
from ._combine import Group, Tree, all_of, leaves, to_expr
from ._names import rename
from ._opposites import link
from ._questions import Question
from ._reading import Reading
from ._story import Fact, Rule, Unreadable, ask_whether, quoted


def finish(reading: Reading, question: Question) -> Problem:
    """The Problem of all that was read.

    Raises:
        Unreadable: something is said or asked about what no rule mentions, or two things cannot be told apart.
    """
    story, names = reading.story, reading.names
    if reading.pending is not None:
        raise Unreadable(f"What else is needed, behind {quoted(reading.pending[2])}? Go on with 'B is needed too'.")
    if not story.rules and not reading.conditional and not reading.chances:
        raise Unreadable("Nothing in the text says what causes what. Add rules such as 'If X happens, Y happens.'")
    settle_blame(reading, question)
    link(reading, question)
    _tables(reading)
    for effect, cause, words in ((e, c, w) for c, e, w in reading.affects):
        if not any(_about(s).event == _true(" ".join(effect.key)) for s in story.statements):
            raise Unreadable(
                f"{quoted(words)} does not say how. Write a rule ('if ...') or give the probabilities of each case."
            )
        story.edges.append(
            Edge(cause=names.known(cause, "The text speaks of").name, effect=names.fact(effect).name, words=words)
        )
    _root_chances(reading)
    _no_opposite_facts(reading, question)
    seen = [_events(tree, reading, f"The text says {quoted(words)};") for tree, words in reading.facts]
    given = [_events(tree, reading, "The question speaks of") for tree in question.given]
    event = [names.known(item, "The question is about") for item in _event(question)]
    imposed = [_imposed(item, reading) for item in (*reading.supposed, *question.imposed)]
    _no_contradiction(imposed)
    alias = names.settle()
    for noun, clause in alias.items():
        story.assume(f"{quoted(noun)} is read as {quoted(clause)}.")
    names.check(alias)
    for text in question.assumptions:
        story.assume(text)
    if question.denied:
        event = [Fact(item.name, not item.value) for item in event]
    query = ask_whether(
        event, dict.fromkeys(imposed), [part for e in seen for part in e], [part for e in given for part in e]
    )
    return _renamed(reading, query, question)


def _event(question: Question) -> list[Clause]:
    if isinstance(question.event, Group) and question.event.joint == "or":
        raise Unreadable(f"The question asks about one thing or another: {quoted(question.words)}. Ask about one.")
    found = all_of(question.event, "The question")
    if question.denied and len(found) > 1:
        raise Unreadable(f"Ask about one effect at a time: {quoted(question.words)}.")
    return found


def _events(tree: Tree, reading: Reading, who: str) -> list[Expr]:
    """What a tree says as events, every clause known to the rules."""
    for leaf in leaves(tree):
        reading.names.known(leaf, who)
    if isinstance(tree, Group) and (tree.joint == "or" or any(isinstance(p, Group) for p in tree.parts)):
        return [to_expr(tree, reading.names.fact)]
    return [reading.names.fact(leaf).event() for leaf in leaves(tree)]


def _imposed(item: Clause, reading: Reading) -> Fact:
    key = " ".join(item.key)
    mention = reading.names.mentions.get(key)
    if mention is not None and mention.declared:
        return reading.names.fact(item)
    if not reading.names.free(item):
        return reading.names.known(item, "The question imposes")
    reading.story.assume(f"No rule mentions {quoted(item.name)}, so it has no effect on anything.")
    return reading.names.declared(item)


def _no_opposite_facts(reading: Reading, question: Question) -> None:
    """What was so and was not so is told of two times, and a model has one."""
    told: dict[tuple[str, ...], Clause] = {}
    for tree in (*(tree for tree, _ in reading.facts), *question.given):
        for leaf in leaves(tree) if isinstance(tree, Clause) or tree.joint == "and" else ():
            before = told.setdefault(leaf.key, leaf)
            if before.positive != leaf.positive:
                raise Unreadable(
                    f"{quoted(before.words)} and {quoted(leaf.words)} cannot both be so. Tell of one time only."
                )


def _no_contradiction(imposed: list[Fact]) -> None:
    values: dict[str, bool] = {}
    for item in imposed:
        if values.setdefault(item.name, item.value) != item.value:
            raise Unreadable(f"The question imposes both {quoted(item.name)} and its opposite. Keep one.")


def _true(key: str) -> Expr:
    return Op("=", (Var(key), Const(True)))


def _root_chances(reading: Reading) -> None:
    effects = {rule.effect for rule in reading.story.rules} | {" ".join(e.key) for _, e, _, _ in reading.conditional}
    for clause, value, words in reading.chances:
        key = " ".join(clause.key)
        if key in effects:
            raise Unreadable(
                f"{quoted(words)}: but other sentences say what brings it about. Say which holds, or leave one out."
            )
        term = Probability(Fact(key, clause.positive).event())
        reading.story.statements.append(Statement(term=term, value=value, words=words))


def _tables(reading: Reading) -> None:
    """Laws given case by case: all cases of some causes, each with its probability."""
    by_effect: dict[str, list[tuple[Tree, Clause, str, str]]] = {}
    for item in reading.conditional:
        by_effect.setdefault(" ".join(item[1].key), []).append(item)
    for key, items in by_effect.items():
        if any(rule.effect == key for rule in reading.story.rules):
            raise Unreadable(
                f"{quoted(items[0][3])} and a rule speak of the same effect. Use rules only, or probabilities only."
            )
        reading.names.declared(items[0][1])
        cases = [_case(tree, reading) for tree, _, _, _ in items]
        causes = tuple(dict.fromkeys(name for case in cases for name in case))
        if not _affected_by(key, causes, reading):
            shown = " and ".join(reading.names.mentions[c].clause.name for c in causes)
            effect = reading.names.mentions[key].clause.name
            raise Unreadable(
                f"Does {quoted(shown)} act on {quoted(effect)}, or do they only go together? Add a sentence such as "
                f"'{shown} affects {effect}'."
            )
        _complete(key, causes, cases, reading)
        for case, (_, effect, value, words) in zip(cases, items, strict=True):
            _state_case(key, effect, case, value, words, reading)
    _exclusive_rules(reading)


def _case(tree: Tree, reading: Reading) -> dict[str, bool]:
    facts = [reading.names.declared(item) for item in all_of(tree, "The condition of a probability")]
    return {fact.name: fact.value for fact in facts}


def _affected_by(key: str, causes: tuple[str, ...], reading: Reading) -> bool:
    stated = {" ".join(cause.key) for cause, effect, _ in reading.affects if " ".join(effect.key) == key}
    return set(causes) <= stated


def _complete(key: str, causes: tuple[str, ...], cases: list[dict[str, bool]], reading: Reading) -> None:
    for values in itertools.product((True, False), repeat=len(causes)):
        case = dict(zip(causes, values, strict=True))
        if cases.count(case) != 1:
            said = " and ".join(("" if v else "not ") + reading.names.mentions[c].clause.name for c, v in case.items())
            times = "no" if case not in cases else "more than one"
            effect = reading.names.mentions[key].clause.name
            raise Unreadable(
                f"There is {times} probability of {quoted(effect)} for the case {quoted(said)}. Give exactly one."
            )


def _state_case(key: str, effect: Clause, case: dict[str, bool], value: str, words: str, reading: Reading) -> None:
    given = conjunction(*(Fact(name, held).event() for name, held in case.items()))
    term = Probability(Fact(key, effect.positive).event(), given)
    reading.story.statements.append(Statement(term=term, value=value, words=words))


def _exclusive_rules(reading: Reading) -> None:
    """Rules with probabilities for each of the cases of some causes are a table, which assumes less than a noisy-or."""
    story = reading.story
    by_effect: dict[str, list[Rule]] = {}
    for rule in story.rules:
        by_effect.setdefault(rule.effect, []).append(rule)
    for key, rules in by_effect.items():
        _one_strength(rules)
        cases = [_literals(rule.cause) for rule in rules]
        if len(rules) < 2 or not all(rule.strength for rule in rules) or any(case is None for case in cases):
            continue
        known = [case for case in cases if case is not None]
        causes = tuple(known[0])
        all_cases = [dict(zip(causes, v, strict=True)) for v in itertools.product((True, False), repeat=len(causes))]
        if len(known) != len(all_cases) or any(known.count(case) != 1 for case in all_cases):
            continue
        story.rules = [rule for rule in story.rules if rule.effect != key]
        story.edges += [Edge(cause=cause, effect=key, words=rules[0].words) for cause in causes]
        for rule, case in zip(rules, known, strict=True):
            given = conjunction(*(Fact(name, held).event() for name, held in case.items()))
            term = Probability(Fact(key, rule.kind == "enough").event(), given)
            story.statements.append(Statement(term=term, value=rule.strength, words=rule.words))


def _one_strength(rules: list[Rule]) -> None:
    """One cause of one effect has one probability."""
    seen: dict[tuple[str, Expr], Rule] = {}
    for rule in rules:
        first = seen.setdefault((rule.kind, rule.cause), rule)
        if first.strength != rule.strength:
            raise Unreadable(
                f"{quoted(first.words)} and {quoted(rule.words)} give one cause two probabilities. Keep one."
            )


def _literals(expr: Expr) -> dict[str, bool] | None:
    parts = expr.args if isinstance(expr, Op) and expr.op == "and" else (expr,)
    out: dict[str, bool] = {}
    for part in parts:
        match part:
            case Var(name):
                out[name] = True
            case Op("not", (Var(name),)):
                out[name] = False
            case _:
                return None
    return out


def _renamed(reading: Reading, query: Probability, question: Question) -> Problem:
    """Names for keys, everywhere."""
    story, naming = reading.story, reading.names.naming(reading.names.settle())
    name = {key: pair[0] for key, pair in naming.items()}
    flips = {key for key, pair in naming.items() if pair[1]}
    story.rules = [_rename_rule(rule, naming, flips) for rule in story.rules]
    story.edges = [Edge(cause=name[e.cause], effect=name[e.effect], words=e.words) for e in story.edges]
    story.statements = [s.model_copy(update={"term": _rename_query(_about(s), naming)}) for s in story.statements]
    story.assumptions = {_reword(text, name): None for text in story.assumptions}
    used = [key for key, mention in reading.names.mentions.items() if mention.declared]
    story.variables = {
        name[k]: ProblemVariable(name=name[k], words=reading.names.mentions[k].clause.words) for k in used
    }
    queries = [ProblemQuery(query=_rename_query(query, naming), words=question.words)]
    return story.problem(queries, Reply(kind=question.reply))


def _rename_rule(rule: Rule, naming: dict[str, tuple[str, bool]], flips: set[str]) -> Rule:
    if rule.effect in flips:
        raise Unreadable(f"Say {quoted(rule.words)} about somebody, with 'not', instead of about nobody.")
    return Rule(naming[rule.effect][0], rule.kind, rename(rule.cause, naming), rule.words, rule.strength)


def _rename_query(query: Probability, naming: dict[str, tuple[str, bool]]) -> Probability:
    given = None if query.given is None else rename(query.given, naming)
    return Probability(rename(query.event, naming), given)


def _about(statement: Statement) -> Probability:
    """What a statement of this reader is about: it makes no others."""
    assert isinstance(statement.term, Probability)
    return statement.term


def _reword(text: str, name: dict[str, str]) -> str:
    return re.sub(r'"([^"]*)"', lambda m: quoted(name.get(m[1], m[1])), text)
