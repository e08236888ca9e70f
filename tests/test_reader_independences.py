"""Texts that list independences: what is read, said in many ways, and what is refused with its reason."""

from __future__ import annotations

import itertools
import json
import random
import re
from typing import Any

import pytest

from llm_bridge import Problem, answer_text, read
from llm_bridge._reader._independences import CLOSED, COMPLETE
from scm import CausalClaim, Claim, Independence, Relation
from tests.separation import separated

OPENING = "Suppose there is a closed system of 3 variables, A, B and C. "
LISTED = "All the statistical relations among these 3 variables are as follows: "
COLLIDER = "A correlates with C. B correlates with C. However, A is independent of B. "
AB = (Independence("A", "B"),)


def as_read(text: str) -> Problem:
    problem = read(text)
    assert problem.cannot is None, problem.cannot
    return problem


def listed(problem: Problem) -> set[tuple[frozenset[str], frozenset[str]]]:
    assert problem.independences is not None
    return {(frozenset((i.first, i.second)), frozenset(i.given)) for i in problem.independences}


def test_the_published_form():
    problem = as_read(f"Premise: {OPENING}{LISTED}{COLLIDER}\nHypothesis: A directly causes C.")
    assert problem.independences == AB
    assert problem.queries[0].asserted == CausalClaim("direct cause", "A", "C")
    assert problem.reply.kind == "yes-no"
    assert [v.name for v in problem.variables] == ["A", "B", "C"]
    assert not problem.edges
    assert not problem.assumptions


@pytest.mark.parametrize(
    "relations",
    [
        "A is correlated with C. B is correlated with C. But A is not correlated with B. ",
        "A and C are correlated. B and C are correlated. A and B are uncorrelated. ",
        "C correlates with A and B. A does not correlate with B. ",
        "C correlates with both A and B, but A and B are independent of each other. ",
        "There is a correlation between A and C. There is an association between B and C. "
        "There is no correlation between A and B. ",
        "A is statistically dependent on C, and B is statistically dependent on C. A is marginally independent of B. ",
        "A and B are statistically independent. All other pairs are dependent. ",
        "A is independent of B; A correlates with C; B correlates with C. ",
        "A and C are not independent. B is not independent of C. A and B are independent. ",
        "A correlates with C, B correlates with C, and A is independent of B. ",
        "A is independent from B. They are dependent given C. Every other pair correlates. ",
        "C is correlated with A and with B. A is independent of B. ",
        "A and C are correlated. So are B and C. A and B are independent. ",
        "We observe that A and C are correlated, that B and C are correlated, and that A and B are not correlated. ",
        "- A correlates with C\n- B correlates with C\n- A is independent of B\n",
    ],
)
def test_the_same_list_said_differently(relations):
    for opening in (
        OPENING + LISTED,
        "Consider a closed system of three variables: A, B, and C. ",
        "There are three variables, namely A, B and C. ",
        "We study the following 3 variables: A, B, C. ",
        "Consider the following closed system of variables: A, B, C. ",
        "Three variables A, B and C form a closed system. ",
        "Let's consider three factors: A, B, and C. The statistical relations among these variables are as follows: ",
        "In a closed system of 3 variables, A, B and C, ",
        "",
    ):
        if not opening and "All other pairs" in relations:
            continue  # nothing says that there is a C
        problem = as_read(f"{opening}{relations}Hypothesis: A causes C.")
        assert listed(problem) == listed(
            Problem(variables=problem.variables, independences=AB, queries=problem.queries)
        )
        assert problem.queries[0].asserted == CausalClaim("cause", "A", "C")


@pytest.mark.parametrize(
    ("question", "claim"),
    [
        ("Hypothesis: A directly causes B.", CausalClaim("direct cause", "A", "B")),
        ("Does A directly cause B?", CausalClaim("direct cause", "A", "B")),
        ("Is A a direct cause of B?", CausalClaim("direct cause", "A", "B")),
        ("Does A have a direct effect on B?", CausalClaim("direct cause", "A", "B")),
        ("Hypothesis: B is directly caused by A", CausalClaim("direct cause", "A", "B")),
        ("Hypothesis: A causes something else which causes B.", CausalClaim("indirect cause", "A", "B")),
        ("Hypothesis: A is a cause for B, but not a direct one.", CausalClaim("indirect cause", "A", "B")),
        ("Is A an indirect cause of B?", CausalClaim("indirect cause", "A", "B")),
        ("Does A affect B through some other variable?", CausalClaim("indirect cause", "A", "B")),
        ("Hypothesis: A influences B through some mediator(s).", CausalClaim("indirect cause", "A", "B")),
        ("Hypothesis: A directly affects B.", CausalClaim("direct cause", "A", "B")),
        ("Hypothesis: Some variable(s) cause(s) both A and B.", CausalClaim("common cause", "A", "B")),
        ("Hypothesis: A and B together cause some other variable(s).", CausalClaim("common effect", "A", "B")),
        ("Is it certain that A and B both affect another variable?", CausalClaim("common effect", "A", "B")),
        ("Does A indirectly influence B?", CausalClaim("indirect cause", "A", "B")),
        ("Does it follow that A causes B?", CausalClaim("cause", "A", "B")),
        ("Can we conclude that A has an effect on B?", CausalClaim("cause", "A", "B")),
        ("Is B caused by A?", CausalClaim("cause", "A", "B")),
        (
            "Hypothesis: There exists at least one confounder (i.e., common cause) of A and B.",
            CausalClaim("common cause", "A", "B"),
        ),
        ("Is there a common cause of A and B?", CausalClaim("common cause", "A", "B")),
        ("Do A and B have a common cause?", CausalClaim("common cause", "A", "B")),
        ("Is it true that A and B share a confounder?", CausalClaim("common cause", "A", "B")),
        ("Hypothesis: Some variable causes both A and B.", CausalClaim("common cause", "A", "B")),
        (
            "Hypothesis: There exists at least one collider (i.e., common effect) of A and B.",
            CausalClaim("common effect", "A", "B"),
        ),
        ("Do A and B have a common effect?", CausalClaim("common effect", "A", "B")),
        ("Must there be a common effect of A and B?", CausalClaim("common effect", "A", "B")),
        ("Are A and B independent given C?", Independence("A", "B", ("C",))),
        ("Is A independent of B?", Independence("A", "B")),
        ("Hypothesis: A directly causes B. Is this hypothesis true?", CausalClaim("direct cause", "A", "B")),
        ("Question: does A cause B? Answer yes or no.", CausalClaim("cause", "A", "B")),
    ],
)
def test_what_is_claimed(question: str, claim: Claim):
    assert as_read(f"{OPENING}{LISTED}{COLLIDER}\n{question}").queries[0].asserted == claim


@pytest.mark.parametrize(
    "conditional",
    [
        "A and B are independent given C and D.",
        "Given C and D, A and B are independent.",
        "A is independent of B conditional on C and D.",
        "A is conditionally independent of B given both C and D.",
        "A and B become independent once we control for C and D.",
        "When conditioning on C and D, A is not correlated with B.",
        "Controlling for C and D, A and B are uncorrelated.",
        "A and B are independent conditioned on D, C.",
    ],
)
def test_conditions_said_differently(conditional):
    text = f"There are 4 variables: A, B, C and D. {conditional} All other pairs are dependent. Does A cause B?"
    assert listed(as_read(text)) == {(frozenset("AB"), frozenset("CD"))}


def test_names_of_several_words():
    text = (
        "Imagine a closed system of 4 variables, Sleep quality, bread and butter, blood pressure and the age. "
        "Blood pressure correlates with the sleep quality. Bread and butter correlates with sleep quality. "
        "Blood pressure is independent of bread and butter. All other pairs are dependent. "
        "Is blood pressure a cause of sleep quality?"
    )
    problem = as_read(text)
    assert [v.name for v in problem.variables] == ["Sleep quality", "bread and butter", "blood pressure", "age"]
    assert listed(problem) == {(frozenset(("blood pressure", "bread and butter")), frozenset())}
    assert problem.queries[0].asserted == CausalClaim("cause", "blood pressure", "Sleep quality")


def test_what_the_text_does_not_say_is_listed():
    text = "Rainfall correlates with crop yield. Does rainfall cause crop yield?"
    problem = as_read(text)
    assert problem.assumptions == (COMPLETE, CLOSED)
    assert problem.independences == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"{OPENING}{LISTED}A correlates with C. A is independent of B. Hypothesis: A causes B.", '"B" and "C"'),
        (f"{OPENING}{COLLIDER}A correlates with B. Hypothesis: A causes B.", "contradict each other"),
        (f"{OPENING}{COLLIDER}A and B are independent given A. Hypothesis: A causes B.", "twice"),
        (f"{OPENING}{COLLIDER}C directly causes A. Hypothesis: A causes B.", '"C directly causes A"'),
        (f"{OPENING}{COLLIDER}A and B are independent given D. Hypothesis: A causes B.", "given D"),
        (f"{OPENING}{COLLIDER}A and B are independent unless C. Hypothesis: A causes B.", "unless"),
        (f"{OPENING}{COLLIDER}A and B are nearly independent given C. Hypothesis: A causes B.", "nearly"),
        (f"{OPENING}{COLLIDER}A is independent of B given C or D. Hypothesis: A causes B.", "or D"),
        (f"{OPENING}{COLLIDER}A and B are independent of C. Hypothesis: A causes B.", "independent of C"),
        (f"{OPENING}{COLLIDER}Hypothesis: A does not cause B.", "does not cause"),
        (f"{OPENING}{COLLIDER}Hypothesis: A causes D.", "A causes D"),
        (f"{OPENING}{COLLIDER}Hypothesis: A causes A.", "A causes A"),
        (f"{OPENING}{COLLIDER}Hypothesis: A probably causes B.", "probably"),
        (f"{OPENING}{COLLIDER}Hypothesis: A causes B and C.", "B and C"),
        (f"{OPENING}{COLLIDER}Hypothesis: A causes B. Hypothesis: B causes A.", "Ask one"),
        (f"{OPENING}{COLLIDER}Hypothesis: A causes B. It rained.", "It rained"),
        (f"{OPENING.replace('3', '4')}{COLLIDER}Hypothesis: A causes B.", "names 3"),
        (f"{OPENING.replace('B and C', 'B and A')}{COLLIDER}Hypothesis: A causes B.", "twice"),
    ],
)
def test_what_is_not_understood_is_refused(text, says):
    problem = read(text)
    assert problem.cannot is not None
    assert says in problem.cannot


NAMES = ["sleep", "Blood pressure", "coffee intake", "Q7", "the age group", "mood", "wealth"]
PREMISES = {
    True: ["{x} correlates with {y}.", "{x} and {y} are correlated.", "{y} is associated with {x}."],
    False: ["{x} is independent of {y}.", "{x} and {y} are not correlated.", "{y} does not correlate with {x}."],
}
GIVEN = ["{x} and {y} are independent given {z}.", "Given {z}, {x} is independent of {y}."]
CLAIMS: list[tuple[str, Relation]] = [
    ("{x} directly causes {y}.", "direct cause"),
    ("{x} is a cause for {y}, but not a direct one.", "indirect cause"),
    ("{x} causes {y}.", "cause"),
    ("There is a confounder of {x} and {y}.", "common cause"),
    ("There exists a common effect of {x} and {y}.", "common effect"),
]


def fresh_text(rng: random.Random) -> tuple[str, set[tuple[frozenset[str], frozenset[str]]], CausalClaim]:
    """A text over a random graph, the independences of that graph, and the claim."""
    names = rng.sample(NAMES, rng.randint(2, 4))
    order = rng.sample(names, len(names))
    graph = {name: {p for p in order[:i] if rng.random() < 0.5} for i, name in enumerate(order)}
    plain = {name: name.removeprefix("the ") for name in names}
    lines: list[str] = []
    found: set[tuple[frozenset[str], frozenset[str]]] = set()
    for x, y in itertools.combinations(names, 2):
        others = [name for name in names if name not in (x, y)]
        for size in range(len(others) + 1):
            for given in itertools.combinations(others, size):
                apart = separated(graph, {x}, {y}, set(given))
                if apart:
                    found.add((frozenset((plain[x], plain[y])), frozenset(plain[z] for z in given)))
                if size == 0 or apart:
                    z = ", ".join(given[:-1]) + " and " * (size > 1) + "".join(given[-1:])
                    line = rng.choice(PREMISES[not apart] if size == 0 else GIVEN).format(x=x, y=y, z=z)
                    lines.append(line[0].upper() + line[1:])
    declared = ", ".join(names[:-1]) + f" and {names[-1]}"
    form, relation = rng.choice(CLAIMS)
    x, y = rng.sample(names, 2)
    opening = f"Suppose there is a closed system of {len(names)} variables, {declared}. "
    claim = CausalClaim(relation, plain[x], plain[y])
    return f"{opening}{' '.join(lines)}\nHypothesis: {form.format(x=x, y=y)}", found, claim


def test_fresh_texts_are_read_as_they_were_meant():
    rng = random.Random(11)
    for _ in range(150):
        text, found, claim = fresh_text(rng)
        problem = as_read(text)
        assert listed(problem) == found
        assert problem.queries[0].asserted == claim


def test_a_word_too_many_is_never_overlooked():
    """The other side: a damaged text is refused, or it is damaged where nothing is said."""
    rng = random.Random(12)
    for _ in range(150):
        text, found, claim = fresh_text(rng)
        words = text.split(" ")
        place = rng.randrange(text[: text.index(". ")].count(" ") + 1, len(words))
        text = " ".join([*words[:place], rng.choice(("hardly", "barely", "if", "or", "never", "ice")), *words[place:]])
        problem = read(text)
        if problem.cannot is None:
            assert (listed(problem), problem.queries[0].asserted) == (found, claim), text


def dags(names: list[str]) -> list[dict[str, set[str]]]:
    """Every acyclic graph over `names`, each once, as parents."""
    found: dict[frozenset[tuple[str, str]], dict[str, set[str]]] = {}
    for order in itertools.permutations(names):
        pairs = list(itertools.combinations(order, 2))
        for bits in range(2 ** len(pairs)):
            edges = frozenset(pair for i, pair in enumerate(pairs) if bits >> i & 1)
            found[edges] = {name: {a for a, b in edges if b == name} for name in names}
    return list(found.values())


def reaches(graph: dict[str, set[str]], start: str, end: str, without: str = "") -> bool:
    todo, seen = [end], {end}
    while todo:
        for parent in graph[todo.pop()] - seen - {without}:
            seen.add(parent)
            todo.append(parent)
    return start in seen - {end}


def is_true(graph: dict[str, set[str]], claim: CausalClaim) -> bool:
    x, y = claim.first, claim.second
    others = [name for name in graph if name not in (x, y)]
    match claim.relation:
        case "direct cause":
            return x in graph[y]
        case "indirect cause":
            return any(x in graph[z] and (z in graph[y] or reaches(graph, z, y)) for z in others)
        case "cause":
            return reaches(graph, x, y)
        case "common cause":
            return any(reaches(graph, z, x, y) and reaches(graph, z, y, x) for z in others)
        case "common effect":
            return any(reaches(graph, x, z, y) and reaches(graph, y, z, x) for z in others)


def signature(graph: dict[str, set[str]]) -> frozenset[tuple[frozenset[str], frozenset[str]]]:
    """All independences of a graph."""
    names = list(graph)
    return frozenset(
        (frozenset((x, y)), frozenset(given))
        for x, y in itertools.combinations(names, 2)
        for size in range(len(names) - 1)
        for given in itertools.combinations([n for n in names if n not in (x, y)], size)
        if separated(graph, {x}, {y}, set(given))
    )


def test_fresh_texts_get_the_answer_of_every_graph_that_fits():
    """The whole chain against all 543 graphs over four variables, with another separation and other relations."""
    rng = random.Random(13)
    names = ["sleep", "mood", "Q7", "blood pressure"]
    alike: dict[object, list[dict[str, set[str]]]] = {}
    for graph in dags(names):
        alike.setdefault(signature(graph), []).append(graph)
    assert len(alike) == 185  # equivalence classes of four variables (Gillispie & Perlman 2002)
    told: dict[str | None, int] = {}
    for key in rng.sample(list(alike), 50) * 3:
        text, claim = listed_text(rng, names, key)
        reply = answer_text(text)
        expected = "yes" if all(is_true(graph, claim) for graph in alike[key]) else "no"
        assert reply.reply == expected, (text, reply.words)
        told[expected] = told.get(expected, 0) + 1
    assert min(told.values()) >= 8


def listed_text(rng: random.Random, names: list[str], key: Any) -> tuple[str, CausalClaim]:
    """A text that lists exactly these independences, and a claim."""
    lines: list[str] = []
    for x, y in itertools.combinations(names, 2):
        apart = [given for pair, given in key if pair == {x, y}]
        for given in [frozenset[str](), *sorted((g for g in apart if g), key=sorted)]:
            z = sorted(given)
            condition = ", ".join(z[:-1]) + " and " * (len(z) > 1) + "".join(z[-1:])
            forms = GIVEN if given else PREMISES[given not in apart]
            line = rng.choice(forms).format(x=x, y=y, z=condition)
            lines.append(line[0].upper() + line[1:])
    form, relation = rng.choice(CLAIMS)
    x, y = rng.sample(names, 2)
    opening = f"Imagine a closed system of 4 variables: {', '.join(names)}."
    return f"{opening} {' '.join(lines)} Hypothesis: {form.format(x=x, y=y)}", CausalClaim(relation, x, y)


def test_the_development_sample_is_read_in_full(shared_data):
    for line in (shared_data / "corr2cause_dev.jsonl").read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        problem = as_read(item["input"])
        assert len(listed(problem)) == len(re.findall("independent", item["input"]))


def test_other_texts_are_left_to_other_readers(shared_data):
    from llm_bridge._reader._independences import read_independences

    for name, key in (("cladder_dev.jsonl", "prompt"), ("counterbench_dev.jsonl", "given_info")):
        for line in (shared_data / name).read_text(encoding="utf-8").splitlines():
            assert read_independences(json.loads(line)[key]) is None
