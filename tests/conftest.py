"""What every test gets: JAX on the CPU, no network, no key, and the shared development data where it is there."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

# JAX reads this when it is first imported, so it is set before any test module can import it.
os.environ.setdefault("JAX_PLATFORMS", "cpu")

# Continuous integration tries the same examples each time; a developer's machine looks for new ones.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def _is_loopback(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if not name or name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _refuse(host: object) -> None:
    # `pytest.fail` raises past `except Exception`, so code that forgives network errors cannot hide the attempt.
    pytest.fail(f"A test tried to reach {host!r}. Tests have no network: use a scripted or recorded chat model.")


def _guarded_lookup(real: Callable[..., Any]) -> Callable[..., Any]:
    def lookup(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_loopback(host):
            _refuse(host)
        return real(host, *args, **kwargs)

    return lookup


def _guarded_method(real: Callable[..., Any]) -> Callable[..., Any]:
    """A socket method whose last argument is the address."""

    def method(self: socket.socket, *args: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(args[-1][0]):
            _refuse(args[-1])
        return real(self, *args)

    return method


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Nothing but this machine's loopback can be reached, from the tests or from the programs they start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", _guarded_lookup(socket.getaddrinfo))
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, _guarded_method(getattr(socket.socket, name)))
        # Programs started by a test are outside these patches: they get a proxy that is not there, and no key.
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            patch.setenv(name, "http://127.0.0.1:9")
            patch.setenv(name.upper(), "http://127.0.0.1:9")
        for name in ("no_proxy", "NO_PROXY"):
            patch.setenv(name, "localhost,127.0.0.1,::1")
        for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of development question files, which lies beside the project and is not part of it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the development data is not there: expected ../shared/data beside the project")
    return folder
