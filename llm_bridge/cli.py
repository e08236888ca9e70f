"""The command `twinworld`. Its help loads nothing but the standard library; each command imports what it needs.

Exit status: 0 for any finding, 2 for misuse, 3 for what is refused or cannot be read, 70 for an error of this program,
130 when interrupted, 141 when the reader of the output has left.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from . import _cli_texts as texts
from ._cli_ask import add_ask, check_ask, count
from ._cli_bench import add_bench, run_bench_command
from ._cli_input import (
    BadInput,
    file_of,
    is_graph,
    is_json_model,
    no_table,
    settings_of,
    text_of,
)
from ._guard import spoken, unlinked, visible

if TYPE_CHECKING:
    from ._pipeline import Reply

OK, MISUSE, REFUSED, OUR_ERROR, INTERRUPTED, PIPE_CLOSED = 0, 2, 3, 70, 130, 141


class Misuse(Exception):
    """The command cannot be meant: exit status 2."""


def parser() -> argparse.ArgumentParser:
    """The command line, as data."""
    raw = argparse.RawDescriptionHelpFormatter
    top = argparse.ArgumentParser("twinworld", description=texts.ABOUT, epilog=texts.AFTER, formatter_class=raw)
    top.add_argument("--version", action=_Version, nargs=0, help="show the version and leave")
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], int], short: str, about: str, after: str):
        made = commands.add_parser(name, help=short, description=about, epilog=after, formatter_class=raw)
        made.set_defaults(run=run)
        return made

    ask = command("ask", _ask, "answer a question in words", texts.ASK, texts.ASK_EXAMPLES)
    add_ask(ask)
    _add_answering(ask)
    solve = command("solve", _solve, "answer a Problem file", texts.SOLVE, texts.SOLVE_EXAMPLES)
    solve.add_argument("problem", metavar="PROBLEM.json|-", help="the Problem, or - for standard input")
    _add_answering(solve)
    query = command("query", _query, "ask the engine about a model or a graph", texts.QUERY, texts.QUERY_EXAMPLES)
    query.add_argument(
        "model", metavar="MODEL|-", help="the file of a model or a graph, the text of a graph, or - for standard input"
    )
    query.add_argument("query", metavar="QUERY", help="what to ask of it")
    query.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], help="the value of a placeholder ?NAME (repeatable)"
    )
    _add_sources(query)
    _add_rows(query)
    _add_answering(query)
    _add_identify(
        command("identify", _identify, "say what follows from a graph", texts.IDENTIFY, texts.IDENTIFY_EXAMPLES)
    )
    bench = command("bench", _bench, "run and score suite files", texts.BENCH, texts.BENCH_EXAMPLES)
    add_bench(bench)
    return top


def _add_sources(query: argparse.ArgumentParser) -> None:
    query.add_argument(
        "--given",
        metavar="STATEMENT",
        action="append",
        default=[],
        help='what is known behind a graph, such as "P(Y=1 | X=0) = 26%%" (repeatable)',
    )
    query.add_argument("--data", metavar="FILE", help="units behind a graph, one row each (.csv or .parquet)")


def _add_identify(identify: argparse.ArgumentParser) -> None:
    identify.add_argument("graph", metavar="GRAPH|-", help="a graph's file, its text, or - for standard input")
    identify.add_argument("query", metavar="QUERY", help="what to ask of it")
    identify.add_argument(
        "--available",
        metavar="LAW",
        action="append",
        default=[],
        help='a law that is known, such as "P(X, Y)" or "P(Z, Y | do(X))" (repeatable); by default what is observed',
    )
    identify.add_argument(
        "--given", metavar="STATEMENT", action="append", default=[], help="also answer from statements (repeatable)"
    )
    identify.add_argument(
        "--assume",
        metavar="NAME",
        action="append",
        default=[],
        help='grant homogeneity, no_defiers or, with --given, "no_prevention(X, Y)" (repeatable)',
    )
    identify.add_argument("--json", action="store_true", help="print the result as JSON")
    identify.add_argument("--latex", action="store_true", help="print the formula as LaTeX")


def _add_rows(query: argparse.ArgumentParser) -> None:
    query.add_argument("--rows", metavar="FILE", help="evidence and placeholders, one row each (.csv or .parquet)")
    query.add_argument("--out", metavar="FILE", help="the rows with their answers beside them (.csv or .parquet)")
    query.add_argument(
        "--ignore", metavar="NAME", action="append", default=[], help="a column that means nothing (repeatable)"
    )
    query.add_argument("--chunk", metavar="N", type=count, help="rows that are worked on and kept at once")
    query.add_argument("--no-progress", action="store_true", help="show no progress")


def _add_answering(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print the answer as JSON")
    command.add_argument(
        "--assume",
        metavar="NAME",
        action="append",
        default=[],
        help='grant an assumption, such as rank_preserving, or for bounds "no_prevention(X, Y)" (repeatable)',
    )
    command.add_argument(
        "--budget", metavar="TIME[,MEMORY]", help="refuse what would take longer or need more, such as 10s,2GB"
    )
    command.add_argument(
        "--seed", metavar="N", type=int, help="for methods that draw at random; the exact ones ignore it"
    )
    command.add_argument(
        "--explain", action="store_true", help="show how it was read, planned and worked out, rung by rung"
    )
    command.add_argument(
        "--derivation",
        action=argparse.BooleanOptionalAction,
        help="every step with its reason and source, or no steps at all",
    )


class _Version(argparse.Action):
    """Look the version up only when it is asked for."""

    def __call__(self, *_: Any) -> NoReturn:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"twinworld {version('twinworld')}")
        except PackageNotFoundError:
            print("twinworld, run from its source folder")
        sys.exit(OK)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments; those of the process by default.

    Returns:
        The exit status.
    """
    # One question leaves little garbage, and a search for it among what was just loaded takes a twentieth of its time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        _check_output()
        try:
            if reconfigure := getattr(sys.stdout, "reconfigure", None):
                reconfigure(errors="backslashreplace")  # a terminal that lacks a letter still gets the rest
            arguments = parser().parse_args(argv)
            return arguments.run(arguments)
        finally:
            sys.stdout.flush()
            if collecting:
                gc.enable()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else OK
    except (Misuse, BadInput) as wrong:
        return _complain(str(wrong), MISUSE)
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    except OSError as wrong:
        return _unwritten(wrong)
    except (MemoryError, RecursionError):
        return _complain("this is too large or nested too deep to be worked on. Split it into parts", REFUSED)
    except Exception as bug:
        if os.environ.get("TWINWORLD_TRACEBACK"):
            raise
        what = f"an error of this program, {type(bug).__name__}: {bug}"
        return _complain(f"{what}. Please report it with what you asked; TWINWORLD_TRACEBACK=1 shows where.", OUR_ERROR)


def _check_output() -> None:
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]  # so Python leaves it where it was closed
        raise Misuse("standard output is closed; send it to a file or a pipe")


def _unwritten(wrong: OSError) -> int:
    # What is still buffered must not be tried again when Python ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(wrong, BrokenPipeError):
        return PIPE_CLOSED  # the reader of our output has left, as in `twinworld ... | head`
    return _complain(f"cannot write the answer: {wrong.strerror or wrong}", MISUSE)


def _complain(why: str, status: int) -> int:
    print(f"twinworld: {visible(why)}", file=sys.stderr)
    return status


# ---------------------------------------------------------------------------------------------------------------------
# Commands


def _ask(arguments: argparse.Namespace) -> int:
    check_ask(arguments)
    text = text_of(arguments.text)
    if arguments.model is not None:
        return _ask_model(arguments, text)
    from ._pipeline import answer_text

    return _reply(arguments, lambda options: answer_text(text, **options))


def _ask_model(arguments: argparse.Namespace, text: str) -> int:
    from scm import ScmError

    from ._chat._failures import ChatFailure
    from ._cli_ask import asked_model, explained
    from ._cli_print import section

    try:
        answer, polished = asked_model(arguments, text, _options(arguments))
    except ChatFailure as failure:
        return _complain(str(failure), REFUSED)
    except ScmError as wrong:
        raise Misuse(str(wrong)) from None
    if arguments.explain and not arguments.json:
        print(visible(unlinked(section("How the model read it", explained(answer)))) + "\n")
    return _tell(arguments, answer.reply, answer.to_json() if arguments.json else {}, polished)


def _solve(arguments: argparse.Namespace) -> int:
    document = file_of(arguments.problem, "a Problem as JSON")
    from ._pipeline import solve_problem
    from ._problem import InvalidProblem, Problem

    try:
        problem = Problem.from_json(document)
    except InvalidProblem as wrong:
        raise Misuse(f"{arguments.problem} is no usable Problem.\n{wrong}") from None
    return _reply(arguments, lambda options: solve_problem(problem, **options))


def _reply(arguments: argparse.Namespace, answer: Callable[[dict[str, Any]], Reply]) -> int:
    from scm import ScmError

    try:
        reply = answer(_options(arguments))
    except ScmError as wrong:
        raise Misuse(str(wrong)) from None
    return _tell(arguments, reply, reply.to_json() if arguments.json else {})


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    grants = tuple(arguments.assume)
    if any("(" in grant for grant in grants):
        from ._cli_bounds import grants_of

        grants = grants_of(grants)
    return {"assume": grants, "budget": arguments.budget, "key": arguments.seed}


def _tell(arguments: argparse.Namespace, reply: Reply, data: dict[str, Any], polished: str | None = None) -> int:
    """Print a reply as it was asked for; the exit status."""
    from ._cli_print import as_json, explanation, reply_text, wrapped

    refused = reply.finding in ("refused", "unreadable")
    style = getattr(arguments, "style", None)
    if arguments.json:
        said = {} if polished is None else {"answer": polished, "polished": True}
        print(as_json(data | said | (explanation(reply) if arguments.explain else {})))
    elif not refused and style in ("line", "paragraph"):
        from ._styles import say

        print(visible(wrapped(polished or say(reply, style))))
    elif not refused or arguments.explain:
        told = reply_text(reply, words=polished, derivation=arguments.derivation, explain=arguments.explain)
        print(visible(told))
    return _complain(spoken(reply.fault, ()) or reply.words, REFUSED) if refused else OK


def _query(arguments: argparse.Namespace) -> int:
    _check_rows(arguments)
    no_table(arguments.model)
    document = file_of(arguments.model, "a model as JSON, or a graph") if is_json_model(arguments.model) else None
    from scm import ScmError

    try:
        if is_graph(arguments.model, document):
            if arguments.rows is not None:
                raise Misuse("--rows goes with a model. A graph takes --data FILE, one unit a row.")
            from ._cli_graph import run_graph_query

            return run_graph_query(arguments, document, settings_of(arguments.set))
        if arguments.given or arguments.data is not None:
            raise Misuse("--given and --data are the sources behind a graph; a model says everything itself.")
        from ._cli_query import run_query

        return run_query(arguments, document, settings_of(arguments.set))
    except ScmError as wrong:
        raise Misuse(str(wrong)) from None


def _identify(arguments: argparse.Namespace) -> int:
    document = file_of(arguments.graph, "a graph") if arguments.graph == "-" else None
    from scm import ScmError

    from ._cli_graph import run_identify

    try:
        return run_identify(arguments, document)
    except ScmError as wrong:
        raise Misuse(str(wrong)) from None


def _check_rows(arguments: argparse.Namespace) -> None:
    if arguments.rows is None:
        if arguments.out is not None or arguments.ignore or arguments.chunk:
            raise Misuse("--out, --ignore and --chunk go with --rows FILE.")
        return
    if arguments.out is None:
        raise Misuse("--rows needs --out FILE, a name that ends in .csv or .parquet.")
    if arguments.explain or arguments.derivation:
        raise Misuse("--explain and --derivation are for one question; leave --rows out to see them.")
    gc.enable()  # a long run


def _bench(arguments: argparse.Namespace) -> int:
    from scm import ScmError

    from ._chat._failures import ChatFailure

    try:
        summary = run_bench_command(arguments)
    except ChatFailure as failure:
        return _complain(str(failure), REFUSED)
    except KeyboardInterrupt:
        how = "the same command goes on" if arguments.out else "with --out FILE, a run goes on where it was"
        return _complain(f"interrupted; {how}", INTERRUPTED)
    except (ScmError, OSError) as wrong:
        raise Misuse(str(wrong)) from None
    from ._cli_print import as_json

    print(as_json(summary.to_json()) if arguments.json else visible(summary.to_text()))
    return OK


if __name__ == "__main__":
    sys.exit(main())
