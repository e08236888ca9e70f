"""Problem to model: equations, laws, tables and counts; what is missing is named."""

import pytest

from llm_bridge import CannotCompile, Compiled, InvalidProblem, compile_problem, read
from llm_bridge._problem import Problem
from scm import CausalClaim, CausalGraph, EquivalenceClass, Model, Study, ask

STONES = """Of the 350 patients who got treatment A, 87 had small stones and 263 had large stones. Of the 87
patients with small stones who got A, 81 recovered; of the 263 with large stones who got A, 192
recovered. Of the 350 patients who got B, 270 had small stones, of whom 234 recovered, and 80 had
large stones, of whom 55 recovered. Stone size affects both the choice of treatment and recovery;
treatment affects recovery. """
FRACTIONS = """81 of the 87 patients with small stones who got treatment A recovered. 192 of 263 patients with
large stones who got treatment A recovered. 234 out of the 270 patients with small stones who got
treatment B recovered, and 55/80 patients with large stones who got treatment B recovered. Stone
size affects treatment and recovery, and treatment affects recovery. """
WITHIN = """Of 350 patients who got A, 81 of 87 with small stones recovered and 192 of 263 with large stones
recovered. Of 350 patients who got B, 234 of 270 with small stones recovered and 55 of 80 with large
stones recovered. Stone size affects treatment and recovery. Treatment affects recovery. """
DRUG = """Of 40 men, 30 took the drug and 10 did not take the drug. Of the 30 men who took the drug, 18
recovered. Of the 10 men who did not take the drug, 7 recovered. Of 40 women, 10 took the drug and
30 did not take the drug. Of the 10 women who took the drug, 2 recovered. Of the 30 women who did
not take the drug, 9 recovered. Gender affects drug use and recovery. The drug affects recovery. """


def known(compiled: Compiled) -> Model | Study:
    assert compiled.knowledge is not None
    return compiled.knowledge


def answers(text):
    problem = read(text)
    assert problem.cannot is None
    compiled = compile_problem(problem)
    return [ask(known(compiled), query) for query in compiled.queries], compiled


@pytest.mark.parametrize("story", [STONES, FRACTIONS, WITHIN])
@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("What would the recovery rate be if everyone got treatment A?", 0.832546),
        ("What is the probability of recovery if everyone gets treatment B?", 0.778875),
        ("What fraction of patients would recover if everyone got A?", 0.832546),
        ("What is the effect of treatment A rather than treatment B on recovery?", 0.053671),
        ("Is treatment A better than treatment B?", 0.053671),
        ("What is the recovery rate among those who got treatment A?", 0.78),
        ("What is the recovery rate among patients who got treatment B?", 289 / 350),
    ],
)
def test_kidney_stones_told_in_words(story, question, value):
    """Charig et al. 1986; the numbers are case 28 of the reference cases."""
    found, _ = answers(story + question)
    assert found[0].finding == "estimate"
    assert found[0].value == pytest.approx(value, abs=1e-6)


def test_which_treatment_is_better_is_a_choice():
    found, compiled = answers(STONES + "Which treatment is better?")
    assert compiled.reply.kind == "choice"
    assert dict(zip(compiled.reply.options, (pytest.approx(a.value, abs=1e-4) for a in found), strict=True)) == {
        "treatment A": 0.8325,
        "treatment B": 0.7789,
    }


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("What is the effect of the drug on recovery?", -0.1),
        ("What would the recovery rate be if everyone took the drug?", 0.4),
        ("What would the recovery rate be if nobody took the drug?", 0.5),
        ("What is the recovery rate among those who took the drug?", 0.5),
        ("Does the drug increase the chance of recovery?", -0.1),
    ],
)
def test_the_drug_that_is_bad_for_men_and_for_women(question, value):
    """Simpson's paradox with full reversal: case 28b of the reference cases."""
    assert answers(DRUG + question)[0][0].value == pytest.approx(value, abs=1e-9)


def test_the_nervous_rifleman():
    """Causality 7.1: P(not dead without A | dead) = (1-p)q / (1 - (1-p)(1-q)), p = 0.6, q = 0.1: case 2."""
    text = """If the captain signals or rifleman A is nervous, rifleman A shoots. If the captain signals, rifleman
B shoots. If rifleman A or rifleman B shoots, the prisoner dies. The captain signals with
probability 0.6. Rifleman A is nervous with probability 0.1. The prisoner died. What is the
probability that the prisoner would not have died if rifleman A had not shot?"""
    assert answers(text)[0][0].value == pytest.approx(0.0625, abs=1e-12)


def test_a_noisy_or_with_a_leak():
    """Case 10: power 0.6, leak 0.2, PN = 0.705882."""
    text = """Treatment causes recovery with probability 0.6. Luck causes recovery with probability 0.2. The
probability of treatment is 0.5. The probability of luck is 1. There was treatment and there was
recovery. What is the probability that there would not have been recovery without treatment?"""
    assert answers(text)[0][0].value == pytest.approx(0.48 / 0.68, abs=1e-12)


def problem(**parts):
    base = {
        "variables": [{"name": "size", "states": ["small", "large"]}, {"name": "cured"}],
        "edges": [{"cause": "size", "effect": "cured"}],
        "queries": [{"query": "P(cured = True)"}],
    }
    return Problem.from_data({**base, **parts})


def test_printed_laws_make_a_table():
    compiled = compile_problem(
        problem(
            statements=[
                {"term": "P(size = 'small')", "value": "0.25"},
                {"term": "P(cured = True | size = 'small')", "value": "80%"},
                {"term": "P(cured = False | size = 'large')", "value": "1/2"},
            ]
        )
    )
    assert ask(known(compiled), compiled.queries[0]).value == pytest.approx(0.25 * 0.8 + 0.75 * 0.5, abs=1e-12)


def test_a_rounded_law_is_rescaled_and_that_is_noted():
    states = ["a", "b", "c"]
    third = [{"term": f"P(kind = '{s}')", "value": "33%"} for s in states]
    found = compile_problem(
        Problem.from_data(
            {
                "variables": [{"name": "kind", "states": states}],
                "statements": third,
                "queries": [{"query": "P(kind = 'a')"}],
            }
        )
    )
    assert found.notes == ("The printed law of 'kind' adds up to 0.99; it was rescaled to 1.",)
    assert ask(known(found), found.queries[0]).value == pytest.approx(1 / 3)


def test_counts_given_the_other_way_round_settle_the_table():
    """P(size | cured) and the totals say as much as P(cured | size)."""
    compiled = compile_problem(
        problem(
            statements=[
                {"term": "P(size = 'small' | cured = True)", "counts": [30, 50]},
                {"term": "P(size = 'small' | cured = False)", "counts": [10, 50]},
            ]
        )
    )
    assert ask(known(compiled), "P(cured = True | size = 'small')").value == pytest.approx(0.75)


def test_a_root_without_a_law_may_have_any():
    compiled = compile_problem(read("If A happens, B happens. What is the probability that B happens?"))
    found = ask(known(compiled), compiled.queries[0])
    assert found.finding == "bounds"
    assert found.interval is not None
    assert (found.interval.lower, found.interval.upper) == (0, 1)


@pytest.mark.parametrize(
    ("parts", "missing"),
    [
        ({}, "P(cured = True"),
        ({"statements": [{"term": "P(cured = True | size = 'small')", "value": "0.8"}]}, "cured"),
        ({"statements": [{"term": "P(size = 'small' | cured = True)", "value": "0.8"}], "edges": []}, "cured"),
        ({"confounded": [{"pair": ["size", "cured"]}]}, "cured"),
    ],
)
def test_what_is_no_model_is_a_study(parts, missing):
    compiled = compile_problem(problem(**parts))
    assert isinstance(compiled.knowledge, Study)
    found = ask(compiled.knowledge, compiled.queries[0])
    assert found.finding == "bounds"
    assert missing in str(found)


def test_statements_of_every_kind_reach_the_study():
    compiled = compile_problem(
        problem(
            statements=[
                {"term": "P(size = 'small', cured = True)", "value": "30%", "words": "three in ten"},
                {"term": "corr(size, cured)", "value": "-0.2"},
                {"term": "P(cured = True | size = 'small') / P(cured = True | size = 'large')", "value": "2"},
                {"term": "P(cured = True)", "value": "0.5", "relation": ">"},
                {"term": "P(size = 'small')", "counts": [40, 80]},
            ],
            confounded=[{"pair": ["size", "cured"]}],
        )
    )
    study = compiled.knowledge
    assert isinstance(study, Study)
    joint, correlation, ratio, more, counted = study.statements
    assert (joint.value, joint.low, joint.high) == pytest.approx((0.3, 0.295, 0.305))
    assert joint.words == "three in ten"
    assert (correlation.low, correlation.high) == pytest.approx((-0.25, -0.15))
    assert (ratio.value, ratio.low, ratio.high) == (2, 2, 2)
    assert (more.relation, more.low, more.high) == (">", 0.5, 0.5)
    assert (counted.total, counted.value) == (80, 0.5)
    assert study.graph.confounded == (("size", "cured"),)
    assert study.states["size"] == ("small", "large")


def test_an_equation_is_not_lost_in_a_study():
    with pytest.raises(CannotCompile, match="not the law of a variable"):
        compile_problem(
            problem(
                equations=[{"variable": "cured", "expression": "size = 'small'"}],
                statements=[{"term": "P(cured = True)", "value": "0.8"}],
            )
        )
    with pytest.raises(CannotCompile, match="common cause that is not given"):
        compile_problem(
            problem(
                equations=[{"variable": "cured", "expression": "size = 'small'"}],
                confounded=[{"pair": ["size", "cured"]}],
            )
        )


def test_claims_are_looked_up_in_a_graph_or_a_class():
    told = problem(queries=[{"claim": "cause(size, cured)"}])
    compiled = compile_problem(told)
    assert (compiled.knowledge, compiled.queries) == (None, ())
    assert compiled.claims == (CausalClaim("cause", "size", "cured"),)
    assert isinstance(compiled.graph, CausalGraph)
    listed = compile_problem(problem(queries=[{"claim": "cause(size, cured)"}], edges=[], independences=[]))
    assert isinstance(listed.graph, EquivalenceClass)


def test_counts_that_contradict_each_other_are_refused():
    counts = [{"term": "P(cured = True)", "counts": [30, 50]}, {"term": "P(cured = False)", "counts": [30, 50]}]
    with pytest.raises(InvalidProblem, match=r"The counts disagree|add up"):
        compile_problem(problem(statements=counts))


def test_a_text_that_was_not_formalised_has_no_model():
    with pytest.raises(CannotCompile, match="not formalised: The text is empty"):
        compile_problem(read(""))
