"""What the benchmarks compare must be the same question for every engine."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import _mixed_graphs as mixed_graphs
from benchmarks import _networks as networks
from benchmarks._engines import Asked, model_of, query_of, structural_model_of
from benchmarks.identification import compared_sets, tried
from scm import CausalGraph, ask


@pytest.mark.parametrize("wanted", [3, 5])
def test_a_random_network_has_the_width_it_is_named_for(wanted: int):
    assert networks.width(networks.random_net(20, wanted, "test")) == wanted


def test_drawn_rows_follow_the_network():
    net = networks.random_net(8, 2, "test")
    rows = networks.sample(net, 50_000, np.random.default_rng(0))
    last = net.names[-1]
    law = np.asarray(ask(model_of(net), f"P({last})").value)
    shares = np.bincount(rows[last], minlength=net.sizes[last]) / 50_000
    # Six standard errors: wrong once in a thousand million runs.
    assert np.abs(shares - law).max() < 6 * 0.5 / np.sqrt(50_000)


def test_a_network_survives_its_file(tmp_path):
    net = networks.random_net(8, 2, "test")
    net.save(tmp_path / "net.npz")
    again = networks.Net.load(tmp_path / "net.npz")
    assert dict(again.parents) == dict(net.parents)
    assert all(np.array_equal(again.laws[name], net.laws[name]) for name in net.names)


@pytest.mark.parametrize("seed", range(3))
def test_the_twin_network_for_the_peers_answers_as_the_structural_model_does(seed: int):
    model = networks.random_structural(8, seed)
    imposed, seen = "V1", ("V1", "V3", "V4")
    net, other = networks.twin(model, imposed)
    target = list(other)[-1]
    rows = networks.sample(net, 50, np.random.default_rng(seed))
    columns = {f"f{i}": rows[name] for i, name in enumerate((*seen, other[imposed]))}
    ours = ask(structural_model_of(model), query_of(Asked(target, seen, imposed)), rows=columns)
    theirs = ask(model_of(net), query_of(Asked(other[target], (*seen, other[imposed]))), rows=columns)
    assert target != imposed
    np.testing.assert_allclose(np.asarray(ours.value), np.asarray(theirs.value), atol=1e-12)


def test_effects_asked_about_are_effects():
    for kind in mixed_graphs.kinds(quick=True):
        first, again = (list(mixed_graphs.effects(kind, 3)) for _ in range(2))
        assert first == again
        for effect in first:
            graph = CausalGraph(effect.names, effect.edges, effect.confounded)
            assert set(effect.treatments) <= graph.ancestors[effect.outcome] - {effect.outcome}
            assert not set(effect.given) & {*effect.treatments, effect.outcome}


def test_a_wrong_adjustment_set_is_noticed():
    """A mediator is no set to adjust for; a confounder is."""
    edges = (("Z", "X"), ("Z", "Y"), ("X", "M"), ("M", "Y"), ("X", "Y"))
    effect = mixed_graphs.Effect(("Z", "X", "M", "Y"), edges, (), ("X",), "Y", ())
    assert tried(effect, ["Z"]) == "right"
    assert tried(effect, ["Z", "M"]) == "wrong"
    assert tried(effect, []) == "wrong"
    assert compared_sets(effect, ["Z"], ["Z", "M"]) == "pgmpy's is wrong, ours is not"
