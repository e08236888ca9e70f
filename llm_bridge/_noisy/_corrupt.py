"""Wrong but plausible readings: a Problem with one thing misread, and every law of a Problem obeyed.

What is cited for the misread part is cited from the text, as near to the misreading as the text comes, so that a check
of the citations finds no more than it would with a real reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal, TypeAlias, get_args

from .._problem import InvalidProblem, Problem
from . import _edges, _lists
from ._cite import Citer
from ._numbers import misread
from ._rung import misplaced
from ._slip import Slip, Slips
from ._states import exchanged

Kind: TypeAlias = Literal["flip_edge", "drop_edge", "add_edge", "change_rung", "swap_states", "misread_number"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Every kind of corruption."""

MOST_TRIED = 60
"""Most slips of one kind that are tried before it is said not to apply."""


@dataclass(frozen=True, slots=True)
class Corruption:
    """A misread Problem.

    Attributes:
        problem: the Problem as misread: well formed, acyclic, consistent, and different from the right one.
        kind: the kind of misreading.
        what: what was misread as what.
    """

    problem: Problem
    kind: Kind
    what: str


def corrupt(problem: Problem, text: str, kind: Kind, rng: Random) -> Corruption | None:
    """`problem` with one misreading of a kind.

    Edges are misread in the edges and the equations alike, and where a complete list of independences stands for the
    graph, in that list (another graph's list, so that the engine does not refuse it) or in the claim asked about.

    Args:
        problem: the right reading.
        text: what it is a reading of; the words of the misread part are taken from it.
        kind: what to misread.
        rng: what draws the misreading: the same generator in the same state makes the same one.

    Returns:
        The corruption; None where the Problem has nothing that this kind could misread.
    """
    if problem.cannot is not None:
        return None
    groups = [group for group in _slips(problem, text, kind, rng) if group]
    rng.shuffle(groups)
    tried = 0
    for group in groups:
        for slip in rng.sample(group, len(group)):
            tried += 1
            if tried > MOST_TRIED:
                return None
            if (made := _made(slip, problem)) is not None:
                return Corruption(made, kind, slip.what)
    return None


def _slips(problem: Problem, text: str, kind: Kind, rng: Random) -> Slips:
    cites = Citer.of(problem, text)
    match kind:
        case "flip_edge":
            return [*_edges.turned(problem, cites, rng), *_lists.turned(problem, rng)]
        case "drop_edge":
            return [*_edges.left_out(problem, cites), *_lists.left_out(problem, rng)]
        case "add_edge":
            return [*_edges.made_up(problem, cites, rng), *_lists.made_up(problem, rng)]
        case "change_rung":
            return misplaced(problem)
        case "swap_states":
            return exchanged(problem, cites, rng)
        case "misread_number":
            return misread(problem, cites)


def _made(slip: Slip, problem: Problem) -> Problem | None:
    """What the slip makes, if it is another Problem that any endpoint could have sent."""
    made = slip.make()
    if made is None:
        return None
    try:
        read = Problem.from_json(made.to_json())
    except InvalidProblem:
        return None
    return read if read != problem else None
