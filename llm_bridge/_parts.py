"""The parts of a Problem, each well formed by itself."""

from __future__ import annotations

from typing import Annotated, Literal, Self

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
    WithJsonSchema,
    model_validator,
)

from scm import MAX_NUMBER, Expr, Probability, Query, listing, print_expr, print_query

from ._foreign import bounded_state, not_blank, number_as_text, read_expression, read_query, read_term
from ._printed import Printed, printed_probability

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


class Part(BaseModel):
    """Every part is a value, refuses unknown keys, and can carry the words of the text that support it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ProblemVariable(Part):
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


class Edge(Part):
    """`cause` acts directly on `effect`."""

    cause: Name
    effect: Name
    words: Text = ""


class Confounded(Part):
    """Two variables with a common cause that the text does not give."""

    pair: tuple[Name, Name]
    words: Text = ""


class Equation(Part):
    """`variable` = `expression`, without exception. Chance enters as a hidden variable of the expression."""

    variable: Name
    expression: ExprField
    words: Text = ""


class Statement(Part):
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


class ProblemQuery(Part):
    """What is asked."""

    query: QueryField
    words: Text = ""


class Reply(Part):
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
