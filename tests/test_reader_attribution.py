"""Questions of attribution over counts: the query that is read, and Tian and Pearl's ends for it."""

from __future__ import annotations

import pytest

from llm_bridge import answer_text, read
from scm import parse_query

COUNTS = (
    "The drug affects recovery. Of the 1,000 people who took the drug, 700 recovered. "
    "Of the 1,000 people who did not take the drug, 400 recovered. "
)
NECESSITY = "P(recovery[drug=False] = False | drug = True, recovery = True)"
SUFFICIENCY = "P(recovery[drug=True] = True | drug = False, recovery = False)"
BOTH = "P(recovery[drug=True] = True, recovery[drug=False] = False)"
QUESTIONS = [
    ("What is the probability of necessity of the drug for recovery?", NECESSITY),
    ("What is the probability that the drug was a necessary cause of recovery?", NECESSITY),
    (
        "Among the people who took the drug and recovered, what share would not have recovered without the drug?",
        NECESSITY,
    ),
    ("Of those who took the drug and recovered, what fraction would not have recovered without the drug?", NECESSITY),
    (
        "Given that someone took the drug and recovered, what is the probability that they would not have recovered "
        "had they not taken the drug?",
        NECESSITY,
    ),
    (
        "Given that a patient took the drug and recovered, how likely is it that the patient would still have "
        "recovered without the drug?",
        "P(recovery[drug=False] = True | drug = True, recovery = True)",
    ),
    ("How likely is it that the drug is a sufficient cause of recovery?", SUFFICIENCY),
    (
        "Given that somebody did not take the drug and did not recover, what is the chance that they would have "
        "recovered if they had taken the drug?",
        SUFFICIENCY,
    ),
    ("What is the probability of necessity and sufficiency of the drug for recovery?", BOTH),
    ("What is the probability that the drug is a necessary and sufficient cause of recovery?", BOTH),
    (
        "Of those who took the drug, what share would have recovered without the drug?",
        "P(recovery[drug=False] = True | drug = True)",
    ),
]


@pytest.mark.parametrize(("question", "query"), QUESTIONS)
def test_the_query_is_read(question: str, query: str):
    problem = read(COUNTS + question)
    assert problem.cannot is None
    assert [asked.query for asked in problem.queries] == [parse_query(query)]


@pytest.mark.parametrize(
    ("query", "ends"),
    [
        # Tian and Pearl (2000), without confounding: max(0, p - q), min(p, 1 - q), over p or over 1 - q.
        (NECESSITY, ((0.7 - 0.4) / 0.7, min(0.7, 0.6) / 0.7)),
        (SUFFICIENCY, ((0.7 - 0.4) / 0.6, min(0.7, 0.6) / 0.6)),
        (BOTH, (0.7 - 0.4, min(0.7, 0.6))),
    ],
)
def test_the_ends_are_tian_and_pearls(query: str, ends: tuple[float, float]):
    question = next(words for words, own in QUESTIONS if own == query)
    (answer,) = answer_text(COUNTS + question).answers
    assert answer.finding == "bounds"
    assert answer.interval is not None
    assert (answer.interval.lower, answer.interval.upper) == pytest.approx(ends, abs=1e-9)
    assert answer.interval.sharp


WORLD = (
    "Smoking has a direct effect on lung cancer. For people who smoke, the probability of lung cancer is 20%. "
    "For people who do not smoke, the probability of lung cancer is 5%. "
)


@pytest.mark.parametrize(
    ("question", "query", "ends"),
    [
        (
            "What is the probability of necessity of smoking for lung cancer?",
            'P("lung cancer"[smoking=False] = False | smoking = True, "lung cancer" = True)',
            (0.75, 1.0),
        ),
        (
            "How likely is it that smoking is a sufficient cause of lung cancer?",
            'P("lung cancer"[smoking=True] = True | smoking = False, "lung cancer" = False)',
            (0.15 / 0.95, 0.2 / 0.95),
        ),
        (
            "What is the probability of necessity and sufficiency of smoking for lung cancer?",
            'P("lung cancer"[smoking=True] = True, "lung cancer"[smoking=False] = False)',
            (0.15, 0.2),
        ),
    ],
)
def test_percentages_in_a_graph_told_in_words(question: str, query: str, ends: tuple[float, float]):
    (answer,) = answer_text(WORLD + question).answers
    assert answer.query == parse_query(query)
    assert answer.interval is not None
    assert (answer.interval.lower, answer.interval.upper) == pytest.approx(ends, abs=1e-9)


@pytest.mark.parametrize("what", ["smoking for lung cancer in women", "tea for lung cancer", "smoking for smoking"])
def test_what_the_text_does_not_speak_of_is_not_guessed(what: str):
    assert read(f"{WORLD}What is the probability of necessity of {what}?").cannot is not None


def test_treatments_of_several_kinds_are_compared_with_what_is_said():
    counts = (
        "Treatment affects recovery. Of the 350 patients who got treatment A, 273 recovered. "
        "Of the 350 patients who got treatment B, 289 recovered. "
    )
    question = "What is the probability of necessity of treatment A for recovery?"
    problem = read(counts + question)
    assert problem.cannot is not None
    assert "compared with what" in problem.cannot
    asked = read(
        counts
        + "Given that a patient got treatment A and recovered, how likely is it that they would not have recovered "
        "had they got treatment B?"
    )
    assert asked.cannot is None
    assert [one.query for one in asked.queries] == [
        parse_query("P(recovery[treatment='B'] = False | treatment = 'A', recovery = True)")
    ]


@pytest.mark.parametrize(
    "question",
    [
        "Given that someone took the drug and recovered, what is the probability that they would not have recovered "
        "had they not taken it?",
        "What is the probability of necessity of the drug for happiness?",
        "Among those who took the pill and recovered, what share would not have recovered without the drug?",
    ],
)
def test_what_the_counts_do_not_have_is_not_guessed(question: str):
    assert read(COUNTS + question).cannot is not None


def test_facts_of_two_worlds_are_said_in_words():
    question = next(words for words, own in QUESTIONS if own == BOTH)
    assert answer_text(COUNTS + question).line.startswith(
        "The probability that both there would be recovery if the drug were present, and there would be no recovery "
        "if the drug were not present lies between 30% and 60%"
    )


@pytest.mark.parametrize(
    "question",
    [
        "What is the probability of necessity of the drug for not recovering?",
        "What is the probability of necessity of the absence of the drug for recovery?",
        "What is the probability that the drug is a necessary cause of recovery in women?",
        "What is the effect of the drug on not recovering?",
        "What is the effect of skipping the drug on recovery?",
        "What is the probability of recovery if everyone refused the drug?",
        "Does the drug increase the chance of failure to recover?",
    ],
)
def test_words_beyond_those_of_the_counts_are_not_passed_over(question: str):
    assert read(COUNTS + question).cannot is not None


def test_descriptions_are_not_taken_for_one_that_is_part_of_them():
    problem = read(COUNTS.replace("did not take", "refused") + "What is the effect of the drug on recovery?")
    assert problem.cannot is not None


def test_a_description_may_say_more_where_its_words_are_the_counts_own():
    """ "Treatment B" of what the counts once call "B"; another word before it is another thing."""
    counts = (
        "Treatment affects recovery. Of the 350 patients who got treatment A, 273 recovered. "
        "Of the 350 patients who got B, 289 recovered. "
    )
    assert read(counts + "What is the recovery rate among those who got treatment B?").cannot is None
    assert read(counts + "What is the recovery rate among those who got fake B?").cannot is not None
