"""What the labels of a suite rest on beyond its texts, as values: a profile of named conventions.

A convention is applied to what was answered after the honest answer was worked out, and only here: the engine and the
pipeline know none of them. Each changes what is said in some cases and leaves it alone in all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from scm import Adjusts, Answer, Contrast, Expr, Probability, Var, quantity_nodes, query_nodes, walk

from .._pipeline import Reply, solve_problem
from .._problem import Problem
from .._verdict import Said, verdict
from ._published import Suite

SMALL = 0.005
"""An effect below this is printed as none: half a percent."""

Kind: TypeAlias = Literal["", "label", "rounding", "undetermined", "unread"]
"""Why a reply is not what the label says; empty where it is. `label`: the text determines another answer. `rounding`:
the printed digits leave both open. `undetermined`: the text leaves it open. `unread`: the text was not understood."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is said after some conventions: the chain's reply with the answers they rest on, and yes, no or nothing."""

    reply: Reply
    said: Said


@dataclass(frozen=True, slots=True)
class Convention:
    """One convention.

    Attributes:
        name: a short name.
        text: what it does.
        apply: what is said with it; None where it has nothing to say.
    """

    name: str
    text: str
    apply: Callable[[Told], Told | None]


@dataclass(frozen=True, slots=True)
class Profile:
    """The conventions of a suite, in the order in which they are tried."""

    conventions: tuple[Convention, ...] = ()

    def applied(self, reply: Reply) -> tuple[Said, tuple[str, ...]]:
        """What is said under the conventions, and the names of those that changed something."""
        told, names = Told(reply, reply.reply), list[str]()
        for convention in self.conventions:
            found = convention.apply(told)
            if found is not None and found != told:
                told, names = found, [*dict.fromkeys((*names, convention.name))]
        return (told.said, tuple(names)) if told.said != reply.reply else (reply.reply, ())


def _smaller_set(told: Told) -> Told | None:
    judged = told.reply.judged
    claims = [one.claim for one in judged if isinstance(one.claim, Adjusts) and one.members == "all"]
    if told.said is not None or len(judged) != 2 or len(claims) != 2:
        return None
    first, second = (len(claim.by) for claim in claims)
    return None if first == second else replace(told, said="yes" if first < second else "no")


def _homogeneous(told: Told) -> Told | None:
    return _again(told, told.reply.problem, ("homogeneity",))


def _textbook(told: Told) -> Told | None:
    problem = told.reply.problem
    return _again(told, None if problem is None else without_hidden_causes(problem), ())


def _again(told: Told, problem: Problem | None, assume: tuple[str, ...]) -> Told | None:
    """The answer to `problem` where the honest one, bounds included, leaves yes and no open."""
    if told.said is not None or problem is None or told.reply.finding not in ("not_identified", "bounds", "refused"):
        return None
    reply = solve_problem(problem, assume=assume)
    return Told(reply, reply.reply) if reply.finding == "exact" else None


def without_hidden_causes(problem: Problem) -> Problem | None:
    """`problem` as if no hidden cause were common to two variables; None where none is.

    A hidden variable keeps the one effect that the statements tie to it, since its numbers are needed for that one, and
    none where they tie it to several or to none.
    """
    hidden = [variable.name for variable in problem.variables if not variable.observed]
    spoken = {name for item in problem.queries if item.query is not None for name in _names(query_nodes(item.query))}
    if not (hidden or problem.confounded) or spoken & set(hidden) or problem.equations:
        return None
    kept = {name: tied[0] for name in hidden if len(tied := _tied(problem, name)) == 1}
    gone = set(hidden) - kept.keys()
    edges = (e for e in problem.edges if not {e.cause, e.effect} & gone and kept.get(e.cause, e.effect) == e.effect)
    stated = (s for s in problem.statements if not _names(quantity_nodes(s.term)) & gone)
    return problem.model_copy(
        update={
            "variables": tuple(v for v in problem.variables if v.name not in gone),
            "edges": tuple(edges),
            "confounded": (),
            "statements": tuple(stated),
        }
    )


def _tied(problem: Problem, hidden: str) -> list[str]:
    """The effects of a hidden variable that some statement speaks of given it."""
    effects = [edge.effect for edge in problem.edges if edge.cause == hidden]
    given = [
        _names(walk(s.term.event))
        for s in problem.statements
        if isinstance(s.term, Probability) and s.term.given is not None and hidden in _names(walk(s.term.given))
    ]
    return [effect for effect in dict.fromkeys(effects) if any(effect in names for names in given)]


def _names(nodes: Iterable[Expr]) -> set[str]:
    return {node.name for node in nodes if isinstance(node, Var)}


def _face_value(told: Told) -> Told | None:
    problem = told.reply.problem
    if told.said is not None or problem is None or told.reply.finding not in ("exact", "bounds"):
        return None
    said = verdict(problem.reply, tuple(map(unrounded, told.reply.answers)))
    return None if said is None else replace(told, said=said)


def unrounded(answer: Answer) -> Answer:
    """`answer` as if its numbers were printed in full."""
    return replace(answer, uncertainty=replace(answer.uncertainty, rounding=None))


def _small_is_none(told: Told) -> Told | None:
    problem, answers = told.reply.problem, told.reply.answers
    if problem is None or len(answers) != 1 or told.reply.finding != "exact":
        return None
    form, value = problem.reply, answers[0].value
    effect = isinstance(answers[0].query, Contrast) and form.kind == "yes-no" and form.threshold == 0
    if not effect or form.comparison not in ("<", ">") or not isinstance(value, float) or abs(value) >= SMALL:
        return None
    return replace(told, said="no")


SMALLER_SET = Convention(
    "smaller set", "of two ways to adjust that are both right, the smaller is more correct", _smaller_set
)
HOMOGENEITY = Convention(
    "homogeneity", "an instrument gives the effect (homogeneity is granted) where bounds leave it open", _homogeneous
)
TEXTBOOK = Convention(
    "textbook estimand", "where bounds leave the answer open, hidden common causes are left out of account", _textbook
)
FACE_VALUE = Convention(
    "face value", "printed numbers are taken at face value although their rounding decides the sign", _face_value
)
SMALL_IS_NONE = Convention(
    "small is none", "an effect below half a percent is none: no for both directions", _small_is_none
)

PROFILES: Mapping[Suite, Profile] = {
    "CounterBench": Profile(),
    # What homogeneity or the textbook gives is a printed number again, so face value comes before and after them.
    "CLadder": Profile((SMALLER_SET, FACE_VALUE, HOMOGENEITY, TEXTBOOK, FACE_VALUE, SMALL_IS_NONE)),
    "Corr2Cause": Profile(),
    "CCR.GB": Profile(),
    "own": Profile(),
}
"""By suite, what its labels rest on beyond the text."""


def kind_of(reply: Reply, agrees: bool) -> Kind:
    """Why what was said is not what the label says.

    Args:
        reply: the honest reply.
        agrees: whether what was said, under conventions or none, is what the label says.
    """
    if agrees:
        return ""
    if reply.problem is None or reply.problem.cannot is not None:
        return "unread"
    if reply.reply is not None:
        return "label"
    if reply.finding in ("exact", "bounds") and reply.answers:
        faces = verdict(reply.problem.reply, tuple(map(unrounded, reply.answers)))
        return "undetermined" if faces is None else "rounding"
    return "undetermined"
