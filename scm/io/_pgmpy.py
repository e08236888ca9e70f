"""Models to and from pgmpy's `DiscreteBayesianNetwork`."""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportMissingImports=false

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, cast

from .._assemble import MAX_ROWS
from .._errors import InvalidModel, MissingPackage, ScmError, listing
from .._evaluate import evaluate
from .._finite_only import check_finite
from .._mechanism import Equation, NoiseTable, Table
from .._model import Model
from .._noise import check_state, check_states, probabilities
from .._resolve import state_of
from .._syntax import Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pgmpy.models import DiscreteBayesianNetwork

    from ._node import Node


def from_pgmpy(network: DiscreteBayesianNetwork) -> Model:
    """The model of tables that a pgmpy network is: its names, states and their order are kept as they are.

    Rows that sum to one only within 0.001 are rescaled, as `read_model` does.

    Args:
        network: with a table (`TabularCPD`) for every node.

    Raises:
        InvalidModel: another kind of model, a node that is not named by text, a node without a table, a table that
            names other states of a parent than the parent's own table, a row that is no law.
        MissingPackage: pgmpy is not installed.
    """
    from ._node import model_of  # most questions read no network

    kind = _discrete_network()
    if not isinstance(network, kind):
        raise InvalidModel(f"Got {type(network).__name__}; a DiscreteBayesianNetwork of pgmpy is wanted.")
    tables: dict[str, Any] = {cpd.variable: cpd for cpd in cast("list[Any]", network.get_cpds())}
    states: dict[str, tuple[Value, ...]] = {}
    for name in network.nodes():
        if not isinstance(name, str):
            raise InvalidModel(f"The network has the node {name!r}; a variable's name is text. Relabel it.")
        if name not in tables:
            raise InvalidModel(f"The node {name!r} has no table. Add its TabularCPD first.")
        states[name] = check_states(tables[name].state_names[name], f"The node {name!r}")
    nodes = [_node(tables[name], states, network.get_parents(name)) for name in states]
    try:
        return model_of(nodes)
    except ScmError as wrong:
        raise InvalidModel(str(wrong)) from None


def _node(cpd: Any, states: dict[str, tuple[Value, ...]], edges: list[str]) -> Node:
    import numpy as np  # a graph or a query text needs no arrays

    from ._node import Node

    name, *parents = cast("list[str]", list(cpd.variables))
    if set(parents) != set(edges):
        raise InvalidModel(f"The table of {name!r} has the parents {listing(parents)}, the graph {listing(edges)}.")
    cells = np.asarray(cpd.values, dtype=np.float64)
    for axis, parent in enumerate(parents, 1):
        own = tuple(check_state(state, f"The table of {name!r}") for state in cpd.state_names[parent])
        if set(own) != set(states[parent]) or len(own) != len(states[parent]):
            raise InvalidModel(
                f"The table of {name!r} has the states {listing(own)} of {parent!r}, whose own table has "
                f"{listing(states[parent])}."
            )
        cells = cells.take([own.index(state_of(parent, state, own)) for state in states[parent]], axis=axis)
    return Node(name, states[name], tuple(parents), np.moveaxis(cells, 0, -1), f"the table of {name!r}")


def to_pgmpy(model: Model) -> DiscreteBayesianNetwork:
    """The pgmpy network with the same joint law of the variables, P(variable | parents) for each.

    An equation or noise table becomes the table that it implies, its own noise summed over: what it says of two worlds
    at once is lost. Counts become shares.

    Raises:
        InvalidModel: two variables share a noise (their tables alone would forget it), a noise has an unknown law, or a
            table would be too large.
        MissingPackage: pgmpy is not installed.
    """
    check_finite(model, "to_pgmpy()", "A DiscreteBayesianNetwork has tables alone.")
    kind = _discrete_network()
    from pgmpy.factors.discrete import TabularCPD

    for name in model.noises:
        users = [v for v, mechanism in model.mechanisms.items() if name in mechanism.inputs]
        if len(users) > 1:
            raise InvalidModel(
                f"{listing(users)} share the noise {name!r}: a table for each alone would lose how they go together. "
                f"Make {name!r} a variable first."
            )
    tables = {v.name: _conditional(model, v.name) for v in model.variables}
    network = kind()
    network.add_nodes_from([v.name for v in model.variables])
    network.add_edges_from([(parent, name) for name, (parents, _) in tables.items() for parent in parents])
    for name, (parents, array) in tables.items():
        names = {n: list(model.states[n]) for n in (name, *parents)}
        flat = array.reshape(-1, len(names[name])).T
        sizes = [len(names[n]) for n in parents]
        network.add_cpds(TabularCPD(name, len(names[name]), flat, list(parents), sizes, state_names=names))
    return network


def _conditional(model: Model, name: str) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """The variables that a mechanism reads, and P(variable | them): an axis for each, then the states."""
    import numpy as np  # a graph or a query text needs no arrays

    mechanism, own = model.mechanisms[name], model.states[name]
    domains = [model.states[n] for n in mechanism.inputs]
    if np.prod([float(len(d)) for d in domains]) > MAX_ROWS:
        raise InvalidModel(
            f"The table of {name!r} would have more than {MAX_ROWS:,} rows, counting its noises' states."
        )
    match mechanism:
        case Table():
            rows = mechanism.array
        case NoiseTable(_, outcomes):
            rows = np.eye(len(own))[[own.index(x) for x in outcomes]]
        case Equation(expr, inputs):
            rows = np.zeros((int(np.prod([len(d) for d in domains])), len(own)))
            for r, key in enumerate(itertools.product(*domains)):
                here = dict(zip(inputs, key, strict=True))
                rows[r, own.index(state_of(name, evaluate(expr, lambda term, here=here: here[term.name]), own))] = 1.0
    array = rows.reshape(*map(len, domains), len(own))
    for axis in reversed(range(len(domains))):
        if (noise := model.noises.get(mechanism.inputs[axis])) is None:
            continue
        law = probabilities(noise.law)
        if law is None:
            raise InvalidModel(f"The noise {noise.name!r} of {name!r} has an unknown law: it gives no table.")
        array = np.tensordot(array, np.array(law), axes=(axis, 0))
    return tuple(n for n in mechanism.inputs if n not in model.noises), array


def _discrete_network() -> type[DiscreteBayesianNetwork]:
    try:
        from pgmpy.models import DiscreteBayesianNetwork
    except ModuleNotFoundError:
        raise MissingPackage("pgmpy", "files", "Models of pgmpy need the package pgmpy") from None
    return DiscreteBayesianNetwork
