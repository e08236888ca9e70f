"""Arrays whose axes have names, and sums of their products by variable elimination.

Zhang & Poole (1994); the next name to go is the one whose elimination builds the smallest array.
"""

from __future__ import annotations

import math
import string
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._kernels import TooWide

Array: TypeAlias = NDArray[np.float64]
Label: TypeAlias = Hashable

MODELS = "\0models"
"""The label of an axis of several models."""
_LETTERS = string.ascii_letters
MAX_ENTRIES = 1 << 25
"""Most numbers in one array (a quarter of a gibibyte)."""
MOST_AXES = 31
"""Most axes of one einsum."""


@dataclass(frozen=True, eq=False, slots=True)
class Named:
    """An array with one label an axis, each label once."""

    array: Array
    labels: tuple[Label, ...]

    @property
    def sizes(self) -> dict[Label, int]:
        """The length of each axis."""
        return dict(zip(self.labels, self.array.shape, strict=True))

    def along(self, labels: Sequence[Label]) -> Array:
        """The array with its axes in the order of `labels`; an axis it does not have gets length one."""
        own = [label for label in labels if label in self.labels]
        turned = self.array.transpose([self.labels.index(label) for label in own])
        return turned.reshape([self.sizes.get(label, 1) for label in labels])


def named(array: Array, labels: Sequence[Label]) -> Named:
    """An array whose labels may come twice: both axes then take the same position."""
    once = tuple(dict.fromkeys(labels))
    return Named(array if len(once) == len(labels) else einsum([array], [labels], once), once)


UNIT = Named(np.array(1.0), ())


def contract(factors: Iterable[Named], keep: Iterable[Label], largest: int = MAX_ENTRIES) -> Named:
    """The product of `factors`, summed over every label that is not in `keep`.

    Raises:
        TooWide: an array on the way would have more than `largest` numbers.
    """
    left = list(factors)
    kept = set(keep)
    sizes: dict[Label, int] = {}
    for factor in left:
        sizes |= factor.sizes
    while (gone := _next(left, kept, sizes)) is not None:
        mine = [f for f in left if gone in f.labels]
        left = [f for f in left if gone not in f.labels]
        left.append(_multiply(mine, {gone}, sizes, largest))
    return _multiply(left, set(), sizes, largest) if left else UNIT


def _next(factors: Sequence[Named], kept: set[Label], sizes: Mapping[Label, int]) -> Label | None:
    """The label whose elimination builds the smallest array."""
    together: dict[Label, set[Label]] = {}
    for factor in factors:
        for label in factor.labels:
            if label not in kept:
                together.setdefault(label, set()).update(factor.labels)
    if not together:
        return None
    return min(together, key=lambda label: math.prod(sizes[other] for other in together[label]))


def _multiply(factors: Sequence[Named], gone: set[Label], sizes: Mapping[Label, int], largest: int) -> Named:
    """The product of factors two by two, the smallest first; `gone` is summed with the last."""
    left = sorted(factors, key=lambda f: f.array.size)
    while len(left) > 2:
        left = [_pair(left[:2], set(), sizes, largest), *left[2:]]
        left.sort(key=lambda f: f.array.size)
    return _pair(left, gone, sizes, largest)


def _pair(factors: Sequence[Named], gone: set[Label], sizes: Mapping[Label, int], largest: int) -> Named:
    labels = tuple(dict.fromkeys(label for factor in factors for label in factor.labels))
    out = tuple(label for label in labels if label not in gone)
    check_entries(math.prod(sizes[label] for label in labels), len(labels), largest)
    if len(factors) == 1 and not gone:
        return factors[0]
    return Named(einsum([f.array for f in factors], [f.labels for f in factors], out), out)


def einsum(arrays: Sequence[Array], labels: Sequence[Sequence[Label]], out: Sequence[Label]) -> Array:
    """NumPy's einsum over labels; a label twice at one array is its diagonal."""
    letter = {label: _LETTERS[i] for i, label in enumerate(dict.fromkeys(label for own in labels for label in own))}
    ins = ",".join("".join(letter[label] for label in own) for own in labels)
    return np.asarray(np.einsum(f"{ins}->{''.join(letter[label] for label in out)}", *arrays))


def check_entries(entries: int, axes: int = 0, largest: int = MAX_ENTRIES) -> None:
    """That an array may be built.

    Raises:
        TooWide: it may not.
    """
    if entries > largest or axes > MOST_AXES:
        raise TooWide(f"A formula needs an array of {entries:,} numbers; at most {largest:,} are built.")
