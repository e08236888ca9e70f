"""Models: what cannot be is refused with what was got, wanted and to try; a model is a value; files are only data."""

import itertools
import json
import math
import random
import re
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest

import scm
from scm import Bernoulli, Categorical, InvalidQuery, Model, Noise, Unknown, Variable, ask
from tests.bridge_to_engine import to_model
from tests.generators import pair

X = Variable("X", (0, 1), table=(0.5, 0.5))


def table(rows: Any, **options: Any) -> Model:
    """X, and Y with this table."""
    return Model(X, Variable("Y", (0, 1), parents=("X",), table=rows, **options))


BAD: dict[str, tuple[Callable[[], object], type[scm.ScmError], str]] = {
    "sum": (lambda: table({0: (0.5, 0.4), 1: (1, 0)}), scm.InvalidModel, r"P(Y | X = 0) sums to 0.9: (0.5, 0.4)"),
    "negative": (lambda: table({0: (1.5, -0.5), 1: (1, 0)}), scm.InvalidModel, "probability 1.5; a number from 0 to 1"),
    "not a number": (lambda: Bernoulli(math.nan), scm.InvalidModel, "Bernoulli(nan) has probability nan"),
    "per cent": (lambda: Bernoulli("95 percent"), scm.InvalidModel, "(0.95, not '95 percent')"),  # pyright: ignore
    "huge": (lambda: Bernoulli(10**400), scm.InvalidModel, "a number from 0 to 1 is wanted"),
    "truth value": (lambda: Categorical({"a": True}), scm.InvalidModel, "has probability True"),
    "length": (lambda: table({0: (1,), 1: (1, 0)}), scm.InvalidModel, "has 1 probabilities for 2 states (0, 1)"),
    "no law": (lambda: table({0: 0.3, 1: (1, 0)}), scm.InvalidModel, "P(Y | X = 0) is 0.3; probabilities of"),
    "state twice": (lambda: Variable("X", (1, True), equation="1"), scm.InvalidModel, "True and 1 are the same state"),
    "infinite state": (lambda: Unknown((0.0, math.inf)), scm.InvalidModel, "numeric states are finite"),
    "no states": (lambda: Unknown(()), scm.InvalidModel, "has no states; give at least one"),
    "odd state": (lambda: Unknown((None,)), scm.InvalidModel, "states are numbers, True/False or labels"),  # pyright: ignore
    "name twice": (lambda: Model(X, X), scm.InvalidModel, "The name 'X' is declared twice"),
    "noise twice": (lambda: Model(X, Noise("X", Bernoulli(0.5))), scm.InvalidModel, "need different names"),
    "no law in a noise": (lambda: Noise("u", 0.5), scm.InvalidModel, "the law 0.5; Bernoulli(p)"),  # pyright: ignore
    "self-loop": (lambda: Model(Variable("Y", equation="Y")), scm.InvalidGraph, "'Y' is its own cause (Y -> Y)"),
    "missing row": (lambda: table({0: (1, 0)}), scm.InvalidModel, "'Y' has no row for X = 1. Every combination"),
    "row twice": (lambda: table({0: (1, 0), (0,): (0, 1), 1: (1, 0)}), scm.InvalidModel, "two rows for X = 0"),
    "row of no state": (lambda: table({0: (1, 0), 1: (1, 0), 2: (1, 0)}), scm.UnknownState, "2 is not a state of 'X'"),
    "long key": (lambda: table({(0, 0): (1, 0)}), scm.InvalidModel, "a key has one state for each of ('X',)"),
    "unknown parent": (
        lambda: Model(Variable("Y", parents=("smokin",), table={}), Variable("smoking", noise=Bernoulli(0.1))),
        scm.UnknownName,
        "The mechanism of 'Y' speaks of 'smokin', but the known names are 'Y', 'smoking', 'u_smoking'. Did you mean",
    ),
    "unknown name": (lambda: Model(Variable("Y", equation="Z")), scm.UnknownName, "The mechanism of 'Y' speaks of 'Z'"),
    "two mechanisms": (
        lambda: Variable("Y", equation="1", table=(1, 0)),
        scm.InvalidModel,
        "'Y' has equation and table; one mechanism is wanted",
    ),
    "no mechanism": (lambda: Variable("Y"), scm.InvalidModel, "noise=Unknown() if nothing is known"),
    "only parents": (lambda: Variable("Y", parents=("X",)), scm.InvalidModel, "Say how it depends on them"),
    "parents as text": (lambda: Variable("Y", parents="X", table={}), scm.InvalidModel, "parents=('X',)"),
    "table and noise": (lambda: table({}, noise=Bernoulli(0.5)), scm.InvalidModel, "'Y' has a table and a noise"),
    "no name": (lambda: Variable(" ", equation="1"), scm.InvalidModel, "A variable's name is text, got ' '"),
    "no variable": (lambda: Model(Noise("u", Bernoulli(0.5))), scm.InvalidModel, "needs at least one Variable"),
    "no item": (lambda: Model("X"), scm.InvalidModel, "made of Variable, Noise and ContinuousNoise, got str"),  # pyright: ignore
    "outcome": (
        lambda: Model(X, Variable("Y", (0, 1), equation="X + X")),
        scm.InvalidModel,
        "The equation of 'Y' gives 2, which is not among its states (0, 1)",
    ),
    "label in a sum": (
        lambda: Model(X, Variable("Y", equation="X + 'a'")),
        scm.InvalidModel,
        "The equation of 'Y': '+' needs numbers, got the label 'a'",
    ),
    "by zero": (lambda: Model(X, Variable("Y", equation="1 / X")), scm.InvalidModel, "Division by zero: 1 / 0"),
    "past all bounds": (
        lambda: Model(X, Variable("Y", equation=" * ".join(["(X + 99999)"] * 4))),
        scm.InvalidModel,
        "A product grew past 1e+15",
    ),
    "quotient": (lambda: Model(X, Variable("Y", equation="X / 1e-300")), scm.InvalidModel, "A quotient grew past"),
    "two worlds": (lambda: Model(X, Variable("Y", equation="X[X=1]")), scm.InvalidModel, "speak of one world only"),
    "never counted": (
        lambda: Model(X, Variable("Y", (0, 1), parents=("X",), counts={0: (0, 0), 1: (1, 1)})),
        scm.InvalidModel,
        "P(Y | X = 0) was never observed",
    ),
    "no count": (lambda: Model(Variable("Y", counts=(-1, 2))), scm.InvalidModel, "the count -1; counts are numbers"),
    "too many rows": (
        lambda: Model(
            *(Variable(f"X{i}", noise=Bernoulli(0.5)) for i in range(21)),
            Variable("Y", parents=[f"X{i}" for i in range(21)], table={}),
        ),
        scm.InvalidModel,
        "'Y' needs 2,097,152 rows; at most 1,048,576 are kept",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_is_refused(name: str) -> None:
    make, kind, words = BAD[name]
    with pytest.raises(kind, match=re.escape(words)):
        make()


def test_a_cycle_is_printed() -> None:
    with pytest.raises(scm.InvalidGraph, match="round in a circle: ") as caught:
        Model(*(Variable(a, equation=f"not {b}") for a, b in ("AB", "BC", "CA")))
    names = re.findall(r"[ABC](?= ->)|(?<=-> )[ABC]", str(caught.value).split(". ")[0])
    assert len(names) == 4
    assert names[0] == names[-1]
    # Each step of the circle printed is an edge: B -> A, C -> B, A -> C.
    assert {*itertools.pairwise(names)} == {("B", "A"), ("C", "B"), ("A", "C")}


# ---------------------------------------------------------------------------------------------------------------------
# A value


FORK = Model(
    Variable("X", noise=Bernoulli(0.5)),
    Variable("size", ("small", "large"), parents=("X",), table={False: (0.2, 0.8), True: {"small": 0.7, "large": 0.3}}),
    Variable("Y", equation="X or u_Y", noise=Bernoulli(0.25)),
)


def test_do_gives_another_model() -> None:
    before = FORK.to_json()
    done = FORK.do({"size": "small"}, X=1)
    assert FORK.to_json() == before
    assert done != FORK
    assert done == FORK.do(X=True).do(size="small")
    assert done.variable_states == FORK.variable_states
    assert scm.ask(done, "P(size = small, Y = 1)").value == 1.0
    assert scm.ask(FORK.do(X=0), "P(Y=1)").value == scm.ask(FORK, "P(Y[X=0] = 1)").value == 0.25
    with pytest.raises(scm.UnknownName, match=r"do\(\) speaks of 'Z'"):
        FORK.do(Z=1)
    with pytest.raises(scm.UnknownState, match="2 is not a state of 'X'"):
        FORK.do(X=2)


def test_do_keeps_a_noise_that_others_read() -> None:
    model = Model(Variable("X", noise=Bernoulli(0.25)), Variable("Y", equation="u_X"))
    assert scm.ask(model.do(X=1), "P(Y = 1)").value == 0.25


def test_equal_models_are_equal() -> None:
    assert Model(*FORK.items) == FORK
    assert hash(Model(*FORK.items)) == hash(FORK)
    assert Model(*reversed(FORK.items)) != FORK


# ---------------------------------------------------------------------------------------------------------------------
# Files


@pytest.mark.parametrize("seed", range(30))
def test_a_file_gives_an_equal_model_back(seed: int) -> None:
    model = to_model(pair(f"file {seed}", bare=0.3 * (seed % 2))[0])
    assert Model.from_json(model.to_json()) == model
    assert Model.from_json(model.to_json(indent=None)).to_json() == model.to_json()


def test_counts_and_descriptions_are_kept() -> None:
    model = Model(Variable("Y", ("no", "yes"), counts=(3, 7), description="the outcome"), Noise("u", Unknown()))
    assert Model.from_json(model.to_json()) == model


def changed(*path: Any, to: Any) -> str:
    """The file of `FORK` with one entry changed."""
    data: Any = json.loads(FORK.to_json())
    inner = data
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return json.dumps(data)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (FORK.to_json()[:200], "Not JSON: "),
        ("", "Is the file cut off?"),
        ('{"a":' * 100_000, "nested too deep"),
        ("[]", "the file: got list, an object {...} is wanted"),
        ("9" * 5000, "Not a model"),
        (changed("variables", 0, "noise", 0, "bernoulli", to=math.nan), "The file holds NaN"),
        (changed("variables", 0, "noise", 0, "bernoulli", to=10**400), "variables[0].noise[0] ('u_X')"),
        (changed("variables", 0, "noise", 0, "bernoulli", to="0.5"), "a number from 0 to 1 is wanted (0.95"),
        (changed("variables", 1, "states", to=[10**400, 1]), "variables[1].states: got a number beyond 1e15"),
        (changed("variables", 1, "states", to="small"), "variables[1].states: got str, a list [...] is wanted"),
        (changed("variables", 1, "tabel", to=[]), "has the entry 'tabel'; what may stand there is"),
        (changed("variables", 1, "table", 0, to=[[False]]), "variables[1].table[0]: got 1 entries, a pair"),
        (changed("variables", 1, "table", 1, 0, to=[False]), "variables[1].table[1]: a second row for (False,)"),
        (changed("variables", 1, "name", to="X"), "variables[1]: the name 'X' is declared twice"),
        (changed("order", to=["X"]), "order lists 'X'; it must list every variable"),
        (changed("version", to=3), "The file has version '3'; this release reads versions 1 and 2"),
        (changed("format", to="problem"), "has format 'problem'; 'twinworld-model' is wanted"),
        (changed("noises", to=[{"name": "u"}]), "noises[0] has none as law"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_model_is_refused(text: str, words: str) -> None:
    with pytest.raises(scm.InvalidFile, match=re.escape(words)):
        Model.from_json(text)


def test_code_in_an_equation_stays_text(tmp_path: Any) -> None:
    mark = tmp_path / "ran"
    for code in (f"__import__('pathlib').Path({str(mark)!r}).touch()", f"open({str(mark)!r}, 'w')", "X.__class__"):
        with pytest.raises(scm.ScmError):
            Model.from_json(changed("variables", 2, "equation", to=code))
    assert not mark.exists()
    # As a label, even code is only a label.
    model = Model.from_json(changed("variables", 2, "equation", to="'__import__(1)' if X else 'no'"))
    assert model.states["Y"] == ("__import__(1)", "no")


ODD: tuple[Any, ...] = (None, True, -1, 1e400, 10**400, "", "x", [], [[]], {}, [{}], {"a": 1}, [1, 2], {"by_state": 1})


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every entry of a JSON document."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path] * bool(path) + [found for key, value in inner for found in places(value, (*path, key))]


def test_a_damaged_file_gives_a_model_or_an_error_of_ours() -> None:
    """Every entry replaced by every odd value: nothing but a model or a message for the user comes out."""
    shared = (Noise("u", Categorical({"a": 0.5, 2: 0.5})), Variable("F", parents=("X", "u"), function=dict.fromkeys(
        [(x, u) for x in (False, True) for u in ("a", 2)], 1)), Variable("C", counts=(1, 2)))  # fmt: skip
    data = json.loads(Model(*FORK.items, *shared).to_json())
    rng, refused = random.Random(0), 0
    for path in places(data):
        for odd in (*ODD, rng.random()):
            copy: Any = json.loads(json.dumps(data))
            inner = copy
            for step in path[:-1]:
                inner = inner[step]
            inner[path[-1]] = odd
            try:
                Model.from_json(json.dumps(copy))
            except scm.ScmError:
                refused += 1
    assert refused > 500


def test_a_name_in_the_quotes_of_a_label_is_told():
    model = Model(Variable("my var", noise=Bernoulli(0.3)))
    with pytest.raises(InvalidQuery, match='double quotes: "my var"'):
        ask(model, "P('my var' = 1)")


STATES: dict[str, tuple[Any, ...]] = {"A": (False, True), "B": (0, 1), "L": ("low", "high")}


@pytest.mark.parametrize("seed", range(20))
def test_an_equation_takes_the_values_of_its_formula(seed: int) -> None:
    rng = random.Random(seed)
    roots = [Variable(name, states, noise=Unknown(states)) for name, states in STATES.items()]
    for text in (f"{_formula(rng, 2)} {rng.choice(('and', 'or', 'xor', '='))} {_formula(rng, 2)}" for _ in range(10)):
        code = compile(text.replace("xor", "^").replace(" = ", " == "), "formula", "eval")
        try:
            found = [
                _truth(eval(code, dict(zip(STATES, at, strict=True)))) for at in itertools.product(*STATES.values())
            ]
        except ValueError:
            continue
        assert Model(*roots, Variable("Y", equation=text)).states["Y"] == (False, True), text
        for state in (False, True):
            with nullcontext() if set(found) == {state} else pytest.raises(scm.InvalidModel, match="not among its"):
                Model(*roots, Variable("Y", (state, "other"), equation=text))


def _truth(value: object) -> bool:
    if value not in (0, 1):
        raise ValueError
    return bool(value)


def _formula(rng: random.Random, depth: int) -> str:
    kind = rng.choice(("and", "or", "xor", "not", "leaf"))
    if not depth or kind == "leaf":
        return rng.choice(("A", "(B = 1)", "(L = 'low')", "(L != 'low')", "(B in {0, 1})", "(A = B)", "(B < 1)"))
    if kind == "not":
        return f"(not {_formula(rng, depth - 1)})"
    return f"({_formula(rng, depth - 1)} {kind} {_formula(rng, depth - 1)})"
