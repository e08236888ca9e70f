"""Cases that once gave a wrong finding, each small enough to check by hand."""

from typing import Any

import numpy as np
import pytest

from scm import Bernoulli, Model, Noise, Unknown, Variable, ask


def test_a_shared_noise_may_be_the_parent_of_a_table() -> None:
    rows: Any = {(x, u): (0.9 - 0.5 * x - 0.3 * u, 0.1 + 0.5 * x + 0.3 * u) for x in (0, 1) for u in (0, 1)}
    model = Model(
        Noise("u", Bernoulli(0.2)),
        Variable("X", (0, 1), parents=("u",), table={0: (0.7, 0.3), 1: (0.1, 0.9)}),
        Variable("Y", (0, 1), parents=("X", "u"), table=rows),
    )
    query = "P(Y[X=0]=0 | X=1, Y=1)"
    assert ask(model, query).finding == "bounds"
    # Comonotone: P(Y=1, Y_0=0 | X=1) = sum_u P(u|x) (p1u - p0u) with p1u - p0u = 0.5, over P(Y=1 | X=1).
    weight = np.array([0.8 * 0.3, 0.2 * 0.9])
    seen = weight @ np.array([0.6, 0.9])
    assert ask(model, query, assume="rank_preserving").value == pytest.approx(weight.sum() * 0.5 / seen, abs=1e-12)


def test_a_tiny_probability_is_uncertain_too() -> None:
    model = Model(
        Variable("X", noise=Bernoulli(0.5)), Variable("Y", parents=("X",), table={0: (1, 1e-17), 1: (0.5, 0.5)})
    )
    assert ask(model, "P(Y[X=1]=1 | X=0, Y=1)").finding == "refused"


def test_intervals_that_only_touch_do_not_meet() -> None:
    model = Model(
        Variable("X", noise=Bernoulli(0.5)),
        Variable("Y", (0, 1, 2), parents=("X",), table={0: (0.1, 0.2, 0.7), 1: (0.3, 0.3, 0.4)}),
        Variable("Z", (0, 1, 2, 3), parents=("X",), table={0: (0.7, 0.2, 0.1, 0.0), 1: (0.25, 0.25, 0.25, 0.25)}),
    )
    assert ask(model, "P(X=0 | Y[X=0]=1, Y[X=1]=1)", assume="rank_preserving").finding == "undefined"
    assert ask(model, "P(Z[X=1]=3 | X=0, Z=3)", assume="rank_preserving").finding == "undefined"


def test_underflow_is_not_taken_for_impossible() -> None:
    steps = 200
    model = Model(
        Variable("S0", noise=Bernoulli(0.5)),
        *(Variable(f"S{i}", equation=f"S{i - 1}") for i in range(1, steps)),
        *(Variable(f"O{i}", parents=(f"S{i}",), table={False: (0.1, 0.9), True: (0.999, 0.001)}) for i in range(steps)),
        Variable("End", parents=(f"S{steps - 1}",), table={False: (1, 0), True: (0.5, 0.5)}),
    )
    seen = ", ".join(f"O{i} = True" for i in range(steps))
    answer = ask(model, f"P(S0 = True | {seen}, End = True)")
    assert answer.finding == "refused" or answer.value == pytest.approx(1)
    assert answer.finding != "undefined"


def test_a_small_interval_is_still_an_interval() -> None:
    model = Model(
        Variable("U", noise=Unknown()), Variable("V", noise=Bernoulli(1e-13)), Variable("Y", equation="U and V")
    )
    answer = ask(model, "P(Y = True)")
    assert answer.finding == "bounds"
    assert answer.interval is not None
    assert (answer.interval.lower, answer.interval.upper) == (0.0, pytest.approx(1e-13))


def test_dividing_by_nothing_is_undefined() -> None:
    model = Model(
        Variable("A", noise=Bernoulli(0.5)),
        Variable("B", noise=Bernoulli(0.3)),
        Variable("C", (0, 1, 2), table=(0.1, 0.2, 0.7)),
    )
    # .3 - (.1 + .2) is 5.6e-17 in floating point.
    assert ask(model, "P(A=True) / (P(B=True) - P(C in {0, 1}))").finding == "undefined"
    assert ask(model, "1 / 0").finding == "undefined"


def test_states_do_not_depend_on_what_was_built_before() -> None:
    assert Model(Variable("A", equation="1")).states["A"] == (0, 1)
    states = Model(Variable("A", equation="True")).states["A"]
    assert [type(s) for s in states] == [bool, bool]


def test_one_law_is_one_draw_however_it_is_written() -> None:
    model = Model(Variable("X", noise=Bernoulli(0.5)))
    query = "P(X[X ~ {True: 0.5, False: 0.5}] = X[X ~ {False: 0.5, True: 0.5}])"
    assert ask(model, query).value == 1


def test_one_policy_under_two_conditions_is_refused() -> None:
    model = Model(
        Variable("W", noise=Bernoulli(0.5)),
        Variable("Z", equation="W != u", noise={"u": Bernoulli(0.3)}),
        Variable("X", equation="Z"),
    )
    draw = "X ~ {True: 0.5, False: 0.5} if Z = True else {True: 0.4, False: 0.6}"
    assert ask(model, f"P(X[{draw}] = X[{draw}, W=True])").finding == "refused"
    assert ask(model, f"P(X[{draw}] = True)").value == pytest.approx(0.45)


def test_a_condition_that_a_coupling_decides_is_assumed_possible_aloud() -> None:
    """Without a coupling the condition may be impossible; where it is not, the answer is 1 whatever the coupling."""
    model = Model(
        Variable("X", (0, 1), table=(0.5, 0.5)),
        Variable("Y", (0, 1), parents=("X",), table={0: (0.7, 0.3), 1: (0.7, 0.3)}),
    )
    query = "P(Y[X=0]=1 or Y[X=1]=1 | Y[X=0] != Y[X=1])"
    assert ask(model, query, assume="rank_preserving").finding == "undefined"
    assert ask(model, query, assume="independent").value == pytest.approx(1)
    answer = ask(model, query)
    assert answer.value == pytest.approx(1)
    assert "assuming: what the query conditions on has a probability above zero" in str(answer)
