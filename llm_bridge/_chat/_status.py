"""Why a request failed: from the status and the words of an error, or from what broke underneath, to one class."""

from __future__ import annotations

import math
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ._bodies import Complaint
from ._endpoint import Endpoint
from ._failures import (
    BadRequest,
    ChatFailure,
    Malformed,
    NoReplyKept,
    NoSuchModel,
    QuotaSpent,
    RateLimited,
    Refused,
    ServerFault,
    TimedOut,
    Unreachable,
    WrongKey,
)
from ._secrets import masked
from ._types import Usage

_CHECK_ADDRESS = "Check the address (base_url, or OPENAI_BASE_URL)"
_SPENT = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "access_terminated")


def of_status(status: int, headers: Mapping[str, str], said: Complaint, where: Endpoint, path: str) -> ChatFailure:
    """The failure that a status other than success means."""
    after = retry_after(headers)
    words = f"({status}); it says {where.quoted(said.message)}"
    if failure := _by_code(status, said, where, words):
        return failure
    match status:
        case 401 | 403:
            return _wrong_key(status, where, words)
        case 404:
            return _not_found(said, where, path, words)
        case 405 | 410 | 501:
            return _no_path(status, where, path, words)
        case 408:
            return TimedOut(f"{_head(where)} gave up waiting {words}. Try again.", after, status=status)
        case 429:
            return RateLimited(
                f"{_head(where)} asks for fewer requests {words}. Wait, or ask fewer questions at once.",
                after,
                status=status,
            )
        case _ if 300 <= status < 400:
            return _no_path(status, where, path, words)
        case 409 | 425:
            return ServerFault(f"{_head(where)} is busy with something that clashes {words}.", after, status=status)
        case _ if status >= 500:
            return ServerFault(f"{_head(where)} failed {words}. Try again later.", after, status=status)
        case _:
            return BadRequest(f"{_head(where)} does not accept the request {words}.", status=status)


def _by_code(status: int, said: Complaint, where: Endpoint, words: str) -> ChatFailure | None:
    """What the error's own code says, where it is plainer than the status."""
    codes = {said.code, said.kind}
    message = said.message.lower()
    if status == 402 or (codes & set(_SPENT)) or (status == 429 and "exceeded your current quota" in message):
        return QuotaSpent(f"The account at {where.host} has no credit left {words}. Add credit, or use another key.")
    if "content_filter" in codes or "content_policy_violation" in codes:
        return Refused(f"Got no answer from {where}: a filter stopped the request {words}. Word the text differently.")
    if status < 500 and ("invalid_api_key" in codes or "api key not valid" in message):
        return _wrong_key(status, where, words)
    if status < 500 and "model_not_found" in codes:
        return _no_model(where, words)
    if "no_reply_kept" in codes:
        return NoReplyKept(f"{_head(where)} is a recording without this request {words}.", status=status)
    return None


def _wrong_key(status: int, where: Endpoint, words: str) -> ChatFailure:
    if not where.key:
        return WrongKey(f"{_head(where)} wants a key {words}. There is none: set OPENAI_API_KEY.", status=status)
    return WrongKey(
        f"{_head(where)} does not accept the key {words}. Set OPENAI_API_KEY to one that is valid for it.",
        status=status,
    )


def _no_model(where: Endpoint, words: str) -> ChatFailure:
    return NoSuchModel(
        f"There is no {str(where).removeprefix('the ')}, or not for this key {words}. "
        "Check the model's name, and that it is available there.",
        status=404,
    )


def _not_found(said: Complaint, where: Endpoint, path: str, words: str) -> ChatFailure:
    # A short name such as o1 stands inside other words and in addresses: only as a word of its own does it count.
    named = re.search(rf"(?<![\w/.-]){re.escape(where.model)}(?![\w/-])", said.message)
    if "model" in said.message.lower() or named:
        return _no_model(where, words)
    return _no_path(404, where, path, words)


def _no_path(status: int, where: Endpoint, path: str, words: str) -> ChatFailure:
    return NoSuchModel(
        f"There is no {path} under the address {where.base_url} {words}. "
        f"{_CHECK_ADDRESS}: it often ends in /v1, and must be the final address, since requests are not sent on.",
        status=status,
    )


def _head(where: Endpoint) -> str:
    return f"The endpoint at {where.host} (model {masked(where.model)!r})"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the headers ask to wait (they give milliseconds, seconds or a date); None where they do not say."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = headers.get(name)
        if text is None:
            continue
        try:
            seconds = float(text) * scale
        except ValueError:
            seconds = _until(text)
        if math.isfinite(seconds):
            return max(0.0, seconds)
    return None


def _until(date: str) -> float:
    try:
        return parsedate_to_datetime(date).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return math.nan


def timed_out(where: Endpoint, seconds: float) -> TimedOut:
    """No reply within the time allowed."""
    return TimedOut(f"Got no reply from {where} within {seconds:g} seconds. Allow more time, or try again later.")


def not_connected(where: Endpoint, seconds: float) -> Unreachable:
    """Nobody took the connection within the time allowed for that."""
    return _unsent(
        f"Got no connection to {where.host} within {seconds:g} seconds. "
        f"{_CHECK_ADDRESS}, and that there is a network connection."
    )


def no_address(where: Endpoint) -> NoSuchModel:
    """The client makes nothing of the address."""
    return NoSuchModel(f"Got the address {where.base_url!r}, which is none. {_CHECK_ADDRESS}.")


def of_error(error: BaseException, where: Endpoint) -> ChatFailure:
    """The failure that a broken connection, or none, means."""
    for cause in causes(error):
        if isinstance(cause, socket.gaierror):
            return _unsent(
                f"The name {where.host} is not known. {_CHECK_ADDRESS}, and that there is a network connection."
            )
        if isinstance(cause, ssl.SSLError):
            return _unsent(
                f"No secure connection to {where.host}: {where.quoted(cause)}. "
                "Check the address: http or https, and whose certificate it shows."
            )
        if isinstance(cause, ConnectionRefusedError):
            return _refused(where)
        match type(cause).__name__:
            case "DecodingError":
                return Malformed(f"The reply of {where} could not be unpacked: {where.quoted(cause)}. Try again.")
            case "RemoteProtocolError" | "ReadError" | "WriteError" | "CloseError":
                return Unreachable(
                    f"The connection to {where} broke before the reply was whole: {where.quoted(cause)}. Try again."
                )
            case "ProxyError":
                return _unsent(f"No way to {where.host} through the proxy: {where.quoted(cause)}. Check HTTPS_PROXY.")
            case _:
                continue
    return _unsent(f"No connection to {where.host}. {_CHECK_ADDRESS}, and that there is a network connection.")


def _unsent(message: str) -> Unreachable:
    """Nobody was reached: nothing is to be paid for."""
    return Unreachable(message, usage=Usage(0, 0))


def _refused(where: Endpoint) -> Unreachable:
    parts = urlsplit(where.base_url)
    proxies = getproxies()
    through = (parts.scheme in proxies or "all" in proxies) and not proxy_bypass(parts.hostname or "")
    if through and not where.local:
        variable = f"{parts.scheme.upper()}_PROXY"
        return _unsent(f"Nothing listens at the proxy that leads to {where.host}. Check {variable} and NO_PROXY.")
    return _unsent(f"Nothing listens at {where.host}. {_CHECK_ADDRESS}, and that the server is running.")


def causes(error: BaseException) -> Iterator[BaseException]:
    """What lies under an error, from the deepest up."""
    chain: list[BaseException] = []
    below: BaseException | None = error
    while below is not None and len(chain) < 20:
        chain.append(below)
        below = below.__cause__ or below.__context__
    yield from reversed(chain)
