"""The parts of a plan: steps that read nothing random, and two groups of steps that do."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from ._abduct_steps import Compute, CouplingNoise, DrawNoise, JointWeight, Step, Weigh

Footprint: TypeAlias = "tuple[Step, frozenset[int | str]]"
"""A step, and the random things that it reads or makes."""


@dataclass(frozen=True)
class Part:
    """Steps that read something random, in order.

    Attributes:
        steps: the steps.
        axes: what is enumerated, with the number of its states.
        normals: continuous noises that are drawn.
        uniforms: finite things that are drawn.
        hindsight: whether a mechanism draws its own noise given what was observed.
        asks: whether what is asked depends on it.
        weighs_hindsight: whether weights depend on such a noise.
        smooth: whether no weight is 0 or 1 by a comparison.
        idle: the places of steps that change no weight.
    """

    steps: tuple[Step, ...]
    axes: Mapping[str, int]
    normals: tuple[str, ...]
    uniforms: tuple[str, ...]
    hindsight: bool
    asks: bool
    weighs_hindsight: bool = False
    smooth: bool = True
    idle: frozenset[int] = frozenset()

    @property
    def combinations(self) -> int:
        """Of what is enumerated."""
        return math.prod(self.axes.values())

    @property
    def draws(self) -> bool:
        """Whether anything is drawn."""
        return bool(self.normals or self.uniforms or self.hindsight)

    @cached_property
    def weights(self) -> Part:
        """The steps that weights depend on, without what is asked."""
        steps = tuple(
            Weigh(step.instance) if isinstance(step, Weigh) else step
            for k, step in enumerate(self.steps)
            if k not in self.idle
        )
        return replace(self, steps=steps, asks=False, hindsight=False)

    @property
    def eager(self) -> bool:
        """Whether a step needs NumPy."""
        return any(isinstance(step, (JointWeight, CouplingNoise)) for step in self.steps)


@dataclass(frozen=True)
class AbductionPlan:
    """Steps by what they depend on.

    Attributes:
        known: those that read nothing random: what the evidence of a unit determines.
        main: those that what is asked depends on, and the evidence that bears on it.
        apart: the others: they cannot change the answer, but whether the evidence is possible at all.
    """

    known: tuple[Step, ...]
    main: Part
    apart: Part


def stream_of(name: str) -> int:
    """The number of a name's stream of random numbers: the same noise has the same draws in every task."""
    return zlib.crc32(name.encode())


def weighs_hindsight(chosen: Sequence[Footprint]) -> bool:
    """Whether a weight depends on a noise that was drawn in hindsight, directly or through what it changes."""
    drawn: set[int | str] = set()
    for step, touched in chosen:
        if not isinstance(step, (Compute, DrawNoise)) and touched & drawn:
            return True
        match step:
            case Weigh(_, int()):
                drawn |= {x for x in touched if isinstance(x, str)}
            case Compute(i) if touched & drawn:
                drawn.add(i)
            case DrawNoise(noise) if touched & drawn:
                drawn.add(noise)
            case _:
                pass
    return False


def idle_steps(chosen: Sequence[Footprint]) -> frozenset[int]:
    """The places of steps that change no weight: values and noises that only other such steps read."""
    needed: set[int | str] = set()
    idle: set[int] = set()
    for k in reversed(range(len(chosen))):
        step, touched = chosen[k]
        made: int | str | None = None
        match step:
            case Compute(i):
                made = i
            case DrawNoise(noise):
                made = noise
            case _:
                pass
        if made is None or made in needed:
            needed |= touched
        else:
            idle.add(k)
    return frozenset(idle)
