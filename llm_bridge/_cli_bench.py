"""The command `twinworld bench`: its options, and its two runs, of the offline chain and through a language model."""

from __future__ import annotations

import argparse
import gc
import sys
from typing import TYPE_CHECKING

from ._cli_ask import add_model_options, count, kept_replies
from ._cli_input import BadInput, check_files, check_output

if TYPE_CHECKING:
    from ._chat._cache import ReplyCache
    from ._chat._ledger import Ledger
    from ._chat._policy import Waiting
    from ._chat._types import ChatModel
    from .bench import Summary
    from .bench._methods import Method

METHODS = ("direct", "reasoned", "bridge")
CONCURRENCY = 16
_BRIDGE_ONLY = ("calls", "repairs", "votes", "back_translate")
_MODEL_ONLY = ("method", "concurrency", "base_url", "cache", "budget_cost", "budget_tokens", "budget_calls", "price")


def add_bench(bench: argparse.ArgumentParser) -> None:
    """The options of the command."""
    bench.add_argument("files", metavar="FILE", nargs="+", help="suite files")
    bench.add_argument("--out", metavar="FILE", help="write one line per item here; a run that was cut off resumes")
    bench.add_argument("--json", action="store_true", help="print the scores as JSON")
    bench.add_argument("--limit", metavar="N", type=count, help="score the first N items of each file only")
    bench.add_argument("--no-progress", action="store_true", help="show no progress")
    _add_model(bench.add_argument_group("through a language model; the texts are sent to its endpoint"))


def _add_model(group: argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage]  # it has no public name
    add_model_options(group)
    group.add_argument("--method", choices=METHODS, help="what the model does (bridge)")
    group.add_argument("--calls", type=int, choices=(1, 2), help="2: the variables are asked for first (1)")
    group.add_argument("--concurrency", metavar="N", type=count, help=f"items asked about at once ({CONCURRENCY})")
    group.add_argument("--budget-cost", metavar="X", type=_amount, help="stop before more than this is spent")
    group.add_argument("--budget-tokens", metavar="N", type=count, help="stop before more tokens are used")
    group.add_argument("--budget-calls", metavar="N", type=count, help="stop after so many requests")
    group.add_argument("--price", metavar="IN,OUT", type=_price, help="of a million tokens in and out")


def _amount(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e15:
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted a number that is not negative")
    return value


def _price(text: str) -> tuple[float, float]:
    parts = text.split(",")
    if len(parts) != 2:
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted two numbers, such as 0.4,1.6")
    return _amount(parts[0]), _amount(parts[1])


def run_bench_command(arguments: argparse.Namespace) -> Summary:
    """Run the suite, and say on standard error what ended it early.

    Raises:
        BadInput, ScmError, OSError: it cannot be run.
        ChatFailure: the endpoint cannot be used.
    """
    gc.enable()  # a long run
    check_files(arguments.files)
    if arguments.out is not None:
        check_output(arguments.out)
    if arguments.model is not None:
        return _through_model(arguments)
    if odd := [name for name in (*_MODEL_ONLY, *_BRIDGE_ONLY) if getattr(arguments, name) is not None]:
        raise BadInput(f"{_option(odd[0])} goes with --model NAME: without a model, the offline reader reads.")
    from .bench import run_bench

    return run_bench(arguments.files, out=arguments.out, limit=arguments.limit, progress=not arguments.no_progress)


def _through_model(arguments: argparse.Namespace) -> Summary:
    from .bench import run_bench_model

    waits = _Waits()
    method = _method(arguments)
    with _ledger(arguments) as ledger, kept_replies(arguments.cache) as cache:
        summary = run_bench_model(
            arguments.files,
            _opened(arguments, ledger, cache, waits),
            method,
            model=arguments.model,
            concurrency=arguments.concurrency or CONCURRENCY,
            out=arguments.out,
            limit=arguments.limit,
            progress=not arguments.no_progress,
            more=waits.to_text,
        )
    if summary.model is not None and summary.model.not_asked:
        how = "" if arguments.out else ", if there is an --out FILE"
        told = f"{summary.model.not_asked} items were not asked. The same command with a larger budget goes on{how}."
        print(f"twinworld: the budget is used up; {told}", file=sys.stderr)
    return summary


def _method(arguments: argparse.Namespace) -> Method:
    """The method, with the settings that were given."""
    from .bench._model_run import method_of

    name = arguments.method or "bridge"
    given = {key: getattr(arguments, key) for key in _BRIDGE_ONLY if getattr(arguments, key) is not None}
    if given and name != "bridge":
        raise BadInput(f"{_option(next(iter(given)))} goes with --method bridge; got --method {name}.")
    return method_of(name, **given)


def _ledger(arguments: argparse.Namespace) -> Ledger:
    """What calls take, and the budget. Beside an output it is kept in a file, and holds for all runs of it together."""
    from ._chat._ledger import Budget, Ledger
    from ._chat._spending import Price

    budget = Budget(arguments.budget_cost, arguments.budget_tokens, arguments.budget_calls)
    path = f"{arguments.out}.ledger" if arguments.out is not None and budget != Budget() else None
    return Ledger(path, budget=budget, price=Price(*arguments.price) if arguments.price else None)


def _opened(arguments: argparse.Namespace, ledger: Ledger, cache: ReplyCache | None, waits: _Waits) -> ChatModel:
    """The model, with all that stands before it."""
    from ._chat._open import open_model

    return open_model(
        arguments.model,
        base_url=arguments.base_url,
        cache=cache,
        ledger=ledger,
        at_once=arguments.concurrency or CONCURRENCY,
        listener=waits,
    )


class _Waits:
    """Counts the waits before requests are sent again."""

    def __init__(self) -> None:
        self._count, self._seconds = 0, 0.0

    def __call__(self, waiting: Waiting) -> None:
        self._count += 1
        self._seconds += waiting.seconds

    def to_text(self) -> str:
        return f", {self._count} waits of {self._seconds / self._count:.1f} s" if self._count else ""


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
