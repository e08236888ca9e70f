"""What is said of an answer that comes from a graph and statements: what confounds, what is enough, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from scm import Answer

from ._phrases import joined


def not_known(answers: Sequence[Answer], fault: str) -> str:
    """Why what is said does not determine the answer, and which number is missing.

    Args:
        answers: of which at least one is not identified.
        fault: what another way of working it out would have needed; empty if there is none.
    """
    answer = next(a for a in answers if a.finding == "not_identified")
    missing = cast("list[str]", answer.diagnostics.get("missing", []))
    told = f"{answer.text} is not determined by what is said."
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        told = f"{told} What {verb} missing: {joined(missing)}."
    return f"{told} {fault}".strip()


def clashing(answers: Sequence[Answer]) -> str:
    """Which statements cannot hold together."""
    answer = next(a for a in answers if a.finding == "contradiction")
    clash = cast("list[str]", answer.diagnostics.get("clash", []))
    if not clash:
        return f"What is said contradicts itself, so {answer.text} has no answer."
    verb = "cannot be" if len(clash) == 1 else "cannot hold together"
    return f"What is said contradicts itself, so nothing follows: {'; '.join(clash)} {verb}, rounding included."
