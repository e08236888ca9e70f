"""The whole chain: replies, findings, traces; every failure a plain reply."""

from __future__ import annotations

import itertools
import pickle
from typing import Any

import pytest

from llm_bridge import Problem, Reply, answer_text, solve_problem
from scm import GumbelMax, InvalidQuery, ScmError, UnknownName

CHAIN = "We know that Ziklo causes Blaf, and Blaf or Gorp causes Trune. "


def squad(**changes: Any) -> Problem:
    """The nervous rifleman as a Problem."""
    names = ("order", "nervous", "rifleman a", "rifleman b", "death")
    data: dict[str, Any] = {
        "variables": [{"name": name} for name in names],
        "equations": [
            {"variable": "rifleman a", "expression": "order or nervous"},
            {"variable": "rifleman b", "expression": "order"},
            {"variable": "death", "expression": '"rifleman a" or "rifleman b"'},
        ],
        "statements": [{"term": "P(order=True)", "value": "6/10"}, {"term": "P(nervous=True)", "value": "1/10"}],
        "queries": [{"query": 'P(death["rifleman a"=False]=False | death=True)'}],
    }
    return Problem.from_data({k: v for k, v in {**data, **changes}.items() if v is not None})


def asked(query: str, **changes: Any) -> Reply:
    return solve_problem(squad(queries=[{"query": query}], **changes))


# ---------------------------------------------------------------------------------------------------------------------
# What is replied


def test_a_number():
    reply = solve_problem(squad())
    assert (reply.finding, reply.fault) == ("exact", "")
    assert reply.reply == pytest.approx(0.0625, abs=1e-15)
    assert reply.reply == reply.answers[0].value


@pytest.mark.parametrize(
    ("comparison", "threshold", "said"),
    [
        (">", 0.5, "no"),
        ("<", 0.5, "yes"),
        (">", 0.06, "yes"),
        (">=", 0.0625, "yes"),
        (">", 0.0625, "no"),
        ("=", 0.0625, "yes"),
    ],
)
def test_yes_or_no_by_the_comparison_of_the_problem(comparison: str, threshold: float, said: str):
    form = {"kind": "yes-no", "comparison": comparison, "threshold": threshold}
    assert solve_problem(squad(reply=form)).reply == said


def test_a_choice():
    queries = [{"query": f"P(death={value})"} for value in (True, False)]
    form = {"kind": "choice", "options": ["dead", "alive"]}
    assert solve_problem(squad(queries=queries, reply=form)).reply == "dead"
    fewest = solve_problem(squad(queries=queries, reply={**form, "comparison": "<"}))
    assert fewest.reply == "alive"
    assert fewest.words == "alive: 0.64 for dead and 0.36 for alive."
    same = solve_problem(squad(queries=[queries[0], queries[0]], reply=form))
    assert same.reply is None


def test_a_distribution_has_no_single_reply():
    reply = asked("P(death | order=False)")
    assert (reply.finding, reply.reply) == ("exact", None)
    assert reply.to_json()["value"] == pytest.approx([0.9, 0.1])


def test_bounds_name_the_states_that_attain_their_ends():
    reply = answer_text(CHAIN + "Would Trune occur if not Ziklo?")
    assert (reply.finding, reply.reply) == ("bounds", None)
    assert "yes if Gorp occurs, and no if Gorp does not occur" in reply.words


def test_bounds_on_one_side_of_the_comparison_decide():
    reply = asked("P(death=True)", statements=[{"term": "P(order=True)", "value": "6/10"}], reply={"kind": "yes-no"})
    assert (reply.finding, reply.reply) == ("bounds", "yes")
    assert reply.to_json()["interval"]["lower"] == pytest.approx(0.6)
    assert reply.words.startswith("Yes, more likely than not: the probability that death")


def test_an_impossible_observation_comes_with_what_holds_without_it():
    reply = answer_text(CHAIN + "We observed Ziklo and not Blaf. Would Blaf occur if not Ziklo?")
    assert (reply.finding, reply.reply) == ("undefined", None)
    assert [answer.value for answer in reply.instead] == [0.0]
    assert "it cannot be that Ziklo occurs and Blaf does not occur" in reply.words
    assert "left aside: no. Blaf would not occur if Ziklo did not occur." in reply.words
    assert reply.to_json()["without_observation"][0]["value"] == 0


def test_the_part_of_an_observation_that_cannot_be_is_named():
    reply = answer_text(CHAIN + "We observed Ziklo and not Blaf. We observed not Gorp. Would Trune occur if not Ziklo?")
    assert "Already it cannot be that Ziklo occurs and Blaf does not occur." in reply.words


def test_rules_in_a_circle_are_refused():
    reply = answer_text("We know that Aa causes Bb, and Bb causes Aa. Would Aa occur if not Bb?")
    assert (reply.finding, reply.reply) == ("refused", None)
    assert "Aa -> Bb -> Aa" in reply.words
    assert reply.problem is not None


def test_what_cannot_be_read():
    reply = answer_text("The weather is nice.")
    assert (reply.finding, reply.reply, reply.answers) == ("unreadable", None, ())
    assert reply.words == f"I could not read this. {reply.fault}"


def test_half_a_character():
    reply = answer_text("We know that \ud800 causes Blaf. Would Blaf occur?")
    assert reply.finding == "unreadable"
    assert "damaged at character 13" in reply.words


def test_what_a_reader_could_not_formalise():
    reply = solve_problem(Problem(cannot="The text is a recipe."))
    assert (reply.finding, reply.fault) == ("unreadable", "The text is a recipe.")


def test_a_missing_number_leaves_the_answer_open():
    one_cause = [{"term": "P(death=True | order=True)", "value": "0.9"}]
    reply = asked("P(death=True)", equations=None, edges=[{"cause": "order", "effect": "death"}], statements=one_cause)
    assert (reply.finding, reply.reply) == ("bounds", None)
    assert "can be anything from 0% to 100%: what is given says nothing about it" in reply.line
    assert "P(death = True | order = False)" in reply.words


def test_a_name_that_no_rule_mentions_has_no_effect():
    reply = answer_text(CHAIN + "We observed Trune. Would Trune occur if not Zulu?")
    assert reply.reply == "yes"
    assert [a.text for a in reply.assumptions if "Zulu" in a.text] == [
        'No rule mentions "Zulu", so it has no effect on anything.'
    ]
    assert "no effect" in reply.words


# ---------------------------------------------------------------------------------------------------------------------
# Rounding and counts


def test_rounding_gives_the_range_over_all_corners():
    printed = [{"term": "P(order=True)", "value": "60%"}, {"term": "P(nervous=True)", "value": "10%"}]
    reply = solve_problem(squad(statements=printed))
    ends = [(1 - p) * q / (1 - (1 - p) * (1 - q)) for p, q in itertools.product((0.595, 0.605), (0.095, 0.105))]
    assert reply.reply == pytest.approx(0.0625)
    assert reply.answers[0].uncertainty.rounding == pytest.approx((min(ends), max(ends)), abs=1e-12)
    assert f"between {min(ends):.3g} and {max(ends):.3g} within the rounding" in reply.words
    assert [stage.name for stage in reply.trace] == ["compile", "ask", "rounding"]


@pytest.mark.parametrize(("threshold", "said"), [(0.06, None), (0.058, "yes"), (0.068, "no")])
def test_yes_or_no_only_where_rounding_agrees(threshold: float, said: str | None):
    printed = [{"term": "P(order=True)", "value": "60%"}, {"term": "P(nervous=True)", "value": "10%"}]
    reply = solve_problem(squad(statements=printed, reply={"kind": "yes-no", "threshold": threshold}))
    assert reply.reply == said
    assert ("could be yes or no" in reply.words) == (said is None)


def test_a_law_stated_in_full_moves_together():
    printed = [{"term": f"P(order={v})", "value": p} for v, p in ((True, "60%"), (False, "40%"))]
    reply = asked("P(order=True)", statements=[*printed, {"term": "P(nervous=True)", "value": "1/10"}])
    assert reply.answers[0].uncertainty.rounding == pytest.approx((0.595, 0.605))


def test_many_rounded_numbers_are_moved_one_at_a_time():
    roots = [f"r{i}" for i in range(8)]
    problem = Problem.from_data(
        {
            "variables": [{"name": name} for name in (*roots, "any")],
            "equations": [{"variable": "any", "expression": " or ".join(roots)}],
            "statements": [{"term": f"P({name}=True)", "value": "10%"} for name in roots],
            "queries": [{"query": "P(any=True)"}],
        }
    )
    reply = solve_problem(problem)
    rounding = reply.answers[0].uncertainty.rounding
    assert rounding is not None
    assert rounding[0] < 1 - 0.9**8 < rounding[1]
    assert rounding == pytest.approx((1 - 0.905**8, 1 - 0.895**8), abs=2e-3)
    assert "roughly between" in reply.words


def test_counts_are_estimates_with_their_standard_error():
    counts = [
        {"term": "P(recovery=True | drug=True)", "counts": [60, 100], "words": "60 of 100 patients"},
        {"term": "P(recovery=True | drug=False)", "counts": [50, 100], "words": "50 of 100 patients"},
    ]
    problem = Problem.from_data(
        {
            "variables": [{"name": "drug"}, {"name": "recovery"}],
            "edges": [{"cause": "drug", "effect": "recovery"}],
            "statements": counts,
            "queries": [{"query": "P(recovery=True | do(drug=True)) - P(recovery=True | do(drug=False))"}],
            "reply": {"kind": "yes-no", "threshold": 0.0},
        }
    )
    reply = solve_problem(problem)
    assert (reply.finding, reply.reply) == ("estimate", "yes")
    error = (0.6 * 0.4 / 100 + 0.5 * 0.5 / 100) ** 0.5
    assert reply.answers[0].uncertainty.sampling == pytest.approx(error, rel=0.02)
    assert "0.600" in reply.words
    assert "a difference of 0.100, standard error 0.07, from 200 patients" in reply.words
    assert "less than two standard errors from 0: chance may explain it" in reply.words
    assert any(a.granted_by == "the method" and "random" in a.text for a in reply.assumptions)


# ---------------------------------------------------------------------------------------------------------------------
# The trace, the assumptions, the arguments


def test_a_reply_can_be_pickled():
    reply = answer_text(
        "The alarm rings if and only if there is a fire. There is a fire. Would the alarm ring without?"
    )
    kept = pickle.loads(pickle.dumps(reply))
    assert kept.finding == reply.finding
    assert [(one.name, one.took, one.gave, one.fault) for one in kept.trace] == [
        (one.name, one.took, one.gave, one.fault) for one in reply.trace
    ]


def test_every_stage_is_traced():
    reply = answer_text(CHAIN + "Would Blaf occur if not Ziklo?")
    assert [(stage.name, stage.fault) for stage in reply.trace] == [("read", None), ("compile", None), ("ask", None)]
    assert all(stage.took and stage.gave and stage.seconds >= 0 for stage in reply.trace)
    assert reply.trace[0].gave == "4 variables, 2 equations, 1 query"
    assert reply.trace[2].gave == "0 (exact)"


def test_the_stage_that_failed_says_why():
    reply = answer_text("We know that Aa causes Bb, and Bb causes Aa. Would Aa occur if not Bb?")
    assert [stage.name for stage in reply.trace] == ["read", "compile"]
    assert reply.trace[-1].fault == reply.fault


@pytest.mark.parametrize("fault", [UnknownName("Z", "XY"), ValueError("bad"), RecursionError(), MemoryError()])
def test_a_reader_that_fails_is_a_plain_reply(fault: Exception):
    def reader(_: str) -> Problem:
        raise fault

    reply = answer_text("anything", reader=reader)
    assert (reply.finding, reply.reply, reply.problem) == ("unreadable", None, None)
    assert reply.fault
    assert reply.trace[0].fault == reply.fault


def test_assumptions_say_who_granted_them():
    reply = answer_text(CHAIN + "Would Blaf occur if not Ziklo?")
    assert ("What is not said to cause something does not cause it.", "the reader") in [
        (a.text, a.granted_by) for a in reply.assumptions
    ]


def test_what_the_user_grants_is_used_and_named():
    table = [("True", "70%"), ("False", "10%")]
    problem = Problem.from_data(
        {
            "variables": [{"name": "X"}, {"name": "Y"}],
            "edges": [{"cause": "X", "effect": "Y"}],
            "statements": [
                {"term": "P(X=True)", "value": "1/2"},
                *({"term": f"P(Y=True | X={x})", "value": p.replace("%", "/100")} for x, p in table),
            ],
            "queries": [{"query": "P(Y[X=False]=False | X=True, Y=True)"}],
        }
    )
    bounded = solve_problem(problem)
    assert (bounded.reply, bounded.finding) == (None, "bounds")
    granted = solve_problem(problem, assume="rank_preserving")
    assert granted.reply == pytest.approx(6 / 7)
    assert "the user" in {a.granted_by for a in granted.assumptions}
    # A coupling may be for some variables only; they are looked up in the model of the problem.
    assert solve_problem(problem, assume=GumbelMax(("Y",))).reply == pytest.approx(6 / 7)
    assert "speaks of 'Z'" in (solve_problem(problem, assume=GumbelMax(("Z",))).fault or "")


@pytest.mark.parametrize("options", [{"assume": "monotone"}, {"budget": "soon"}, {"budget": -1}])
def test_options_that_cannot_be_meant_are_the_callers_mistake(options: dict[str, Any]):
    with pytest.raises(ScmError):
        answer_text("The weather is nice.", **options)
    with pytest.raises(ScmError):
        solve_problem(squad(), **options)


def test_a_budget_that_is_too_small_refuses():
    reply = solve_problem(squad(), budget="60s,1B")
    assert (reply.finding, reply.reply) == ("refused", None)
    assert reply.fault


def test_a_query_that_means_nothing_here_is_refused_with_the_engines_reason():
    labels = [{"name": "X", "states": ["low", "high"]}]
    data = {"variables": labels, "queries": [{"query": "E[X]"}]}
    reply = solve_problem(Problem.from_data(data))
    assert reply.finding == "refused"
    assert "numbers" in reply.fault


def test_errors_of_the_engine_are_scm_errors():
    assert issubclass(InvalidQuery, ScmError)


def test_json_has_no_surprises():
    data = solve_problem(squad()).to_json()
    assert data["reply"] == pytest.approx(0.0625)
    assert data["problem"]["queries"] == [{"query": 'P(death["rifleman a"=False] = False | death = True)'}]
    assert Problem.from_data(data["problem"]) == squad()
