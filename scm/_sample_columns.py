"""Drawing units from a model with continuous variables: columns of floats, and of states for the finite ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._continuous import ContinuousNoise
from ._domain import Domain, Real
from ._mechanism import Mechanism
from ._noise import Noise
from ._sample import as_states, draw, draw_noises, draw_value, how_many, random_key, uniform
from .mechanisms._check import checked_laws, run_forward
from .mechanisms._law_blocks import draw_block
from .mechanisms._types import Forward, NeedsCoupling

if TYPE_CHECKING:
    from ._sample import PRNGKey


def sample_columns(
    noises: Mapping[str, Noise],
    blocks: Sequence[ContinuousNoise],
    mechanisms: Mapping[str, Mechanism],
    columnar: Mapping[str, Forward],
    domains: Mapping[str, Domain],
    order: Sequence[str],
    n: int,
    *,
    key: PRNGKey | int,
    noise: bool = False,
) -> dict[str, NDArray[Any]]:
    """`n` units of the model with these parts; see `Model.sample`.

    Streams of the key: finite noises, then continuous ones, then variables in topological order.

    Args:
        noises: finite ones.
        blocks: continuous ones.
        mechanisms: of finite variables with finite inputs.
        columnar: of the others.
        domains: of every name.
        order: the variables, topologically.
        n: how many.
        key: a JAX random key, or a seed.
        noise: whether the noises are given back as well.

    Raises:
        InvalidModel: a noise has an unknown law, or a mechanism failed (with its row).
    """
    n, key = how_many(n), random_key(key)
    values: dict[str, NDArray[Any]] = dict(draw_noises(noises, n, key))
    stream = len(noises)
    for block in blocks:
        drawn = draw_block(block.names, block.law, key, n, stream)
        values |= dict(zip(block.names, drawn, strict=True))
        stream += len(block.names)
    states = {name: d for name, d in domains.items() if not isinstance(d, Real)}
    for name in order:
        if name in mechanisms:
            values[name] = draw_value(name, mechanisms[name], values, states, n, (key, stream))
        else:
            values[name] = _columnar(name, columnar[name], values, n, (key, stream))
        stream += 1
    wanted = (*values,) if noise else order
    return {name: as_states(states[name], values[name]) if name in states else values[name] for name in wanted}


def _columnar(
    name: str, mechanism: Forward, values: Mapping[str, NDArray[Any]], n: int, source: tuple[PRNGKey, int]
) -> NDArray[Any]:
    inputs = {i: values[i] for i in (*mechanism.parents, *mechanism.noises)}
    if not isinstance(mechanism, NeedsCoupling):
        return np.array(run_forward(name, mechanism, inputs, n))
    laws = checked_laws(name, mechanism, inputs, n)
    return draw(laws.T, uniform(*source, n))
