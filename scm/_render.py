"""Answers as text, LaTeX and JSON data: renderings of the same derivation."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from ._estimand import Estimand
from ._estimand_text import estimand_latex, print_estimand
from ._finding import Assumption, Finding, Interval, Number, Statuses, Step, Uncertainty
from ._latex import query_latex
from ._query import Query, print_query
from ._syntax import Value
from ._text import ends_text, inward_text, number_text, outward_text

WIDTH = 96
SHOWN_ERROR = 1e-8
"""From so far off on, the bound on the arithmetic's error is printed: single precision always is."""
RUNGS = {1: "seeing", 2: "doing", 3: "imagining"}


class Printable(Protocol):
    """What there is to print: the fields of an `Answer`."""

    @property
    def query(self) -> Query: ...
    @property
    def finding(self) -> Finding: ...
    @property
    def value(self) -> Number | None: ...
    @property
    def interval(self) -> Interval | None: ...
    @property
    def status(self) -> Statuses: ...
    @property
    def states(self) -> tuple[tuple[str, tuple[Value, ...]], ...]: ...
    @property
    def estimand(self) -> Estimand | None: ...
    @property
    def check(self) -> Any: ...
    @property
    def rung(self) -> int: ...
    @property
    def uncertainty(self) -> Uncertainty: ...
    @property
    def derivation(self) -> tuple[Step, ...]: ...
    @property
    def assumptions(self) -> tuple[Assumption, ...]: ...
    @property
    def refusals(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def plan(self) -> Mapping[str, Any]: ...
    @property
    def diagnostics(self) -> Mapping[str, Any]: ...


# ---------------------------------------------------------------------------------------------------------------------
# Text


def answer_text(answer: Printable, *, derivation: bool = True) -> str:
    """The answer in a few lines."""
    lines = [
        f"{print_query(answer.query)} = {value_text(answer)}",
        f"  finding: {answer.finding}; rung {answer.rung} ({RUNGS[answer.rung]})",
    ]
    lines += _sampling_lines(answer)
    lines += _draws_lines(answer)
    arithmetic = answer.uncertainty.floating_point
    if arithmetic is not None and arithmetic > SHOWN_ERROR:
        lines.append(f"  arithmetic: off by at most {number_text(arithmetic)}")
    if answer.uncertainty.rounding is not None:
        ends = " to ".join(outward_text(*answer.uncertainty.rounding))
        less = " (perhaps within less)" if answer.diagnostics.get("rounding_sharp") is False else ""
        lines.append(f"  within the rounding of the printed numbers: {ends}{less}")
    lines += _estimand_lines(answer)
    lines += _refused_lines(answer)
    lines += [f"  refused by {name}: {reason}" for name, reason in answer.refusals]
    lines += assuming_lines(answer.assumptions)
    if derivation and answer.derivation:
        lines.append("  derivation:")
        lines += derivation_lines(answer)
    return "\n".join(lines)


def _estimand_lines(answer: Printable) -> list[str]:
    """What the query equals, and how that was checked."""
    out: list[str] = []
    if answer.estimand is not None:
        text = f"estimand: {print_estimand(answer.estimand)}"
        out += textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
    if answer.check is not None:
        text = f"the estimand was {answer.check.text}"
        out += textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
    return out


def assuming_lines(assumptions: Sequence[Assumption], indent: str = "  ") -> list[str]:
    """What is assumed and by whom, wrapped."""
    out: list[str] = []
    for a in assumptions:
        out += textwrap.wrap(
            f"assuming: {a.text} [{a.granted_by}]", WIDTH, initial_indent=indent, subsequent_indent=indent + "  "
        )
    return out


def _sampling_lines(answer: Printable) -> list[str]:
    """The standard error of what was counted, its interval, and where the data are thin."""
    sampling, between, lines = answer.uncertainty.sampling, answer.uncertainty.confidence, list[str]()
    if isinstance(sampling, float):
        lines.append(f"  standard error from the counts: {number_text(sampling)}")
    elif sampling is not None and not np.isnan(sampling).all():
        lines.append("  standard errors from the counts: up to " + number_text(float(np.nanmax(sampling))))
    if between is not None and isinstance(between.lower, float) and isinstance(between.upper, float):
        ends = " to ".join(outward_text(between.lower, between.upper))
        text = f"{between.level:.0%} confidence interval: {ends} ({between.method})"
        lines += textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
    for text in cast("Sequence[str]", answer.diagnostics.get("poor_overlap", ())):
        lines += textwrap.wrap(f"poor overlap: {text}", WIDTH, initial_indent="  ", subsequent_indent="    ")
    return lines


def _draws_lines(answer: Printable) -> list[str]:
    """The standard error of what was drawn at random, and what the draws are worth."""
    drawn, lines = answer.uncertainty.monte_carlo, list[str]()
    if isinstance(drawn, float):
        lines.append(f"  standard error of the draws: {number_text(drawn)}")
    elif drawn is not None and not np.isnan(drawn).all():
        lines.append("  standard errors of the draws: after +-, up to " + number_text(float(np.nanmax(drawn))))
    size, draws = answer.diagnostics.get("effective_size"), answer.diagnostics.get("draws")
    if size is not None and draws:
        least = "" if isinstance(drawn, float) else " (least over rows)"
        lines.append(f"  effective sample size{least}: {number_text(size)} of {draws:,} draws")
    return lines


def _refused_lines(answer: Printable) -> list[str]:
    """How many rows of a batch were refused, and the first of them."""
    told = answer.diagnostics.get("refused")
    return [] if told is None else [f"  {refused_text(told, len(answer.status))}:"]


def refused_text(told: Mapping[str, Any], rows: int) -> str:
    """Such as `11 of 3,000 rows refused (rows 5, 7, 12, ...)`.

    Args:
        told: what `Answer.diagnostics["refused"]` holds.
        rows: how many there are in all.
    """
    count, first = int(told["count"]), told["rows"]
    which = "row" if count == 1 else "rows"
    return f"{count:,} of {rows:,} rows refused ({which} {', '.join(map(str, first))}{', ...' * (count > len(first))})"


def derivation_lines(answer: Printable) -> list[str]:
    """Numbered steps, wrapped."""
    out: list[str] = []
    for n, step in enumerate(answer.derivation, 1):
        cites = f" [{step.citation}]" if step.citation else ""
        out += textwrap.wrap(
            f"{n}. {step.name}: {step.claim}", WIDTH, initial_indent="    ", subsequent_indent="       "
        )
        out += textwrap.wrap(
            f"because {step.reason}{cites}", WIDTH, initial_indent="       ", subsequent_indent="       "
        )
    return out


def value_text(answer: Printable) -> str:
    """The value, the ends, or the finding."""
    if answer.interval is not None and isinstance(answer.interval.lower, float):
        return _interval_text(answer.interval)
    if isinstance(answer.value, float):
        return number_text(answer.value)
    if answer.value is None and answer.interval is None:
        return answer.finding
    return _array_text(answer)


def _interval_text(interval: Interval) -> str:
    """The outer ends, which nothing passes; where they are not proved to be attained, what is."""
    outer = ends_text(float(interval.outer_lower), float(interval.outer_upper))
    low, high = float(interval.lower), float(interval.upper)
    if interval.sharp:
        return outer
    if math.isnan(low) or math.isnan(high):
        return f"{outer} (perhaps within less)"
    inner = inward_text(low, high)
    return f"{outer} (attained: at least between {inner[0]} and {inner[1]})"


def _array_text(answer: Printable, most: int = 16) -> str:
    low, high = _array_ends(answer)
    ends = zip(low.ravel()[:most].tolist(), high.ravel()[:most].tolist(), strict=True)
    if len(answer.states) == 1 and low.ndim == 2:
        return _laws_text(answer, low, high, most)
    drawn = answer.uncertainty.monte_carlo
    errors = [""] * min(low.size, most)
    if isinstance(drawn, np.ndarray):
        errors = ["" if math.isnan(e) else f" +- {number_text(e)}" for e in drawn.ravel()[:most].tolist()]
    cells = [
        f"{_cell_name(answer, low.shape, i)}: {_cell_text(a, b, _blank(answer, low.shape, i))}{error}"
        for i, ((a, b), error) in enumerate(zip(ends, errors, strict=True))
    ]
    note = "" if answer.interval is None or answer.interval.sharp else " (perhaps within less)"
    return "{" + ", ".join(cells) + (", ..." if low.size > most else "") + "}" + note


def _array_ends(answer: Printable) -> tuple[NDArray[Any], NDArray[Any]]:
    """The value, or the ends: where the attained ones may not be all there is, those that nothing passes."""
    between = answer.interval
    if between is None:
        value = np.asarray(answer.value)
        return value, value
    if between.sharp:
        return np.asarray(between.lower), np.asarray(between.upper)
    return np.asarray(between.outer_lower), np.asarray(between.outer_upper)


def _laws_text(answer: Printable, low: NDArray[Any], high: NDArray[Any], most: int) -> str:
    """A law for each row, of as many rows as have `most` numbers in all."""
    states = answer.states[0][1]
    shown = max(most // max(len(states), 1), 1)
    rows: list[str] = []
    for k, (lows, highs) in enumerate(zip(low[:shown].tolist(), high[:shown].tolist(), strict=True), 1):
        cells = [f"{x!r}: {_cell_text(a, b)}" for x, a, b in zip(states, lows, highs, strict=True)]
        undefined, word = all(math.isnan(a) for a in lows), _blank(answer, (len(low),), k - 1)
        rows.append(f"#{k}: " + (word if undefined else "{" + ", ".join(cells) + "}"))
    return "{" + ", ".join(rows) + (", ..." if len(low) > shown else "") + "}"


def _cell_name(answer: Printable, shape: tuple[int, ...], i: int) -> str:
    """The state of a cell, or its place, counted from one."""
    if len(answer.states) == 1 and len(shape) == 1:
        return repr(answer.states[0][1][i])
    return "#" + ",".join(str(int(k) + 1) for k in np.unravel_index(i, shape))


def _blank(answer: Printable, shape: tuple[int, ...], i: int) -> str:
    """What is said of a cell that has no number."""
    row = int(np.unravel_index(i, shape)[0])
    of_rows = len(answer.status) == shape[0]
    return "refused" if of_rows and answer.status[row] == "refused" else "undefined"


def _cell_text(lower: float, upper: float, blank: str = "undefined") -> str:
    if math.isnan(lower):
        return blank
    return number_text(lower) if lower == upper else ends_text(lower, upper)


# ---------------------------------------------------------------------------------------------------------------------
# JSON


def plain(value: object) -> Any:
    """Arrays as lists, NaN and infinities as null."""
    if isinstance(value, np.ndarray):
        return plain(cast("list[object]", value.tolist()))
    if isinstance(value, np.generic):
        return plain(cast(object, value.item()))
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in cast("dict[object, object]", value).items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in cast("Sequence[object]", value)]
    return value


def answer_data(answer: Printable) -> dict[str, Any]:
    """The answer as JSON data."""
    interval = answer.interval
    return {
        "query": print_query(answer.query),
        "rung": answer.rung,
        "finding": answer.finding,
        "value": plain(answer.value),
        "interval": None if interval is None else interval_data(interval),
        "status": list(answer.status),
        "states": [{"term": name, "states": list(states)} for name, states in answer.states],
        "uncertainty": {k: plain(v) for k, v in asdict(answer.uncertainty).items() if v is not None},
        "assumptions": [{"text": a.text, "granted_by": a.granted_by} for a in answer.assumptions],
        "derivation": [
            {"name": s.name, "claim": s.claim, "reason": s.reason, "citation": s.citation} for s in answer.derivation
        ],
        "estimand": None
        if answer.estimand is None
        else {"text": print_estimand(answer.estimand), "latex": estimand_latex(answer.estimand)},
        "check": None if answer.check is None else plain(asdict(answer.check)),
        "refusals": [{"solver": name, "reason": reason} for name, reason in answer.refusals],
        "plan": plain(dict(answer.plan)),
        "diagnostics": plain(dict(answer.diagnostics)),
    }


def interval_data(interval: Interval) -> dict[str, Any]:
    """Inner and outer ends, and what attains the inner ones."""
    return {
        "lower": plain(interval.lower),
        "upper": plain(interval.upper),
        "outer_lower": plain(interval.outer_lower),
        "outer_upper": plain(interval.outer_upper),
        "sharp": interval.sharp,
        "lower_at": None if interval.lower_at is None else dict(interval.lower_at),
        "upper_at": None if interval.upper_at is None else dict(interval.upper_at),
    }


# ---------------------------------------------------------------------------------------------------------------------
# LaTeX


def answer_latex(answer: Printable) -> str:
    """The query, its value and the derivation, as a LaTeX fragment (needs amsmath)."""
    told = "" if answer.estimand is None else f" = {estimand_latex(answer.estimand)}"
    out = [rf"\[ {query_latex(answer.query)}{told} = {_value_latex(answer)} \]"]
    if answer.derivation:
        out.append(r"\begin{enumerate}")
        for step in answer.derivation:
            cites = f" ({escaped(step.citation)})" if step.citation else ""
            out.append(
                rf"  \item \textbf{{{escaped(step.name)}.}} {escaped(step.claim)}, "
                rf"because {escaped(step.reason)}{cites}."
            )
        out.append(r"\end{enumerate}")
    return "\n".join(out)


def _value_latex(answer: Printable) -> str:
    if (
        answer.interval is not None
        and isinstance(answer.interval.lower, float)
        and isinstance(answer.interval.upper, float)
    ):
        low, high = outward_text(float(answer.interval.outer_lower), float(answer.interval.outer_upper))
        return f"[{low},\\ {high}]"
    if isinstance(answer.value, float):
        return number_text(answer.value)
    return rf"\text{{{escaped(value_text(answer))}}}"


_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}


def escaped(text: str) -> str:
    """Text with LaTeX's special characters made harmless."""
    return re.sub(r"[\\~^<>|&%$#_{}]", lambda m: _SPECIAL.get(m.group(), "\\" + m.group()), text)
