"""The contrast that teaches most: what seeing and doing would have said beside what imagining says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._answer import Answer
from ._ask import ask
from ._coupling import Coupling
from ._errors import InvalidQuery
from ._model import Model
from ._query import Distribution, Expectation, Probability, Query, Term, term_parts
from ._resolve import read_query
from ._study import Study
from ._syntax import Const, Expr, Op, Set, Var, conjunction, conjuncts, substitute, terms

if TYPE_CHECKING:
    from ._sample import PRNGKey


@dataclass(frozen=True, slots=True)
class Ladder:
    """One question on each rung.

    Attributes:
        seeing: the intervention replaced by an observation; evidence on the cause and on what it affects dropped.
        doing: the intervention kept; evidence on the cause and on what it affects dropped.
        imagining: the question as asked.
    """

    seeing: Answer
    doing: Answer
    imagining: Answer

    def __str__(self) -> str:
        rungs = ("seeing", self.seeing), ("doing", self.doing), ("imagining", self.imagining)
        return "\n".join(f"{name}: {answer.to_text(derivation=False)}" for name, answer in rungs)


def ladder(
    model: Model | Study,
    query: str | Query,
    *,
    assume: str | Coupling | Sequence[str | Coupling] = (),
    key: PRNGKey | int | None = None,
) -> Ladder | None:
    """The question on all three rungs; None unless it is one term with one plain intervention and evidence.

    Args:
        model: of whom it is asked: a model, or a study, of which bounds are found where the numbers do not suffice.
        query: as for `ask`.
        assume: as for `ask`.
        key: as for `ask`.

    Raises:
        The errors of `ask`.
    """
    if isinstance(model, Study):
        asked = read_query(query, model.states)
    elif isinstance(model, Model):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        asked = read_query(query, model.variable_states, model.reals)
    else:
        raise InvalidQuery(f"A ladder is of a Model or a Study, got {type(model).__name__}.")
    if not isinstance(asked, (Probability, Expectation, Distribution)) or asked.given is None:
        return None
    found = tuple(t for part in term_parts(asked) for t in terms(part))
    worlds = {t.world for t in found if t.world}
    if len(worlds) != 1:
        return None
    (world,) = worlds
    if (
        len(world) != 1
        or not isinstance(world[0], Set)
        or world[0].parent is not None
        or not isinstance(world[0].value, Const)
    ):
        return None
    setting, cause = world[0], world[0].target
    touched = model.graph.descendants([cause])
    kept = tuple(p for p in conjuncts(asked.given) if not any(t.name in touched or t.world for t in terms(p)))
    observed: Expr = Op("=", (Var(cause), setting.value))
    doing = _with(asked, asked_expr=None, given=kept)
    seeing = _with(asked, asked_expr=cause, given=(observed, *kept))
    queries = (seeing, doing, asked)
    if isinstance(model, Study):
        return Ladder(*(ask(model, one, assume=assume) for one in queries))
    return Ladder(*(ask(model, one, assume=assume, key=key) for one in queries))


def _with(term: Term, asked_expr: str | None, given: tuple[Expr, ...]) -> Term:
    """`term` with other evidence; its worlds dropped where `asked_expr` names the cause now observed."""

    def plain(expr: Expr) -> Expr:
        return (
            expr
            if asked_expr is None
            else substitute(expr, lambda leaf: Var(leaf.name) if isinstance(leaf, Var) else leaf)
        )

    condition = conjunction(*given) if given else None
    match term:
        case Probability(event):
            return Probability(plain(event), condition)
        case Expectation(expr):
            return Expectation(plain(expr), condition)
        case Distribution(of):
            return Distribution(tuple(t if asked_expr is None else Var(t.name) for t in of), condition)
