"""Other ways to write down the same model: each takes a plain model and query and returns an equivalent pair."""

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from tests.oracle import Plain, Query

Variant = Callable[[Plain, Query, random.Random], tuple[Plain, Query]]


def renamed(model: Plain, query: Query, rng: random.Random) -> tuple[Plain, Query]:
    """Every variable and noise under another name; the new names sort in another order."""
    old = [x["name"] for x in model["variables"]] + list(model["noises"])
    new = [f"n{i}" for i in range(len(old))]
    rng.shuffle(new)
    names = dict(zip(old, new, strict=True))
    variables = []
    for variable in model["variables"]:
        causes = {key: tuple(names[x] for x in variable[key]) for key in ("parents", "noises") if key in variable}
        variables.append({**variable, "name": names[variable["name"]], **causes})
    noises = {names[name]: noise for name, noise in model["noises"].items()}
    return {"noises": noises, "variables": variables}, _rename(query, names)


def _rename(part: Any, names: dict[str, str]) -> Any:
    match part:
        case ("const", _):
            return part
        case ("var", name, world):
            return ("var", names[name], _rename(world, names))
        case ("set" | "soft" as kind, name, x):
            return (kind, names[name], _rename(x, names))
        case ("draw", name, law):
            return ("draw", names[name], law)
        case ("edge", parent, child, x):
            return ("edge", names[parent], names[child], _rename(x, names))
        case tuple():
            return tuple(_rename(x, names) for x in part)
    return part


def reordered(model: Plain, query: Query, rng: random.Random) -> tuple[Plain, Query]:
    """Variables and noises declared in another order, effects before causes."""
    variables, noises = list(model["variables"]), list(model["noises"].items())
    rng.shuffle(variables)
    rng.shuffle(noises)
    return {"noises": dict(noises), "variables": variables}, query


def parents_turned(model: Plain, query: Query, rng: random.Random) -> tuple[Plain, Query]:
    """Each variable's parents listed in another order."""
    variables = []
    for variable in model["variables"]:
        kind = "table" if "table" in variable else "function"
        size = len(variable["parents"])
        order = rng.sample(range(size), size)
        rows = {(*(row[i] for i in order), *row[size:]): x for row, x in variable[kind].items()}
        variables.append({**variable, "parents": tuple(variable["parents"][i] for i in order), kind: rows})
    return {**model, "variables": variables}, query


def noise_split(model: Plain, query: Query, rng: random.Random) -> tuple[Plain, Query]:
    """One noise as a function of two: whether it is in its last state, and which other state it is in otherwise."""
    name = rng.choice([*model["noises"], None])
    if name is None:
        return model, query
    noise = model["noises"][name]
    *others, last = noise["states"]
    parts = (f"{name} is last", f"{name} otherwise")
    law: Any = None
    rest: Any = None
    if noise["law"] is not None:
        p = noise["law"][-1]
        law = (1 - p, p)
        rest = (
            tuple(x / (1 - p) for x in noise["law"][:-1])
            if p < 1
            else (Fraction(1), *[Fraction(0)] * (len(others) - 1))
        )
    halves = {parts[0]: {"states": (False, True), "law": law}, parts[1]: {"states": tuple(others), "law": rest}}
    noises = {n: x for n, x in model["noises"].items() if n != name} | halves
    variables = [_with_halves(v, name, parts, others, last) for v in model["variables"]]
    return {"noises": noises, "variables": variables}, query


def _with_halves(variable: Plain, name: str, parts: tuple[str, str], others: list[Any], last: Any) -> Plain:
    if name not in variable.get("noises", ()):
        return variable
    at = variable["noises"].index(name)
    column = len(variable["parents"]) + at
    function = {
        (*row[:column], is_last, other, *row[column + 1 :]): x
        for row, x in variable["function"].items()
        for is_last in (False, True)
        for other in others
        if row[column] == (last if is_last else other)
    }
    noises = (*variable["noises"][:at], *parts, *variable["noises"][at + 1 :])
    return {**variable, "noises": noises, "function": function}


def with_barren(model: Plain, query: Query, rng: random.Random) -> tuple[Plain, Query]:
    """A variable that nothing listens to, with a parent, a noise of its own and one of the others."""
    parent = rng.choice(model["variables"])
    noises = {**model["noises"], "new noise": {"states": (0, 1), "law": (Fraction(1, 4), Fraction(3, 4))}}
    used = ("new noise", *rng.sample(list(model["noises"]), min(1, len(model["noises"]))))
    rows: list[tuple[Any, ...]] = [()]
    for states in (parent["states"], *(noises[u]["states"] for u in used)):
        rows = [(*row, x) for row in rows for x in states]
    function = {row: rng.choice(("yes", "no")) for row in rows}
    barren = {"name": "barren", "states": ("yes", "no"), "parents": (parent["name"],), "noises": used}
    return {"noises": noises, "variables": [*model["variables"], {**barren, "function": function}]}, query


def states_turned(model: Plain, query: Query, rng: random.Random) -> tuple[Plain, Query]:
    """The states of every variable and noise listed in another order."""
    variables = []
    for variable in model["variables"]:
        order = rng.sample(range(len(variable["states"])), len(variable["states"]))
        turned = {**variable, "states": tuple(variable["states"][i] for i in order)}
        if "table" in variable:
            turned["table"] = {row: tuple(law[i] for i in order) for row, law in variable["table"].items()}
        variables.append(turned)
    noises = {name: {key: x and x[::-1] for key, x in noise.items()} for name, noise in model["noises"].items()}
    return {"noises": noises, "variables": variables}, query


VARIANTS: dict[str, Variant] = {
    "renamed": renamed,
    "reordered": reordered,
    "parents turned": parents_turned,
    "noise split": noise_split,
    "barren added": with_barren,
    "states turned": states_turned,
}
