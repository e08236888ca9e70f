"""The structured form of expressions and queries: exact both ways, and safe against hostile documents."""

import json
import random

import pytest

from scm import (
    Const,
    Contrast,
    Distribution,
    Draw,
    Expectation,
    InvalidFile,
    InvalidQuery,
    Number,
    Op,
    Placeholder,
    Probability,
    Set,
    Soft,
    Var,
    expr_from_data,
    expr_to_data,
    parse_query,
    query_from_data,
    query_to_data,
    world,
)

NAMES = ("X", "Y", "blood pressure", "P", "not", "größe", 'say "hi"')
STATES = (True, False, 0, 1, -2, 0.25, "small", "it's", "", 10**15)


def random_expr(rng, depth=3):
    kind = rng.choice(("const", "placeholder", "var", "var", "op", "op") if depth else ("const", "placeholder", "var"))
    if kind == "const":
        return Const(rng.choice(STATES))
    if kind == "placeholder":
        return Placeholder(rng.choice(NAMES))
    if kind == "var":
        return Var(rng.choice(NAMES), random_world(rng, depth) if depth else ())
    op, count = rng.choice(
        [
            *(("and", 2), ("or", 3), ("xor", 2), ("not", 1), ("=", 2), ("<", 2), (">=", 2), ("in", 3), ("+", 2)),
            *(("*", 3), ("/", 2), ("neg", 1), ("if", 3), ("min", 1), ("max", 2), ("abs", 1), ("!=", 2)),
            *(("**", 2), ("exp", 1), ("log", 1), ("sqrt", 1), ("tanh", 1), ("sin", 1), ("cos", 1)),
        ]
    )
    return Op(op, tuple(random_expr(rng, depth - 1) for _ in range(count)))


def random_world(rng, depth):
    targets = rng.sample(NAMES, rng.randint(0, 2))
    return world(*(random_assignment(rng, target, depth - 1) for target in targets))


def random_assignment(rng, target, depth):
    parent = rng.choice((None, "Z"))
    kind = rng.choice(("set", "set", "soft", "draw", "policy"))
    if kind == "set":
        value = rng.choice(
            (Const(rng.choice(STATES)), Placeholder("x"), Var("M", random_world(rng, depth) if depth > 0 else ()))
        )
        return Set(target, value, parent)
    if kind == "soft":
        return Soft(target, random_expr(rng, max(depth, 0)), parent)
    if kind == "policy":
        return Draw(target, (), parent, "policy of mine")
    law = ((0, 0.25), ("b", 0.75))
    return Draw(target, ((random_expr(rng, max(depth, 0)), law), (None, law)), parent)


def random_query(rng, depth=3):
    kind = rng.choice(
        ("probability", "expectation", "distribution", "number", "contrast", "contrast") if depth else ("number",)
    )
    given = rng.choice((None, random_expr(rng)))
    match kind:
        case "probability":
            return Probability(random_expr(rng), given)
        case "expectation":
            return Expectation(random_expr(rng), given)
        case "distribution":
            return Distribution(tuple(Var(n) for n in rng.sample(NAMES, 2)), given)
        case "number":
            return Number(rng.choice((0.0, -1.5, 1e15)))
    return Contrast(rng.choice("+-*/"), random_query(rng, depth - 1), random_query(rng, depth - 1))


def same_kind(one, other):
    """Equal, and of the same types: `True == 1` in Python, but not in a file."""
    return repr(one) == repr(other)


@pytest.mark.parametrize("seed", range(200))
def test_an_expression_comes_back_from_a_file(seed):
    expr = random_expr(random.Random(seed))
    assert same_kind(expr_from_data(json.loads(json.dumps(expr_to_data(expr)))), expr)


@pytest.mark.parametrize("seed", range(200))
def test_a_query_comes_back_from_a_file(seed):
    query = random_query(random.Random(seed))
    assert same_kind(query_from_data(json.loads(json.dumps(query_to_data(query)))), query)


@pytest.mark.parametrize(
    "text",
    [
        "P(Y = 1 | do(X = 1))",
        "P(Y[X=0] = 0 | X = 1, Y = 1)",
        "E[Y[X=1, M=M[X=0]]] - E[Y[X=0]]",
        "E[Y[X=1, X->M=0]]",
        "P(Y, Z | X = ?x)",
        "E[Y[X ~ {0: 0.5, 1: 0.5} if Z = 1 else {1: 1.0}]]",
        "E[Y[X := X + 1]]",
        " + ".join(["E[Y]"] * 100),
    ],
)
def test_text_and_data_say_the_same(text):
    query = parse_query(text)
    assert query_from_data(query_to_data(query)) == query


def nested(depth):
    data = {"var": "X"}
    for _ in range(depth):
        data = {"op": "not", "args": [data]}
    return data


def worlds(depth):
    data = {"var": "X"}
    for _ in range(depth):
        data = {"var": "X", "world": [{"set": "X", "value": data}]}
    return data


EXPRESSIONS = [
    (None, "expression: got null, wanted an object"),
    ("X and Y", "got 'X and Y', wanted an object"),
    ([], "got a list of 0, wanted an object"),
    ({}, "got an empty object, wanted an object with exactly one of"),
    ({"var": "X", "const": 1}, "exactly one of"),
    ({"var": "X", "wrld": []}, "got 'wrld', wanted only the keys 'var', 'world'. Did you mean 'world'?"),
    ({"var": 7}, "expression.var: got 7, wanted a name in quotes"),
    ({"var": " "}, "wanted a name that is not empty"),
    ({"var": "x" * 201}, "at most 200 characters"),
    ({"const": None}, "expression.const: got null, wanted true, false"),
    ({"const": float("nan")}, "finite number"),
    ({"const": float("inf")}, "finite number"),
    ({"const": 10**400}, "got a number past 1e15"),
    ({"const": "x" * 201}, "a label of at most 200"),
    ({"op": "nand", "args": []}, "expression.op: got 'nand', wanted one of"),
    ({"op": ["and"], "args": []}, "expression.op: got a list of 1"),
    ({"op": "and"}, "wanted the key 'args' too"),
    ({"op": "and", "args": [{"var": "X"}]}, "'and' takes at least 2 arguments, got 1"),
    ({"op": "if", "args": [{"var": "X"}]}, "'if' takes 3 arguments, got 1"),
    ({"op": "not", "args": {"var": "X"}}, "expression.args: got an object with 'var', wanted a list"),
    ({"op": "not", "args": [{"vra": "X"}]}, r"expression.args[0]: got an object with 'vra'"),
    (
        {"var": "X", "world": [{"set": "Z"}]},
        "expression.world[0]: got an object with 'set', wanted the key 'value' too",
    ),
    ({"var": "X", "world": [{"set": "Z", "value": nested(1)}]}, "For a formula use 'soft'"),
    ({"var": "X", "world": [{"draw": "Z", "cases": []}]}, "the last has none; got 0 cases"),
    ({"var": "X", "world": [{"draw": "Z", "cases": [{"law": []}]}]}, "at least one state with its probability"),
    (
        {"var": "X", "world": [{"draw": "Z", "cases": [{"law": [{"state": 1, "probability": True}]}]}]},
        "law[0].probability: got True, wanted a number",
    ),
    (nested(60), "nested deeper than 60 levels"),
    (nested(5_000), "nested deeper than 60 levels"),
    (worlds(60), "nested deeper than 60 levels"),
    ({"op": "and", "args": [{"var": "X"}] * 6_000}, "more than 5,000 parts"),
]
QUERIES = [
    ({"probability": {"var": "X"}, "given": None}, "query.given: got null"),
    ({"probability": {"var": "X"}, "expectation": {"var": "X"}}, "exactly one of"),
    ({"distribution": []}, "a list of variables, at least one"),
    ({"distribution": [{"const": 1}]}, "For an event use 'probability'"),
    ({"number": "1"}, "query.number: got '1', wanted a number"),
    ({"number": 10**400}, "a finite number of size at most 1e15"),
    ({"contrast": "%", "left": {"number": 1}, "right": {"number": 1}}, "one of '+', '-', '*', '/'"),
    ({"contrast": ["+"], "left": {"number": 1}, "right": {"number": 1}}, "one of '+', '-', '*', '/'"),
    ({"contrast": "+", "left": {"number": 1}}, "wanted the key 'right' too"),
]


@pytest.mark.parametrize(("data", "message"), EXPRESSIONS, ids=[str(i) for i in range(len(EXPRESSIONS))])
def test_a_faulty_expression_is_refused_where_it_is_faulty(data, message):
    with pytest.raises(InvalidFile) as wrong:
        expr_from_data(data)
    assert message in str(wrong.value)
    assert len(str(wrong.value)) < 600


@pytest.mark.parametrize(("data", "message"), QUERIES, ids=[str(i) for i in range(len(QUERIES))])
def test_a_faulty_query_is_refused_where_it_is_faulty(data, message):
    with pytest.raises(InvalidFile) as wrong:
        query_from_data(data)
    assert message in str(wrong.value)


def test_a_world_that_sets_a_variable_twice_is_no_world():
    data = {"var": "Y", "world": [{"set": "X", "value": {"const": 0}}, {"set": "X", "value": {"const": 1}}]}
    with pytest.raises(InvalidQuery, match=r"expression.world: One world sets X twice"):
        expr_from_data(data)


def test_a_deep_contrast_is_refused():
    data = {"number": 1}
    for _ in range(2_000):
        data = {"contrast": "+", "left": data, "right": {"number": 1}}
    with pytest.raises(InvalidFile, match="nested deeper than 240 levels"):
        query_from_data(data)
