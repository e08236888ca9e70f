"""Models as versioned JSON. Reading runs no code: equations are parsed, nothing is evaluated.

Version 1 holds finite models, version 2 continuous variables too. A model is written in the lowest version that holds
it, and both are read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from ._continuous import ContinuousNoise
from ._domain import Real
from ._errors import InvalidFile, listing
from ._json_parts import as_list, as_object, as_pair, as_state, as_text, by_state, load_json, only
from ._law_json import ends_data, ends_of, noise_data, noise_of
from ._laws import Laws
from ._mechanism_json import Functions, Keeping, Supplied, mechanism_data, mechanism_of
from ._noise import Noise
from ._syntax import Value, print_expr
from ._variable import Variable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT = "twinworld-model"
VERSIONS = (1, 2)

Item: TypeAlias = Variable | Noise | ContinuousNoise


def items_to_json(items: Sequence[Item], *, indent: int | None = 2, keeping: Keeping | None = None) -> str:
    """The variables and shared noises of a model as JSON text; `items_from_json` gives equal ones back.

    Args:
        items: of the model, in order.
        indent: of the text; None for one line.
        keeping: takes the arrays that stand beside the text; by default the text holds them.

    Raises:
        InvalidModel: a mechanism that no file holds.
    """
    keeping = keeping or Keeping()
    data = {
        "format": FORMAT,
        "version": 2 if any(map(_is_continuous, items)) else 1,
        "order": [_name(item) for item in items],
        "noises": [noise_data(item) for item in items if isinstance(item, (Noise, ContinuousNoise))],
        "variables": [_variable_data(item, keeping) for item in items if isinstance(item, Variable)],
    }
    return json.dumps(data, indent=indent, ensure_ascii=False, allow_nan=False)


def _is_continuous(item: Item) -> bool:
    if isinstance(item, Variable):
        return bool(item.continuous or item.shared) or item.real is not None or item.mechanism is not None
    return isinstance(item, ContinuousNoise)


def _name(item: Item) -> str:
    """By which `order` knows an item: several noises that depend on one another, by the first."""
    return item.names[0] if isinstance(item, ContinuousNoise) else item.name


def _variable_data(v: Variable, keeping: Keeping) -> dict[str, Any]:
    out: dict[str, Any] = {"name": v.name}
    if v.states is not None or v.real is not None:
        out["states"] = list(v.states or ()) if v.real is None else {"real": ends_data(v.real)}
    if v.parents is not None:
        out["parents"] = list(v.parents)
    if v.equation is not None:
        out["equation"] = print_expr(v.equation)
    out |= {f: _rows_data(rows) for f in ("table", "counts", "function") if (rows := getattr(v, f)) is not None}
    if v.mechanism is not None:
        out["mechanism"] = mechanism_data(v.mechanism, f"{v.name}.mechanism", keeping)
    if v.noise or v.continuous:
        out["noise"] = [noise_data(n) for n in (*v.noise, *v.continuous)]
    out |= {"shared": v.shared[0]} if v.shared else {}
    out |= {"description": v.description} if v.description else {}
    return out


def _rows_data(rows: Any) -> object:
    if isinstance(rows, Laws):
        return {"array": rows.array.tolist()}
    return [[list(key), _row_data(row)] for key, row in rows]


def _row_data(row: object) -> object:
    if isinstance(row, tuple):
        cells = cast("tuple[object, ...]", row)
        if cells and all(isinstance(c, tuple) for c in cells):
            return {"by_state": [list(cast("tuple[object, ...]", c)) for c in cells]}
        return [float(cast(float, c)) for c in cells]
    return row


# ---------------------------------------------------------------------------------------------------------------------
# Reading


def items_from_json(
    text: str, functions: Functions | None = None, apart: Mapping[str, NDArray[np.generic]] | None = None
) -> list[Item]:
    """The variables and shared noises that a JSON text describes, in order.

    Args:
        text: as `items_to_json` writes it.
        functions: the Python functions that it names.
        apart: the arrays that stand beside it.

    Raises:
        InvalidFile: not JSON, another format or version, or an entry that is not what it should be, with its place.
        InvalidModel, QuerySyntaxError: a variable that cannot be.
    """
    if functions is not None and not isinstance(functions, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidFile(f"functions= takes {{name: function}}, got {type(functions).__name__}.")
    supplied = Supplied(apart or {}, functions or {})
    data = as_object(load_json(text), "the file")
    if data.get("format") != FORMAT:
        raise InvalidFile(
            f"The file has format {str(data.get('format'))[:60]!r}; {FORMAT!r} is wanted. "
            "Is it a Problem? Then use `solve`."
        )
    if isinstance(data.get("version"), bool) or data.get("version") not in VERSIONS:
        raise InvalidFile(
            f"The file has version {str(data.get('version'))[:20]!r}; this release reads versions "
            f"{' and '.join(map(str, VERSIONS))}."
        )
    only(data, ("format", "version", "order", "noises", "variables"), "the file")
    items: dict[str, Item] = {}
    for i, entry in enumerate(as_list(data.get("noises", []), "noises")):
        noise = noise_of(entry, f"noises[{i}]")
        items[_fresh(_name(noise), items, f"noises[{i}]")] = noise
    for i, entry in enumerate(as_list(data.get("variables"), "variables")):
        variable = _variable(as_object(entry, f"variables[{i}]"), f"variables[{i}]", supplied)
        items[_fresh(variable.name, items, f"variables[{i}]")] = variable
    order = [as_text(name, "order") for name in as_list(data.get("order", list(items)), "order")]
    if sorted(order) != sorted(items):
        raise InvalidFile(
            f"order lists {listing(order)}; it must list every variable and shared noise once: {listing(items)}."
        )
    found = [items[name] for name in order]
    if data["version"] == 1 and any(map(_is_continuous, found)):
        raise InvalidFile("The file has version 1 and a continuous variable or noise; those are of version 2.")
    return found


def _fresh(name: str, items: Mapping[str, object], where: str) -> str:
    if name in items:
        raise InvalidFile(f"{where}: the name {name!r} is declared twice.")
    return name


_KEYS = (
    "name", "states", "parents", "equation", "table", "counts", "function", "mechanism", "noise", "shared",
    "description",
)  # fmt: skip


def _variable(data: dict[str, object], where: str, supplied: Supplied) -> Variable:
    only(data, _KEYS, where)
    name = as_text(data.get("name"), f"{where}.name")
    options: dict[str, Any] = {}
    if "states" in data:
        options["states"] = _states(data["states"], f"{where}.states")
    if "parents" in data:
        options["parents"] = [as_text(p, f"{where}.parents") for p in as_list(data["parents"], f"{where}.parents")]
    if "equation" in data:
        options["equation"] = as_text(data["equation"], f"{where}.equation")
    for field in ("table", "counts", "function"):
        if field in data and isinstance(data[field], dict) and field != "function":
            options[field] = _array(as_object(data[field], f"{where}.{field}"), f"{where}.{field}")
        elif field in data:
            options[field] = _rows(data[field], f"{where}.{field}")
    if "mechanism" in data:
        options["mechanism"] = mechanism_of(data["mechanism"], f"{name}.mechanism", supplied)
    if (noise := _noise(data, where)) is not None:
        options["noise"] = noise
    return Variable(name, **options, description=as_text(data.get("description", ""), f"{where}.description"))


def _states(data: object, where: str) -> list[Value] | Real:
    if isinstance(data, dict):
        entry = as_object(cast(object, data), where)
        only(entry, ("real",), where)
        return ends_of(entry.get("real"), f"{where}.real")
    return [as_state(s, where) for s in as_list(data, where)]


def _noise(data: dict[str, object], where: str) -> dict[str, Any] | str | None:
    """A variable's own noises with their laws, or the name of a shared one; None without either."""
    own: dict[str, Any] = {}
    for i, entry in enumerate(as_list(data.get("noise", []), f"{where}.noise")):
        noise = noise_of(entry, f"{where}.noise[{i}]")
        own[_fresh(_name(noise), own, f"{where}.noise[{i}]")] = noise.law
        if isinstance(noise, ContinuousNoise) and len(noise.names) > 1:
            raise InvalidFile(f"{where}.noise[{i}]: several noises with a joint law belong among the model's noises.")
    if "shared" in data and own:
        raise InvalidFile(f"{where} has noises of its own and a shared one that it names; one of them is wanted.")
    return as_text(data["shared"], f"{where}.shared") if "shared" in data else own or None


def _rows(data: object, where: str) -> dict[tuple[Value, ...], object]:
    out: dict[tuple[Value, ...], object] = {}
    for i, entry in enumerate(as_list(data, where)):
        key, row = as_pair(entry, f"{where}[{i}]")
        states = tuple(as_state(s, f"{where}[{i}]") for s in as_list(key, f"{where}[{i}]"))
        if states in out:
            raise InvalidFile(f"{where}[{i}]: a second row for {states}.")
        out[states] = _row(row, f"{where}[{i}]")
    return out


def _array(data: dict[str, object], where: str) -> NDArray[np.float64]:
    """A table written as nested lists."""
    import numpy as np  # a model without arrays does not need it

    only(data, ("array",), where)
    cells = as_list(data.get("array"), f"{where}.array")
    try:
        array = np.array(cells)
    except ValueError:
        raise InvalidFile(f"{where}.array: its lists have different lengths; a full array is wanted.") from None
    if array.dtype.kind not in "iuf":
        raise InvalidFile(f"{where}.array: an array of numbers is wanted; something in it is none.")
    return array.astype(np.float64)


def _row(row: object, where: str) -> object:
    if isinstance(row, dict):
        pairs = [
            as_pair(p, where) for p in as_list(cast("dict[str, object]", row).get("by_state"), f"{where}.by_state")
        ]
        return by_state(pairs, where)
    return tuple(cast("list[object]", row)) if isinstance(row, list) else row
