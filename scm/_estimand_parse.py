"""Text to estimands; `_estimand_text` says what is accepted. Recursive descent; no text is ever evaluated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from ._errors import InvalidQuery, QuerySyntaxError, near
from ._estimand import ONE, At, Cells, Estimand, Index, Law, Linear, Product, Quotient, Sum, Weight
from ._estimand import cells as sorted_cells
from ._parse import MAX_LENGTH, parse_expression
from ._syntax import MAX_DEPTH, Const, Placeholder, Var

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?)
      | (?P<placeholder>\?([^\W\d]\w*|"(?:[^"\\]|\\.)*"))
      | (?P<word>[^\W\d]\w*)(?P<primes>'*)
      | (?P<quoted>"(?:[^"\\]|\\.)*")(?P<quoted_primes>'*)
      | (?P<label>'(?:[^'\\]|\\.)*')
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


def parse_estimand(text: str) -> Estimand:
    """The estimand that `text` says, such as `sum_z P(Y=1 | X=1, Z=z) P(Z=z)`.

    Raises:
        QuerySyntaxError: the text is no estimand; the message has a caret.
    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers outside the type checker
        raise InvalidQuery(f"An estimand must be text, got {type(text).__name__}.")
    if len(text) > MAX_LENGTH:
        raise QuerySyntaxError(text, MAX_LENGTH, f"{len(text):,} characters; at most {MAX_LENGTH:,} are read.")
    reader = _Reader(text)
    found = reader.linear()
    if reader.here.kind != "end":
        reader.refuse("the end, a further factor, + or -")
    return found


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int
    primes: int = 0


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    for match in _TOKEN.finditer(text):
        kind = "quoted" if match["quoted"] else "word" if match["word"] else str(match.lastgroup)
        if kind != "space":
            kind = next(k for k in ("number", "placeholder", "word", "quoted", "label", "other") if match[k])
            primes = len(match["primes"] or match["quoted_primes"] or "")
            found.append(_Token(kind, match[kind], match.start(), primes))
    return [*found, _Token("end", "", len(text))]


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.next, self.depth = 0, 0
        names = {
            _unquoted(token.text) if token.kind == "quoted" else token.text
            for token, after in zip(self.tokens, self.tokens[1:], strict=False)
            if token.kind in ("word", "quoted") and after.text == "="
        }
        self.named: dict[str, list[str]] = {}
        for name in sorted(names):
            self.named.setdefault(name.lower(), []).append(name)

    @property
    def here(self) -> _Token:
        return self.tokens[self.next]

    def take(self, text: str) -> bool:
        """Whether this token stands here; if so it is passed."""
        found = self.here.kind in ("other", "word") and self.here.text == text and not self.here.primes
        self.next += found
        return found

    def want(self, text: str) -> None:
        if not self.take(text):
            self.refuse(repr(text))

    def refuse(self, wanted: str) -> NoReturn:
        got = f"{self.here.text!r} cannot stand here" if self.here.kind != "end" else "the text ends"
        raise QuerySyntaxError(self.text, self.here.at, f"Cannot read this: {got}; expected {wanted}.")

    # --- the grammar

    def linear(self) -> Estimand:
        """Terms with signs and coefficients."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise QuerySyntaxError(self.text, self.here.at, f"Nested deeper than {MAX_DEPTH} levels.")
        first, sign = self.here, -1.0 if self.take("-") else 1.0
        number, part = self.term()
        terms = [(sign * (1.0 if number is None else number), part)]
        while self.here.kind == "other" and self.here.text in ("+", "-"):
            sign = -1.0 if self.take("-") else 1.0
            if sign > 0:
                self.want("+")
            more, other = self.term()
            terms.append((sign * (1.0 if more is None else more), other))
        self.depth -= 1
        if len(terms) == 1 and first.text != "-" and number is None and part is not None:
            return part
        if len(terms) == 1 and first.text == "1" and part is None:
            return ONE
        return Linear(
            tuple((number, part) for number, part in terms if part is not None),
            sum(number for number, part in terms if part is None),
        )

    def term(self) -> tuple[float | None, Estimand | None]:
        """A coefficient and what it stands at; a number alone, or a product alone."""
        token, after = self.here, self.tokens[min(self.next + 1, len(self.tokens) - 1)]
        if token.kind != "number" or after.text == "/" or (token.text == "1" and not _ends(after)):
            return None, self.product()
        self.next += 1
        if self.take("*"):
            return float(token.text), self.product()
        if not _ends(self.here):
            self.refuse("'*' after a coefficient")
        return float(token.text), None

    def product(self) -> Estimand:
        """Factors side by side; a sum takes all that follow."""
        factors: list[Estimand] = []
        while not _ends(self.here) or not factors:
            word = self.here
            if word.kind == "word" and word.text.startswith("sum_"):
                factors.append(self.sum())
                break
            atom = self.atom()
            factors.append(Quotient(atom, self.atom()) if self.take("/") else atom)
        return factors[0] if len(factors) == 1 else Product(tuple(factors))

    def sum(self) -> Sum:
        word = self.here
        self.next += 1
        if len(word.text) > len("sum_"):
            over = [self.index(_Token("word", word.text[len("sum_") :], word.at, word.primes))]
        elif self.take("{"):
            over = [self.any_index()]
            while self.take(","):
                over.append(self.any_index())
            self.want("}")
        else:
            over = [self.any_index()]
        return Sum(tuple(over), self.product())

    def atom(self) -> Estimand:
        token = self.here
        if self.take("["):
            inner = self.linear()
            self.want("]")
            return inner
        if token.kind == "number" and token.text == "1":
            self.next += 1
            return ONE
        after = self.tokens[min(self.next + 1, len(self.tokens) - 1)].text
        if token.text == "P" and after in ("(", "["):
            return self.law()
        if token.text == "weight" and after == "(":
            return self.weight()
        if token.kind in ("word", "quoted"):
            index = self.any_index()
            return Weight(Var(index.variable), ((index.variable, index),))
        return self.refuse("P(...), sum_..., [...], 1 or the name of an index")

    def law(self) -> Law:
        self.next += 1
        source = ""
        if self.take("["):
            source = self.name()
            self.want("]")
        self.want("(")
        of = self.cells()
        given = self.cells() if self.take("|") else ()
        do: Cells = ()
        if self.take(";"):
            self.want("do")
            self.want("(")
            do = self.cells()
            self.want(")")
        self.want(")")
        return Law(of, given, do, source)

    def weight(self) -> Weight:
        self.next += 2
        start, level = self.here.at, 0
        while self.here.kind != "end" and not (self.here.text == ";" and level == 0):
            level += {"(": 1, ")": -1}.get(self.here.text, 0) if self.here.kind == "other" else 0
            self.next += 1
        text = self.text[start : self.here.at]
        self.want(";")
        try:
            expr = parse_expression(text)
        except QuerySyntaxError as wrong:
            raise QuerySyntaxError(self.text, start + wrong.position, wrong.problem) from None
        where = () if self.here.text == ")" else self.cells()
        self.want(")")
        return Weight(expr, where)

    # --- cells

    def cells(self) -> Cells:
        found: dict[str, At] = {}
        while True:
            at = self.here.at
            name = self.name()
            if name in found:
                raise QuerySyntaxError(self.text, at, f"{name!r} stands here twice; each variable has one value.")
            self.want("=")
            found[name] = self.value()
            if not self.take(","):
                return sorted_cells(found)

    def name(self) -> str:
        token = self.here
        if token.kind not in ("word", "quoted") or token.primes:
            self.refuse("the name of a variable")
        self.next += 1
        return _unquoted(token.text) if token.kind == "quoted" else token.text

    def value(self) -> At:
        minus = self.here.at if self.take("-") else None
        token = self.here
        if token.kind == "number":
            self.next += 1
            number: int | float = int(token.text) if token.text.isdecimal() else float(token.text)
            return Const(number if minus is None else -number)
        if minus is not None:
            self.refuse("a number")
        if token.kind == "label":
            self.next += 1
            return Const(_unquoted(token.text))
        if token.kind == "placeholder":
            self.next += 1
            name = token.text[1:]
            return Placeholder(_unquoted(name) if name.startswith('"') else name)
        if token.kind == "word" and token.text in ("True", "False") and not token.primes:
            self.next += 1
            return Const(token.text == "True")
        return self.any_index()

    def any_index(self) -> Index:
        token = self.here
        if token.kind not in ("word", "quoted"):
            self.refuse("a state, a placeholder or an index")
        self.next += 1
        return self.index(token)

    def index(self, token: _Token) -> Index:
        if token.kind == "quoted":
            return Index(_unquoted(token.text), token.primes)
        found = self.named.get(token.text, [])
        if len(found) == 1:
            return Index(found[0], token.primes)
        many = f"; it could be {' or '.join(map(repr, found))}. Write the name in quotes" if found else ""
        raise QuerySyntaxError(
            self.text, token.at, f"{token.text!r} is the index of no one variable{many}.{near(token.text, self.named)}"
        )


def _ends(token: _Token) -> bool:
    """Whether a product ends before this token."""
    return token.kind == "end" or (token.kind == "other" and token.text in ("]", "+", "-", "*"))
