"""Evidence that makes no difference: what rules settle is known without asking, and is what the engine says."""

from __future__ import annotations

import random

from llm_bridge import Problem
from llm_bridge._checks import CHECKS, Fault, Reading, examine
from llm_bridge._checks._settled import settled
from llm_bridge._compile import compile_problem
from scm import Probability, ask

TEXT = "A causes B. C and B together cause D."
RULES = [
    {"variable": "B", "expression": "A", "words": "A causes B."},
    {"variable": "D", "expression": "C and B", "words": "C and B together cause D."},
]


def problem(query: str, **more: object) -> Problem:
    data = {
        "variables": [{"name": name} for name in "ABCD"],
        "equations": RULES,
        "queries": [{"query": query}],
        "reply": {"kind": "yes-no"},
    }
    return Problem.from_data(data | more)


def found(query: str) -> bool | None:
    asked = problem(query)
    term = asked.queries[0].asked
    assert isinstance(term, Probability)
    return settled(asked, "ACBD", term.event)


def test_what_is_supposed_may_settle_the_outcome() -> None:
    assert found("P(D[A=False] = True | C = True)") is True  # whatever C is
    assert found("P(D[A=True] = True | C = True)") is False  # C decides
    assert found("P(B = True and C = True)") is False
    assert found("P(D[A=False] = True and not B[A=False])") is True


def test_what_is_not_looked_at_is_left_to_the_engine() -> None:
    assert found("P(D[A=False] = True and B = True)") is None  # two worlds
    assert found("P(D[B=B[A=True]] = True)") is None
    stated = problem("P(D[A=False] = True)", statements=[{"term": "P(C = True)", "value": "0.3"}])
    term = stated.queries[0].asked
    assert isinstance(term, Probability)
    assert settled(stated, "ACBD", term.event) is None


def hints(query: str, **more: object) -> list[Fault]:
    text = f"{TEXT} We observed C. Would D occur if A were {query.partition('=')[2].partition(']')[0]}?"
    engine = [check for check in CHECKS if check.name == "abduction"]
    return list(examine(Reading(text, problem(query, **more)), engine))


def test_the_hint_is_the_same_with_numbers_and_without() -> None:
    chance = {"statements": [{"term": "P(C = True)", "value": "0.3", "words": "30% are C."}]}
    for more in ({}, chance):
        assert [h.severity for h in hints("P(D[A=False] = True | C = True)", **more)] == ["hint"]
        assert hints("P(D[A=True] = True | C = True)", **more) == []


def rule(rng: random.Random, causes: list[str]) -> str:
    literals = [rng.choice(["", "not "]) + cause for cause in causes]
    joined = f" {rng.choice(['and', 'or', 'xor'])} ".join(f"({one})" for one in literals)
    return f"not ({joined})" if rng.random() < 0.3 else joined


def test_a_settled_outcome_is_one_with_a_probability_under_every_law() -> None:
    rng = random.Random(8)
    for _ in range(60):
        names = [f"V{i}" for i in range(6)]
        rules = [
            {"variable": names[i], "expression": rule(rng, rng.sample(names[:i], min(i, rng.choice([1, 2, 2]))))}
            for i in range(2, 6)
        ]
        event = f"V5[V{rng.randrange(5)}={rng.choice(['True', 'False'])}] = True"
        asked = problem(f"P({event})", variables=[{"name": name} for name in names], equations=rules)
        compiled = compile_problem(asked)
        term = compiled.queries[0]
        assert compiled.model is not None
        assert isinstance(term, Probability)
        known = settled(asked, compiled.model.graph.order, term.event)
        assert known is isinstance(ask(compiled.model, term).value, float)
