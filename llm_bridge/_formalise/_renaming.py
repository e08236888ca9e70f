"""Which variable of one reading is which of another, where they were given different names.

In this order, and each step only for what the one before left over:

1. The same name, but for case, spaces and punctuation.
2. The words: of two variables each of which shares more words with the other than with any third, in its name first,
   then in its description and in what it cites of the text.
3. The order of mention in the text (of declaration, where the text does not tell), and after it every other order, as
   long as at most `MOST_ORDERED` are left over.

The caller takes the first that makes all probes agree. A hidden variable, or one that nothing speaks of, may be left
without a counterpart; any other may not. States go by their labels where these are the same on both sides (true, yes,
1 and present are one label, and so are false, no, 0, absent and what is denied), and by their order where not.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scm import Value, Var, claim_names, quantity_nodes, query_nodes, walk

from .._checks._text import stem
from .._problem import Problem, ProblemVariable
from ._spots import At, Key, Of

MOST_ORDERED = 5
"""Most variables without a name or a word in common whose every order is tried: 5 make 120 orders."""
_LEAST_SHARED = 0.2
_TRUE = frozenset({"true", "yes", "1", "present", "y", "t"})
_FALSE = frozenset({"false", "no", "0", "absent", "n", "f"})
_DENIED = re.compile(r"(?:no|not|non|without|un\w{3,})\b")
_EMPTY = frozenset(
    re.findall(r"\w+", "a an the is are was were be been it its this that of to in on at by for and or not no do does")
)


@dataclass(frozen=True, slots=True)
class Renaming:
    """For each reading, its leaves (`Of` and `At`) to leaves that both share; what has no counterpart is not there."""

    first: Mapping[Key, Key]
    second: Mapping[Key, Key]


def renamings(first: Problem, second: Problem, text: str = "") -> Iterator[Renaming]:
    """Ways to match the variables of two Problems, likeliest first."""
    left, right = list(first.variables), list(second.variables)
    pairs = [*_by(left, right, lambda v: v.name), *_by(left, right, lambda v: _folded(v.name)), *_by_words(left, right)]
    optional = (_optional(first), _optional(second))
    left, right = ([v for v in side if v.name not in free] for side, free in zip((left, right), optional, strict=True))
    if len(left) != len(right):
        return
    left.sort(key=lambda v: _place(v, text))
    right.sort(key=lambda v: _place(v, text))
    orders: Iterator[Sequence[ProblemVariable]] = (
        itertools.permutations(right) if len(right) <= MOST_ORDERED else iter([right])
    )
    for order in orders:
        made = _renaming([*pairs, *zip(left, order, strict=True)])
        if made is not None:
            yield made


def _by(
    left: list[ProblemVariable], right: list[ProblemVariable], key: Callable[[ProblemVariable], str]
) -> list[tuple[ProblemVariable, ProblemVariable]]:
    """Pairs with the same key, where it belongs to one variable of each side; they are taken off both lists."""
    ours, theirs = Counter(map(key, left)), Counter(map(key, right))
    there = {key(v): v for v in right}
    pairs = [(v, there[key(v)]) for v in left if ours[key(v)] == theirs[key(v)] == 1]
    left[:] = [v for v in left if all(v is not a for a, _ in pairs)]
    right[:] = [v for v in right if all(v is not b for _, b in pairs)]
    return pairs


def _by_words(
    left: list[ProblemVariable], right: list[ProblemVariable]
) -> list[tuple[ProblemVariable, ProblemVariable]]:
    """Pairs that share more words with each other than either does with any third."""
    pairs: list[tuple[ProblemVariable, ProblemVariable]] = []
    while True:
        shared = [[_shared(a, b) for b in right] for a in left]
        rows = [_single_best(row) for row in shared]
        columns = [_single_best([row[j] for row in shared]) for j in range(len(right))]
        i = next((i for i, j in enumerate(rows) if j is not None and columns[j] == i), None)
        if i is None:
            return pairs
        j = rows[i]
        assert j is not None  # it was just asked for
        pairs.append((left.pop(i), right.pop(j)))


def _single_best(scores: Sequence[float]) -> int | None:
    best = max(scores, default=0.0)
    return scores.index(best) if best >= _LEAST_SHARED and scores.count(best) == 1 else None


def _shared(a: ProblemVariable, b: ProblemVariable) -> float:
    """How much of their words two variables share: 0 to 1.5."""
    near = _overlap(_tokens(a.name), _tokens(b.name))
    wide = _overlap(*(_tokens(f"{v.name} {v.description} {v.words}") for v in (a, b)))
    return near + 0.5 * wide


def _overlap(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b) if a & b else 0.0


def _tokens(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in _folded(text).split() if word not in _EMPTY)


def _folded(text: str) -> str:
    """Without case, spaces, underscores and punctuation."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"[^\W_]+", plain)) or plain


def _place(variable: ProblemVariable, text: str) -> int:
    """Where a text first speaks of a variable; behind it where it does not. Sorting keeps the order of ties."""
    low = text.casefold()
    found = [low.find(words.casefold()) for words in (variable.name, variable.words) if words]
    return min((place for place in found if place >= 0), default=len(text))


def _optional(problem: Problem) -> frozenset[str]:
    """Variables that may be left without a counterpart: hidden ones, and those that nothing speaks of."""
    asked = {name for item in problem.queries if item.query is not None for name in _names(query_nodes(item.query))}
    asked |= {name for item in problem.queries if item.claim is not None for name in claim_names(item.claim)}
    told = {name for edge in problem.edges for name in (edge.cause, edge.effect)}
    told |= {name for both in problem.confounded for name in both.pair}
    told |= {name for item in problem.statements for name in _names(quantity_nodes(item.term))}
    for equation in problem.equations:
        told |= {equation.variable, *_names(walk(equation.expression))}
    if problem.independences is not None:
        told |= {v.name for v in problem.variables}  # what is not listed is dependent: every variable is spoken of
    hidden = {variable.name for variable in problem.variables if not variable.observed}
    return frozenset(
        v.name for v in problem.variables if v.name not in asked and (v.name in hidden or v.name not in told)
    )


def _names(nodes: Iterator[object]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Var):
            yield node.name
            yield from (item.target for item in node.world)


def _renaming(pairs: Sequence[tuple[ProblemVariable, ProblemVariable]]) -> Renaming | None:
    first: dict[Key, Key] = {}
    second: dict[Key, Key] = {}
    for number, (a, b) in enumerate(pairs):
        labels = _matched(a.states, b.states)
        if labels is None:
            return None
        name = str(number)
        first[Of(a.name)] = second[Of(b.name)] = Of(name)
        for place, (one, other) in enumerate(labels):
            first[At(a.name, one)] = second[At(b.name, other)] = At(name, place)
    return Renaming(first, second)


def _matched(first: Sequence[Value], second: Sequence[Value]) -> list[tuple[Value, Value]] | None:
    """The states of two variables, pair by pair."""
    if len(first) != len(second):
        return None
    for label in (_label, _sign) if len(first) == 2 else (_label,):
        ours, theirs = {label(s): s for s in first}, {label(s): s for s in second}
        if len(ours) == len(first) and ours.keys() == theirs.keys():
            return [(ours[key], theirs[key]) for key in ours]
    return list(zip(first, second, strict=True))


def _label(state: Value) -> str:
    word = _folded(str(int(state) if isinstance(state, bool) else state))
    return "1" if word in _TRUE else "0" if word in _FALSE else word


def _sign(state: Value) -> str:
    """Of two states, whether this is the one that is denied."""
    word = _label(state)
    return "0" if word == "0" or _DENIED.match(word) else "1"
