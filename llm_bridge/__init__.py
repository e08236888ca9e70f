"""Twinworld's language bridge: a causal question in words to a `Problem`, its exact answer, and back to words.

    from llm_bridge import answer_text

    reply = answer_text("If it rains, the road is wet. It rained. Would the road have been wet if it had not rained?")
    reply.reply, reply.words

Names load when they are first used (PEP 562): the command's help needs none of them.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._compile import CannotCompile as CannotCompile
    from ._compile import Compiled as Compiled
    from ._compile import compile_problem as compile_problem
    from ._pipeline import Reply as Reply
    from ._pipeline import Stage as Stage
    from ._pipeline import answer_text as answer_text
    from ._pipeline import solve_problem as solve_problem
    from ._problem import InvalidProblem as InvalidProblem
    from ._problem import Problem as Problem
    from ._reader import read as read

_HOME = {
    "CannotCompile": "_compile",
    "Compiled": "_compile",
    "InvalidProblem": "_problem",
    "Problem": "_problem",
    "Reply": "_pipeline",
    "Stage": "_pipeline",
    "answer_text": "_pipeline",
    "compile_problem": "_compile",
    "read": "_reader",
    "solve_problem": "_pipeline",
}

__all__ = [
    "CannotCompile",
    "Compiled",
    "InvalidProblem",
    "Problem",
    "Reply",
    "Stage",
    "answer_text",
    "compile_problem",
    "read",
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
