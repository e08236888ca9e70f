"""Claims about causes looked up in a graph, or in every graph that a list of independences leaves possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scm import (
    Adjusts,
    CausalGraph,
    Claim,
    EquivalenceClass,
    Independence,
    Members,
    class_from_independences,
    holds,
    print_claim,
    print_name,
)

from ._problem import Problem, Reply
from ._verdict import holds as holds_as

MOST_NAMED = 3
"""Most members that are named where a claim fails, or where it holds."""
MOST_COUNTED = 20_000
"""Most members that are gone through to count those in which a claim holds."""


@dataclass(frozen=True)
class Judged:
    """Where one claim holds.

    Attributes:
        claim: what was claimed.
        members: it holds in all, some or none of the graphs.
        graph: the graph, or the class of graphs, it was looked up in.
        total: how many graphs there are; 1 for a single graph, None where they were not counted.
        holding: in how many of them it holds; None where they were not counted.
        against: some in which it fails, the first few.
        example: some in which it holds, the first few; empty where it holds in all or in none.
    """

    claim: Claim
    members: Members
    graph: CausalGraph | EquivalenceClass
    total: int | None = None
    holding: int | None = None
    against: tuple[CausalGraph, ...] = ()
    example: tuple[CausalGraph, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The claim and where it holds, as JSON data."""
        return {
            "claim": print_claim(self.claim),
            "holds_in": self.members,
            "members": self.total,
            "holding": self.holding,
            "fails_in": [edges_text(graph) for graph in self.against],
        }


def graph_of(problem: Problem) -> CausalGraph | EquivalenceClass:
    """The graph of a Problem, or the class of graphs that its independences leave possible.

    Raises:
        InvalidGraph, InvalidQuery: no graph has exactly these independences; the message names the statement.
    """
    names = tuple(variable.name for variable in problem.variables)
    if problem.independences is not None:
        return class_from_independences(names, problem.independences)
    return CausalGraph(
        names,
        tuple(dict.fromkeys((cause, effect) for effect, causes in problem.causes.items() for cause in causes)),
        tuple(both.pair for both in problem.confounded),
        tuple(variable.name for variable in problem.variables if not variable.observed),
    )


def judge(graph: CausalGraph | EquivalenceClass, claim: Claim) -> Judged:
    """Where `claim` holds, with the members in which it does not.

    Raises:
        ScmError: a name that the graph does not have, or too many members to go through.
    """
    found = holds(graph, claim)
    if isinstance(graph, CausalGraph):
        return Judged(claim, found, graph, 1, int(found == "all"), () if found == "all" else (graph,))
    total = graph.size
    if total > MOST_COUNTED or isinstance(claim, Independence):
        return Judged(claim, found, graph, total, {"all": total, "none": 0}.get(found))
    against: list[CausalGraph] = []
    example: list[CausalGraph] = []
    holding = 0
    for member in graph.members(MOST_COUNTED):
        there = holds(member, claim) == "all"
        holding += there
        listed = example if there else against
        if len(listed) < MOST_NAMED:
            listed.append(member)
    return Judged(claim, found, graph, total, holding, tuple(against), tuple(example) if found == "some" else ())


def edges_text(graph: CausalGraph) -> str:
    """The edges of a graph in one line: `A -> B, B <-> C`; variables without an edge by name."""
    shown = [f"{print_name(a)} -> {print_name(b)}" for a, b in dict.fromkeys(graph.edges)]
    shown += [f"{print_name(a)} <-> {print_name(b)}" for a, b in graph.confounded]
    joined = {name for pair in (*graph.edges, *graph.confounded) for name in pair}
    return ", ".join([*shown, *(print_name(v) for v in graph.variables if v not in joined)])


def said_of(judged: Sequence[Judged], form: Reply) -> str | None:
    """Yes or no: whether the one claim holds in every member; of two ways to adjust, whether the first is more correct.

    A claim that holds is taken as 1 and one that fails as 0, so that `< 0.5` asks whether it fails in every member.
    Where it holds in some members only, neither follows. Where both ways to adjust are right, or both are wrong,
    neither is more correct, and there is no reply. A choice names the option whose claim is the only one that holds.
    """
    if form.kind == "choice":
        right = [option for option, one in zip(form.options, judged, strict=False) if one.members == "all"]
        return right[0] if len(right) == 1 and len(judged) == len(form.options) else None
    if len(judged) == 1:
        members = judged[0].members
        return "yes" if members != "some" and holds_as(form, float(members == "all")) else "no"
    if len(judged) == 2 and all(isinstance(one.claim, Adjusts) for one in judged):
        first, second = (one.members == "all" for one in judged)
        return None if first == second else "yes" if first else "no"
    return None
