"""From a variable as it was written to its mechanism over columns: continuous variables, and continuous inputs."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ._continuous import ContinuousLaw
from ._domain import Domain, Real
from ._errors import InvalidModel, UnknownName
from ._syntax import Expr, Var, print_name
from ._variable import Variable, declared, noises_of
from .mechanisms._formula import bind_formula
from .mechanisms._types import Forward, Scope


def is_columnar(v: Variable, inputs: tuple[str, ...], domains: Mapping[str, Domain]) -> bool:
    """Whether the variable is continuous, has a continuous input or noise, or a mechanism of that kind."""
    if v.mechanism is not None or v.real is not None or v.continuous:
        return True
    return any([isinstance(domains.get(name), Real) for name in inputs])


def build_columnar(
    v: Variable, inputs: tuple[str, ...], domains: Mapping[str, Domain], noises: Collection[str]
) -> Forward:
    """The mechanism over columns that `v` describes.

    Args:
        v: the variable as written.
        inputs: what it reads, see `inputs_of`.
        domains: of every noise, and of the variables before this one.
        noises: every noise of the model.

    Raises:
        InvalidModel, InvalidQuery, UnknownName, UnknownState: with what was got, wanted, and what to try.
    """
    for name in inputs:
        if name not in domains:
            raise UnknownName(name, domains, f"The mechanism of {v.name!r}")
    for field in ("table", "counts", "function"):
        if getattr(v, field) is not None:
            raise InvalidModel(
                f"{v.name!r} has {field}= and a continuous input or Real() states; it has one row for each state. "
                "Use equation= or mechanism=, or make the variable and its parents finite."
            )
    _check_noises(v, inputs)
    own = tuple(n for n in (*noises_of(v), *inputs) if n in noises and n in inputs)
    scope = Scope(
        v.name,
        tuple(n for n in inputs if n not in noises),
        tuple(dict.fromkeys(own)),
        {n: domains[n] for n in inputs},
        declared(v),
        {c.names[0]: c.law for c in v.continuous if isinstance(c.law, ContinuousLaw)},
    )
    return bind_formula(_expression(v, scope.noises), scope) if v.mechanism is None else v.mechanism.bind(scope)


def _check_noises(v: Variable, inputs: tuple[str, ...]) -> None:
    """That a continuous noise of the variable's own is read: one that is not has been forgotten in the formula."""
    unread = [n for block in v.continuous for n in block.names if n not in inputs]
    if unread:
        raise InvalidModel(
            f"{v.name!r} has the noise {unread[0]!r}, and its equation does not read it. Write where it goes, as in "
            f"'... + {print_name(unread[0])}', or leave the noise out. One for other variables is a ContinuousNoise."
        )


def _expression(v: Variable, noises: tuple[str, ...]) -> Expr:
    if v.equation is not None:
        return v.equation
    if len(noises) != 1:
        raise InvalidModel(f"{v.name!r} has {len(noises)} noises and no equation. Say how they make its value.")
    return Var(noises[0])
