"""`imagine_stream`: populations that do not fit into memory, batch by batch."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ._aggregates import Aggregate, Quantiles
from ._checkpoint import Checkpoint, Progress
from ._errors import InvalidFile, InvalidRows
from ._execution import Execution
from ._imagine import ASSUMPTIONS, groups_of, read_figure, run_world, steps_of, told
from ._imagine_ready import Prepared, Question, prepare_worlds, read_question
from ._imagined import Imagined, points_told
from ._model import Model
from ._read_ahead import read_ahead
from ._settings import Settings
from ._unit_rows import UnitRows, read_units
from .io._parquet import parquet_batches
from .solvers._unit_batch import Gathered
from .solvers._unit_sketch import Sketch
from .solvers._unit_tally import merged


def imagine_stream(
    model: Model,
    batches: Iterable[Any] | str | os.PathLike[str],
    do: Settings | Mapping[str, Settings],
    *,
    outputs: Sequence[str] | None = None,
    aggregates: Sequence[Aggregate] | Mapping[str, Aggregate] = (),
    ignored: Sequence[str] = (),
    execution: Execution | None = None,
    each: Callable[[Imagined], None] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> Imagined:
    """As `imagine`, for tables that come in batches, in constant memory.

    The next batch is read, and decoded, in a thread while one is worked on.

    Args:
        model: see `imagine`.
        batches: tables of any kind that `imagine` takes, with the same columns; or the path of a Parquet file.
        do: see `imagine`.
        outputs: see `imagine`; columns go to `each`.
        aggregates: over all units. Quantiles are exact up to 65,536 units and then come from sorted samples (Munro &
            Paterson 1980): `plan["rank_error"]` bounds how far the share below one may be off.
        ignored: columns that mean nothing here.
        execution: see `imagine`.
        each: is called with the result of each batch, in order: to write its columns somewhere, for example.
        checkpoint: a file in which what was found is kept until the stream has come to its end. If it is there, the
            batches that it speaks of are passed over and the run goes on behind them; after a kill, `each` may be
            given the last batch once more.

    Returns:
        The aggregates over all units; no columns.

    Raises:
        InvalidFile: the Parquet file is not there, cut off or damaged; the checkpoint is of another question, or
            cannot be read or written.
        InvalidRows, InvalidQuery, InvalidModel, UnknownName, UnknownState, QuerySyntaxError: see `imagine`; rows are
            counted from the first batch on.
    """
    began = time.monotonic()
    wanted = () if outputs is None and each is None else outputs
    question = read_question(model, do, wanted, aggregates, noise=False)
    stream = _Stream(question, execution or Execution())
    path = isinstance(batches, (str, os.PathLike))
    source: Iterable[Any] = parquet_batches(batches) if path else batches  # pyright: ignore[reportArgumentType]
    with Checkpoint.of(checkpoint, question, always=each is not None) as kept:
        stream.progress = kept.progress
        for number, table in enumerate(read_ahead(_tables(question, source, ignored, kept))):
            if number == 0 and kept.goes_on(table):
                stream.make_ready(table)
                continue
            found = stream.work(table)
            if each is not None:
                each(found)
            kept.finished()
    return stream.result(time.monotonic() - began)


def _tables(question: Question, batches: Iterable[Any], ignored: Sequence[str], kept: Checkpoint) -> Iterator[UnitRows]:
    """Every batch as columns; rows in messages are counted from the first batch on.

    Of the batches that an earlier run finished only the first is read: it tells whether they are the same.
    """
    first, number, done, units = 0, -1, kept.progress.batches, kept.progress.units
    for number, batch in enumerate(batches):
        if 0 < number < done:
            continue
        first = units if number == done else first
        try:
            table = read_units(question.model, batch, question.extra, ignored)
        except InvalidRows as wrong:
            raise InvalidRows(wrong.problem, None if wrong.row is None else wrong.row + first) from None
        yield table
        first += table.count
    if number + 1 < done:
        raise InvalidFile(f"The checkpoint speaks of {done:,} batches; there are {number + 1:,} now.")


@dataclass
class _Stream:
    """What was found so far.

    Attributes:
        question, execution: what is done with each batch.
        ready: every world, once the first batch has come.
        progress: the figures.
    """

    question: Question
    execution: Execution
    ready: dict[str, Prepared] = field(default_factory=lambda: {})
    variables: tuple[str, ...] = ()
    progress: Progress = field(default_factory=Progress)
    compiling: float = 0.0
    plan: dict[str, Any] = field(default_factory=lambda: {})

    def work(self, table: UnitRows) -> Imagined:
        """One more batch."""
        began, before = time.monotonic(), self.progress.units
        self.make_ready(table)
        try:
            found = {w: run_world(one, table, self.execution, before) for w, one in self.ready.items()}
        except InvalidRows as wrong:
            raise InvalidRows(wrong.problem, None if wrong.row is None else wrong.row + before) from None
        for world, gathered in found.items():
            self._merge(world, self.ready[world], gathered)
        one = told(self.question.model, table, self.ready, found, time.monotonic() - began)
        self.progress.units += one.units
        self.progress.undefined += one.undefined
        self.compiling += one.plan["compile_seconds"]
        self.plan = dict(one.plan)
        return one

    def make_ready(self, table: UnitRows) -> None:
        """Every world, for tables with these columns."""
        if table.variables != self.variables:
            self.ready, self.variables = prepare_worlds(self.question, table), table.variables

    def _merge(self, world: str, one: Prepared, found: Gathered) -> None:
        before = self.progress.tallies.get(world, [None] * len(one.kernel.tallies))
        self.progress.tallies[world] = [
            merged(t, a, b) for t, a, b in zip(one.kernel.tallies, before, found.tallies, strict=True)
        ]
        for name, aggregate in one.aggregates.items():
            if isinstance(aggregate, Quantiles):
                values = found.outputs[one.sources[name]]
                sketches = self.progress.sketches.setdefault((world, name), [Sketch() for _ in values])
                for sketch, line in zip(sketches, values, strict=True):
                    sketch.add(line[found.defined])

    def result(self, seconds: float) -> Imagined:
        """The aggregates over all batches."""
        if not self.ready:
            raise InvalidRows("There are no batches, and so no columns. Give at least one, which may have no rows.")
        errors = [s.error / max(s.count, 1) for sketches in self.progress.sketches.values() for s in sketches]
        model = self.question.model
        return Imagined(
            units=self.progress.units,
            values={world: {} for world in self.ready},
            aggregates={world: self._figures(world, one) for world, one in self.ready.items()},
            grids={
                w: points_told(one.imposed, model.variable_states) for w, one in self.ready.items() if one.imposed.grid
            },
            groups=groups_of(model, next(iter(self.ready.values()))),
            noise={},
            undefined=self.progress.undefined,
            defined=np.zeros(0, dtype=bool),
            derivation=steps_of(self.ready),
            assumptions=ASSUMPTIONS,
            plan=self.plan
            | {"seconds": seconds, "compile_seconds": self.compiling, "rank_error": max(errors, default=0.0)},
        )

    def _figures(self, world: str, one: Prepared) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for name, aggregate in one.aggregates.items():
            if isinstance(aggregate, Quantiles):
                figures = np.stack([s.quantiles(aggregate.at) for s in self.progress.sketches[world, name]])
            else:
                tally = self.progress.tallies[world][one.sources[name]]
                assert tally is not None
                figures = read_figure(aggregate, tally)
            out[name] = figures if one.imposed.grid else figures[0]
        return out
