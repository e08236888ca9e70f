"""The parts of a Problem, each well formed by itself."""

from __future__ import annotations

from functools import cached_property
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

from scm import (
    MAX_NUMBER,
    Claim,
    Contrast,
    Correlation,
    Expr,
    Independence,
    Probability,
    Quantity,
    Query,
    Shape,
    Var,
    listing,
    print_claim,
    print_expr,
    print_quantity,
    print_query,
    print_shape,
    quantity_nodes,
    query_nodes,
    walk,
)

from ._foreign import (
    bounded_state,
    not_blank,
    number_as_text,
    read_claim,
    read_expression,
    read_independence,
    read_query,
    read_shape,
    read_term,
)
from ._printed import Printed, printed_number, printed_probability

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
    Var,
    PlainValidator(read_query),
    PlainSerializer(print_query, return_type=str),
    WithJsonSchema({"anyOf": _EITHER_FORM}),
]
TermField = Annotated[
    Quantity,
    PlainValidator(read_term),
    PlainSerializer(print_quantity, return_type=str),
    WithJsonSchema({"anyOf": _EITHER_FORM}),
]
ClaimField = Annotated[
    Claim,
    PlainValidator(read_claim),
    PlainSerializer(print_claim, return_type=str),
    WithJsonSchema({"anyOf": _EITHER_FORM}),
]
IndependenceField = Annotated[
    Independence,
    PlainValidator(read_independence),
    PlainSerializer(print_claim, return_type=str),
    WithJsonSchema({"anyOf": _EITHER_FORM}),
]
ShapeField = Annotated[
    Shape,
    PlainValidator(read_shape),
    PlainSerializer(print_shape, return_type=str),
    WithJsonSchema({"type": "string"}),
]


# ---------------------------------------------------------------------------------------------------------------------
# Parts


class Part(BaseModel):
    """Every part is a value, refuses unknown keys, and can carry the words of the text that support it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def __copy__(self) -> Self:
        """A copy without what was worked out about the original: `model_copy` may be about to change it."""
        copied = super().__copy__()
        held = vars(copied)
        for name in held.keys() - type(self).model_fields.keys():
            del held[name]
        return copied


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

    @cached_property
    def nodes(self) -> tuple[Expr, ...]:
        """Every sub-expression, worlds included."""
        return tuple(walk(self.expression))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The variables of the expression, in order of mention."""
        return tuple(dict.fromkeys([node.name for node in self.nodes if isinstance(node, Var)]))


class Statement(Part):
    """What the text says of a quantity: a printed `value`, or `counts` (successes, total) of a probability.

    The `term` is a probability, an expectation, a contrast of them (a ratio, a difference), or a correlation such as
    `corr(A, B | C=1)`. `relation` says how the quantity stands to the value: "more likely than not" is > 0.5.
    """

    term: TermField
    value: Annotated[str, BeforeValidator(number_as_text), Field(strict=True, max_length=60)] | None = None
    counts: tuple[StrictInt, StrictInt] | None = None
    relation: Literal["=", "<", "<=", ">", ">="] = "="
    words: Text = ""

    @model_validator(mode="after")
    def _one_number(self) -> Self:
        if fault := self._fault():
            raise ValueError(f"the statement about {print_quantity(self.term)}{fault}")
        return self

    def _fault(self) -> str:
        """What is wrong with the number; empty where nothing is."""
        if (self.value is None) == (self.counts is None):
            return f" needs either a value or counts; got {'neither' if self.value is None else 'both'}"
        if self.counts is not None:
            return _fault_of_counts(*self.counts, self.relation == "=" and isinstance(self.term, Probability))
        try:
            self.printed()
        except ValueError as wrong:
            return f": {wrong}"
        return ""

    @cached_property
    def nodes(self) -> tuple[Expr, ...]:
        """Every sub-expression, worlds included."""
        return tuple(quantity_nodes(self.term))

    def printed(self) -> Printed:
        """The face value and its rounding interval; counts are exact about the sample."""
        if self.value is not None:
            return _printed(self.term, self.value)
        assert self.counts is not None  # a statement has one of the two
        share = self.counts[0] / self.counts[1]
        return Printed(share, share, share)


def _fault_of_counts(successes: int, total: int, is_share: bool) -> str:
    if not 0 <= successes <= total <= 10**12:
        return f" has counts {successes} of {total}. Wanted successes, then the total"
    if total == 0:
        return " has counts of nothing: the total is 0. Leave the statement out"
    if not is_share:
        return " has counts; these are shares of a probability, and equal to it. Write a value"
    return ""


def _printed(term: Quantity, value: str) -> Printed:
    match term:
        case Probability():
            return printed_probability(value)
        case Correlation() | Contrast("-", Probability(), Probability()):
            return printed_number(value, -1.0, 1.0)
        case Contrast("/", Probability(), Probability()):
            return printed_number(value, 0.0)
        case _:
            return printed_number(value)


class Grant(Part):
    """A shape that the text grants, such as `no_prevention(drug, recovery)`: "the drug never prevents recovery".

    It is about units, so that no number says it; bounds are worked out with it.
    """

    shape: ShapeField
    words: Text = ""


class ProblemQuery(Part):
    """What is asked: a query for a number, or whether a claim about causes holds."""

    query: QueryField | None = None
    claim: ClaimField | None = None
    words: Text = ""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.query is None) == (self.claim is None):
            got = "neither" if self.query is None else "both"
            raise ValueError(f"what is asked needs either a query or a claim; got {got}")
        return self

    @cached_property
    def nodes(self) -> tuple[Expr, ...]:
        """Every sub-expression of the query, worlds included; none of a claim."""
        return tuple(query_nodes(self.query)) if self.query is not None else ()

    @cached_property
    def text(self) -> str:
        """The query or the claim as text."""
        return print_query(self.query) if self.query is not None else print_claim(self.asserted)

    @property
    def asked(self) -> Query:
        """The query, where it is one."""
        assert self.query is not None, "a claim has no query"
        return self.query

    @property
    def asserted(self) -> Claim:
        """The claim, where it is one."""
        assert self.claim is not None, "a query has no claim"
        return self.claim


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
