"""Hamiltonian Monte Carlo over the noises that are left, for a few units: NUTS (Hoffman & Gelman 2014) by NumPyro."""

# NumPyro has no types, and those of JAX are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._execution import precision_of
from ._abduct_gate import Array, Chains, of_chains
from ._abduct_run import Lanes

CHAINS = 4
WARM_UP = 1000
DRAWS = 2500
MOST_UNITS = 8
"""Units that this is tried for: each takes seconds."""
FIRST_CHAIN = 1 << 25
"""Streams, batches and islands have other numbers."""
TRIES = 512
"""Draws of the prior that each chain starts from the best of."""


def differentiable(lanes: Lanes) -> bool:
    """Whether weights are smooth functions of the normal numbers, compiled by JAX."""
    plan = lanes.plan
    return bool(plan.normals) and plan.smooth and not (plan.eager or plan.uniforms or plan.weighs_hindsight)


def hamiltonian(lanes: Lanes, rows: NDArray[np.intp], event: bool) -> Chains:
    """Estimates for these rows, one after the other."""
    sample = _sampler(lanes)
    return Chains.joined([of_chains(*_asked(lanes, int(row), sample), event) for row in rows])


def _sampler(lanes: Lanes) -> Any:
    """A function from a row's columns, where to start, and a key, to draws of the normal numbers."""
    import jax.numpy as jnp

    numpyro: Any = import_module("numpyro")
    infer: Any = import_module("numpyro.infer")
    size = len(lanes.plan.normals)

    def model(known: Any, keys: Any) -> None:
        z: Any = numpyro.sample("z", numpyro.distributions.Normal(0.0, 1.0).expand([size]).to_event(1))
        drawn = {n: z[k].reshape(1, 1) for k, n in enumerate(lanes.plan.normals)}
        log_weight, _ = lanes.evaluate(jnp, known, (drawn, {}), keys, asks=False)
        numpyro.factor("evidence", log_weight.reshape(()))

    return infer.MCMC(
        infer.NUTS(model),
        num_warmup=WARM_UP,
        num_samples=DRAWS,
        num_chains=CHAINS,
        chain_method="vectorized",
        progress_bar=False,
        jit_model_args=True,
    )


def _asked(lanes: Lanes, row: int, mcmc: Any) -> tuple[Array, int]:
    """What is asked at each draw, shape (1, chains, draws), and how many draws diverged; NaN where no chain starts."""
    at = np.array([row])
    number = np.array([FIRST_CHAIN])
    keys = lanes.keys(at, number)
    size = len(lanes.plan.normals)
    with precision_of("double"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what NumPyro would warn of is looked at below
        tried = lanes.streams.draw(at, number, FIRST_CHAIN, (CHAINS, TRIES, size), "normal")[0]
        weights = [lanes.at(at, keys, t[None], asks=False)[0][0] for t in tried]
        start = np.stack([t[int(np.argmax(w))] for t, w in zip(tried, weights, strict=True)])
        if not all(np.isfinite(np.max(w)) for w in weights):  # there is nowhere to start from
            return np.full((1, CHAINS, DRAWS), np.nan), CHAINS * DRAWS
        mcmc.run(
            lanes.streams.keys(lanes.key, at, number)[0],
            lanes.of_rows(at),
            keys,
            init_params={"z": start},
            extra_fields=("diverging",),
        )
        z = np.asarray(mcmc.get_samples(group_by_chain=True)["z"])
        diverged = int(np.asarray(mcmc.get_extra_fields()["diverging"]).sum())
        _, asked = lanes.at(at, keys, z.reshape(1, CHAINS * DRAWS, size))
    return asked.reshape(1, CHAINS, DRAWS), diverged
