"""The engines that are measured, each behind the same few functions; a worker process imports one of them.

Peers are driven as their manuals say is best for many rows: the inference object is kept, only the evidence changes,
and where one variable is asked for it is the only target.
"""

from __future__ import annotations

import contextlib
import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._networks import Codes, Net, Structural

Array = NDArray[np.float64]
Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Asked:
    """A question that all engines understand.

    Attributes:
        target: whose law is wanted; empty for the law of every variable that is not seen.
        seen: variables whose value each row gives, in the order of the columns.
        imposed: for a structural model, the variable that each row sets, in the other world; its column comes last.
    """

    target: str
    seen: tuple[str, ...]
    imposed: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns: one a finding, then what is imposed."""
        return tuple(f"f{i}" for i in range(len(self.seen) + bool(self.imposed)))


# ---------------------------------------------------------------------------------------------------------------------
# Twinworld


def model_of(net: Net, *, labels: bool = False) -> Any:
    """A Twinworld model of a network; its states are whole numbers, or labels."""
    scm: Any = import_module("scm")
    states = {name: tuple(labelled(np.arange(n)).tolist() if labels else range(n)) for name, n in net.sizes.items()}
    items: list[Any] = []
    for name, found in net.parents.items():
        items.append(scm.Variable(name, states[name], parents=found or None, table=net.laws[name]))
    return scm.Model(*items)


def labelled(codes: Codes) -> NDArray[np.str_]:
    """Whole numbers as labels."""
    return np.char.add("state ", codes.astype(str))


def structural_model_of(model: Structural) -> Any:
    """A Twinworld model of a structural model."""
    scm: Any = import_module("scm")
    items: list[Any] = []
    for name, found in model.parents.items():
        function = {key: int(state) for key, state in np.ndenumerate(model.functions[name])}
        law = scm.Categorical({i: float(p) for i, p in enumerate(model.noise[name])})
        states = tuple(range(model.sizes[name]))
        items.append(scm.Variable(name, states, parents=found, function=function, noise={f"U_{name}": law}))
    return scm.Model(*items)


def facts_of(asked: Asked) -> str:
    """What is seen, a placeholder a column."""
    print_name: Callable[[str], str] = import_module("scm").print_name
    pairs = zip(asked.seen, asked.columns, strict=False)  # what is imposed has a column too
    return ", ".join(f"{print_name(name)} = ?{column}" for name, column in pairs)


def query_of(asked: Asked) -> str:
    """The question as query text."""
    print_name: Callable[[str], str] = import_module("scm").print_name
    world = f"[{print_name(asked.imposed)} = ?{asked.columns[-1]}]" if asked.imposed else ""
    return f"P({print_name(asked.target)}{world} | {facts_of(asked)})"


@contextlib.contextmanager
def executor_time() -> Iterator[list[float]]:
    """Seconds that calls of `run_plan` take while this lasts: without reading, coding and shaping."""
    weights: Any = import_module("scm.solvers._weights")
    inner, seconds = weights.run_plan, list[float]()

    def run_plan(*arguments: Any, **more: Any) -> Any:
        start = time.process_time()
        try:
            return inner(*arguments, **more)
        finally:
            seconds.append(time.process_time() - start)

    weights.run_plan = run_plan
    try:
        yield seconds
    finally:
        weights.run_plan = inner


# ---------------------------------------------------------------------------------------------------------------------
# Peers


@dataclass
class Agrum:
    """pyAgrum's LazyPropagation: evidence is changed, not set anew, from one row to the next."""

    net: Net
    asked: Asked
    engine: Any = field(default=None, init=False)

    def build(self) -> None:
        """The network, and an engine with its targets and the places of its evidence."""
        agrum: Any = import_module("pyagrum")
        made = agrum.BayesNet()
        for name, size in self.net.sizes.items():
            made.add(agrum.RangeVariable(name, name, 0, size - 1))
        for name, found in self.net.parents.items():
            for parent in found:
                made.addArc(parent, name)
        for name, law in self.net.laws.items():
            # Its tables have the own states first and fastest, then the first parent.
            turned = np.transpose(law, [*range(law.ndim - 2, -1, -1), law.ndim - 1])
            made.cpt(name).fillWith(turned.ravel().tolist())
        self.made = made

    def start(self, first: Sequence[int]) -> None:
        """The engine, with every finding in place."""
        agrum: Any = import_module("pyagrum")
        self.engine = agrum.LazyPropagation(self.made)
        self.engine.setNumberOfThreads(1)
        if self.asked.target:
            self.engine.addTarget(self.asked.target)
        for name, value in zip(self.asked.seen, first, strict=True):
            self.engine.addEvidence(name, value)
        self.wanted = [self.asked.target] if self.asked.target else hidden(self.net, self.asked)

    def ask(self, row: Sequence[int]) -> list[Array]:
        """The law of each wanted variable."""
        change, posterior = self.engine.chgEvidence, self.engine.posterior
        for name, value in zip(self.asked.seen, row, strict=True):
            change(name, value)
        self.engine.makeInference()
        return [posterior(name).toarray() for name in self.wanted]


@dataclass
class Pgmpy:
    """pgmpy's VariableElimination."""

    net: Net
    asked: Asked
    engine: Any = field(default=None, init=False)

    def build(self) -> None:
        """The network as its own class."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            discrete: Any = import_module("pgmpy.factors.discrete")
            edges = [(p, name) for name, found in self.net.parents.items() for p in found]
            made: Any = import_module("pgmpy.models").DiscreteBayesianNetwork(edges)
            made.add_nodes_from(self.net.names)
            sizes = self.net.sizes
            for name, found in self.net.parents.items():
                columns = self.net.laws[name].reshape(-1, sizes[name]).T
                made.add_cpds(
                    discrete.TabularCPD(name, sizes[name], columns.tolist(), list(found), [sizes[p] for p in found])
                )
            self.made = made

    def start(self, first: Sequence[int]) -> None:
        """The engine."""
        del first
        self.engine = import_module("pgmpy.inference").VariableElimination(self.made)
        self.wanted = [self.asked.target] if self.asked.target else hidden(self.net, self.asked)

    def ask(self, row: Sequence[int]) -> list[Array]:
        """The law of each wanted variable."""
        evidence = dict(zip(self.asked.seen, row, strict=True))
        # One by one: asked for several variables it works out their joint law first, whatever `joint` says.
        return [
            np.asarray(self.engine.query([name], evidence=evidence, show_progress=False).values) for name in self.wanted
        ]


PEERS: Mapping[str, type[Agrum] | type[Pgmpy]] = {"pyagrum": Agrum, "pgmpy": Pgmpy}


def hidden(net: Net, asked: Asked) -> list[str]:
    """Variables whose value is not seen."""
    return [name for name in net.names if name not in asked.seen]


def pin(core: int) -> None:
    """This process and its threads on one core, where the system can do that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
    # A program that an earlier process compiled would make a cold start a warm one.
    "JAX_ENABLE_COMPILATION_CACHE": "false",
}
"""The environment of every measured process."""
