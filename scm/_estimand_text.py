"""Estimands as text, and text as estimands: `sum_z P(Y=1 | X=1, Z=z) P(Z=z)`.

    P(Y=1 | X=0; do(Z=z'))      a law; P[trial](...) is one of the source `trial`
    sum_z ..., sum_{z, m'} ...  over every product to its right
    [ ... ] / [ ... ]           a quotient; brackets group
    0.5*P(Y=1) - P(Y=0) + 2     a linear combination
    weight(Y > 2; Y=y)          a number that depends on values; `y` alone is the value itself

An index is its variable in lower case, with a prime for each number; where that could mean two variables, or another
than the one it stands at, it is the variable's own name in quotes. A variable with odd characters is quoted too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from ._estimand import ONE, At, Cells, Estimand, Index, Law, Linear, Product, Quotient, Sum, Weight
from ._estimand_parts import cells_of, nodes_of, parts_of
from ._latex import latex_name, latex_value
from ._syntax import KEYWORDS, Const, Placeholder, Var, print_const, print_expr, print_name
from ._text import number_text

WORDS = KEYWORDS | {"sum", "weight", "P"}
"""Words that are no name of an index."""


def print_estimand(estimand: Estimand) -> str:
    """`estimand` as text that `parse_estimand` reads back.

    Products of one factor and sums over nothing are printed as what is inside; indices are printed as above.
    """
    return _Text(estimand).linear(estimand)


def index_names(estimand: Estimand) -> dict[Index, str]:
    """What each index is printed as, without its primes."""
    names: dict[str, set[str]] = {}
    indices: dict[Index, None] = {}
    for node in nodes_of(estimand):
        if isinstance(node, (Law, Weight)):
            cells = cells_of(node)
            indices |= dict.fromkeys(at for _, at in cells if isinstance(at, Index))
            for name, _ in () if _is_bare(node) else cells:
                names.setdefault(name.lower(), set()).add(name)
        elif isinstance(node, Sum):
            indices |= dict.fromkeys(node.over)
    return {
        i: i.variable.lower()
        if names.get(i.variable.lower()) == {i.variable} and _plain(i.variable.lower())
        else _quoted(i.variable)
        for i in indices
    }


def _is_bare(node: Law | Weight) -> bool:
    """Whether a weight is just the value of an index, which is printed as that."""
    match node:
        case Weight(Var(name, ()), ((cell, Index() as at),)):
            return name == cell == at.variable
        case _:
            return False


def _plain(name: str) -> bool:
    return print_name(name) == name and name not in WORDS and not name.startswith("sum_")


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class _Text:
    def __init__(self, estimand: Estimand) -> None:
        self.names = index_names(estimand)

    def linear(self, node: Estimand) -> str:
        """Anything, where nothing stands around it."""
        if not isinstance(node, Linear):
            return self.product(node)
        if not node.parts:
            return _number(node.constant, alone=True)
        text = "".join(self._term(number, part, first=i == 0) for i, (number, part) in enumerate(node.parts))
        if len(node.parts) == 1 and not node.constant and node.parts[0][0] == 1.0 and node.parts[0][1] != ONE:
            return f"1*{text}"
        return text + (f" {'-' if node.constant < 0 else '+'} {_number(abs(node.constant))}" if node.constant else "")

    def _term(self, number: float, part: Estimand, *, first: bool) -> str:
        sign = ("-" if first else " - ") if number < 0 else ("" if first else " + ")
        bare = abs(number) == 1.0 and part != ONE
        return sign + ("" if bare else f"{_number(abs(number))}*") + self.product(part)

    def product(self, node: Estimand) -> str:
        """A part of a sum of terms."""
        match node:
            case Product(()):
                return "1"
            case Product((one,)):
                return self.product(one)
            case Product(factors):
                *left, last = factors
                end = self.product(last) if isinstance(last, Sum) and last.over else self.factor(last)
                return " ".join([*map(self.factor, left), end])
            case Sum(over, body) if over:
                names = ", ".join(map(self.index, over))
                inner = f"[{self.product(body)}]" if isinstance(body, Quotient) else self.product(body)
                return f"sum_{names if len(over) == 1 else '{' + names + '}'} {inner}"
            case Quotient(above, below):
                return f"{self.atom(above)} / {self.atom(below)}"
            case _:
                return self.atom(node)

    def factor(self, node: Estimand) -> str:
        """A factor beside others."""
        return f"[{self.product(node)}]" if isinstance(node, Quotient) else self.atom(node)

    def atom(self, node: Estimand) -> str:
        """What stands without a bracket around it."""
        match node:
            case Law(of, given, do, source):
                name = f"[{print_name(source)}]" if source else ""
                condition = f" | {self.cells(given)}" if given else ""
                imposed = f"; do({self.cells(do)})" if do else ""
                return f"P{name}({self.cells(of)}{condition}{imposed})"
            case Weight(_, ((_, Index() as at),)) if _is_bare(node):
                return self.index(at)
            case Weight(expr, where):
                return f"weight({print_expr(expr)}; {self.cells(where)})"
            case Product((one,)):
                return self.atom(one)
            case Sum((), body):
                return self.atom(body)
            case Product(()):
                return "1"
            case _:
                return f"[{self.linear(node)}]"

    def cells(self, cells: Cells) -> str:
        """`X=1, Z=z`."""
        return ", ".join(f"{print_name(name)}={self.value(at)}" for name, at in cells)

    def value(self, at: At) -> str:
        """What stands behind the `=` of a cell."""
        match at:
            case Const(value):
                return print_const(value)
            case Placeholder():
                return print_expr(at)
            case Index():
                return self.index(at)
            case _:
                assert_never(at)

    def index(self, index: Index) -> str:
        """`z`, `z'`, `z''`."""
        return self.names[index] + "'" * index.number


def _number(value: float, *, alone: bool = False) -> str:
    """A coefficient or a constant; a constant 1 that stands alone is not the empty product, `1`."""
    if alone and value == 1.0:
        return "1.0"
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


# ---------------------------------------------------------------------------------------------------------------------
# LaTeX


def estimand_latex(estimand: Estimand) -> str:
    """`estimand` as LaTeX mathematics; a variable at its own index is printed as the index alone."""
    parts_of(estimand)  # that it is one
    return _Latex().linear(estimand)


class _Latex:
    def linear(self, node: Estimand) -> str:
        if not isinstance(node, Linear):
            return self.product(node)
        text = "".join(self._term(number, part, first=i == 0) for i, (number, part) in enumerate(node.parts))
        if not node.constant and node.parts:
            return text
        sign = "-" if node.constant < 0 else "+" if text else ""
        return f"{text} {sign} {number_text(abs(node.constant))}".strip()

    def _term(self, number: float, part: Estimand, *, first: bool) -> str:
        sign = "-" if number < 0 else "" if first else "+"
        size = "" if abs(number) == 1.0 else rf"{number_text(abs(number))} \cdot "
        return f"{'' if first else ' '}{sign}{'' if first else ' '}{size}{self.product(part)}"

    def product(self, node: Estimand) -> str:
        match node:
            case Product(factors) if factors:
                *left, last = factors
                return r" \, ".join([*map(self.factor, left), self.product(last)])
            case Sum(over, body) if over:
                inner = self.factor(body) if isinstance(body, Linear) else self.product(body)
                return rf"\sum_{{{', '.join(map(self.index, over))}}} {inner}"
            case Linear():
                return self.factor(node)
            case _:
                return self.factor(node)

    def factor(self, node: Estimand) -> str:
        match node:
            case Law(of, given, do, source):
                name = rf"_{{{latex_name(source)}}}" if source else ""
                inside = [self.cells(given)] if given else []
                inside += [rf"\mathrm{{do}}({self.cells(do)})"] if do else []
                condition = rf" \mid {', '.join(inside)}" if inside else ""
                return f"P{name}({self.cells(of)}{condition})"
            case Quotient(above, below):
                return rf"\frac{{{self.linear(above)}}}{{{self.linear(below)}}}"
            case Weight(Var(name, ()), ((cell, at),)) if name == cell:
                return self.value(at)
            case Weight(expr, where):
                return rf"w\left(\text{{{print_expr(expr)}}};\ {self.cells(where)}\right)"
            case Product(()):
                return "1"
            case Product((one,)):
                return self.factor(one)
            case Sum((), body):
                return self.factor(body)
            case _:
                return rf"\left[{self.linear(node)}\right]"

    def cells(self, cells: Sequence[tuple[str, At]]) -> str:
        return ", ".join(
            self.index(at) if isinstance(at, Index) and at.variable == name else f"{latex_name(name)}={self.value(at)}"
            for name, at in cells
        )

    def value(self, at: At) -> str:
        match at:
            case Const(value):
                return latex_value(value)
            case Placeholder(name):
                return rf"?_{{{latex_name(name)}}}"
            case Index():
                return self.index(at)
            case _:
                assert_never(at)

    def index(self, index: Index) -> str:
        return latex_name(index.variable.lower()) + "'" * index.number
