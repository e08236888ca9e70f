"""Pictures, by matplotlib (the extra `plot`): each function draws on axes and returns them.

Blue is what was, vermilion what would have been; shaded is what was seen, a square what was set. Nothing here computes
an answer: arrays and answers come in.
"""

from ._before_after import before_after as before_after
from ._before_after import slopes as slopes
from ._distributions import distributions as distributions
from ._dose_response import dose_response as dose_response
from ._graph import graph as graph
from ._growth import growth as growth
from ._intervals import intervals as intervals
from ._sensitivity import sensitivity as sensitivity
from ._worlds import worlds as worlds

__all__ = [
    "before_after",
    "distributions",
    "dose_response",
    "graph",
    "growth",
    "intervals",
    "sensitivity",
    "slopes",
    "worlds",
]
