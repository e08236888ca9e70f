"""The interval for accuracy: its coverage where items come in clusters, and its honesty at 100%."""

from __future__ import annotations

import math
import random

import pytest

from llm_bridge.bench._interval import Z, accuracy_interval, canonical_text

FALSE_ALARM = 1e-6  # chance that an interval with 93% coverage fails one check of coverage
Z_FALSE_ALARM = 4.75  # one-sided normal quantile of FALSE_ALARM
LEAST = 0.93  # wanted of a nominal 95%; a method that ignores clusters has 60-80% here
RUNS = 1500


def drawn(rng: random.Random, share: float, rho: float, sizes: list[int]) -> tuple[list[bool], list[int]]:
    """Items in clusters; within one, the chance of being right is beta with mean `share` and correlation `rho`."""
    correct: list[bool] = []
    clusters: list[int] = []
    for cluster, size in enumerate(sizes):
        chance = share
        if rho:
            chance = rng.betavariate(share * (1 - rho) / rho, (1 - share) * (1 - rho) / rho)
        correct += [rng.random() < chance for _ in range(size)]
        clusters += [cluster] * size
    return correct, clusters


def missed(share: float, rho: float, sizes: list[int], *, ignore_clusters: bool = False) -> int:
    rng = random.Random(f"{share} {rho} {sizes}")
    misses = 0
    for _ in range(RUNS):
        correct, clusters = drawn(rng, share, rho, sizes)
        found = accuracy_interval(correct, range(len(correct)) if ignore_clusters else clusters)
        misses += not found.low <= share <= found.high
    return misses


def allowed() -> float:
    chance = 1 - LEAST
    return RUNS * chance + Z_FALSE_ALARM * math.sqrt(RUNS * chance * (1 - chance))


FIVES = [5] * 24  # as CounterBench: each structure under five sets of names
UNEQUAL = [1] * 20 + [2] * 10 + [4] * 5 + [8] * 5


@pytest.mark.parametrize("sizes", [FIVES, UNEQUAL], ids=["fives", "unequal"])
@pytest.mark.parametrize("rho", [0.0, 0.2, 0.6, 0.99])
@pytest.mark.parametrize("share", [0.8, 0.95])
def test_coverage_is_near_nominal_or_above(share, rho, sizes):
    misses = missed(share, rho, sizes)
    assert misses <= allowed(), f"{misses} of {RUNS} intervals miss {share}"


@pytest.mark.parametrize("share", [0.8, 0.95])
def test_the_check_of_coverage_can_fail(share):
    """Power: an interval that takes clustered items for independent ones is caught."""
    assert missed(share, 0.6, FIVES, ignore_clusters=True) > allowed()


def test_independent_items_give_the_textbook_interval():
    # Newcombe (1998), table I: Wilson's score method for 81 of 263 is 0.2553 to 0.3662.
    found = accuracy_interval([True] * 81 + [False] * 182, range(263))
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)
    assert found.effective == 263


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("sizes", [[1], [5], [1] * 100, [5] * 24, [1, 2, 30]])
def test_all_alike_is_never_certain(sizes, right):
    clusters = [cluster for cluster, size in enumerate(sizes) for _ in range(size)]
    found = accuracy_interval([right] * len(clusters), clusters)
    kish = sum(sizes) ** 2 / sum(size * size for size in sizes)
    assert found.effective == pytest.approx(kish, rel=1e-12)
    assert found.effective <= found.clusters + 1e-9
    assert (found.high if right else found.low) == right
    # The far end is that of Wilson's interval for n of n: 1 / (1 + z^2 / n).
    assert found.low == pytest.approx(1 / (1 + Z * Z / kish) if right else 0.0)
    assert found.high - found.low > 0.01


def test_copies_add_nothing():
    correct = [True] * 18 + [False] * 2
    alone = accuracy_interval(correct, range(20))
    copied = accuracy_interval(correct * 5, list(range(20)) * 5)
    assert copied.effective == pytest.approx(20)
    assert (copied.low, copied.high) == pytest.approx((alone.low, alone.high))


def test_ends_contain_the_share_and_stay_in_range():
    rng = random.Random(1)
    for _ in range(300):
        sizes = [rng.randint(1, 6) for _ in range(rng.randint(1, 12))]
        correct, clusters = drawn(rng, rng.random(), rng.choice([0.0, 0.5]), sizes)
        found = accuracy_interval(correct, clusters)
        share = sum(correct) / len(correct)
        assert 0 <= found.low <= share <= found.high <= 1, (correct, clusters)
        assert found.low < found.high
        assert 1 - 1e-9 <= found.effective <= len(correct) + 1e-9


def test_renaming_does_not_change_the_canonical_text():
    one = canonical_text("We know that Ziklo causes Blaf,  and Blaf causes not Vork. Would Vork occur if not Ziklo?")
    two = canonical_text("We know that Glent causes Razz, and Razz causes not Blaf. Would Blaf occur if not Glent?")
    other = canonical_text("We know that Glent causes Razz, and Razz causes not Blaf. Would Razz occur if not Glent?")
    assert one == two != other


def test_known_names_are_names_in_lower_case_too():
    one, two = "If the old alarm rings, the dog barks.", "If the fire rings, the dog barks."
    assert canonical_text(one) != canonical_text(two)
    assert canonical_text(one, ["old alarm", "dog"]) == canonical_text(two, ["fire", "dog"])
