"""Random linear models over mixed graphs: their covariances and effects."""

import numpy as np


def implied(graph, rng):
    """A random linear model over a graph: its covariance, and its total effects (row: effect, column: cause)."""
    n = len(graph.variables)
    place = {name: i for i, name in enumerate(graph.variables)}
    weights, noise = np.zeros((n, n)), np.diag(rng.uniform(1.0, 2.0, n))
    for cause, effect in set(graph.edges):
        weights[place[effect], place[cause]] = rng.uniform(0.3, 1.0) * rng.choice([-1, 1])
    for pair in {tuple(sorted(pair)) for pair in graph.confounded}:
        loading = np.zeros(n)
        for name in pair:
            loading[place[name]] = rng.uniform(0.4, 1.0)
        noise += np.outer(loading, loading)
    total = np.linalg.inv(np.eye(n) - weights)
    return total @ noise @ total.T, weights, total
