"""A run through a language model: many items at once, each written down when it is done, stopped cleanly, resumed."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from .._chat._failures import (
    BadRequest,
    BudgetSpent,
    ChatFailure,
    NoSuchModel,
    QuotaSpent,
    WrongKey,
)
from .._chat._types import ChatModel
from ._bridge import Bridge
from ._items import BenchError, Item, read_items
from ._methods import Answerer, Direct, Method, Reasoned
from ._model_record import answered, failed
from ._output import Output, Run
from ._progress import Progress
from ._spent import Counting, Spent, current
from ._summary import Summary, summarise

CONCURRENCY = 16
"""Items that are asked about at once, where nothing else is said."""
IN_A_ROW = 10
"""So many items that fail one after the other, before the first reply ever comes, end a run."""
MOST_IN_A_ROW = 50
"""So many end it when replies did come before."""

_NEW_OBJECTS = 200_000
"""Objects made before the youngest are looked through for cycles: more than hundreds of questions on their way hold."""

USER_MUST_ACT = (WrongKey, NoSuchModel, QuotaSpent)
"""Failures that every further item would meet: the first ends a run, and is no item's own."""


def run_bench_model(
    files: Sequence[str | Path],
    chat: ChatModel,
    method: Method | str,
    *,
    model: str = "",
    concurrency: int = CONCURRENCY,
    out: str | Path | None = None,
    limit: int | None = None,
    progress: bool = True,
    more: Callable[[], str] = lambda: "",
) -> Summary:
    """Run suite files through a language model and score what it says.

    Args:
        files: suite files, as for `run_bench`; their items are texts.
        chat: the model, with whatever stands before it (retries, a cache, a budget).
        method: how it is asked: "direct", "reasoned", "bridge", or one of these with other settings.
        model: its name, for records and reports.
        concurrency: items that are asked about at once.
        out: a file that gets one line of JSON for each item when it is done, in no fixed order. If it holds lines of
            a run with the same model, method and settings, what is finished there is kept and not asked again, and what
            failed is.
        limit: take the first `limit` items of each file only.
        progress: whether to show progress on standard error.
        more: what else the progress is to say; begins with a comma.

    Returns:
        The scores of all items that were asked about. Where a budget ended the run, `not_asked` says how many were not.

    Raises:
        BenchError: an item cannot be read, or `out` cannot be used.
        ChatFailure: the endpoint cannot be used as things stand (the key, the model's name, the address, the account),
            or no item got a reply. What was answered before stands in `out`.
    """
    if concurrency < 1:
        raise BenchError(f"The concurrency is {concurrency}; wanted at least 1.")
    how = method_of(method) if isinstance(method, str) else method
    run = Run(how.name, model, _fingerprint(how, model))
    items, keys = _texts(files, limit)
    with closing(Output(out, keys, run)) as output:
        session = _Session(items, output, run, progress, more)
        try:
            with _seldom_collecting():
                asyncio.run(session.go(how.answerer(Counting(chat)), concurrency))
        finally:
            session.shown.finish()
    if session.failure is not None and not isinstance(session.failure, BudgetSpent):
        raise session.failure
    again = {item.key for item in items} & output.failed.keys() - session.records.keys()
    records = [*session.records.values(), *(output.failed[key] for key in again)]
    if all(record.failure for record in records):
        raise session.failure or session.last or BudgetSpent("The budget allows not a single question. Raise it.")
    return summarise(records, len(items))


@contextmanager
def _seldom_collecting() -> Generator[None]:
    """Look for cycles of garbage less often: a question leaves few, and the search takes a twentieth of its time."""
    usual = gc.get_threshold()
    gc.set_threshold(max(usual[0], _NEW_OBJECTS) if usual[0] else 0, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def method_of(name: str, **settings: Any) -> Method:
    """The method of that name.

    Args:
        name: direct, reasoned or bridge.
        settings: of the bridge, where they are not to be as they come.

    Raises:
        BenchError: there is no such method.
    """
    made: dict[str, Callable[..., Method]] = {"direct": Direct, "reasoned": Reasoned, "bridge": Bridge}
    if name not in made:
        raise BenchError(f"There is no method {name!r}. Wanted one of {', '.join(made)}.")
    return made[name](**settings)


def _fingerprint(method: Method, model: str) -> str:
    settings = json.dumps([method.name, model, method.settings()], sort_keys=True)
    return hashlib.sha256(settings.encode()).hexdigest()[:16]


def _texts(files: Sequence[str | Path], limit: int | None) -> tuple[list[Item], frozenset[str]]:
    """The items of every file, and the keys of all that may stand in the output."""
    if not files:
        raise BenchError("There is no file to run. Give at least one suite file.")
    if limit is not None and limit < 1:
        raise BenchError(f"The limit is {limit}; wanted at least 1 item of each file.")
    items, beyond = read_items(files, limit)
    if odd := [item for item in items if not isinstance(item.asked, str)]:
        raise BenchError(
            f"Item {odd[0].id!r} is a Problem; a language model reads texts. Run it without --model, or leave it out."
        )
    return items, frozenset(item.key for item in items) | beyond


class _Session:
    """One run: what is done, and what ended it."""

    def __init__(
        self, items: Sequence[Item], output: Output, run: Run, progress: bool, more: Callable[[], str]
    ) -> None:
        self.output, self.run = output, run
        self.records = {item.key: output.kept[item.key] for item in items if item.key in output.kept}
        self.waiting = self._in_order([item for item in items if item.key not in self.records])
        self.failure: ChatFailure | None = None
        self.last: ChatFailure | None = None
        self.in_a_row = 0
        self.replied = bool(self.records)
        self.in_flight = 0
        self.cost = sum(record.cost or 0.0 for record in [*self.records.values(), *output.failed.values()])
        right = sum(record.correct for record in self.records.values())
        self.more = more
        self.shown = Progress(len(items), (len(self.records), right), progress, self._state)

    def _in_order(self, items: Sequence[Item]) -> Iterator[Item]:
        """What was never asked first: what failed before may fail again."""
        return iter(sorted(items, key=lambda item: item.key in self.output.failed))

    async def go(self, ask: Answerer, concurrency: int) -> None:
        """Ask about every item that waits."""
        workers = [asyncio.create_task(self._work(ask)) for _ in range(concurrency)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, ask: Answerer) -> None:
        for item in self.waiting:
            self.in_flight += 1
            try:
                await self._one(item, ask)
            finally:
                self.in_flight -= 1
            if self.failure is not None:
                return

    async def _one(self, item: Item, ask: Answerer) -> None:
        spent = Spent.before(self.output.failed.get(item.key))
        current.set(spent)
        began, before = time.perf_counter(), spent.cost or 0.0
        try:
            outcome = await ask(item)
        except ChatFailure as failure:
            record = None if self._ends(failure) else failed(item, failure, self.run, spent, _since(began))
        else:
            self.in_a_row, self.replied = 0, True
            record = answered(item, outcome, self.run, spent, _since(began))
        self.cost += (spent.cost or 0.0) - before
        if record is not None:
            self.output.write(record)
            self.records[item.key] = record
            self.shown.step(record.correct, failed=bool(record.failure))

    def _ends(self, failure: ChatFailure) -> bool:
        """Whether a failure says nothing of its item; the first such one ends the run."""
        if isinstance(failure, (*USER_MUST_ACT, BudgetSpent)):
            self.failure = self.failure or failure
            return True
        self.last = failure
        if failure.passing or isinstance(failure, BadRequest):
            self.in_a_row += 1
        if self.in_a_row >= (MOST_IN_A_ROW if self.replied else IN_A_ROW) and self.failure is None:
            self.failure = type(failure)(
                f"{self.in_a_row} items failed one after the other, the last one so: {failure}"
            )
        return False

    def _state(self) -> str:
        cost = f", cost {self.cost:.4g}" if self.cost else ""
        return f"{cost}, {self.in_flight} in flight{self.more()}"


def _since(began: float) -> float:
    return time.perf_counter() - began
