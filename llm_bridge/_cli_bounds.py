"""Bounds on the command line: what is granted for them, how they are told, and what `--explain` shows of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from scm import (
    Answer,
    Categorical,
    Identification,
    Model,
    Study,
    Value,
    number_text,
    outward_text,
    parse_shape,
    print_name,
    print_query,
)

from ._cli_print import section, wrapped
from ._interval_words import cannot_say_more, chance_ends, rules_nothing_out, scale_of
from ._rounding import ends_of
from ._study_words import open_reasons

_MET = 1e-9


def grants_of(texts: Iterable[str]) -> tuple[Any, ...]:
    """What `--assume` grants: a name, or a shape such as `no_prevention(X, Y)`, which is read and never executed.

    Raises:
        ScmError: a text in brackets that is no shape; the message points at the character.
    """
    return tuple(parse_shape(text) if "(" in text else text for text in texts)


def bounds_words(study: Study, answer: Answer) -> str:
    """Where a value lies, in the engine's numbers; what chance and rounding leave open; what closer ends would take."""
    parts = [f"{answer.text} {_where(answer)}{cannot_say_more(None, answer)}."]
    interval = answer.interval
    if interval is not None and interval.sharp and not rules_nothing_out(answer):
        parts.append("These bounds are sharp: models that meet all that is given attain both ends.")
    parts += left_open(answer)
    return " ".join([*parts, *open_reasons(study, answer, missing=False)])


def left_open(answer: Answer) -> Iterator[str]:
    """What the printed digits, and chance in counts, leave open beside what is said."""
    digits = answer.uncertainty.rounding
    if digits is not None and digits[0] < digits[1] and not rules_nothing_out(answer):
        yield f"Within the rounding of the printed numbers: {' to '.join(outward_text(*digits))}."
    if (chance := chance_ends(answer)) is not None:
        ends = " to ".join(outward_text(chance.lower, chance.upper))
        yield f"With {chance.level:.0%} confidence, chance in the counts allowed for: {ends}."


def _where(answer: Answer) -> str:
    ends = ends_of(answer)
    if ends is None:
        return f"is {answer.to_text(derivation=False).splitlines()[0].removeprefix(f'{answer.text} = ')}"
    low, high = outward_text(*ends)
    scale = scale_of(answer.query)
    if rules_nothing_out(answer):
        whole = f"from {number_text(scale.floor)} to {number_text(scale.ceiling)}"
        least = f"can be anything {whole}" if math.isfinite(scale.floor) else "can be any number"
        return f"{least}: what is given says nothing about it"
    if ends[0] <= scale.floor + _MET:
        return f"is at most {high}"
    return f"is at least {low}" if ends[1] >= scale.ceiling - _MET else f"lies between {low} and {high}"


def bounds_explained(answer: Answer) -> list[str]:
    """The models that attain the ends, and what it took to find them."""
    out: list[str] = []
    for name, model in zip(("lower", "upper"), answer.attained, strict=True):
        if isinstance(model, Model):
            out.append(section(f"A model that attains the {name} end", _model_lines(model)))
    figures = cast("Mapping[str, Any]", answer.diagnostics.get("bounds", {}))
    told = {name: value for name, value in figures.items() if not isinstance(value, bool)}
    lines = [wrapped(f"{name}: {_figure(value)}", "  ", "    ") for name, value in told.items()]
    return [*out, section("What it took", lines)] if lines else out


def _model_lines(model: Model) -> Iterator[str]:
    """The law of each hidden cause, and the state of each variable for every state of what it depends on."""
    for name, noise in model.noises.items():
        if isinstance(noise.law, Categorical):
            pairs = zip(noise.law.states, noise.law.probabilities, strict=True)
            law = ", ".join(f"{state!r}: {number_text(p)}" for state, p in pairs)
            yield wrapped(f"{print_name(name)} ~ {{{law}}}", "  ", "    ")
    for variable in model.variables:
        given = ", ".join(map(print_name, variable.parents or ()))
        if isinstance(variable.function, tuple):
            shown = " ".join(
                map(repr, (state for _, state in cast("tuple[tuple[Any, Value], ...]", variable.function)))
            )
            yield wrapped(f"{print_name(variable.name)}: given ({given}), the last fastest: {shown}", "  ", "    ")


def _figure(value: object) -> str:
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_figure(one) for one in cast("Sequence[object]", value))
    return str(value)


def how_to_bound(found: Identification) -> str:
    """That there are bounds where there is no formula, and how to ask for them."""
    asked = print_query(found.query)
    return (
        f"What is known may still bound it: twinworld query GRAPH '{asked}' with --given STATEMENT or --data FILE says "
        "between which ends it lies."
    )
