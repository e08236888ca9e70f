"""The long run for stochastic abduction: `python -m tests.verify_abduction --cases 500 --seed 0`.

Of four cases, two are linear-normal models with random evidence against the closed form, one is a nonlinear model of
two noises against integration on a grid, and one a finite model against enumeration in fractions. Drawn answers give a
z-score each; exit status 1 if an exact answer is off, or if the scores are not those of a standard normal number (chi
square of the sum, false alarm 1e-6), or if any is past 6. A case is reproduced by its seed and number.
"""

import argparse
import math
import random
import sys
import time
from collections import Counter
from typing import Any

import numpy as np
from scipy.stats import chi2, norm

from scm import ContinuousLaw, Model, Real, Variable, normal
from scm._query import Expectation, Probability
from scm._resolve import read_query
from scm.solvers._refusal import Refusal
from scm.solvers.sampled import Sampled
from tests.abductions import task_of
from tests.bridge_to_engine import to_model
from tests.generators import pair
from tests.oracle import truth
from tests.plain import to_text

ALARM = 1e-6
FURTHEST = 6.0
LAWS = {
    "Logistic": lambda v: np.exp(-np.abs(v)) / (1 + np.exp(-np.abs(v))) ** 2,
    "Laplace": lambda v: 0.5 * np.exp(-np.abs(v)),
    "Normal": norm.pdf,
}


def linear(rng: np.random.Generator) -> tuple[Model, str, float]:
    """A linear-normal model of three to six variables, a factual or counterfactual query, and its closed form."""
    n = int(rng.integers(3, 7))
    weights = np.tril(rng.uniform(-1.2, 1.2, (n, n)), -1) * (rng.uniform(size=(n, n)) < 0.8)
    sd = rng.uniform(0.3, 1.5, n)
    names = [f"V{i}" for i in range(n)]
    items = []
    for i in range(n):
        parts = [f"{float(weights[i, j])!r}*V{j}" for j in range(i) if weights[i, j]]
        noise = {f"u{i}": normal(0, float(sd[i]))}
        items.append(Variable(names[i], Real(), noise=noise, equation=" + ".join([*parts, f"u{i}"])))
    total = np.linalg.inv(np.eye(n) - weights)
    cut = int(rng.integers(0, n - 1))
    other = weights.copy()
    other[cut] = 0
    after = np.linalg.inv(np.eye(n) - other)
    keep = np.ones(n)
    keep[cut] = 0
    setting = float(rng.normal())
    # Factual values, then those where V_cut is set: both are linear in the noises.
    f = np.concatenate([total * sd, after * (sd * keep)])
    mean = np.concatenate([np.zeros(n), after[:, cut] * setting])
    seen = sorted(rng.choice(n, int(rng.integers(1, n)), replace=False).tolist())
    value = (total @ (sd * rng.normal(size=n)))[seen]
    wanted = n + int(rng.integers(cut + 1, n))
    cov = f @ f.T
    gain = np.linalg.solve(cov[np.ix_(seen, seen)], cov[seen, wanted])
    centre = float(mean[wanted] + gain @ value)
    left = float(cov[wanted, wanted] - gain @ cov[seen, wanted])
    given = ", ".join(f"V{s}={float(v)!r}" for s, v in zip(seen, value, strict=True))
    term = f"V{wanted - n}[V{cut}={setting!r}]"
    if left < 1e-12 or rng.uniform() < 0.5:
        return Model(*items), f"E[{term} | {given}]", centre
    edge = centre + math.sqrt(left) * float(rng.uniform(-1.5, 1.5))
    return Model(*items), f"P({term} > {edge!r} | {given})", float(norm.sf((edge - centre) / math.sqrt(left)))


def curved(rng: np.random.Generator) -> tuple[Model, str, float]:
    """Y = f(X) + scale V, Y seen: the counterfactual under X = 1, integrated over a grid of X."""
    name = str(rng.choice(list(LAWS)))
    scale = float(rng.uniform(0.05, 1.0))
    a, b = (float(t) for t in rng.uniform(0.3, 1.5, 2))
    equation = f"exp({a!r}*X) - {b!r}*X*X + {scale!r}*v"
    law = ContinuousLaw(name, loc=0.0, scale=1.0)
    model = Model(Variable("X", noise=normal(0, 1), equation="u_X"), Variable("Y", noise={"v": law}, equation=equation))
    x = np.linspace(-9, 9, 400_001)

    def curve(t: Any) -> Any:
        return np.exp(a * t) - b * t * t

    start = float(rng.normal())
    y = float(curve(start) + scale * rng.normal())
    weight = norm.pdf(x) * LAWS[name]((y - curve(x)) / scale)
    value = curve(1.0) + y - curve(x)
    return model, f"E[Y[X=1] | Y={y!r}]", float((weight * value).sum() / weight.sum())


def finite(seed: str) -> tuple[Model, str, float | None] | None:
    """A random finite model and query, and the oracle's answer."""
    plain, query = pair(f"abduct {seed}", unknown=0)
    model, text = to_model(plain), to_text(query)
    if not isinstance(read_query(text, model.states), (Probability, Expectation)):
        return None
    found = truth(plain, query)
    return model, text, None if found is None else float(found)


def main() -> int:
    """Run, report, and say by the exit status whether all agreed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=500, help="how many comparisons")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other cases")
    parser.add_argument("--first", type=int, default=0, help="the number of the first case, to go on after a stop")
    asked = parser.parse_args()
    scores: list[float] = []
    count: Counter[str] = Counter()
    begun = time.monotonic()
    for number in range(asked.first, asked.cases):
        random.seed(number)
        rng = np.random.default_rng([asked.seed, number])
        case = (linear, linear, curved, None)[number % 4]
        made = finite(f"{asked.seed} {number}") if case is None else case(rng)
        if made is not None:
            kind = _compare(number, *made, scores)
            count[kind] += 1
    z = np.array(scores)
    square = float((z**2).sum())
    low, high = chi2.isf(1 - ALARM, max(len(z), 1)), chi2.isf(ALARM, max(len(z), 1))
    fine = not count["WRONG"] and (not len(z) or (low < square < high and np.abs(z).max() < FURTHEST))
    share = float((np.abs(z) <= 2.6).mean()) if len(z) else math.nan
    print(
        f"{sum(count.values())} cases in {time.monotonic() - begun:.0f} s: {dict(count)}; {len(z)} z-scores, "
        f"{100 * share:.1f}% within 2.6 (99.1% expected), mean square {square / max(len(z), 1):.3f}."
    )
    return 0 if fine else 1


def _compare(number: int, model: Model, query: str, expected: float | None, scores: list[float]) -> str:
    """Solve a case; what became of it."""
    try:
        found: Any = Sampled(accuracy=0.03).solve(task_of(model, query, key=number))
    except Refusal as why:
        print(f"case {number} refused: {why}", flush=True)
        return "refused"
    if expected is None or not found.defined[0]:
        fine = expected is None and not found.defined[0]
    elif found.monte_carlo is None:
        fine = abs(found.lower[0] - expected) <= 1e-7 * (1 + abs(expected))
    else:
        score = float((found.lower[0] - expected) / found.monte_carlo[0])
        fine = abs(score) < FURTHEST
        if found.monte_carlo[0] > 1e-9 * (1 + abs(expected)):  # otherwise it is rounding, which is not normal
            scores.append(score)
    if not fine:
        print(f"\nMISMATCH in case {number}: {query}: {found.lower[0]} and {expected}\n", flush=True)
        return "WRONG"
    return "exact" if found.monte_carlo is None else str(found.diagnostics["method"])


if __name__ == "__main__":
    sys.exit(main())
