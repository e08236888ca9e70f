"""The engine beside other exact engines, on rung 1, which all of them know; in the same run, answers compared.

The network has ALARM's size: 37 variables of two to four states, 46 edges. Each query is the law of one variable given
ten findings. A peer whose answers differ from ours by more than `SAME` is not right, and gets no ratio.
"""

from __future__ import annotations

import itertools
import random
import statistics
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ._measure import Row, Wrong, installed, timed

PART = "Engine and peers: the law of one variable given 10 findings, in a random network of ALARM's size"
VARIABLES, EDGES, FINDINGS = 37, 46, 10
SAME = 1e-9

Asked = tuple[str, dict[str, str]]
Law = Sequence[float]


@dataclass(frozen=True)
class Network:
    """A Bayesian network as plain data: states by variable, parents by variable, one law for each row of parents."""

    states: dict[str, tuple[str, ...]]
    parents: dict[str, tuple[str, ...]]
    laws: dict[str, dict[Any, tuple[float, ...]]]


@dataclass(frozen=True)
class Peer:
    """An engine: how to make it ready for a network, and how to ask what is ready."""

    name: str
    ready: Callable[[Network], Any]
    ask: Callable[[Any, Asked], Law]


def rows(*, quick: bool) -> Iterator[Row]:
    """The rows of this part."""
    rng = random.Random("peers")
    network = random_network(rng)
    asked = [_query(rng, network) for _ in range(5 if quick else 30)]
    start = time.perf_counter()
    model = _ready_twinworld(network)
    ready = time.perf_counter() - start
    times, ours = _timed(_ask_twinworld, model, asked)
    base = statistics.median(times[1:])
    yield Row(PART, "Twinworld: build and check", (ready,), None, "with importing the package")
    yield Row(PART, "Twinworld: first query", times[:1], None, "with loading the grammar and the path finder")
    yield Row(PART, "Twinworld: one query", times[1:], None, "planned anew each time")
    yield Row(PART, "Twinworld: of which reading the query's text", timed(lambda: _parsed(asked[0]), 9))
    for peer in _installed_peers():
        start = time.perf_counter()
        engine = peer.ready(network)
        ready = time.perf_counter() - start
        times, laws = _timed(peer.ask, engine, asked)
        note = _compared(ours, laws, base, statistics.median(times[1:]))
        yield Row(PART, f"{peer.name}: build and check", (ready,), None, "with importing the package")
        yield Row(PART, f"{peer.name}: first query", times[:1])
        yield Row(PART, f"{peer.name}: one query", times[1:], None, note)
    yield _batch(model, network, asked[0], 1_000 if quick else 10_000)


def _timed(
    ask: Callable[[Any, Asked], Law], engine: Any, asked: Sequence[Asked]
) -> tuple[tuple[float, ...], list[Law]]:
    times: list[float] = []
    laws: list[Law] = []
    for query in asked:
        start = time.perf_counter()
        laws.append(ask(engine, query))
        times.append(time.perf_counter() - start)
    return tuple(times), laws


def _compared(ours: Sequence[Law], theirs: Sequence[Law], our_time: float, their_time: float) -> str:
    off = max(abs(a - b) for one, other in zip(ours, theirs, strict=True) for a, b in zip(one, other, strict=True))
    if not off <= SAME:
        return f"answers differ from ours by up to {off:.1e}: no ratio"
    slower, faster = max(our_time, their_time), min(our_time, their_time)
    which = "ours is faster" if our_time < their_time else "ours is slower"
    return f"{which} by {slower / faster:.2g}; answers differ by at most {off:.1e}"


# ---------------------------------------------------------------------------------------------------------------------
# Networks and queries


def random_network(rng: random.Random) -> Network:
    """A random network; no probability is near zero, so that every finding is possible."""
    names = [f"N{i}" for i in range(VARIABLES)]
    states = {name: tuple(f"s{i}" for i in range(rng.choice((2, 2, 3, 3, 4)))) for name in names}
    parents: dict[str, list[str]] = {name: [] for name in names}
    for place, name in enumerate(names[1:], 1):
        parents[name].append(rng.choice(names[max(0, place - 8) : place]))
    while sum(map(len, parents.values())) < EDGES:
        place = rng.randrange(2, VARIABLES)
        cause = rng.choice(names[max(0, place - 8) : place])
        if cause not in parents[names[place]] and len(parents[names[place]]) < 4:
            parents[names[place]].append(cause)
    laws = {
        name: {row: _law(rng, len(states[name])) for row in itertools.product(*(states[p] for p in parents[name]))}
        for name in names
    }
    return Network(states, {name: tuple(found) for name, found in parents.items()}, laws)


def _law(rng: random.Random, size: int) -> tuple[float, ...]:
    weights = [rng.uniform(0.1, 1) for _ in range(size)]
    return tuple(weight / sum(weights) for weight in weights)


def _query(rng: random.Random, network: Network) -> Asked:
    target, *seen = rng.sample(sorted(network.states), 1 + FINDINGS)
    return target, {name: rng.choice(network.states[name]) for name in seen}


# ---------------------------------------------------------------------------------------------------------------------
# Engines


def _ready_twinworld(network: Network) -> Any:
    from scm import Model, Variable

    return Model(
        *(Variable(n, network.states[n], parents=network.parents[n], table=network.laws[n]) for n in network.states)
    )


def _ask_twinworld(model: Any, asked: Asked) -> Law:
    from scm import ask

    answer = ask(model, _text(asked))
    if answer.finding != "exact":
        raise Wrong(f"{answer.text}: {answer.finding} {answer.refusals}")
    value: Any = answer.value
    return [float(p) for p in value]


def _text(asked: Asked) -> str:
    target, seen = asked
    return f"P({target} | {', '.join(f'{name} = {state}' for name, state in seen.items())})"


def _parsed(asked: Asked) -> object:
    from scm import parse_query

    return parse_query(_text(asked))


def _batch(model: Any, network: Network, asked: Asked, n: int) -> Row:
    """One query with placeholders for its findings, `n` rows of them at once."""
    from scm import ask

    rng = random.Random("batch")
    target, seen = asked
    data = {name: [rng.choice(network.states[name]) for _ in range(n)] for name in seen}
    query = f"P({target} | {', '.join(f'{name} = ?' for name in seen)})"
    times: list[float] = []
    for _ in range(3):
        start = time.perf_counter()
        ask(model, query, rows=data)
        times.append((time.perf_counter() - start) / n)
    return Row(PART, f"Twinworld: {n:,} rows of findings at once, per row", tuple(times))


def _installed_peers() -> Iterator[Peer]:
    if installed("pgmpy"):
        yield Peer("pgmpy", _ready_pgmpy, _ask_pgmpy)
    if installed("pyagrum"):
        yield Peer("pyAgrum", _ready_agrum, _ask_agrum)


def _ready_pgmpy(network: Network) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        discrete = import_module("pgmpy.factors.discrete")
        edges = [(p, name) for name, parents in network.parents.items() for p in parents]
        made = import_module("pgmpy.models").DiscreteBayesianNetwork(edges)
        made.add_nodes_from(network.states)
        for name, states in network.states.items():
            parents = network.parents[name]
            columns = [[network.laws[name][row][i] for row in network.laws[name]] for i in range(len(states))]
            sizes = [len(network.states[p]) for p in parents]
            all_states = {n: list(network.states[n]) for n in (name, *parents)}
            made.add_cpds(discrete.TabularCPD(name, len(states), columns, list(parents), sizes, all_states))
        made.check_model()
        return import_module("pgmpy.inference").VariableElimination(made)


def _ask_pgmpy(engine: Any, asked: Asked) -> Law:
    target, seen = asked
    found = engine.query([target], evidence=seen, show_progress=False)
    order = sorted(found.state_names[target])
    return [float(found.get_value(**{target: state})) for state in order]


def _ready_agrum(network: Network) -> Any:
    pyagrum = import_module("pyagrum")
    made = pyagrum.BayesNet()
    for name, states in network.states.items():
        made.add(pyagrum.LabelizedVariable(name, name, list(states)))
    for name, parents in network.parents.items():
        for parent in parents:
            made.addArc(parent, name)
    for name, laws in network.laws.items():
        for row, law in laws.items():
            made.cpt(name)[dict(zip(network.parents[name], row, strict=True))] = list(law)
    return pyagrum.LazyPropagation(made)


def _ask_agrum(engine: Any, asked: Asked) -> Law:
    target, seen = asked
    engine.eraseAllEvidence()
    engine.eraseAllTargets()
    engine.setEvidence(seen)
    engine.addTarget(target)
    engine.makeInference()
    return [float(p) for p in engine.posterior(target).tolist()]
