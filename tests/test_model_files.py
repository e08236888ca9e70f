"""Files of models with continuous variables: what goes in comes out, and nothing in a file is run or believed."""

from __future__ import annotations

import gzip
import json
import math
import random
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scm
from scm import (
    Bernoulli,
    ContinuousLaw,
    ContinuousNoise,
    GaussianCopula,
    InvalidFile,
    Model,
    MultivariateNormal,
    Noise,
    Real,
    UnknownLaw,
    Variable,
    normal,
    read_model,
)
from scm._tensor_file import tensor_bytes, tensors_of

MIXED = Model(
    Variable("age", Real(0, 120), noise=UnknownLaw(Real(0, 120)), description="in years"),
    Variable("dose", equation="0.1 * age + u_dose", noise=ContinuousLaw("Laplace", loc=0.5, scale=1e-7)),
    ContinuousNoise(("u_1", "u_2"), MultivariateNormal((0.1, -0.2), [[1.0, 0.3], [0.3, 2.0]])),
    ContinuousNoise(("u_3",), normal(1, 1 / 3)),
    Variable("blood", Real(), equation="dose - age * u_1"),
    Noise("flip", Bernoulli(0.1)),
    Variable("ill", equation="(blood > 2.5) xor flip"),
    Variable("weight", noise="u_2"),
    ContinuousNoise(("v", "w"), GaussianCopula((normal(0, 1), ContinuousLaw("Gumbel", loc=0, scale=2)), np.eye(2))),
    Variable("cost", Real(lower=0), equation="max(0, 3 * v + (w if ill else -w))"),
)


def test_a_file_gives_an_equal_model_back(tmp_path: Path) -> None:
    assert Model.from_json(MIXED.to_json()) == MIXED
    assert Model.from_json(MIXED.to_json(indent=None)).to_json() == MIXED.to_json()
    for name in ("a.json", "a.json.gz", "a.safetensors", "B.SafeTensors"):
        MIXED.save(tmp_path / name)
        assert read_model(tmp_path / name) == MIXED
    assert read_model(tmp_path / "a.safetensors", format="safetensors").graph == MIXED.graph
    (tmp_path / "a.safetensors.gz").write_bytes(gzip.compress((tmp_path / "a.safetensors").read_bytes()))
    assert read_model(tmp_path / "a.safetensors.gz") == MIXED
    assert len(list(tmp_path.iterdir())) == 5  # nothing is left beside them


def random_model(rng: random.Random) -> Model:
    """A model of a few variables with laws, intervals and equations of every kind."""
    laws = [
        lambda: normal(rng.gauss(0, 10), rng.random() + 1e-9),
        lambda: ContinuousLaw("StudentT", df=rng.uniform(1, 9), loc=rng.gauss(0, 1), scale=rng.random() + 0.1),
        lambda: UnknownLaw(Real(*sorted((rng.random(), rng.random() + 1)))),
        lambda: UnknownLaw(Real(upper=rng.gauss(0, 1e9))),
        lambda: Bernoulli(rng.random()),
    ]
    shared = ContinuousNoise(("s", "t"), MultivariateNormal((rng.random(), 0), [[1, 0.5], [0.5, rng.uniform(1, 9)]]))
    items: list[Any] = [Variable("V0", noise=normal(0, 1)), shared]
    for i in range(1, rng.randrange(2, 6)):
        own = rng.choice(laws)()
        number = lambda: repr(rng.choice([rng.gauss(0, 1), rng.gauss(0, 1) * 1e-9, rng.gauss(0, 1) * 1e12, 3]))  # noqa: E731
        parent = f"V{rng.randrange(i)}"
        text = rng.choice([
            f"{number()} * {parent} + u_V{i}", f"{parent} * s - u_V{i} / 4", f"max({parent}, {number()}, u_V{i} * t)",
            f"{number()} if {parent} > {number()} else u_V{i}",
        ])  # fmt: skip
        items.append(Variable(f"V{i}", rng.choice([None, Real(), Real(-1e30)]), equation=text, noise=own))
    rng.shuffle(items)
    return Model(*items)


@pytest.mark.parametrize("seed", range(40))
def test_random_models_come_back_and_do_the_same(seed: int) -> None:
    model = random_model(random.Random(f"model files {seed}"))
    back = Model.from_json(model.to_json())
    assert back == model
    assert back.graph == model.graph
    assert back.domains == model.domains
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {
        n: rng.integers(0, 2, 50) if n in model.states else rng.normal(size=50) for n in model.domains
    }
    for name, mechanism in model.columnar.items():
        assert np.array_equal(back.columnar[name].forward(columns, np), mechanism.forward(columns, np), equal_nan=True)


def test_the_lowest_version_that_holds_a_model_is_written() -> None:
    finite = Model(Variable("X", noise=Bernoulli(0.5)), Variable("Y", equation="not X"))
    assert json.loads(finite.to_json())["version"] == 1
    assert json.loads(MIXED.to_json())["version"] == 2
    assert Model.from_json(finite.to_json().replace('"version": 1', '"version": 2')) == finite
    with pytest.raises(InvalidFile, match=r"version 1 and a continuous variable"):
        Model.from_json(MIXED.to_json().replace('"version": 2', '"version": 1'))


def test_an_interval_without_ends_and_a_set_variable_come_back() -> None:
    for model in (MIXED.do(dose=0.1), MIXED.do(ill=True), MIXED.do(cost=2)):
        assert Model.from_json(model.to_json()) == model


# ---------------------------------------------------------------------------------------------------------------------
# A file that is no model


def changed(*path: Any, to: Any) -> str:
    data: Any = json.loads(MIXED.to_json())
    inner = data
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return json.dumps(data)


NORMAL = {"name": "u", "distribution": "Normal", "parameters": {"loc": 0, "scale": 1}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (changed("variables", 0, "states", to={"real": [1]}), "variables[0].states.real: got 1 entries"),
        (changed("variables", 0, "states", to={"real": [2, 1]}), "holds no interval"),
        (changed("variables", 0, "states", to={"real": ["0", 1]}), "got '0', a number is wanted"),
        (changed("variables", 0, "states", to={"reel": [0, 1]}), "Did you mean 'real'?"),
        (changed("variables", 1, "noise", 0, "distribution", to="os.system"), "named by text such as 'Normal'"),
        (changed("variables", 1, "noise", 0, "distribution", to="N" * 999), "the name of a distribution"),
        (changed("variables", 1, "noise", 0, "parameters", to={"distribution": 1}), "a parameter's name is wanted"),
        (changed("variables", 1, "noise", 0, "parameters", to={"self": 1}), "a parameter's name is wanted"),
        (changed("variables", 1, "noise", 0, "parameters", "loc", to=10**400), "a number beyond 1e+300"),
        (changed("variables", 1, "noise", 0, "parameters", "loc", to=True), "got 'True', a number is wanted"),
        (changed("variables", 1, "noise", to=[NORMAL, NORMAL]), "the name 'u' is declared twice"),
        (changed("variables", 1, "noise", to=[{**NORMAL, "bernoulli": 1}]), "has 'bernoulli', 'distribution' as law"),
        (changed("variables", 1, "shared", to="u_3"), "noises of its own and a shared one"),
        (changed("variables", 1, "mechanism", to={"class": "Popen"}), "there is no mechanism 'Popen'"),
        (changed("variables", 1, "mechanism", to="Linear"), "dose.mechanism: got str, an object"),
        (changed("noises", 0, "names", to=["u_1"]), "one name each is wanted"),
        (changed("noises", 0, "names", to="u_1"), "noises[0].names: got str, a list"),
        (changed("noises", 0, "name", to="u_1"), "a noise of this law has 'names'"),
        (changed("noises", 0, "multivariate_normal", "mean", 0, to="0"), "a number is wanted"),
        (changed("noises", 0, "multivariate_normal", "covariance", 0, to=[1]), "2 rows of 2 numbers are wanted"),
        (changed("noises", 0, "multivariate_normal", "covariance", 0, 1, to=5), "not symmetric"),
        (changed("noises", 0, "multivariate_normal", to={"mean": [], "covariance": []}), "at least one noise"),
        (changed("noises", 3, "gaussian_copula", "margins", 0, to={"unknown_real": [0, 1]}), "has the entry"),
        (MIXED.to_json().replace('"version": 2', '"version": 2, "version": 2'), "'version' twice in one object"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_model_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidFile, match=re.escape(words)):
        Model.from_json(text)


ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1e400, 10**400, 1e299, "", "x", "u_1", [], [[]], {}, [{}], {"a": 1}, [1, 2], {"real": [0, 1]},
    {"class": "Linear"}, {"function": "f"}, {"array": "a"}, {"law": {"bernoulli": 1}}, {"pairs": [[[], 1]]},
)  # fmt: skip


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every entry of a JSON document."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path] * bool(path) + [found for key, value in inner for found in places(value, (*path, key))]


def damaged(text: str, rng: random.Random) -> list[str]:
    """A text with every entry in turn replaced by every odd value."""
    found: list[str] = []
    for path in places(json.loads(text)):
        for odd in (*ODD, rng.gauss(0, 1)):
            copy: Any = json.loads(text)
            inner = copy
            for step in path[:-1]:
                inner = inner[step]
            inner[path[-1]] = odd
            found.append(json.dumps(copy))
    return found


def test_a_damaged_file_gives_a_model_or_an_error_of_ours() -> None:
    refused: list[str] = []
    for text in damaged(MIXED.to_json(), random.Random(0)):
        try:
            Model.from_json(text)
        except scm.ScmError as wrong:
            refused.append(str(wrong))
    assert len(refused) > 1000
    assert max(map(len, refused)) < 2000


# ---------------------------------------------------------------------------------------------------------------------
# Arrays beside the text


ARRAYS = {
    "w": np.arange(6.0).reshape(2, 3), "b": np.array([1, 2], np.int8), "on": np.array(True),
    "none": np.zeros((0, 2), np.float32),
}  # fmt: skip


def packed(arrays: dict[str, Any] = ARRAYS, text: str = "{}") -> bytes:
    return b"".join(tensor_bytes(arrays, text, "twinworld-model"))


def with_head(head: object, cells: bytes = b"") -> bytes:
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + cells


def test_arrays_come_back() -> None:
    found, text = tensors_of(packed(text="'ä\n"), "twinworld-model")
    assert text == "'ä\n"
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)
        assert found[name].shape == array.shape
        assert not found[name].flags.writeable


def test_another_reader_and_writer_agree(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.numpy")
    (tmp_path / "a.safetensors").write_bytes(packed())
    theirs = safetensors.load_file(tmp_path / "a.safetensors")
    assert theirs.keys() == ARRAYS.keys()
    assert all(np.array_equal(theirs[n], a) and theirs[n].dtype == a.dtype for n, a in ARRAYS.items())
    ours, text = tensors_of(safetensors.save(ARRAYS, metadata={"twinworld-model": "x"}), "twinworld-model")
    assert text == "x"
    assert all(np.array_equal(ours[n], a) for n, a in ARRAYS.items())


KEY = {"__metadata__": {"twinworld-model": "{}"}}


def head(**changes: object) -> bytes:
    """A file of two numbers with its entry changed."""
    entry = {"dtype": "F64", "shape": [2], "data_offsets": [0, 16], **changes}
    return with_head({**KEY, "a": {k: v for k, v in entry.items() if v is not None}}, np.ones(2).tobytes())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"1234567", "shorter than the head"),
        (b"\xff" * 100, "no safetensors head"),
        (packed()[:-1], "past the end of the file"),
        (packed()[:20], "no safetensors head, or the file is cut off"),
        (packed() + b"x", "1 bytes at its end belong to no array"),
        (with_head(b"\xff\xff"), "Its head is no text"),
        (with_head(b"[" * 100_000), "nested too deep"),
        (with_head(b"[]"), "the head: got list"),
        (with_head({}), "holds arrays and no model"),
        (with_head({"__metadata__": 3}), "__metadata__: got int"),
        (with_head({"__metadata__": {"twinworld-model": 3}}), "twinworld-model: got '3', text"),
        (with_head(KEY), "the file has format 'None'"),
        (head(dtype="OBJ"), "arrays of 'OBJ' are not read"),
        (head(dtype=None), "a.dtype: got 'None'"),
        (head(shape=[3]), "16 bytes do not hold the shape [3] of F64"),
        (head(shape=[2**40, 2**40]), "do not hold the shape"),
        (head(shape=[0] * 33, data_offsets=[0, 0]), "its shape or place is none"),
        (head(shape=[-2]), "its shape or place is none"),
        (head(shape=[2.0]), "its shape or place is none"),
        (head(shape=[True, 2]), "its shape or place is none"),
        (head(data_offsets=[16, 0]), "do not hold the shape"),
        (head(data_offsets=[8, 24]), "ends past the end"),
        (head(data_offsets=[0, 10**30]), "its shape or place is none"),
        (head(shape=[1], data_offsets=[8, 16]), "overlap, or bytes between them belong to none"),
        (head(evil=1), "has the entry 'evil'"),
        (with_head({**KEY, "a": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}}, np.array([np.nan]).tobytes()),
         "has NaN or an infinite number"),
        (with_head({**KEY, "a": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]},
                    "b": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}}, bytes(8)), "overlap"),
    ],
)  # fmt: skip
def test_a_tensor_file_that_is_no_model_is_refused(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(data)
    with pytest.raises(InvalidFile, match=f"(?i){re.escape(words)}"):
        read_model(path)


def test_a_tensor_file_with_bits_flipped_gives_a_model_or_an_error_of_ours(tmp_path: Path) -> None:
    path, rng = tmp_path / "m.safetensors", random.Random(1)
    MIXED.save(path)
    whole = path.read_bytes()
    refused = 0
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(rng.randrange(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data[: rng.randrange(len(data))] if rng.random() < 0.2 else data)
        try:
            assert isinstance(read_model(path), Model)
        except scm.ScmError:
            refused += 1
    assert refused > 100  # most damage is seen; the rest leaves a model


def test_writing_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.json"
    MIXED.save(path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InvalidFile, match=r"cannot be written \(No space left"):
        MIXED.do(dose=1).save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.json"]
    with pytest.raises(InvalidFile, match=r"written to \.json, \.json\.gz or \.safetensors"):
        MIXED.save(tmp_path / "m.pickle")
    with pytest.raises(InvalidFile, match="cannot be written"):
        MIXED.save(tmp_path / "nowhere" / "m.json")
    monkeypatch.undo()
    MIXED.save(tmp_path / "m.json.gz")
    assert gzip.decompress((tmp_path / "m.json.gz").read_bytes()) == before


def test_numbers_that_no_file_holds_are_refused() -> None:
    with pytest.raises(scm.InvalidModel, match=r"beyond 1e\+300"):
        Model(Variable("X", noise=normal(1e305, 1))).to_json()
    assert math.isfinite(json.loads(MIXED.to_json())["version"])
