"""What a plan is and what it costs, as data and as text: the parts of `explain` and of `Answer.plan`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from ._model import Model
from ._worlds import Worlds
from .solvers import Plan, Run, structure_of


class Plans(Mapping[str, Any]):
    """A mapping that is worked out when it is first read: most answers of a batch are never explained."""

    def __init__(self, make: Callable[[], Mapping[str, Any]]) -> None:
        self._make = make

    @cached_property
    def _data(self) -> Mapping[str, Any]:
        return self._make()

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __repr__(self) -> str:
        return repr(self._data)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self._data),)


def contraction(model: Model, plan: Plan, worlds: Worlds, run: Run | None, rows: int) -> dict[str, Any]:
    """One contraction: its size before and after merging and pruning, its cost, and how it was run.

    Numbers of operations are multiply-adds; bytes are those of the largest array.
    """
    seen = {t.world for t in worlds.terms}
    once, each = structure_of(plan, rows).operations
    data: dict[str, Any] = {
        "worlds": len(seen | {()}),
        "instances_before": len(seen | {()}) * len(model.graph.variables),
        "instances": len(worlds.instances),
        "factors": len(plan.network.factors),
        "noises": sorted(plan.network.noises),
        "couplings": {name: c.name for name, c in plan.network.couplings.items()},
        "width": round(plan.path.width, 2),
        "operations_once": once * plan.path.slices,
        "operations_per_row": each * plan.path.slices,
        "bytes_per_row": 8 * plan.path.entries,
        "slices": plan.path.slices,
    }
    return data if run is None else data | run_data(run)


def run_data(run: Run) -> dict[str, Any]:
    """How a contraction was run."""
    data: dict[str, Any] = {
        "executor": run.executor,
        "precision": run.precision,
        "rows": run.rows,
        "chunk": run.chunk,
        "seconds": run.seconds,
    }
    if run.executor == "jax":
        data |= {
            "device": run.device,
            "compile_seconds": run.compile_seconds,
            "checked": run.checked,
            "redone_in_double": run.redone,
        }
    if run.fallback is not None:
        data["fallback"] = run.fallback
    if run.forecast is not None:
        data["forecast_seconds"] = dict(run.forecast)
    return data


def contraction_text(data: Mapping[str, Any]) -> Iterator[str]:
    """The lines of one contraction."""
    worlds = data["worlds"]
    yield (
        f"{worlds} world{'s' if worlds > 1 else ''}, {data['instances_before']} instances before and "
        f"{data['instances']} after merging and pruning, {data['factors']} factors"
    )
    if data["noises"]:
        yield f"noises kept as indices: {len(data['noises'])}"
    if data["couplings"]:
        yield "couplings: " + ", ".join(f"{name} by {how}" for name, how in data["couplings"].items())
    slices = f", in {data['slices']:,} slices" if data["slices"] > 1 else ""
    yield (
        f"{amount(data['operations_once'])} operations once and {amount(data['operations_per_row'])} for each row; "
        f"largest array {amount(data['bytes_per_row'])}B (width {data['width']:.1f}, its binary logarithm{slices})"
    )
    if "forecast_seconds" in data:
        told = ", ".join(f"{name} {seconds_text(s)}" for name, s in data["forecast_seconds"].items())
        yield f"forecast: {told}"
    if "executor" in data:
        yield from _run_text(data)


def _run_text(data: Mapping[str, Any]) -> Iterator[str]:
    where = f" on {data['device']}" if "device" in data else ""
    yield (
        f"ran: {data['executor']} {data['precision']}{where}, {data['rows']:,} rows in chunks of {data['chunk']:,}, "
        f"{seconds_text(data['seconds'])}"
    )
    if data.get("checked") is not None:
        yield (
            f"checks: compiler self-test passed; first rows differ from NumPy by {data['checked']:.1g} of the weight; "
            f"{data['redone_in_double']:,} rows done again in double"
        )
    if "fallback" in data:
        yield f"fell back to NumPy: {data['fallback']}"


def task_text(number: int, data: Mapping[str, Any]) -> Iterator[str]:
    """The lines of one task of a model with continuous variables."""
    rows = f"{data['rows']:,} row{'' if data['rows'] == 1 else 's'}"
    yield f"task {number}: {data['term']}, {rows}"
    yield f"  asked: {data['asked']}; {data['instances']} instances, {data['observed']} of them observed"
    yield f"  chosen: {data['solver']}"
    if data.get("drawn"):
        yield f"  drawn: {', '.join(data['drawn'])}"
    if data.get("enumerated"):
        yield f"  enumerated: {', '.join(data['enumerated'])}"
    for name, reason in data["refusals"]:
        yield f"  {name} refuses: {reason}"


def amount(number: float) -> str:
    """A large number in a few signs: 1.3k, 20M."""
    for unit, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:.3g}"


def seconds_text(seconds: float) -> str:
    """A time in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return "under 1 µs" if seconds < 1e-6 else f"{seconds / 1e-6:.3g} µs"
