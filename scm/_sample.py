"""Drawing units from a model. Draws come from JAX's counter-based generator: a key, and nothing else, decides them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, assert_never, cast

import numpy as np
from numpy.typing import NDArray

from ._errors import InvalidModel, InvalidQuery
from ._evaluate import evaluate
from ._mechanism import Equation, Mechanism, NoiseTable, Table
from ._noise import Noise, probabilities
from ._syntax import Value

if TYPE_CHECKING:
    from jax import Array as PRNGKey

Codes: TypeAlias = NDArray[np.intp]

_NO_KEY = "key= takes one JAX random key, such as jax.random.key(0), or a whole number (a seed); got {}."


def check_key(key: object) -> None:
    """That `key` may be a random key, as far as can be seen without loading JAX.

    Raises:
        InvalidQuery: it is neither a whole number from 0 to 2**63 - 1 nor an array.
    """
    if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
        if not 0 <= key < 1 << 63:
            raise InvalidQuery(f"A seed is a whole number from 0 to 2**63 - 1, got {key}.")
    elif not hasattr(key, "dtype"):
        raise InvalidQuery(_NO_KEY.format(type(key).__name__))


def random_key(key: PRNGKey | int) -> PRNGKey:
    """A JAX key from a key, or from a whole number (a seed).

    Raises:
        InvalidQuery: it is neither.
    """
    check_key(key)
    import jax  # half a second, only where something is drawn

    given, random = cast(Any, key), cast(Any, jax.random)
    if isinstance(given, (int, np.integer)) and not isinstance(given, bool):
        return random.key(int(cast(int, given)))
    try:
        one = np.shape(random.key_data(given)) == np.shape(random.key_data(random.key(0)))
    except (TypeError, ValueError):
        one = False
    if not one:
        raise InvalidQuery(_NO_KEY.format(f"{type(given).__name__} of shape {np.shape(given)}"))
    return cast("PRNGKey", given)


def uniform(key: PRNGKey, stream: int, n: int) -> NDArray[np.float64]:
    """`n` numbers in [0, 1) with 53 random bits each (JAX's own floats have 23: too few for rare states)."""
    import jax  # half a second, only where units are drawn

    random: Any = jax.random
    return _of_bits(random.bits(random.fold_in(key, stream), (2, n), dtype=np.uint32))


def uniform_group(key: PRNGKey, first: int, count: int, n: int) -> NDArray[np.float64]:
    """As `uniform` for `count` streams from `first` on, shape (count, n), in one call of JAX."""
    import jax  # half a second, only where units are drawn

    random: Any = jax.random

    def bits(stream: Any) -> Any:
        return random.bits(random.fold_in(key, stream), (2, n), dtype=np.uint32)

    return _of_bits(jax.vmap(bits)(np.arange(first, first + count)))


def _of_bits(bits: Any) -> NDArray[np.float64]:
    """Numbers in [0, 1) from two words each; the words are the axis before the last."""
    words = np.asarray(bits, dtype=np.uint64)
    return ((words[..., 0, :] >> 5) * 67108864 + (words[..., 1, :] >> 6)) / 9007199254740992.0


def how_many(n: object) -> int:
    """A number of units; 1e6 is one too.

    Raises:
        InvalidModel: it is no whole number from 0 up.
    """
    if isinstance(n, (int, float, np.integer, np.floating)) and not isinstance(n, bool) and n >= 0 and n == n // 1:
        return int(cast(float, n))
    raise InvalidModel(f"sample() draws a number of units from 0 up, got {n!r}.")


def sample(
    noises: Mapping[str, Noise],
    mechanisms: Mapping[str, Mechanism],
    states: Mapping[str, tuple[Value, ...]],
    n: int,
    *,
    key: PRNGKey | int,
) -> dict[str, NDArray[Any]]:
    """`n` units of the model with these parts (mechanisms in topological order), see `Model.sample`."""
    n, key = how_many(n), random_key(key)
    codes = draw_noises(noises, n, key)
    for stream, (name, mechanism) in enumerate(mechanisms.items(), len(noises)):
        codes[name] = draw_value(name, mechanism, codes, states, n, (key, stream))
    return {name: as_states(states[name], codes[name]) for name in mechanisms}


def draw_noises(noises: Mapping[str, Noise], n: int, key: PRNGKey) -> dict[str, Codes]:
    """`n` draws of every finite noise, as positions among its states; noise i takes stream i.

    Raises:
        InvalidModel: a law that is unknown, or fewer than 0 units.
    """
    if n < 0:
        raise InvalidModel(f"sample() draws a number of units from 0 up, got {n}.")
    codes: dict[str, Codes] = {}
    for stream, (name, noise) in enumerate(noises.items()):
        law = probabilities(noise.law)
        if law is None:
            raise InvalidModel(
                f"The noise {name!r} has an unknown law: nothing can be drawn from it. Give it a law first."
            )
        codes[name] = draw(np.broadcast_to(np.array(law), (n, len(law))), uniform(key, stream, n))
    return codes


def draw_value(
    name: str,
    mechanism: Mechanism,
    codes: Mapping[str, Codes],
    states: Mapping[str, tuple[Value, ...]],
    n: int,
    source: tuple[PRNGKey, int],
) -> Codes:
    """A finite variable of `n` units from its inputs; a table draws from this key and stream."""
    inputs = [codes[i] for i in mechanism.inputs]
    domains = [states[i] for i in mechanism.inputs]
    match mechanism:
        case Table(_, rows):
            return draw(np.array(rows)[_row(inputs, domains, n)], uniform(*source, n))
        case NoiseTable(_, found):
            return np.array([states[name].index(x) for x in found])[_row(inputs, domains, n)]
        case Equation():
            return _equation(mechanism, inputs, domains, states[name], n)
        case _:
            assert_never(mechanism)


def draw(laws: NDArray[np.float64], u: NDArray[np.float64]) -> Codes:
    passed = np.cumsum(laws[:, :-1], axis=1) <= u[:, None]
    # A state of probability zero at the end is never reached by rounding: the last positive one takes the rest.
    last = laws.shape[1] - 1 - np.argmax(laws[:, ::-1] > 0, axis=1)
    return np.minimum(passed.sum(axis=1), last)


def _row(inputs: list[Codes], states: list[tuple[Value, ...]], n: int) -> Codes:
    row = np.zeros(n, dtype=np.intp)
    for codes, own in zip(inputs, states, strict=True):
        row = row * len(own) + codes
    return row


def _equation(
    mechanism: Equation, inputs: list[Codes], states: list[tuple[Value, ...]], own: tuple[Value, ...], n: int
) -> Codes:
    if not inputs:
        return np.full(n, own.index(evaluate(mechanism.expr, lambda _: False)))
    rows, inverse = np.unique(np.stack(inputs, axis=1), axis=0, return_inverse=True)
    found: list[int] = []
    for row in rows:
        scope = {name: s[int(c)] for name, s, c in zip(mechanism.inputs, states, row, strict=True)}
        value = evaluate(mechanism.expr, lambda term, scope=scope: scope[term.name])
        if value not in own:
            raise InvalidModel(f"The equation {mechanism} gives {value!r}, which is not among the states {own}.")
        found.append(own.index(value))
    return np.array(found, dtype=np.intp)[inverse.reshape(-1)]


def as_states(states: tuple[Value, ...], codes: Codes) -> NDArray[Any]:
    """A column of states from their positions."""
    kinds = {type(s) for s in states}
    column = np.array(states, dtype=None if len(kinds) == 1 and str not in kinds else object)
    return column[codes]
