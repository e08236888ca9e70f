"""A range over several couplings: one answer each, never called bounds."""

from typing import Any

import numpy as np
import pytest

import scm
from scm import Custom, GumbelMax, Independent, Model, RankPreserving, Variable, coupling_range

TABLE = Model(
    Variable("X", (0, 1, 2), table=(0.5, 0.25, 0.25)),
    Variable("Y", (0, 1, 2), parents=("X",), table={0: (0.2, 0.3, 0.5), 1: (0.6, 0.3, 0.1), 2: (0.1, 0.1, 0.8)}),
)
BOTH = "P(Y[X=0]=2, Y[X=1]=0)"


def test_one_answer_for_each_coupling_and_the_ends() -> None:
    found = coupling_range(TABLE, BOTH)
    assert [name for name, _ in found.answers] == ["rank_preserving", "gumbel_max", "independent"]
    assert [a.value for _, a in found.answers] == pytest.approx([0.1, 11 / 35, 0.3])
    assert (found.lower, found.upper) == (pytest.approx(0.1), pytest.approx(11 / 35))
    assert (found.lower_by, found.upper_by) == ("rank_preserving", "gumbel_max")


def test_it_is_called_a_range() -> None:
    """And each coupling is printed with its claim and its source."""
    found = coupling_range(TABLE, BOTH)
    text = str(found)
    assert "ranges from 0.1 (rank_preserving) to 0.314286 (gumbel_max) over 3 of 3 couplings" in text
    assert "not bounds: other couplings may go beyond" in text
    assert text.count("bounds") == 1
    for source in ("Fréchet 1951", "Oberst & Sontag 2019", "Balke & Pearl 1994"):
        assert source in " ".join(text.split())
    assert all(answer.finding == "exact" for _, answer in found.answers)


def test_as_data() -> None:
    data = coupling_range(TABLE, BOTH, ("gumbel_max", "independent")).to_json()
    assert data["kind"] == "range over couplings"
    assert "not bounds" in data["note"]
    assert data["lower_by"] == "independent"
    assert [entry["coupling"] for entry in data["answers"]] == ["gumbel_max", "independent"]
    assert "finding" not in data


def test_a_coupling_that_cannot_be_worked_out_is_listed_with_its_reason() -> None:
    found = coupling_range(TABLE, "P(Y[X=0]=2, Y[X=1]=0, Y[X=2]=2)")
    assert (found.lower_by, found.upper_by) == ("rank_preserving", "independent")
    assert "over 2 of 3 couplings" in str(found)
    assert "gumbel_max: refused: 'Y': the Gumbel-max coupling has no closed form here" in str(found)
    alone = coupling_range(TABLE, "P(Y[X=0]=2, Y[X=1]=0, Y[X=2]=2)", ("gumbel_max",))
    assert alone.lower is None
    assert "has a value under none of 1 couplings" in str(alone)
    assert alone.to_json()["lower"] is None


def test_rows_and_distributions_are_ranged_cell_by_cell() -> None:
    found = coupling_range(TABLE, "P(Y[X=?x]=0 | X=0, Y=2)", rows={"x": [0, 1, 2]})
    np.testing.assert_allclose(np.asarray(found.lower), [0, 0.2, 0], atol=1e-12)
    np.testing.assert_allclose(np.asarray(found.upper), [0, 22 / 35, 0.1], atol=1e-12)
    assert np.asarray(found.upper_by).tolist()[1:] == ["gumbel_max", "independent"]
    law = coupling_range(TABLE, "P(Y[X=1] | X=0, Y=2)")
    assert "from {0: 0.2, 1: 0.171429, 2: 0.1} to {0: 0.628571, 1: 0.6, 2: 0.2}" in str(law)


def test_what_is_undefined_under_one_coupling_has_no_part_there() -> None:
    """Y[X=0] = 0 and Y[X=1] = 1 cannot be together where ranks are kept."""
    found = coupling_range(TABLE, "P(X=0 | Y[X=0]=0, Y[X=1]=1)", ("gumbel_max", "independent"))
    assert (found.lower, found.lower_by) == (pytest.approx(0.5), "independent")
    assert "gumbel_max: undefined" in str(found)


def test_a_row_that_is_undefined_under_every_coupling_has_no_end() -> None:
    model = Model(
        TABLE.items[0], Variable("Y", (0, 1), parents=("X",), table={0: (1, 0), 1: (0.5, 0.5), 2: (0.2, 0.8)})
    )
    found = coupling_range(model, "P(Y[X=2]=0 | X=?x, Y=1)", rows={"x": [0, 1]})
    assert np.isnan(np.asarray(found.lower)).tolist() == [True, False]
    assert np.asarray(found.lower_by).tolist() == ["", "rank_preserving"]
    assert found.to_json()["upper"][0] is None


def test_where_no_coupling_is_needed_it_says_so() -> None:
    found = coupling_range(TABLE, "P(Y=2 | do(X=1))")
    assert not found.coupling_needed
    assert str(found).splitlines()[:2] == [
        "P(Y[X=1] = 2) = 0.1 under each of 3 couplings",
        "  (no coupling was needed: the tables alone decide this)",
    ]


def test_the_standard_error_of_counts_is_told() -> None:
    counts = {0: (20, 30, 50), 1: (60, 30, 10), 2: (10, 10, 80)}
    model = Model(TABLE.items[0], Variable("Y", (0, 1, 2), parents=("X",), counts={**counts}))
    assert "gumbel_max: 0.314286 [estimate, standard error from the counts 0.0" in str(coupling_range(model, BOTH))


def test_couplings_granted_together_are_one_entry() -> None:
    model = Model(*TABLE.items, Variable("W", (0, 1), parents=("X",), table={0: (0.5, 0.5), 1: (0.1, 0.9), 2: (1, 0)}))
    pairs = [(GumbelMax(("Y",)), Independent(("W",))), (RankPreserving(("Y",)), Independent(("W",)))]
    found = coupling_range(model, "P(Y[X=0]=2, Y[X=1]=0, W[X=0]=1, W[X=1]=0)", pairs)
    assert found.lower_by == "rank_preserving('Y') and independent('W')"
    assert (found.lower, found.upper) == (pytest.approx(0.1 * 0.05), pytest.approx(11 / 35 * 0.05))


@pytest.mark.parametrize(
    ("couplings", "words"),
    [
        ((), "no couplings"),
        (5, "takes several couplings, got int"),
        ((5,), "takes names or couplings, got int"),
        ("gumbel_max", "takes several couplings"),
        (("gumbel_max", "gumbel_max"), "'gumbel_max' twice"),
        (("gumbel_max", "gumble_max"), "Did you mean 'gumbel_max'"),
        ((Custom("mine", lambda laws, _: laws[:, 0]),), "an array of shape"),
    ],
)
def test_couplings_that_cannot_be_meant(couplings: Any, words: str) -> None:
    with pytest.raises(scm.ScmError, match=words):
        coupling_range(TABLE, BOTH, couplings)


def test_columns_may_be_ignored() -> None:
    couplings = ("rank_preserving", "gumbel_max")
    found = coupling_range(TABLE, "P(Y=1)", couplings, rows={"X": [0], "id": [7]}, ignored=("id",))
    wanted = scm.ask(TABLE, "P(Y=1 | X=?)", rows={"X": [0]})
    assert np.array_equal(np.asarray(found.lower), np.asarray(wanted.value))
