"""What is asked in the comparison with other engines: networks, findings, targets and rows, drawn by one rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import _networks as networks
from ._engines import Asked
from ._networks import Net

ROWS = 10_000
DRAWS = {10: 2, 25: 1}
"""Draws of findings and target, for each number of findings."""
PUBLISHED = ("alarm", "insurance", "water", "hepar2", "win95pts", "andes", "munin1", "pigs", "link")
WIDTHS = (5, 8, 12)
CLINICAL = (
    "LVFAILURE",
    ("HISTORY", "CVP", "PCWP", "EXPCO2", "BP", "MINVOL", "HRBP", "HREKG", "HRSAT", "PAP"),
)
"""The question of ALARM that does not come from a draw: left ventricular failure, given ten things monitored."""


@dataclass
class Case:
    """One question on one network, and what each engine made of it."""

    group: str
    findings: str
    draw: str
    net: Net
    asked: Asked
    columns: Mapping[str, Any]
    structural: tuple[int, int] | None = None
    labels: bool = False
    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    off: dict[str, float] = field(default_factory=dict)


# ---------------------------------------------------------------------------------------------------------------------
# Cases


def cases(*, quick: bool) -> Iterator[Case]:
    """Every case of the table."""
    draws = {10: 1} if quick else DRAWS
    for name in PUBLISHED[:3] if quick else PUBLISHED:
        net = networks.published(name)
        if name == "alarm":
            yield _case(name.upper(), "10, chosen", net, Asked(*CLINICAL), "the one of the design")
        yield from _drawn(name.upper(), net, draws)
    for wanted in WIDTHS[:1] if quick else WIDTHS:
        net = networks.random_net(50, wanted, f"width {wanted}")
        yield from _drawn(f"random, 50 nodes, width {wanted}", net, draws)
    yield from _twins(1 if quick else 3)
    net = networks.published("alarm")
    yield _case("ALARM, labels as text", "10, chosen", net, Asked(*CLINICAL), "the one of the design", labels=True)
    yield _case("ALARM, all 27 hidden", "10, chosen", net, Asked("", CLINICAL[1]), "the one of the design")


def _drawn(group: str, net: Net, draws: Mapping[int, int]) -> Iterator[Case]:
    for findings, times in draws.items():
        for draw in range(times):
            rng = np.random.default_rng([*group.encode(), findings, draw])
            target, *seen = map(str, rng.permutation(net.names)[: findings + 1])
            yield _case(group, str(findings), net, Asked(target, tuple(seen)), str(draw))


def _case(group: str, findings: str, net: Net, asked: Asked, draw: str, *, labels: bool = False) -> Case:
    rng = np.random.default_rng([*f"rows {group} {findings} {draw}".encode()])
    rows = networks.sample(net, ROWS, rng)
    columns = {c: rows[name] for c, name in zip(asked.columns, asked.seen, strict=True)}
    return Case(group, findings, draw, net, asked, columns, labels=labels)


def _twins(times: int) -> Iterator[Case]:
    """P(Y[X=?x] | X and six others) in a structural model: X among the first ten, Y the last that X affects."""
    made = 0
    for seed in range(100):
        model = networks.random_structural(30, seed)
        rng = np.random.default_rng([seed, 1])
        imposed = f"V{rng.integers(10)}"
        net, other = networks.twin(model, imposed)
        if made == times or len(other) < 10:
            continue
        made += 1
        target = list(other)[-1]
        rest = [name for name in model.parents if name not in (imposed, target)]
        seen = (imposed, *map(str, rng.permutation(rest)[:6]))
        asked = Asked(target, seen, imposed)
        rows = networks.sample(net, ROWS, rng)
        columns = {c: rows[name] for c, name in zip(asked.columns, (*seen, other[imposed]), strict=True)}
        yield Case("twin network of 30 nodes", "7", f"seed {seed}", net, asked, columns, structural=(30, seed))
