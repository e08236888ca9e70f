"""What went into a stage of the chain and what came out, in a few words for its trace."""

from __future__ import annotations

from collections.abc import Sequence

from scm import Answer, EquivalenceClass, Model, Study, number_text

from ._compile import Compiled
from ._problem import Problem
from ._rounding import Spread


def problem_size(problem: Problem) -> str:
    """How much a Problem holds."""
    if problem.cannot is not None:
        return "what cannot be read"
    counts = {
        "variable": len(problem.variables),
        "equation": len(problem.equations),
        "statement": len(problem.statements),
        "query": len(problem.queries),
    }
    return ", ".join(f"{n} {_plural(word, n)}" for word, n in counts.items() if n)


def _plural(word: str, n: int) -> str:
    return word if n == 1 else "queries" if word == "query" else f"{word}s"


def model_size(compiled: Compiled) -> str:
    """How much the engine is given."""
    match compiled.knowledge:
        case Model() as model:
            edges = len(model.graph.edges)
            return f"a model of {len(model.variables)} variables and {edges} {_plural('edge', edges)}"
        case Study() as study:
            graph, count = study.graph, len(study.sources)
            told = f"{count} {_plural('statement', count)}"
            return f"a graph of {len(graph.variables)} variables and {len(graph.edges)} edges, with {told}"
        case None:
            return "a list of independences" if isinstance(compiled.graph, EquivalenceClass) else "a graph"


def shown(answers: Sequence[Answer]) -> str:
    """The values of answers, and their findings."""
    values = (f"{number_text(a.value)} " if isinstance(a.value, float) else "" for a in answers)
    return "; ".join(f"{value}({a.finding})" for value, a in zip(values, answers, strict=True))


def shown_spreads(found: Sequence[Spread | None]) -> str:
    """How far rounding moves the answers."""
    return "; ".join("not moved" if s is None else f"{s.lower:.6g} to {s.upper:.6g}" for s in found)
