"""An identification as text, LaTeX and JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from .._estimand import Estimand, Index
from .._estimand_text import estimand_latex, print_estimand
from .._finding import Assumption, Step
from .._latex import query_latex
from .._query import Query, print_query

WIDTH = 110


class Law(Protocol):
    """An available law."""

    @property
    def variables(self) -> tuple[str, ...]:
        """What is measured."""
        ...

    @property
    def do(self) -> tuple[str, ...]:
        """What is imposed."""
        ...

    @property
    def name(self) -> str:
        """What estimands call it."""
        ...


class Obstacle(Protocol):
    """Why there is no estimand."""

    @property
    def explanation(self) -> str:
        """In words."""
        ...


class Report(Protocol):
    """What is reported: an `Identification`, by its parts."""

    @property
    def query(self) -> Query:
        """What was asked."""
        ...

    @property
    def available(self) -> Sequence[Law]:
        """From which laws."""
        ...

    @property
    def estimand(self) -> Estimand | None:
        """What it equals."""
        ...

    @property
    def axes(self) -> tuple[Index, ...]:
        """Open indices."""
        ...

    @property
    def method(self) -> str | None:
        """How it was found."""
        ...

    @property
    def derivation(self) -> Sequence[Step]:
        """The steps."""
        ...

    @property
    def obstacle(self) -> Any:
        """Why there is none."""
        ...

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """What it rests on."""
        ...


def text_of(report: Report) -> str:
    """The verdict, the estimand, the numbered steps or the obstacle, the assumptions."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield print_query(report.query)
    known = "; ".join(map(law_text, report.available))
    if report.estimand is None:
        verdict = "not identified" if report.obstacle is not None else "not decided: no formula was found"
        yield f"  {verdict} from {known}"
        if report.obstacle is not None:
            yield from _wrapped(f"Why: {report.obstacle.explanation}", "  ", "  ")
        else:
            yield from _wrapped(
                "Some law does not measure every variable, and then the search here is sound but not complete.",
                "  ",
                "  ",
            )
        return
    yield from _wrapped(f"= {print_estimand(report.estimand)}", "  ", "    ")
    yield f"  identified from {known} ({report.method})"
    for number, step in enumerate(report.derivation, 1):
        citation = f" [{step.citation}]" if step.citation else ""
        yield from _wrapped(f"{number}. {step.name}: {step.claim}", "  ", "     ")
        yield from _wrapped(f"because {step.reason}{citation}", "     ", "     ")
    for assumption in report.assumptions:
        yield from _wrapped(f"Assumes: {assumption.text} (granted by {assumption.granted_by})", "  ", "    ")


def _wrapped(text: str, first: str, later: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    )


def law_text(law: Law) -> str:
    """`P(X, Y; do(Z)) of 'trial'`."""
    imposed = f"; do({', '.join(law.do)})" if law.do else ""
    return f"P({', '.join(law.variables)}{imposed})" + (f" of {law.name!r}" if law.name else "")


def latex_of(report: Report) -> str:
    """`query = estimand` as LaTeX mathematics."""
    left = query_latex(report.query)
    if report.estimand is None:
        return rf"{left} \quad \text{{not identified}}"
    return f"{left} = {estimand_latex(report.estimand)}"


def json_of(report: Report) -> dict[str, Any]:
    """JSON data; queries and estimands stand as text that parses back."""
    obstacle = report.obstacle
    return {
        "query": print_query(report.query),
        "identified": report.estimand is not None,
        "decided": report.estimand is not None or obstacle is not None,
        "available": [{"variables": list(a.variables), "do": list(a.do), "name": a.name} for a in report.available],
        "estimand": None if report.estimand is None else print_estimand(report.estimand),
        "latex": latex_of(report),
        "axes": [{"variable": i.variable, "number": i.number} for i in report.axes],
        "method": report.method,
        "derivation": [asdict(step) for step in report.derivation],
        "obstacle": None
        if obstacle is None
        else {"type": type(obstacle).__name__.lower(), **_plain(asdict(obstacle)), "explanation": obstacle.explanation},
        "assumptions": [asdict(a) for a in report.assumptions],
    }


def _plain(data: dict[str, str | tuple[str, ...]]) -> dict[str, str | list[str]]:
    return {k: v if isinstance(v, str) else list(v) for k, v in data.items()}
