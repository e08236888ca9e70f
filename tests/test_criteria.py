"""The named criteria: estimands against the truth of random models, sets against definitions, known cases."""

import random
from itertools import permutations, product

import numpy as np
import pytest

from scm import (
    CausalGraph,
    JointLaws,
    Probability,
    alternatives,
    evaluate_estimand,
    front_door_sets,
    is_front_door_set,
    is_sequential_plan,
    parse_query,
    print_estimand,
    sequential_plan,
)
from scm._study import KnownLaw
from scm.identify import Available, by_criterion
from scm.identify._criteria import _Search  # pyright: ignore[reportPrivateUsage]
from scm.identify._formulas import stepwise
from scm.identify._one_world import read_term
from tests.graphs import paths, random_graph, separated_by_paths, subsets
from tests.plain_law import BinaryModel, evaluate, probability

CONFOUNDED = CausalGraph(("X", "Y", "Z"), (("Z", "X"), ("Z", "Y"), ("X", "Y")))
FRONT_DOOR = CausalGraph(("X", "M", "Y"), (("X", "M"), ("M", "Y")), (("X", "Y"),))
# Pearl (2009), figure 4.4: two treatments, PCP episodes between them, history and disposition never recorded.
PLAN = CausalGraph(
    ("U1", "U2", "X1", "Z", "X2", "Y"),
    (
        ("U1", "X1"),
        ("U1", "Z"),
        ("U2", "Z"),
        ("U2", "Y"),
        ("X1", "Z"),
        ("Z", "X2"),
        ("X1", "X2"),
        ("X1", "Y"),
        ("X2", "Y"),
    ),
    hidden=("U1", "U2"),
)


def estimand_of(graph, text):
    found = by_criterion(graph, parse_query(text))
    assert found is not None
    assert found.estimand is not None
    return found


def formula(found):
    assert found.estimand is not None
    return found.estimand


def value_on(graph, text, joint, names, states=None):
    """What the criterion's estimand is on a joint law."""
    laws = JointLaws([KnownLaw(names, np.asarray(joint))])
    found = estimand_of(graph, text)
    every = {name: (states or {}).get(name, (0, 1)) for name in names}
    return evaluate_estimand(formula(found), laws, every, axes=found.axes)


def random_question(rng: random.Random):
    """A random graph, and values to impose and to ask for."""
    graph = random_graph(rng, 6, hidden=0.1)
    names = list(graph.observed)
    rng.shuffle(names)
    causes = min(rng.choice([1, 1, 2, 3]), len(names) - 1)
    if causes < 1:
        return None
    effects = 2 if rng.random() < 0.2 and len(names) > causes + 1 else 1
    do = {name: rng.randint(0, 1) for name in names[:causes]}
    asked = {name: rng.randint(0, 1) for name in names[causes : causes + effects]}
    rest = names[causes + effects :] if rng.random() < 0.3 else []
    return graph, do, asked, {name: rng.randint(0, 1) for name in rest[:1]}


def test_effects_on_groups_are_right_on_random_models():
    """Shpitser & Pearl (2009): P(Y[x] | X = x') by adjustment, also for several causes, against units one by one."""
    rng, numbers = random.Random(8), np.random.default_rng(8)
    seen = 0
    for _ in range(500):
        question = random_question(rng)
        if question is None:
            continue
        graph, do, asked, given = question
        had = {name: rng.randint(0, 1) for name in do if rng.random() < 0.8}
        worlds = ", ".join(f"{y}[{cells_text(do)}]={value}" for y, value in asked.items())
        query = parse_query(f"P({worlds} | {cells_text(had | given)})") if had | given else None
        found = None if query is None else by_criterion(graph, query)
        if found is None or found.method == "seeing":
            continue
        model = BinaryModel(graph, numbers)
        truth = model.joint_with(do, asked, had | given)
        assert evaluate(found.estimand, graph.observed, model.law()) == pytest.approx(truth, abs=1e-12)
        seen += bool(had)
    assert seen > 30


def cells_text(cells):
    return ", ".join(f"{name}={value}" for name, value in cells.items())


def test_every_estimand_is_right_on_random_models():
    rng, numbers = random.Random(1), np.random.default_rng(1)
    seen: dict[str, int] = {}
    for _ in range(600):
        question = random_question(rng)
        if question is None:
            continue
        graph, do, asked, given = question
        said = f", {cells_text(given)}" if given else ""
        query = parse_query(f"P({cells_text(asked)} | do({cells_text(do)}){said})")
        model = BinaryModel(graph, numbers)
        done = model.law(do)
        truth = probability(graph.observed, done, asked | given) / probability(graph.observed, done, given)
        first = by_criterion(graph, query)
        found = [] if first is None else [first, *alternatives(graph, query)]
        for each in found:
            assert evaluate(each.estimand, graph.observed, model.law()) == pytest.approx(truth, abs=1e-12)
            seen[str(each.method)] = seen.get(str(each.method), 0) + 1
        for method in ("front-door", "g-formula"):
            other = _Search(graph, Available(graph.observed), (method,)).query(query)
            if other is not None and other.method == method:
                assert evaluate(other.estimand, graph.observed, model.law()) == pytest.approx(truth, abs=1e-12)
                seen[method] = seen.get(method, 0) + 1
    assert min(seen[m] for m in ("seeing", "adjustment", "front-door", "g-formula")) >= 5


def front_door_by_paths(graph, causes, effects, by):
    """Pearl (2009), definition 3.3.3, for sets: every path looked at."""
    through = [p for x in causes for y in effects for p in paths(graph, x, y)]
    directed = [p for p in through if all((a, b) == ("tail", "head") for a, _, b in p)]
    if any(not {name for _, name, _ in p} & by for p in directed):
        return False
    return separated_by_paths(without_effects(graph, causes), causes, by, set()) and separated_by_paths(
        without_effects(graph, by), by, effects, causes
    )


def without_effects(graph, names):
    """The graph without the directed edges out of `names`."""
    return CausalGraph(graph.variables, tuple(e for e in graph.edges if e[0] not in names), graph.confounded)


def test_front_door_sets_are_those_of_the_definition():
    rng = random.Random(4)
    seen = 0
    for _ in range(2000):
        graph = random_graph(rng, 6, density=0.35, hidden=0.1)
        names = list(graph.observed)
        rng.shuffle(names)
        causes = 2 if rng.random() < 0.3 else 1
        if len(names) <= causes:
            continue
        x, y = set(names[:causes]), {names[causes]}
        rest = [name for name in names if name not in x | y]
        right = [set(by) for by in subsets(rest) if is_front_door_set(graph, x, y, by)]
        assert right == [set(by) for by in subsets(rest) if front_door_by_paths(graph, x, y, set(by))]
        minimal = {frozenset(by) for by in right if not any(other < by for other in right)}
        listed = list(front_door_sets(graph, x, y))
        assert {frozenset(by) for by in listed} == minimal
        assert len(listed) == len(minimal)
        seen += sum(bool(by) for by in minimal)
    assert seen > 20


def test_a_plan_is_found_wherever_there_is_one():
    """Against every order of the treatments and every choice of covariates; each plan's formula is right."""
    rng, numbers = random.Random(6), np.random.default_rng(6)
    right = wrong = 0
    for _ in range(600):
        graph = random_graph(rng, 5, density=0.5)
        names = list(graph.observed)
        rng.shuffle(names)
        if len(names) < 4:
            continue
        causes, effect, rest = names[:2], names[2], names[3:]
        plans = [
            tuple(zip(order, chosen, strict=True))
            for order in permutations(causes)
            for chosen in product(subsets(rest), repeat=2)
            if not set(chosen[0]) & set(chosen[1])
        ]
        plans = [plan for plan in plans if is_sequential_plan(graph, plan, effect)]
        found = sequential_plan(graph, causes, effect)
        assert (found is None) == (not plans)
        if found is None:
            wrong += 1
            continue
        assert is_sequential_plan(graph, found, effect)
        query = parse_query(f"P({effect}=1 | do({causes[0]}=1, {causes[1]}=0))")
        assert isinstance(query, Probability)
        asked = read_term(graph, query)
        assert asked is not None
        if {name for name, _ in asked.do} != set(causes):
            continue
        model = BinaryModel(graph, numbers)
        truth = probability(names_of(graph), model.law({causes[0]: 1, causes[1]: 0}), {effect: 1})
        for plan in plans:
            assert evaluate(stepwise(asked, plan, ""), names_of(graph), model.law()) == pytest.approx(truth, abs=1e-12)
            right += 1
    assert right > 60
    assert wrong > 20


def names_of(graph):
    return graph.observed


def test_the_plan_of_the_book():
    """Pearl (2009), section 4.4.2: sum_z P(y | z, x1, x2) P(z | x1)."""
    assert sequential_plan(PLAN, ("X1", "X2"), "Y") == (("X1", ()), ("X2", ("Z",)))
    found = estimand_of(PLAN, "P(Y=1 | do(X1=1, X2=0))")
    assert found.method == "g-formula"
    assert print_estimand(formula(found)) == "sum_z P(Y=1 | X1=1, X2=0, Z=z) P(Z=z | X1=1)"
    assert "X2, {Z}" in found.derivation[-1].reason


def test_smoking_and_tar():
    """Pearl (2009), table 3.1 (REFERENCE_CASES 16): .4525 and .4975, where the naive numbers are .8525 and .0975."""
    weights = np.array([[0.475, 0.025], [0.025, 0.475]])  # (smoking, tar)
    cancer = np.array([[0.10, 0.05], [0.90, 0.85]])
    joint = np.stack([weights * (1 - cancer), weights * cancer], axis=-1)
    names = ("X", "M", "Y")
    for x, effect, naive in ((1, 0.4525, 0.8525), (0, 0.4975, 0.0975)):
        assert value_on(FRONT_DOOR, f"P(Y=1 | do(X={x}))", joint, names) == pytest.approx(effect, abs=1e-12)
        assert value_on(FRONT_DOOR, f"P(Y=1 | X={x})", joint, names) == pytest.approx(naive, abs=1e-12)
    found = estimand_of(FRONT_DOOR, "P(Y=1 | do(X=1))")
    assert found.method == "front-door"
    assert print_estimand(formula(found)) == "sum_m P(M=m | X=1) sum_x' P(Y=1 | M=m, X=x') P(X=x')"
    assert "{M} cuts every causal path, such as X -> M -> Y" in found.derivation[-1].reason


def counts_joint(counts):
    """A joint law (treatment, stratum, outcome) from (successes, total) of each."""
    table = np.array([[[total - good, good] for good, total in row] for row in counts], dtype=float)
    return table / table.sum()


def test_kidney_stones():
    """Charig et al. (1986) (REFERENCE_CASES 28): A does better on each size of stone and worse overall."""
    joint = counts_joint([[(234, 270), (55, 80)], [(81, 87), (192, 263)]])  # B then A; small then large
    names = ("X", "Z", "Y")
    assert value_on(CONFOUNDED, "P(Y=1 | X=1)", joint, names) == pytest.approx(0.780, abs=5e-4)
    assert value_on(CONFOUNDED, "P(Y=1 | X=0)", joint, names) == pytest.approx(0.8257, abs=5e-5)
    assert value_on(CONFOUNDED, "P(Y=1 | do(X=1))", joint, names) == pytest.approx(0.8325, abs=5e-5)
    assert value_on(CONFOUNDED, "P(Y=1 | do(X=0))", joint, names) == pytest.approx(0.7789, abs=5e-5)
    assert value_on(CONFOUNDED, "E[Y[X=1] - Y[X=0]]", joint, names) == pytest.approx(0.0537, abs=5e-5)


def test_simpson_reversal_depends_on_the_graph():
    """Pearl (2009), section 6.1 (REFERENCE_CASES 28b): the same counts, gender before or a mediator after the drug."""
    joint = counts_joint([[(7, 10), (9, 30)], [(18, 30), (2, 10)]])  # no drug, drug; men then women
    names = ("X", "Z", "Y")
    after = CausalGraph(("X", "Y", "Z"), (("X", "Z"), ("Z", "Y"), ("X", "Y")))
    assert value_on(CONFOUNDED, "P(Y=1 | do(X=1))", joint, names) == pytest.approx(0.4)
    assert value_on(CONFOUNDED, "P(Y=1 | do(X=0))", joint, names) == pytest.approx(0.5)
    assert value_on(after, "P(Y=1 | do(X=1))", joint, names) == pytest.approx(0.5)
    assert value_on(after, "P(Y=1 | do(X=0))", joint, names) == pytest.approx(0.4)


def test_berkeley():
    """Bickel, Hammel & O'Connell (1975), six departments (REFERENCE_CASES 29)."""
    men = [(512, 825), (353, 560), (120, 325), (138, 417), (53, 191), (22, 373)]
    women = [(89, 108), (17, 25), (202, 593), (131, 375), (94, 393), (24, 341)]
    joint = counts_joint([men, women])
    graph = CausalGraph(("G", "D", "A"), (("G", "D"), ("D", "A"), ("G", "A")))
    names, states = ("G", "D", "A"), {"D": tuple("ABCDEF")}

    def value(text):
        return value_on(graph, text, joint, names, states)

    assert value("P(A=1 | G=0)") == pytest.approx(0.4452, abs=5e-5)
    assert value("P(A=1 | G=1)") == pytest.approx(0.3035, abs=5e-5)
    assert value("P(A=1 | do(G=1)) - P(A=1 | do(G=0))") == pytest.approx(-0.1416, abs=5e-5)
    by_department = [
        value(f"P(A=1 | do(G=1, D='{d}')) - P(A=1 | do(G=0, D='{d}'))") * joint.sum(axis=(0, 2))[k]
        for k, d in enumerate("ABCDEF")
    ]
    assert sum(by_department) == pytest.approx(0.0426, abs=5e-5)


def test_what_is_read_as_one_world():
    model = BinaryModel(CONFOUNDED, np.random.default_rng(2))
    joint, names = model.law(), CONFOUNDED.observed
    done = [model.law({"X": x}) for x in (0, 1)]
    mean = [probability(names, law, {"Y": 1}) for law in done]
    both = probability(names, done[1], {"Y": 1, "Z": 0})
    either = mean[1] + probability(names, done[1], {"Z": 0}) - both
    for text, want in (
        ("E[Y | do(X=1)] - E[Y | do(X=0)]", mean[1] - mean[0]),
        ("E[Y[X=1] - Y[X=0]]", mean[1] - mean[0]),
        ("P(Y=1 | do(X=1)) / P(Y=1 | do(X=0))", mean[1] / mean[0]),
        ("2 * P(Y=1 | do(X=1)) - 1", 2 * mean[1] - 1),
        ("E[3 + 2 * Y[X=1] - Y[X=0]]", 3 + 2 * mean[1] - mean[0]),
        ("P(Y[X=1]=1 or Z=0)", either),
        ("P(Y=1, Z=0 | do(X=1))", both),
        ("P(Y[X=1]=1, Z=0)", both),
        ("P(Y[X=1]=1 | Z=0)", both / probability(names, joint, {"Z": 0})),
        ("P(Z=1 | do(X=1))", probability(names, joint, {"Z": 1})),
        ("P(Y[X=1]=1 | X=0)", model.joint_with({"X": 1}, {"Y": 1}, {"X": 0})),
        ("P(Y[X=0]=1 | X=0, Z=1)", model.joint_with({"X": 0}, {"Y": 1}, {"X": 0, "Z": 1})),
        ("P(Y=1 | X=0)", probability(names, joint, {"Y": 1, "X": 0}) / probability(names, joint, {"X": 0})),
    ):
        assert evaluate(estimand_of(CONFOUNDED, text).estimand, names, joint) == pytest.approx(want, abs=1e-12), text


@pytest.mark.parametrize(
    "text",
    [
        "P(Y[X=1]=1 | X=0, Y=0)",
        "P(Y[X=1]=1, X=0)",
        "P(Y[X=1]=1, Y[X=0]=0)",
        "P(Y=1 | do(X=1), M=0)",  # given an effect of the cause: the general routine's
        "P(Y[X=Z]=1)",
        "E[Y[X=1] * Y[X=0]]",
        "P(Y[X := 1 - X]=1)",
    ],
)
def test_other_questions_are_left_to_the_general_routine(text):
    graph = CausalGraph((*CONFOUNDED.variables, "M"), (*CONFOUNDED.edges, ("X", "M"), ("M", "Y")))
    assert by_criterion(graph, parse_query(text)) is None


def test_what_is_not_given_by_a_criterion_is_left():
    bow = CausalGraph(("X", "Y"), (("X", "Y"),), (("X", "Y"),))
    assert by_criterion(bow, parse_query("P(Y=1 | do(X=1))")) is None


def test_an_experiment_alone_is_no_law_of_what_is_seen():
    query = parse_query("P(Y=1 | do(X=1))")
    trial = Available(("Y", "Z"), do=("X",), name="trial")
    assert by_criterion(CONFOUNDED, query, (trial,)) is None
    found = by_criterion(CONFOUNDED, query, (trial, Available(("X", "Y", "Z"), name="cohort")))
    assert found is not None
    assert found.estimand is not None
    assert print_estimand(formula(found)).count("cohort") == 2


def test_what_a_law_does_not_measure_is_not_used():
    """Of two adjustment sets the one that a study has measured; none where it measured neither."""
    graph = CausalGraph(("A", "B", "X", "Y"), (("A", "X"), ("A", "B"), ("B", "Y"), ("X", "Y")))
    query = parse_query("P(Y=1 | do(X=1))")
    for measured, by in ((("X", "Y", "A"), ("A",)), (("X", "Y", "B"), ("B",)), (("X", "Y"), None), (("A", "B"), None)):
        found = by_criterion(graph, query, (Available(measured),))
        assert (None if found is None else found.adjustment) == by


def test_the_derivation_names_the_facts():
    found = estimand_of(CONFOUNDED, "E[Y | do(X=1)] - E[Y | do(X=0)]")
    assert (found.method, found.adjustment) == ("adjustment", ("Z",))
    first = found.derivation[0]
    assert first.claim == "E[Y[X=1]] = sum_{y, z} y P(Y=y | X=1, Z=z) P(Z=z)"
    assert first.reason.startswith("confounding: X <- Z -> Y; {Z} blocks every non-causal path from X to Y")
    assert found.derivation[1].reason == "as before"
    assert [a.granted_by for a in found.assumptions] == ["the method"]
    assert "X, Z" in found.assumptions[0].text
    dropped = estimand_of(CONFOUNDED, "P(Z=1 | do(X=1))")
    assert dropped.derivation[0].reason == "no directed path leads from X to Z"
    assert not dropped.assumptions


def test_other_ways_to_the_same_effect():
    """Front door and back door in one graph, and two adjustment sets."""
    graph = CausalGraph(("A", "B", "X", "M", "Y"), (("A", "X"), ("A", "B"), ("B", "Y"), ("X", "M"), ("M", "Y")))
    query = parse_query("P(Y=1 | do(X=1))")
    found = [(each.method, each.adjustment) for each in alternatives(graph, query)]
    assert sorted(found, key=str) == [("adjustment", ("A",)), ("adjustment", ("B",)), ("front-door", None)]
    model = BinaryModel(graph, np.random.default_rng(3))
    values = [evaluate(each.estimand, graph.observed, model.law()) for each in alternatives(graph, query)]
    assert values == pytest.approx([probability(graph.observed, model.law({"X": 1}), {"Y": 1})] * 3, abs=1e-12)


def test_a_distribution_keeps_its_axes():
    found = estimand_of(CONFOUNDED, "P(Y, Z | do(X=1))")
    assert [index.variable for index in found.axes] == ["Y", "Z"]
