"""The words: facts in every mood, replies, reasons; and no number that the engine did not give."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from llm_bridge import Problem, Reply, answer_text, solve_problem
from llm_bridge._phrases import Phrases, base_of, joined
from scm import Probability

SQUAD = (
    "If the court orders the execution, the captain gives the signal. If the captain gives the signal, rifleman A "
    "shoots and rifleman B shoots. If rifleman A or rifleman B shoots, the prisoner dies. We observed that the "
    "prisoner died. "
)


def phrases(name: str, words: str = "", states: tuple[Any, ...] = (False, True), text: str = "") -> Phrases:
    variable = {"name": name, "words": words, "states": list(states)}
    query = {"query": f'P("{name}"={states[-1]!r})', "words": text}
    return Phrases(Problem.from_data({"variables": [variable], "queries": [query]}))


# ---------------------------------------------------------------------------------------------------------------------
# Facts


@pytest.mark.parametrize(
    ("name", "words", "yes", "no", "would_not", "if_not"),
    [
        ("prisoner dies", "the prisoner dies", "the prisoner dies", "the prisoner does not die",
         "the prisoner would not die", "the prisoner did not die"),
        ("road is wet", "the road is wet", "the road is wet", "the road is not wet",
         "the road would not be wet", "the road were not wet"),
        ("dogs bark", "the dogs bark", "the dogs bark", "the dogs do not bark",
         "the dogs would not bark", "the dogs did not bark"),
        ("rifleman A shoots", "rifleman A shoots", "rifleman A shoots", "rifleman A does not shoot",
         "rifleman A would not shoot", "rifleman A did not shoot"),
        ("nobody is home", "nobody is home", "nobody is home", "somebody is home",
         "somebody would be home", "somebody were home"),
        ("it rains", "it rained", "it rains", "it does not rain", "it would not rain", "it did not rain"),
        ("I press the button", "I press the button", "I press the button", "I do not press the button",
         "I would not press the button", "I did not press the button"),
        ("Ziklo", "Ziklo", "Ziklo occurs", "Ziklo does not occur", "Ziklo would not occur", "Ziklo did not occur"),
        ("fire", "there is a fire", "there is a fire", "there is no fire",
         "there would be no fire", "there were no fire"),
        ("smoking", "smoking", "there is smoking", "there is no smoking",
         "there would be no smoking", "there were no smoking"),
        ("vaccine", "the vaccine", "the vaccine is present", "the vaccine is not present",
         "the vaccine would not be present", "the vaccine were not present"),
        ("rifle_a", "", "rifle_a is true", "rifle_a is false", "rifle_a would be false", "rifle_a were false"),
    ],
)  # fmt: skip
def test_a_fact_in_every_mood(name: str, words: str, yes: str, no: str, would_not: str, if_not: str):
    say = phrases(name, words)
    assert say.fact(name, True) == yes
    assert say.fact(name, False) == no == say.fact(name, True, truth=False)
    assert say.would(name, False) == would_not
    assert say.supposed(name, False) == if_not


def test_a_state_is_said_with_its_variable():
    say = phrases("stone size", states=("small", "large"))
    assert say.fact("stone size", "small") == "stone size is small"
    assert say.fact("stone size", "small", truth=False) == "stone size is not small"
    assert say.would("stone size", "large", still=True) == "stone size would still be large"


def test_still_stands_where_it_belongs():
    assert phrases("road is wet").fact("road is wet", False, still=True) == "road is still not wet"
    assert phrases("prisoner dies").fact("prisoner dies", False, still=True) == "prisoner still does not die"
    assert phrases("prisoner dies").would("prisoner dies", True, still=True) == "prisoner would still die"


@pytest.mark.parametrize(
    ("verb", "base"),
    [("shoots", "shoot"), ("dies", "die"), ("capsizes", "capsize"), ("passes", "pass"), ("watches", "watch"),
     ("flies", "fly"), ("goes", "go"), ("has", "have"), ("closes", "close"), ("glorps", "glorp"), ("press", "press"),
     ("bark", "bark"), ("fizzes", "fizz")],
)  # fmt: skip
def test_the_base_of_a_verb(verb: str, base: str):
    assert base_of(verb) == base


def test_lists():
    assert [joined("abc"[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_an_event_of_several_facts():
    problem = Problem.from_data(
        {
            "variables": [{"name": "Ann", "words": "Ann"}, {"name": "Bob", "words": "Bob"}],
            "queries": [{"query": "P(Ann=True | Bob=False, Ann=True or not Bob)"}],
        }
    )
    query = problem.queries[0].query
    assert isinstance(query, Probability)
    said = Phrases(problem).event(query.given)
    assert said == "Bob does not occur and Ann occurs or Bob does not occur"


# ---------------------------------------------------------------------------------------------------------------------
# Replies


def test_a_lesson_on_the_firing_squad():
    reply = answer_text(SQUAD + "Would the prisoner have died if rifleman A had not shot?")
    assert reply.line == "Yes. The prisoner would still have died if rifleman A had not shot."
    assert reply.words == (
        "Yes. The prisoner would still have died if rifleman A had not shot. We know that the prisoner dies; that is "
        "possible only if the court orders the execution. Since the court orders the execution, the captain gives the "
        "signal, so rifleman B shoots. Now imagine that rifleman A does not shoot, with everything else left as it "
        "was. Since rifleman B shoots, the prisoner still dies."
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "We know that Ziklo causes Blaf, Blaf and Ziklo together cause Trune, Trune causes not Vork, and Vork "
            "causes Lumbo. Would Lumbo occur if not Ziklo instead of Ziklo?",
            "Yes. Lumbo would occur if Ziklo did not occur. Imagine that Ziklo does not occur. Then Blaf does not "
            "occur, so Trune does not occur, so Vork occurs, so Lumbo occurs.",
        ),
        (
            "We know that Ziklo causes Blaf, and Blaf or Gorp causes Trune. We observed not Trune. Would Trune occur "
            "if not Ziklo?",
            "No. Trune would still not occur if Ziklo did not occur. We know that Trune does not occur; that is "
            "possible only if Gorp does not occur. Now imagine that Ziklo does not occur, with everything else left "
            "as it was. Then Blaf does not occur. Since Blaf does not occur and Gorp does not occur, Trune still does "
            "not occur.",
        ),
        (
            "If the alarm rings and nobody is home, the neighbour calls the police. We saw that the alarm rang and the "
            "neighbour did not call the police. Was somebody home?",
            "Yes. Somebody is home. We know that the alarm rings and the neighbour does not call the police; that is "
            "possible only if somebody is home.",
        ),
        (
            "If there is a fire, the alarm rings. The alarm rang. Would the alarm have rung if there had been no fire?",
            "No. The alarm would not ring if there were no fire. Imagine that there is no fire, with everything else "
            "left as it was. Then the alarm does not ring, whatever else was observed.",
        ),
        (
            "If Arnold drops a match or Bella drops a match, the forest burns. Arnold dropped a match and Bella "
            "dropped a match. Did the forest burn because Arnold dropped a match?",
            "No. By the but-for test, the forest would still burn if Arnold did not drop a match. We know that Bella "
            "drops a match. Now imagine that Arnold does not drop a match, with everything else left as it was. Since "
            "Bella drops a match, the forest still burns.",
        ),
    ],
)
def test_a_lesson(text: str, words: str):
    assert answer_text(text).words == words


def test_a_question_on_chance_tells_what_the_observation_teaches():
    text = (
        "If the captain signals or rifleman A is nervous, rifleman A shoots. If the captain signals, rifleman B "
        "shoots. If rifleman A or rifleman B shoots, the prisoner dies. The captain signals with probability 6/10. "
        "Rifleman A is nervous with probability 1/10. In fact, the prisoner died. What is the probability that the "
        "prisoner would have died had rifleman A not shot?"
    )
    assert answer_text(text).words == (
        "Given that the prisoner dies, the probability that the prisoner would die if rifleman A did not shoot is "
        "0.9375. Knowing that the prisoner dies changes the probability that the captain signals from 0.6 to 0.9375 "
        "and that rifleman A is nervous from 0.1 to 0.1562."
    )


def test_a_query_without_plain_words_is_quoted():
    problem = Problem.from_data(
        {
            "variables": [{"name": "X", "states": [0, 1]}, {"name": "Y", "states": [0, 1]}],
            "equations": [{"variable": "Y", "expression": "X"}],
            "statements": [{"term": "P(X=1)", "value": "1/4"}],
            "queries": [{"query": "E[Y]"}],
        }
    )
    assert solve_problem(problem).words == "E[Y] is 0.25."


def test_an_explanation_too_long_is_left_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("llm_bridge._reasons.possible_units", lambda *_, **__: None)
    monkeypatch.setattr("llm_bridge._reasons.MOST_ASKED", 0)
    reply = answer_text(SQUAD + "Would the prisoner have died if rifleman A had not shot?")
    assert reply.words == reply.line


def test_the_same_explanation_with_units_and_without(monkeypatch: pytest.MonkeyPatch):
    question = SQUAD + "Would the prisoner have died if rifleman A had not shot?"
    with_units = answer_text(question).words
    monkeypatch.setattr("llm_bridge._reasons.possible_units", lambda *_, **__: None)
    assert answer_text(question).words == with_units


# ---------------------------------------------------------------------------------------------------------------------
# Numbers


def numbers_in(value: object) -> Iterator[float]:
    """Every number of JSON data, those inside its texts included."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, str):
        yield from (float(n) for n in re.findall(r"\d+(?:\.\d+)?", value.replace(",", "")))
    elif isinstance(value, dict):
        for part in value.values():
            yield from numbers_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from numbers_in(part)


def strangers(reply: Reply) -> list[str]:
    """Numbers of the words that are no rounding of a number of the answer."""
    data = {k: v for k, v in reply.to_json().items() if k != "answer"}
    known = list(numbers_in(data))
    out: list[str] = []
    for shown in re.findall(r"\d+(?:\.\d+)?", reply.line.replace(",", "")):
        digits = len(shown.partition(".")[2])
        if not any(abs(float(shown) - n) <= 0.5 * 10**-digits + 1e-12 for n in known):
            out.append(shown)
    return out


@pytest.mark.parametrize(
    "text",
    [
        "Rain makes the road wet with probability 0.9. It rains with probability 0.3. What is the probability that "
        "the road is wet?",
        "We know that Ziklo causes Blaf. Would Blaf occur if not Ziklo?",
        "If there is a burglary, the alarm sounds with probability 0.9. If there is an earthquake, the alarm sounds "
        "with probability 0.3. There is a burglary with probability 0.01. There is an earthquake with probability "
        "0.02. The alarm sounded. How likely is it that there was a burglary?",
        "Of the 1,000 people who got the vaccine, 50 fell ill. Of the 1,000 people who did not get the vaccine, 200 "
        "fell ill. The vaccine affects illness. What would the illness rate be if everyone got the vaccine?",
    ],
)
def test_every_number_is_the_engines(text: str):
    reply = answer_text(text)
    assert reply.answers, reply.fault
    assert strangers(reply) in ([], ["2000"])  # how many were counted in all is a sum of the text's counts


def test_a_stranger_is_noticed():
    reply = answer_text("We know that Ziklo causes Blaf. Would Blaf occur if not Ziklo?")
    reply.__dict__["line"] = "The probability is 0.37."
    assert strangers(reply) == ["0.37"]
