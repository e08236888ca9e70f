"""`Refusal`: a solver that will not answer says why."""

from __future__ import annotations

from ._solution import Solution


class Refusal(Exception):
    """Why a solver will not answer, in words fit for a user.

    Attributes:
        partial: what was found all the same, where the reason is that it cannot be relied on. Never to be shown without
            the reason.
    """

    def __init__(self, message: str, partial: Solution | None = None) -> None:
        super().__init__(message)
        self.partial = partial
