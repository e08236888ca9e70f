"""`Problem`: what a reader, a language model, a file or the web page must fill in. The contract of bridge and engine.

A Problem is data: nothing in it is ever executed. Its equations, statement terms and queries are syntax of `scm`,
given as text or in the structured form, printed as text. `Problem.from_json` and `Problem.from_data` turn every fault
of a foreign document into one `InvalidProblem`. Faults between parts that are each well formed (a cycle, laws that do
not sum to one) are found by `Problem.check`, which those two and the compiler call.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from scm._errors import listing, near
from scm._query import Probability, Query, print_query, query_nodes
from scm._syntax import MAX_NUMBER, Expr, Placeholder, Value, Var, print_expr, walk

from ._crosscheck import faults
from ._foreign import (
    InvalidProblem as InvalidProblem,
)
from ._foreign import (
    bounded_state,
    document,
    fault_of,
    not_blank,
    number_as_text,
    read_expression,
    read_query,
    read_term,
    shown,
)
from ._printed import Printed, printed_probability

MAX_ITEMS = 2_000
"""Most entries of each list of a Problem."""


# ---------------------------------------------------------------------------------------------------------------------
# Field types


_EITHER_FORM = [{"type": "string"}, {"type": "object"}]
Name = Annotated[str, Field(strict=True, max_length=200), AfterValidator(not_blank)]
Text = Annotated[str, Field(strict=True, max_length=20_000)]
State = Annotated[
    StrictBool | StrictInt | StrictFloat | Annotated[StrictStr, Field(max_length=200)], AfterValidator(bounded_state)
]
ExprField = Annotated[
    Expr,
    PlainValidator(read_expression),
    PlainSerializer(print_expr, return_type=str),
    WithJsonSchema({"anyOf": _EITHER_FORM}),
]
QueryField = Annotated[
    Query,
    PlainValidator(read_query),
    PlainSerializer(print_query, return_type=str),
    WithJsonSchema({"anyOf": _EITHER_FORM}),
]
TermField = Annotated[
    Probability,
    PlainValidator(read_term),
    PlainSerializer(print_query, return_type=str),
    WithJsonSchema({"anyOf": _EITHER_FORM}),
]


# ---------------------------------------------------------------------------------------------------------------------
# Parts


class _Part(BaseModel):
    """Every part is a value, refuses unknown keys, and can carry the words of the text that support it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ProblemVariable(_Part):
    """A variable. State 0 comes first; `observed=False` marks one that nobody sees, such as "the fuse is faulty"."""

    name: Name
    states: Annotated[tuple[State, ...], Field(min_length=2, max_length=200)] = (False, True)
    description: Text = ""
    observed: StrictBool = True
    words: Text = ""

    @model_validator(mode="after")
    def _states_differ(self) -> Self:
        if len(set(self.states)) < len(self.states):
            raise ValueError(
                f"the states {listing(self.states)} of {self.name!r} repeat one. Each state is listed once"
            )
        return self


class Edge(_Part):
    """`cause` acts directly on `effect`."""

    cause: Name
    effect: Name
    words: Text = ""


class Confounded(_Part):
    """Two variables with a common cause that the text does not give."""

    pair: tuple[Name, Name]
    words: Text = ""


class Equation(_Part):
    """`variable` = `expression`, without exception. Chance enters as a hidden variable of the expression."""

    variable: Name
    expression: ExprField
    words: Text = ""


class Statement(_Part):
    """What the text says about a probability: a printed `value`, or `counts` (successes, total)."""

    term: TermField
    value: Annotated[str, BeforeValidator(number_as_text), Field(strict=True, max_length=60)] | None = None
    counts: tuple[StrictInt, StrictInt] | None = None
    words: Text = ""

    @model_validator(mode="after")
    def _one_number(self) -> Self:
        about = f"the statement about {self.term}"
        if (self.value is None) == (self.counts is None):
            raise ValueError(
                f"{about} needs either a value or counts; got {'neither' if self.value is None else 'both'}"
            )
        if self.counts is not None and not 0 <= self.counts[0] <= self.counts[1] <= 10**12:
            raise ValueError(
                f"{about} has counts {self.counts[0]} of {self.counts[1]}. Wanted successes, then the total"
            )
        if self.counts is not None and self.counts[1] == 0:
            raise ValueError(f"{about} has counts of nothing: the total is 0. Leave the statement out")
        if self.value is not None:
            try:
                printed_probability(self.value)
            except ValueError as wrong:
                raise ValueError(f"{about}: {wrong}") from None
        return self

    def printed(self) -> Printed:
        """The face value and its rounding interval; counts are exact about the sample."""
        if self.value is not None:
            return printed_probability(self.value)
        assert self.counts is not None  # a statement has one of the two
        share = self.counts[0] / self.counts[1]
        return Printed(share, share, share)


class ProblemQuery(_Part):
    """What is asked."""

    query: QueryField
    words: Text = ""


class Reply(_Part):
    """How to say the answer.

    `yes-no` says yes when the value of the first query stands in `comparison` to `threshold`. The default, above one
    half, reads "would it happen?" as "more likely than not": where everything is determined the probability is 0 or 1
    and any threshold gives the same reply. A value that is only bounded on both sides of the threshold gets neither.
    `choice` names the option whose query is largest (`>`) or smallest (`<`): one option for each query.
    """

    kind: Literal["number", "yes-no", "choice"] = "number"
    comparison: Literal[">", ">=", "<", "<=", "="] = ">"
    threshold: Annotated[float, Field(strict=True, ge=-MAX_NUMBER, le=MAX_NUMBER)] = 0.5
    options: Annotated[tuple[Name, ...], Field(max_length=100)] = ()


Items = Field(default=(), max_length=MAX_ITEMS)


class Problem(_Part):
    """A causal question, formalised; or, with `cannot`, why it cannot be."""

    variables: Annotated[tuple[ProblemVariable, ...], Items] = ()
    edges: Annotated[tuple[Edge, ...], Items] = ()
    confounded: Annotated[tuple[Confounded, ...], Items] = ()
    equations: Annotated[tuple[Equation, ...], Items] = ()
    statements: Annotated[tuple[Statement, ...], Items] = ()
    queries: Annotated[tuple[ProblemQuery, ...], Field(default=(), max_length=100)] = ()
    reply: Reply = Reply()
    assumptions: Annotated[tuple[Text, ...], Items] = ()
    cannot: Text | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        content = {name: getattr(self, name) for name in ("variables", "edges", "equations", "statements", "queries")}
        filled = [name for name, value in content.items() if value]
        if self.cannot is not None:
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
        for where, name in _mentions(self):
            if name not in known:
                raise ValueError(
                    f"{where} speaks of {name!r}, but the declared variables are "
                    f"{listing(sorted(known))}.{near(name, known)}"
                )
        return self

    def states(self, name: str) -> tuple[Value, ...]:
        """The states of a declared variable, state 0 first."""
        return next(variable.states for variable in self.variables if variable.name == name)

    def check(self) -> Self:
        """This Problem, if its parts agree with each other.

        Raises:
            InvalidProblem: duplicates, self-loops, a cycle, laws that cannot hold together; one message for each.
        """
        if found := faults(self):
            raise InvalidProblem(found)
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
        if not isinstance(data, dict):
            keys = listing(cls.model_fields, 20)
            raise InvalidProblem([f"The Problem: got {shown(data)}, wanted an object with the keys {keys}."])
        try:
            problem = cls.model_validate(data)
        except ValidationError as wrong:
            raise InvalidProblem(
                fault_of(cast("dict[str, Any]", error), cls.model_fields) for error in wrong.errors()
            ) from None
        except RecursionError:
            raise InvalidProblem(
                ["The Problem is nested too deep to read. Split its expressions into parts."]
            ) from None
        return problem.check()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """A Problem from the text of a JSON document of any source; errors as for `from_data`."""
        return cls.from_data(document(text))


def _mentions(problem: Problem) -> Iterable[tuple[str, str]]:
    """Every use of a name, with the place that uses it."""
    for edge in problem.edges:
        yield from ((f"the edge {edge.cause!r} -> {edge.effect!r}", name) for name in (edge.cause, edge.effect))
    for both in problem.confounded:
        yield from ((f"the confounded pair {both.pair[0]!r}, {both.pair[1]!r}", name) for name in both.pair)
    for equation in problem.equations:
        where = f"the equation of {equation.variable!r}"
        yield where, equation.variable
        yield from ((where, name) for name in _expr_names(equation.expression, where))
    for where, query in (
        *((f"the statement {s.term}", s.term) for s in problem.statements),
        *((f"the query {q.query}", q.query) for q in problem.queries),
    ):
        yield from ((where, node.name) for node in query_nodes(query) if isinstance(node, Var))
        yield from ((where, a.target) for node in query_nodes(query) if isinstance(node, Var) for a in node.world)


def _expr_names(expr: Expr, where: str) -> Iterable[str]:
    for node in walk(expr):
        if isinstance(node, Placeholder):
            raise ValueError(f"{where} leaves ?{node.name} open. Write the value")
        if isinstance(node, Var):
            if node.world:
                raise ValueError(
                    f"{where} speaks of {print_expr(node)}. An equation is about one world: drop the [...]"
                )
            yield node.name
