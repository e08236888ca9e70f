"""The derivation: abduction, action, prediction (Pearl 2009, theorem 7.1.7), each step with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ._finding import Finding, Step
from ._graph import CausalGraph
from ._nesting import unnesting
from ._query import Contrast, Distribution, Number, Probability, Query, Term, print_query, query_terms, term_parts
from ._relevance import relevant_world, rung
from ._syntax import Set, Var, World, conjuncts, print_assignment, print_expr, print_name, terms
from ._text import ends_text, number_text, settings_text
from ._trace import changed_variables, shown_name, values_in
from ._worlds import build_worlds
from .solvers import Fact, NoisePosterior, Record, Setting, Solution, noise_posterior, sharp, solve, split_given

THEOREM = "Pearl (2009), theorem 7.1.7"
SHOWN = 4
"""Noise states written out in a step; the rest are counted."""


@dataclass(frozen=True)
class Scene:
    """What there is to tell of."""

    setting: Setting
    query: Query
    solution: Solution
    finding: Finding


def derive(scene: Scene) -> tuple[Step, ...]:
    """The steps of one answer; for rows, the steps that all rows share."""
    if scene.solution.monte_carlo is not None:
        return tuple(dict.fromkeys(_drawn_steps(scene)))
    steps: list[Step] = []
    found = query_terms(scene.query)
    for term in found:
        steps += _term_steps(scene, term, alone=len(found) == 1)
    if isinstance(scene.query, Contrast):
        steps.append(_contrast_step(scene))
    steps += _roots_step(scene)
    return tuple(dict.fromkeys(steps))


def _drawn_steps(scene: Scene) -> Iterator[Step]:
    """The steps of an estimate from draws: nothing is solved again to tell of it."""
    setting, error = scene.setting, scene.solution.monte_carlo
    for term in query_terms(scene.query):
        facts, _ = split_given(setting.model, term.given)
        asked = tuple(dict.fromkeys(t for part in term_parts(term) for t in terms(part)))
        yield from exclusions(setting.model.graph, asked)
        yield from consistency(setting.model.graph, asked, facts, elsewhere=setting.record.consistency)
        yield from actions(asked)
    yield from _couplings(scene)
    claim = "one value a row or state, each with its standard error"
    if scene.finding == "undefined":
        claim = "undefined (the condition has probability zero)"
    elif error is not None and error.shape == (1,):
        value = number_text(float(scene.solution.lower[0]))
        claim = f"{print_query(scene.query)} = {value}, with a standard error of {number_text(float(error[0]))}"
    reason = (
        f"{scene.solution.diagnostics.get('draws', 0):,} weighted draws, noises drawn in hindsight of the evidence, "
        "and what was not drawn averaged exactly; terms have draws of their own"
    )
    yield Step("Monte Carlo", claim, reason, "likelihood weighting: Fung & Chang (1990), Shachter & Peot (1990)")


def _term_steps(scene: Scene, term: Term, *, alone: bool) -> Iterator[Step]:
    setting = scene.setting
    facts, conditions = split_given(setting.model, term.given)
    asked = tuple(dict.fromkeys(t for part in term_parts(term) for t in terms(part)))
    step = rung(setting.model.graph, term_parts(term))
    posterior = None if setting.columns else noise_posterior(setting, asked, facts, conditions)
    yield from exclusions(setting.model.graph, asked)
    yield from consistency(setting.model.graph, asked, facts, elsewhere=setting.record.consistency)
    if step == 1:
        yield _conditioning(scene, term, alone)
        return
    if step == 3:
        yield _abduction(setting, term, posterior)
    yield from actions(asked)
    yield from _couplings(scene)
    yield from unnesting(setting, term)
    yield _prediction(scene, term, asked, posterior, alone)


def exclusions(graph: CausalGraph, asked: tuple[Var, ...]) -> Iterator[Step]:
    """A step for each term whose world sets what cannot reach it."""
    for t in asked:
        kept = relevant_world(graph, t.name, t.world)
        own = [a for a in t.world if a.target == t.name and a.parent is None]
        if len(kept) < len(t.world) and not own:
            dropped = ", ".join(print_assignment(a) for a in t.world if a not in kept)
            yield Step(
                "exclusion",
                f"{print_expr(t)} = {print_expr(Var(t.name, kept))}",
                f"no directed path that the rest of the world leaves open takes {dropped} to {print_name(t.name)}",
                "Galles & Pearl (1998)",
            )


def consistency(
    graph: CausalGraph, asked: tuple[Var, ...], facts: tuple[Fact, ...], *, elsewhere: bool = False
) -> Iterator[Step]:
    """A step where terms of another world are the factual ones, or instances in between are (`elsewhere`)."""
    plain, merged = build_worlds(graph, asked, ()), build_worlds(graph, asked, facts)
    same = [
        t
        for t in asked
        if t.world
        and merged.terms.get(t) == merged.terms.get(Var(t.name))
        and plain.terms.get(t) != plain.terms.get(Var(t.name))
    ]
    same = [t for t in same if isinstance(merged.terms.get(t), int)]
    if same or elsewhere:
        claim = (
            ", ".join(f"{print_expr(t)} = {print_name(t.name)}" for t in same)
            or "instances whose inputs agree are the same instance"
        )
        yield Step(
            "consistency",
            claim,
            "what is imposed there is what was observed: imposing it changes nothing",
            "Pearl (2009), corollary 7.3.2",
        )


def _conditioning(scene: Scene, term: Term, alone: bool) -> Step:
    value = _value_text(scene, term, alone)
    if term.given is None:
        return Step(
            "marginalisation",
            f"{print_query(term)} = {value}",
            "the noise states' probabilities are added up where the event holds",
            "law of total probability",
        )
    return Step(
        "conditioning",
        f"{print_query(term)} = {value}",
        "the joint weight of event and evidence is divided by the weight of the evidence",
        "definition of conditional probability",
    )


def _abduction(setting: Setting, term: Term, posterior: NoisePosterior | None) -> Step:
    given = ", ".join(print_expr(part) for part in conjuncts(term.given)) or "no evidence"
    if posterior is None:
        claim = f"given {given}: the noise of every relevant variable gets its joint posterior law"
    elif not posterior.names:
        claim = f"given {given}: no noise is left open"
    else:
        claim = f"given {given}: " + _posterior_text(setting, posterior)
    reason = "the observed facts say which noise states are possible, jointly; the noise is what all worlds share"
    return Step("abduction", claim, reason, f"{THEOREM}, step 1")


def _posterior_text(setting: Setting, posterior: NoisePosterior) -> str:
    parts: list[str] = []
    for state, weight in posterior.weights[:SHOWN]:
        named = settings_text({shown_name(setting.model, n): v for n, v in state.items()})
        parts.append(named if weight is None else f"{named} has probability {number_text(weight)}")
    more = len(posterior.weights) - SHOWN
    text = "; ".join(parts) + (f"; and {more} more states" if more > 0 else "")
    if posterior.known:
        return text
    return (
        f"the only possible state is {text}"
        if len(posterior.weights) == 1
        else f"{len(posterior.weights)} states are possible: {text}"
    )


def actions(asked: tuple[Var, ...]) -> Iterator[Step]:
    """A step for each world that is imposed."""
    for world in dict.fromkeys(t.world for t in asked if t.world):
        yield Step("action", ", ".join(print_assignment(a) for a in world), _action_reason(world), f"{THEOREM}, step 2")


def _action_reason(world: World) -> str:
    names = ", ".join(dict.fromkeys(print_name(a.target) for a in world if a.parent is None))
    edges = ", ".join(f"{print_name(a.parent)} -> {print_name(a.target)}" for a in world if a.parent is not None)
    parts = [f"the mechanism of {names} is replaced"] if names else []
    if edges:
        parts.append(f"only what passes along {edges} is replaced")
    nested = [a for a in world if isinstance(a, Set) and isinstance(a.value, Var)]
    if nested:
        parts.append("a nested term keeps the value it has in its own world")
    return "; ".join(parts) + "; every other mechanism stays"


def _couplings(scene: Scene) -> Iterator[Step]:
    for variable, coupling in scene.setting.record.couplings.items():
        yield Step(
            "coupling",
            f"{print_name(variable)}: {coupling.name}",
            f"granted by the user: {coupling.claim}",
            coupling.citation,
        )


def _prediction(
    scene: Scene, term: Term, asked: tuple[Var, ...], posterior: NoisePosterior | None, alone: bool
) -> Step:
    claim = f"{print_query(term)} = {_value_text(scene, term, alone)}"
    lines = _imagined(scene.setting, term, asked, posterior) if posterior is not None else []
    told = "; ".join(lines)
    return Step(
        "prediction", f"{told}; hence {claim}" if told else claim, _prediction_reason(bool(told)), f"{THEOREM}, step 3"
    )


def _prediction_reason(told: bool) -> str:
    if told:
        return "each possible noise state is run through the changed model"
    return "the changed model is averaged over the noise given the evidence"


def _imagined(setting: Setting, term: Term, asked: tuple[Var, ...], posterior: NoisePosterior) -> list[str]:
    event = term.event if isinstance(term, Probability) else None
    targets = [t for t in asked if t.world and (event is None or t in terms(event))]
    if not targets:
        return []
    out: list[str] = []
    for state, _ in posterior.weights[:SHOWN]:
        parts: list[str] = []
        for t in targets:
            names = changed_variables(setting.model, relevant_world(setting.model.graph, t.name, t.world), t.name)
            if t.name not in names:
                names = (*names, t.name)
            values = values_in(setting.model, [Var(n, t.world) for n in names], state)
            if values is None:
                return []
            parts.append(settings_text({v.name: x for v, x in values.items()}))
        named = settings_text({shown_name(setting.model, n): v for n, v in state.items()})
        out.append((f"with {named}: " if named else "") + " / ".join(dict.fromkeys(parts)))
    more = len(posterior.weights) - SHOWN
    return [*out, f"and {more} more states"] if more > 0 else out


def _value_text(scene: Scene, term: Term, alone: bool) -> str:
    if scene.setting.columns:
        return "one value a row"
    solution = (
        scene.solution
        if alone and not isinstance(scene.query, Contrast)
        else solve(replace(scene.setting, record=Record()), term)
    )
    if not solution.defined[0]:
        return "undefined (the condition has probability zero)"
    lower, upper = solution.lower[..., 0], solution.upper[..., 0]
    if isinstance(term, Distribution):
        return _cells_text(scene.setting, term, lower, upper)
    return _ends_text(float(lower), float(upper))


def _ends_text(lower: float, upper: float) -> str:
    return number_text(lower) if lower == upper else ends_text(lower, upper)


def _cells_text(setting: Setting, term: Distribution, lower: Any, upper: Any) -> str:
    if lower.ndim > 1 or lower.size > 12:
        return f"a table of {lower.size} probabilities"
    states = setting.model.states[term.of[0].name]
    return ", ".join(f"{s!r}: {_ends_text(float(a), float(b))}" for s, a, b in zip(states, lower, upper, strict=True))


def _contrast_step(scene: Scene) -> Step:
    values = {t: _value_text(scene, t, alone=False) for t in query_terms(scene.query)}
    result = scene.solution
    if scene.setting.columns or result.lower.ndim > 1:
        end = "one value a row or state"
    elif not result.defined[0]:
        end = "undefined"
    else:
        end = _ends_text(float(result.outer_lower[0]), float(result.outer_upper[0]))
    claim = f"{written(scene.query, values)} = {end}"
    reason = "each term is worked out by itself: their joint law across worlds is not needed"
    if result.lower.size and not np.array_equal(result.lower, result.upper, equal_nan=True):
        # Ends of terms do not combine into these ends: the roots are the same in every term.
        claim = f"{print_query(scene.query)} is {end}"
        reason = "each term is worked out for every state of the roots of unknown law, which all terms share"
    return Step("contrast", claim, reason)


def written(query: Query, values: Mapping[Term, str]) -> str:
    """A contrast with the values of its terms in their places."""
    match query:
        case Number(value):
            return number_text(value)
        case Contrast(op, left, right):
            right_text = written(right, values)
            if isinstance(right, Contrast) or (isinstance(right, Number) and right.value < 0):
                right_text = f"({right_text})"
            left_text = written(left, values)
            return f"{f'({left_text})' if isinstance(left, Contrast) and op in '*/' else left_text} {op} {right_text}"
        case _:
            text = values[query]
            return f"[{text}]" if "between" in text or "," in text else text


def _roots_step(scene: Scene) -> Iterator[Step]:
    open_names = tuple(dict.fromkeys(name for plan in scene.setting.record.plans for name in plan.network.open))
    if not open_names:
        return
    shown = ", ".join(print_name(shown_name(scene.setting.model, n)) for n in open_names)
    solution = scene.solution
    if solution.lower_at is None or solution.upper_at is None:
        claim = f"the answer is the same for every state of {shown} that the evidence allows"
        if scene.finding == "bounds":
            claim = f"the answer depends on {shown}, whose law is not known"
        if scene.finding == "undefined":
            claim = f"no state of {shown} allows the evidence"
    else:
        claim = (
            f"lower end {number_text(float(solution.lower[0]))} with {_root_text(scene, solution.lower_at)}; "
            f"upper end {number_text(float(solution.upper[0]))} with {_root_text(scene, solution.upper_at)}"
        )
    if scene.finding == "bounds" and not sharp(solution):
        reason = "no law passes the outer ends (interval arithmetic over the terms); the inner ones are attained"
        yield Step("roots of unknown law", claim, reason)
        return
    yield Step(
        "roots of unknown law",
        claim,
        "a ratio of linear functions of the law takes its extremes where one state is certain",
        "Charnes & Cooper (1962)",
    )


def _root_text(scene: Scene, at: Any) -> str:
    return settings_text({shown_name(scene.setting.model, n): v for n, v in at.items()})
