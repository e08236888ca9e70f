"""`Choice`: one of several states, by their utilities or their probabilities."""

# The types that JAX declares for its own functions are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np

from .._domain import Real
from .._errors import InvalidModel, UnknownState
from .._noise import check_states, plain
from .._syntax import Value
from ._columns import quietly
from ._maps import (
    BoundMap,
    KeptMap,
    Map,
    PythonFunction,
    argument,
    as_map,
    bind_map,
    called_freely,
    name_of,
    names_read,
)
from ._types import Column, Columns, Forward, Scope

Maps: TypeAlias = Mapping[Value, Map]
"""A map of the parents for each state."""
KeptMaps: TypeAlias = "tuple[tuple[Value, KeptMap], ...] | PythonFunction"


@dataclass(frozen=True, init=False)
class Choice:
    """The state with the largest `utility(parents) + noise`, one noise for each state (McFadden 1974).

    With noises of its own (`noise={"g_car": ContinuousLaw("Gumbel"), ...}`, in the order of the states) a unit's choice
    in every world is decided. Without, the probabilities are those that standard Gumbel noises would give, and how one
    unit's choices hang together across worlds is not known: it is granted, by `assume=`, or stays open.

    Args:
        utilities: {state: a `Map` of the parents}; or one function of the parents that gives an array of shape
            (states, units).
        probabilities: the same, of probabilities, in place of utilities; no noise goes with them.

    Raises:
        InvalidModel: both, or neither; fewer than two states.
    """

    utilities: KeptMaps | None
    probabilities: KeptMaps | None

    def __init__(
        self, utilities: Maps | PythonFunction | None = None, *, probabilities: Maps | PythonFunction | None = None
    ) -> None:
        """Check what is there."""
        if (utilities is None) == (probabilities is None):
            raise InvalidModel("Choice takes utilities, Choice({state: utility}), or probabilities=; one of them.")
        for field, given in (("utilities", utilities), ("probabilities", probabilities)):
            object.__setattr__(self, field, None if given is None else _kept(given, field))

    def reads(self, parents: tuple[str, ...] | None, known: Container[str]) -> tuple[str, ...]:
        """See `Unbound`."""
        return names_read([m for _, m in self._maps()], parents, known)

    def _maps(self) -> tuple[tuple[Value, KeptMap], ...]:
        given = self.utilities if self.probabilities is None else self.probabilities
        return given if isinstance(given, tuple) else ()

    def bind(self, scope: Scope) -> Forward:
        """See `Unbound`."""
        states = self._states(scope)
        if self.probabilities is None:
            scores = _scores(cast(KeptMaps, self.utilities), states, scope, "utility")
        else:
            scores = _scores(self.probabilities, states, scope, "probability")
        common = (scores, scope.parents, scope.noises, states, scope.variable)
        if not scope.noises:
            return ChoiceByLaw(*common, self.probabilities is not None)
        if self.probabilities is not None:
            raise InvalidModel(
                f"{scope.variable!r} has a Choice of probabilities and the noise {scope.noises[0]!r}, which nothing "
                "reads. Leave the noise out, or give utilities and one noise for each state."
            )
        if len(scope.noises) != len(states) or not all(isinstance(scope.domains[n], Real) for n in scope.noises):
            raise InvalidModel(
                f"{scope.variable!r} has a Choice among {len(states)} states and the noises {scope.noises}; one "
                'continuous noise for each is wanted, in their order: noise={"g_1": ContinuousLaw("Gumbel"), ...}.'
            )
        gumbels = [scope.laws[n] for n in scope.noises if n in scope.laws and scope.laws[n].distribution == "Gumbel"]
        places = [{"loc": 0.0, "scale": 1.0, **dict(law.parameters)} for law in gumbels]
        if len(gumbels) < len(states) or len({p["scale"] for p in places}) > 1:
            return ChoiceByNoise(*common)
        return GumbelChoice(*common, tuple(p["loc"] for p in places), places[0]["scale"])

    def _states(self, scope: Scope) -> tuple[Value, ...]:
        if isinstance(scope.own, Real):
            raise InvalidModel(f"{scope.variable!r} has a Choice, which gives states, and is declared Real().")
        named = tuple(state for state, _ in self._maps())
        states = scope.own or named
        if not states:
            raise InvalidModel(f"{scope.variable!r} has a Choice by a function and no states. Declare them.")
        for state in named:
            if state not in states:
                raise UnknownState(scope.variable, state, states)
        if named and (lacking := [s for s in states if s not in named]):
            raise InvalidModel(f"{scope.variable!r} has a Choice without a map for the state {lacking[0]!r}.")
        return states


def _kept(given: Maps | PythonFunction, field: str) -> KeptMaps:
    if isinstance(given, (Mapping, tuple)):
        pairs = [(cast(Value, plain(state)), m) for state, m in dict(given).items()]
        states = check_states([state for state, _ in pairs], "Choice")
        if len(states) < 2:
            raise InvalidModel(f"Choice({field}={given!r}): at least two states are wanted.")
        return tuple((s, as_map(m, f"The {field} of {s!r} in Choice")) for s, (_, m) in zip(states, pairs, strict=True))
    if not callable(given):
        raise InvalidModel(
            f"Choice({field}={given!r}): {{state: map}}, or a function of the parents that gives an array of shape "
            "(states, units), is wanted."
        )
    return given


@dataclass(frozen=True)
class Scores:
    """A number for each state and unit.

    Attributes:
        maps: one for each state; none where one function gives all.
        function: that function.
        parents: what it takes.
        scope: see `Scope.domains`.
        states: how many.
        where: for messages.
    """

    maps: tuple[BoundMap, ...]
    function: PythonFunction | None
    parents: tuple[str, ...]
    scope: Mapping[str, Any]
    states: int
    where: str

    def __call__(self, values: Columns, xp: Any, units: tuple[int, ...] = ()) -> Column:
        """Shape (states, *units): as many units as parents have, or as `units` says."""
        columns = [argument(n, self.scope[n], values[n], xp) for n in self.parents]
        shape = xp.broadcast_shapes(units, *(xp.shape(c) for c in columns))
        if self.function is None:
            return xp.stack([xp.broadcast_to(xp.asarray(m(values, xp)) * 1.0, shape) for m in self.maps])
        found = called_freely(self.function, columns, self.where, xp)
        if found.shape == (self.states,):
            found = found.reshape(-1, *[1] * len(shape))
        if found.shape not in ((self.states, *shape), (self.states, *[1] * len(shape))):
            raise InvalidModel(
                f"{self.where}, the function {name_of(self.function)}, gave an array of shape {xp.shape(found)}; "
                f"{(self.states, *shape)} is wanted: a row for each state."
            )
        return xp.broadcast_to(found * 1.0, (self.states, *shape))


def _scores(given: KeptMaps, states: tuple[Value, ...], scope: Scope, what: str) -> Scores:
    if not isinstance(given, tuple):
        return Scores((), given, scope.parents, scope.domains, len(states), f"The {what} of {scope.variable!r}")
    by_state = dict(given)
    maps = tuple(bind_map(by_state[s], scope, f"{what} of {s!r}") for s in states)
    return Scores(maps, None, scope.parents, scope.domains, len(states), f"The {what} of {scope.variable!r}")


@dataclass(frozen=True)
class ChoiceByNoise:
    """The state whose score and noise are the largest.

    Attributes:
        scores: utilities; or probabilities.
        parents, noises, domain: see `Forward`.
        variable: whose mechanism it is.
    """

    scores: Scores
    parents: tuple[str, ...]
    noises: tuple[str, ...]
    domain: tuple[Value, ...]
    variable: str

    def forward(self, values: Columns, xp: Any) -> Column:
        """See `Forward`."""
        with quietly(xp):
            noise = xp.stack(xp.broadcast_arrays(*(xp.asarray(values[n]) for n in self.noises)))
            total = self.scores(values, xp, noise.shape[1:]) + noise
            # NaN is in no state; -1 is refused wherever columns are checked.
            return xp.where(xp.isnan(total).any(axis=0), -1, xp.argmax(total, axis=0)).astype(xp.int32)


@dataclass(frozen=True)
class GumbelChoice(ChoiceByNoise):
    """A choice with independent Gumbel noises of its own: a multinomial logit whose noise is known in hindsight.

    Attributes:
        locations: of the noises.
        scale: of all of them.
    """

    locations: tuple[float, ...]
    scale: float

    def log_probability(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Conditional`: a softmax."""
        with quietly(xp):
            return _picked(_log_softmax(self._means(values, xp, xp.shape(value)), xp), value, xp)

    def noise_given(self, value: Column, values: Columns, key: Any) -> Columns:
        """See `NoiseGiven`: the winner's sum first, the others below it (Maddison, Tarlow & Minka 2014)."""
        import jax
        import jax.numpy as jnp

        random: Any = jax.random
        value = jnp.asarray(value)
        mean = self._means(values, jnp, value.shape)
        fresh = random.gumbel(key, (mean.shape[0] + 1, *mean.shape[1:]), dtype=mean.dtype)
        best = _log_sum(mean, jnp) + fresh[-1]
        other = -jnp.logaddexp(-(mean + fresh[:-1]), -best)
        other = jnp.minimum(other, best - 1e-12 * (1.0 + jnp.abs(best)))  # rounding makes no ties
        place = jnp.arange(len(self.domain)).reshape(-1, *[1] * (mean.ndim - 1))
        total = jnp.where(place == value, best, other) * self.scale
        noise = total - self.scores(values, jnp, value.shape)
        return {n: noise[i] for i, n in enumerate(self.noises)}

    def _means(self, values: Columns, xp: Any, units: tuple[int, ...]) -> Column:
        scores = self.scores(values, xp, units)
        return (scores + xp.asarray(self.locations).reshape(-1, *[1] * (scores.ndim - 1))) / self.scale


@dataclass(frozen=True)
class ChoiceByLaw(ChoiceByNoise):
    """A choice given by probabilities alone.

    Attributes:
        probabilities: whether the scores are probabilities; else utilities.
    """

    probabilities: bool

    def forward(self, values: Columns, xp: Any) -> Column:
        """There is none.

        Raises:
            InvalidModel: always.
        """
        raise InvalidModel(
            f"{self.variable!r} is given by probabilities alone: nothing says which state a unit takes. Give utilities "
            'and a noise for each state, noise={"g_1": ContinuousLaw("Gumbel"), ...}; or grant a coupling.'
        )

    def laws(self, values: Columns, xp: Any) -> Column:
        """See `NeedsCoupling`. Shape (states, 1) where there are no parents.

        Raises:
            InvalidModel: probabilities that are none; in JAX, which cannot raise, they are NaN.
        """
        with quietly(xp):
            found = self.scores(values, xp, () if self.parents else (1,))
            if not self.probabilities:
                return xp.exp(_log_softmax(found, xp))
            total = found.sum(axis=0)
            right = (found >= 0).all(axis=0) & (xp.abs(total - 1.0) < 1e-6)
            if xp.__name__ == "numpy" and not right.all():
                self._refuse(found, right, values)
            return xp.where(right, found / total, xp.nan)

    def _refuse(self, found: Column, right: Column, values: Columns) -> None:
        """Name the first unit whose parents are numbers and whose probabilities are none."""
        shape = np.shape(right)
        columns = {n: np.broadcast_to(np.asarray(values[n]), shape).ravel() for n in self.parents}
        wrong = ~right.ravel()
        for column in columns.values():
            wrong = wrong & ~np.isnan(column)
        if wrong.any():
            row = int(np.argmax(wrong))
            where = ", ".join(f"{n} = {column[row].item()!r}" for n, column in columns.items())
            given = found.reshape(len(found), -1)[:, row].tolist()
            raise InvalidModel(
                f"The mechanism of {self.variable!r} gives the probabilities {given} "
                f"in row {row + 1}{' for ' * bool(where)}{where}; numbers from 0 up that sum to 1 are wanted."
            )

    def log_probability(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Conditional`."""
        with quietly(xp):
            if self.probabilities:
                return _picked(xp.log(self.laws(values, xp)), value, xp)
            return _picked(_log_softmax(self.scores(values, xp), xp), value, xp)


def _log_sum(scores: Column, xp: Any) -> Column:
    top = scores.max(axis=0)
    return top + xp.log(xp.exp(scores - top).sum(axis=0))


def _log_softmax(scores: Column, xp: Any) -> Column:
    return scores - _log_sum(scores, xp)


def _picked(rows: Column, value: Column, xp: Any) -> Column:
    """The entry of each unit in the row of its state."""
    found = xp.asarray(xp.nan)
    for k in range(rows.shape[0]):
        found = xp.where(value == k, rows[k], found)
    return found
