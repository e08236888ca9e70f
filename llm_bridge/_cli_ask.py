"""The command `twinworld ask`: its options, and its two ways, by the offline reader and by a language model."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ._cli_input import BadInput
from ._guard import unlinked, visible

if TYPE_CHECKING:
    from ._by_model import ModelAnswer
    from ._chat._cache import ReplyCache
    from ._chat._policy import Waiting
    from ._chat._types import ChatModel
    from ._pipeline import Reply

STYLES = ("line", "paragraph", "lesson")
_MODEL_ONLY = ("base_url", "cache", "calls", "repairs", "votes", "back_translate", "polish")
_FORMALISER = ("calls", "repairs", "votes", "back_translate")


def add_model_options(group: argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage]  # no public name
    """The options that say which language model reads, and how its reading is checked."""
    group.add_argument("--model", metavar="NAME", help="as the endpoint calls it; the key is read from OPENAI_API_KEY")
    group.add_argument("--base-url", metavar="URL", help="the endpoint, if not OPENAI_BASE_URL or OpenAI's own")
    group.add_argument("--cache", metavar="FILE", help="keep replies here, and ask nothing twice")
    group.add_argument("--repairs", metavar="N", type=count_or_none, help="most tries to mend a reading (2)")
    group.add_argument("--votes", metavar="N", type=count, help="readings made, and compared by what they answer (1)")
    group.add_argument("--back-translate", action="store_true", default=None, help="compare the reading with the text")


def add_ask(ask: argparse.ArgumentParser) -> None:
    """The options of the command, without those of every answer."""
    ask.add_argument("text", metavar="TEXT|FILE|-", help="the question, a file that holds it, or - for standard input")
    ask.add_argument("--style", choices=STYLES, help="how much is said: a line, a paragraph, or all of it (lesson)")
    group = ask.add_argument_group("with a language model as the reader; the text is sent to its endpoint")
    add_model_options(group)
    group.add_argument("--calls", type=int, choices=(1, 2), help="2: the variables are asked for first (1)")
    group.add_argument("--polish", action="store_true", default=None, help="let the model smooth the answer's words")


def count(text: str) -> int:
    """A whole number above 0."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted a whole number above 0")
    return int(text)


def count_or_none(text: str) -> int:
    """A whole number, 0 allowed."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted a whole number, or 0")
    return int(text)


def check_ask(arguments: argparse.Namespace) -> None:
    """That the options can be meant together.

    Raises:
        BadInput: they cannot.
    """
    if arguments.model is None:
        odd = [name for name in _MODEL_ONLY if getattr(arguments, name) is not None]
        if odd:
            option = f"--{odd[0].replace('_', '-')}"
            raise BadInput(f"{option} goes with --model NAME: without a model, the offline reader reads.")
    if arguments.style and (arguments.json or arguments.explain):
        raise BadInput("--style is for words; --json and --explain show everything anyway.")


def asked_model(arguments: argparse.Namespace, text: str, options: dict[str, Any]) -> tuple[ModelAnswer, str | None]:
    """What the model reads and the engine answers, and its polished words where they were asked for.

    Args:
        arguments: of the command.
        text: the question.
        options: what the user grants, as for `answer_text`.

    Raises:
        ScmError: an option cannot be meant, or the endpoint cannot be used.
    """
    from ._by_model import run

    return run(_asked(arguments, text, options))


async def _asked(arguments: argparse.Namespace, text: str, options: dict[str, Any]) -> tuple[ModelAnswer, str | None]:
    from ._by_model import answer_by_model
    from ._chat._open import open_model
    from ._formalise._formaliser import Formaliser
    from ._pipeline import solve_problem

    given = {"back_translation" if name == "back_translate" else name: getattr(arguments, name) for name in _FORMALISER}
    settings: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    with kept_replies(arguments.cache) as cache:
        opened = open_model(arguments.model, base_url=arguments.base_url, cache=cache, listener=_waits)
        async with opened as chat:
            formaliser = Formaliser(chat, solve=lambda problem: solve_problem(problem, **options), **settings)
            answer = await answer_by_model(text, formaliser)
            _tell_unconfirmed(answer)
            return answer, await _polished(answer.reply, chat, arguments) if arguments.polish else None


@contextmanager
def kept_replies(path: str | None) -> Generator[ReplyCache | None]:
    """The cache in a file, or none; what went wrong with it is told on standard error in the end.

    Raises:
        InvalidFile: the file is no cache, or cannot be written.
    """
    if path is None:
        yield None
        return
    from ._chat._cache import ReplyCache

    with ReplyCache(path) as cache:
        try:
            yield cache
        finally:
            for warning in cache.warnings:
                print(f"twinworld: {visible(warning.message)}", file=sys.stderr)


def _tell_unconfirmed(answer: ModelAnswer) -> None:
    """Who asked for a comparison with the text is told where there was none."""
    for hint in answer.formalisation.hints:
        if hint.check == "back-translation" and not hint.part:
            print(f"twinworld: {visible(unlinked(hint.message))}", file=sys.stderr)


def _waits(waiting: Waiting) -> None:
    """Somebody who waits is told for what."""
    if waiting.seconds >= 1:
        told = f"{waiting.failure} Trying again in {waiting.seconds:.0f} s."
        print(f"twinworld: {visible(told)}", file=sys.stderr)


async def _polished(reply: Reply, chat: ChatModel, arguments: argparse.Namespace) -> str | None:
    """Smoother words, or None where the template's are said; why they are is told on standard error."""
    if reply.finding in ("unreadable", "refused"):
        return None
    from ._polish import polish

    made = await polish(reply, chat, arguments.style or "lesson")
    if not made.accepted:
        told = f"twinworld: the polished words were not taken: {unlinked(str(made.rejected))}"
        print(visible(told), file=sys.stderr)
    return made.text if made.accepted else None


def explained(answer: ModelAnswer) -> list[str]:
    """How the model read it: every try, with what was found and what became of it."""
    from ._cli_print import wrapped

    out: list[str] = []
    for number, one in enumerate(answer.formalisation.attempts, 1):
        what = one.failure or ("sound" if one.sound else "with faults")
        out.append(f"  {number}. {one.step}: {what}{'' if one.kept else ', dropped'}")
        out += [
            wrapped(f"{fault.severity} ({fault.check}): {fault.message}", "     - ", "       ") for fault in one.faults
        ]
    for rival in answer.formalisation.competing:
        out.append(wrapped(f"not taken, though {rival.votes} would have it: {rival.words}", "  ", "    "))
    return out
