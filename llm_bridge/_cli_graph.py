"""`twinworld identify`, and `twinworld query` about a graph: what follows from a graph, statements and data."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any

from scm import (
    Answer,
    Available,
    CausalGraph,
    Const,
    Expr,
    Identification,
    InvalidQuery,
    Op,
    Probability,
    Query,
    Sample,
    Set,
    Statement,
    Study,
    UnknownName,
    Value,
    Var,
    ask,
    bind,
    check_estimand,
    graph_from_text,
    identify,
    number_text,
    parse_query,
    placeholders,
    quantity_nodes,
    query_nodes,
    read_graph,
    statement,
    two_models,
)

from ._cli_bounds import bounds_explained, bounds_words, grants_of, how_to_bound, left_open
from ._cli_input import is_graph_file, no_table
from ._cli_print import as_json, section, steps_text, value_of, wrapped
from ._cli_query import exit_status
from ._guard import visible
from ._study_words import clashing_because, not_known, why
from ._verbalise import rounded_to


def graph_of(argument: str, document: str | None) -> CausalGraph:
    """The graph that was named: a file, the text of one, or `document` from standard input.

    Raises:
        ScmError: it cannot be read; the message points at the character.
        BadInput: it is the name of a table.
    """
    if document is not None:
        return graph_from_text(document)
    no_table(argument)
    return read_graph(argument) if os.path.exists(argument) or is_graph_file(argument) else graph_from_text(argument)


# ---------------------------------------------------------------------------------------------------------------------
# identify


def run_identify(arguments: argparse.Namespace, document: str | None) -> int:
    """Say whether a query follows from a graph, by which formula, and how that was checked; or why it does not.

    Raises:
        ScmError: the graph, the query, a law, a statement or an assumption cannot be meant.
    """
    graph = graph_of(arguments.graph, document)
    query = parse_query(arguments.query, graph.variables)
    available = [available_of(text, graph, n) for n, text in enumerate(arguments.available, 1)] or None
    grants = grants_of(arguments.assume)
    names = tuple(name for name in grants if isinstance(name, str) and name != "no_prevention")
    found = identify(graph, query, available, assume=names)
    study = study_of(graph, query, arguments.given, None) if arguments.given else None
    answer = None if study is None else ask(study, query, assume=grants)
    if arguments.json:
        print(as_json(_identification_data(found, study, answer)))
    elif arguments.latex:
        print(visible(found.to_latex()))
    else:
        print(visible("\n".join(_identification_text(found, study, answer))))
    if found.identified or found.obstacle is not None:
        return 0
    print("twinworld: no formula was found, and no proof that there is none.", file=sys.stderr)
    return 3


def _identification_text(found: Identification, study: Study | None, answer: Answer | None) -> Iterable[str]:
    yield found.to_text()
    if found.identified:
        yield wrapped(check_estimand(found).text.capitalize() + ".", "  ", "    ")
    elif found.obstacle is not None:
        witness = two_models(found)
        if witness is None:
            yield wrapped("Two models that show it were not found in the time that the search takes.", "  ", "    ")
        else:
            yield "\n".join("  " + line for line in witness.to_text().splitlines())
        if study is None:
            yield wrapped(how_to_bound(found), "  ", "    ")
    if study is not None and answer is not None:
        yield ""
        yield wrapped(f"With what is given: {answer_words(study, answer)}")


def _identification_data(found: Identification, study: Study | None, answer: Answer | None) -> dict[str, Any]:
    data = found.to_json()
    if found.identified:
        check = check_estimand(found)
        data["check"] = {"status": check.status, "models": check.models, "text": check.text}
        told = f"{data['query']} = {data['estimand']}"
    else:
        witness = two_models(found) if found.obstacle is not None else None
        data["witness"] = None if witness is None else json.loads(witness.to_json())
        data |= {"bounds": how_to_bound(found)} if found.obstacle is not None else {}
        told = f"{data['query']} is not identified" if found.obstacle is not None else f"{data['query']}: not decided"
    finding = "exact" if found.identified else "not_identified" if found.obstacle is not None else "refused"
    promised = {"answer": f"{told}.", "reply": None, "finding": finding, "value": None, "interval": None}
    given = {} if study is None or answer is None else {"given": _data(study, answer)}
    return {**promised, "problem": None, **data, **given}


_LAW = re.compile(
    r"^\s*(?:(?P<name>[^\s:()]+)\s*:\s*)?P\(\s*(?P<of>[^|;()]+?)\s*(?:[|;]\s*do\(\s*(?P<do>[^()]+?)\s*\)\s*)?\)\s*$"
)
_NAME = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^,"]+?)\s*(?:,|$)')


def available_of(text: str, graph: CausalGraph, number: int = 1) -> Available:
    """A law that is known, such as `P(X, Y)`, `P(Y | do(X))` or `trial: P(Z, Y; do(X))`.

    Raises:
        InvalidQuery: another form.
        UnknownName: a variable that the graph does not have.
    """
    match = _LAW.match(text)
    if match is None:
        raise InvalidQuery(
            f'--available {text[:80]!r}: wanted a law of variables, such as "P(X, Y)" or "P(Z, Y | do(X))"; a name '
            'may stand before it ("trial: P(Y | do(X))").'
        )
    of, do = (tuple(_names(part)) if part else () for part in (match["of"], match["do"]))
    for name in (*of, *do):
        if name not in graph.variables:
            raise UnknownName(name, graph.variables, f"--available {text!r}")
    name = match["name"] or ("" if not do else f"do({', '.join(do)})" if number == 1 else f"law{number}")
    return Available(of, do, name)


def _names(text: str) -> Iterable[str]:
    for found in _NAME.findall(text):
        yield re.sub(r"\\(.)", r"\1", found[1:-1]) if found.startswith('"') else found


# ---------------------------------------------------------------------------------------------------------------------
# query


def run_graph_query(arguments: argparse.Namespace, document: str | None, settings: Mapping[str, Value]) -> int:
    """Answer a query from a graph with statements and data.

    Raises:
        ScmError: the graph, the query, a statement, the data or an assumption cannot be meant.
    """
    graph = graph_of(arguments.model, document)
    query = parse_query(arguments.query, graph.variables)
    query = bind(query, **settings) if settings else query
    if left := placeholders(query):
        raise InvalidQuery(f"{query} leaves ?{left[0]} open. Give its value, --set {left[0]}=VALUE.")
    study = study_of(graph, query, arguments.given, arguments.data)
    answer = ask(study, query, assume=grants_of(arguments.assume), budget=arguments.budget, key=arguments.seed)
    if arguments.json:
        print(as_json(_data(study, answer)))
    elif answer.finding != "refused":
        print(visible(_text(study, answer, arguments.derivation, arguments.explain)))
    return exit_status(answer)


def study_of(graph: CausalGraph, query: Query, given: Sequence[str], data: str | None) -> Study:
    """The graph with what is given: statements, and a table of units.

    Raises:
        ScmError: a statement cannot be meant, or the states of a variable are not clear.
        BadInput: the table cannot be read.
    """
    stated = [stated_in(text) for text in given]
    columns = None if data is None else columns_of(data)
    samples = [] if columns is None else [Sample(columns)]
    seen = () if columns is None else getattr(columns, "column_names", columns)  # their states stand in the table
    states = {n: s for n, s in _spoken(query, stated).items() if n in graph.variables and n not in seen}
    return Study(graph, *stated, *samples, states=states)


def stated_in(text: str) -> Statement:
    """What a `--given` says.

    Raises:
        ScmError: it cannot be read, or is a probability that is none however it was rounded.
    """
    said = statement(text)
    if isinstance(said.quantity, Probability) and said.relation == "=" and (said.low > 1 or said.high < 0):
        value = number_text(said.value)
        hint = f"; for a percentage write {value}%" if 1 < said.value <= 100 and "%" not in text else ""
        raise InvalidQuery(f"--given {text[:80]!r}: a probability lies between 0 and 1, got {value}{hint}.")
    return said


def _spoken(query: Query, stated: Sequence[Statement]) -> dict[str, tuple[Value, ...]]:
    """The states of the variables that are spoken of: 0 and 1, false and true, or the labels that are named."""
    values: dict[str, dict[Value, None]] = {}
    nodes = [*query_nodes(query), *(node for s in stated for node in quantity_nodes(s.quantity))]
    for name, value in (pair for node in nodes for pair in _compared(node)):
        values.setdefault(name, {})[value] = None
    found: dict[str, tuple[Value, ...]] = {}
    for name, seen in values.items():
        labels = [value for value in seen if isinstance(value, str)]
        if len(labels) == 1:
            raise InvalidQuery(
                f"{name!r} has the state {labels[0]!r} and another one that is not named. Name it in a statement, such "
                f"as --given \"P({name}='...') = ...\", or call the states 0 and 1."
            )
        if labels:
            found[name] = tuple(labels)
        elif all(isinstance(value, bool) for value in seen):
            found[name] = (False, True)
        elif not set(seen) <= {0, 1}:
            found[name] = tuple(sorted({0, *(v for v in seen if not isinstance(v, str))}))
    return found


def _compared(node: Expr) -> Iterable[tuple[str, Value]]:
    match node:
        case Op("=" | "!=", (Var(name), Const(value))):
            yield name, value
        case Var(_, there):
            yield from ((a.target, a.value.value) for a in there if isinstance(a, Set) and isinstance(a.value, Const))
        case _:
            return


def columns_of(path: str) -> Any:
    """The columns of a .csv or .parquet file; in a CSV file numbers and truth values are read as such.

    Raises:
        BadInput: there is no such file, it is of another format, or it is damaged.
    """
    from ._row_files import open_source

    source = open_source(path, "--data")
    tables = [chunk for chunk in source.chunks(source.start, 100_000)]
    if path.lower().endswith(".parquet"):
        arrow: Any = import_module("pyarrow")
        return arrow.concat_tables([chunk.table() for chunk in tables])
    columns: dict[str, list[Any]] = {name: [] for name in source.names}
    for chunk in tables:
        for name, cells in columns.items():
            cells += chunk.column(name)
    return {name: _typed(cells) for name, cells in columns.items()}


def _typed(cells: Sequence[str | None]) -> list[Value | None]:
    """A column as numbers or truth values where all of its cells are; an empty cell is missing."""
    texts = [None if cell is None or not cell.strip() else cell.strip() for cell in cells]
    present = [text for text in texts if text is not None]
    if present and all(text.lower() in ("true", "false") for text in present):
        return [None if text is None else text.lower() == "true" for text in texts]
    for kind in (int, float):
        try:
            return [None if text is None else kind(text) for text in texts]
        except ValueError:
            continue
    return list(texts)


# ---------------------------------------------------------------------------------------------------------------------
# What is printed


def answer_words(study: Study, answer: Answer) -> str:
    """The answer in a sentence or two, with its reasons."""
    match answer.finding:
        case "not_identified":
            return not_known(None, study, [answer], "")
        case "contradiction":
            return clashing_because(answer)
        case "refused":
            return " ".join(reason for _, reason in answer.refusals)
        case "bounds":
            return bounds_words(study, answer)
        case "undefined":
            return f"{answer.text} has no value: what is given, or what the formula divides by, has probability zero."
        case "estimate" if isinstance(answer.value, float) and isinstance(error := answer.uncertainty.sampling, float):
            told = f"{answer.text} is {rounded_to(answer.value, answer)}, standard error {error:.2g}"
            return f"{told}. {why(study, answer)}".strip()
        case _:
            told = f"{answer.text} is {value_of(answer)}."
            return " ".join(part for part in (told, *left_open(answer), why(study, answer)) if part)


def _data(study: Study, answer: Answer) -> dict[str, Any]:
    reply = answer.value if isinstance(answer.value, float) else None
    return {"answer": answer_words(study, answer), "reply": reply, "problem": None} | answer.to_json()


def _text(study: Study, answer: Answer, derivation: bool | None, explain: bool) -> str:
    out = [wrapped(answer_words(study, answer))]
    if derivation is not False and answer.derivation:
        out.append(section("How it follows", steps_text(answer.derivation, full=bool(derivation) or explain)))
    if answer.check is not None:
        out.append(wrapped(f"Formula {answer.check.text}."))
    if answer.assumptions:
        out.append(
            section("Assumed", [wrapped(f"{a.text} (by {a.granted_by})", "  - ", "    ") for a in answer.assumptions])
        )
    if explain and answer.finding == "bounds":
        out += bounds_explained(answer)
    if explain and answer.finding in ("not_identified", "bounds") and answer.witness is not None:
        out.append(answer.witness.to_text())
    return "\n\n".join(out)
