"""Answers as text, LaTeX and JSON data: renderings of the same derivation."""

from __future__ import annotations

import math
import re
import textwrap
from dataclasses import asdict
from typing import Any

import numpy as np

from ._answer import Answer, Interval
from ._query import print_query
from ._text import number_text

WIDTH = 96
RUNGS = {1: "seeing", 2: "doing", 3: "imagining"}


# ---------------------------------------------------------------------------------------------------------------------
# Text


def answer_text(answer: Answer, *, derivation: bool = True) -> str:
    """The answer in a few lines."""
    lines = [
        f"{print_query(answer.query)} = {value_text(answer)}",
        f"  finding: {answer.finding}; rung {answer.rung} ({RUNGS[answer.rung]})",
    ]
    sampling = answer.uncertainty.sampling
    if isinstance(sampling, float):
        lines.append(f"  standard error from the counts: {number_text(sampling)}")
    if answer.uncertainty.rounding is not None:
        low, high = answer.uncertainty.rounding
        lines.append(f"  within the rounding of the printed numbers: {number_text(low)} to {number_text(high)}")
    lines += [f"  refused by {name}: {reason}" for name, reason in answer.refusals]
    lines += [f"  assuming: {a.text} [{a.granted_by}]" for a in answer.assumptions]
    if derivation and answer.derivation:
        lines.append("  derivation:")
        lines += derivation_lines(answer)
    return "\n".join(lines)


def derivation_lines(answer: Answer) -> list[str]:
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


def value_text(answer: Answer) -> str:
    """The value, the ends, or the finding."""
    if answer.interval is not None and isinstance(answer.interval.lower, float):
        return _interval_text(answer.interval)
    if isinstance(answer.value, float):
        return number_text(answer.value)
    if answer.value is None and answer.interval is None:
        return answer.finding
    return _array_text(answer)


def _interval_text(interval: Interval) -> str:
    ends = f"between {number_text(float(interval.lower))} and {number_text(float(interval.upper))}"
    return (
        ends
        if interval.sharp
        else f"{ends} (at most from {number_text(float(interval.outer_lower))} to {number_text(float(interval.outer_upper))})"
    )


def _array_text(answer: Answer, most: int = 16) -> str:
    low = np.asarray(answer.value if answer.value is not None else answer.interval.lower if answer.interval else ())
    high = low if answer.interval is None else np.asarray(answer.interval.upper)
    if answer.states and len(answer.states) == 1 and low.ndim == 1:
        names = [repr(s) for s in answer.states[0][1]]
    else:
        names = [
            f"#{i + 1}" if low.ndim == 1 else "#" + ",".join(map(str, np.add(np.unravel_index(i, low.shape), 1)))
            for i in range(low.size)
        ]
    cells = [
        f"{name}: {'undefined' if math.isnan(a) else number_text(a) if a == b else f'between {number_text(a)} and {number_text(b)}'}"
        for name, a, b in zip(names[:most], low.ravel()[:most].tolist(), high.ravel()[:most].tolist(), strict=False)
    ]
    return "{" + ", ".join(cells) + (", ..." if low.size > most else "") + "}"


# ---------------------------------------------------------------------------------------------------------------------
# JSON


def plain(value: Any) -> Any:
    """Arrays as lists, NaN and infinities as null."""
    if isinstance(value, np.ndarray):
        return plain(value.tolist())  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def answer_data(answer: Answer) -> dict[str, Any]:
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
        "refusals": [{"solver": name, "reason": reason} for name, reason in answer.refusals],
        "plan": plain(dict(answer.plan)),
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


def answer_latex(answer: Answer) -> str:
    """The query, its value and the derivation, as a LaTeX fragment (needs amsmath)."""
    from ._latex import query_latex  # a third of the renderings' code that plain text does not need

    out = [rf"\[ {query_latex(answer.query)} = {_value_latex(answer)} \]"]
    if answer.derivation:
        out.append(r"\begin{enumerate}")
        for step in answer.derivation:
            cites = f" ({escaped(step.citation)})" if step.citation else ""
            out.append(
                rf"  \item \textbf{{{escaped(step.name)}.}} {escaped(step.claim)}, because {escaped(step.reason)}{cites}."
            )
        out.append(r"\end{enumerate}")
    return "\n".join(out)


def _value_latex(answer: Answer) -> str:
    if (
        answer.interval is not None
        and isinstance(answer.interval.lower, float)
        and isinstance(answer.interval.upper, float)
    ):
        return f"[{number_text(answer.interval.lower)},\\ {number_text(answer.interval.upper)}]"
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
