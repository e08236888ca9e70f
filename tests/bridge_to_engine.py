"""Plain models as models of the engine. The two sides share nothing but the plain form."""

from typing import Any

import scm
from tests.oracle import Plain


def to_model(model: Plain) -> scm.Model:
    """The engine's model of a plain one.

    A noise used by one variable becomes that variable's own; any other is declared by itself. A variable with the
    entry `equation` is built from that text in place of its function.
    """
    users: dict[Any, int] = {}
    for variable in model["variables"]:
        for noise in variable.get("noises", ()):
            users[noise] = users.get(noise, 0) + 1
    shared = [scm.Noise(name, _law(noise)) for name, noise in model["noises"].items() if users.get(name, 0) > 1]
    own = {name: _law(noise) for name, noise in model["noises"].items() if users.get(name) == 1}
    return scm.Model(*shared, *(_variable(variable, own) for variable in model["variables"]))


def _law(noise: Plain) -> Any:
    states, law = noise["states"], noise["law"]
    if law is None:
        return scm.Unknown(states)
    if states == (False, True) and sum(law) == 1:
        return scm.Bernoulli(float(law[1]))
    return scm.Categorical({state: float(p) for state, p in zip(states, law, strict=True)})


def _variable(variable: Plain, own: dict[Any, Any]) -> scm.Variable:
    name, states, parents = variable["name"], variable["states"], variable["parents"]
    if "table" in variable:
        table = {row: tuple(map(float, law)) for row, law in variable["table"].items()}
        return scm.Variable(name, states, parents=parents, table=table)
    noises = variable["noises"]
    mine = {u: own[u] for u in noises if u in own}
    noise = mine[f"u_{name}"] if list(mine) == [f"u_{name}"] else mine or None
    if "equation" in variable:
        return scm.Variable(name, states, equation=variable["equation"], noise=noise)
    listed = (*parents, *(u for u in noises if u not in own))
    function: dict[Any, Any] = {_key(row, parents, noises, own): value for row, value in variable["function"].items()}
    return scm.Variable(name, states, parents=listed, function=function, noise=noise)


def _key(row: tuple[Any, ...], parents: Any, noises: Any, own: Any) -> tuple[Any, ...]:
    """A row of the function with shared noises, which the engine lists beside parents, before own ones."""
    causes, states = row[: len(parents)], dict(zip(noises, row[len(parents) :], strict=True))
    return (*causes, *(states[u] for u in noises if u not in own), *(states[u] for u in noises if u in own))
