"""Pictures of bounds: which ends are drawn where, and the words beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from scm import Answer, Confidence, Interval, InvalidQuery, MissingPackage, Uncertainty, parse_query, plot
from scm._finding import Statuses

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

QUERY = parse_query("P(Y[X=1]=1)")
MINUS = "\u2212"


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Every figure is drawn once, as a user would have it, and closed."""
    yield
    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()
        plt.close(number)


def bounds(interval: Interval, chance: tuple[float, float] | None = None) -> Answer:
    found = None if chance is None else Confidence(*chance, 0.95, "region")
    return Answer(QUERY, "bounds", interval=interval, uncertainty=Uncertainty(confidence=found))


def bars(ax: Any, row: int) -> dict[float, tuple[float, float]]:
    """The ends of the bars of a row (from below), by their thickness."""
    found = [line for line in ax.lines if len(line.get_xdata()) == 2 and set(line.get_ydata()) == {row}]
    return {line.get_linewidth(): tuple(line.get_xdata()) for line in found if line.get_marker() == "None"}


def test_inner_and_outer_ends_are_told_apart_and_chance_is_kept_apart() -> None:
    found = {
        "nothing granted": bounds(Interval(-0.3, 0.62, -0.41, 0.7, False), (-0.47, 0.76)),
        "no defiers": bounds(Interval(0.392, 0.78, 0.392, 0.78, True)),
        "an end unknown": Interval(math.nan, math.nan, 0.1, 0.9, False),
        "a pair": (0.2, 1 / 3),
        "homogeneity": 0.61,
    }
    ax: Any = plot.intervals(found, reference=0, name="effect", title="Assumptions")
    assert [t.get_text() for t in ax.get_yticklabels()] == list(found)[::-1]
    thick, thin = 9.0, pytest.approx(5.4)
    assert bars(ax, 4)[thick] == (-0.41, 0.7)
    assert next(ends for width, ends in bars(ax, 4).items() if width == thin) == (-0.3, 0.62)
    assert set(bars(ax, 3).values()) == {(0.392, 0.78)}
    assert set(bars(ax, 2).values()) == {(0.1, 0.9)}  # nothing is known to be attained: no dark bar
    assert len(bars(ax, 2)) == 1
    caps = [line for line in ax.lines if line.get_marker() == "|" and line.get_linestyle() == "None"]
    sharp = [line for line in ax.lines if line.get_marker() == "|" and line.get_markeredgewidth() > 1.5]
    assert {float(line.get_ydata()[0]) for line in [*caps, *sharp]} == {3.0, 1.0}
    whiskers = [line for line in ax.lines if 3 < line.get_ydata()[0] < 4]
    assert [tuple(line.get_xdata()) for line in whiskers] == [(-0.47, 0.76)]
    points = [line for line in ax.lines if line.get_marker() == "o"]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in points] == [(0.61, 0)]
    assert [t.get_text() for t in ax.texts] == [
        "0.61", "0.2 to 0.333334", "0.1 to 0.9", "0.392 to 0.78", f"{MINUS}0.41 to 0.7"
    ]  # fmt: skip
    told = [t.get_text() for t in ax.get_legend().get_texts()]
    assert told == ["attained", "not ruled out", "with chance in the counts"]
    low, high = ax.get_xlim()
    assert low < -0.47
    assert high > 0.9


def test_where_all_is_sharp_nothing_needs_a_legend() -> None:
    ax: Any = plot.intervals({"a": (0.2, 0.3), "b": 0.25})
    assert ax.get_legend() is None
    alone: Any = plot.intervals({"a": 0.5})
    low, high = alone.get_xlim()
    assert low < 0.5 < high


def test_long_labels_leave_room_for_the_picture() -> None:
    label = "no prevention, and a hidden confounder that shifts nothing by more than 0.2"
    ax: Any = plot.intervals({"nothing granted": (0.0, 1.0), label: (0.2, 0.8)})
    ax.figure.canvas.draw()
    long, short = (t.get_text() for t in ax.get_yticklabels())
    assert (long.replace("\n", " "), short) == (label, "nothing granted")
    assert max(map(len, long.split("\n"))) <= 34
    assert ax.get_position().width > 0.4


def test_axes_that_are_given_are_used() -> None:
    _, given = plt.subplots()
    assert plot.intervals({"a": (0, 1)}, ax=given) is given
    _, given = plt.subplots()
    assert plot.sensitivity([0, 1], [0, 0], [1, 1], ax=given) is given


X = np.linspace(0, 0.5, 11)


def dots(ax: Any) -> list[tuple[float, float]]:
    return [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in ax.lines if line.get_marker() == "o"]


def test_a_sensitivity_curve_has_its_tipping_point() -> None:
    ax: Any = plot.sensitivity(X, 0.3 - 1.3 * X, 0.3 + X, title="How strong?")
    assert dots(ax) == [(pytest.approx(0.3 / 1.3), 0.0)]
    assert {"tips at 0.2308", "at least", "at most"} == {t.get_text() for t in ax.texts}
    lines = [np.asarray(line.get_ydata(), float) for line in ax.lines if len(line.get_xdata()) == len(X)]
    assert any(np.allclose(y, 0.3 - 1.3 * X) for y in lines)
    assert any(np.allclose(y, 0.3 + X) for y in lines)


def test_a_negative_effect_tips_by_its_upper_end_and_some_never_do() -> None:
    below: Any = plot.sensitivity(X, -0.3 - X, -0.3 + 2 * X)
    assert dots(below) == [(pytest.approx(0.15), 0.0)]
    never: Any = plot.sensitivity(X, 0.3 - 0.1 * X, 0.3 + X)
    assert dots(never) == []
    at_once: Any = plot.sensitivity(X, -0.1 - X, 0.3 + X)
    assert dots(at_once) == [(0.0, 0.0)]
    given: Any = plot.sensitivity(X, 0.3 - 1.3 * X, 0.3 + X, reference=0.1, tipping=0.17)
    assert dots(given) == [(0.17, 0.1)]
    nothing: Any = plot.sensitivity(X, -X, X, reference=None)
    assert dots(nothing) == []


def test_inner_ends_and_chance_are_drawn_apart() -> None:
    ax: Any = plot.sensitivity(X, -2 * X, 2 * X, inner=(-X, X), chance=(-2 * X - 0.1, 2 * X + 0.1))
    assert len(ax.collections) == 2
    dotted = [line for line in ax.lines if len(line.get_xdata()) == len(X) and line.get_linewidth() == 1.0]
    assert len(dotted) == 2
    assert {"attained", "with chance"} <= {t.get_text() for t in ax.texts}


def test_what_cannot_be_drawn_is_refused() -> None:
    refused = Answer(QUERY, "not_identified")
    ends = np.zeros(2), np.ones(2)
    many = Answer(QUERY, "bounds", interval=Interval(*ends, *ends, True), status=Statuses(("ok", "ok")))
    for call, words in [
        (lambda: plot.intervals({}), "nothing to draw"),
        (lambda: plot.intervals([]), "a mapping from what is assumed to what was found, got list"),  # pyright: ignore
        (lambda: plot.intervals(refused), "got Answer"),  # pyright: ignore[reportArgumentType]
        (lambda: plot.intervals({"a": many}), "'a' is an answer for 2 rows"),
        (lambda: plot.intervals({"a": refused}), "'a' is not_identified"),
        (lambda: plot.intervals({"a": math.nan}), "'a' is nan"),
        (lambda: plot.intervals({"a": (0.4, 0.2)}), "lower one comes first"),
        (lambda: plot.intervals({"a": (0.0, math.inf)}), "two finite ends"),
        (lambda: plot.intervals({"a": (0.0, 0.5, 1.0)}), "two finite ends"),  # pyright: ignore[reportArgumentType]
        (lambda: plot.intervals({"a": (0.0, 1.0)}, reference=math.nan), "reference is nan"),
        (lambda: plot.sensitivity([0, 0], [0, 0], [1, 1]), "strengths rise"),
        (lambda: plot.sensitivity([0, 1], [0], [1, 1]), "1 and 2 rows for 2 strengths"),
        (lambda: plot.sensitivity([0, 1], [0, 2], [1, 1]), "at place 1 are 2 and 1"),
        (lambda: plot.sensitivity([0, 1], [0, math.nan], [1, 1]), "nan at place 1"),
        (lambda: plot.sensitivity([0, 1], [0, 0], [1, 1], tipping=math.inf), "tipping point is inf"),
    ]:
        with pytest.raises(InvalidQuery, match=words):
            call()


def test_without_matplotlib_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [n for n in sys.modules if n.startswith("matplotlib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for call in (lambda: plot.intervals({"a": 0.5}), lambda: plot.sensitivity([0, 1], [0, 0], [1, 1])):
        with pytest.raises(MissingPackage, match=r"pip install 'twinworld\[plot\]'"):
            call()
    monkeypatch.undo()
