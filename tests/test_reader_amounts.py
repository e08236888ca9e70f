"""Word problems that ask by how much, and chances of two things at once in a stratum; what of it must not be read."""

from __future__ import annotations

import pytest

from llm_bridge import answer_text, read

GRAPH = (
    "Assignment has a direct effect on treatment. Treatment has a direct effect on recovery. Motivation has a direct "
    "effect on treatment and recovery. Motivation is unobserved. "
)
TRIAL = (
    "For people who are not assigned, the probability of treatment is 0%. For people who are not assigned, the "
    "probability of recovery is 8.1%. For people who are assigned, the probability of treatment is 61.2%. For people "
    "who are assigned, the probability of recovery is 54.6%. "
)
BOTH = "For people who are assigned, the probability of treatment and recovery is 47.3%. "
EFFECT = "P(recovery[treatment=True] = True) - P(recovery[treatment=False] = True)"
AGAINST = "P(recovery[treatment=False] = True) - P(recovery[treatment=True] = True)"


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("What is the effect of treatment on recovery?", EFFECT),
        ("What is the average causal effect of treatment on recovery?", EFFECT),
        ("How much does treatment increase the chance of recovery?", EFFECT),
        ("How much would treatment raise the probability of recovery?", EFFECT),
        ("How much does treatment decrease the chance of recovery?", AGAINST),
        ("What is the effect of no treatment on recovery?", AGAINST),
    ],
)
def test_an_amount_is_asked_for(question: str, asked: str) -> None:
    problem = read(GRAPH + TRIAL + question)
    assert problem.cannot is None
    assert problem.reply.kind == "number"
    assert [query.text for query in problem.queries] == [asked]


def test_the_lipid_trial_in_words() -> None:
    """Balke and Pearl (1997), section 3.3: between 39.2% and 78.0%; the marginals alone leave more open."""
    told = answer_text(GRAPH + TRIAL + BOTH + "What is the effect of treatment on recovery?")
    assert told.finding == "bounds"
    (answer,) = told.answers
    assert answer.interval is not None
    assert (answer.interval.lower, answer.interval.upper) == pytest.approx((0.392, 0.780), abs=0.002)
    assert "lies between 39 and 78 percentage points" in told.words
    wider = answer_text(GRAPH + TRIAL + "What is the effect of treatment on recovery?").answers[0].interval
    assert wider is not None
    assert wider.upper > 0.85


@pytest.mark.parametrize(
    ("said", "term"),
    [
        ("treatment and recovery", "P(treatment = True, recovery = True | assignment = True)"),
        ("both treatment and recovery", "P(treatment = True, recovery = True | assignment = True)"),
        ("no treatment and recovery", "P(treatment = False, recovery = True | assignment = True)"),
        ("treatment and no recovery", "P(treatment = True, recovery = False | assignment = True)"),
    ],
)
def test_two_things_at_once_in_a_stratum(said: str, term: str) -> None:
    text = f"{GRAPH}{TRIAL}For people who are assigned, the probability of {said} is 10%. "
    problem = read(text + "Will treatment increase the chance of recovery?")
    assert problem.cannot is None
    assert str(problem.statements[-1].term) == term


@pytest.mark.parametrize(
    "said",
    [
        "treatment and quick recovery",
        "treatment and happiness",
        "treatment or recovery",
        "treatment and cat and recovery",
    ],
)
def test_two_things_of_which_one_is_unknown_are_not_read(said: str) -> None:
    text = f"{GRAPH}{TRIAL}For people who are assigned, the probability of {said} is 10%. "
    assert read(text + "Will treatment increase the chance of recovery?").cannot


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("What is the effect of treatment on recovery for men?", "has no place"),
        ("What is the effect of the blue treatment on recovery?", "blue"),
        ("What is the effect of treatment on the speed of recovery?", "speed"),
        ("What is the effect of treatment on recovery compared with surgery?", "has no place"),
        ("What is the direct effect of treatment on recovery?", "not understood"),
        ("What is the effect of treatment on recovery and assignment?", "more than one outcome"),
        ("How much does treatment raise the chance of recovery and survival?", "more than one outcome"),
        ("What is the effect of treatment on the treated?", ""),
        ("What is the effect of treatment on treatment?", "on itself"),
        ("How much more does treatment increase the chance of recovery?", "not understood"),
        ("What is the effect of assignment on treatment on recovery?", ""),
    ],
)
def test_every_word_of_the_question_has_a_place(question: str, reason: str) -> None:
    problem = read(GRAPH + TRIAL + question)
    assert problem.cannot
    assert reason in problem.cannot


def test_the_treated_are_no_outcome() -> None:
    text = GRAPH + TRIAL + "For people who are treated, the probability of recovery is 60%. "
    assert read(text + "What is the effect of treatment on the treated?").cannot


def test_a_question_that_is_not_understood_is_shown_one_that_is() -> None:
    told = read(GRAPH + TRIAL + "Is treatment any good?").cannot
    assert told
    assert "How much does A increase the chance of B?" in told
