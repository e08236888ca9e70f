"""The guard in `conftest.py` works: without these tests, a guard that guards nothing would go unnoticed."""

from __future__ import annotations

import contextlib
import socket
import urllib.request

import pytest

ELSEWHERE = "192.0.2.1"  # reserved for documentation (RFC 5737): nobody is there


def test_another_machine_cannot_be_reached():
    with socket.socket() as client, pytest.raises(pytest.fail.Exception, match="Tests have no network"):
        client.connect((ELSEWHERE, 80))


def test_a_datagram_cannot_be_sent_to_another_machine():
    with (
        socket.socket(type=socket.SOCK_DGRAM) as client,
        pytest.raises(pytest.fail.Exception, match="Tests have no network"),
    ):
        client.sendto(b"anyone there?", (ELSEWHERE, 53))


def test_a_name_is_not_looked_up():
    with pytest.raises(pytest.fail.Exception, match=r"tried to reach 'example\.org'"):
        socket.getaddrinfo("example.org", 443)


def test_forgiving_code_cannot_hide_an_attempt():
    # Its own opener, without proxies: `urlopen` keeps the first it makes, with the proxies that were set then, and the
    # guard's own proxy is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def forgiving() -> None:
        with contextlib.suppress(Exception):
            opener.open(f"http://{ELSEWHERE}/", timeout=1)

    with pytest.raises(pytest.fail.Exception):
        forgiving()


def test_loopback_is_open():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        client.sendall(b"hello")
        accepted, _ = server.accept()
        with accepted:
            assert accepted.recv(5) == b"hello"
