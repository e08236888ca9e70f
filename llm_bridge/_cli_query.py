"""`twinworld query`: the engine alone."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from scm import Answer, InvalidQuery, Model, Value, ask, bind, parse_query, placeholders, read_model

from ._cli_print import as_json, engine_explanation, explained, optioned, section, steps_text, value_of, wrapped
from ._guard import visible


def run_query(arguments: argparse.Namespace, document: str | None, settings: Mapping[str, Value]) -> int:
    """Answer one query of a model (the JSON `document`, or else the file that was named) and print it.

    Raises:
        ScmError: the model, the query, a setting, an assumption, the budget or the rows cannot be meant.
    """
    model = read_model(arguments.model) if document is None else Model.from_json(document)
    query = parse_query(arguments.query, {*model.variable_states, *model.reals})
    query = bind(query, **settings) if settings else query
    if arguments.rows is not None:
        from ._cli_rows import run_rows

        return run_rows(arguments, model, query)
    if left := placeholders(query):
        raise InvalidQuery(
            f"{query} leaves ?{left[0]} open. Give its value, --set {left[0]}=VALUE, or one a row, --rows FILE."
        )
    answer = ask(model, query, assume=tuple(arguments.assume), budget=arguments.budget, key=arguments.seed)
    if arguments.json:
        data = _data(answer) | (engine_explanation(model, answer) if arguments.explain else {})
        print(as_json(data))
    elif answer.finding != "refused":
        print(visible(_text(model, answer, arguments.derivation, arguments.explain)))
    return exit_status(answer)


def exit_status(answer: Answer) -> int:
    """0; for an answer that was refused 3, with every solver's reason on standard error."""
    if answer.finding != "refused":
        return 0
    reasons = "\n".join(f"  {solver}: {optioned(reason)}" for solver, reason in answer.refusals)
    print(visible(f"twinworld: no method can work out {answer.text}.\n{reasons}"), file=sys.stderr)
    return 3


def _data(answer: Answer) -> dict[str, Any]:
    data = answer.to_json()
    value = answer.value
    reply = value if isinstance(value, float) else None
    return {"answer": f"{answer.text} is {value_of(answer)}.", "reply": reply, "problem": None} | data


def _text(model: Model, answer: Answer, derivation: bool | None, explain: bool) -> str:
    head, *rest = answer.to_text(derivation=False).splitlines()
    out = ["\n".join([wrapped(head, "", "  "), *(wrapped(line.strip(), "  ", "    ") for line in rest)])]
    if derivation is not False and answer.derivation:
        out.append(section("How it follows", steps_text(answer.derivation, full=bool(derivation) or explain)))
    if explain:
        out += explained(model, answer)
    return "\n\n".join(out)
