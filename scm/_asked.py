"""What is asked where every variable is: the terms of whole worlds, the evidence, the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, cast

import numpy as np

from ._ask import setting_for
from ._coupling import Coupling
from ._errors import InvalidQuery, QuerySyntaxError
from ._execution import Execution
from ._finding import Statuses
from ._finite_only import check_finite
from ._model import Model
from ._parse import parse_query
from ._query import Distribution, Probability, term_parts
from ._relevance import rung
from ._resolve import read_query
from ._rows import read_rows
from ._syntax import (
    Const,
    Draw,
    Expr,
    Op,
    Set,
    Soft,
    Value,
    Var,
    World,
    conjunction,
    print_assignment,
    print_expr,
    print_name,
    terms,
)
from .solvers import Budget, Setting

Given: TypeAlias = "str | Expr | Mapping[str, Value] | None"
"""Evidence: the condition of a query as text or syntax, or values of variables."""
Of: TypeAlias = "str | Var | World | Sequence[str | Var | World] | None"
"""Terms, and worlds for every variable there."""
Assume: TypeAlias = "str | Coupling | Sequence[str | Coupling]"


@dataclass(frozen=True)
class Asked:
    """What is asked, names and states checked.

    Attributes:
        query: the terms, in order, and the evidence. It stands for each term by itself, not for their joint law.
        rung: of the ladder that the hardest term needs.
        named: how many of the first terms `of` named, or stands for where it is left out.
    """

    query: Distribution
    rung: Literal[1, 2, 3]
    named: int

    @property
    def terms(self) -> tuple[Var, ...]:
        """In order, each once."""
        return self.query.of


def read_asked(model: Model, given: Given, of: Of, what: str, *, whole: bool = False) -> Asked:
    """The terms and the evidence, from the model's store if they were read before.

    Args:
        model: whose variables they are.
        given: the evidence; with `do(...)` in its text, that world is asked.
        of: terms and worlds; left out, every variable of the factual world, or of that of `do`.
        what: which function asks, such as `posteriors()`.
        whole: every world that the evidence speaks of is asked too.

    Raises:
        QuerySyntaxError, UnknownName, UnknownState, InvalidQuery: as their messages say.
    """
    check_finite(model, what)
    key = ("asked", *((type(x), x if isinstance(x, str) else repr(x)) for x in (given, of)), whole)
    if key not in model.plans:
        model.plans[key] = _read(model, given, of, whole)
    return model.plans[key]


def _read(model: Model, given: Given, of: Of, whole: bool) -> Asked:
    world, condition = _read_given(model, given)
    if world and of is not None:
        raise InvalidQuery(
            "do() in given= says which world is asked, and of= does too. Write evidence in other worlds with "
            "brackets, for example given='Z[X=1]=0'."
        )
    found = _everywhere(model, world) if of is None else [t for item in _items(of) for t in _item(model, item)]
    if not found:
        raise InvalidQuery("of= names no term; leave it out for every variable of the factual world.")
    named = len(found)
    if whole and condition is not None:
        found += [t for w in dict.fromkeys(t.world for t in terms(condition)) for t in _everywhere(model, w)]
    query = read_query(Distribution(tuple(found), condition), model.variable_states)
    assert isinstance(query, Distribution)
    named = len(set(query.of[:named]))
    query = Distribution(tuple(dict.fromkeys(query.of)), query.given)
    single = [Distribution((t,), query.given) for t in query.of]
    steps: list[Literal[1, 2, 3]] = [1, *(rung(model.graph, term_parts(q)) for q in single)]
    return Asked(query, max(steps), named)


def world_of(asked: Asked) -> World:
    """The world that every term asked is in; the factual one where they are in several."""
    worlds = {t.world for t in asked.terms[: asked.named]}
    return worlds.pop() if len(worlds) == 1 else ()


def heading(what: str, world: World, given: Expr | None) -> str:
    """`what` with the interventions and the evidence."""
    done = f" under do({', '.join(map(print_assignment, world))})" if world else ""
    return what + done + ("" if given is None else f" given {print_expr(given)}")


def rows_line(status: Statuses) -> tuple[str, int]:
    """How many rows there are and which is shown, and the position of that: the first that is ok."""
    undefined = len(status) - int(status.ok.sum())
    shown = int(np.argmax(status.ok)) if len(status) > undefined else 0
    told = f"  {len(status):,} rows, {undefined:,} of them undefined"
    if undefined == len(status):
        return told, 0
    return told + (f"; row {shown + 1:,}, the first that is not:" if shown else "; the first:"), shown


def _everywhere(model: Model, world: World) -> list[Var]:
    return [Var(name, world) for name in model.variable_states]


def _read_given(model: Model, given: Given) -> tuple[World, Expr | None]:
    """The world of `do`, and the condition."""
    if given is None or given == "":
        return (), None
    if isinstance(given, Mapping):
        facts = [Op("=", (Var(name), Const(value))) for name, value in given.items()]
        return (), conjunction(*facts) if facts else None
    if not isinstance(given, str):
        return (), given
    first = model.variables[0].name
    query = parse_query(f"P({print_name(first)} | {given})", model.variable_states)
    if not isinstance(query, Distribution) or len(query.of) != 1:
        raise InvalidQuery(f"given={given!r} is no condition; what stands after the bar of a query is wanted.")
    return query.of[0].world, query.given


def _items(of: Of) -> Sequence[Any]:
    if isinstance(of, (str, Var)) or _is_world(of):
        return (of,)
    if not isinstance(of, Sequence):
        raise InvalidQuery(f"of= takes terms and worlds, got {type(of).__name__}.")
    return of


def _is_world(item: object) -> bool:
    if not isinstance(item, tuple):
        return False
    parts = cast("tuple[object, ...]", item)
    return bool(parts) and all(isinstance(a, (Set, Soft, Draw)) for a in parts)


def _item(model: Model, item: object) -> list[Var]:
    """The terms that one item of `of` names."""
    if isinstance(item, Var):
        return [item]
    if _is_world(item) or item == ():
        return _everywhere(model, cast("World", item))
    if not isinstance(item, str):
        raise InvalidQuery(f"of= takes terms such as 'Y[X=0]' and worlds such as 'X=0', got {item!r}.")
    if not item.strip():
        return _everywhere(model, ())
    try:
        query = parse_query(f"P({item})", model.variable_states)
    except QuerySyntaxError as wrong:
        try:
            return _everywhere(model, _world(model, item))
        except QuerySyntaxError:
            raise wrong from None
    if isinstance(query, Distribution) and query.given is None:
        return list(query.of)
    if isinstance(query, Probability) and query.given is None:
        return _everywhere(model, _world(model, item))
    raise InvalidQuery(f"of={item!r} is neither a term, such as Y[X=0], nor a world, such as X=0.")


def _world(model: Model, text: str) -> World:
    query = parse_query(f"P({print_name(model.variables[0].name)}[{text}])", model.variable_states)
    if not isinstance(query, Distribution) or len(query.of) != 1:
        raise InvalidQuery(f"of={text!r} is neither a term, such as Y[X=0], nor a world, such as X=0.")
    return query.of[0].world


def setting_of(
    model: Model,
    asked: Asked,
    rows: object,
    ignored: Sequence[str],
    assume: Assume,
    budget: float | str | Budget | None,
    execution: Execution | None,
) -> tuple[Setting, Asked]:
    """What all terms are solved under, and what is asked with the evidence that the rows bring.

    Raises:
        InvalidQuery, InvalidRows: as `ask`.
    """
    query, coded = read_rows(asked.query, rows, model.variable_states, ignored)
    assert isinstance(query, Distribution)
    setting = setting_for(model, coded, assume, budget, None, execution)
    return setting, asked if query is asked.query else replace(asked, query=query)
