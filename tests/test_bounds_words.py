"""Bounds in words: no interval is said narrower than it is; a yes or a no is said only where all of it means that."""

from __future__ import annotations

import math
import random
import re
from decimal import Decimal
from typing import Any

import pytest

from llm_bridge import InvalidProblem, Problem, Reply, answer_text, solve_problem
from llm_bridge._interval_words import PERCENT, PLAIN, POINTS, Scale, cannot_say_more, ends_said, lies
from llm_bridge._problem import Reply as Form
from llm_bridge._verbalise import Case, line
from llm_bridge._verdict import verdict
from scm import Answer, Confidence, Interval, Uncertainty, no_defiers, no_prevention, parse_query
from scm._text import ends_text, inward_text, outward_text

CHANCE = "P(recovery[drug=True]=True)"
EFFECT = "P(recovery[drug=True]=True) - P(recovery[drug=False]=True)"
WORDS = {"drug": 'True: "the drug", False: "no drug"', "recovery": 'True: "recovery", False: "illness"'}


def bounds(low: float, high: float, *, query: str = CHANCE, inner: Any = None, **more: Any) -> Answer:
    """An answer with these outer ends; sharp unless inner ends are given."""
    least, most = (low, high) if inner is None else inner
    interval = Interval(least, most, low, high, inner is None)
    return Answer(parse_query(query, ("drug", "recovery")), "bounds", interval=interval, **more)


def problem(*queries: str, **reply: Any) -> Problem:
    return Problem.from_data(
        {
            "variables": [{"name": n, "description": d} for n, d in WORDS.items()],
            "edges": [{"cause": "drug", "effect": "recovery"}],
            "queries": [{"query": q} for q in queries or (CHANCE,)],
            "reply": reply or {"kind": "number"},
        }
    )


def told(answer: Answer, **reply: Any) -> str:
    """The line of a reply that has this one answer."""
    asked = problem(answer.text, **reply)
    said = verdict(asked.reply, [answer])
    return line(Case(asked, None, (answer,), (), said, "bounds", ""))


# ---------------------------------------------------------------------------------------------------------------------
# Ends


@pytest.mark.parametrize(
    ("low", "high", "scale", "words"),
    [
        (0.392, 0.780, PERCENT, "lies between 39% and 78%"),
        (0.392, 0.7801, PERCENT, "lies between 39% and 79%"),
        (0.392 + 1e-15, 0.780 - 1e-15, PERCENT, "lies between 39% and 78%"),
        (0.39, 1.0, PERCENT, "is at least 39%"),
        (0.0, 0.7812, PERCENT, "is at most 79%"),
        (0.0, 1.0, PERCENT, "can be anything from 0% to 100%: what is given says nothing about it"),
        (-1.0, 1.0, POINTS, "can be anything from -100 to 100 percentage points: what is given says nothing about it"),
        (-1.0, 0.25, POINTS, "is at most 25 percentage points"),
        (-0.12, 0.21, POINTS, "lies between -12 and 21 percentage points"),
        (0.003, 0.5, PERCENT, "lies between 0.3% and 50%"),  # what is not zero is not said to be
        (0.0, 0.9996, PERCENT, "is at most 99.96%"),
        (0.1, 0.1012, PERCENT, "lies between 10% and 10.12%"),
        (0.25, 0.25, PERCENT, "is 25%"),
        (2.0, 3.57, PLAIN, "lies between 2 and 3.6"),
        (2.0, math.inf, PLAIN, "is at least 2"),
        (-math.inf, math.inf, PLAIN, "can be any number: what is given says nothing about it"),
        (-0.2, 0.0, POINTS, "lies between -20 and 0 percentage points"),
    ],
)  # fmt: skip
def test_where_a_value_lies(low: float, high: float, scale: Scale, words: str):
    assert lies(low, high, scale) == words


def test_an_end_does_not_seem_to_reach_what_it_is_compared_with():
    assert lies(0.501, 0.9, PERCENT) == "lies between 50% and 90%"
    assert lies(0.501, 0.9, PERCENT, (0.5,)) == "lies between 50.1% and 90%"
    assert lies(0.2, 0.49999, PERCENT, (0.5,)) == "lies between 20% and 49.999%"
    assert lies(0.5, 0.9, PERCENT, (0.5,)) == "lies between 50% and 90%"


@pytest.mark.parametrize("scale", [PERCENT, POINTS, PLAIN])
def test_no_interval_is_said_narrower_than_it_is(scale: Scale):
    rng = random.Random(7)
    for _ in range(3_000):
        size = 10.0 ** rng.uniform(-7, 0)
        low = rng.choice([rng.random(), rng.random() * 1e-6, round(rng.random(), 2)])
        high = min(low + size, 1.0)
        first, last = (Decimal(x.removesuffix("%")) / scale.factor for x in ends_said(low, high, scale, (0.5,)))
        slack = Decimal("1.1e-9")
        assert first <= Decimal(low) + slack
        assert last >= Decimal(high) - slack
        if high - low > 1e-4:  # nor much wider
            assert last - first <= Decimal(high - low) * Decimal("1.5") + slack


def test_the_engine_prints_outer_ends_outwards_and_inner_ends_inwards():
    rng = random.Random(8)
    for _ in range(3_000):
        low, high = sorted(rng.choice([rng.random(), -rng.random(), rng.random() * 1e-9]) for _ in "ab")
        slack = Decimal("1.1e-9")
        out, within = ([Decimal(x) for x in text(low, high)] for text in (outward_text, inward_text))
        assert out[0] <= Decimal(low) + abs(Decimal(low)) * slack
        assert out[1] >= Decimal(high) - abs(Decimal(high)) * slack
        if high - low > 1e-4:
            assert within[0] >= Decimal(low) - abs(Decimal(low)) * slack
            assert within[1] <= Decimal(high) + abs(Decimal(high)) * slack
    assert ends_text(1 / 3, 2 / 3) == "between 0.333333 and 0.666667"
    assert ends_text(0.1 + 0.2, 2 / 3 - 1e-9) == "between 0.3 and 0.666667"
    assert ends_text(0.1234561, 0.1234564) == "between 0.123456 and 0.123457"
    assert inward_text(1 / 3, 2 / 3) == ("0.333334", "0.666666")
    assert outward_text(0.0, 1.0) == ("0", "1")
    assert outward_text(-math.inf, math.inf) == ("-inf", "inf")


def test_the_engine_says_what_is_attained_of_outer_ends():
    text = bounds(0.2, 0.8, inner=(1 / 3, 2 / 3)).to_text()
    assert "between 0.2 and 0.8 (attained: at least between 0.333334 and 0.666666)" in text
    assert "between 0.2 and 0.8 (perhaps within less)" in bounds(0.2, 0.8, inner=(math.nan, 0.8)).to_text()


# ---------------------------------------------------------------------------------------------------------------------
# Replies


def test_a_number_that_is_bounded():
    lead = 'The probability of "recovery" with "the drug"'
    assert told(bounds(0.392, 0.78)) == f"{lead} lies between 39% and 78%."
    assert told(bounds(0.392, 1.0)) == f"{lead} is at least 39%."
    assert told(bounds(0.0, 1.0)).endswith("can be anything from 0% to 100%: what is given says nothing about it.")
    assert verdict(problem().reply, [bounds(0.392, 0.78)]) is None


def test_what_closer_bounds_would_take_is_said():
    missing = {"missing": ["P(drug=True)", "P(recovery=True | drug=True)"]}
    said = told(bounds(0.392, 0.78, diagnostics=missing))
    assert said.endswith(
        "lies between 39% and 78%; what is given cannot say more without a further number, such as the probability of "
        '"the drug".'
    )
    one = {"further": [{"law": "P(recovery=True | drug=True)", "width": 0.1}], **missing}
    assert told(bounds(0.392, 0.78, diagnostics=one)).endswith(
        'what is given cannot say more without the probability of "recovery" among "the drug".'
    )
    assert cannot_say_more(None, bounds(0.392, 0.78, diagnostics=missing)).endswith("such as P(drug=True)")


def test_ends_that_are_not_proved_to_be_attained_are_told_from_those_that_are():
    said = told(bounds(0.2, 0.8, inner=(0.3333, 0.6667)))
    assert (
        "lies between 20% and 80%; closer bounds than these are not ruled out (all from 34% to 66% is possible)" in said
    )
    said = told(bounds(0.2, 0.8, inner=(math.nan, 0.8)))
    assert said.endswith("closer bounds than these are not ruled out.")


@pytest.mark.parametrize(
    ("comparison", "threshold", "low", "high", "reply"),
    [
        (">", 0.0, 0.01, 0.4, "yes"),
        (">", 0.0, -0.4, -0.01, "no"),
        (">", 0.0, -0.4, 0.0, "no"),
        (">", 0.0, 0.0, 0.4, None),  # zero is possible, and is not above zero
        (">=", 0.0, 0.0, 0.4, "yes"),
        ("<", 0.0, 0.0, 0.4, "no"),
        ("<", 0.0, -0.1, 0.4, None),
        ("=", 0.0, -0.1, 0.4, None),
        ("=", 0.0, 0.1, 0.4, "no"),
        (">", 0.0, math.nan, math.nan, None),
    ],
)  # fmt: skip
def test_yes_or_no_only_where_all_of_the_interval_means_that(
    comparison: str, threshold: float, low: float, high: float, reply: str | None
):
    form = Form.model_validate({"kind": "yes-no", "comparison": comparison, "threshold": threshold})
    assert verdict(form, [bounds(low, high, query=EFFECT)]) == reply


def test_outer_ends_decide_and_inner_ends_do_not():
    form = Form.model_validate({"kind": "yes-no", "comparison": ">", "threshold": 0.0})
    assert verdict(form, [bounds(-0.01, 0.4, query=EFFECT, inner=(0.1, 0.3))]) is None
    assert verdict(form, [bounds(0.01, 0.4, query=EFFECT, inner=(math.nan, math.nan))]) == "yes"


def test_the_line_of_a_yes_and_of_neither():
    form = {"kind": "yes-no", "comparison": ">", "threshold": 0.0}
    effect = 'the probability of "recovery" with "the drug", less that with "no drug",'
    assert told(bounds(0.0004, 0.4, query=EFFECT), **form) == (
        f"Yes: {effect} lies between 0.04 and 40 percentage points."
    )
    assert told(bounds(-0.12, 0.4, query=EFFECT), **form) == (
        f"Not determined by what is said: {effect} lies between -12 and 40 percentage points."
    )
    assert told(bounds(0.6, 1.0), kind="yes-no") == (
        'Yes, more likely than not: the probability of "recovery" with "the drug" is at least 60%.'
    )


def test_chance_in_the_counts_is_kept_apart_and_can_take_a_yes_back():
    form = {"kind": "yes-no", "comparison": ">", "threshold": 0.0}
    chance = Uncertainty(confidence=Confidence(-0.05, 0.5, 0.95, "region of the counts"))
    said = told(bounds(0.02, 0.4, query=EFFECT, uncertainty=chance), **form)
    assert said.startswith("Yes: ")
    assert "lies between 2 and 40 percentage points, with 95% confidence between -5 and 50 percentage points" in said
    assert said.endswith("chance in the counts could put it on the other side.")
    sure = Uncertainty(confidence=Confidence(0.01, 0.5, 0.95, "region of the counts"))
    assert "the other side" not in told(bounds(0.02, 0.4, query=EFFECT, uncertainty=sure), **form)


def test_a_choice_is_made_where_one_option_is_ahead_whatever_holds():
    form = Form.model_validate({"kind": "choice", "options": ["drug", "none"]})
    apart, over = (bounds(0.5, 0.9), bounds(0.1, 0.4)), (bounds(0.5, 0.9), bounds(0.1, 0.6))
    assert (verdict(form, apart), verdict(form, over)) == ("drug", None)
    asked = problem(CHANCE, CHANCE, kind="choice", options=["drug", "none"])
    said = line(Case(asked, None, over, (), None, "bounds", ""))
    assert (
        said == "None of the options is certainly ahead: between 50% and 90% for drug and between 10% and 60% for none."
    )


# ---------------------------------------------------------------------------------------------------------------------
# Whole chains


def test_no_figure_of_a_bounded_reply_is_inside_the_interval():
    text = (
        "Imagine a self-contained, hypothetical world with only the following conditions, and without any unmentioned "
        "factors or causal relationships: Rixq has a direct effect on zuph and xevu. Swoy has a direct effect on zuph "
        "and xevu. Zuph has a direct effect on xevu. Swoy is unobserved. For those who are not rixq and are not zuph, "
        "the probability of xevu is 96%. For those who are not rixq and are zuph, the probability of xevu is 50%. For "
        "those who are rixq and are not zuph, the probability of xevu is 70%. For those who are rixq and are zuph, the "
        "probability of xevu is 49%. For those who are not rixq and are not swoy, the probability of zuph is 27%. For "
        "those who are not rixq and are swoy, the probability of zuph is 84%. For those who are rixq and are not swoy, "
        "the probability of zuph is 25%. For those who are rixq and are swoy, the probability of zuph is 94%. The "
        "overall probability of swoy is 14%. Does rixq positively affect xevu through zuph?"
    )
    reply = answer_text(text)
    assert (reply.finding, reply.reply) == ("bounds", None)
    found = re.search(r"lies between (-?[\d.]+) and (-?[\d.]+) percentage points", reply.line)
    assert found is not None
    (answer,) = reply.answers
    assert answer.interval is not None
    assert float(found[1]) / 100 <= float(answer.interval.outer_lower) + 1e-9
    assert float(found[2]) / 100 >= float(answer.interval.outer_upper) - 1e-9
    assert "cannot say more without a further number" in reply.line


def test_a_bounded_number_is_no_number_to_be_right_with():
    data = {
        "variables": [{"name": "X"}, {"name": "Y"}],
        "equations": [{"variable": "Y", "expression": "X"}],
        "queries": [{"query": "P(Y=True)"}],
    }
    reply: Reply = solve_problem(Problem.from_data(data))
    assert (reply.finding, reply.reply) == ("bounds", None)
    assert reply.to_json()["value"] is None


# ---------------------------------------------------------------------------------------------------------------------
# What a text grants

TRIAL = (
    "Assignment has a direct effect on treatment. Treatment has a direct effect on recovery. Confounder has a direct "
    "effect on treatment and recovery. Confounder is unobserved. For those who are not assigned, the probability of "
    "treatment is 20%. For those who are assigned, the probability of treatment is 61%. For those who are not "
    "assigned, the probability of recovery is 10%. For those who are assigned, the probability of recovery is 48%. "
    "{granted} Will treatment increase the chance of recovery?"
)


def test_bounds_of_a_text_leave_it_open_and_what_is_granted_decides():
    open_ = answer_text(TRIAL.format(granted=""))
    assert (open_.finding, open_.reply) == ("bounds", None)
    assert open_.line.startswith("Not determined by what is said: ")
    granted = answer_text(TRIAL.format(granted="The treatment never prevents recovery."))
    assert (granted.finding, granted.reply) == ("bounds", "yes")
    # 48% - 10% is the least effect: all that assignment does, it does through treatment (by hand).
    assert granted.answers[0].interval is not None
    assert float(granted.answers[0].interval.outer_lower) == pytest.approx(0.38, abs=1e-9)
    assert granted.problem is not None
    assert [(g.shape, g.words) for g in granted.problem.granted] == [
        (no_prevention("treatment", "recovery"), "The treatment never prevents recovery.")
    ]
    assert [a.granted_by for a in granted.assumptions if "no prevention" in a.text] == ["the text"]


@pytest.mark.parametrize(
    ("sentence", "shape"),
    [
        ("We assume that treatment prevents recovery in no patient.", no_prevention("treatment", "recovery")),
        ("It is known that the treatment never lowers recovery.", no_prevention("treatment", "recovery")),
        ("Nobody does the opposite of what they are assigned.", no_defiers("assignment", "treatment")),
        ("There are no defiers.", no_defiers("assignment", "treatment")),
    ],
)
def test_sentences_that_grant(sentence: str, shape: Any):
    reply = answer_text(TRIAL.format(granted=sentence))
    assert reply.reply == "yes"
    assert reply.problem is not None
    assert [g.shape for g in reply.problem.granted] == [shape]


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("The treatment never prevents death.", 'Which variable is "death"'),
        ("The treatment rarely prevents recovery.", "has no place"),
        ("Everybody does the opposite of what they are assigned.", "has no place"),
    ],
)
def test_what_is_not_clearly_granted_is_not_read(sentence: str, words: str):
    reply = answer_text(TRIAL.format(granted=sentence))
    assert reply.finding == "unreadable"
    assert words in reply.line


def test_a_user_may_grant_the_same_and_is_named():
    reply = answer_text(TRIAL.format(granted=""), assume=no_prevention("treatment", "recovery"))
    assert reply.reply == "yes"
    assert [a.granted_by for a in reply.assumptions if "no prevention" in a.text] == ["the user"]


def test_a_problem_with_grants_is_data():
    reply = answer_text(TRIAL.format(granted="There are no defiers."))
    assert reply.problem is not None
    text = reply.problem.to_json()
    assert '"shape": "no_defiers(assignment, treatment)"' in text
    assert Problem.from_json(text) == reply.problem
    with pytest.raises(InvalidProblem, match="no_prevention\\(drug, death\\)"):
        Problem.from_data({**_pair(), "granted": [{"shape": "no_prevention(drug, death)"}]})
    with pytest.raises(InvalidProblem, match="Expected one of"):
        Problem.from_data({**_pair(), "granted": [{"shape": "__import__('os')"}]})
    clash = {**_pair(), "granted": [{"shape": "no_prevention(drug, recovery)"}]}
    rules = {**clash, "edges": [], "equations": [{"variable": "recovery", "expression": "drug"}]}
    assert "beside equations" in solve_problem(Problem.from_data(rules)).fault


def _pair() -> dict[str, Any]:
    return {
        "variables": [{"name": "drug"}, {"name": "recovery"}],
        "edges": [{"cause": "drug", "effect": "recovery"}],
        "queries": [{"query": CHANCE}],
    }
