"""The check of numbers: a statement prints what its words print, and every number of the text is used."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from scm import print_quantity

from .._problem import Problem, Statement
from ._given import quoted
from ._mentions import mentions
from ._numerals import Numeral, numerals
from ._reading import Fault, Reading
from ._spoken import covered_by, strange
from ._text import Scan, scan, words

_CHANCE = words(
    "probability probabilities chance chances likelihood odds rate rates risk risks proportion share fraction "
    "frequency correlation coefficient likely percentage prevalence incidence prob"
)
_SHARED = words("both each either same regardless equally whether alike respectively every all")
_EXTREMES = words(
    "nobody none no never always all every everybody everyone certain certainly impossible without not only whatever "
    "each invariably sure cannot can't neither nothing nil whenever"
)
_BOUNDING = words(
    "least most more less fewer greater over under above below up than exceed exceeds exceeded minimum maximum between "
    "higher lower beyond within almost nearly barely only hardly some several"
)
_EVENLY = words("coin toss tossed tosses even evens lot lots random fifty half halves equally")
_SPOKEN = (0.0, 0.5, 1.0)
"""Bounds that words alone can say."""
_SAME = 1e-9


def numbers(reading: Reading) -> Iterable[Fault]:
    """Numbers that do not stand in the words cited, that support two statements at once, or that nothing uses."""
    if not reading.problem.statements and reading.problem.independences is not None:
        return
    yield from _misprinted(reading)
    yield from _loose(reading)
    yield from _twice(reading)
    yield from _unused(reading)


def _misprinted(reading: Reading) -> Iterator[Fault]:
    whole = numerals(scan(reading.text))
    for i, statement in enumerate(reading.problem.statements):
        found = numerals(scan(statement.words)) if statement.words else whole
        torn = _torn(statement, whole)
        if not torn and ((not found and _compared(statement)) or _printed(statement, found) or _extreme(statement)):
            continue
        if statement.counts is None and _even(statement):
            continue
        value, term = _value(statement), print_quantity(statement.term)
        if statement.words:
            there = ", ".join(n.text for n in found) or "no number"
            got = f"cites {quoted(statement.words)}, where {there} stands"
        else:
            got = "cites no words, and the text does not print that number"
        yield Fault(
            "numbers",
            f"statements[{i}]",
            f"The statement {term} {statement.relation} {value} {got}. Wanted: the number as the text prints it, with "
            f"the words around it. Look for what the text says of {term}, and copy that number and those words.",
        )


def _loose(reading: Reading) -> Iterator[Fault]:
    """Bounds that the words print taken for values, and values taken for bounds."""
    for i, statement in enumerate(reading.problem.statements):
        source = scan(statement.words)
        here = [n for n in numerals(source) if n.probable and _is(statement, n)]
        if len(here) != 1 or statement.counts is not None:
            continue
        before = [t.word for t in source.tokens[max(0, here[0].first - 2) : here[0].first]]
        bound = before in (["at", "least"], ["at", "most"])
        plain = not {t.word for t in source.tokens} & _BOUNDING
        if (bound and statement.relation == "=") or (plain and statement.relation != "="):
            wanted = "'>=' or '<='" if bound else "'='"
            yield Fault(
                "numbers",
                f"statements[{i}]",
                f"The statement {print_quantity(statement.term)} {statement.relation} {_value(statement)} cites "
                f"{quoted(statement.words)}. Wanted: the relation {wanted}, as the words have it.",
            )


def _compared(statement: Statement) -> bool:
    """Whether a comparison says it in words: "more likely than not", "makes it rarer". Other bounds are printed."""
    return statement.relation != "=" and statement.printed().value in _SPOKEN


def _even(statement: Statement) -> bool:
    """Whether a half is said in words: "drawn by lot", "tossed a coin"."""
    spoken = {t.word for t in scan(statement.words).tokens}
    return statement.printed().value == _SPOKEN[1] and bool(spoken & _EVENLY)


def _extreme(statement: Statement) -> bool:
    """Whether a 0 or a 1 is said in words: "nobody", "always"."""
    spoken = {t.word for t in scan(statement.words).tokens}
    return statement.value in ("0", "1", "0%", "100%") and bool(spoken & _EXTREMES)


def _value(statement: Statement) -> str:
    if statement.value is not None:
        return statement.value
    assert statement.counts is not None  # one of the two
    return f"{statement.counts[0]} of {statement.counts[1]}"


def _printed(statement: Statement, found: Iterable[Numeral]) -> bool:
    if statement.counts is not None:
        there = {value for n in found for value in (n.parts or (n.value,))}
        return all(float(count) in there for count in statement.counts)
    return any(_is(statement, n) for n in found)


def _torn(statement: Statement, whole: Iterable[Numeral]) -> bool:
    """Whether the text prints the first of two counts as so many of another number, and never of this one."""
    if statement.counts is None:
        return False
    successes, total = map(float, statement.counts)
    totals = {n.parts[1] for n in whole if len(n.parts) == 2 and n.parts[0] == successes}
    return bool(totals) and total not in totals


def _is(statement: Statement, numeral: Numeral) -> bool:
    """Whether `numeral` is the number of the statement: the same value, or within the same rounding if in words."""
    if statement.counts is not None:
        return numeral.parts == tuple(map(float, statement.counts))
    printed = statement.printed()
    if abs(printed.value - numeral.value) <= _SAME:
        return True
    if numeral.kind in ("whole", "word", "decimal") and numeral.value >= 1:  # "30 and 40 percent"; "30%" is never 0.3%
        return abs(printed.value - numeral.value / 100) <= _SAME
    return numeral.kind in ("part", "times", "fraction") and printed.low - 1e-3 <= numeral.value <= printed.high + 1e-3


def _twice(reading: Reading) -> Iterator[Fault]:
    """One printed number under two statements about different things."""
    by_words: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for i, statement in enumerate(reading.problem.statements):
        if statement.words and statement.relation == "=":
            by_words[statement.words, _value(statement)].append(i)
    for (source, value), users in by_words.items():
        if len(users) < 2 or any(t.word in _SHARED for t in scan(source).tokens):
            continue
        statements = reading.problem.statements
        times = sum(_is(statements[users[0]], n) for n in numerals(scan(source)))
        if len({statements[i].term for i in users}) > times > 0:
            terms = " and ".join(print_quantity(statements[i].term) for i in users)
            yield Fault(
                "numbers",
                f"statements[{users[-1]}]",
                f"The number {value} of {quoted(source)} is used for {terms}. It stands there {_times(times)}, for one "
                "quantity. Wanted: for each statement the sentence that speaks of it. Find which of them these words "
                "say, and the words and the number of the other.",
            )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _unused(reading: Reading) -> Iterator[Fault]:
    text = scan(reading.text)
    free = Counter[float]()
    for statement in reading.problem.statements:
        if statement.counts is not None:
            free[round(statement.counts[0] / statement.counts[1], 9)] += 1
        else:
            free[round(statement.printed().value, 9)] += 1
    spoken = {m.sentence for m in mentions(text, reading.problem.variables) if not m.weak}
    covered = covered_by(text, reading.problem)
    for numeral in numerals(text):
        if not numeral.probable or not _about_chance(text, numeral):
            continue
        if _take(free, numeral, reading.problem):
            continue
        sentence = text.sentences[text.tokens[numeral.first].sentence]
        if sentence.question:
            continue
        yield Fault(
            "numbers",
            "statements",
            f"The text says {quoted(sentence.text)}, and no statement uses the {numeral.text} there. Wanted: a "
            "statement for every probability that the text prints. Add what this sentence says, with these words; "
            "or, if a statement cites it with another number, correct that number.",
            # "Fuel prices rose by 14%" is an aside.
            "fault" if sentence.index in spoken and not strange(text, sentence.index, covered) else "hint",
        )


def _take(free: Counter[float], numeral: Numeral, problem: Problem) -> bool:
    """Whether a statement is left that prints this number; it is used up by that."""
    key = round(numeral.value, 9)
    if free[key] > 0:
        free[key] -= 1
        return True
    return any(_is(s, numeral) for s in problem.statements if s.value is not None) and key not in free


def _about_chance(text: Scan, numeral: Numeral) -> bool:
    """Whether the number is a chance, and no dose or threshold: percentages are, decimals beside a word of chance."""
    if numeral.kind == "percent":
        return True
    sentence = text.sentences[text.tokens[numeral.first].sentence]
    return any(t.word in _CHANCE for t in text.of(sentence)) or (numeral.kind == "fraction" and len(numeral.parts) == 2)
