"""The ends of single numbers: a query taken apart into programmes, and their ends put together."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from ._errors import InvalidQuery
from ._graph import CausalGraph
from ._model import Model
from ._query import Contrast, Distribution, Expectation, Number, Probability, Query, query_terms
from ._study import KnownLaw, Study
from ._syntax import Const, Expr, Op, Value, conjunction, print_name
from .bounds._attain import model_of, verified
from .bounds._canonical import programme_of
from .bounds._known import Known
from .bounds._moments import interval
from .bounds._possible import possible_too, told_from_rounding
from .bounds._presumed import divided, presumed, simpler, without_rounding
from .bounds._programme import Array, Clash, Polynomial, Programme, Ratio, TooLarge
from .bounds._solve import Effort, solve
from .bounds._sources import Left, Reading, Sources
from .bounds._stated import is_about

MET = 1e-7
"""Outer ends nearer than this are one number."""
ROUNDED = 1e-12
"""A number nearer than this to an end that no law passes is that end."""
SURELY_ZERO = 1e-12
"""A condition that no law makes more likely than this has probability zero."""
FAINTEST = 1e-14
"""A condition less likely than this is not told from rounding."""
TOO_FAINT = "what the query conditions on is so unlikely that its probability cannot be told from rounding"
MOST_CHECKED = 64
"""Up to so many probabilities are known, each is worked out anew in the models that attain the ends."""
_CONDITIONS = 0.25
"""The share of what may be spent on a number that may go into whether its conditions are possible."""
SAYS_NOTHING = 1e-6
"""Ends nearer than this to those that hold whatever is known rule nothing out."""


class Knowledge(Protocol):
    """What is known, as programmes take it."""

    @property
    def effort(self) -> Effort:
        """What may be spent on each number."""
        ...

    @property
    def complete(self) -> bool:
        """Whether all that is known is in the programmes."""
        ...

    def programme(self, query: Query) -> Programme:
        """The query with all that is known, as polynomials."""
        ...

    def model(self, query: Query, programme: Programme, laws: Sequence[Array]) -> Model:
        """The model in which the blocks of the programme of a query have the laws given."""
        ...

    def checked(self, query: Query, programme: Programme, laws: Sequence[Array]) -> tuple[float, float]:
        """What the exact solver says of a query in that model, and by how much it misses what is known."""
        ...


@dataclass(frozen=True, eq=False)
class Facts:
    """All that is known of a study.

    Attributes:
        graph, states: over which variables.
        laws: that are known exactly.
        known: combinations of probabilities with their ends.
        sources: what they come from, in words.
        equations: the variables whose mechanism is known.
        left: what no row was made of, and why: with it the ends could be narrower.
        effort: what may be spent on each number.
        loose: whether some of it says less than is known, see `Reading`.
    """

    graph: CausalGraph
    states: Mapping[str, tuple[Value, ...]]
    laws: tuple[KnownLaw, ...]
    known: tuple[Known, ...]
    sources: tuple[str, ...]
    equations: Mapping[str, Expr]
    left: tuple[Left, ...]
    effort: Effort
    loose: bool = False

    @classmethod
    def of(cls, study: Study, sources: Sources, reading: Reading, effort: Effort) -> Facts:
        """What a study says, in one of its readings."""
        known = (*reading.known, *presumed(study.statements, len(study.laws) + len(study.samples)))
        graph = reading.graph or study.graph
        said, equations = sources.sources, sources.equations
        return cls(graph, study.states, reading.laws, known, said, equations, reading.left, effort, reading.loose)

    def with_law(self, study: Study, law: KnownLaw) -> Facts:
        """The same, where the statements give a whole law: it stands for those that are about nothing else."""
        first, place = len(study.laws) + len(study.samples), len(self.laws)
        about = {first + k for k, given in enumerate(study.statements) if is_about(given, law)}
        moved = (replace(item, source=item.source + (item.source >= place)) for item in self.known)
        kept = tuple(item for item, old in zip(moved, self.known, strict=True) if old.source not in about)
        left = tuple(Left(one.source + (one.source >= place), one.reason) for one in self.left)
        left = tuple(new for new, old in zip(left, self.left, strict=True) if old.source not in about)
        said = f"the law P({', '.join(map(print_name, law.variables))}) that the statements give"
        sources = (*self.sources[:place], said, *self.sources[place:])
        return replace(self, laws=(*self.laws, law), known=kept, left=left, sources=sources)

    @property
    def complete(self) -> bool:
        """Whether all that is known is in the programmes."""
        return not (self.left or self.loose)

    def programme(self, query: Query) -> Programme:
        """The query with all that is known, as polynomials.

        Raises:
            TooLarge: it would have too many unknowns.
        """
        made = programme_of(
            self.graph, self.states, query, self.laws, self.known, self.sources, equations=self.equations
        )
        return without_rounding(divided(made))

    def model(self, query: Query, programme: Programme, laws: Sequence[Array]) -> Model:
        """The model in which the blocks of the programme of a query have the laws given."""
        del query
        return model_of(self.graph, self.states, programme, laws, equations=self.equations)

    def checked(self, query: Query, programme: Programme, laws: Sequence[Array]) -> tuple[float, float]:
        """What the exact solver says of a query in that model, and by how much it misses what is known."""
        known = [item for item in self.known if not (math.isinf(item.low) and math.isinf(item.high))]
        cells = sum(np.size(law.array) for law in self.laws) + sum(len(item.combination) for item in known)
        every = cells <= MOST_CHECKED
        return verified(
            self.graph, self.states, programme, laws, query, equations=self.equations,
            given=self.laws if every else (), known=known if every else (),
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Bounded:
    """The ends of one number.

    Attributes:
        query: what was asked.
        lower, upper: inner ends, NaN where none was found.
        outer_lower, outer_upper: no law goes beyond.
        sharp: they are proved to be the same.
        floor, ceiling: ends that hold whatever is known.
        programmes: what was solved: one, or one for each part that was bounded by itself.
        laws: what attains each inner end, for a single programme; None where nothing does.
        spent: what was done, added up.
        undefined: some condition has probability zero under every law.
        open_conditions: whether some condition may have probability zero.
    """

    query: Query
    lower: float
    upper: float
    outer_lower: float
    outer_upper: float
    sharp: bool
    floor: float = -math.inf
    ceiling: float = math.inf
    programmes: tuple[Programme, ...] = ()
    laws: tuple[tuple[Array, ...] | None, tuple[Array, ...] | None] = (None, None)
    spent: Mapping[str, float] = field(default_factory=lambda: {})
    undefined: bool = False
    open_condition: bool = False

    @property
    def met(self) -> bool:
        """Whether the ends are one number."""
        return self.outer_upper - self.outer_lower < MET

    @property
    def value(self) -> float:
        """The number where the ends meet."""
        inner = [end for end in (self.lower, self.upper) if not math.isnan(end)]
        found = sum(inner) / len(inner) if inner else (self.outer_lower + self.outer_upper) / 2
        return next((end for end in (self.floor, self.ceiling) if abs(found - end) < ROUNDED), found)

    def end(self, name: str) -> float:
        """One of the four ends as answers hold them; the number itself where they meet."""
        return self.value if self.met and not self.undefined else float(getattr(self, name))

    @property
    def tells(self) -> bool:
        """Whether the ends rule anything out."""
        return self.outer_lower > self.floor + SAYS_NOTHING or self.outer_upper < self.ceiling - SAYS_NOTHING

    @property
    def relaxed(self) -> tuple[str, ...]:
        """Why ends are only outer ones."""
        blocks = itertools.chain.from_iterable(programme.blocks for programme in self.programmes)
        return tuple(dict.fromkeys(block.loose for block in blocks if block.loose))


def ends_of(facts: Knowledge, query: Query) -> Bounded | Clash:
    """Between which ends a number lies.

    Args:
        facts: what is known.
        query: a number, with names and states checked.

    Raises:
        TooLarge: a programme would be.
    """
    match query:
        case Number(value):
            return Bounded(query, value, value, value, value, True, value, value)
        case Contrast(op, left, right) if not is_linear(query):
            quotient = _quotient(facts, query) if op == "/" else None
            return quotient or _combined(facts, query, op, left, right)
        case _:
            return _solved(facts, query, facts.programme(query))


def is_linear(query: Query) -> bool:
    """Whether a query adds up terms times plain numbers."""
    match query:
        case Contrast("+" | "-", left, right):
            return is_linear(left) and is_linear(right)
        case Contrast("*", left, right):
            return is_linear(left) and is_linear(right) and not (query_terms(left) and query_terms(right))
        case Contrast("/", left, right):
            return is_linear(left) and not query_terms(right)
        case _:
            return True


def _check_faint(programme: Programme) -> None:
    """That no condition whose probability is a number is lost in rounding.

    Raises:
        TooLarge: one is.
    """
    if any(abs(ratio.weight) > 1 / FAINTEST for ratio in programme.query):
        raise TooLarge(TOO_FAINT)


def _solved(facts: Knowledge, query: Query, programme: Programme) -> Bounded | Clash:
    _check_faint(programme)
    possible = _conditions(facts, programme)
    if isinstance(possible, Clash):
        return possible
    if possible is None:
        nan = math.nan
        return Bounded(query, nan, nan, nan, nan, False, programmes=(programme,), undefined=True)
    programme = simpler(programme)
    found = solve(programme, facts.effort)
    if isinstance(found, Clash):
        return found
    ends = (told_from_rounding(programme, end) for end in (found.lower, found.upper))
    lower, upper = (possible_too(programme, end, facts.effort) for end in ends)
    relaxed = not facts.complete or any(block.loose for block in programme.blocks)
    floor, ceiling = programme.floor, programme.ceiling
    outer = max(lower.outer, floor), min(upper.outer, ceiling)
    inner = (
        math.nan if relaxed else float(min(max(lower.inner, floor), ceiling)),
        math.nan if relaxed else float(min(max(upper.inner, floor), ceiling)),
    )
    # Rounding may leave an attained end a little outside what was proved.
    outer = min(float(outer[0]), *_numbers(inner)), max(float(outer[1]), *_numbers(inner))
    return Bounded(
        query, *inner, *outer, found.sharp and not any(map(math.isnan, inner)), floor, ceiling, (programme,),
        (None, None) if relaxed else (lower.laws, upper.laws), found.spent, False, not possible,
    )  # fmt: skip


def _numbers(ends: Sequence[float]) -> list[float]:
    return [end for end in ends if not math.isnan(end)] or [math.nan]


def _conditions(facts: Knowledge, programme: Programme) -> bool | Clash | None:
    """Whether every condition has some probability under every law; None where one has none under any."""
    certain = True
    effort = facts.effort.part(_CONDITIONS)
    effort = replace(effort, branches=min(effort.branches, 40), starts=1)
    seen: list[Polynomial] = []
    for ratio in programme.query:
        below = ratio.below
        if below is None or any(_same(below, other) for other in seen):
            continue
        seen.append(below)
        asked = replace(programme, query=(Ratio(1.0, below),), floor=0.0, ceiling=1.0)
        found = solve(asked, effort)
        if isinstance(found, Clash):
            return found
        if found.upper.outer <= SURELY_ZERO and not found.upper.inner > 0:
            return None
        if found.upper.outer <= SURELY_ZERO:
            raise TooLarge(TOO_FAINT)
        certain = certain and found.lower.outer > SURELY_ZERO
    return certain


def _same(one: Polynomial, other: Polynomial) -> bool:
    return np.array_equal(one.weights, other.weights) and np.array_equal(one.factors, other.factors)


# ---------------------------------------------------------------------------------------------------------------------
# Products and quotients


def _quotient(facts: Knowledge, query: Contrast) -> Bounded | Clash | None:
    """A quotient of numbers with one condition between them, as one ratio; None where they have several.

    P(A | C) / P(B | C) is P(A, C) / P(B, C): a linear-fractional programme like any other (Charnes & Cooper 1962).
    """
    if not (is_linear(query.left) and is_linear(query.right)):
        return None
    try:
        programme = facts.programme(query)
    except InvalidQuery:  # several conditions
        return None
    below = programme.query[0].below
    if len(programme.query) != 1 or (below is not None and (below.weights < 0).any()):
        return None  # what may be negative is no condition
    return _solved(facts, query, programme)


def _combined(facts: Knowledge, query: Contrast, op: str, left: Query, right: Query) -> Bounded | Clash:
    """Parts that are bounded by themselves: the outer ends of what can be made of them.

    One model need not attain the ends of both parts, so nothing is said of inner ends unless one part is a number.
    """
    one = ends_of(facts, left)
    if isinstance(one, Clash):
        return one
    other = ends_of(facts, right)
    if isinstance(other, Clash):
        return other
    programmes, spent = (*one.programmes, *other.programmes), added(one.spent, other.spent)
    if one.undefined or other.undefined or (op == "/" and other.outer_lower <= 0 <= other.outer_upper and other.met):
        nan = math.nan
        return Bounded(query, nan, nan, nan, nan, False, programmes=programmes, spent=spent, undefined=True)
    low, high = interval(op, (one.outer_lower, one.outer_upper), (other.outer_lower, other.outer_upper))
    nan = math.nan
    return Bounded(
        query, nan, nan, low, high, False, programmes=programmes, spent=spent,
        open_condition=one.open_condition or other.open_condition,
    )  # fmt: skip


def added(*counts: Mapping[str, float]) -> dict[str, float]:
    """What was spent, added up."""
    out: dict[str, float] = {}
    for key, value in itertools.chain.from_iterable(count.items() for count in counts):
        out[key] = out.get(key, 0.0) + value
    return out


# ---------------------------------------------------------------------------------------------------------------------
# Distributions


def cells_of(query: Query, states: Mapping[str, tuple[Value, ...]], shape: tuple[int, ...]) -> Iterator[Query]:
    """A query for each cell of a distribution or a contrast of them, the last axis fastest; a number is one cell."""
    for codes in np.ndindex(*shape):
        yield _cell(query, states, codes)


def _cell(query: Query, states: Mapping[str, tuple[Value, ...]], codes: tuple[int, ...]) -> Query:
    match query:
        case Distribution(of, given):
            at = zip(of, map(int, codes), strict=True)
            event = conjunction(*(Op("=", (term, Const(states[term.name][code]))) for term, code in at))
            return Probability(event, given)
        case Contrast(op, left, right):
            return Contrast(op, _cell(left, states, codes), _cell(right, states, codes))
        case Probability() | Expectation() | Number():
            return query
