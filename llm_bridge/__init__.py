"""Twinworld's language bridge: a causal question in words to a `Problem`, its exact answer, and back to words.

    from llm_bridge import answer_text

    reply = answer_text("If it rains, the road is wet. It rained. Would the road have been wet if it had not rained?")
    reply.reply, reply.words

Names load when they are first used (PEP 562): the command's help needs none of them.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._by_model import ModelAnswer as ModelAnswer
    from ._by_model import answer_by_model as answer_by_model
    from ._chat._failures import ChatFailure as ChatFailure
    from ._chat._ledger import Budget as Budget
    from ._chat._ledger import Ledger as Ledger
    from ._chat._open import OpenedModel as OpenedModel
    from ._chat._open import open_model as open_model
    from ._chat._policy import Policy as Policy
    from ._chat._recorded import RecordedChat as RecordedChat
    from ._chat._recorded import RecordingChat as RecordingChat
    from ._chat._recorded import serve_recording as serve_recording
    from ._chat._scripted import ScriptedChat as ScriptedChat
    from ._chat._server import Faults as Faults
    from ._chat._server import LocalServer as LocalServer
    from ._chat._spending import Price as Price
    from ._chat._types import ChatModel as ChatModel
    from ._chat._types import ChatReply as ChatReply
    from ._chat._types import ChatRequest as ChatRequest
    from ._chat._types import Message as Message
    from ._chat._types import ReplySchema as ReplySchema
    from ._chat._types import Usage as Usage
    from ._checks import CHECKS as CHECKS
    from ._checks import Check as Check
    from ._checks import Fault as Fault
    from ._checks import Reading as Reading
    from ._checks import examine as examine
    from ._compile import CannotCompile as CannotCompile
    from ._compile import Compiled as Compiled
    from ._compile import compile_problem as compile_problem
    from ._formalise._formalisation import Formalisation as Formalisation
    from ._formalise._formaliser import Formaliser as Formaliser
    from ._noisy import NoisyReader as NoisyReader
    from ._pipeline import Reply as Reply
    from ._pipeline import Stage as Stage
    from ._pipeline import answer_text as answer_text
    from ._pipeline import solve_problem as solve_problem
    from ._polish import Polished as Polished
    from ._polish import polish as polish
    from ._problem import InvalidProblem as InvalidProblem
    from ._problem import Problem as Problem
    from ._reader import read as read
    from ._styles import say as say

_HOME = {
    "Budget": "_chat._ledger",
    "CHECKS": "_checks",
    "CannotCompile": "_compile",
    "ChatFailure": "_chat._failures",
    "ChatModel": "_chat._types",
    "ChatReply": "_chat._types",
    "ChatRequest": "_chat._types",
    "Check": "_checks",
    "Compiled": "_compile",
    "Fault": "_checks",
    "Faults": "_chat._server",
    "Formalisation": "_formalise._formalisation",
    "Formaliser": "_formalise._formaliser",
    "InvalidProblem": "_problem",
    "Ledger": "_chat._ledger",
    "LocalServer": "_chat._server",
    "Message": "_chat._types",
    "ModelAnswer": "_by_model",
    "NoisyReader": "_noisy",
    "OpenedModel": "_chat._open",
    "Policy": "_chat._policy",
    "Polished": "_polish",
    "Price": "_chat._spending",
    "Problem": "_problem",
    "Reading": "_checks",
    "RecordedChat": "_chat._recorded",
    "RecordingChat": "_chat._recorded",
    "Reply": "_pipeline",
    "ReplySchema": "_chat._types",
    "ScriptedChat": "_chat._scripted",
    "Stage": "_pipeline",
    "Usage": "_chat._types",
    "answer_by_model": "_by_model",
    "answer_text": "_pipeline",
    "compile_problem": "_compile",
    "examine": "_checks",
    "open_model": "_chat._open",
    "polish": "_polish",
    "read": "_reader",
    "say": "_styles",
    "serve_recording": "_chat._recorded",
    "solve_problem": "_pipeline",
}

__all__ = [
    "CHECKS",
    "Budget",
    "CannotCompile",
    "ChatFailure",
    "ChatModel",
    "ChatReply",
    "ChatRequest",
    "Check",
    "Compiled",
    "Fault",
    "Faults",
    "Formalisation",
    "Formaliser",
    "InvalidProblem",
    "Ledger",
    "LocalServer",
    "Message",
    "ModelAnswer",
    "NoisyReader",
    "OpenedModel",
    "Policy",
    "Polished",
    "Price",
    "Problem",
    "Reading",
    "RecordedChat",
    "RecordingChat",
    "Reply",
    "ReplySchema",
    "ScriptedChat",
    "Stage",
    "Usage",
    "answer_by_model",
    "answer_text",
    "compile_problem",
    "examine",
    "open_model",
    "polish",
    "read",
    "say",
    "serve_recording",
    "solve_problem",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
