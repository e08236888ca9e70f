"""`prepare`: a question read, planned and made ready once, to be asked of row after row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._answer import Answer
from ._ask import ask, prepared, question_of
from ._coupling import Coupling
from ._errors import InvalidQuery, InvalidRows, UnknownState, listing
from ._execution import Execution
from ._finite_only import check_finite
from ._groups import meeting_pairs, row_groups
from ._model import Model
from ._query import Query
from ._resolve import state_of
from ._rows import carriers
from ._syntax import Const, Placeholder, Value
from .solvers import Budget, Quick, Refusal, Setting, quick


@dataclass(frozen=True)
class Prepared:
    """A question with placeholders, ready to be asked of any rows.

    Attributes:
        model: of whom it is asked.
        query: as it was given.
        assume: what was granted.
        budget: as for `ask`.
    """

    model: Model
    query: str | Query
    assume: tuple[str | Coupling, ...]
    budget: Budget | None
    _setting: Setting = field(repr=False, compare=False)
    _asked: Query = field(repr=False, compare=False)
    _index: tuple[tuple[str, dict[Any, int]], ...] = field(repr=False, compare=False)
    _ways: dict[tuple[bool, ...], Quick | None] = field(repr=False, compare=False)

    def ask(self, rows: object, *, ignored: Sequence[str] = (), execution: Execution | None = None) -> Answer:
        """The whole answer for rows, as `ask` gives it."""
        return ask(
            self.model,
            self.query,
            rows=rows,
            ignored=ignored,
            assume=self.assume,
            budget=self.budget,
            execution=execution,
        )

    def at(self, values: Mapping[str, Value]) -> float | NDArray[np.float64] | None:
        """The value for one row and nothing else, in tens of microseconds; None where it is undefined.

        Args:
            values: a state for each placeholder.

        Raises:
            InvalidRows: a placeholder without a value, or a value that is no state.
            InvalidQuery: there is no one value (bounds, a refusal); `ask` says more.
        """
        try:
            codes = [states[values[name]] for name, states in self._index]
        except (KeyError, TypeError):
            codes = self._read(values)
        pattern = self._pattern(codes)
        if pattern not in self._ways:
            self._ways[pattern] = self._way(codes)
        way = self._ways[pattern]
        return self._slowly(values) if way is None else way(codes)

    def _read(self, values: Mapping[str, Value]) -> list[int]:
        """The codes of values that are written in another way (True for 1), or an error in words."""
        codes: list[int] = []
        for name, states in self._index:
            if name not in values:
                raise InvalidRows(f"No value fills ?{name}. There are values for {listing(values) or 'nothing'}.")
            try:
                codes.append(states[state_of(name, values[name], tuple(states))])
            except (UnknownState, TypeError):
                raise InvalidRows(
                    f"{values[name]!r} is no state of what ?{name} stands for; its states are {listing(states)}."
                ) from None
        return codes

    def _pattern(self, codes: Sequence[int]) -> tuple[bool, ...]:
        """Which values coincide: rows alike in that ask one question (see `Group`)."""
        _, pairs = meeting_pairs(self._asked)
        if not pairs:
            return ()
        value = {name: tuple(states)[c] for (name, states), c in zip(self._index, codes, strict=True)}

        def of(token: Const | Placeholder) -> Value:
            return token.value if isinstance(token, Const) else value[token.name]

        return tuple(of(a) == of(b) for a, b in pairs)

    def _way(self, codes: Sequence[int]) -> Quick | None:
        columns = {name: np.array([c]) for (name, _), c in zip(self._index, codes, strict=True)}
        (group,) = row_groups(self._asked, columns, 1, self._setting.domains)
        try:
            found = quick(replace(self._setting, columns=group.columns(columns), rows=1), group.query(self._asked))
        except Refusal:
            return None  # `ask` tells why
        if found is None:
            return None
        open_names = list(group.columns(columns))
        places = [i for i, (name, _) in enumerate(self._index) if name in open_names]
        if places == list(range(len(self._index))):
            return found
        return lambda all_codes: found([all_codes[p] for p in places])

    def _slowly(self, values: Mapping[str, Value]) -> float | NDArray[np.float64] | None:
        answer = self.ask({name: [values[name]] for name, _ in self._index})
        if answer.finding in ("exact", "estimate") and answer.value is not None:
            value = np.asarray(answer.value)[0]
            return float(value) if value.ndim == 0 else value
        if answer.finding == "undefined":
            return None
        raise InvalidQuery(f"There is no one value here: the finding is {answer.finding!r}. Use ask() for the answer.")


def prepare(
    model: Model,
    query: str | Query,
    *,
    assume: str | Coupling | Sequence[str | Coupling] = (),
    budget: float | str | Budget | None = None,
) -> Prepared:
    """Read and check a question once, to ask it of row after row.

    Args:
        model: the model.
        query: as for `ask`, usually with placeholders.
        assume: as for `ask`.
        budget: as for `ask`.

    Raises:
        The errors of `ask`.
    """
    check_finite(model, "prepare()")
    names = list(carriers(question_of(model, query).query))
    nothing = {name: np.empty(0, dtype=np.intp) for name in names} or None
    setting, question = prepared(model, query, nothing, (), assume, budget, None, None)
    index = tuple((name, {v: i for i, v in enumerate(setting.domains[name])}) for name in names)
    granted = (assume,) if isinstance(assume, (str, Coupling)) else tuple(assume)
    return Prepared(model, query, granted, setting.budget, setting, question.query, index, {})
