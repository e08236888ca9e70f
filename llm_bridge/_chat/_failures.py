"""Why a model gave no reply: one class for each reason, sorted by who must act.

None of these is ever a wrong answer: what an endpoint fails to do is counted apart from what a model says.
"""

from __future__ import annotations

from scm import ScmError

from ._types import Usage


class ChatFailure(ScmError):
    """A request that got no usable reply.

    Attributes:
        retry_after: seconds that the endpoint asks to wait; None where it does not say.
        status: of the HTTP reply, such as 503; None where there was none, or where it says nothing.
        usage: what was spent on it all the same: a reply that is cut off is paid for.
    """

    passing = False
    """Whether the same request may succeed a moment later."""

    def __init__(
        self, message: str, retry_after: float | None = None, *, status: int | None = None, usage: Usage | None = None
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.status = status
        self.usage = usage or Usage()

    @property
    def kind(self) -> str:
        """The name of the class, for records and tables."""
        return type(self).__name__


# --- passes by itself: tried again, a bounded number of times


class Unreachable(ChatFailure):
    """No connection, or it broke before the whole reply was there."""

    passing = True


class TimedOut(ChatFailure):
    """No reply within the time allowed."""

    passing = True


class RateLimited(ChatFailure):
    """The endpoint asks for fewer requests (429); `retry_after` says when."""

    passing = True


class ServerFault(ChatFailure):
    """The endpoint failed (5xx)."""

    passing = True


class Malformed(ChatFailure):
    """The reply is no chat completion: not JSON, or not of that form."""

    passing = True


# --- the user must act: never tried again


class WrongKey(ChatFailure):
    """The endpoint does not accept the key (401, 403), or there is none."""


class NoSuchModel(ChatFailure):
    """The endpoint has no model of that name, or the address is wrong (404)."""


class QuotaSpent(ChatFailure):
    """The account has no credit left (a 429 that waiting does not mend)."""


class BadRequest(ChatFailure):
    """The endpoint does not accept the request (400, 422), such as a schema that it cannot enforce."""


class NoReplyKept(ChatFailure):
    """A script or a recording, in the place of a model, holds no reply to this request."""


class BudgetSpent(ChatFailure):
    """The budget of this run is used up; nothing was sent."""


# --- the model replied, but not with an answer


class Refused(ChatFailure):
    """The model, or a filter before it, declines to reply."""


class Truncated(ChatFailure):
    """The reply was cut off at its greatest length."""


class WrongFinish(ChatFailure):
    """The reply ended for a reason other than being complete, or is empty."""
