"""Answers from a graph and statements in words: what confounds, what is enough, the arithmetic, what is missing."""

from __future__ import annotations

from typing import Any

import pytest

from llm_bridge import Problem, answer_text, solve_problem
from llm_bridge._pipeline import Reply

EFFECT = "P(recovery[drug=True] = True) - P(recovery[drug=False] = True)"
STATES = {
    "drug": 'True: "took the drug", False: "took no drug"',
    "recovery": 'True: "recovering", False: "staying ill"',
    "age": 'True: "older people", False: "younger people"',
}


def asked(query: str = EFFECT, **parts: Any) -> Reply:
    edges = parts.pop("edges", [("age", "drug"), ("age", "recovery"), ("drug", "recovery")])
    names = list(dict.fromkeys(name for edge in edges for name in edge))
    hidden = parts.pop("hidden", ())
    base: dict[str, Any] = {
        "variables": [{"name": n, "description": STATES.get(n, ""), "observed": n not in hidden} for n in names],
        "edges": [{"cause": a, "effect": b} for a, b in edges],
        "queries": [{"query": query}],
        "reply": {"kind": "yes-no", "comparison": ">", "threshold": 0.0},
    }
    return solve_problem(Problem.from_data({**base, **parts}), assume=())


STRATA = [
    {"term": "P(recovery=True | drug=True, age=True)", "value": "40%"},
    {"term": "P(recovery=True | drug=True, age=False)", "value": "80%"},
    {"term": "P(recovery=True | drug=False, age=True)", "value": "20%"},
    {"term": "P(recovery=True | drug=False, age=False)", "value": "60%"},
    {"term": "P(age=True)", "value": "30%"},
]


def test_what_confounds_what_is_adjusted_for_and_the_arithmetic():
    words = asked(statements=STRATA).words
    assert words.startswith("Yes: ")
    assert 'the probability of "recovering" is 0.68 with "took the drug" and 0.48 with "took no drug"' in words
    assert "Drug and recovery are confounded: drug <- age -> recovery." in words
    assert "Adjusting for age is enough" in words
    assert "0.8*0.7 + 0.4*0.3 - (0.6*0.7 + 0.2*0.3) = 0.2" in words


def test_where_nothing_confounds_that_is_said():
    law = [{"term": f"P(recovery=True | drug={x})", "value": v} for x, v in ((True, "30%"), (False, "50%"))]
    reply = asked(statements=law, edges=[("drug", "recovery")])
    assert reply.reply == "no"
    assert "Nothing confounds drug and recovery" in reply.words
    assert "0.3 - 0.5 = -0.2" in reply.words


def test_the_obstacle_is_said_in_plain_words():
    law = [{"term": f"P(recovery=True | drug={x})", "value": v} for x, v in ((True, "30%"), (False, "50%"))]
    reply = asked(statements=law, edges=[("drug", "recovery"), ("u", "drug"), ("u", "recovery")], hidden=("u",))
    assert reply.reply is None
    assert "drug <- u -> recovery" in reply.words
    assert "without the one acting on the other" in reply.words


def test_an_instrument_is_named_and_what_it_would_take():
    edges = [("lottery", "drug"), ("drug", "recovery"), ("u", "drug"), ("u", "recovery")]
    law = [
        {"term": f"P({y}=True | lottery={z})", "value": v}
        for y, z, v in (
            ("drug", True, "70%"),
            ("drug", False, "20%"),
            ("recovery", True, "50%"),
            ("recovery", False, "40%"),
        )
    ]
    reply = asked(statements=law, edges=edges, hidden=("u",))
    assert reply.reply is None
    assert "Lottery could serve as an instrument" in reply.words
    assert reply.problem is not None
    granted = solve_problem(reply.problem, assume="homogeneity")
    assert granted.reply == "yes"
    assert granted.answers[0].value == pytest.approx(0.1 / 0.5)
    assert "homogeneity" in granted.words
    assert "assumption" in granted.words


def test_the_missing_number_is_named():
    reply = asked(statements=STRATA[:4], query="P(recovery[drug=True]=True)")
    assert (reply.finding, reply.reply) == ("bounds", "yes")
    assert "lies between 40% and 80%" in reply.words
    assert "P(age=True)" in reply.words or "P(age=False)" in reply.words
    # The effect is 20 points in either stratum, so that how many are old does not matter for it.
    assert asked(statements=STRATA[:4]).reply == "yes"


def test_what_clashes_is_named():
    law = [
        {"term": "P(recovery=True, drug=True)", "value": "60%"},
        {"term": "P(drug=True)", "value": "30%"},
    ]
    reply = asked(query="P(recovery=True)", statements=law, edges=[("drug", "recovery")])
    assert reply.finding == "contradiction"
    assert reply.reply is None
    assert "contradicts itself" in reply.words
    assert "0.6" in reply.words


def test_natural_effects_have_their_names():
    edges = [("drug", "dose"), ("dose", "recovery"), ("drug", "recovery")]
    law = [
        *({"term": f"P(recovery=True | drug={x}, dose={m})", "value": v} for x, m, v in
          [(False, False, "20%"), (False, True, "50%"), (True, False, "40%"), (True, True, "60%")]),
        *({"term": f"P(dose=True | drug={x})", "value": v} for x, v in [(False, "30%"), (True, "80%")]),
    ]  # fmt: skip
    through = "P(recovery[drug=False, dose=dose[drug=True]] = True) - P(recovery[drug=False] = True)"
    past = "P(recovery[drug=True, dose=dose[drug=False]] = True) - P(recovery[drug=False] = True)"
    indirect, direct = (asked(query=q, statements=law, edges=edges) for q in (through, past))
    assert "the effect of drug on recovery through dose is 0.15" in indirect.words
    assert "the effect of drug on recovery that does not go through dose is 0.17" in direct.words
    assert (indirect.reply, direct.reply) == ("yes", "yes")


def test_counts_say_what_confounds_too():
    text = (
        "Of 90 men who took the drug, 60 recovered. Of 10 men who did not take the drug, 8 recovered. Of 10 women who "
        "took the drug, 2 recovered. Of 90 women who did not take the drug, 27 recovered. Gender affects drug use and "
        "recovery. The drug affects recovery. Does the drug increase the chance of recovery?"
    )
    reply = answer_text(text)
    assert reply.reply == "no"
    assert "Adjusting for Gender is enough" in reply.words


# --- claims

LIST = (
    "Suppose there is a closed system of 3 variables, A, B and C. All the statistical relations among these 3 "
    "variables are as follows: A correlates with B. B correlates with C. A correlates with C. However, A and C are "
    "independent given B. Hypothesis: {claim}"
)


def test_a_claim_that_holds_in_some_graphs_names_one_in_which_it_fails():
    reply = answer_text(LIST.format(claim="A directly causes B."))
    assert (reply.reply, reply.finding) == ("no", "exact")
    assert "3 graphs have exactly these independences" in reply.words
    assert "holds in 1 of them, but not in all" in reply.words
    (judged,) = reply.judged
    assert (judged.members, judged.total, judged.holding, len(judged.against)) == ("some", 3, 1, 2)
    data = reply.to_json()
    assert data["claims"][0]["holds_in"] == "some"
    assert data["query"] == "direct_cause(A, B)"
    assert all("A -> B" not in text for text in data["claims"][0]["fails_in"])


def test_a_claim_that_holds_nowhere_or_everywhere():
    assert answer_text(LIST.format(claim="A directly causes C.")).judged[0].members == "none"
    collider = LIST.replace("A correlates with C. However, A and C are independent given B.", "A is independent of C.")
    reply = answer_text(collider.format(claim="A and C have a common effect."))
    assert reply.reply == "yes"
    assert "A -> B, C -> B" in reply.words


def test_a_list_that_no_graph_has_is_refused_with_the_statement():
    text = LIST.replace("B correlates with C", "B is independent of C")
    reply = answer_text(text.format(claim="A directly causes B."))
    assert (reply.finding, reply.reply) == ("refused", None)
    assert "independent" in reply.words


def test_two_ways_to_adjust():
    edges = [("age", "drug"), ("age", "recovery"), ("drug", "recovery"), ("drug", "fever"), ("recovery", "fever")]
    claims = [{"claim": "adjusts(drug, recovery, {age})"}, {"claim": "adjusts(drug, recovery, {age, fever})"}]
    right = asked(edges=edges, queries=claims, reply={"kind": "yes-no"})
    assert right.reply == "yes"
    assert "fever is affected by drug" in right.words
    turned = asked(edges=edges, queries=claims[::-1], reply={"kind": "yes-no"})
    assert turned.reply == "no"
    same = asked(edges=edges, queries=[claims[0], claims[0]], reply={"kind": "yes-no"})
    assert same.reply is None
    assert "neither is more correct" in same.words
    neither = asked(edges=edges, queries=[claims[1], {"claim": "adjusts(drug, recovery, {})"}])
    assert neither.reply is None
    assert "Neither way is right" in neither.words


def test_a_choice_between_claims():
    edges = [("age", "drug"), ("age", "recovery"), ("drug", "recovery")]
    claims = [{"claim": f"adjusts(drug, recovery, {{{names}}})"} for names in ("", "age")]
    form = {"kind": "choice", "options": ["look directly", "look case by case"]}
    reply = asked(edges=edges, queries=claims, reply=form)
    assert reply.reply == "look case by case"
    assert "Adjusting for age gives the effect" in reply.words


def test_a_claim_asked_to_fail():
    form = {"kind": "yes-no", "comparison": "<", "threshold": 0.5}
    denied = asked(queries=[{"claim": "cause(recovery, age)"}], reply=form)
    assert denied.reply == "yes"
    assert "it is not so that recovery is a cause of age" in denied.words
    assert asked(queries=[{"claim": "cause(age, recovery)"}], reply=form).reply == "no"
