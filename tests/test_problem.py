"""The Problem, contract of language and engine: every fault of a foreign document in one class, in plain words."""

import json

import pytest

from llm_bridge import solve_problem
from llm_bridge._printed import printed_probability
from llm_bridge._problem import InvalidProblem, Problem, Reply, Statement
from scm import CausalClaim, Independence, Op, Probability, Var, parse_query, query_to_data

RAIN = {
    "variables": [
        {"name": "rain"},
        {"name": "road is wet", "words": "the road is wet"},
        {"name": "luck", "observed": False},
    ],
    "equations": [{"variable": "road is wet", "expression": "rain and luck"}],
    "statements": [
        {"term": "P(rain = True)", "value": "26%", "words": "26%"},
        {"term": "P(luck = True)", "counts": [81, 87]},
    ],
    "queries": [{"query": 'P("road is wet"[rain=True] = True | "road is wet" = False)'}],
    "reply": {"kind": "yes-no"},
    "assumptions": ["something"],
}


def changed(**parts):
    return json.dumps({**RAIN, **parts})


def test_a_problem_comes_back_from_its_file():
    problem = Problem.from_data(RAIN)
    assert Problem.from_json(problem.to_json()) == problem
    assert problem.equations[0].expression == Op("and", (Var("rain"), Var("luck")))
    assert json.loads(problem.to_json())["equations"][0]["expression"] == "rain and luck"


def test_text_and_structured_form_mean_the_same():
    query = parse_query(RAIN["queries"][0]["query"])
    structured = Problem.from_json(changed(queries=[{"query": query_to_data(query)}]))
    assert structured == Problem.from_data(RAIN)


def test_a_problem_is_a_value():
    problem = Problem.from_data(RAIN)
    with pytest.raises(ValueError, match="frozen"):
        problem.cannot = "no"
    assert hash(problem) == hash(Problem.from_data(RAIN))


def test_a_text_that_cannot_be_formalised():
    problem = Problem(cannot="It is a poem.")
    assert Problem.from_json(problem.to_json()) == problem
    with pytest.raises(InvalidProblem, match="Keep one"):
        Problem.from_json(changed(cannot="It is a poem."))


@pytest.mark.parametrize(
    ("text", "value", "low", "high"),
    [
        ("0.9", 0.9, 0.85, 0.95),
        ("0.90", 0.9, 0.895, 0.905),
        (".5", 0.5, 0.45, 0.55),
        ("26%", 0.26, 0.255, 0.265),
        ("26 %", 0.26, 0.255, 0.265),
        ("26.0%", 0.26, 0.2595, 0.2605),
        ("100%", 1.0, 0.995, 1.0),
        ("0%", 0.0, 0.0, 0.005),
        ("1", 1.0, 1.0, 1.0),
        ("0", 0.0, 0.0, 0.0),
        ("1.0", 1.0, 0.95, 1.0),
        ("9 in 10", 0.9, 0.9, 0.9),
        ("9/10", 0.9, 0.9, 0.9),
        ("81 out of 90", 0.9, 0.9, 0.9),
    ],
)
def test_printed_numbers_keep_their_digits(text, value, low, high):
    assert printed_probability(text) == (value, low, high)
    term = Probability(Var("rain"))
    assert Statement(term=term, value=text).printed().value == value


@pytest.mark.parametrize(
    "text",
    [
        "95 percent",
        "95",
        "-0.1",
        "-5%",
        "101%",
        "1.01",
        "nan",
        "inf",
        "1e-3",
        "9 in 0",
        "10/9",
        "",
        "about 0.5",
        "0,5",
        "5e400",
    ],
)
def test_other_numbers_are_refused_with_what_to_write(text):
    with pytest.raises(InvalidProblem) as wrong:
        Problem.from_json(changed(statements=[{"term": "P(rain = True)", "value": text}]))
    assert text in str(wrong.value)
    assert '"0.26", "26%", "9 in 10" or "9/10"' in str(wrong.value)


def test_a_number_of_a_file_is_its_own_print():
    problem = Problem.from_json(changed(statements=[{"term": "P(rain = True)", "value": 0.26}]))
    assert problem.statements[0].printed() == (0.26, 0.255, 0.265)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ('{"variables": [', "Is the file cut off?"),
        ("[1, 2]", "got [1, 2], wanted an object with the keys 'variables'"),
        ("[" * 100_000, "nested too deep"),
        ('{"a":' * 50_000 + "1" + "}" * 50_000, "nested too deep"),
        ('{"variables": [{"name": "x", "states": [1, ' + "9" * 5_000 + "]}]}", "thousands of digits"),
        ('{"cannot": NaN}', "got the number NaN"),
        ('{"cannot": "a", "cannot": "b"}', "the key 'cannot' stands twice"),
        ('{"cannot": "' + "a" * 1_000_001 + '"}', "at most 1,000,000"),
        ("{}", "got no variables, wanted at least one"),
        ('{"cannot": ""}', "'cannot' says why"),
        ('{"variabels": []}', "the key 'variabels' is not known here. Leave it out. Did you mean 'variables'?"),
    ],
    ids=lambda value: value[:30],
)
def test_a_hostile_file_is_refused_in_one_way(text, message):
    with pytest.raises(InvalidProblem) as wrong:
        Problem.from_json(text)
    assert message in str(wrong.value)
    assert len(str(wrong.value)) < 1_000


PART_FAULTS = [
    ({"variables": "rain"}, "variables: got 'rain', wanted a list"),
    ({"variables": [{"name": 7}]}, "variables[0].name: got 7, wanted text in quotes"),
    ({"variables": [{"name": ""}]}, "got an empty name"),
    ({"variables": [{"name": "x" * 201}]}, "at most 200 characters"),
    ({"variables": [{"name": "rain", "states": [1]}]}, "variables[0].states: got [1], wanted at least 2"),
    ({"variables": [{"name": "rain", "states": [0, False]}]}, "repeat one"),
    ({"variables": [{"name": "rain", "states": [0, 10**20]}]}, "not finite or is past 1e15"),
    ({"variables": [{"name": "rain", "observed": "yes"}]}, "wanted true or false"),
    ({"variables": [*RAIN["variables"], {"name": "rain"}]}, "'rain' is declared 2 times"),
    ({"variables": [{"nmae": "rain"}]}, "variables[0].name: this key is missing"),
    ({"edges": [{"cause": "rain", "effect": "rain"}]}, "'rain' -> 'rain' is a self-loop"),
    ({"edges": [{"cause": "snow", "effect": "rain"}]}, "speaks of 'snow', but the declared variables are"),
    ({"confounded": [{"pair": ["rain", "rain"]}]}, "names 'rain' twice"),
    ({"confounded": [{"pair": ["rain"]}]}, "confounded[0].pair"),
    ({"equations": [{"variable": "rian", "expression": "luck"}]}, "Did you mean 'rain'?"),
    ({"equations": [{"variable": "rain", "expression": "__import__('os').system('id')"}]}, "'__import__' is no func"),
    ({"equations": [{"variable": "rain", "expression": "luck and"}]}, "the text ends here"),
    ({"equations": [{"variable": "rain", "expression": "(" * 5_000}]}, "equations[0].expression"),
    ({"equations": [{"variable": "rain", "expression": {"op": "sys"}}]}, "equations[0].expression"),
    ({"equations": [{"variable": "rain", "expression": 7}]}, "wanted an expression"),
    ({"equations": [{"variable": "rain", "expression": "luck[rain=1]"}]}, "about one world"),
    ({"equations": [{"variable": "rain", "expression": "luck = ?x"}]}, "leaves ?x open"),
    ({"equations": [{"variable": "rain", "expression": "luck"}] * 2}, "'rain' has 2 equations"),
    (
        {"equations": [{"variable": "rain", "expression": "luck"}, {"variable": "luck", "expression": "not rain"}]},
        "The causes run in a circle: ",
    ),
    ({"equations": [{"variable": "rain", "expression": "not rain"}]}, "circle: rain -> rain"),
    (
        {"edges": [{"cause": "rain", "effect": "luck"}, {"cause": "luck", "effect": "rain"}], "equations": []},
        "The causes run in a circle: ",
    ),
    (
        {"edges": [{"cause": "rain", "effect": "luck"}], "equations": [{"variable": "luck", "expression": "True"}]},
        "disagrees with",
    ),
    ({"equations": [{"variable": "luck", "expression": "rain = 'often'"}]}, "'often' is not a state of 'rain'"),
    ({"queries": []}, "got no queries"),
    ({"queries": [{"query": "P(rain = True"}]}, "queries[0].query: Cannot read this: the closing"),
    ({"queries": [{"query": "P(snow = True)"}]}, "speaks of 'snow'"),
    ({"queries": [{"query": "P(rain[snow=True] = True)"}]}, "speaks of 'snow'"),
    ({"queries": [{"query": "P(rain = 'often')"}]}, "'often' is not a state of 'rain'"),
    ({"queries": [{"query": "P(rain = 7)"}]}, "7 is not a state of 'rain'"),
    ({"queries": [{"query": "P(rain = ?)"}]}, "leaves ?rain open"),
    ({"queries": [{"query": "3"}]}, "wanted a query"),
    ({"statements": [{"term": "P(rain)", "value": "0.5"}]}, "wanted something with one number"),
    ({"statements": [{"term": "3", "value": "0.5"}]}, "wanted something with one number"),
    ({"statements": [{"term": "corr(rain, luck)", "value": "1.2"}]}, "wanted a number from -1.0 to 1.0"),
    ({"statements": [{"term": "corr(rain, snow)", "value": "0.2"}]}, "'snow'"),
    ({"statements": [{"term": "corr(rain, rain)", "value": "0.2"}]}, "stands twice"),
    ({"statements": [{"term": "corr(rain, luck | snow = True)", "value": "0.2"}]}, "'snow'"),
    ({"statements": [{"term": "corr(rain, luck)", "counts": [1, 2]}]}, "Write a value"),
    ({"statements": [{"term": "P(rain = True)", "counts": [1, 2], "relation": ">"}]}, "Write a value"),
    ({"statements": [{"term": "P(rain = True) / P(luck = True)", "value": "-2"}]}, "wanted a number from 0.0"),
    ({"queries": [{}]}, "either a query or a claim; got neither"),
    ({"queries": [{"query": "P(rain = True)", "claim": "cause(rain, luck)"}]}, "got both"),
    ({"queries": [{"claim": "cause(rain, snow)"}]}, "'snow'"),
    ({"queries": [{"claim": "causes(rain, luck)"}]}, "Did you mean 'cause'"),
    ({"independences": ["cause(rain, luck)"]}, "wanted an independence"),
    ({"independences": ["independent(rain, luck | snow)"]}, "'snow'"),
    ({"independences": []}, "comes with equations and statements"),
    ({"statements": [{"term": "P(rain = True)"}]}, "needs either a value or counts; got neither"),
    ({"statements": [{"term": "P(rain = True)", "value": "0.5", "counts": [1, 2]}]}, "got both"),
    ({"statements": [{"term": "P(rain = True)", "counts": [3, 2]}]}, "has counts 3 of 2"),
    ({"statements": [{"term": "P(rain = True)", "counts": [0, 0]}]}, "the total is 0"),
    ({"statements": [{"term": "P(rain = True)", "counts": [1.5, 2]}]}, "whole number"),
    ({"statements": [{"term": "P(rain = True)", "value": True}]}, "wanted text in quotes"),
    (
        {"statements": [{"term": "P(rain = True)", "value": "0.7"}, {"term": "P(rain = False)", "value": "0.5"}]},
        "P(rain ...): the probabilities of True, False add up to about 1.2",
    ),
    (
        {"statements": [{"term": "P(rain = True)", "value": "0.7"}, {"term": "P(rain = True)", "value": "0.5"}]},
        "is given two different probabilities",
    ),
    ({"reply": {"kind": "maybe"}}, "wanted 'number', 'yes-no' or 'choice'"),
    ({"reply": {"threshold": float("1e300")}}, "reply.threshold"),
    ({"assumptions": [7]}, "assumptions[0]: got 7"),
]


@pytest.mark.parametrize(("parts", "message"), PART_FAULTS, ids=[message[:40] for _, message in PART_FAULTS])
def test_each_fault_has_its_own_message(parts, message):
    with pytest.raises(InvalidProblem) as wrong:
        Problem.from_json(changed(**parts))
    assert message in str(wrong.value)
    assert "Traceback" not in str(wrong.value)


def test_several_faults_are_listed_one_each():
    with pytest.raises(InvalidProblem) as wrong:
        Problem.from_json(changed(variables=[{"name": 7}, {"name": "x", "states": [1]}]))
    assert len(wrong.value.faults) == 2
    assert str(wrong.value).startswith("- variables[0].name")


@pytest.mark.parametrize(("first", "second"), [("0.33", "0.66"), ("33%", "67%"), ("0.3", "0.7")])
def test_sums_off_by_rounding_do_not_clash(first, second):
    statements = [{"term": "P(rain = True)", "value": first}, {"term": "P(rain = False)", "value": second}]
    Problem.from_json(changed(statements=statements))


def test_the_reply_by_default_says_yes_above_one_half():
    assert (Reply(kind="yes-no").comparison, Reply(kind="yes-no").threshold) == (">", 0.5)


def test_a_schema_can_be_written_for_endpoints_that_enforce_one():
    schema = Problem.model_json_schema()
    assert set(schema["properties"]) >= {"variables", "equations", "statements", "queries", "cannot"}
    assert schema["additionalProperties"] is False


SYSTEM = {
    "variables": [{"name": "A"}, {"name": "blood pressure"}, {"name": "C"}],
    "independences": ["independent(A, C)", {"claim": "independent", "first": "A", "second": "C"}],
    "queries": [{"claim": 'common_effect(A, "blood pressure")'}],
    "reply": {"kind": "yes-no"},
}


def test_claims_and_independences_come_back_from_their_file():
    problem = Problem.from_data(SYSTEM)
    assert problem.independences == (Independence("A", "C"),) * 2
    assert problem.queries[0].asserted == CausalClaim("common effect", "A", "blood pressure")
    assert problem.queries[0].text == 'common_effect(A, "blood pressure")'
    assert Problem.from_json(problem.to_json()) == problem


def test_no_independence_is_not_the_same_as_no_list():
    nothing = Problem.from_data({**SYSTEM, "independences": []})
    assert nothing.independences == ()
    assert Problem.from_json(nothing.to_json()) == nothing


def test_independences_give_no_number():
    with pytest.raises(InvalidProblem, match="independences alone give no number"):
        Problem.from_data({**SYSTEM, "queries": [{"query": "P(A = True)"}]})


@pytest.mark.parametrize(
    ("term", "value", "printed"),
    [
        ("corr(rain, luck)", "-0.33", (-0.33, -0.335, -0.325)),
        ("corr(rain, luck | luck = True)", "\u22120.5", (-0.5, -0.55, -0.45)),
        ("corr(rain, luck)", "-1", (-1.0, -1.0, -1.0)),
        ("P(rain = True) - P(luck = True)", "12%", (0.12, 0.115, 0.125)),
        ("P(rain = True) / P(luck = True)", "2", (2.0, 2.0, 2.0)),
        ("P(rain = True) / P(luck = True)", "1.5", (1.5, 1.45, 1.55)),
        ("P(rain = True) / P(luck = True)", "3/2", (1.5, 1.5, 1.5)),
        ("P(rain = True, luck = False)", "12%", (0.12, 0.115, 0.125)),
    ],
)
def test_statements_of_other_kinds(term, value, printed):
    problem = Problem.from_json(changed(statements=[{"term": term, "value": value, "relation": ">="}]))
    assert problem.statements[0].printed() == pytest.approx(printed)
    assert Problem.from_json(problem.to_json()) == problem


def test_a_correlation_is_of_two_states_each():
    three = [{"name": "rain", "states": [0, 1, 2]}, *RAIN["variables"][1:]]
    with pytest.raises(InvalidProblem, match="has 3 states"):
        Problem.from_data(
            {
                "variables": three,
                "statements": [{"term": "corr(rain, luck)", "value": "0.5"}],
                "queries": [{"query": "P(luck = True)"}],
            }
        )


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (0.000012345678, 0.000012345678),
        (1e-7, 1e-7),
        (-0.123456789, -0.123456789),
        (0.0, 0.0),
        (0.26, 0.26),
        (-1.0, -1.0),
    ],
)
def test_a_number_in_json_keeps_every_digit(number, value):
    document = changed(statements=[{"term": "P(rain = True) - P(luck = True)", "value": number}])
    assert Problem.from_json(document).statements[0].printed().value == value


def test_what_no_number_is_needed_for_is_answered_without_one():
    problem = Problem.from_data(
        {
            "variables": [{"name": "rain", "states": ["low", "mid", "high"]}, {"name": "luck"}],
            "edges": [{"cause": "rain", "effect": "luck"}],
            "queries": [{"query": "P(rain = 'high' | rain = 'mid')"}],
        }
    )
    assert solve_problem(problem).reply == 0.0
