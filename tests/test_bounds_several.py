"""Bounds over several blocks: against pairs of vertices, random laws, closed forms and each other."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from scm import CausalGraph, KnownLaw, parse_query
from scm.bounds._apart import dependence
from scm.bounds._asked import ZeroCondition
from scm.bounds._attain import verified
from scm.bounds._canonical import programme_of
from scm.bounds._effort import Effort
from scm.bounds._programme import Block, Clash, Ends, Limit, Polynomial, Programme, Ratio
from scm.bounds._solve import solve

Terms = list[tuple[float, dict[int, int]]]


def block(forms: object, groups: object = None, name: str = "a hidden cause", relaxed: str = "") -> Block:
    rows = np.asarray(forms, dtype=float)
    columns = rows.shape[1]
    of = np.zeros(columns, dtype=np.intp) if groups is None else np.asarray(groups, dtype=np.intp)
    return Block(name, (name,), (), np.zeros((columns, 0), dtype=np.int16), rows, of, relaxed)


def polynomial(terms: Terms, blocks: int) -> Polynomial:
    factors = np.full((len(terms), blocks), -1, dtype=np.intp)
    for row, (_, read) in zip(factors, terms, strict=True):
        for b, form in read.items():
            row[b] = form
    return Polynomial(np.array([weight for weight, _ in terms], dtype=float), factors)


def front_door(seed: int) -> tuple[Programme, tuple[np.ndarray, ...]]:
    """X -> M -> Y, X <-> Y, all binary, P(X, M, Y) known through P(M | X) and P(X) P(Y | X, M); PN of X for Y."""
    key = np.random.default_rng(seed)
    laws = key.dirichlet(np.ones(4)), key.dirichlet(np.ones(8))
    mediator = list(itertools.product([0, 1], repeat=2))  # M where X = 0, 1
    ends = list(itertools.product([0, 1], repeat=3))  # X, and Y where M = 0, 1
    first = [[float(t == u) for t in mediator] for u in mediator]
    first += [[float(t[x] == m) for t in mediator] for x in (0, 1) for m in (0, 1)]
    second = [[float(t == u) for t in ends] for u in ends]
    second += [[float(t[0] == x and t[1 + m] == y) for t in ends] for x in (0, 1) for m in (0, 1) for y in (0, 1)]
    limits = [known(first, laws[0], 0, 4 + i) for i in range(4)] + [known(second, laws[1], 1, 8 + i) for i in range(8)]
    # P(Y[X=0]=0, X=1, Y=1): M is (1 without X, 0) with Y (1, 1 -> 0), or the other way round.
    above = polynomial([(1.0, {0: mediator.index((1, 0)), 1: ends.index((1, 1, 0))}),
                        (1.0, {0: mediator.index((0, 1)), 1: ends.index((1, 0, 1))})], 2)  # fmt: skip
    below = polynomial([(1.0, {0: 4 + 2 + m, 1: 8 + 4 + 2 * m + 1}) for m in (0, 1)], 2)
    blocks = block(first, name="the cause of M"), block(second, name="the cause of X and Y")
    return Programme(blocks, tuple(limits), (Ratio(1.0, above, below),), ("the law",), 0.0, 1.0), laws


def known(forms: list[list[float]], law: np.ndarray, b: int, form: int) -> Limit:
    value = float(np.dot(forms[form], law))
    return Limit(polynomial([(1.0, {b: form})], 2), value, value, 0)


def random_programme(
    seed: int, sizes: tuple[int, ...], *, limits: int = 2, joint: int = 0, ratio: bool = False
) -> tuple[Programme, tuple[np.ndarray, ...]]:
    """Random forms of zeros and ones, limits that a random law meets, a random multilinear query."""
    key = np.random.default_rng(seed)
    laws = tuple(key.dirichlet(np.ones(n)) for n in sizes)
    blocks = tuple(block(key.random((3 + limits, n)) < 0.5) for n in sizes)
    values = tuple(x.forms @ law for x, law in zip(blocks, laws, strict=True))

    def some(terms: int, sign: float) -> Polynomial:
        weights = key.normal(size=terms) if sign == 0 else np.abs(key.normal(size=terms))
        read = [{b: int(key.integers(3)) for b in range(len(sizes)) if key.random() < 0.85} for _ in range(terms)]
        return polynomial(list(zip(weights.tolist(), read, strict=True)), len(sizes))

    def limit(of: Polynomial, source: int) -> Limit:
        at, wide = of.at(values), 0.04 if key.random() < 0.5 else 0.0
        return Limit(of, at - wide, at + wide, source)

    single = [(b, 3 + i) for b in range(len(sizes)) for i in range(limits)]
    told = [limit(polynomial([(1.0, {b: form})], len(sizes)), 0) for b, form in single]
    told += [limit(some(3, 0.0), 1) for _ in range(joint)]
    query = Ratio(1.0, some(5, 0.0))
    if ratio:
        below = some(5, 1.0)
        query = Ratio(1.0, Polynomial(below.weights[:2], below.factors[:2]), below)
    return Programme(blocks, tuple(told), (query,), ("one", "several")), laws


def vertices(programme: Programme, b: int) -> list[np.ndarray]:
    """The vertices of the laws of a block: every choice of columns and tight limits, solved and checked."""
    this, rows, ends = programme.blocks[b], [np.ones(programme.blocks[b].columns)], [(1.0, 1.0)]
    for limit in programme.limits:
        if (limit.polynomial.factors[:, b] >= 0).all():
            rows.append(limit.polynomial.weights @ this.forms[limit.polynomial.factors[:, b]])
            ends.append((limit.low, limit.high))
    matrix, found = np.array(rows), []
    fixed = [i for i, (low, high) in enumerate(ends) if low == high]
    free = [i for i in range(len(ends)) if i not in fixed]
    for sides in itertools.product((None, 0, 1), repeat=len(free)):
        tight = fixed + [i for i, side in zip(free, sides, strict=True) if side is not None]
        right = [ends[i][0] for i in fixed] + [ends[i][s] for i, s in zip(free, sides, strict=True) if s is not None]
        for columns in itertools.combinations(range(this.columns), min(len(tight), this.columns)):
            part = matrix[np.ix_(tight, columns)]
            if part.shape[0] == part.shape[1] and abs(np.linalg.det(part)) > 1e-9:
                law = np.zeros(this.columns)
                law[list(columns)] = np.linalg.solve(part, right)
                value = matrix @ law
                inside = all(low - 1e-9 <= x <= high + 1e-9 for x, (low, high) in zip(value, ends, strict=True))
                if law.min() > -1e-9 and inside:
                    found.append(law)
    return found


def solved(programme: Programme, effort: Effort | None = None) -> Ends:
    found = solve(programme, effort)
    assert isinstance(found, Ends)
    for end in (found.lower, found.upper):
        if end.laws is not None:
            assert programme.broken(end.laws) < 1e-7
            assert all(law.min() >= 0 for law in end.laws)
            np.testing.assert_allclose(programme.at(end.laws), end.inner, atol=1e-9)
    assert not found.lower.inner < found.lower.outer
    assert not found.upper.inner > found.upper.outer
    return found


@pytest.mark.parametrize("seed", range(8))
def test_necessity_behind_the_front_door(seed: int) -> None:
    """PN is a sum of products: its ends are at pairs of vertices, here the ends of three ranges (Frechet)."""
    programme, laws = front_door(seed)
    ends = solved(programme)
    assert ends.sharp
    below = sum(
        (laws[0] @ programme.blocks[0].forms[6 + m]) * (laws[1] @ programme.blocks[1].forms[13 + 2 * m]) for m in (0, 1)
    )
    up, without = laws[0] @ programme.blocks[0].forms[7], laws[0] @ programme.blocks[0].forms[5]  # P(M=1 | X=1), X=0
    one = [laws[1] @ programme.blocks[1].forms[13 + 2 * m] for m in (0, 1)]  # P(X=1, Y[m]=1)
    cause = laws[1][4:].sum()
    moves = [max(0.0, up - without), min(up, 1 - without)]  # P(M[1]=1, M[0]=0)
    turns = [max(0.0, one[1] - one[0]), min(one[1], cause - one[0])]  # P(X=1, Y[m=1]=1, Y[m=0]=0)
    values = [(m * t + (m - up + without) * (t - one[1] + one[0])) / below for m in moves for t in turns]
    np.testing.assert_allclose([ends.lower.inner, ends.upper.inner], [min(values), max(values)], atol=1e-9)
    np.testing.assert_allclose([ends.lower.outer, ends.upper.outer], [min(values), max(values)], atol=1e-6)
    assert ends.lower.outer <= programme.at(laws) <= ends.upper.outer


@pytest.mark.parametrize("ratio", [False, True])
@pytest.mark.parametrize("sizes", [(4, 5), (3, 4, 4)])
def test_ends_are_at_vertices(sizes: tuple[int, ...], ratio: bool) -> None:
    """Without limits on several blocks a multilinear query (or ratio) has its ends where all laws are vertices."""
    for seed in range(6):
        programme, laws = random_programme(seed, sizes, ratio=ratio, limits=1)
        corners = itertools.product(*(vertices(programme, b) for b in range(len(sizes))))
        values = [programme.at(corner) for corner in corners]
        try:
            ends = solved(programme)
        except ZeroCondition:
            assert np.isnan(programme.at(laws))
            continue
        assert ends.sharp
        expected = [np.nanmin(values), np.nanmax(values)]
        np.testing.assert_allclose([ends.lower.outer, ends.upper.outer], expected, atol=1e-6)
        np.testing.assert_allclose([ends.lower.inner, ends.upper.inner], expected, atol=1e-6)


@pytest.mark.parametrize("ratio", [False, True])
def test_limits_on_several_blocks(ratio: bool) -> None:
    """The truth is inside, inner ends are attained, and no law from elsewhere that meets the limits lies outside."""
    for seed in range(4):
        programme, laws = random_programme(seed, (4, 5), joint=1, ratio=ratio)
        ends = solved(
            replace(programme, floor=0.0, ceiling=1.0) if ratio else programme, Effort(work=6.0, tolerance=1e-3)
        )
        assert ends.lower.outer - 1e-9 <= programme.at(laws) <= ends.upper.outer + 1e-9
        assert ends.lower.inner <= ends.upper.inner
        assert ends.upper.outer - ends.upper.inner < 1e-3
        assert ends.lower.inner - ends.lower.outer < 1e-3


def test_products_are_known() -> None:
    """P(X, M, Y) as products of both blocks says what P(M | X) and P(X) P(Y | X, M) say, however hard it is to see."""
    programme, laws = front_door(0)
    values = tuple(x.forms @ law for x, law in zip(programme.blocks, laws, strict=True))
    limits: list[Limit] = []
    for x, m, y in itertools.product((0, 1), repeat=3):
        both = polynomial([(1.0, {0: 4 + 2 * x + m, 1: 8 + 4 * x + 2 * m + y})], 2)
        limits.append(Limit(both, both.at(values), both.at(values), 0))
    plain, hard = solved(programme), solved(replace(programme, limits=tuple(limits)), Effort(branches=60))
    assert hard.lower.outer <= plain.lower.outer + 1e-9
    assert hard.upper.outer >= plain.upper.outer - 1e-9
    np.testing.assert_allclose([hard.lower.inner, hard.upper.inner], [plain.lower.inner, plain.upper.inner], atol=1e-6)


def test_the_same_every_time() -> None:
    programme, _ = random_programme(3, (4, 5), joint=1)
    first, second = (solved(programme, Effort(branches=40, seconds=1e6)) for _ in range(2))
    for one, other in ((first.lower, second.lower), (first.upper, second.upper)):
        assert (one.outer, one.inner) == (other.outer, other.inner)
        assert one.laws is not None
        assert other.laws is not None
        assert all(np.array_equal(a, b) for a, b in zip(one.laws, other.laws, strict=True))


def test_more_effort_never_widens() -> None:
    programme, _ = random_programme(5, (4, 5), joint=1)
    widths = [solved(programme, Effort(branches=n)) for n in (1, 8, 40)]
    for less, more in itertools.pairwise(widths):
        assert more.lower.outer >= less.lower.outer - 1e-12
        assert more.upper.outer <= less.upper.outer + 1e-12


def test_a_true_limit_never_widens() -> None:
    for seed in range(3):
        programme, laws = random_programme(seed, (4, 5))
        form = np.ones(1), np.array([[0, 1]], dtype=np.intp)
        value = Polynomial(*form).at(tuple(x.forms @ law for x, law in zip(programme.blocks, laws, strict=True)))
        more = replace(programme, limits=(*programme.limits, Limit(Polynomial(*form), value - 0.01, value + 0.01, 1)))
        before, after = solved(programme), solved(more, Effort(branches=40))
        assert after.lower.outer >= before.lower.outer - 1e-8
        assert after.upper.outer <= before.upper.outer + 1e-8


def test_what_clashes() -> None:
    """A product that its factors cannot reach: both sources are named, and not the third."""
    programme, laws = front_door(1)
    m, x = 4 + 2 + 1, 8 + 4 + 2 + 1
    product = float(laws[0] @ programme.blocks[0].forms[m]) * float(laws[1] @ programme.blocks[1].forms[x])
    wrong = Limit(polynomial([(1.0, {0: m, 1: x})], 2), product + 0.05, 1.0, 1)
    idle = Limit(polynomial([(1.0, {0: 0, 1: 0})], 2), -1.0, 1.0, 2)
    sources = ("the law", "the product", "nothing")
    found = solve(replace(programme, limits=(*programme.limits, wrong, idle), sources=sources))
    assert isinstance(found, Clash)
    assert found.sources == (0, 1)
    assert found.by > 1e-3
    assert isinstance(solve(replace(programme, limits=(wrong, idle), sources=sources)), Ends)


def test_what_clashes_among_many_products() -> None:
    """Programmes of many columns go to an interior point method, which says that they are infeasible but not why."""
    programme, _ = random_programme(0, (24, 24))
    wrong = Limit(polynomial([(1.0, {0: 0, 1: 0})], 2), 1.05, 2.0, 1)
    found = solve(replace(programme, limits=(*programme.limits, wrong)))
    assert isinstance(found, Clash)
    assert found.sources == (1,)
    assert 0.04 < found.by <= 0.05


def test_the_clock_decides_nothing() -> None:
    """Work is counted; what is left of it is shared by all that is solved with it."""
    programme, _ = random_programme(5, (4, 5), joint=1)
    slow, usual = (solved(programme, Effort(work=0.2, seconds=seconds)) for seconds in (1e6, 60.0))
    assert (slow.lower.outer, slow.upper.outer) == (usual.lower.outer, usual.upper.outer)
    shared = Effort(work=0.2).shared()
    assert shared.meter is not None
    solved(programme, shared.part(0.5))
    assert 0.0 < shared.meter.work < 0.2
    assert not shared.meter.over


def test_rounded_numbers_do_not_clash() -> None:
    programme, laws = front_door(2)
    nudged = tuple(
        Limit(x.polynomial, x.low + 3e-11 * (-1) ** i, x.high + 3e-11 * (-1) ** i, x.source)
        for i, x in enumerate(programme.limits)
    )
    ends = solve(replace(programme, limits=nudged))
    assert isinstance(ends, Ends)
    assert ends.lower.outer - 1e-8 <= programme.at(laws) <= ends.upper.outer + 1e-8


def test_a_condition_that_is_impossible() -> None:
    programme, _ = front_door(0)
    ratio = programme.query[0]
    never = polynomial([(1.0, {0: 1, 1: 3}), (-1.0, {0: 1, 1: 3})], 2)
    with pytest.raises(ZeroCondition):
        solve(replace(programme, query=(Ratio(1.0, ratio.above, never),)))
    gone = (*programme.limits[4:], Limit(polynomial([(1.0, {0: 0})], 2), 0.0, 0.0, 0))
    impossible = Ratio(1.0, polynomial([(1.0, {0: 0, 1: 0})], 2), polynomial([(1.0, {0: 0, 1: 1})], 2))
    with pytest.raises(ZeroCondition):
        solve(replace(programme, limits=gone, query=(impossible,)))


NAPKIN = CausalGraph(("W", "R", "X", "Y"), (("W", "R"), ("R", "X"), ("X", "Y")), (("W", "X"), ("W", "Y")))
CHAIN = CausalGraph(("X", "A", "Y"), (("X", "Y"),), (("X", "A"), ("A", "Y")))


def drawn(graph: CausalGraph, seed: int) -> tuple[KnownLaw, float, float]:
    """A random binary model with one hidden cause for each pair: its law, P(Y[X=1]=1) and P(Y[X=0]=0, Y[X=1]=1)."""
    key = np.random.default_rng(seed)
    order, pairs = graph.order, graph.confounded
    hidden = [key.dirichlet(np.ones(3)) for _ in pairs]
    own = {name: key.dirichlet(np.ones(2)) for name in order}
    causes = {name: [a for a, b in graph.edges if b == name] for name in order}
    near = {name: [i for i, pair in enumerate(pairs) if name in pair] for name in order}
    rules = {n: key.integers(0, 2, size=(2,) * len(causes[n]) + (3,) * len(near[n]) + (2,)) for n in order}

    def states(common: tuple[int, ...], private: dict[str, int], **do: int) -> dict[str, int]:
        found: dict[str, int] = {}
        for n in order:
            where = (*(found[c] for c in causes[n]), *(common[i] for i in near[n]), private[n])
            found[n] = do[n] if n in do else int(rules[n][where])
        return found

    law, effect, both = np.zeros((2,) * len(order)), 0.0, 0.0
    for common in itertools.product(range(3), repeat=len(pairs)):
        for noise in itertools.product(range(2), repeat=len(order)):
            private = dict(zip(order, noise, strict=True))
            weight = float(np.prod([p[i] for p, i in zip(hidden, common, strict=True)]))
            weight *= float(np.prod([own[n][i] for n, i in private.items()]))
            law[tuple(states(common, private).values())] += weight
            up, down = states(common, private, X=1)["Y"], states(common, private, X=0)["Y"]
            effect, both = effect + weight * (up == 1), both + weight * (up == 1 and down == 0)
    return KnownLaw(order, law), effect, both


@pytest.mark.parametrize("graph", [NAPKIN, CHAIN], ids=["napkin", "chain"])
def test_hidden_causes_that_share_a_middle(graph: CausalGraph) -> None:
    """W <-> X and W <-> Y: ends are those of models with two independent causes, inside those of one common cause."""
    states = dict.fromkeys(graph.variables, (0, 1))
    for seed in (2, 3):
        law, effect, both = drawn(graph, seed)
        for text, truth in (("P(Y[X=1]=1)", effect), ("P(Y[X=0]=0, Y[X=1]=1)", both)):
            query = parse_query(text)
            programme = programme_of(graph, states, query, [law], [], ["the law"])
            ends = solved(programme, Effort(branches=200))
            assert ends.lower.outer - 1e-8 <= truth <= ends.upper.outer + 1e-8
            one = solve(replace(programme, blocks=tuple(replace(x, apart=None) for x in programme.blocks)))
            assert isinstance(one, Ends)
            assert one.lower.outer - 1e-8 <= ends.lower.outer
            assert one.upper.outer + 1e-8 >= ends.upper.outer
            assert not one.sharp or not any(block.relaxed for block in programme.blocks)
            for end in (ends.lower, ends.upper):
                assert end.laws is not None
                assert max(dependence(x, p) for x, p in zip(programme.blocks, end.laws, strict=True)) < 1e-9
                value, missed = verified(graph, states, programme, end.laws, query, given=[law])
                np.testing.assert_allclose(value, end.inner, atol=1e-8)
                assert missed < 1e-7
            if graph is NAPKIN and text == "P(Y[X=1]=1)":
                np.testing.assert_allclose([ends.lower.outer, ends.upper.outer], effect, atol=1e-6)


@pytest.mark.parametrize("ratio", [False, True])
def test_too_many_products(ratio: bool) -> None:
    """Without a relaxation ends are wider, and still both there: ranges from outside, descents from inside."""
    for seed in range(3):
        programme, laws = random_programme(seed, (4, 4, 5), ratio=ratio)
        bounded = replace(programme, floor=0.0, ceiling=1.0) if ratio else programme
        full, rough = solved(bounded), solved(bounded, Effort(cells=1))
        assert rough.lower.outer <= full.lower.outer + 1e-9
        assert rough.upper.outer >= full.upper.outer - 1e-9
        assert full.lower.outer - 1e-9 <= programme.at(laws) <= full.upper.outer + 1e-9
        assert full.lower.outer - 1e-9 <= rough.lower.inner <= rough.upper.inner <= full.upper.outer + 1e-9
