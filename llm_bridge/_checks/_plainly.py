"""What a few plain words settle without any grammar: a denied state without a negation, a cause that is left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from scm import Probability, Value, print_expr, print_quantity

from .._problem import Problem, ProblemVariable
from ._asking import asking, question_sentences
from ._attribution import kind_of
from ._given import quoted
from ._lexicon import ANTONYMS, COMPARED_DOWN, NEGATIONS, PREFIXES
from ._markers import markers
from ._mentions import Mention, mentions, perhaps
from ._numerals import numerals
from ._queried import Asked, asked_of
from ._reading import Fault, Reading
from ._signs import literals
from ._spoken import covered_by, elliptical, strange
from ._text import Scan, Sentence, remembered, scan, words

_DENYING = (
    words(
        "but except only other others rest otherwise remaining fail fails failed failing free avoid avoids avoided "
        "avoiding "
        "stay stays stayed remain remains remained keep keeps kept spare spared escape escaped miss missed lose lost "
        "false off out down against few fewer less lower rather instead unless stop stops stopped prevent prevents "
        "prevented save saved too unable forgot forget refused declined gone skipped omitted "
        "unlikely below under seldom rare rarely hardly neither until before"
    )
    | NEGATIONS
)
_LESSENING = words("unlikely improbable less fewer lower below under rarer rare rarely seldom least fewest lowest")
_LESS = words("decrease decreases reduce reduces smaller diminish diminishes lessen worse negatively")


def plainly(reading: Reading) -> Iterable[Fault]:
    """States that the words name and a statement or the query denies; a reply the wrong way round."""
    problem, text = reading.problem, scan(reading.text)
    for i, statement in enumerate(problem.statements):
        if statement.words and isinstance(statement.term, Probability) and statement.value not in ("0", "0%"):
            for name in _denied(problem, scan(statement.words), literals(statement.term)):
                yield _unwarranted(f"statements[{i}]", print_quantity(statement.term), name, statement.words)
    if len(problem.queries) == 1 and problem.queries[0].query is not None and not _attributes(problem, text):
        yield from _question(problem, text)
        yield from _seen(problem, text)


def _attributes(problem: Problem, text: Scan) -> bool:
    """Whether the question is one of necessity or sufficiency, whose states are not those of its words."""
    question = asking(text, problem.variables, problem.queries[0].words)
    return question is not None and kind_of(question) is not None


def _question(problem: Problem, text: Scan) -> Iterator[Fault]:
    query = problem.queries[0]
    found = question_sentences(text, query.words)
    if not found or not found[-1].question:
        return
    asked = asked_of(query.asked)
    low = problem.reply.comparison in ("<", "<=")
    event = [(True, (name, value)) for name, value in asked.parts[0].event.items() if value is not None]
    false = any(value is False for _, (_, value) in event)
    if false and not (problem.reply.kind == "yes-no" and low) and _clear(problem, text, found, asked):
        for name in _denied(problem, scan(found[-1].text), event):
            yield _unwarranted("queries[0]", query.text, name, found[-1].text)
    if problem.reply.kind == "yes-no" and low and not asked.op and not _lessens(scan(found[-1].text)):
        yield Fault(
            "asked",
            "reply",
            f"The reply is yes where the probability is low, but {quoted(found[-1].text)} does not ask whether "
            "something is unlikely. Wanted: in the query the state that the question names, and yes for a value > 0.5.",
        )


def _clear(problem: Problem, text: Scan, found: Sequence[Sentence], asked: Asked) -> bool:
    """Whether every word of a question is known, and none stands for others."""
    covered = covered_by(text, problem)
    return not any(elliptical(text, s.index) for s in found) and (
        bool(asked.op) or not any(strange(text, s.index, covered) for s in found)
    )


def _lessens(source: Scan) -> bool:
    """Whether a question asks whether something is unlikely, or happens less."""
    return any(t.word in _LESSENING or t.word in _LESS or t.stem in COMPARED_DOWN for t in source.tokens)


def _seen(problem: Problem, text: Scan) -> Iterator[Fault]:
    """What the query takes as seen to be false, while the text reports it and denies nothing."""
    asked = asked_of(problem.queries[0].asked)
    false = [] if asked.op else [name for name, value in asked.parts[0].given.items() if value is False]
    numbered = {text.tokens[n.first].sentence for n in numerals(text) if n.probable}
    for name in false:
        told = [
            scan(s.text)
            for s in text.sentences
            if not s.question and s.index not in numbered and not markers(text.tokens, s.first, s.last, ())
        ]
        number = [v.name for v in problem.variables].index(name)
        spoken = [s for s in told if any(m.variable == number for m in mentions(s, problem.variables))]
        if spoken and all(_denied_in(problem, s, name) for s in spoken):
            yield _unwarranted("queries[0]", problem.queries[0].text, name, spoken[-1].text)


def _denied_in(problem: Problem, source: Scan, name: str) -> bool:
    return name in _denied(problem, source, [(False, (name, False))])


def _unwarranted(part: str, shown: str, name: str, source: str) -> Fault:
    return Fault(
        "sign",
        part,
        f"{shown} takes {name!r} as false, but its words {quoted(source)} speak of {name!r} and deny nothing. Wanted: "
        "the state that the words name.",
    )


def _denied(problem: Problem, source: Scan, said: Iterable[tuple[bool, tuple[str, Value]]]) -> Iterator[str]:
    """Variables that `said` has as false while the words name them without a word that denies."""
    false = [name for _, (name, value) in said if value is False]
    if not false or _denies(source, problem.variables):
        return
    named = {m.variable for m in mentions(source, problem.variables) if not m.weak and not m.negated}
    for number, variable in enumerate(problem.variables):
        if variable.name in false and number in named and variable.states == (False, True) and not variable.description:
            yield variable.name


def _denies(source: Scan, variables: tuple[ProblemVariable, ...]) -> bool:
    """Whether any word may deny or lessen something, or is the opposite of a word of a name."""
    named = _named(variables)
    return any(
        t.word in _DENYING
        or t.word in _LESS
        or t.word.endswith("n't")
        or ANTONYMS.get(t.stem) in named
        or (t.word.startswith(PREFIXES) and len(t.word) > 5 and t.stem not in named)
        for t in source.tokens
    )


@remembered
def _named(variables: tuple[ProblemVariable, ...]) -> frozenset[str]:
    """The stems of the names and descriptions."""
    return frozenset([t.stem for v in variables for part in (v.name, v.description) for t in scan(part).tokens])


def lacking(reading: Reading) -> Iterable[Fault]:
    """Equations whose own words name a variable that they do not use."""
    problem = reading.problem
    for i, equation in enumerate(problem.equations):
        used = {*equation.names, equation.variable}
        if used.issuperset([problem.variables[v].name for v in perhaps(equation.words, problem.variables)]):
            continue  # nothing else can be mentioned, which is seen without looking for what is
        source = scan(equation.words)
        if not equation.words or len(markers(source.tokens, 0, len(source.tokens), ())) > 1:
            continue
        here = mentions(source, problem.variables)
        same = (e for e in problem.equations if e.words and (e.words in equation.words or equation.words in e.words))
        told = {e.variable for e in same}  # one sentence for two effects
        for name in sorted({problem.variables[m.variable].name for m in here if _sure(m)} - used - told):
            yield Fault(
                "coverage",
                f"equations[{i}]",
                f"The words {quoted(equation.words)} speak of {name!r}, but the equation {equation.variable} = "
                f"{print_expr(equation.expression)} does not. Wanted: every cause that the words name. Put {name!r} "
                "in, or cite only the words that say this equation.",
            )


def _sure(one: Mention) -> bool:
    return one.variable >= 0 and not one.weak
