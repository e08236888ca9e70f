"""Pictures: what is drawn where. No pixels: the words, boxes, lines and colours that are on the axes."""

from __future__ import annotations

import itertools
import math
import random
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from scm import (
    Bernoulli,
    CausalGraph,
    ContinuousNoise,
    InvalidQuery,
    MissingPackage,
    Model,
    MultivariateNormal,
    UnknownName,
    Variable,
    normal,
    plot,
)

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.colors import to_hex  # noqa: E402
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch  # noqa: E402

from scm.plot import _layout, _style  # noqa: E402
from scm.plot._distributions import density  # noqa: E402
from scm.plot._graph import arcs, curves, ends  # noqa: E402


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Every figure is drawn once, as a user would have it, and closed."""
    yield
    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()
        plt.close(number)


GRAPH = CausalGraph(
    ("Z", "X", "M", "Y"), (("Z", "X"), ("Z", "Y"), ("X", "M"), ("M", "Y")), (("X", "Y"),), hidden=("Z",)
)
MODEL = Model(
    Variable("size", noise=normal(0, 1)),
    Variable("dose", equation="0.5 * size + u_dose", noise=normal(0, 1)),
    Variable("better", equation="dose > size"),
    Variable("cured", parents=("flip",), table={False: (0.5, 0.5), True: (0.1, 0.9)}),
    Variable("flip", noise=Bernoulli(0.5)),
)


def texts(ax: Any) -> list[str]:
    return [t.get_text() for t in ax.texts]


def boxes(ax: Any) -> dict[str, Any]:
    """The box under each text."""
    found: dict[str, Any] = {}
    for patch in ax.patches:
        if isinstance(patch, FancyBboxPatch):
            x, y = patch.get_x() + patch.get_width() / 2, patch.get_y() + patch.get_height() / 2
            words = [t.get_text() for t in ax.texts if math.dist(t.get_position(), (x, y)) < 1e-6]
            assert len(words) == 1
            found[words[0]] = patch
    return found


def arrows(ax: Any) -> list[Any]:
    return [p for p in ax.patches if isinstance(p, FancyArrowPatch)]


def colour(value: Any) -> str:
    return to_hex(value).upper()


# ---------------------------------------------------------------------------------------------------------------------
# Graphs


def test_a_graph_has_its_variables_and_edges() -> None:
    ax: Any = plot.graph(GRAPH, title="Front $door$")
    assert sorted(boxes(ax)) == ["M", "X", "Y", "Z"]
    assert "Front \\$door\\$" in texts(ax)
    found = arrows(ax)
    assert len(found) == 5
    assert [a.get_linestyle() for a in found].count("solid") == 4
    place = {n: b.get_x() + b.get_width() / 2 for n, b in boxes(ax).items()}
    assert all(place[a] < place[b] for a, b in GRAPH.edges)
    assert boxes(ax)["Z"].get_linestyle() not in ("-", "solid")
    assert boxes(ax)["X"].get_linestyle() in ("-", "solid")


def test_an_edge_and_a_hidden_cause_of_the_same_pair_are_two_lines() -> None:
    bow = CausalGraph(("X", "Y"), (("X", "Y"),), (("X", "Y"),))
    one, other = arrows(plot.graph(bow))
    assert (one.get_linestyle(), other.get_linestyle() == "solid") == ("solid", False)
    assert one.get_connectionstyle().rad == 0
    assert abs(other.get_connectionstyle().rad) >= 0.3
    assert len(plot.graph(bow, do=["X"]).lines) == 2  # only the hidden cause is cut


def test_what_is_set_is_square_and_cut_and_what_is_seen_is_shaded() -> None:
    ax: Any = plot.graph(GRAPH, do={"X": 2.0}, given={"Y": True, "M": None})
    found = boxes(ax)
    assert set(found) == {"Z", "X = 2", "M", "Y = true"}
    assert colour(found["X = 2"].get_facecolor()) == _style.SET
    assert type(found["X = 2"].get_boxstyle()).__name__ == "Square"
    assert colour(found["X = 2"].get_edgecolor()) == _style.COUNTERFACTUAL
    assert {colour(found[n].get_facecolor()) for n in ("M", "Y = true")} == {_style.SEEN}
    faint = [a for a in arrows(ax) if colour(a.get_edgecolor()) == _style.LINE]
    assert len(faint) == 2  # Z -> X, and X <-> Y
    assert len(ax.lines) == 4  # a cross on each
    assert len(plot.graph(GRAPH, do=["Y"]).lines) == 6
    assert not plot.graph(GRAPH, do=()).lines


def test_a_name_that_is_not_there_is_refused() -> None:
    for call in (
        lambda: plot.graph(GRAPH, do=["Q"]),
        lambda: plot.graph(MODEL, given={"u_dose": 1}),
        lambda: plot.worlds(GRAPH, do={"Q": 1}),
    ):
        with pytest.raises(UnknownName, match=r"Q|u_dose"):
            call()


def random_graph(rng: random.Random) -> CausalGraph:
    names = [f"V{i}" + "x" * rng.randrange(8) for i in range(rng.randrange(1, 10))]
    edges = [(a, b) for a, b in itertools.combinations(names, 2) if rng.random() < 0.35]
    both = [(a, b) for a, b in itertools.combinations(names, 2) if rng.random() < 0.08]
    rng.shuffle(names)
    return CausalGraph(tuple(names), tuple(edges), tuple(both))


@pytest.mark.parametrize("seed", range(30))
def test_boxes_stand_apart_causes_first_whatever_the_graph(seed: int) -> None:
    graph = random_graph(random.Random(f"plot {seed}"))
    widths = {n: 0.5 + 0.08 * len(n) for n in graph.variables}
    found = _layout.layered(graph, widths)
    assert list(found) == list(graph.variables)
    for a, b in itertools.combinations(found.values(), 2):
        across = abs(a.x - b.x) - (a.width + b.width) / 2
        assert across > 0.3 or abs(a.y - b.y) > 1.3 * _layout.HEIGHT
    for cause, effect in graph.edges:
        assert found[cause].x + found[cause].width / 2 < found[effect].x - found[effect].width / 2
    assert _layout.layered(graph, widths) == found


def test_an_edge_bends_round_a_box_in_its_way_and_only_then() -> None:
    start, end = _layout.Point(0, 0), _layout.Point(4, 0)
    free = _layout.Box(2, 1.0, 1, 0.36)
    assert _layout.bend(start, end, [free]) == 0
    in_the_way = _layout.Box(2, 0.0, 1, 0.36)
    rad = _layout.bend(start, end, [in_the_way])
    assert rad != 0
    assert min(in_the_way.distance(p) for p in _layout.arc(start, end, rad)) >= _layout.CLEAR - 1e-3
    above = _layout.bend(start, end, [in_the_way, _layout.Box(2, 0.5, 1, 0.36)])
    assert max(p.y for p in _layout.arc(start, end, above)) <= 0  # below both
    assert abs(_layout.bend(start, end, [], least=0.3)) >= 0.3


def test_long_edges_of_a_chain_with_a_shortcut_do_not_lie_on_one_another() -> None:
    found = _layout.layered(
        CausalGraph(("A", "B", "C"), (("A", "B"), ("B", "C"), ("A", "C"))), dict.fromkeys("ABC", 0.5)
    )
    assert found["A"].y == pytest.approx(found["C"].y)
    assert abs(found["B"].y - found["A"].y) > _layout.HEIGHT


def test_two_worlds_share_their_noises() -> None:
    ax: Any = plot.worlds(MODEL, do={"dose": 2.0}, given={"better": True})
    words = texts(ax)
    assert {"as it was", "had dose been 2", "dose = 2", "better = true"} <= set(words)
    assert words.count("size") == 2
    assert (words.count("dose"), words.count("dose = 2")) == (1, 1)
    dots = [p for p in ax.patches if isinstance(p, Circle)]
    assert len(dots) == 4
    assert {w for w in words if w.startswith("u_")} == {"u_size", "u_dose", "u_cured", "u_flip"}
    # Two worlds with an arrow for each edge and each reader of a noise.
    assert len(arrows(ax)) == 2 * (len(MODEL.graph.edges) + 4)
    assert len(ax.lines) == 2 * 2  # dose is cut from size and from its noise
    left, right = (next(t for t in ax.texts if t.get_text() == head) for head in ("as it was", "had dose been 2"))
    assert left.get_position()[0] < 0 < right.get_position()[0]
    assert colour(left.get_color()) == _style.FACTUAL


def test_noises_of_a_graph_stand_for_hidden_causes_too() -> None:
    ax: Any = plot.worlds(GRAPH, do=["X"], titles=("one", "other"))
    assert {"u_X", "u_Y", "u_M", "u_Z", "U", "one", "other"} <= set(texts(ax))
    assert len([p for p in ax.patches if isinstance(p, Circle)]) == 5
    places = [p.center for p in ax.patches if isinstance(p, Circle)]
    assert min(math.dist(a, b) for a, b in itertools.combinations(places, 2)) > 0.3


def test_noises_that_depend_on_one_another_are_joined() -> None:
    model = Model(
        ContinuousNoise(("a", "b", "c"), MultivariateNormal((0, 0, 0), [[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]])),
        Variable("X", noise="a"),
        Variable("Y", equation="X + b + c"),
    )
    dashed = [p for p in arrows(plot.worlds(model, do=["X"])) if p.patchA is None and p.patchB is None]
    assert len(dashed) == 1
    assert colour(dashed[0].get_edgecolor()) == _style.SOFT
    assert len([p for p in arrows(plot.graph(model)) if p.get_linestyle() != "solid"]) == 1


def test_axes_that_are_given_are_used_and_text_shrinks_with_the_boxes() -> None:
    figure, ax = plt.subplots(figsize=(2, 2))
    assert plot.graph(GRAPH, ax=ax) is ax
    assert plt.get_fignums() == [figure.number]
    sizes: Any = ax.texts[0].get_fontsize(), plot.graph(GRAPH).texts[0].get_fontsize()
    assert sizes[0] < sizes[1] == _style.SIZE


def test_every_box_holds_its_text() -> None:
    ax: Any = plot.graph(CausalGraph(("a very long name of a variable", "i"), ()), given={"i": -0.123456789})
    ax.figure.canvas.draw()
    for words, box in boxes(ax).items():
        text = next(t for t in ax.texts if t.get_text() == words)
        outer, inner = box.get_window_extent(), text.get_window_extent()
        assert outer.x0 < inner.x0
        assert inner.x1 < outer.x1
    assert "i = −0.1235" in texts(ax)


# ---------------------------------------------------------------------------------------------------------------------
# Distributions


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_a_density_is_one(scale: float) -> None:
    draws = np.random.default_rng(0).normal(3 * scale, scale, 20_000)
    x, y = density(draws, np.full(len(draws), 1 / len(draws)))
    assert np.trapezoid(y, x) == pytest.approx(1, abs=1e-6)
    exact = np.exp(-(((x - 3 * scale) / scale) ** 2) / 2) / math.sqrt(2 * math.pi) / scale
    assert np.abs(y - exact).max() < 0.02 / scale
    weights = np.where(draws > 3 * scale, 1.0, 0.0)
    x, y = density(draws, weights / weights.sum())
    assert np.trapezoid(y * x, x) == pytest.approx((3 + math.sqrt(2 / math.pi)) * scale, rel=0.01)


def test_one_value_has_a_density_too() -> None:
    for value in (0.0, 5.0, -1e6):
        x, y = density(np.full(9, value), np.full(9, 1 / 9))
        assert np.isfinite(y).all()
        assert x[0] < value < x[-1]


def test_distributions_of_draws_are_named_beside_them() -> None:
    rng = np.random.default_rng(1)
    one, two = rng.normal(0, 1, 500), rng.normal(3, 1, 500)
    ax: Any = plot.distributions({"was": one, "would be": two}, name="Y", marks={"the truth": 2.5}, title="T")
    assert set(texts(ax)) == {"was", "would be", "the truth"}
    by_text = {t.get_text(): t for t in ax.texts}
    assert colour(by_text["was"].get_color()) == _style.FACTUAL
    assert colour(by_text["would be"].get_color()) == _style.COUNTERFACTUAL
    assert by_text["was"].get_position()[0] == pytest.approx(0, abs=0.6)
    assert by_text["would be"].get_position()[0] == pytest.approx(3, abs=0.6)
    assert (ax.get_xlabel(), ax.get_title(loc="left")) == ("Y", "T")
    means = sorted(float(line.get_xdata()[0]) for line in ax.lines if len(line.get_xdata()) == 2)
    assert means == pytest.approx(sorted([one.mean(), two.mean(), 2.5]))
    assert len(ax.collections) == 2
    assert ax.get_ylim()[0] == 0


def test_weights_move_the_mean() -> None:
    ax: Any = plot.distributions({"posterior": [0.0, 1.0, 2.0]}, weights={"posterior": [0, 1, 3]})
    assert any(len(x) == 2 and x[0] == 1.75 for x in (line.get_xdata() for line in ax.lines))


def test_laws_of_states_are_bars() -> None:
    ax: Any = plot.distributions({"seen": {"no": 0.75, "yes": 0.25}, "set": {"no": 0.5, "yes": 0.5, "maybe": 0.0}})
    assert [bar.get_height() for bar in ax.patches] == [0.75, 0.25, 0.0, 0.5, 0.5, 0.0]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["no", "yes", "maybe"]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["seen", "set"]


# ---------------------------------------------------------------------------------------------------------------------
# Doses, units, growth

DOSES = np.linspace(0, 3, 7)


def test_a_dose_response_of_units_has_their_mean_and_bands() -> None:
    units = DOSES[:, None] + np.linspace(-1, 1, 101)[None, :]
    ax: Any = plot.dose_response(
        DOSES, units, units=units[:, :3], truth=DOSES, seen=([1, 2], [0.5, 2.5]), names=("mg", "Y")
    )
    mean = next(line for line in ax.lines if line.get_linewidth() == 2.0)
    assert np.allclose(mean.get_ydata(), DOSES)
    assert {"90% of units", "50% of units", "mean"} == set(texts(ax))
    bands = [c.get_paths()[0].vertices for c in ax.collections if "Poly" in type(c).__name__]
    widths = sorted(float(np.ptp(band[band[:, 0] == 3.0][:, 1])) for band in bands)
    assert widths[-2:] == pytest.approx([1.0, 1.8])
    assert len(ax.lines) == 3 + 1 + 1
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("mg", "Y")
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["as seen", "truth"]


def test_bands_may_be_given() -> None:
    ax: Any = plot.dose_response(DOSES, DOSES, bands=[(DOSES - 1, DOSES + 1)])
    assert len(ax.collections) == 1
    assert texts(ax) == ["mean"]
    assert ax.get_legend() is None


def test_a_unit_before_and_after() -> None:
    before = {"dose": 0.5, "Y": -1, "same": 2.0, "ill": True, "unmoved": "a"}
    after = {"dose": 2.0, "Y": 3, "same": 2.0, "ill": False, "unmoved": "a"}
    ax: Any = plot.before_after(before, after, intervals={"Y": (2, 3.5)}, title="Unit 3")
    assert [t.get_text() for t in ax.get_yticklabels()] == ["unmoved", "ill", "same", "Y", "dose"]
    assert {"0.5", "2", "−1", "3", "true → false", "a, unchanged", "as it was", "as it would have been"} <= set(
        texts(ax)
    )
    points = {tuple(line.get_data()[0]) + tuple(line.get_data()[1]) for line in ax.lines if len(line.get_xdata()) == 1}
    assert {(0.5, 4.0), (2.0, 4.0), (-1.0, 3.0), (3.0, 3.0), (2.0, 2.0)} == points
    scaled: Any = plot.before_after(before, after, scales={"dose": 3, "Y": 2, "same": 1})
    places = {float(line.get_xdata()[0]) for line in scaled.lines if len(line.get_xdata()) == 1}
    assert places == {0.0, 0.5, 2.0}
    words: Any = plot.before_after({"ill": True}, {"ill": False})
    assert texts(words) == ["true → false"]


def test_slopes_join_two_sides() -> None:
    ax: Any = plot.slopes([1, 2, 3], [3, 2, 5], labels=["a", "b", "c"], highlight=[1], name="Y")
    joined = [tuple(line.get_ydata()) for line in ax.lines if len(line.get_xdata()) == 2]
    assert joined == [(1, 3), (2, 2), (3, 5)]
    assert texts(ax) == ["b"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["as it was", "as it would have been"]


def test_growth_names_its_curves_without_overlap() -> None:
    ax: Any = plot.growth({"one": ([10, 1], [2, 1]), "two": ([1, 10], [1, 2.01]), "three": ([1, 10], [5, 50])})
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert [list(line.get_xdata()) for line in ax.lines] == [[1, 10]] * 3
    heights = sorted(t.xy[1] for t in ax.texts)
    assert min(b - a for a, b in itertools.pairwise(heights)) > 0.04
    assert [t.get_text() for t in sorted(ax.texts, key=lambda t: t.xy[1])][-1] == "three"
    ax.figure.canvas.draw()
    boxes_of = [t.get_window_extent() for t in ax.texts]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes_of, 2))


def test_what_cannot_be_drawn_is_refused() -> None:
    for call, words in [
        (lambda: plot.distributions({}), "nothing to draw"),
        (lambda: plot.distributions({"a": [1.0, math.nan]}), "has nan at place 1"),
        (lambda: plot.distributions({"a": ["x", None]}), "no number"),  # pyright: ignore[reportArgumentType]
        (lambda: plot.distributions({"a": []}), r"shape \(0,\)"),
        (lambda: plot.distributions({"a": [1.0], "b": {"x": 1.0}}), "do not share an axis"),
        (lambda: plot.distributions({"a": {"x": 1.5}}), "probabilities from 0 to 1"),
        (lambda: plot.distributions({"a": [1.0, 2.0]}, weights={"a": [1.0]}), "one each for 2 draws"),
        (lambda: plot.distributions({"a": [1.0, 2.0]}, weights={"a": [0, 0]}), "weights of 'a'"),
        (lambda: plot.dose_response([1, 1], [1, 2]), "doses rise"),
        (lambda: plot.dose_response([1, 2], [1, 2, 3]), "3 rows for 2 doses"),
        (lambda: plot.dose_response([1, 2], [1, 2], bands=[([1], [2])]), "1 rows for 2 doses"),
        (lambda: plot.dose_response([1, 2], [1, math.inf]), "inf at place 1"),
        (lambda: plot.dose_response([1, 2], [1, 2], seen=([1], [1, 2])), "1 doses and 2 outcomes"),
        (lambda: plot.before_after({"a": 1}, {}), "nothing to draw"),
        (lambda: plot.before_after({"a": 1}, {"a": 2}, scales={"a": 0}), "scale of 'a' is 0"),
        (lambda: plot.before_after({"a": 1}, {"a": 2}, scales={}), "scale of 'a' is None"),
        (lambda: plot.slopes([1], [1, 2]), "1 units and after 2"),
        (lambda: plot.growth({}), "nothing to draw"),
        (lambda: plot.growth({"a": ([1, 0], [1, 1])}), "above zero"),
    ]:  # fmt: skip
        with pytest.raises(InvalidQuery, match=words):
            call()
    with pytest.raises(UnknownName):
        plot.before_after({"a": 1}, {"b": 1})
    with pytest.raises(UnknownName):
        plot.distributions({"a": [1.0, 2.0]}, weights={"b": [1, 1]})


def test_without_matplotlib_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.startswith("matplotlib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for call in (lambda: plot.graph(GRAPH), lambda: plot.growth({"a": ([1], [1])})):
        with pytest.raises(MissingPackage, match=r"pip install 'twinworld\[plot\]'"):
            call()
    monkeypatch.undo()


def test_edges_seldom_hide_behind_boxes_that_they_have_nothing_to_do_with() -> None:
    """On random graphs of up to nine variables with hidden causes: fewer than one in fifty."""
    hidden = count = 0
    for seed in range(60):
        graph = random_graph(random.Random(f"clear {seed}"))
        boxes_of = _layout.layered(graph, {n: 0.5 + 0.08 * len(n) for n in graph.variables})
        bends = {pair: _layout.bend(*ends(*pair, boxes_of)) for pair in graph.edges}
        for pair, rad in (*bends.items(), *arcs(graph, boxes_of, curves(bends, boxes_of)).items()):
            start, end, rest = ends(*pair, boxes_of)
            count += 1
            hidden += any(box.distance(p) <= 0 for box in rest for p in _layout.arc(start, end, rad))
    assert count > 250
    assert hidden < count / 50
