"""Several devices: eight simulated ones, in a process of their own, since JAX fixes their number when it starts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import json, sys
import jax
import numpy as np
from scm import Execution, ask
from tests.test_executors import QUERY, chain, table

assert len(jax.devices()) == 8, jax.devices()
rows, model = table(5000), chain()
reference = np.asarray(ask(model, QUERY, rows=rows, execution=Execution(executor="numpy")).value)
out = []
for precision in ("double", "single"):
    for count in (None, 1, 2, 3, 8):
        for chunk in (None, 1000) if precision == "single" else (None,):
            devices = None if count is None else tuple(jax.devices()[:count])
            execution = Execution(executor="jax", precision=precision, devices=devices, chunk=chunk)
            answer = ask(model, QUERY, rows=rows, execution=execution)
            value = np.asarray(answer.value)
            first = value if count is None and chunk is None else first
            out.append({
                "precision": precision, "devices": count, "chunk": chunk, "finding": answer.finding,
                "off": float(np.nanmax(np.abs(value - reference))),
                "same": bool(np.array_equal(value, first, equal_nan=True)),
                "status": [s == "ok" for s in answer.status] == np.isfinite(reference).tolist(),
                "executor": answer.plan["executor"], "fallback": answer.plan["fallback"],
            })
json.dump(out, sys.stdout)
"""


def test_any_number_of_devices_gives_the_same_numbers() -> None:
    environment = os.environ | {
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
        "PYTHONPATH": str(Path(__file__).parent.parent),
    }
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    runs = json.loads(done.stdout)
    assert len(runs) == 15
    for run in runs:
        assert run["finding"] == "exact", run
        assert run["status"], run
        assert (run["executor"], run["fallback"]) == (f"jax {run['precision']}", None), run
        # Each row is worked out on one device, in one order of additions: bit for bit, save that the compiler may
        # order a sum otherwise for another shape.
        assert run["off"] <= (1e-14 if run["precision"] == "double" else 1e-5), run


def test_devices_that_are_none_are_refused() -> None:
    from scm import Execution, InvalidQuery

    for wrong in ((), ["cpu"], 2):
        with pytest.raises(InvalidQuery):
            Execution(devices=wrong)  # pyright: ignore[reportArgumentType]
