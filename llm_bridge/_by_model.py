"""Text to answer with a language model as the reader: the engine computes, and what the model read is on record."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ._formalise._formalisation import Attempt, Formalisation
from ._formalise._formaliser import Formaliser
from ._pipeline import Reply, Stage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """What the bridge says to one question that a language model read.

    Attributes:
        reply: the answer; `finding` is "unreadable" where the bridge abstains or the endpoint failed.
        formalisation: every try at reading, with the faults found and the readings that compete.
    """

    reply: Reply
    formalisation: Formalisation

    def to_json(self) -> dict[str, Any]:
        """The reply as JSON data, and under `reading` how it was read."""
        made = self.formalisation
        reading: dict[str, Any] = {
            "attempts": [_attempt(one) for one in made.attempts],
            "support": made.support,
            "hints": [fault.message for fault in made.hints],
            "failed": made.failed,
            "failure": made.failure or None,
            "competing": [
                {"votes": one.votes, "reply": one.said, "answer": one.words, "problem": _data(one.problem)}
                for one in made.competing
            ],
        }
        return self.reply.to_json() | {"reading": reading}


def _attempt(one: Attempt) -> dict[str, Any]:
    faults = [{"check": f.check, "part": f.part, "message": f.message, "severity": f.severity} for f in one.faults]
    return {"step": one.step, "kept": one.kept, "failure": one.failure or None, "faults": faults}


def _data(problem: Any) -> dict[str, Any]:
    return problem.model_dump(mode="json", exclude_defaults=True)


async def answer_by_model(text: str, formaliser: Formaliser) -> ModelAnswer:
    """The whole chain with a language model as the reader.

    Args:
        text: rules, what was seen, and one question, in any words.
        formaliser: the model and how its reading is checked. What the user grants is in its `solve`.

    Returns:
        An answer whatever the model says: an endpoint that fails, a reading that is not good enough and a question that
        the text leaves open are told in it, each as what it is.
    """
    made = await formaliser.formalise(text)
    stages = tuple(map(_stage, made.attempts))
    if made.problem is None or made.reply is None:
        return ModelAnswer(Reply(None, "unreadable", fault=made.fault, trace=stages), made)
    return ModelAnswer(replace(made.reply, trace=stages + made.reply.trace), made)


def _stage(one: Attempt) -> Stage:
    kept = "" if one.kept else ", dropped"
    found = [fault.message for fault in one.faults if fault.severity == "fault"]
    fault = " ".join(found) or one.failure or None
    size = "no Problem" if one.problem is None else f"{len(one.problem.variables)} variables"
    told = f"{len(one.reply):,} characters", f"{size}{kept}"
    return Stage(f"model: {one.step}", lambda: told, one.seconds, fault)


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, also where an event loop runs already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    found: list[T] = []
    wrong: list[BaseException] = []

    def apart() -> None:
        try:
            found.append(asyncio.run(work))
        except BaseException as error:  # handed on to the thread that waits
            wrong.append(error)

    thread = threading.Thread(target=apart, name="language model")
    thread.start()
    thread.join()
    if wrong:
        raise wrong[0]
    return found[0]
