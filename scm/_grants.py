"""What `assume=` grants, read and checked against the model: no grant is swallowed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from ._coupling import Coupling, independent, named_variables, rank_preserving
from ._errors import InvalidQuery, UnknownName, near
from ._gumbel import gumbel_max
from ._mechanism import Table
from ._model import Model
from .mechanisms._types import NeedsCoupling

NAMED: dict[str, Coupling] = {c.name: c for c in (rank_preserving, gumbel_max, independent)}
"""Couplings that can be granted by name."""

Grants: TypeAlias = "str | Coupling | Iterable[str | Coupling]"
"""What a user grants: names, couplings, or several of either."""


def granted(assume: Grants, model: Model) -> tuple[Coupling, ...]:
    """The couplings that `assume` grants, by name or as they are.

    Raises:
        InvalidQuery: a name that is no known assumption, something else, a variable that is not given by a table, or
            two couplings for one variable.
        UnknownName: a coupling for a variable that the model does not have.
    """
    if nothing_granted(assume):
        return ()
    items = (assume,) if isinstance(assume, (str, Coupling)) else _items(assume)
    found: list[Coupling] = []
    for item in items:
        coupling = _granted(item)
        # A user's coupling need not be hashable.
        if coupling not in found:
            found.append(coupling)
    _check_once(found)
    for coupling in found:
        _check_names(coupling, model)
    return tuple(found)


def nothing_granted(assume: object) -> bool:
    """Whether nothing is granted, as nearly always: to ask for a protocol takes long."""
    return type(assume) is tuple and not assume


def _items(assume: object) -> tuple[object, ...]:
    if not isinstance(assume, Iterable):
        raise InvalidQuery(f"assume= takes names or couplings, got {type(assume).__name__}.")
    return tuple(assume)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # untyped callers


def _granted(item: object) -> Coupling:
    if isinstance(item, type):
        raise InvalidQuery(f"assume= got the class {item.__name__}; a coupling is wanted, such as {item.__name__}().")
    if isinstance(item, Coupling):
        named_variables(item.variables, item.name)
        return item
    if not isinstance(item, str):
        raise InvalidQuery(f"assume= takes names or couplings, got {type(item).__name__}.")
    if item not in NAMED:
        raise InvalidQuery(
            f"Unknown assumption {item!r}; what can be granted is {', '.join(NAMED)}.{near(item, NAMED)}"
        )
    return NAMED[item]


def _check_once(couplings: Sequence[Coupling]) -> None:
    """That no variable has two couplings: which of them was meant would be a guess."""
    seen: dict[str, Coupling] = {}
    general = [c for c in couplings if c.variables is None]
    if general and len(couplings) > 1:
        other = next(c for c in couplings if c is not general[0])
        where = "for every table" if other.variables is None else f"for {', '.join(map(repr, other.variables))}"
        raise InvalidQuery(
            f"{general[0].name} is granted for every table and {other.name} {where}: one variable would have two "
            "couplings. Name the variables of each (variables=(...)), or ask for the range over both "
            "(coupling_range)."
        )
    for coupling in couplings:
        for name in coupling.variables or ():
            if name in seen:
                raise InvalidQuery(
                    f"{name!r} is granted two couplings, {seen[name].name} and {coupling.name}. Grant one, or ask for "
                    "the range over both (coupling_range)."
                )
            seen[name] = coupling


def _check_names(coupling: Coupling, model: Model) -> None:
    for name in coupling.variables or ():
        if name not in model.mechanisms and name not in model.columnar:
            known = (*model.mechanisms, *model.columnar)
            raise UnknownName(name, known, f"The coupling {coupling.name}")
        law = isinstance(model.columnar.get(name), NeedsCoupling)
        if not law and not isinstance(model.mechanisms.get(name), Table):
            raise InvalidQuery(
                f"The coupling {coupling.name} is granted for {name!r}, which is not given by a table: its mechanism "
                "already says how it behaves across worlds. Leave it out."
            )
