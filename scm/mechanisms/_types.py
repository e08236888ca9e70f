"""What a mechanism over columns can do. Each capability is a type; solvers look at those, never at flags.

Columns are arrays with one entry a unit. A continuous variable or noise is a column of floats; a finite one is a column
of positions among its states. `xp` is the array module that the arithmetic is done in, `numpy` or `jax.numpy`.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, runtime_checkable

from .._continuous import ContinuousLaw
from .._domain import Domain

Column: TypeAlias = Any
"""An array of NumPy or JAX, one entry a unit (or one for all, as a scalar)."""
Columns: TypeAlias = Mapping[str, Column]
"""A column for each name that a mechanism reads: parents, and noises."""


@runtime_checkable
class Forward(Protocol):
    """`variable = f(parents, noises)`: what every mechanism over columns can do."""

    @property
    def parents(self) -> tuple[str, ...]:
        """Variables that it reads, in order."""
        ...

    @property
    def noises(self) -> tuple[str, ...]:
        """Noises that it reads, in order."""
        ...

    @property
    def domain(self) -> Domain:
        """What the variable can be."""
        ...

    def forward(self, values: Columns, xp: Any) -> Column:
        """The variable, from its parents and noises: floats, or positions among the states of a finite variable."""
        ...


@runtime_checkable
class Invertible(Forward, Protocol):
    """One continuous noise, which the variable and its parents determine."""

    def noise_of(self, value: Column, values: Columns, xp: Any) -> Column:
        """The noise for which `forward` gives `value`; NaN where no noise does (outside the mechanism's range).

        Args:
            value: the variable.
            values: its parents; the noise need not be there.
            xp: the array module.
        """
        ...

    def log_slope(self, value: Column, values: Columns, xp: Any) -> Column:
        """Log |d noise / d value| there: the density of the variable is the noise's times this slope."""
        ...


@runtime_checkable
class Transporting(Invertible, Protocol):
    """A counterfactual value without its noise, cheaper or more exact than through it."""

    def transport(self, value: Column, old: Columns, new: Columns, xp: Any) -> Column:
        """What `value`, seen under the parents `old`, would have been under `new`.

        Equal parents give `value` itself, bit for bit.
        """
        ...


@runtime_checkable
class Hiding(Invertible, Protocol):
    """A mechanism that some parents deprive of its noise, as X = 0 does in `X * u`."""

    def hidden(self, value: Column, values: Columns, xp: Any) -> Column:
        """Where `value` is what the mechanism gives under these parents whatever its noise.

        There `noise_of` is NaN though the value is possible: it has a probability, no density, and nothing is learnt of
        the noise. Truth values; one for all where that can never be.
        """
        ...


@runtime_checkable
class Vouched(Invertible, Protocol):
    """A mechanism whose inverse, or that there is one, is the user's word: it is held against the function."""

    def broken(self, value: Column, values: Columns, xp: Any) -> Column:
        """Where the inverse gives a noise for which the function gives another value, or the function is not monotone.

        Truth values.
        """
        ...

    def breach(self, value: float, values: Mapping[str, float]) -> str:
        """What was promised and what was found of one unit that is `broken`, in words."""
        ...


@dataclass(frozen=True)
class Affine:
    """`variable = constant + sum of coefficients times parents and noises`."""

    constant: float
    coefficients: Mapping[str, float]


@runtime_checkable
class Linear(Forward, Protocol):
    """An affine function of parents and noises (finite parents count with their numbers)."""

    def affine(self) -> Affine:
        """Its coefficients."""
        ...


@runtime_checkable
class Conditional(Forward, Protocol):
    """The law of the variable given its parents is known, though its noise may not be determined by them.

    For a finite variable this is log P(variable | parents). Invertible mechanisms do not need it.
    """

    def log_probability(self, value: Column, values: Columns, xp: Any) -> Column:
        """Log density, or log probability of a finite variable, of `value` given its parents."""
        ...


@runtime_checkable
class NoiseGiven(Conditional, Protocol):
    """A noise that is not determined, but can be drawn exactly given the variable and its parents."""

    def noise_given(self, value: Column, values: Columns, key: Any) -> Columns:
        """Draws of its noises, by name, given `value` and the parents; one a unit.

        Args:
            value: the variable.
            values: its parents.
            key: a JAX random key.
        """
        ...


@runtime_checkable
class Levelled(Forward, Protocol):
    """A continuous variable that may have some values with a probability."""

    @property
    def levels(self) -> tuple[str, ...]:
        """The parents (and other noises) that those values depend on; the noise decides only whether one is met."""
        ...


@runtime_checkable
class Censored(NoiseGiven, Levelled, Protocol):
    """A continuous variable that has some values with a probability, as max(0, X + u) has 0, and others with a density.

    Of one value under different parents, a probability counts and a density beside it is nothing.
    """

    def atom(self, value: Column, values: Columns, xp: Any) -> Column:
        """Where `log_probability` is of a probability, not a density. Truth values."""
        ...


@runtime_checkable
class Branching(Censored, Protocol):
    """A censored variable of which, where it has a density, one of a few noises was met."""

    @property
    def most(self) -> int:
        """How many at most."""
        ...

    def points(self, value: Column, values: Columns, xp: Any) -> tuple[Column, Column]:
        """The noises, and the log density that each brings; shape (most, units), minus infinity where there is none."""
        ...


@runtime_checkable
class NeedsCoupling(Conditional, Protocol):
    """A conditional law and no noise: how one unit's values hang together across worlds is granted, or not known."""

    def laws(self, values: Columns, xp: Any) -> Column:
        """P(each state | parents), shape (states, units)."""
        ...


# ---------------------------------------------------------------------------------------------------------------------
# As a user writes them


@dataclass(frozen=True)
class Scope:
    """What a mechanism is bound to when a model is made.

    Attributes:
        variable: whose mechanism it is.
        parents: what `Unbound.reads` gave, without noises.
        noises: the variable's own noises, and shared ones that it names; in order.
        domains: of parents and noises.
        own: what the variable was declared to be; None where it was not.
        laws: of its own continuous noises, independent of all others, where they are known.
    """

    variable: str
    parents: tuple[str, ...]
    noises: tuple[str, ...]
    domains: Mapping[str, Domain]
    own: Domain | None = None
    laws: Mapping[str, ContinuousLaw] = field(default_factory=dict[str, ContinuousLaw])


@runtime_checkable
class Unbound(Protocol):
    """A mechanism as a user writes it: a value that knows neither its variable nor its noise yet."""

    def reads(self, parents: tuple[str, ...] | None, known: Container[str]) -> tuple[str, ...]:
        """The variables, and shared noises, that it reads.

        Args:
            parents: of the variable, where it was given any.
            known: every name of the model.
        """
        ...

    def bind(self, scope: Scope) -> Forward:
        """The mechanism over columns.

        Raises:
            InvalidModel: it does not fit its scope.
        """
        ...
