"""The offline reader: ordinary English as data, what must not be read, and that no text makes it raise."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_bridge import compile_problem, read
from llm_bridge._problem import Problem
from scm import parse_expression, parse_query
from tests.reading import cases

READ = [*cases("ordinary"), *cases("heldout"), *cases("users")]
ABSTAIN = cases("abstain")


@pytest.mark.parametrize("case", [c for c in READ if c.reply not in ("cannot", "skip")], ids=lambda c: c.name)
def test_ordinary_english_is_read_as_meant(case):
    problem = read(case.text)
    assert problem.cannot is None
    assert {e.variable: e.expression for e in problem.equations} == {
        name: parse_expression(text) for name, text in case.equations.items()
    }
    stated = {str(s.term): s.value or "{}/{}".format(*s.counts or ()) for s in problem.statements}
    assert stated == case.statements
    assert [q.query for q in problem.queries] == [parse_query(text) for text in case.queries]
    assert problem.reply.kind == case.reply


@pytest.mark.parametrize("case", [c for c in READ if c.reply != "skip"], ids=lambda c: c.name)
def test_what_is_read_survives_a_file_and_compiles(case):
    problem = read(case.text)
    assert Problem.from_json(problem.to_json()) == problem
    if problem.cannot is None:
        compile_problem(problem)


@pytest.mark.parametrize("case", [*ABSTAIN, *(c for c in READ if c.reply == "cannot")], ids=lambda c: c.name)
def test_what_is_not_understood_is_not_read(case):
    problem = read(case.text)
    assert problem.cannot
    assert case.reason.lower() in problem.cannot.lower()
    assert not problem.queries


def test_there_are_enough_cases():
    assert len(READ) >= 120
    assert len(ABSTAIN) >= 60


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n\t ", "empty"),
        ("x" * 1_000_000, "1,000,000 characters"),
        ("If A happens, B happens. " * 4_001, "100,025 characters"),
        ("the dog " * 10_000 + "barks?", "words"),
    ],
)
def test_extreme_texts_get_a_plain_reason_at_once(text, reason):
    began = time.perf_counter()
    assert reason in (read(text).cannot or "")
    assert time.perf_counter() - began < 1


def test_the_reason_names_the_words_that_have_no_place():
    problem = read("If it rains, the road is usually wet. Would the road be wet if it did not rain?")
    assert '"usually"' in (problem.cannot or "")


def test_an_unknown_name_is_refused_with_the_near_one():
    problem = read("If it rains, the road is wet. Would the rode be wet if it had not rained?")
    assert '"the rode be wet"' in (problem.cannot or "")
    assert '"road is wet"' in (problem.cannot or "")


@pytest.mark.parametrize(
    ("text", "assumption"),
    [
        ("If A happens, B happens. Did B happen?", "What is not said to cause something does not cause it."),
        ("A causes B. C causes B. Did B happen?", '2 rules that bring about "B": each is enough by itself'),
        ("A causes B. C prevents B. Did B happen?", 'What prevents "B" wins'),
        ("B happens only if A happens. Did B happen?", 'What "B" is said to need is also enough'),
        ("A causes B. A and B happened. Did A cause B?", "but-for"),
        ("If A happens, B happens. Does B happen if A happens?", "something learned"),
        ("A causes B. Would B happen if Zork had not happened?", 'No rule mentions "Zork"'),
        ("The light is on unless the fuse blows. The light is off. Did the fuse blow?", 'read as not "light is on"'),
        ("If Al fires, Bob dies. Would Bob be alive if Al had not fired?", '"Bob is alive" is read as not "Bob dies"'),
        ("If the cat runs, Bob falls. The cat ran and Bob fell. Did the cat cause Bob to fall?", 'read as "cat runs"'),
        ("It takes A and B to open the safe. The safe was opened. Would the safe open without A?", "read as"),
        ("Cold and wind cause ice. Would there be ice without wind?", "needed together"),
        ("A causes B with probability 0.5. Did B happen?", "independently of all else"),
        ("The sprinkler makes the road wet. If the tap is open, the sprinkler is on. Is the road wet?", "is read as"),
    ],
)
def test_what_the_reader_adds_is_listed(text, assumption):
    problem = read(text)
    assert any(assumption in line for line in problem.assumptions), problem


def test_a_cycle_is_read_and_refused_with_the_cycle_printed():
    problem = read("A causes B. B causes C. C causes A. Would A happen if B had not happened?")
    assert problem.cannot is None
    with pytest.raises(ValueError, match=r"A -> B -> C -> A|B -> C -> A -> B|C -> A -> B -> C"):
        compile_problem(problem)


@given(st.text(max_size=300))
def test_no_text_makes_it_raise(text):
    read(text)


PIECES = [word for case in READ + ABSTAIN for word in case.text.split()]


def test_no_shuffle_of_its_own_words_makes_it_raise():
    rng = random.Random(7)
    for _ in range(3_000):
        text = " ".join(rng.choices(PIECES, k=rng.randint(1, 25))) + rng.choice("?.,")
        Problem.from_json(read(text).to_json()) if read(text).cannot else None


def test_time_grows_with_the_text_and_not_faster():
    rule = "If the bell {0} rings, the dog {0} barks. "
    question = "Did the dog 1 bark?"

    def seconds(rules: int) -> float:
        text = "".join(rule.format(i) for i in range(rules)) + question
        began = time.perf_counter()
        assert read(text).cannot is None
        return time.perf_counter() - began

    seconds(10)
    assert seconds(800) < 8 * seconds(200) + 0.5
