"""Ordinary English: each sentence to a rule, a probability, a fact or a question; then all of it to a Problem."""

from __future__ import annotations

import itertools
import re
from typing import NamedTuple

from scm._query import Probability
from scm._syntax import Const, Expr, Op, Var, conjunction

from .._problem import Edge, Problem, ProblemQuery, ProblemVariable, Reply, Statement
from ._chance import NUMBER, as_printed, split_chance
from ._clause import Clause
from ._combine import Group, Tree, all_of, combine, leaves, to_expr
from ._names import rename
from ._questions import Question, is_question, read_question
from ._counts import Count, looks_counted, read_counts
from ._rules import AFFECTS, DEPENDS, RULES, Reading
from ._story import Fact, Rule, Unreadable, ask_whether, quoted
from ._study import arrow_phrases, read_study
from ._text import Sentence, sentences

_FRAMES = re.compile(
    r"^(?:(?:also|moreover|furthermore|in addition|besides|further|finally|next|first|second|third|secondly|thirdly|lastly"
    r"|similarly|likewise|however|and|but|so|thus|therefore|rule \d+|suppose that|imagine that|suppose|imagine|assume that"
    r"|in this world|in general|as a rule|by design|it is a rule that|the rule is that) (?:, )?)+(?=\S)",
    re.IGNORECASE,
)
_KNOWN = re.compile(
    r"^(?:we|i|you|they|everyone|everybody) (?:all )?(?:know|knows|are told|were told|have been told|understand) that (.+)$"
    r"|^it is (?:well )?known that (.+)$|^the facts? (?:is|are) that (.+)$",
    re.IGNORECASE,
)
_SAW = re.compile(
    r"^(?:(?:we|i|you|one|they|the police|somebody|it) )(?:have |has |had |just |now |also |then |is |was |can |later |clearly )*"
    r"(?:observed?|saw|sees?|seen|learned|learnt|learn|found|finds?|notice[ds]?|heard?|knew|observed|discovered|discover|turned out|turns out)"
    r"(?: out)?(?: that)? (?P<a>.+)$"
    r"|^(?:in fact|actually|in reality|as it happened|as it happens|it so happened that|it happened that|in the end|it is a fact that"
    r"|unfortunately|luckily|sadly|indeed|today|yesterday|this time|one day|last night|this morning|given that|suppose we (?:see|observe|know)"
    r"(?: that)?|observation)(?: ,)? (?P<b>.+)$",
    re.IGNORECASE,
)
_SUPPOSE = re.compile(
    r"^(?:(?:now|and|then|further|next) (?:, )?)*(?:suppose|assume|imagine|supposing|assuming|say)(?: now| instead| further| also)?(?: that)? (?P<what>.+)$",
    re.IGNORECASE,
)
_EMPTY = re.compile(
    r"^(?:here are the rules|here is the story|consider the following(?: story| rules| situation| case)?|the rules are(?: as follows)?"
    r"|these are the rules|rules|facts|question|the facts|the question|the story|story|scenario|rule \d+|observation|premise|observations"
    r"|thank you|thanks|please answer|answer yes or no)$",
    re.IGNORECASE,
)
_CONDITIONAL_CHANCE = re.compile(
    rf"^(?:the )?(?:probability|chance|likelihood) (?:that|of) (?P<e>.+?) (?:, )?(?:if|when|given that|given) (?P<c>.+?) is (?P<p>{NUMBER})"
    rf"(?: (?:, )?and (?P<q>{NUMBER}) (?:otherwise|if not|when not|if (?:it|not) .*))?$"
    rf"|^(?:the )?(?:probability|chance|likelihood) (?:that|of) (?P<e2>.+?) is (?P<p2>{NUMBER}) (?:if|when|given that|given) (?P<c2>.+?)"
    rf"(?: (?:, )?(?:and|but) (?P<q2>{NUMBER}) (?:otherwise|if not|when not))?$",
    re.IGNORECASE,
)


class Asked(NamedTuple):
    """Questions in order of the text, with what was supposed just before."""

    questions: list[Question]


def read_english(text: str) -> Problem:
    """The Problem of a text in ordinary English.

    Raises:
        Unreadable: with the words that have no place.
    """
    found = sentences(text)
    asking = [s for s in found if is_question(_bare_phrase(s), s.mark)]
    if not asking:
        raise Unreadable("There is no question. End with one, such as 'Would X have happened if Y had not happened?'.")
    if len(asking) > 1:
        raise Unreadable(
            f"There are {len(asking)} questions: {' / '.join(quoted(s.words, 50) for s in asking)}. Ask one at a time."
        )
    if found[-1] is not asking[0] and not _EMPTY.match(found[-1].phrase):
        raise Unreadable(f"After the question comes {quoted(found[-1].words)}. Put the question last.")
    rest = [s for s in found if s is not asking[0]]
    if any(looks_counted(_FRAMES.sub("", s.phrase)) for s in rest):
        return _counted(rest, asking[0], text)
    reading = Reading()
    for i, sentence in enumerate(rest):
        _sentence(sentence, reading, before_question=i >= len(rest) - 2)
    return _finish(reading, read_question(_bare_phrase(asking[0]), asking[0].words))


def _counted(rest: list[Sentence], asking: Sentence, text: str) -> Problem:
    """A text that counts: counts, arrows and a question, nothing else."""
    counts: list[Count] = []
    arrows: list[tuple[str, str, str]] = []
    for sentence in rest:
        phrase = _FRAMES.sub("", sentence.phrase)
        if looks_counted(phrase):
            counts += read_counts(phrase, sentence.words)
        elif match := AFFECTS.match(phrase) or DEPENDS.match(phrase):
            arrows += arrow_phrases(match["causes"], match["effects"], sentence.words)
        elif not _EMPTY.match(phrase):
            raise Unreadable(
                f"{quoted(sentence.words)} neither counts nor says what affects what. Leave it out, or say it so."
            )
    return read_study(counts, arrows, asking.phrase, asking.words, text)


def _bare_phrase(sentence: Sentence) -> str:
    return sentence.phrase


def _sentence(sentence: Sentence, reading: Reading, *, before_question: bool) -> None:
    phrase = sentence.phrase
    if _EMPTY.match(phrase):
        return
    if (match := _SUPPOSE.match(phrase)) and _suppose(match["what"], reading, before_question=before_question):
        return
    phrase = _FRAMES.sub("", phrase)
    if match := _KNOWN.match(phrase):
        phrase = next(group for group in match.groups() if group)
    if match := _SAW.match(phrase):
        reading.facts.append((combine(match["a"] or match["b"]), sentence.words))
        return
    if _chance(phrase, sentence.words, reading) or any(rule(phrase, sentence.words, reading) for rule in RULES):
        return
    reading.facts.append((combine(phrase), sentence.words))


def _suppose(what: str, reading: Reading, *, before_question: bool) -> bool:
    """`Suppose the fuse had not blown.` imposes; `Suppose that if ...` only frames a rule."""
    if re.search(
        r"\b(?:if|unless|when|whenever|causes?|makes?|prevents?|probability|chance|enough|needed|affects?)\b", what
    ):
        return False
    if re.match(r"(?:we|you|i) (?:see|observe|know|saw|observed|learn)\b", what, re.IGNORECASE):
        reading.facts.append((combine(re.sub(r"^\S+ \S+ (?:that )?", "", what)), what))
        return True
    pieces = re.split(
        r" , (?:and )?(?:based on (?:this|that) assumption , )?(?:further |also )?(?:suppose|assume) (?:that )?",
        what,
        flags=re.IGNORECASE,
    )
    for piece in pieces:
        clauses = all_of(combine(piece), "What is supposed")
        if not (before_question and _imposes(piece, clauses)):
            raise Unreadable(
                f"Is {quoted(piece)} seen, or made so? Say 'We observed that ...', or 'Suppose ... had (not) ...' right before "
                "the question."
            )
        reading.supposed += clauses
    return True


def _imposes(piece: str, clauses: list[Clause]) -> bool:
    low = f" {piece.lower()} "
    bare_name = all(not item.is_sentence and item.name[:1].isupper() for item in clauses)
    return " had " in low or " were " in low or bare_name


def _chance(phrase: str, words: str, reading: Reading) -> bool:
    """Stated probabilities of a single thing, or of one thing given another."""
    if match := _CONDITIONAL_CHANCE.match(phrase):
        named = match.groupdict()
        effect, cause = named["e"] or named["e2"], combine(named["c"] or named["c2"])
        value, other = named["p"] or named["p2"], named["q"] or named["q2"]
        event = all_of(combine(effect), "The event")[0]
        reading.conditional.append((cause, event, as_printed(value, phrase), words))
        if other:
            if not isinstance(cause, Clause):
                raise Unreadable(f"What does 'otherwise' mean in {quoted(words)}? Give one probability for each case.")
            reading.conditional.append((_opposite(cause), event, as_printed(other, phrase), words))
        return True
    from ._rules import conditional

    if re.search(r"\b(?:if|unless|when|whenever)\b", phrase, re.IGNORECASE):
        return conditional(phrase, words, reading)
    chance = split_chance(phrase)
    if chance is None or any(rule(chance.rest, words, Reading()) for rule in RULES[1:]):
        return False
    clauses = all_of(combine(chance.rest), "What has a probability")
    if len(clauses) > 1:
        raise Unreadable(
            f"Does the probability in {quoted(words)} hold for each, or for all together? Use one sentence for each."
        )
    reading.names.declared(clauses[0])
    reading.chances.append((clauses[0], chance.value, words))
    return True


def _opposite(clause: Clause) -> Clause:
    from dataclasses import replace

    return replace(clause, positive=not clause.positive)


# ---------------------------------------------------------------------------------------------------------------------
# All of it together


def _finish(reading: Reading, question: Question) -> Problem:
    story, names = reading.story, reading.names
    if not story.rules and not reading.conditional and not reading.chances:
        raise Unreadable("Nothing in the text says what causes what. Add rules such as 'If X happens, Y happens.'")
    _tables(reading)
    for effect, cause, words in ((e, c, w) for c, e, w in reading.affects):
        if not any(s.term.event == _true(" ".join(effect.key)) for s in story.statements):
            raise Unreadable(
                f"{quoted(words)} does not say how. Write a rule ('if ...') or give the probabilities of each case."
            )
        story.edges.append(
            Edge(cause=names.known(cause, "The text speaks of").name, effect=names.fact(effect).name, words=words)
        )
    _root_chances(reading)
    seen = [to_expr_event(tree, reading, f"The text says {quoted(words)};") for tree, words in reading.facts]
    given = [to_expr_event(tree, reading, "The question speaks of") for tree in question.given]
    event = [names.known(item, "The question is about") for item in _event(question)]
    imposed = [_imposed(item, reading) for item in (*reading.supposed, *question.imposed)]
    _no_contradiction(imposed)
    names.check()
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


def to_expr_event(tree: Tree, reading: Reading, who: str) -> list[Expr]:
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
    story, naming = reading.story, reading.names.naming()
    name = {key: pair[0] for key, pair in naming.items()}
    flips = {key for key, pair in naming.items() if pair[1]}
    story.rules = [_rename_rule(rule, naming, flips) for rule in story.rules]
    story.edges = [Edge(cause=name[e.cause], effect=name[e.effect], words=e.words) for e in story.edges]
    story.statements = [s.model_copy(update={"term": _rename_query(s.term, naming)}) for s in story.statements]
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


def _reword(text: str, name: dict[str, str]) -> str:
    return re.sub(r'"([^"]*)"', lambda m: quoted(name.get(m[1], m[1])), text)
