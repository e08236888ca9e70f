"""Results kept for objects that are asked about again and again: a query is a deep value, and dear to hash."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any, TypeVar

Result = TypeVar("Result")

KEPT = 512
"""Most results kept by one function."""


def by_identity(function: Callable[..., Result]) -> Callable[..., Result]:
    """Keep what `function` gave for the very same first argument and equal other ones.

    The argument is kept too, so that its identity stays its own. Arguments are never changed afterwards.
    """
    kept: OrderedDict[tuple[Any, ...], tuple[Any, Result]] = OrderedDict()
    lock = Lock()

    @wraps(function)
    def remembered(first: Any, *rest: Any) -> Result:
        key = (id(first), *rest)
        found = kept.get(key)
        if found is not None and found[0] is first:
            return found[1]
        result = function(first, *rest)
        with lock:
            kept[key] = (first, result)
            while len(kept) > KEPT:
                kept.popitem(last=False)
        return result

    return remembered
