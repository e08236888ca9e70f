"""An interval for accuracy that knows that items with the same text up to renaming are not independent."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

Z = 1.959963984540054
"""Two-sided normal quantile of 95%."""

_WORD = r"(?<!\w)[^\W\d_][\w'’]*"


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95% interval for a share.

    Attributes:
        low, high: its ends.
        clusters: how many groups of alike items there are.
        effective: the number of independent items that would tell as much.
    """

    low: float
    high: float
    clusters: int
    effective: float


def canonical_text(text: str, names: Iterable[str] = ()) -> str:
    """`text` with every name replaced by its order of first appearance, so that renaming changes nothing.

    Args:
        text: any text.
        names: names that are known as such. Besides, every capitalised word counts as one, at the beginning of a
            sentence too: two openings taken for one ("If", "When") merge clusters, which only widens the interval.
    """
    # A single capitalised word is found anyway; leaving it out spares compiling a pattern for every text.
    known = {name for name in names if name.strip() and not (name.isalnum() and name[0].isupper())}
    options = [rf"(?<!\w){re.escape(name)}(?!\w)" for name in sorted(known, key=len, reverse=True)]
    order: dict[str, int] = {}
    pieces = re.split(f"({'|'.join([*options, _WORD])})", " ".join(text.split()))
    pieces[1::2] = [
        f"#{order.setdefault(word, len(order))}" if word[0].isupper() or word in known else word
        for word in pieces[1::2]
    ]
    return "".join(pieces)


def accuracy_interval(correct: Sequence[bool], clusters: Sequence[Hashable]) -> Interval:
    """Wilson's interval (1927) on the effective number of items.

    With m items in a cluster, n items count for n / deff, where deff = 1 + (m' - 1) rho, m' = sum m^2 / sum m (Kish
    1965), and rho is the correlation between two items of one cluster. It is estimated by one-way analysis of variance
    and raised by its standard error (Fisher 1925), because with few errors the estimate is often zero by luck. Where
    all items agree within their clusters, as at 0% and 100%, nothing can be learned about rho: it is taken to be 1, and
    the effective number is at most the number of clusters.
    """
    sizes, right = Counter(clusters), Counter[Hashable]()
    for good, cluster in zip(correct, clusters, strict=True):
        right[cluster] += good
    n = len(correct)
    share = sum(right.values()) / n
    rho = _correlation([(m, right[cluster]) for cluster, m in sizes.items()])
    alike = sum(m * m for m in sizes.values()) / n
    effective = n / (1 + (alike - 1) * rho)
    low, high = _wilson(share, effective)
    return Interval(low, high, len(sizes), effective)


def _correlation(clusters: Sequence[tuple[int, int]]) -> float:
    """The intra-cluster correlation with its standard error added, in [0, 1]; `clusters` holds (items, right ones)."""
    k, n = len(clusters), sum(m for m, _ in clusters)
    share = sum(s for _, s in clusters) / n
    within_total = sum(s * (m - s) / m for m, s in clusters)
    if k < 2 or n == k or within_total == 0:
        return 1.0
    between = sum(m * (s / m - share) ** 2 for m, s in clusters) / (k - 1)
    within = within_total / (n - k)
    size = (n - sum(m * m for m, _ in clusters) / n) / (k - 1)
    rho = max(0.0, (between - within) / (between + (size - 1) * within))
    error = (1 - rho) * (1 + (size - 1) * rho) * math.sqrt(2 / (size * (size - 1) * (k - 1)))
    return min(1.0, rho + error)


def _wilson(share: float, n: float) -> tuple[float, float]:
    """Ends for a share seen in `n` independent items (`n` need not be whole); never of width zero."""
    centre = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    # The ends are exact at 0% and 100%; arithmetic must not push them past by a rounding error.
    return (0.0 if share == 0 else max(0.0, centre - half)), (1.0 if share == 1 else min(1.0, centre + half))
