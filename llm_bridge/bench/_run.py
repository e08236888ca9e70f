"""The run itself: each item through the chain, scored, written down, counted."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from .._pipeline import Reply, answer_text, solve_problem
from ._conventions import PROFILES, kind_of
from ._interval import canonical_text
from ._items import BenchError, Item, agrees, read_items
from ._output import Output
from ._progress import Progress
from ._reason import why_not, why_otherwise
from ._records import Record
from ._summary import Summary, summarise


def run_bench(
    files: Sequence[str | Path], *, out: str | Path | None = None, limit: int | None = None, progress: bool = True
) -> Summary:
    """Run suite files through the chain and score the replies.

    Args:
        files: suite files; the package's docstring says what they hold.
        out: a file that gets one line of JSON for each item as the run goes. If it holds lines of the same items, from
            a run that was stopped, these are kept and their items are not run again.
        limit: run the first `limit` items of each file only.
        progress: whether to show progress on standard error.

    Returns:
        The scores of all items, those of an earlier run included.

    Raises:
        BenchError: an item cannot be read, or `out` cannot be used; raised before anything is run, except where the
            disk fills up. Whatever ends a run, `out` can be resumed.
    """
    if not files:
        raise BenchError("There is no file to run. Give at least one suite file.")
    if limit is not None and limit < 1:
        raise BenchError(f"The limit is {limit}; wanted at least 1 item of each file.")
    items, beyond = read_items(files, limit)
    with closing(Output(out, frozenset(item.key for item in items) | beyond)) as output:
        records = [output.kept.get(item.key) for item in items]
        kept = [record for record in records if record is not None]
        shown = Progress(len(items), (len(kept), sum(record.correct for record in kept)), progress)
        try:
            for place, item in enumerate(items):
                if records[place] is None:
                    records[place] = record = _answered(item)
                    output.write(record)
                    shown.step(record.correct)
        finally:
            shown.finish()
    return summarise([record for record in records if record is not None])


def _answered(item: Item) -> Record:
    """The record of one item, run now."""
    began = time.perf_counter()
    reply = answer_text(item.asked) if isinstance(item.asked, str) else solve_problem(item.asked)
    seconds = time.perf_counter() - began
    said, conventions = PROFILES[item.suite].applied(reply)
    correct, plain = (agrees(one, item.expected, item.tolerance) for one in (said, reply.reply))
    reason = "" if correct else why_not(reply) if reply.reply is None else why_otherwise(reply, item.expected)
    return Record(
        key=item.key,
        id=item.id,
        type=item.type,
        suite=item.suite,
        cluster=_cluster(item, reply),
        expected=item.expected,
        tolerance=item.tolerance,
        reply=said,
        reply_plain=reply.reply,
        conventions=list(conventions),
        finding=reply.finding,
        correct=correct,
        correct_plain=plain,
        answered=said is not None,
        disagreement=kind_of(reply, correct),
        disagreement_plain=kind_of(reply, plain),
        seconds=seconds,
        words=reply.line,
        reason=reason,
    )


def _cluster(item: Item, reply: Reply) -> str:
    """The same for items of one stated group, or with the same text up to renaming."""
    if item.group:
        return f"group {item.group}"
    names = [variable.name for variable in reply.problem.variables] if reply.problem else []
    text = item.asked if isinstance(item.asked, str) else item.asked.to_json()
    return hashlib.sha256(canonical_text(text, names).encode("utf-8", "surrogatepass")).hexdigest()[:24]
