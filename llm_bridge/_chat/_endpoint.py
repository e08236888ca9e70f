"""Where a model is: its address, its name and its key; and what is kept out of every message."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ._failures import NoSuchModel, WrongKey
from ._secrets import MASK, hide, masked

OFFICIAL = "https://api.openai.com/v1"

# What else may be a key, or a part of one, where an endpoint quotes it: after the word Bearer, with its middle starred
# out, short as keys of tests are, or one long word of letters and digits. In a message, too much masked does no harm.
_PERHAPS = re.compile(
    r"\bsk-\S{3,}|\bAIza\S{10,}|\bBearer\s+\S+|\S*\*{3,}\S*|\b(?=\w*\d)(?=\w*[a-z])\w{24,}\b", re.IGNORECASE
)
_SHORTEST_KEY = 6
_MOST_SAID = 300


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model at an address.

    Attributes:
        base_url: without a slash at its end.
        model: as the endpoint calls it.
        key: sent with every request, and nowhere else; empty where none is needed.
    """

    base_url: str
    model: str
    key: str = field(default="", repr=False, compare=False)

    @property
    def host(self) -> str:
        """The address as messages name it: host and port."""
        return urlsplit(self.base_url).netloc

    @property
    def local(self) -> bool:
        """Whether it is on this machine."""
        name = urlsplit(self.base_url).hostname or ""
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return name == "localhost" or name.endswith(".localhost")

    @property
    def official(self) -> bool:
        """Whether it is OpenAI's own, which takes no request without a key."""
        return (urlsplit(self.base_url).hostname or "").endswith(".openai.com")

    def __str__(self) -> str:
        return f"the model {masked(self.model)!r} at {self.host}"

    def quoted(self, text: object) -> str:
        """What an endpoint said, fit for a message: one short line without keys or control characters, in quotes."""
        shown = masked(str(text)[: 20 * _MOST_SAID])
        if len(self.key) >= _SHORTEST_KEY:
            shown = re.sub(re.escape(self.key), MASK, shown, flags=re.IGNORECASE)
        line = " ".join("".join(c if c.isprintable() else " " for c in _PERHAPS.sub(MASK, shown)).split())
        return repr(line if len(line) <= _MOST_SAID else f"{line[:_MOST_SAID]} ...")


def endpoint(model: str, base_url: str | None = None, api_key: str | None = None) -> Endpoint:
    """The endpoint meant by these, or by OPENAI_BASE_URL and OPENAI_API_KEY where they are not given.

    Raises:
        NoSuchModel: there is no model's name, or the address cannot be one.
        WrongKey: the key cannot be one, or there is none for OpenAI itself.
    """
    if not model.strip():
        raise NoSuchModel("Got no name of a model; wanted what the endpoint calls it, such as 'gpt-5-mini'.")
    address = _address(base_url if base_url is not None else os.environ.get("OPENAI_BASE_URL") or OFFICIAL)
    key = (api_key if api_key is not None else os.environ.get("OPENAI_API_KEY", "")).strip()
    if any(not "!" <= c <= "~" for c in key):
        raise WrongKey(
            "The key holds spaces or other characters that no key has (it is not shown here). "
            "Set OPENAI_API_KEY to the key alone, without quotes or line ends."
        )
    if api_key is not None:
        hide(key)
    found = Endpoint(address, model, key)
    if found.official and not key:
        raise WrongKey(
            f"There is no key for {found}. Set OPENAI_API_KEY to one; for a local model, "
            "give its address (base_url, or OPENAI_BASE_URL), such as http://localhost:11434/v1."
        )
    return found


def _address(text: str) -> str:
    wanted = "wanted an address such as https://api.openai.com/v1 or http://localhost:11434/v1."
    try:
        parts = urlsplit(text.strip())
        hostname, _ = parts.hostname, parts.port
    except ValueError:
        raise NoSuchModel(f"Got the address {masked(text)!r}, which is none; {wanted}") from None
    if parts.username or parts.password or parts.query or parts.fragment:
        # Clients log addresses. A key inside one would be logged with it.
        raise NoSuchModel(
            f"Got an address at {hostname or 'no host'} with a name, a password or a query inside it; {wanted} "
            "The key belongs in OPENAI_API_KEY."
        )
    if parts.scheme not in ("http", "https") or not hostname:
        raise NoSuchModel(f"Got the address {masked(text)!r}; {wanted}")
    return text.strip().rstrip("/")
