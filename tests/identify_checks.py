"""A random question put to `identify`, and its answer checked: a formula against the truth, a refusal by two models."""

from __future__ import annotations

import itertools
import math
import random
import time
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from scm._errors import InvalidQuery
from scm._graph import CausalGraph
from scm._mechanism import NoiseTable, Table
from scm._model import Model
from scm.identify import Available, Identification, alternatives, identify, identify_general
from scm.solvers._two_models import TwoModels, two_models
from tests.admg_truth import Mixed, RandomModel, TooLarge, estimate, truth
from tests.admgs import Asked, asked
from tests.plain import to_text

MODELS = 2
"""Random models on which a formula is compared with the truth."""
OTHERS = 5
"""Other criteria and other sets to adjust for that are tried, at most."""
NEAR, SAME, APART = 1e-9, 1e-12, 1e-3
Verdict = Literal["formula", "formula too large", "impossible", "witness", "no witness", "undecided", "wrong"]


@dataclass(frozen=True)
class Outcome:
    """What came of one question.

    `verdict`: a formula that was compared with the truth, or was too large to be; a condition that no model allows; a
    refusal shown by two models, or one for which none were found (undecided where `identify` names no obstacle
    either); something wrong, told in `problem`.
    """

    kind: str
    verdict: Verdict
    difference: float = 0.0
    seconds: float = 0.0
    searched: float = 0.0
    problem: str = ""


def question_text(question: Asked) -> str:
    """The question as one can try it again."""
    graph = question.graph
    edges = [f"{a} -> {b}" for a, b in graph.edges] + [f"{a} <-> {b}" for a, b in graph.confounded]
    return f"{', '.join(edges)} | {to_text(question.query)} | {list(question.available)} | {question.kind}"


def check(seed: object, most: int = 12, budget: float = 10.0, tries: int = 1000) -> Outcome:
    """Ask the question of this seed and check the answer; `budget` (seconds) and `tries` are those of `two_models`."""
    question = asked(seed, most)
    graph = CausalGraph(question.graph.names, question.graph.edges, question.graph.confounded)
    available = tuple(Available(variables, do, name) for name, variables, do in question.available)
    start = time.perf_counter()
    try:
        found = identify(graph, to_text(question.query), available)
    except InvalidQuery as wrong:
        if (
            "contradicts itself" in str(wrong)
            and truth(RandomModel.draw(question.graph, _rng(seed), question.states), question.query) is None
        ):
            return Outcome(question.kind, "impossible")
        return Outcome(question.kind, "wrong", problem=f"seed {seed}: {wrong}; {question_text(question)}")
    except Exception as wrong:
        return Outcome(
            question.kind, "wrong", problem=f"seed {seed}: {type(wrong).__name__}: {wrong}; {question_text(question)}"
        )
    seconds = time.perf_counter() - start
    outcome = _formula(seed, question, found) if found.identified else _refusal(seed, question, found, budget, tries)
    return Outcome(
        question.kind,
        outcome.verdict,
        outcome.difference,
        seconds,
        time.perf_counter() - start - seconds,
        outcome.problem,
    )


def _rng(seed: object) -> np.random.Generator:
    return np.random.default_rng(random.Random(f"models {seed}").getrandbits(64))


def _formula(seed: object, question: Asked, found: Identification) -> Outcome:
    """Every formula that there is: by a named criterion, by the general routine, by other criteria."""
    general = identify_general(found.graph, found.query, found.available)
    if not general.identified:
        text = f"seed {seed}: by {found.method} it is known, not by the general routine; {question_text(question)}"
        return Outcome(question.kind, "wrong", problem=text)
    every = [found, general]
    if ("", question.graph.names, ()) in question.available:
        every += itertools.islice(alternatives(found.graph, found.query), OTHERS)
    rng, worst = _rng(seed), 0.0
    sources = {name: (variables, do) for name, variables, do in question.available}
    for _ in range(MODELS):
        model = RandomModel.draw(question.graph, rng, question.states)
        try:
            want = truth(model, question.query)
        except TooLarge:
            return Outcome(question.kind, "formula too large")
        if want is None:
            return Outcome(question.kind, "impossible")
        for each in every:
            try:
                got = estimate(each.estimand, each.axes, model, sources)
            except TooLarge:
                return Outcome(question.kind, "formula too large")
            except Exception as wrong:
                text = f"seed {seed}: {type(wrong).__name__}: {wrong}; {each.estimand}; {question_text(question)}"
                return Outcome(question.kind, "wrong", problem=text)
            off = float(np.abs(np.asarray(got) - np.asarray(want)).max())
            worst = max(worst, off if math.isfinite(off) else math.inf)
            if worst > NEAR:
                text = f"seed {seed}: off by {worst:.2g} by {each.method}: {each.estimand}; {question_text(question)}"
                return Outcome(question.kind, "wrong", worst, problem=text)
    return Outcome(question.kind, "formula", worst)


def _refusal(seed: object, question: Asked, found: Identification, budget: float, tries: int) -> Outcome:
    try:
        witness = two_models(found, budget=budget, tries=tries)
    except Exception as wrong:
        text = f"seed {seed}: the search: {type(wrong).__name__}: {wrong}; {question_text(question)}"
        return Outcome(question.kind, "wrong", problem=text)
    if witness is None:
        text = f"seed {seed}: no two models found; {found.obstacle}; {question_text(question)}"
        return Outcome(question.kind, "undecided" if found.obstacle is None else "no witness", problem=text)
    problem = witness_problem(witness, question.graph, question.query, question.available)
    if problem:
        return Outcome(question.kind, "wrong", problem=f"seed {seed}: {problem}; {question_text(question)}")
    return Outcome(question.kind, "witness")


def witness_problem(witness: TwoModels, graph: Mixed, query: Any, available: Any) -> str:
    """What is wrong with a witness, worked out without the engine; nothing if it is one."""
    for model in (witness.first, witness.second):
        pairs = {frozenset(pair) for pair in graph.confounded}
        if not set(model.graph.edges) <= set(graph.edges) or not pairs.issuperset(
            map(frozenset, model.graph.confounded)
        ):
            return "a mechanism reads what the graph does not let it"
        if set(model.graph.variables) != set(graph.names):
            return "a variable is missing"
    first, second = read_model(witness.first, graph), read_model(witness.second, graph)
    for _, variables, do in available:
        laws = [_law(model, variables, do) for model in (first, second)]
        if min(law.min() for law in laws) <= 0:
            return "an available law has a zero"
        if np.abs(laws[0] - laws[1]).max() > SAME:
            return f"the models differ on P({variables} | do({do})) by {np.abs(laws[0] - laws[1]).max():.2g}"
    values = [np.asarray(truth(model, query)) for model in (first, second)]
    if not np.abs(values[0] - values[1]).max() >= APART:
        return f"the answers {values} are the same"
    if query[0] != "dist" and max(abs(float(v) - w) for v, w in zip(values, witness.values, strict=True)) > NEAR:
        return f"the answers are {values}, not {witness.values}"
    return ""


def _law(model: RandomModel, variables: tuple[str, ...], do: tuple[str, ...]) -> np.ndarray:
    """P(variables | do(do)) at every value, for the variables alone that have causes or effects in the models.

    The others are draws of their own, so that the joint law is a product.
    """
    tied = {name for edge in (*model.graph.edges, *model.graph.confounded) for name in edge}
    return model.law([v for v in variables if v in tied] or variables[:1], [v for v in do if v in tied])


def read_model(model: Model, graph: Mixed) -> RandomModel:
    """A witness's model as tables here, read from its mechanisms; a bare table gets a noise that decides every row."""
    states = {v.name: len(model.states[v.name]) for v in model.variables}
    order = tuple(name for name in graph.names if name in states)
    own = {name: [i for i in model.mechanisms[name].inputs if i in model.noises] for name in order}
    users: dict[str, list[str]] = {}
    for name in order:
        for cause in own[name]:
            users.setdefault(cause, []).append(name)
    shared = [cause for cause, who in users.items() if len(who) == 2]
    mixed = Mixed(order, tuple(model.graph.edges), tuple((users[n][0], users[n][1]) for n in shared))
    noise: dict[str, np.ndarray] = {}
    tables: dict[str, np.ndarray] = {}
    for name in order:
        mechanism = model.mechanisms[name]
        assert isinstance(mechanism, Table | NoiseTable)
        sizes = [len(model.states[i]) for i in mechanism.inputs]
        if isinstance(mechanism, Table):
            steps = np.cumsum(np.array(mechanism.rows), axis=1)[:, :-1]
            tops = np.unique(np.concatenate([steps.reshape(-1), [0.0, 1.0]]))
            noise[name] = np.diff(tops)
            codes = (((tops[:-1] + tops[1:]) / 2)[None, :, None] > steps[:, None, :]).sum(axis=2)
            codes = codes.reshape([*sizes, len(tops) - 1])
            axes: list[str | None] = [*mechanism.inputs, None]
        else:
            place = {state: i for i, state in enumerate(model.states[name])}
            codes = np.array([place[x] for x in mechanism.outcomes]).reshape(sizes)
            axes = list(mechanism.inputs)
            alone = [i for i in mechanism.inputs if i in model.noises and i not in shared]
            assert len(alone) == 1
            noise[name] = np.array(model.noises[alone[0]].law.probabilities)  # type: ignore[union-attr]
            axes[axes.index(alone[0])] = None
        wanted = [*mixed.parents(name), *(n for n in shared if name in users[n]), None]
        tables[name] = codes.transpose([axes.index(axis) for axis in wanted])
    laws = [np.array(model.noises[n].law.probabilities) for n in shared]  # type: ignore[union-attr]
    return RandomModel(mixed, states, laws, noise, tables)
