"""Claims and correlations as text and as JSON data: `cause(A, B)`, `independent(A, B | C, D)`, `corr(A, B | C=1)`.

    cause(A, B)   direct_cause(A, B)   indirect_cause(A, B)   common_cause(A, B)   common_effect(A, B)
    independent(A, B | C, D)           adjusts(X, Y, {Z, W})  corr(A, B | C=1)

Names are quoted as in queries. `parse_claim(print_claim(c)) == c`, and the same for correlations and for data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast, get_args

from ._claims import Adjusts, CausalClaim, Claim, Independence, Relation
from ._document import as_list, as_name, check_keys, misfit, only_kind
from ._errors import InvalidQuery, QuerySyntaxError, listing, near
from ._parse import MAX_LENGTH, parse_query
from ._query import Contrast, Expectation, Probability, print_query, query_nodes
from ._scanner import Scanner
from ._statement import Correlation, Quantity
from ._structured import expr_from_data, expr_to_data, query_from_data, query_to_data
from ._syntax import Expr, Op, Var, print_name, walk

Data: TypeAlias = dict[str, Any]
"""A JSON object."""

_RELATIONS: dict[str, Relation] = {relation.replace(" ", "_"): relation for relation in get_args(Relation)}
_CLAIMS = (*_RELATIONS, "independent", "adjusts")
_TOKEN = re.compile(r'\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<plain>[^\W\d]\w*)|(?P<mark>[(){},|]))')
_MOST_NAMES = 2_000


@dataclass(slots=True)
class _Text(Scanner):
    """A text of claims. `seen` has the names so far."""

    seen: dict[str, int] = field(default_factory=dict[str, int])

    def name(self) -> str:
        """A name that was not named before: a claim is about different variables."""
        start = self.place
        quoted = self.take("quoted")
        name = re.sub(r"\\(.)", r"\1", quoted[1:-1]) if quoted is not None else self.take("plain")
        if name is None or not name.strip():
            self.place = start
            raise self.fault('Expected the name of a variable here, such as A or "blood pressure".')
        if name in self.seen:
            self.place = start
            raise self.fault(f"{name!r} stands twice. A claim names different variables.")
        self.seen[name] = start
        return name

    def names(self, close: str) -> tuple[str, ...]:
        """Names with commas between, up to the mark that closes them; perhaps none."""
        if self.take(close):
            return ()
        found = [self.name()]
        while self.mark(",", close) == ",":
            found.append(self.name())
        return tuple(found)

    def end(self) -> None:
        if self.text[self.place :].strip():
            raise self.fault("Nothing may follow the closing bracket.")


def _opened(text: object, what: str, words: tuple[str, ...]) -> tuple[_Text, str]:
    """The reader behind the opening bracket, and the word before it."""
    example = f"such as {words[0]}(A, B)"
    if not isinstance(text, str):
        raise InvalidQuery(f"{what} must be text, got {type(text).__name__}.")
    if not text.strip():
        raise QuerySyntaxError(text, 0, f"Empty text where {what} is wanted, {example}.")
    if len(text) > MAX_LENGTH:
        raise QuerySyntaxError(
            text, MAX_LENGTH, f"{what} of {len(text):,} characters; at most {MAX_LENGTH:,} are read."
        )
    reader = _Text(text, _TOKEN)
    start = reader.place
    word = reader.take("plain")
    if word not in words:
        reader.place = start
        hint = near(word, words) if word else ""
        raise reader.fault(f"Expected {what}: one of {listing(words)}.{hint}")
    reader.mark("(")
    return reader, word


def parse_claim(text: str) -> Claim:
    """The claim that a text makes.

    Args:
        text: `cause(A, B)`, `direct_cause(A, B)`, `indirect_cause(A, B)`, `common_cause(A, B)`,
            `common_effect(A, B)`, `independent(A, B | C, D)` or `adjusts(X, Y, {Z, W})`; names quoted as in queries.

    Raises:
        QuerySyntaxError: the text is none of these; the message has a caret.
    """
    reader, word = _opened(text, "a claim", _CLAIMS)
    first = reader.name()
    reader.mark(",")
    second = reader.name()
    claim: Claim
    if word == "independent":
        claim = Independence(first, second, reader.names(")") if reader.mark(")", "|") == "|" else ())
    elif word == "adjusts":
        by: tuple[str, ...] = ()
        if reader.mark(")", ",") == ",":
            reader.mark("{")
            by = reader.names("}")
            reader.mark(")")
        claim = Adjusts(first, second, by)
    else:
        reader.mark(")")
        claim = CausalClaim(_RELATIONS[word], first, second)
    reader.end()
    return claim


def print_claim(claim: Claim) -> str:
    """The text of a claim, which `parse_claim` reads back to an equal one."""

    def names(found: tuple[str, ...]) -> str:
        return ", ".join(map(print_name, found))

    match claim:
        case CausalClaim(relation, first, second):
            return f"{relation.replace(' ', '_')}({names((first, second))})"
        case Independence(first, second, given):
            return f"independent({names((first, second))}{' | ' + names(given) if given else ''})"
        case Adjusts(cause, effect, by):
            return f"adjusts({names((cause, effect))}, {{{names(by)}}})"


def claim_names(claim: Claim) -> tuple[str, ...]:
    """The variables that a claim is about, in the order of its text."""
    match claim:
        case CausalClaim(_, first, second):
            return first, second
        case Independence(first, second, more) | Adjusts(first, second, more):
            return first, second, *more


def parse_correlation(text: str) -> Correlation:
    """The correlation that a text names, such as `corr(A, B)` or `corr(A, B | C=1, D=0)`.

    Raises:
        QuerySyntaxError: the text is no correlation, or its condition cannot be read; the message has a caret.
    """
    reader, _ = _opened(text, "a correlation", ("corr",))
    first = reader.name()
    reader.mark(",")
    second = reader.name()
    if reader.mark(")", "|") == ")":
        reader.end()
        return Correlation(first, second)
    return Correlation(first, second, _condition(text, reader.place))


_BEFORE = "P(x = True | "


def _condition(text: str, start: int) -> Expr | None:
    """The condition that stands between `start` and the bracket that closes the text."""
    try:
        query = parse_query(_BEFORE + text[start:])
    except QuerySyntaxError as wrong:
        raise QuerySyntaxError(text, wrong.position - len(_BEFORE) + start, wrong.problem) from None
    match query:
        case Probability(event=Op("=", (Var(world=()), _)), given=given):
            return given
        case _:
            raise QuerySyntaxError(text, start, "A correlation is about what was seen: no do(...), and one bracket.")


def print_correlation(correlation: Correlation) -> str:
    """The text of a correlation, which `parse_correlation` reads back to an equal one."""
    both = f"{print_name(correlation.first)}, {print_name(correlation.second)}"
    if correlation.given is None:
        return f"corr({both})"
    return f"corr({both}{print_query(Probability(Var('x'), correlation.given)).removeprefix('P(x = True')}"


def parse_quantity(text: str) -> Quantity:
    """What a statement is about: a probability, an expectation, a contrast of them, or a correlation.

    Raises:
        QuerySyntaxError: the text is none of these; the message has a caret.
        InvalidQuery: it is a number, or a whole distribution.
    """
    if isinstance(text, str) and re.match(r"\s*corr\s*\(", text):  # pyright: ignore[reportUnnecessaryIsInstance]
        return parse_correlation(text)
    return _quantity(parse_query(text), text)


def _quantity(query: object, text: object) -> Quantity:
    if isinstance(query, Probability | Expectation | Contrast):
        return query
    raise InvalidQuery(f"Got {text}, wanted something with one number, such as P(Y=1 | X=0) or corr(A, B).")


def print_quantity(quantity: Quantity) -> str:
    """The text of a quantity, which `parse_quantity` reads back to an equal one."""
    return print_correlation(quantity) if isinstance(quantity, Correlation) else print_query(quantity)


def quantity_nodes(quantity: Quantity) -> Iterator[Expr]:
    """Every part of the expressions of a quantity, the variables of a correlation among them."""
    if not isinstance(quantity, Correlation):
        yield from query_nodes(quantity)
        return
    yield from (Var(quantity.first), Var(quantity.second))
    if quantity.given is not None:
        yield from walk(quantity.given)


# ---------------------------------------------------------------------------------------------------------------------
# JSON data


def claim_to_data(claim: Claim) -> Data:
    """A claim as JSON data: `{"claim": "cause", "first": "A", "second": "B"}`; `given` or `by` hold more names."""
    match claim:
        case CausalClaim(relation, first, second):
            return {"claim": relation, "first": first, "second": second}
        case Independence(first, second, given):
            return {"claim": "independent", "first": first, "second": second, "given": list(given)}
        case Adjusts(cause, effect, by):
            return {"claim": "adjusts", "first": cause, "second": effect, "by": list(by)}


def claim_from_data(data: object, where: str = "claim") -> Claim:
    """The claim that `data` says, as `claim_to_data` writes it.

    Raises:
        InvalidFile: the data is not of this form; the message names the place.
    """
    if not isinstance(data, dict):
        raise misfit(where, data, "an object")
    given = cast("dict[str, object]", data)
    only_kind(given, ("claim",), where)
    kinds = (*_RELATIONS.values(), "independent", "adjusts")
    kind = given["claim"]
    if not isinstance(kind, str) or kind.replace("_", " ") not in kinds:
        raise misfit(f"{where}.claim", kind, f"one of {listing(kinds)}")
    more = {"independent": ("given",), "adjusts": ("by",)}.get(kind, ())
    check_keys(given, where, "claim", "first", "second", optional=more)
    first, second = (as_name(given[key], f"{where}.{key}") for key in ("first", "second"))
    rest = tuple(as_name(name, f"{where}.{key}") for key in more for name in as_list(given.get(key, []), where))
    twice = [name for i, name in enumerate((first, second, *rest)) if name in (first, second, *rest)[:i]]
    if twice:
        raise misfit(where, twice[0], "different variables", "It stands twice.")
    if len(rest) > _MOST_NAMES:
        raise misfit(where, cast("object", data), f"at most {_MOST_NAMES:,} names")
    makers: dict[str, Callable[[], Claim]] = {
        "independent": lambda: Independence(first, second, rest),
        "adjusts": lambda: Adjusts(first, second, rest),
    }
    if kind in makers:
        return makers[kind]()
    return CausalClaim(cast("Relation", kind.replace("_", " ")), first, second)


def correlation_to_data(correlation: Correlation) -> Data:
    """A correlation as JSON data: `{"correlation": ["A", "B"], "given": <expression>}`."""
    given = {} if correlation.given is None else {"given": expr_to_data(correlation.given)}
    return {"correlation": [correlation.first, correlation.second], **given}


def correlation_from_data(data: object, where: str = "correlation") -> Correlation:
    """The correlation that `data` says, as `correlation_to_data` writes it.

    Raises:
        InvalidFile: the data is not of this form; the message names the place.
        InvalidQuery: the condition cannot mean anything.
    """
    if not isinstance(data, dict):
        raise misfit(where, data, "an object")
    given = cast("dict[str, object]", data)
    check_keys(given, where, "correlation", optional=("given",))
    names = [as_name(name, f"{where}.correlation") for name in as_list(given["correlation"], f"{where}.correlation")]
    if len(names) != 2 or names[0] == names[1]:
        raise misfit(f"{where}.correlation", given["correlation"], "the names of two different variables")
    condition = expr_from_data(given["given"], f"{where}.given") if "given" in given else None
    return Correlation(names[0], names[1], condition)


def quantity_to_data(quantity: Quantity) -> Data:
    """A quantity as JSON data: a correlation, or a query as `query_to_data` writes it."""
    return correlation_to_data(quantity) if isinstance(quantity, Correlation) else query_to_data(quantity)


def quantity_from_data(data: object, where: str = "quantity") -> Quantity:
    """The quantity that `data` says; errors as for `correlation_from_data` and `query_from_data`."""
    if isinstance(data, dict) and "correlation" in data:
        return correlation_from_data(cast("object", data), where)
    return _quantity(query_from_data(cast("object", data), where), where)
