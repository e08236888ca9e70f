"""Estimands as plain JSON data and back.

{"law": {"Y": {"const": 1}}, "given": {"Z": {"index": "Z"}}, "do": {...}, "source": "trial"}
{"weight": <expression>, "where": {...}}   {"sum": [{"index": "Z", "number": 1}], "body": <estimand>}
{"product": [...]}   {"quotient": [above, below]}   {"linear": [[number, <estimand>], ...], "constant": 0.0}
"""

from __future__ import annotations

from typing import Any, TypeAlias, assert_never, cast

from ._document import as_list, as_name, as_number, as_value, check_keys, misfit, only_kind
from ._errors import InvalidFile
from ._estimand import At, Cells, Estimand, Index, Law, Linear, Product, Quotient, Sum, Weight
from ._estimand import cells as sorted_cells
from ._structured import MAX_NODES, expr_from_data, expr_to_data
from ._syntax import MAX_DEPTH, Const, Placeholder

Data: TypeAlias = dict[str, Any]
_KINDS = ("law", "weight", "sum", "product", "quotient", "linear")


def estimand_to_data(estimand: Estimand) -> Data:
    """`estimand` as JSON data; `estimand_from_data` reads it back."""
    match estimand:
        case Law(of, given, do, source):
            more = {"given": _cells_to_data(given), "do": _cells_to_data(do), "source": source}
            return {"law": _cells_to_data(of)} | {key: value for key, value in more.items() if value}
        case Weight(expr, where):
            return {"weight": expr_to_data(expr), "where": _cells_to_data(where)}
        case Sum(over, body):
            return {"sum": [_index_to_data(index) for index in over], "body": estimand_to_data(body)}
        case Product(factors):
            return {"product": [estimand_to_data(factor) for factor in factors]}
        case Quotient(above, below):
            return {"quotient": [estimand_to_data(above), estimand_to_data(below)]}
        case Linear(parts, constant):
            return {"linear": [[n, estimand_to_data(part)] for n, part in parts], "constant": constant}
        case _:
            assert_never(estimand)


def _index_to_data(index: Index) -> Data:
    return {"index": index.variable} | ({"number": index.number} if index.number else {})


def _cells_to_data(cells: Cells) -> Data:
    return {name: _index_to_data(at) if isinstance(at, Index) else expr_to_data(at) for name, at in cells}


def estimand_from_data(data: object, where: str = "estimand") -> Estimand:
    """The estimand that `data` says.

    Args:
        data: JSON data as `estimand_to_data` writes it, from any source.
        where: what to call the document in messages.

    Raises:
        InvalidFile: the data is not of this form, or too deep or too long.
    """
    return _Reader().estimand(data, where, 1)


class _Reader:
    def __init__(self) -> None:
        self._nodes = 0

    def _object(self, data: object, where: str, level: int) -> dict[str, object]:
        self._nodes += 1
        if self._nodes > MAX_NODES or level > MAX_DEPTH:
            raise InvalidFile(f"{where[:60]}: more than {MAX_NODES:,} parts or {MAX_DEPTH} levels. Split it.")
        if not isinstance(data, dict):
            raise misfit(where, data, "an object")
        return cast("dict[str, object]", data)

    def estimand(self, data: object, where: str, level: int) -> Estimand:
        given = self._object(data, where, level)
        match only_kind(given, _KINDS, where):
            case "law":
                check_keys(given, where, "law", optional=("given", "do", "source"))
                of, seen, do = (self._cells(given.get(k, {}), f"{where}.{k}") for k in ("law", "given", "do"))
                return Law(of, seen, do, as_name(given["source"], f"{where}.source") if "source" in given else "")
            case "weight":
                check_keys(given, where, "weight", "where")
                return Weight(
                    expr_from_data(given["weight"], f"{where}.weight"), self._cells(given["where"], f"{where}.where")
                )
            case "sum":
                check_keys(given, where, "sum", "body")
                over = as_list(given["sum"], f"{where}.sum")
                indices = tuple(self._index(item, f"{where}.sum[{i}]") for i, item in enumerate(over))
                return Sum(indices, self.estimand(given["body"], f"{where}.body", level + 1))
            case "product":
                check_keys(given, where, "product")
                return Product(self._each(given["product"], f"{where}.product", level))
            case "quotient":
                check_keys(given, where, "quotient")
                parts = self._each(given["quotient"], f"{where}.quotient", level)
                if len(parts) != 2:
                    raise misfit(f"{where}.quotient", given["quotient"], "a list of two estimands")
                return Quotient(*parts)
            case _:
                return self._linear(given, where, level)

    def _each(self, data: object, where: str, level: int) -> tuple[Estimand, ...]:
        return tuple(self.estimand(item, f"{where}[{i}]", level + 1) for i, item in enumerate(as_list(data, where)))

    def _linear(self, given: dict[str, object], where: str, level: int) -> Linear:
        check_keys(given, where, "linear", optional=("constant",))
        parts: list[tuple[float, Estimand]] = []
        for i, item in enumerate(as_list(given["linear"], f"{where}.linear")):
            here = f"{where}.linear[{i}]"
            pair = as_list(item, here)
            if len(pair) != 2:
                raise misfit(here, item, "a number and an estimand")
            parts.append((as_number(pair[0], f"{here}[0]"), self.estimand(pair[1], f"{here}[1]", level + 1)))
        return Linear(tuple(parts), as_number(given.get("constant", 0.0), f"{where}.constant"))

    def _index(self, data: object, where: str) -> Index:
        given = self._object(data, where, 1)
        check_keys(given, where, "index", optional=("number",))
        number = given.get("number", 0)
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise misfit(f"{where}.number", number, "a whole number from 0 up")
        return Index(as_name(given["index"], f"{where}.index"), number)

    def _cells(self, data: object, where: str) -> Cells:
        found: dict[str, At] = {}
        for name, value in self._object(data, where, 1).items():
            here = f"{where}.{name}"
            cell = self._object(value, here, 1)
            match only_kind(cell, ("const", "placeholder", "index"), here):
                case "const":
                    check_keys(cell, here, "const")
                    found[as_name(name, here)] = Const(as_value(cell["const"], f"{here}.const"))
                case "placeholder":
                    check_keys(cell, here, "placeholder")
                    found[as_name(name, here)] = Placeholder(as_name(cell["placeholder"], f"{here}.placeholder"))
                case _:
                    found[as_name(name, here)] = self._index(cell, here)
        return sorted_cells(found)
