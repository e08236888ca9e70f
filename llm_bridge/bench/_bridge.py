"""The bridge as a method: the model reads the text into a Problem, which is checked, and the engine answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from .._chat import _failures
from .._chat._failures import ChatFailure
from .._chat._scripted import ScriptedChat
from .._chat._types import ChatModel
from .._formalise._formalisation import Formalisation
from .._formalise._formaliser import Formaliser
from .._prompts import prompt
from ._items import Item
from ._methods import Answerer, Outcome

PROMPTS = ("problem", "schema", "variables", "repair", "compare")
"""The prompt files that a reading may depend on."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """The model reads, the engine answers.

    Attributes:
        repairs: most tries to mend a reading in which a check finds a fault.
        votes: readings that are made and compared by what they answer.
        back_translate: whether the model compares the reading, said in words, with the text.
        calls: 2 asks for the variables first, and for the rest after.
    """

    repairs: int = 2
    votes: int = 1
    back_translate: bool = False
    calls: Literal[1, 2] = 1
    name: str = "bridge"

    def settings(self) -> dict[str, Any]:
        """The prompts, the checks, and how many tries there are."""
        asked = self._formaliser(ScriptedChat(()))
        return {
            "prompts": [prompt(name).fingerprint for name in PROMPTS],
            "checks": [check.name for check in asked.checks],
            **{name: getattr(asked, name) for name in ("calls", "repairs", "votes", "threshold", "back_translation")},
            "max_tokens": asked.max_tokens,
        }

    def answerer(self, chat: ChatModel) -> Answerer:
        """What asks this model."""
        formaliser = self._formaliser(chat)

        async def ask(item: Item) -> Outcome:
            assert isinstance(item.asked, str), "a run through a model has texts only"
            return outcome_of(await formaliser.formalise(item.asked))

        return ask

    def _formaliser(self, chat: ChatModel) -> Formaliser:
        return Formaliser(
            chat,
            calls=self.calls,
            repairs=self.repairs,
            votes=self.votes,
            back_translation=self.back_translate,
        )


def outcome_of(found: Formalisation) -> Outcome:
    """What a reading comes to.

    Raises:
        ChatFailure: no usable reply came, which says nothing of the text.
    """
    # Where every request was declined or cut off there is no reply to judge, as where the endpoint failed.
    unheard = [attempt.failure for attempt in found.attempts] if found.abstains else []
    if kind := found.failure or (unheard[-1] if unheard and all(unheard) else ""):
        raise _FAILURES.get(kind, ChatFailure)(found.fault)
    if found.reply is None:
        finding, stage = ("unreadable", "cannot") if found.failed is None else ("abstained", found.failed)
        return Outcome(None, finding, found.fault, stage=stage)
    return Outcome(found.reply.reply, found.reply.finding, found.reply.line, engine=found.reply)


_FAILURES: dict[str, type[ChatFailure]] = {
    name: kind for name, kind in vars(_failures).items() if isinstance(kind, type) and issubclass(kind, ChatFailure)
}
