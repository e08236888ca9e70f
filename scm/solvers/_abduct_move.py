"""Tempered sequential Monte Carlo, for units whose evidence leaves nearly no draw of the prior any weight.

Particles go from the prior to the posterior through powers of the weight, chosen so that half of them count (Del
Moral, Doucet & Jasra 2006; Jasra et al. 2011), are resampled, and moved by random walks of their own spread. Each unit
has many islands that never meet: their disagreement is the standard error, and R-hat of them the check.
"""

# The types that JAX declares for its own functions are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ._abduct_gate import Array, Chains, of_islands
from ._abduct_run import ENTRIES, Lanes

ISLANDS = 32
PARTICLES = 256
MOVES = 8
"""Random-walk steps at each temperature."""
ROUNDS = 4
"""Most times that this is done, doubled, at the end."""
MORE = 8
"""Times as many particles for a row whose islands do not agree."""
TEMPERATURES = 60
"""Most temperatures."""
KEPT = 0.5
"""Share of the particles that count after a step."""
WANTED = 0.3
"""Share of moves that are to be accepted."""
_BISECTIONS = 40
FIRST_ISLAND = 1 << 24
"""Streams and batches of draws have other numbers."""

Rows = NDArray[np.intp]


def movable(lanes: Lanes) -> bool:
    """Whether weights are a function of the normal numbers alone, so that these can be moved about."""
    plan = lanes.plan
    return bool(plan.normals) and not plan.uniforms and not plan.weighs_hindsight


def tempered(lanes: Lanes, rows: Rows, event: bool) -> Chains:
    """Estimates for these rows, from islands of particles."""
    at_once = max(1, ENTRIES // (ISLANDS * PARTICLES * lanes.plan.combinations))
    parts = [_some(lanes, rows[k : k + at_once], event) for k in range(0, len(rows), at_once)]
    found = Chains.joined(parts)
    again: list[int] = np.flatnonzero(~found.reliable & np.isfinite(found.value)).tolist()
    for k in again:  # a row may have several modes, say: more particles of each are needed
        at = np.full(1, k, dtype=np.intp)
        found = found.replaced(at, _some(lanes, rows[at], event, MORE * PARTICLES))
    return found


def _some(lanes: Lanes, rows: Rows, event: bool, particles: int = PARTICLES) -> Chains:
    swarm = _Swarm.of_prior(lanes, np.repeat(rows, ISLANDS), np.tile(np.arange(ISLANDS), len(rows)), particles)
    swarm.temper()
    found = of_islands(*swarm.islands(len(rows)), event)
    for _ in range(ROUNDS):
        going = np.flatnonzero(~found.reliable & np.isfinite(found.value))
        if not going.size:
            break
        which = (going[:, None] * ISLANDS + np.arange(ISLANDS)).reshape(-1)
        for _ in range(2):
            swarm.move(which)
        asked, weight = swarm.islands(len(rows))
        found = found.replaced(going, of_islands(asked[going], weight[going], event))
    return found


@dataclass
class _Swarm:
    """Particles of islands.

    Attributes:
        lanes: evaluates them.
        rows: of each island.
        numbers: of each island among those of its row.
        keys: one JAX key for each island.
        z: shape (islands, particles, dimensions).
        weight: log weights at temperature one, shape (islands, particles).
        beta: the power of the weight that each island has come to.
        log_mean: the logarithm of each island's mean weight.
        scale: of the random walk.
        steps: how many random numbers each island has used.
    """

    lanes: Lanes
    rows: Rows
    numbers: Rows
    keys: Any
    z: Array
    weight: Array
    beta: Array
    log_mean: Array
    scale: Array
    steps: NDArray[np.int64]

    @staticmethod
    def of_prior(lanes: Lanes, rows: Rows, islands: Rows, particles: int) -> _Swarm:
        """Particles of the prior: standard normal numbers."""
        size, count = len(lanes.plan.normals), len(rows)
        keys = lanes.keys(rows, islands + FIRST_ISLAND)
        z = lanes.streams.draw(rows, islands, FIRST_ISLAND, (particles, size), "normal")
        weight, _ = lanes.at(rows, keys, z, asks=False)
        beta, scale = np.zeros(count), np.full(count, 2.4 / np.sqrt(size))
        return _Swarm(
            lanes, rows, islands, keys, z, weight, beta, np.zeros(count), scale, np.zeros(count, dtype=np.int64)
        )

    def temper(self) -> None:
        """All islands from the prior to the posterior."""
        for _ in range(TEMPERATURES):
            which = np.flatnonzero((self.beta < 1) & (self.weight > -np.inf).any(axis=1))
            if not which.size:
                return
            self._raise(which)
            self.move(which)

    def _raise(self, which: Rows) -> None:
        """The next temperature of these islands, and their particles resampled."""
        weight, beta = self.weight[which], self.beta[which]
        low, high, wanted = beta.copy(), np.ones(len(which)), KEPT * weight.shape[1]
        for _ in range(_BISECTIONS):
            middle = np.where(_size(weight, 1.0 - beta) >= wanted, 1.0, (low + high) / 2)
            fits = _size(weight, middle - beta) >= wanted
            low, high = np.where(fits, middle, low), np.where(fits, high, middle)
        # Where even the smallest step leaves too few, weights of zero are the reason: they go at any power.
        to = np.where(low > beta, low, high)
        step = (to - beta)[:, None] * np.where(weight > -np.inf, weight, 0.0)
        step = np.where(weight > -np.inf, step, -np.inf)
        top = step.max(axis=1, keepdims=True)
        share = np.exp(step - top)
        self.log_mean[which] += top[:, 0] + np.log(share.mean(axis=1))
        chosen = _systematic(share, self._random("uniform", which, (1,))[:, 0])
        pick = np.arange(len(which))[:, None]
        self.z[which] = self.z[which][pick, chosen]
        self.weight[which] = weight[pick, chosen]
        self.beta[which] = to

    def _random(self, kind: Literal["normal", "uniform"], which: Rows, shape: tuple[int, ...]) -> Array:
        """Random numbers of islands, none twice."""
        self.steps[which] += 1
        numbers = self.numbers[which] + self.steps[which] * ISLANDS
        return self.lanes.streams.draw(self.rows[which], numbers, FIRST_ISLAND, shape, kind)

    def move(self, which: Rows) -> None:
        """Random-walk Metropolis steps of these islands, each with the spread of its own particles."""
        z = self.z[which]
        particles, size = z.shape[1:]
        away = z - z.mean(axis=1, keepdims=True)
        spread = np.einsum("lpi,lpj->lij", away, away) / particles
        spread += 1e-9 * (1.0 + np.trace(spread, axis1=1, axis2=2))[:, None, None] * np.eye(size)
        root = np.linalg.cholesky(spread)
        beta, rows, keys = self.beta[which, None], self.rows[which], self.keys[which]
        for _ in range(MOVES):
            normal = self._random("normal", which, (particles, size))
            uniform = self._random("uniform", which, (particles,))
            z, weight = self.z[which], self.weight[which]
            new = z + self.scale[which, None, None] * np.einsum("lij,lpj->lpi", root, normal)
            new_weight, _ = self.lanes.at(rows, keys, new, asks=False)
            with np.errstate(invalid="ignore", divide="ignore"):
                ratio = beta * (new_weight - weight) - 0.5 * ((new**2).sum(axis=2) - (z**2).sum(axis=2))
                accept = np.log(uniform) < np.where(new_weight > -np.inf, ratio, -np.inf)
            self.z[which] = np.where(accept[..., None], new, z)
            self.weight[which] = np.where(accept, new_weight, weight)
            self.scale[which] *= np.exp(accept.mean(axis=1) - WANTED)

    def islands(self, rows: int) -> tuple[Array, Array]:
        """What is asked, shape (rows, islands, particles), and the log weights of the islands, (rows, islands)."""
        done = (self.beta >= 1) & (self.weight > -np.inf).all(axis=1)
        weight = np.where(done, self.log_mean, -np.inf)
        _, asked = self.lanes.at(self.rows, self.keys, self.z)
        return asked.reshape(rows, ISLANDS, -1), weight.reshape(rows, ISLANDS)


def _size(weight: Array, power: Array) -> Array:
    """Effective number of particles for a power of their weights."""
    with np.errstate(invalid="ignore"):
        step = np.where(weight > -np.inf, power[:, None] * np.where(weight > -np.inf, weight, 0.0), -np.inf)
    share = np.exp(step - step.max(axis=1, keepdims=True))
    return share.sum(axis=1) ** 2 / (share**2).sum(axis=1)


def _systematic(share: Array, uniform: Array) -> Rows:
    """Systematic resampling: one uniform number an island; shape (islands, particles)."""
    count = share.shape[1]
    total = np.cumsum(share, axis=1)
    places = (np.arange(count) + uniform[:, None]) / count * total[:, -1:]
    found = [np.searchsorted(t, p, side="right") for t, p in zip(total, places, strict=True)]
    return np.minimum(np.stack(found), count - 1)
