"""`python benchmarks/_units_dowhy.py TASK.json`: dowhy.gcm on the same units, in an environment of its own.

Run as a file, by the interpreter of that environment: nothing of this project is installed there.
"""

# pyright: reportMissingImports=false, reportMissingTypeStubs=false
from __future__ import annotations

import json
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from _units_cases import make_units  # pyright: ignore[reportImplicitRelativeImport]

SETTING = 1.0


def main() -> None:
    """Measure what the task says, one line of JSON out."""
    task: dict[str, Any] = json.loads(sys.argv[1])
    os.sched_setaffinity(0, {task["core"]})
    warnings.simplefilter("ignore")
    import networkx
    import pandas
    from dowhy import gcm
    from scipy import stats

    gcm.config.disable_progress_bars()
    gcm.config.set_default_n_jobs(1)
    units = make_units(task["nodes"], bent=False)
    graph = networkx.DiGraph()
    graph.add_nodes_from(units.names)
    graph.add_edges_from((name, f"V{i}") for i, parents in enumerate(units.parents) for name, _ in parents)
    model = gcm.InvertibleStructuralCausalModel(graph)
    for i, name in enumerate(units.names):
        if units.parents[i]:
            linear = gcm.ml.create_linear_regressor()
            model.set_causal_mechanism(name, gcm.AdditiveNoiseModel(linear, gcm.ScipyDistribution(stats.norm)))
        else:
            model.set_causal_mechanism(name, gcm.ScipyDistribution(stats.norm))
    gcm.fit(model, pandas.DataFrame(units.draw(200)))
    for i, name in enumerate(units.names):
        if units.parents[i]:
            weights = dict(units.parents[i])
            fitted = model.causal_mechanism(name).prediction_model.sklearn_model
            fitted.coef_ = np.array([weights[p] for p in sorted(weights)])
            fitted.intercept_ = 0.0
    rows = pandas.DataFrame(units.draw(task["rows"]))
    times = []
    for _ in range(task["runs"]):
        start = time.process_time()
        found = gcm.counterfactual_samples(model, {"V0": lambda x: np.full_like(x, SETTING)}, observed_data=rows)
        times.append(time.process_time() - start)
    last = units.names[-1]
    print(json.dumps({"times": times, "answers": found[last].to_numpy()[: task["compare"]].tolist()}))


if __name__ == "__main__":
    main()
