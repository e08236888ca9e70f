"""Models as versioned JSON. Reading runs no code: equations are parsed, nothing is evaluated."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ._errors import InvalidFile, ScmError, listing, near
from ._laws import Laws
from ._noise import Bernoulli, Categorical, Noise, NoiseLaw, Unknown
from ._syntax import Value, print_expr
from ._variable import Variable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT = "twinworld-model"
VERSION = 1
MAX_CHARACTERS = 20_000_000


def items_to_json(items: Sequence[Variable | Noise], *, indent: int | None = 2) -> str:
    """The variables and shared noises of a model as JSON text; `items_from_json` gives equal ones back."""
    data = {
        "format": FORMAT,
        "version": VERSION,
        "order": [item.name for item in items],
        "noises": [_noise_data(item) for item in items if isinstance(item, Noise)],
        "variables": [_variable_data(item) for item in items if isinstance(item, Variable)],
    }
    return json.dumps(data, indent=indent, ensure_ascii=False, allow_nan=False)


def _noise_data(noise: Noise) -> dict[str, Any]:
    return {"name": noise.name, **_law_data(noise.law)}


def _law_data(law: NoiseLaw) -> dict[str, Any]:
    match law:
        case Bernoulli(p):
            return {"bernoulli": p}
        case Categorical(states, probabilities):
            return {"categorical": [[s, p] for s, p in zip(states, probabilities, strict=True)]}
        case Unknown(states):
            return {"unknown": list(states)}


def _variable_data(v: Variable) -> dict[str, Any]:
    out: dict[str, Any] = {"name": v.name}
    if v.states is not None:
        out["states"] = list(v.states)
    if v.parents is not None:
        out["parents"] = list(v.parents)
    if v.equation is not None:
        out["equation"] = print_expr(v.equation)
    for field in ("table", "counts", "function"):
        rows = getattr(v, field)
        if isinstance(rows, Laws):
            out[field] = {"array": rows.array.tolist()}
        elif rows is not None:
            out[field] = [[list(key), _row_data(row)] for key, row in rows]
    if v.noise:
        out["noise"] = [_noise_data(n) for n in v.noise]
    if v.description:
        out["description"] = v.description
    return out


def _row_data(row: object) -> object:
    if isinstance(row, tuple):
        cells = cast("tuple[object, ...]", row)
        if cells and all(isinstance(c, tuple) for c in cells):
            return {"by_state": [list(cast("tuple[object, ...]", c)) for c in cells]}
        return [float(cast(float, c)) for c in cells]
    return row


# ---------------------------------------------------------------------------------------------------------------------
# Reading


def items_from_json(text: str) -> list[Variable | Noise]:
    """The variables and shared noises that a JSON text describes, in order.

    Raises:
        InvalidFile: not JSON, another format or version, or an entry that is not what it should be, with its place.
        InvalidModel, QuerySyntaxError: a variable that cannot be.
    """
    data = _object(_load(text), "the file")
    if data.get("format") != FORMAT:
        raise InvalidFile(
            f"The file has format {str(data.get('format'))[:60]!r}; {FORMAT!r} is wanted. "
            "Is it a Problem? Then use `solve`."
        )
    if data.get("version") != VERSION:
        raise InvalidFile(
            f"The file has version {str(data.get('version'))[:20]!r}; this release reads version {VERSION}."
        )
    _only(data, ("format", "version", "order", "noises", "variables"), "the file")
    items: dict[str, Variable | Noise] = {}
    for i, entry in enumerate(_list(data.get("noises", []), "noises")):
        noise = _noise(entry, f"noises[{i}]")
        items[_fresh(noise.name, items, f"noises[{i}]")] = noise
    for i, entry in enumerate(_list(data.get("variables"), "variables")):
        variable = _variable(_object(entry, f"variables[{i}]"), f"variables[{i}]")
        items[_fresh(variable.name, items, f"variables[{i}]")] = variable
    order = [_text(name, "order") for name in _list(data.get("order", list(items)), "order")]
    if sorted(order) != sorted(items):
        raise InvalidFile(
            f"order lists {listing(order)}; it must list every variable and shared noise once: {listing(items)}."
        )
    return [items[name] for name in order]


def _load(text: str) -> object:
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidFile(f"A model file is text, got {type(text).__name__}.")
    if len(text) > MAX_CHARACTERS:
        raise InvalidFile(f"The file has {len(text):,} characters; a model file has at most {MAX_CHARACTERS:,}.")
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as wrong:
        raise InvalidFile(
            f"Not JSON: {wrong.msg} at line {wrong.lineno}, column {wrong.colno}. Is the file cut off?"
        ) from None
    except RecursionError:
        raise InvalidFile("The file is nested too deep to read. Is it a model?") from None
    except InvalidFile:
        raise
    except ValueError as wrong:  # an integer of thousands of digits
        raise InvalidFile(f"Not a model: {str(wrong)[:120]}.") from None


def _no_constant(name: str) -> object:
    raise InvalidFile(f"The file holds {name}; numbers in a model are finite.")


def _object(data: object, where: str) -> dict[str, object]:
    if not isinstance(data, dict):
        raise InvalidFile(f"{where}: got {type(data).__name__}, an object {{...}} is wanted.")
    return cast("dict[str, object]", data)


def _list(data: object, where: str) -> list[object]:
    if not isinstance(data, list):
        raise InvalidFile(f"{where}: got {type(data).__name__}, a list [...] is wanted.")
    return cast("list[object]", data)


def _text(data: object, where: str) -> str:
    if not isinstance(data, str):
        raise InvalidFile(f"{where}: got {str(data)[:60]!r}, text is wanted.")
    return data


def _value(data: object, where: str) -> Value:
    if not isinstance(data, (bool, int, float, str)):
        raise InvalidFile(f"{where}: got {str(data)[:60]!r}; a state is a number, true/false or a label.")
    if not isinstance(data, (bool, str)) and abs(data) > 1e15:
        raise InvalidFile(f"{where}: got a number beyond 1e15; states are smaller.")
    return data


def _only(data: Mapping[str, object], keys: tuple[str, ...], where: str) -> None:
    for key in data:
        if key not in keys:
            raise InvalidFile(
                f"{where} has the entry {key[:60]!r}; what may stand there is {listing(keys)}.{near(key, keys)}"
            )


def _fresh(name: str, items: Mapping[str, object], where: str) -> str:
    if name in items:
        raise InvalidFile(f"{where}: the name {name!r} is declared twice.")
    return name


def _noise(data: object, where: str) -> Noise:
    entry = _object(data, where)
    laws = [k for k in ("bernoulli", "categorical", "unknown") if k in entry]
    _only(entry, ("name", "bernoulli", "categorical", "unknown"), where)
    if len(laws) != 1:
        raise InvalidFile(f"{where} has {listing(laws)} as law; one of bernoulli, categorical, unknown is wanted.")
    name, found = _text(entry.get("name"), f"{where}.name"), entry[laws[0]]
    try:
        return Noise(name, _law(laws[0], found, where))
    except InvalidFile:
        raise
    except ScmError as wrong:
        raise InvalidFile(f"{where} ({name!r}): {wrong}") from None


def _law(kind: str, data: object, where: str) -> NoiseLaw:
    if kind == "bernoulli":
        return Bernoulli(cast(float, data))
    if kind == "unknown":
        return Unknown(tuple(_value(s, f"{where}.unknown") for s in _list(data, f"{where}.unknown")))
    pairs = [_pair(p, f"{where}.categorical") for p in _list(data, f"{where}.categorical")]
    return Categorical(cast("dict[Value, float]", _by_state(pairs, f"{where}.categorical")))


def _by_state(pairs: list[tuple[object, object]], where: str) -> dict[Value, object]:
    found: dict[Value, object] = {}
    for state, entry in pairs:
        if _value(state, where) in found:
            raise InvalidFile(f"{where}: the state {state!r} stands there twice.")
        found[_value(state, where)] = entry
    return found


def _pair(data: object, where: str) -> tuple[object, object]:
    pair = _list(data, where)
    if len(pair) != 2:
        raise InvalidFile(f"{where}: got {len(pair)} entries, a pair [.., ..] is wanted.")
    return pair[0], pair[1]


def _variable(data: dict[str, object], where: str) -> Variable:
    _only(data, ("name", "states", "parents", "equation", "table", "counts", "function", "noise", "description"), where)
    name = _text(data.get("name"), f"{where}.name")
    noises = [_noise(n, f"{where}.noise[{i}]") for i, n in enumerate(_list(data.get("noise", []), f"{where}.noise"))]
    options: dict[str, Any] = {}
    if "states" in data:
        options["states"] = [_value(s, f"{where}.states") for s in _list(data["states"], f"{where}.states")]
    if "parents" in data:
        options["parents"] = [_text(p, f"{where}.parents") for p in _list(data["parents"], f"{where}.parents")]
    if "equation" in data:
        options["equation"] = _text(data["equation"], f"{where}.equation")
    for field in ("table", "counts", "function"):
        if field in data and isinstance(data[field], dict) and field != "function":
            options[field] = _array(_object(data[field], f"{where}.{field}"), f"{where}.{field}")
        elif field in data:
            options[field] = _rows(data[field], f"{where}.{field}")
    if noises:
        options["noise"] = {n.name: n.law for n in noises}
    return Variable(name, **options, description=_text(data.get("description", ""), f"{where}.description"))


def _rows(data: object, where: str) -> dict[tuple[Value, ...], object]:
    out: dict[tuple[Value, ...], object] = {}
    for i, entry in enumerate(_list(data, where)):
        key, row = _pair(entry, f"{where}[{i}]")
        states = tuple(_value(s, f"{where}[{i}]") for s in _list(key, f"{where}[{i}]"))
        if states in out:
            raise InvalidFile(f"{where}[{i}]: a second row for {states}.")
        out[states] = _row(row, f"{where}[{i}]")
    return out


def _array(data: dict[str, object], where: str) -> NDArray[np.float64]:
    """A table written as nested lists."""
    import numpy as np  # a model without arrays does not need it

    _only(data, ("array",), where)
    cells = _list(data.get("array"), f"{where}.array")
    try:
        array = np.array(cells)
    except ValueError:
        raise InvalidFile(f"{where}.array: its lists have different lengths; a full array is wanted.") from None
    if array.dtype.kind not in "iuf":
        raise InvalidFile(f"{where}.array: an array of numbers is wanted; something in it is none.")
    return array.astype(np.float64)


def _row(row: object, where: str) -> object:
    if isinstance(row, dict):
        pairs = [_pair(p, where) for p in _list(cast("dict[str, object]", row).get("by_state"), f"{where}.by_state")]
        return _by_state(pairs, where)
    return tuple(cast("list[object]", row)) if isinstance(row, list) else row
