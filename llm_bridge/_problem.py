"""`Problem`: what a reader, a language model, a file or the web page must fill in. The contract of bridge and engine.

A Problem is data: nothing in it is ever executed. Its equations, statement terms and queries are syntax of `scm`,
given as text or in the structured form, printed as text. `Problem.from_json` and `Problem.from_data` turn every fault
of a foreign document into one `InvalidProblem`. Faults between parts that are each well formed (a cycle, laws that do
not sum to one) are found by `Problem.check`, which those two and the compiler call; `Problem.formed` leaves that to its
caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Annotated, Any, Self, TypeAlias, cast

from pydantic import Field, ValidationError, model_validator

from scm import (
    Claim,
    Placeholder,
    Value,
    Var,
    claim_names,
    listing,
    near,
    print_claim,
    print_expr,
    print_quantity,
    print_shape,
)

from ._crosscheck import causes_of, faults
from ._foreign import InvalidProblem as InvalidProblem
from ._foreign import document, fault_of, shown
from ._parts import Confounded as Confounded
from ._parts import Edge as Edge
from ._parts import Equation as Equation
from ._parts import Grant as Grant
from ._parts import IndependenceField, Part, Text
from ._parts import ProblemQuery as ProblemQuery
from ._parts import ProblemVariable as ProblemVariable
from ._parts import Reply as Reply
from ._parts import Statement as Statement

MAX_ITEMS = 2_000
"""Most entries of each list of a Problem."""

_CONTENT = ("variables", "edges", "confounded", "equations", "statements", "granted", "independences", "queries")
Items = Field(default=(), max_length=MAX_ITEMS)


class Problem(Part):
    """A causal question, formalised; or, with `cannot`, why it cannot be.

    `independences`, where there are any, is the complete list: all that is not in it is dependent, and edges stay empty
    since the graph is what the list leaves possible. An empty list says that everything depends on everything.
    """

    variables: Annotated[tuple[ProblemVariable, ...], Items] = ()
    edges: Annotated[tuple[Edge, ...], Items] = ()
    confounded: Annotated[tuple[Confounded, ...], Items] = ()
    equations: Annotated[tuple[Equation, ...], Items] = ()
    statements: Annotated[tuple[Statement, ...], Items] = ()
    granted: Annotated[tuple[Grant, ...], Items] = ()
    independences: Annotated[tuple[IndependenceField, ...], Field(max_length=MAX_ITEMS)] | None = None
    queries: Annotated[tuple[ProblemQuery, ...], Field(default=(), max_length=100)] = ()
    reply: Reply = Reply()
    assumptions: Annotated[tuple[Text, ...], Items] = ()
    cannot: Text | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.cannot is not None:
            content = {name: getattr(self, name) for name in _CONTENT}
            filled = [name for name, held in content.items() if held or (name == "independences" and held is not None)]
            if filled or not self.cannot.strip():
                raise ValueError(
                    f"'cannot' says why there is nothing else, yet it comes with {listing(filled)}. Keep one"
                )
            return self
        if not self.variables or not self.queries:
            missing = "variables" if not self.variables else "queries"
            raise ValueError(
                f"got no {missing}, wanted at least one; or say in 'cannot' why the text cannot be formalised"
            )
        return self

    @model_validator(mode="after")
    def _names_known(self) -> Self:
        known = {variable.name for variable in self.variables}
        for place, names in _mentions(self):
            for name in names:
                if name not in known:
                    raise ValueError(
                        f"{_called(place)} speaks of {name!r}, but the declared variables are "
                        f"{listing(sorted(known))}.{near(name, known)}"
                    )
        return self

    def states(self, name: str) -> tuple[Value, ...]:
        """The states of a declared variable, state 0 first."""
        return self.all_states[name]

    @cached_property
    def all_states(self) -> Mapping[str, tuple[Value, ...]]:
        """The states of every declared variable."""
        return {variable.name: variable.states for variable in reversed(self.variables)}

    @cached_property
    def causes(self) -> Mapping[str, tuple[str, ...]]:
        """Direct causes of every variable: those of its equation, or else of its edges, in order of mention."""
        return causes_of(self)

    @cached_property
    def disagreements(self) -> tuple[str, ...]:
        """What `check` would report; empty where the parts agree."""
        return tuple(faults(self, self.causes))

    def check(self) -> Self:
        """This Problem, if its parts agree with each other.

        Raises:
            InvalidProblem: duplicates, self-loops, a cycle, laws that cannot hold together; one message for each.
        """
        if self.disagreements:
            raise InvalidProblem(self.disagreements)
        return self

    def to_json(self) -> str:
        """This Problem as a JSON document that `from_json` reads back to an equal one."""
        return self.model_dump_json(indent=2, exclude_defaults=True)

    @classmethod
    def from_data(cls, data: object) -> Self:
        """A Problem from JSON data of any source.

        Raises:
            InvalidProblem: the data is not a Problem, or its parts disagree.
        """
        return cls.formed(data).check()

    @classmethod
    def formed(cls, data: object) -> Self:
        """A Problem of which each part is well formed; whether its parts agree is yet to be checked.

        Raises:
            InvalidProblem: the data is not a Problem.
        """
        if not isinstance(data, dict):
            keys = listing(cls.model_fields, 20)
            raise InvalidProblem([f"The Problem: got {shown(data)}, wanted an object with the keys {keys}."])
        try:
            return cls.model_validate(data)
        except ValidationError as wrong:
            raise InvalidProblem(
                fault_of(cast("dict[str, Any]", error), cls.model_fields) for error in wrong.errors()
            ) from None
        except RecursionError:
            raise InvalidProblem(
                ["The Problem is nested too deep to read. Split its expressions into parts."]
            ) from None

    @classmethod
    def from_json(cls, text: str) -> Self:
        """A Problem from the text of a JSON document of any source; errors as for `from_data`."""
        return cls.from_data(document(text))


Place: TypeAlias = Edge | Confounded | Equation | Statement | Grant | ProblemQuery | Claim
"""What uses a name."""


def _mentions(problem: Problem) -> Iterable[tuple[Place, Iterable[str]]]:
    """Every use of a name, by the place that uses it."""
    for edge in problem.edges:
        yield edge, (edge.cause, edge.effect)
    for both in problem.confounded:
        yield both, both.pair
    for equation in problem.equations:
        yield equation, (equation.variable,)
        yield equation, _expr_names(equation)
    for grant in problem.granted:
        yield grant, (grant.shape.cause, grant.shape.effect, *grant.shape.given)
    for place in (*problem.statements, *problem.queries):
        found = [node for node in place.nodes if isinstance(node, Var)]
        yield place, [node.name for node in found]
        yield place, [a.target for node in found for a in node.world]
    for claim in (*(problem.independences or ()), *(q.claim for q in problem.queries if q.claim is not None)):
        yield claim, claim_names(claim)


def _called(place: Place) -> str:
    match place:
        case Edge():
            return f"the edge {place.cause!r} -> {place.effect!r}"
        case Confounded():
            return f"the confounded pair {place.pair[0]!r}, {place.pair[1]!r}"
        case Equation():
            return f"the equation of {place.variable!r}"
        case Statement():
            return f"the statement {print_quantity(place.term)}"
        case Grant():
            return f"the grant {print_shape(place.shape)}"
        case ProblemQuery():
            return f"the query {place.text}"
        case _:
            return f"the claim {print_claim(place)}"


def _expr_names(equation: Equation) -> Iterable[str]:
    for node in equation.nodes:
        if isinstance(node, Placeholder):
            raise ValueError(f"{_called(equation)} leaves ?{node.name} open. Write the value")
        if isinstance(node, Var):
            if node.world:
                raise ValueError(
                    f"{_called(equation)} speaks of {print_expr(node)}. An equation is about one world: drop the [...]"
                )
            yield node.name
