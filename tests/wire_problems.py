"""Random Problems of every form, sound by themselves: for whatever must hold for all of them."""

from __future__ import annotations

import random
from typing import Any

from llm_bridge._problem import InvalidProblem, Problem
from scm import (
    Adjusts,
    CausalClaim,
    Const,
    Contrast,
    Correlation,
    Distribution,
    Draw,
    Expectation,
    Expr,
    Independence,
    Number,
    Op,
    Probability,
    Set,
    Soft,
    Var,
    claim_to_data,
    expr_to_data,
    quantity_to_data,
    query_to_data,
    world,
)

NAMES: tuple[str, ...] = (
    "X",
    "Y",
    "Z",
    "blood pressure",
    "P",
    "not",
    "größe",
    'say "hi"',
    "tide",
    "a very long name of a thing",
)
STATES = (
    (False, True),
    (False, True),
    (False, True),
    (0, 1),
    (1, 0),
    ("low", "mid", "high"),
    (-1, 0.25, 3),
    ("it's", "no"),
)
WORDS = ("", "the tide turns", "26%", "“so” it said", "two\nlines", 'a "quoted" part')


def random_problem(seed: object) -> Problem:
    """A Problem that passes its own check; the seed is the whole cause of it."""
    rng = random.Random(f"problem {seed}")
    while True:
        try:
            return Problem.from_data(_draft(rng))
        except InvalidProblem:
            continue


def _draft(rng: random.Random) -> dict[str, Any]:
    if rng.random() < 0.05:
        return {"cannot": rng.choice(("It is a poem.", 'Nothing is asked. "Why?" has no answer here.'))}
    names = rng.sample(NAMES, rng.randint(2, 6))
    states = {name: rng.choice(STATES) for name in names}
    variables = [
        {
            "name": n,
            "states": states[n],
            "description": "what it is",
            "observed": rng.random() < 0.9,
            "words": _words(rng),
        }
        for n in names
    ]
    drafted: dict[str, Any] = {"variables": variables, "reply": _reply(rng)}
    drafted["assumptions"] = [f"assumption {i}" for i in range(rng.randint(0, 2))]
    if rng.random() < 0.1:
        listed = [claim_to_data(_independence(rng, names)) for _ in range(rng.randint(0, 3))]
        return {**drafted, "independences": listed, "queries": [{"claim": claim_to_data(_claim(rng, names))}]}
    drafted |= _causes(rng, names, states)
    drafted["statements"] = [_statement(rng, names, states) for _ in range(rng.randint(0, 4))]
    drafted["queries"] = [_asked(rng, names, states) for _ in range(rng.randint(1, 2))]
    return drafted


def _words(rng: random.Random) -> str:
    return rng.choice(WORDS)


def _reply(rng: random.Random) -> dict[str, Any]:
    kind = rng.choice(("number", "yes-no", "choice"))
    options = ["this", "that"] if kind == "choice" else []
    comparison = rng.choice((">", ">=", "<", "<=", "="))
    return {"kind": kind, "comparison": comparison, "threshold": rng.choice((0.5, 0.0, 2.0)), "options": options}


def _causes(rng: random.Random, names: list[str], states: dict[str, Any]) -> dict[str, Any]:
    """Edges, equations and confounded pairs; causes come before effects in the list of names."""
    made: dict[str, Any] = {"edges": [], "equations": [], "confounded": []}
    for i, name in enumerate(names[1:], 1):
        causes = rng.sample(names[:i], rng.randint(1, min(i, 3)))
        if states[name] == (False, True) and rng.random() < 0.5:
            event = _expression(rng, causes, states, 2, False)
            made["equations"].append({"variable": name, "expression": expr_to_data(event), "words": _words(rng)})
        else:
            made["edges"] += [{"cause": cause, "effect": name, "words": _words(rng)} for cause in causes]
    if rng.random() < 0.3:
        made["confounded"].append({"pair": rng.sample(names, 2), "words": _words(rng)})
    return made


def _event(rng: random.Random, names: list[str], states: dict[str, Any], depth: int, worlds: bool) -> Expr:
    name = rng.choice(names)
    term = Var(name, _world(rng, names, states, depth) if worlds else ())
    kind: Any = rng.choice(("=", "=", "=", "!=", "in"))
    some = rng.sample(states[name], 2) if kind == "in" else [rng.choice(states[name])]
    return Op(kind, (term, *(Const(value) for value in some)))


OPERATIONS: tuple[tuple[Any, int], ...] = (("and", 2), ("or", 3), ("xor", 2), ("not", 1), ("if", 3))


def _expression(rng: random.Random, names: list[str], states: dict[str, Any], depth: int, worlds: bool = True) -> Expr:
    if depth == 0 or rng.random() < 0.3:
        return _event(rng, names, states, depth, worlds)
    op, count = rng.choice(OPERATIONS)
    return Op(op, tuple(_expression(rng, names, states, depth - 1, worlds) for _ in range(count)))


def _world(rng: random.Random, names: list[str], states: dict[str, Any], depth: int) -> Any:
    targets = rng.sample(names, rng.choice((0, 1, 1, 2)))
    return world(*(_assignment(rng, target, names, states, depth) for target in targets))


def _assignment(rng: random.Random, target: str, names: list[str], states: dict[str, Any], depth: int) -> Any:
    parent = rng.choice((None, None, None, rng.choice(names)))
    kind = rng.choice(("set", "set", "set", "set", "soft", "draw"))
    if kind == "soft":
        return Soft(target, _expression(rng, names, states, max(depth - 1, 0), False), parent)
    if kind == "draw":
        first, last, *_ = states[target]
        condition = _event(rng, names, states, 0, False)
        return Draw(target, ((condition, ((first, 1.0),)), (None, ((first, 0.25), (last, 0.75)))), parent)
    if depth and rng.random() < 0.2:
        return Set(target, Var(target, _world(rng, names, states, depth - 1)), parent)
    return Set(target, Const(rng.choice(states[target])), parent)


def _given(rng: random.Random, names: list[str], states: dict[str, Any]) -> Expr | None:
    return rng.choice((None, _expression(rng, names, states, 1)))


def _query(rng: random.Random, names: list[str], states: dict[str, Any], depth: int = 2) -> Any:
    kinds = ("probability", "probability", "expectation", "distribution", *(("contrast",) if depth else ()))
    match rng.choice(kinds):
        case "probability":
            return Probability(_expression(rng, names, states, 2), _given(rng, names, states))
        case "expectation":
            return Expectation(Var(rng.choice(names), _world(rng, names, states, 1)), _given(rng, names, states))
        case "distribution":
            some = tuple(Var(name, _world(rng, names, states, 0)) for name in rng.sample(names, 2))
            return Distribution(some, _given(rng, names, states))
    left, right = (_query(rng, names, states, depth - 1) for _ in range(2))
    sign: Any = rng.choice("+-*/")
    return Contrast(sign, left, rng.choice((right, Number(rng.choice((0.5, 2.0))))))


def _statement(rng: random.Random, names: list[str], states: dict[str, Any]) -> dict[str, Any]:
    kind = rng.choice(("share", "share", "counts", "difference", "correlation"))
    one, two = (
        Probability(_event(rng, names, states, 0, rng.random() < 0.3), _given(rng, names, states)) for _ in "ab"
    )
    if kind == "counts":
        return {"term": query_to_data(one), "counts": [rng.randint(0, 9), 9], "words": _words(rng)}
    term: Any = Contrast("-", one, two) if kind == "difference" else one
    if kind == "correlation":
        first, second = rng.sample(names, 2)
        term = Correlation(first, second, _given(rng, names, states))
    value = rng.choice(("0.26", "26%", "9 in 10", "0.9")) if kind == "share" else "0.1"
    relation = rng.choice(("=", "=", "<", ">="))
    return {"term": quantity_to_data(term), "value": value, "relation": relation, "words": _words(rng)}


def _asked(rng: random.Random, names: list[str], states: dict[str, Any]) -> dict[str, Any]:
    if rng.random() < 0.25:
        return {"claim": claim_to_data(_claim(rng, names)), "words": _words(rng)}
    return {"query": query_to_data(_query(rng, names, states)), "words": _words(rng)}


def _independence(rng: random.Random, names: list[str]) -> Independence:
    first, second, *rest = rng.sample(names, rng.randint(2, len(names)))
    return Independence(first, second, tuple(rest))


def _claim(rng: random.Random, names: list[str]) -> Any:
    first, second, *rest = rng.sample(names, rng.randint(2, len(names)))
    return rng.choice(
        (
            Independence(first, second, tuple(rest)),
            Adjusts(first, second, tuple(rest)),
            CausalClaim(rng.choice(("cause", "direct cause", "common effect")), first, second),
        )
    )
