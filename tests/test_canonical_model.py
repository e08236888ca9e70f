"""Bounds on models with bare tables: closed forms, truths of random mechanisms, and the models that attain the ends."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest

from scm import Categorical, Model, Noise, Unknown, Variable, _ask_open, ask
from scm._parse import parse_query
from scm._query import Contrast, Number, Probability, Query
from scm._resolve import resolve
from scm.bounds import _canonical_model, _model_moments
from scm.bounds._canonical_model import model_with, programme_of_model
from scm.bounds._known import Known
from scm.bounds._programme import Ends, TooLarge
from scm.bounds._solve import solve
from scm.solvers._kernels import TooWide
from tests.bridge_to_engine import to_model
from tests.generators import pair
from tests.plain import to_text


def read(model: Model, text: str) -> Query:
    return resolve(parse_query(text), model.states, "The query")


def ends(model: Model, text: str, known: tuple[Known, ...] = ()) -> Ends:
    found = solve(programme_of_model(model, read(model, text), known, [f"grant {k}" for k in range(len(known))]))
    assert isinstance(found, Ends)
    return found


def exact(model: Model, text: str) -> float:
    answer = ask(model, text)
    assert answer.finding == "exact"
    return float(np.asarray(answer.value))


def two(low: float, high: float) -> Model:
    return Model(
        Variable("X", (0, 1), table=(0.4, 0.6)),
        Variable("Y", (0, 1), parents=("X",), table={0: (1 - low, low), 1: (1 - high, high)}),
    )


@pytest.mark.parametrize("low", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("high", [0.2, 0.8, 1.0])
def test_tian_and_pearl(low: float, high: float) -> None:
    """With X exogenous: Tian & Pearl (2000), section 4."""
    model = two(low, high)
    both = ends(model, "P(Y[X=1]=1, Y[X=0]=0)")
    assert both.sharp
    assert both.lower.outer == pytest.approx(max(0, high - low), abs=1e-9)
    assert both.upper.outer == pytest.approx(min(high, 1 - low), abs=1e-9)
    necessity = ends(model, "P(Y[X=0]=0 | X=1, Y=1)")
    assert necessity.lower.outer == pytest.approx(max(0, high - low) / high, abs=1e-9)
    assert necessity.upper.outer == pytest.approx(min(high, 1 - low) / high, abs=1e-9)


QUERIES = (
    "P(Y[X=1]=1, Y[X=0]=0)",
    "P(Y[X=0]=0 | X=1, Y=1)",
    "P(Y[X=0]=1 | M=1)",
    "P(Y[X=1, M=M[X=0]]=1, Y=0)",
    "E[Y[X=1] * Y[X=0]]",
    "P(Y[X := not X]=1 | Y=0)",
    "P(Y[X ~ {0: 0.25, 1: 0.75}]=1, Y=0)",
    "P(M[X=1]=1, M[X=0]=0) - P(M[X=0]=1, M[X=1]=0)",
)


def random_pair(seed: int) -> tuple[Model, Model]:
    """A model that says how its variables respond, and the same with bare tables."""
    rng = np.random.default_rng(seed)
    true: list[Any] = [Noise("U", Categorical({i: float(p) for i, p in enumerate(rng.dirichlet(np.ones(2)))}))]
    bare: list[Any] = [true[0]]
    for name, parents in {"X": ("U",), "M": ("X",), "Y": ("X", "M", "U")}.items():
        law = rng.dirichlet(np.ones(6))
        keys = list(itertools.product((0, 1), repeat=len(parents)))
        answers = rng.integers(2, size=(len(keys), 6))
        function = {(*key, i): int(answers[k, i]) for k, key in enumerate(keys) for i in range(6)}
        noise = {f"u_{name}": Categorical({i: float(p) for i, p in enumerate(law)})}
        true.append(Variable(name, (0, 1), parents=parents, function=function, noise=noise))
        table = {key: (float(law @ (answers[k] == 0)), float(law @ (answers[k] == 1))) for k, key in enumerate(keys)}
        bare.append(Variable(name, (0, 1), parents=parents, table=table))
    return Model(*true), Model(*bare)


@pytest.mark.parametrize("text", QUERIES)
@pytest.mark.parametrize("seed", range(3))
def test_truth_lies_between_ends_that_models_attain(text: str, seed: int) -> None:
    true, bare = random_pair(seed)
    query, programme = read(bare, text), programme_of_model(bare, read(bare, text))
    found = solve(programme)
    assert isinstance(found, Ends)
    truth = exact(true, text)
    assert found.lower.outer - 1e-9 <= truth <= found.upper.outer + 1e-9
    for end in (found.lower, found.upper):
        assert end.laws is not None
        attained = model_with(bare, programme, end.laws)
        assert exact(attained, str(query)) == pytest.approx(end.inner, abs=1e-7)
        for x, m in itertools.product((0, 1), repeat=2):
            for seen in (f"P(Y=1 | do(X={x}, M={m}))", f"P(M=1, Y=1 | X={x})"):
                assert exact(attained, seen) == pytest.approx(exact(bare, seen), abs=1e-7)


def test_what_is_determined_has_no_block() -> None:
    _, bare = random_pair(0)
    for text in ("P(Y=1 | do(X=1))", "P(Y=1 | M=0)", "E[Y[X=1] - Y[X=0]]", "P(Y[X=1, M=M[X=0]]=1)"):
        programme = programme_of_model(bare, read(bare, text))
        assert programme.blocks == ()
        assert programme.at(()) == pytest.approx(exact(bare, text), abs=1e-12)


def test_a_root_of_unknown_law_is_free() -> None:
    model = Model(
        Noise("N", Unknown((0, 1))),
        Variable("X", (0, 1), equation="N"),
        Variable("Y", (0, 1), parents=("X",), table={0: (0.9, 0.1), 1: (0.3, 0.7)}),
    )
    found = ends(model, "P(Y=1)")
    assert (found.lower.outer, found.upper.outer) == pytest.approx((0.1, 0.7), abs=1e-9)
    programme = programme_of_model(model, read(model, "P(Y=1)"))
    assert found.upper.laws is not None
    assert exact(model_with(model, programme, found.upper.laws), "P(Y=1)") == pytest.approx(0.7, abs=1e-9)


def test_what_is_granted_narrows() -> None:
    event = read(two(0.3, 0.8), "P(Y[X=1]=0, Y[X=0]=1)")
    assert isinstance(event, Probability)
    found = ends(two(0.3, 0.8), "P(Y[X=1]=1, Y[X=0]=0)", (Known(((1.0, event.event),), 0.0, 0.0, 0),))
    assert (found.lower.outer, found.upper.outer) == pytest.approx((0.5, 0.5), abs=1e-9)


def test_a_long_network_is_eliminated() -> None:
    rng = np.random.default_rng(0)
    items = [Variable("V0", (0, 1, 2), table=(0.2, 0.3, 0.5))]
    for i in range(1, 40):
        table = {k: tuple(map(float, rng.dirichlet(np.ones(3)))) for k in range(3)}
        items.append(Variable(f"V{i}", (0, 1, 2), parents=(f"V{i - 1}",), table=table))
    programme = programme_of_model(Model(*items), read(Model(*items), "P(V30[V29=1]=0 | V39=2, V29=0, V0=1)"))
    assert [block.members for block in programme.blocks] == [("V30",)]
    found = solve(programme)
    assert isinstance(found, Ends)
    assert found.sharp
    assert 0 <= found.lower.outer < found.upper.outer <= 1


def test_too_large_says_what_would_be_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_model_moments, "MOST_CELLS", 1000)
    items = [Variable(f"V{i}", (0, 1), table=(0.5, 0.5)) for i in range(12)]
    keys = itertools.product((0, 1), repeat=12)
    table = {key: (0.5, 0.5) for key in keys}
    model = Model(*items, Variable("Y", (0, 1), parents=tuple(v.name for v in items), table=table))
    with pytest.raises(TooLarge, match=r"needs an array of .* cells"):
        programme_of_model(model, read(model, "P(Y[V0=1]=1, Y[V0=0]=0)"))


def test_numbers_beside_a_query() -> None:
    model = two(0.3, 0.8)
    query = Contrast("*", Number(2.0), read(model, "P(Y[X=1]=1, Y[X=0]=0)"))
    found = solve(programme_of_model(model, query))
    assert isinstance(found, Ends)
    assert (found.lower.outer, found.upper.outer) == pytest.approx((1.0, 1.4), abs=1e-9)


def joined_in_name_only() -> Model:
    """A table `D` that a policy which changes nothing (`P := P * P`) seems to read in two worlds, and a free noise."""
    return Model(
        Noise("U", Unknown((0, 1))),
        Variable("P", (0, 1), table=(0.65, 0.35)),
        Variable("D", (0, 1, 2), parents=("P",), table={0: (0.6, 0.15, 0.25), 1: (0.4, 0.2, 0.4)}),
        Variable(
            "W",
            (0, 1),
            parents=("D", "U"),
            function={(d, u): (d + u) % 2 for d in range(3) for u in (0, 1)},
        ),
    )


JOINED = "P(W[P := P * P]=1, D=1 | D != 2)"


def test_the_model_that_attains_an_end_determines_the_query() -> None:
    """A table that no block reads joins worlds as far as the exact solver sees: the model says how."""
    answer = ask(joined_in_name_only(), JOINED)
    assert answer.finding == "bounds"
    assert answer.interval is not None
    assert "attained" in [step.name for step in answer.derivation]
    for model, end in zip(answer.attained, (answer.interval.lower, answer.interval.upper), strict=True):
        assert exact(model, JOINED) == pytest.approx(end, abs=1e-9)
        for p, d in itertools.product((0, 1), range(3)):
            table = exact(joined_in_name_only(), f"P(D={d} | P={p})")
            assert exact(model, f"P(D={d} | P={p})") == pytest.approx(table, abs=1e-9)


def test_what_the_exact_solver_refuses_is_told_and_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> float:
        raise TooWide("it has 10^9 states")

    answer = ask(joined_in_name_only(), JOINED)
    monkeypatch.setattr(_ask_open, "exact_value", refuse)
    monkeypatch.setattr(_canonical_model, "exact_value", refuse)
    (step,) = (step for step in answer.derivation if step.name == "not checked anew")
    assert "the programme attains" in step.claim
    assert "it has 10^9 states" in step.reason
    assert "10^9" in str(answer)
    assert None not in answer.attained


@pytest.mark.parametrize("block", range(4))
def test_every_part_of_an_open_answer_can_be_read(block: int) -> None:
    """Random open answers, the one that raised among them: no part raises, and the models have the ends as values."""
    rng = random.Random(3)
    for i in range(100):
        plain, query = pair(f"states 3-{i}", bare=rng.choice((0, 0, 0.3, 0.6)))
        if i % 4 != block:
            continue
        answer = ask(to_model(plain), to_text(query))
        if answer.finding != "bounds":
            continue
        assert answer.derivation
        assert str(answer)
        assert answer.to_json()
        assert answer.to_latex()
        assert answer.witness is None
        assert answer.interval is not None
        for model, end in zip(answer.attained, (answer.interval.lower, answer.interval.upper), strict=True):
            assert model is None or exact(model, to_text(query)) == pytest.approx(end, abs=1e-7)


def test_bounds_tell_how_they_were_found_where_the_exact_solver_cannot_confirm_an_end():
    built = Model(
        Variable("Z", (False, True), equation="True"),
        Variable("X", (False, True), parents=("Z",), table={(False,): (0.35, 0.65), (True,): (0.25, 0.75)}),
        Variable(
            "Y",
            (1, 2),
            parents=("X", "Z"),
            table={
                (False, False): (0, 1),
                (False, True): (0.65, 0.35),
                (True, False): (0.8, 0.2),
                (True, True): (0.9, 0.1),
            },
        ),
    )
    answer = ask(built, "P(Y[Z=X[X=True]] = 1, Y[X=False] = 1 | Y != 2)")
    assert answer.finding == "bounds"
    assert str(answer)
