"""What a user grants, sorted by what can make use of it, and what a text grants beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, cast

from scm import Assumption, Coupling, Shape

from ._problem import Grant, Problem

IDENTIFYING = ("homogeneity", "no_defiers", "no_prevention", "linear")
"""Grants of a study by name; any other name is a coupling's."""
Grants: TypeAlias = "str | Coupling | Shape | Sequence[str | Coupling | Shape]"


@dataclass(frozen=True)
class Granting:
    """What a user grants.

    Attributes:
        names: of assumptions, for a study.
        shapes: for the bounds of a study.
        couplings: for a model; names and values.
    """

    names: tuple[str, ...]
    shapes: tuple[Shape, ...]
    couplings: tuple[str | Coupling, ...]

    @classmethod
    def of(cls, assume: Grants) -> Granting:
        """What `assume` grants, sorted."""
        # Whether something is a coupling is a question of its protocol, which takes long to ask.
        alone = type(assume) is not tuple and isinstance(assume, (str, Shape, Coupling))
        found = cast("tuple[Any, ...]", (assume,) if alone else tuple(cast("Sequence[Any]", assume)))
        names = tuple(one for one in found if isinstance(one, str) and one in IDENTIFYING)
        shapes = tuple(one for one in found if isinstance(one, Shape))
        return cls(names, shapes, tuple(one for one in found if not isinstance(one, Shape) and one not in names))

    def beside(self, problem: Problem) -> Problem:
        """`problem` with the shapes granted too: none may be dropped where a model would have no use for it."""
        more = tuple(Grant(shape=shape) for shape in self.shapes if all(g.shape != shape for g in problem.granted))
        return problem.model_copy(update={"granted": (*problem.granted, *more)}) if more else problem


def told_by(problem: Problem | None, assumption: Assumption) -> Assumption:
    """An assumption by the one who granted it: what the text grants is no grant of the user's."""
    claims = [grant.shape.claim for grant in problem.granted] if problem is not None else []
    if assumption.granted_by == "the user" and any(assumption.text.startswith(claim) for claim in claims):
        return replace(assumption, granted_by="the text")
    return assumption
