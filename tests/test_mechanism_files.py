"""Mechanisms in files: by a closed table of classes, functions by name alone, arrays beside the text or in it."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Container
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import scm
import scm.mechanisms
from scm import Bernoulli, InvalidFile, InvalidModel, Model, Real, Variable, normal, read_model
from scm._mechanism_json import classes
from scm._parse import parse_expression
from scm.mechanisms import Flow, Named
from scm.mechanisms._formula import bind_formula
from scm.mechanisms._types import Forward, NeedsCoupling, Scope
from tests.test_mechanisms import CASES, case
from tests.test_model_files import damaged


@dataclass(frozen=True)
class Anything:
    """A mechanism with an argument of any kind; it copies its noise."""

    first: Any = None
    second: Any = ()

    def reads(self, parents: tuple[str, ...] | None, known: Container[str]) -> tuple[str, ...]:
        return ()

    def bind(self, scope: Scope) -> Forward:
        return bind_formula(parse_expression("u_X"), scope)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scm._mechanism_json.classes", lambda: {"Anything": Anything})


def model(first: Any, second: Any = ()) -> Model:
    return Model(Variable("X", mechanism=Anything(first, second), noise=normal(0, 1)))


def double(x: Any) -> Any:
    return 2 * x


VALUES: list[Any] = [
    None, True, 3, -0.1, 1e-300, math.inf, -math.inf, "text", "os.system('x')", (), (1, ("a", (2.5, None))), [1, [2]],
    {"A": 1.5, 2: ("x", True), (1, "b"): {}}, Real(0, math.inf), normal(1, 2), Bernoulli(0.25),
    scm.UnknownLaw(Real(0, 1)), parse_expression("A * 0.1 - max(B, 2)"), Anything(1, Anything("inner", {"k": [()]})),
    double, (double, {"f": double}),
]  # fmt: skip


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("value", VALUES)
def test_arguments_come_back(value: Any, tmp_path: Path) -> None:
    written = model(value)
    back = Model.from_json(written.to_json(), functions={"double": double, "unused": abs})
    assert back == written
    assert repr(back.items) == repr(written.items)
    for name in ("a.json", "a.safetensors"):
        written.save(tmp_path / name)
        assert read_model(tmp_path / name, functions={"double": double}) == written


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("kind", ["bool", "float16", "float32", "float64", "int8", "uint16", "int64"])
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
def test_arrays_come_back(kind: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    array = np.random.default_rng(0).normal(size=shape).astype(kind)
    written = model({"w": [array], "b": (1, array)})
    written.save(tmp_path / "a.safetensors")
    for back in (Model.from_json(written.to_json()), read_model(tmp_path / "a.safetensors")):
        mechanism: Any = back.variables[0].mechanism
        for found in (mechanism.first["w"][0], mechanism.first["b"][1]):
            assert found.dtype == array.dtype
            assert found.shape == shape
            assert np.array_equal(found, array)
            assert not found.flags.writeable


@pytest.mark.usefixtures("table")
def test_what_no_file_holds_is_refused() -> None:
    def twin() -> Any:
        def double(x: Any) -> Any:
            return x

        return double

    for value, words in [
        (lambda x: x, "has no name to keep"),
        ((double, twin()), "Two different functions are called 'double'"),
        (object(), "of type object, which no model file holds"),
        (math.nan, "holds numbers up to 1e\\+300"),
        (1e301, "holds numbers up to"),
        (np.array([1.0, np.nan]), "array with NaN"),
        (np.array(["a"]), "array of <U1; numbers"),
        (np.zeros(100_001), "at most 100,000.*model.save"),
    ]:
        with pytest.raises(InvalidModel, match=words):
            model(value).to_json()


def test_a_class_that_is_in_no_table_is_refused() -> None:
    with pytest.raises(InvalidModel, match=r"X.mechanism is a Anything, a class that no file names"):
        model(1).to_json()


@pytest.mark.usefixtures("table")
def test_a_function_is_supplied_again() -> None:
    text = model(double).to_json()
    with pytest.raises(InvalidFile, match=r"X\.mechanism\.first is the Python function 'double', which .*Supply it: read_model\(path, functions=\{'double': double\}\)"):  # fmt: skip  # noqa: E501
        Model.from_json(text)
    with pytest.raises(InvalidFile, match="Did you mean 'doubled'"):
        Model.from_json(text, functions={"doubled": double})
    with pytest.raises(InvalidFile, match=r"functions\['double'\] is 3; a Python function is wanted"):
        Model.from_json(text, functions={"double": 3})  # pyright: ignore[reportArgumentType]
    for name in ("print", "open", "os.system", "__import__"):
        with pytest.raises(InvalidFile, match="Supply it"):
            Model.from_json(text.replace("double", name))


def with_argument(data: Any) -> str:
    text: Any = json.loads(model(1).to_json())
    text["variables"][0]["mechanism"]["first"] = data
    return json.dumps(text)


def nested(depth: int) -> Any:
    data: Any = 1
    for _ in range(depth):
        data = [data]
    return data


ARRAY = {"type": "float32", "shape": [2], "values": [1, 2]}


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (nested(70), "deeper than 60 levels"),
        ({"a": 1, "b": 2}, "has the entries 'a', 'b'; one that says what it is"),
        ({"evil": 1}, "has the entry 'evil', which is nothing"),
        ({"class": "Anything", "third": 1}, "Anything takes no such arguments"),
        ({"class": "Anything", "__class__": 1}, "takes no such arguments"),
        ({"class": ["Anything"]}, r"first\.class: got .*text is wanted"),
        ({"formula": "__import__('os').system('x')"}, "Cannot read this"),
        ({"formula": "(" * 3000}, "."),
        ({"pairs": [[{"list": []}, 1]]}, "a key is a state, a name"),
        ({"pairs": [["a", 1], ["a", 2]]}, "'a' stands there twice"),
        ({"pairs": [["a"]]}, "a pair"),
        ({"infinite": "1"}, "a number is wanted"),
        ({"law": {"distribution": "Normal", "parameters": {"loc": "0"}}}, "a number is wanted"),
        ({"law": {"multivariate_normal": {}}}, "has the entry 'multivariate_normal'"),
        ({"real": [1, 0]}, "holds no interval"),
        (1e301, "beyond 1e\\+300"),
        ({"array": "w0"}, "'w0' does not stand beside this text"),
        ({"array": {**ARRAY, "type": "object"}}, "no array of 'object'"),
        ({"array": {**ARRAY, "shape": [3]}}, r"shape \(3,\) does not fit 2 values"),
        ({"array": {**ARRAY, "shape": [-1, -2]}}, "does not fit"),
        ({"array": {**ARRAY, "shape": [True, 2]}}, "does not fit"),
        ({"array": {**ARRAY, "values": ["a", 2]}}, "something in it is none"),
        ({"array": {**ARRAY, "values": [True, 2]}}, "something in it is none"),
        ({"array": {**ARRAY, "values": [1e200, 2]}}, "not those of an array of float32"),
        ({"array": {**ARRAY, "type": "int8", "values": [300, 2]}}, "not those of an array of int8"),
        ({"array": {**ARRAY, "values": [10**400, 2]}}, "a number that no array holds"),
    ],
)  # fmt: skip
def test_a_mechanism_that_is_none_is_refused(data: Any, words: str) -> None:
    with pytest.raises(InvalidFile, match=words):
        Model.from_json(with_argument(data))


@pytest.mark.usefixtures("table")
def test_a_damaged_mechanism_gives_a_model_or_an_error_of_ours() -> None:
    text = model(
        {"a": np.ones((2, 1)), 2: [normal(0, 1), parse_expression("A+1")]}, (Anything(Real()), double)
    ).to_json()
    refused = 0
    for broken in damaged(text, random.Random(0)):
        try:
            Model.from_json(broken, functions={"double": double})
        except scm.ScmError:
            refused += 1
    assert refused > 300


# ---------------------------------------------------------------------------------------------------------------------
# Every class of mechanism


def functions_in(value: Any) -> dict[str, Any]:
    """The Python functions in a mechanism, by the names that a file gives them."""
    if isinstance(value, Named):
        return {value.name: value.function}
    if isinstance(value, Flow):
        return {"Y.flow": jax.tree_util.tree_map(lambda x: jnp.zeros_like(x) if hasattr(x, "dtype") else x, value.flow)}
    if isinstance(value, tuple):
        return {k: f for inner in value for k, f in functions_in(inner).items()}
    if is_dataclass(value):
        return {k: f for field in fields(value) for k, f in functions_in(getattr(value, field.name)).items()}
    return {value.__name__: value} if callable(value) else {}


@pytest.mark.parametrize("name", CASES)
def test_every_mechanism_comes_back_and_does_the_same(name: str, tmp_path: Path) -> None:
    found = case(name)
    functions = functions_in(found.model.variables[-1].mechanism)
    if "<lambda>" in functions:
        with pytest.raises(InvalidModel, match="has no name to keep"):
            found.model.to_json()
        return
    text = found.model.to_json()
    found.model.save(tmp_path / "a.safetensors")
    for back in (
        Model.from_json(text, functions=functions),
        read_model(tmp_path / "a.safetensors", functions=functions),
    ):
        assert back.to_json() == text
        if not isinstance(found.model.variables[-1].mechanism, Flow):  # a flow is equal to itself alone
            assert back == found.model
        if not isinstance(found.how, NeedsCoupling):
            ours, theirs = (m.forward(found.values, np) for m in (back.columnar["Y"], found.how))
            assert np.array_equal(ours, theirs)
    for function in functions:
        with pytest.raises(InvalidFile, match=re.escape(repr(function))):
            Model.from_json(text, functions={k: f for k, f in functions.items() if k != function})


def test_every_class_is_in_the_table() -> None:
    named = {n for n in dir(scm.mechanisms) if n[0].isupper()}
    assert set(classes()) == named - {"Named"}


def test_a_flow_of_another_build_is_refused() -> None:
    from flowjax.bijections import Affine

    found = case("flow").model
    for given in (Affine(), 3, print):
        with pytest.raises(InvalidFile, match="of the same build is wanted"):
            Model.from_json(found.to_json(), functions={"Y.flow": given})


def test_parameters_stand_beside_the_text(tmp_path: Path) -> None:
    model = case("additive, parameters").model
    model.save(tmp_path / "m.safetensors")
    data = (tmp_path / "m.safetensors").read_bytes()
    assert data.endswith(np.array([0.3, 1.0, -2.0]).tobytes())
    other = Named("w", abs, np.zeros(3))
    assert other != functions_in(model.variables[-1].mechanism)
    back: Any = read_model(tmp_path / "m.safetensors", functions={"w": other}).variables[-1].mechanism
    assert back.mean == Named(
        "w", abs, np.array([0.3, 1.0, -2.0])
    )  # the code of what is given, the numbers of the file
    assert back.mean != Named("w", abs, np.array([0.3, 1.0, -2.5]))


@pytest.mark.parametrize("name", ["linear", "additive, parameters", "location-scale, both kinds", "quantiles of a law",
                                  "threshold", "choice", "choice by a function"])  # fmt: skip
def test_a_damaged_file_of_a_real_mechanism_gives_a_model_or_an_error_of_ours(name: str) -> None:
    model = Model(*case(name).model.items)
    functions = functions_in(model.variables[-1].mechanism)
    refused = 0
    for broken in damaged(model.to_json(), random.Random(0)):
        try:
            Model.from_json(broken, functions=functions)
        except scm.ScmError:
            refused += 1
    assert refused > 300
