"""Readings are the same where every probe says so; votes are counted by that."""

import random
from dataclasses import replace

import pytest

from llm_bridge import Problem, solve_problem
from llm_bridge._formalise._probes import equivalent, signature
from llm_bridge._formalise._vote import settle
from tests.problems import OTHER, PLAIN, Plan, corrupted, random_plan, said_otherwise


def plan_of(seed: object) -> tuple[random.Random, Plan]:
    rng = random.Random(f"vote {seed}")
    return rng, random_plan(rng)


@pytest.mark.parametrize("seed", range(15))
def test_other_formulas_another_order_and_letter_case_make_no_difference(seed):
    rng, plan = plan_of(seed)
    same = replace(plan, rules={i: said_otherwise(rng, rule) for i, rule in plan.rules.items()})
    order = rng.sample(range(plan.size), plan.size)
    names = [f" {name.upper()}_" if rng.random() < 0.5 else f"the {name}" for name in PLAIN]
    assert equivalent(plan.problem(), same.problem())
    assert equivalent(plan.problem(), same.problem(names, order))


@pytest.mark.parametrize("seed", range(12))
def test_names_without_a_word_in_common_are_matched_by_order_of_mention(seed):
    _, plan = plan_of(seed)
    assert equivalent(plan.problem(), plan.problem(OTHER))


@pytest.mark.parametrize("seed", range(8))
def test_names_without_a_word_in_common_are_matched_by_structure(seed):
    rng, plan = plan_of(f"structure {seed}")
    while plan.size > 5:  # more variables without a cue than are searched
        plan = random_plan(rng)
    assert equivalent(plan.problem(), plan.problem(OTHER, rng.sample(range(plan.size), plan.size)))


@pytest.mark.parametrize("seed", range(50))
def test_what_differs_in_a_rule_a_law_or_the_answer_is_found(seed):
    """By truth tables that the engine has no part in: readings with another rule, law or answer are never the same."""
    rng, plan = plan_of(f"corrupted {seed}")
    other = corrupted(rng, plan)
    first, second = plan.problem(), other.problem()
    rules_differ = plan.truth() != other.truth() or plan.laws != other.laws
    answers = [solve_problem(problem).reply for problem in (first, second)]
    if rules_differ or answers[0] != answers[1]:
        assert not equivalent(first, second)
        assert not equivalent(second, first)
    elif equivalent(first, second):
        assert answers[0] == answers[1]


def study(**changes):
    data = {
        "variables": [{"name": "smoking"}, {"name": "tar"}, {"name": "cancer"}, {"name": "U", "observed": False}],
        "edges": [
            {"cause": "smoking", "effect": "tar"},
            {"cause": "tar", "effect": "cancer"},
            {"cause": "U", "effect": "smoking"},
            {"cause": "U", "effect": "cancer"},
        ],
        "statements": [
            {"term": "P(tar=True | smoking=True)", "value": "90%"},
            {"term": "P(smoking=True)", "value": "0.3"},
        ],
        "queries": [{"query": "P(cancer=True | do(smoking=True))"}],
    }
    return Problem.from_data({**data, **changes})


def test_a_study_is_its_graph_among_what_is_seen_and_its_statements():
    pair = study(
        variables=[{"name": "Tar"}, {"name": "Smoking"}, {"name": "lung cancer"}],
        edges=[{"cause": "Smoking", "effect": "Tar"}, {"cause": "Tar", "effect": "lung cancer"}],
        confounded=[{"pair": ["lung cancer", "Smoking"]}],
        statements=[
            {"term": "P(Smoking=False)", "value": "0.7"},
            {"term": "P(Tar=False | Smoking=True)", "value": "10%"},
        ],
        queries=[{"query": 'P("lung cancer"=True | do(Smoking=True))'}],
    )
    assert signature(study()).kind == "numbers of a study"
    assert equivalent(study(), pair)


@pytest.mark.parametrize(
    "changes",
    [
        {
            "statements": [
                {"term": "P(tar=True | smoking=True)", "value": "90%"},
                {"term": "P(smoking=True)", "value": "0.7"},
            ]
        },
        {
            "statements": [
                {"term": "P(tar=True | smoking=False)", "value": "90%"},
                {"term": "P(smoking=True)", "value": "0.3"},
            ]
        },
        {"statements": [{"term": "P(tar=True | smoking=True)", "value": "90%"}]},
        {"edges": [{"cause": "smoking", "effect": "tar"}, {"cause": "tar", "effect": "cancer"}]},
        {
            "edges": [
                {"cause": "tar", "effect": "smoking"},
                {"cause": "tar", "effect": "cancer"},
                {"cause": "U", "effect": "smoking"},
                {"cause": "U", "effect": "cancer"},
            ]
        },
        {"queries": [{"query": "P(cancer=True | smoking=True)"}]},
        {"queries": [{"query": "P(cancer=True | do(smoking=False))"}]},
        {"cannot": "No.", "variables": [], "edges": [], "statements": [], "queries": []},
    ],
)
def test_a_study_with_another_edge_number_or_question_is_another(changes):
    assert not equivalent(study(), study(**changes))


def claims(relation: str, *independences: str, names: str = "ABC"):
    return Problem.from_data(
        {
            "variables": [{"name": name} for name in names],
            "independences": list(independences),
            "queries": [{"claim": relation}],
            "reply": {"kind": "yes-no"},
        }
    )


def test_claims_are_the_same_where_class_and_verdict_are():
    collider = claims("cause(A, C)", "independent(A, B)")
    assert equivalent(collider, claims("cause(A, C)", "independent(B, A)"))
    assert equivalent(collider, claims("direct_cause(A, C)", "independent(A, B)"))
    assert not equivalent(collider, claims("cause(C, A)", "independent(A, B)"))
    assert not equivalent(collider, claims("cause(A, C)", "independent(A, B | C)"))
    assert not equivalent(collider, claims("cause(A, C)", "independent(A, C)"))


def test_states_are_matched_by_label_or_by_order():
    def of(states, query):
        variables = [{"name": "dose", "states": states}, {"name": "well", "states": states}]
        return Problem.from_data(
            {
                "variables": variables,
                "equations": [{"variable": "well", "expression": "dose"}],
                "queries": [{"query": query}],
            }
        )

    first = of([False, True], "P(well[dose=True]=True)")
    assert equivalent(first, of(["no", "yes"], "P(well[dose='yes']='yes')"))
    assert equivalent(first, of(["yes", "no"], "P(well[dose='yes']='yes')"))
    assert equivalent(first, of([0, 1], "P(well[dose=1]=1)"))
    assert equivalent(
        of(["not treated", "treated"], "P(well='treated')"), of(["treated", "untreated"], "P(well='treated')")
    )
    assert not equivalent(first, of([False, True], "P(well[dose=False]=True)"))
    assert not equivalent(first, of([0, 1, 2], "P(well[dose=1]=1)"))


def test_what_nobody_sees_may_be_left_out_and_what_is_seen_may_not():
    plan = Plan(3, {2: ("and", ("var", 0), ("not", ("var", 1)))}, {0: "30%"}, (2, True), ((0, True),))
    first = plan.problem()
    idle = Problem.from_data({**first.model_dump(mode="json"), "variables": [{"name": n} for n in (*PLAIN[:3], "Zed")]})
    assert equivalent(first, idle)
    edge = {"edges": [{"cause": PLAIN[0], "effect": "Zed"}], "statements": []}
    assert not equivalent(first, Problem.from_data({**idle.model_dump(mode="json"), **edge}))


def test_many_variables_are_compared_within_bounds():
    chain = Plan(70, {i: ("var", i - 1) for i in range(1, 70)}, {0: "30%"}, (69, True), ((0, True),))
    names = [f"stage {i}" for i in range(70)]
    first, second = chain.problem(names), replace(chain, rules={**chain.rules, 47: ("not", ("var", 46))}).problem(names)
    assert equivalent(first, chain.problem(names, range(69, -1, -1)))
    assert not equivalent(first, second)


# --- votes


def readings():
    plan = Plan(3, {2: ("and", ("var", 0), ("var", 1))}, {0: "30%", 1: "60%"}, (2, True), ((0, True),))
    other = replace(plan, rules={2: ("or", ("var", 0), ("var", 1))})
    third = replace(plan, laws={0: "30%", 1: "20%"})
    return plan, other, third


def test_the_majority_is_taken_however_it_is_written():
    plan, other, third = readings()
    found = settle("", [plan.problem(), other.problem(), plan.problem(OTHER), plan.problem(order=[2, 1, 0])], 0.6)
    assert found.problem == plan.problem()
    assert found.support == 0.75
    assert [(one.votes, one.said) for one in found.competing] == [(3, "yes"), (1, "yes")]
    assert "0.6" in found.competing[0].words
    assert settle("", [plan.problem()] * 3, 1.0).competing == ()
    divided = settle("", [plan.problem(), other.problem(), third.problem()], 0.3)
    assert divided.problem is None
    assert [one.said for one in divided.competing] == ["yes", "yes", "no"]


def test_too_few_or_tied_votes_settle_nothing():
    plan, other, _ = readings()
    tied = settle("", [plan.problem(), other.problem()], 0.5)
    assert tied.problem is None
    assert tied.support == 0.5
    assert settle("", [plan.problem(), plan.problem(), other.problem()], 0.7).problem is None
    assert settle("", [plan.problem(), plan.problem()], 0.6, tries=5).problem is None
    assert settle("", [], 0.5).problem is None


def test_a_sound_reading_beats_one_with_hints():
    plan, other, _ = readings()
    assert settle("", [plan.problem(), other.problem()], 0.5, hints=[1, 0]).problem == other.problem()
    # Hints break ties and nothing else.
    assert settle("", [plan.problem(), other.problem()], 0.5, hints=[1, 2]).problem is None
    three = [plan.problem(), plan.problem(OTHER), other.problem()]
    assert settle("", three, 0.5, hints=[1, 1, 0]).problem == three[0]
    assert settle("", three, 0.5, hints=[2, 0, 0]).problem == three[1]


def test_a_vote_is_the_same_in_any_order():
    plan, other, third = readings()
    tries = [plan.problem(), other.problem(), third.problem(), plan.problem(OTHER), plan.problem()]
    for seed in range(6):
        mixed = random.Random(seed).sample(tries, len(tries))
        found = settle("", mixed, 0.6)
        assert found.problem is not None
        assert equivalent(found.problem, plan.problem())
        assert sorted(one.votes for one in found.competing) == [1, 1, 3]
