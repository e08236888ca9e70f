"""Canonical models of a `Model` with bare tables: bounds over all ways in which their variables may respond.

A table says how likely each state is at each row of its parents' states, and not how the states at different rows go
together. Each variable with a table is a block of its own whose law has these margins, and each noise of unknown law is
a block that nothing is known of.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace

import numpy as np

from .._coupling import NeedsCoupling
from .._errors import ScmError
from .._mechanism import Table
from .._model import Model
from .._noise import Categorical, Noise
from .._query import Query
from .._syntax import Value
from .._variable import Variable
from ._attain import exact_value, free_name, responses
from ._columns import Forms, block_of
from ._known import Known
from ._model_moments import Mechanisms
from ._moments import ends, fractions
from ._polynomials import on_blocks
from ._programme import Array, Block, Coordinate, Limit, Polynomial, Programme
from ._sums import Sums


def programme_of_model(
    model: Model, query: Query, known: Sequence[Known] = (), sources: Sequence[str] = ()
) -> Programme:
    """The programme whose ends are the sharp bounds of a query on a model, whatever couples the rows of its tables.

    Args:
        model: finite.
        query: with names and states checked; placeholders bound.
        known: what is granted besides, such as shapes.
        sources: what that comes from, in words; the tables of the model are added behind.

    Raises:
        TooLarge: too many response types, or a sum that is too large.
        InvalidQuery: a query that is no sum of ratios, or worlds that cannot be.
    """
    source = Mechanisms.of(model)
    frame, sums = source.frame, Sums(source.rows)
    parts = fractions(query, lambda _: None)
    sums.read(parts, known)
    read = [name for name in frame.graph.order if name in sums.variables]
    forms = Forms(tuple((name,) for name in read))
    ratios = [sums.ratio(forms, part) for part in parts]
    limits = [sums.limit(forms, item) for item in known]
    named = [*sources]
    for b, name in enumerate(read):
        if forms.found[b] and name in source.laws:
            limits += _margins(source, forms, b, len(named))
            named.append(f"the table of {name}")
    kept = [b for b, found in enumerate(forms.found) if found]
    blocks = [block_of(frame, forms.blocks[b], list(forms.found[b])) for b in kept]
    floor, ceiling = ends(query, frame.states)
    return Programme(
        tuple(replace(block, name=_named(block)) for block in blocks),
        tuple(replace(x, polynomial=on_blocks(x.polynomial, kept)) for x in limits),
        tuple(ratio.each(lambda polynomial: on_blocks(polynomial, kept)) for ratio in ratios),
        tuple(named),
        floor,
        ceiling,
    )


def _named(block: Block) -> str:
    (name,) = block.members
    parents = any(c.parents for c in block.coordinates)
    return f"how {name} responds to its causes" if parents else f"the law of {name}"


def _margins(source: Mechanisms, forms: Forms, b: int, at: int) -> Iterator[Limit]:
    """What a table says of each coordinate that is read."""
    (name,), frame = forms.blocks[b], source.frame
    for number in sorted({code // frame.widest for form in forms.found[b] for code in form}):
        for state, chance in enumerate(source.laws[name][number - frame.first[name]].tolist()):
            code = np.array([[number * frame.widest + state]])
            yield Limit(Polynomial(np.ones(1), forms.read((name,), code)), chance, chance, at)


# ---------------------------------------------------------------------------------------------------------------------
# The model that attains an end


def model_with(model: Model, programme: Programme, laws: Sequence[Array]) -> Model:
    """The model in which each block of `programme_of_model` has the law given.

    A variable with a table becomes one with a noise that says how it responds; a noise of unknown law gets its law.
    Rows that nothing reads keep the law of the table, each drawn by its quantiles from one more noise.

    Args:
        model: as it was given to `programme_of_model`.
        programme: what it made of it.
        laws: one for each block, shape (columns,); rounding is taken off.
    """
    own = {block.members[0]: (block, law) for block, law in zip(programme.blocks, laws, strict=True)}
    items: list[object] = []
    taken = {*model.mechanisms, *model.noises}
    for item in model.items:
        if isinstance(item, Noise):
            items.append(_drawn(item, *own[item.name]) if item.name in own else item)
        elif isinstance(item, Variable) and isinstance(model.mechanisms.get(item.name), Table) and item.name in own:
            items.append(_responding(model, item.name, *own[item.name], taken))
        elif isinstance(item, Variable) and any(noise.name in own for noise in item.noise):
            noises = tuple(_drawn(n, *own[n.name]) if n.name in own else n for n in item.noise)
            items.append(_with_noise(item, noises))
        else:
            items.append(item)
    return Model(*items)  # pyright: ignore[reportArgumentType]


def determined(model: Model, query: Query) -> Model:
    """A model that attains an end, such that the exact solver need not be told how its tables join worlds.

    The programme has no block of a table that it reads in one row alone, whatever happens: all ways to join its rows
    give the query the same value. Where the exact solver does not see that, the table's rows are drawn by their
    quantiles from one noise, which is one of the ways.

    Args:
        model: as `model_with` made it.
        query: what was asked.
    """
    while True:
        try:
            exact_value(model, query)
        except NeedsCoupling as wrong:
            if not isinstance(model.mechanisms.get(wrong.variable), Table):
                return model
            model = _by_quantiles(model, wrong.variable)
        except ScmError:  # too large for the exact solver: what was checked is said where it is told
            return model
        else:
            return model


def _by_quantiles(model: Model, name: str) -> Model:
    """The model with one table drawn by its quantiles."""
    taken = {*model.mechanisms, *model.noises}
    nothing = Block(name, (name,), (), np.zeros((1, 0), np.int16), np.zeros((0, 1)), np.zeros(1, np.intp))
    items = (
        _responding(model, name, nothing, np.ones(1), taken)
        if isinstance(item, Variable) and item.name == name
        else item
        for item in model.items
    )
    return Model(*items)  # pyright: ignore[reportArgumentType]


def _drawn(noise: Noise, block: Block, law: Array) -> Noise:
    """A noise with the law that was found."""
    weights = np.zeros(len(noise.law.states))
    for weight, types in zip(*responses(block, law), strict=True):
        weights[types[0]] += weight
    return Noise(noise.name, Categorical(dict(zip(noise.law.states, map(float, weights), strict=True))))


def _with_noise(item: Variable, noises: tuple[Noise, ...]) -> Variable:
    found = copy(item)
    object.__setattr__(found, "noise", noises)
    return found


def _responding(model: Model, name: str, block: Block, law: Array, taken: set[str]) -> Variable:
    table = model.mechanisms[name]
    assert isinstance(table, Table)
    states, (weights, types) = model.states[name], responses(block, law)
    rest = _quantiles(table.array)
    column = {c: k for k, c in enumerate(block.coordinates)}
    function: dict[tuple[Value, ...], Value] = {}
    for row, inputs in enumerate(itertools.product(*(model.states[p] for p in table.inputs))):
        k = column.get(Coordinate(name, tuple(zip(table.inputs, inputs, strict=True))))
        for i in range(len(weights)):
            for j in range(len(rest[1])):
                middle = float(rest[1][j])
                drawn = int((np.cumsum(table.array[row]) <= middle).sum())
                state = min(drawn, len(states) - 1) if k is None else int(types[i, k])
                function[*inputs, i, j] = states[state]
    noises = [f"u_{name}", f"u_{name}_unread"]
    own = {free_name(label, taken): _law(part) for label, part in zip(noises, (weights, rest[0]), strict=True)}
    return Variable(name, states, parents=table.inputs, function=function, noise=own)


def _law(weights: Array) -> Categorical:
    return Categorical({i: float(w) for i, w in enumerate(weights)})


def _quantiles(rows: Array) -> tuple[Array, Array]:
    """Parts of the unit interval in which no row changes its state: their lengths, and their middles."""
    edges = np.unique(np.clip(np.concatenate([[0.0, 1.0], np.cumsum(rows, axis=1).ravel()]), 0.0, 1.0))
    lengths = np.diff(edges)
    wide = lengths > 1e-12
    return lengths[wide] / lengths[wide].sum(), ((edges[1:] + edges[:-1]) / 2)[wide]
