"""Replies of every finding: a few chosen ones by name, and as many random ones as are wanted."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from llm_bridge import Problem, Reply, answer_text, solve_problem
from scm import Answer, Uncertainty

from .questions import questions

ROOT = Path(__file__).resolve().parent.parent
SQUAD = (
    "If the captain gives the signal, rifleman A shoots and rifleman B shoots. If rifleman A or rifleman B shoots, the "
    "prisoner dies. We observed that the prisoner died. "
)
EFFECT = "P(recovery[drug=True] = True) - P(recovery[drug=False] = True)"
HIDDEN = [("drug", "recovery"), ("u", "drug"), ("u", "recovery")]


def study(edges: list[tuple[str, str]], hidden: tuple[str, ...] = (), **parts: Any) -> Reply:
    """The reply to a Problem of `edges`; an effect of the drug is asked about unless `parts` say otherwise."""
    names = list(dict.fromkeys(name for edge in edges for name in edge))
    base: dict[str, Any] = {
        "variables": [{"name": n, "observed": n not in hidden} for n in names],
        "edges": [{"cause": a, "effect": b} for a, b in edges],
        "queries": [{"query": EFFECT}],
        "reply": {"kind": "yes-no", "threshold": 0.0},
    }
    return solve_problem(Problem.from_data({**base, **parts}))


def unbounded(reply: Reply) -> Reply:
    """A reply as it would be if bounds took too long: what is not identified, and no more."""

    def open_(answer: Answer) -> Answer:
        return replace(answer, finding="not_identified", interval=None, uncertainty=Uncertainty(), assumptions=())

    return replace(reply, finding="not_identified", reply=None, answers=tuple(map(open_, reply.answers)))


def law(value: str, **given: bool) -> dict[str, str]:
    condition = ", ".join(f"{name}={state}" for name, state in given.items())
    return {"term": f"P(recovery=True | {condition})", "value": value}


def named() -> dict[str, Reply]:
    """One reply of every kind."""
    rain = "If it rains, the road is wet with probability 0.9. It rains with probability 0.3. "
    both = [law("30%", drug=True), law("50%", drug=False)]
    pair: list[tuple[str, str]] = [("drug", "recovery")]
    claim = {"variables": [{"name": n} for n in "ABC"], "queries": [{"claim": "direct_cause(A, B)"}]}
    yes_no = {"reply": {"kind": "yes-no"}}
    chain = {"edges": [{"cause": "A", "effect": "B"}, {"cause": "B", "effect": "C"}]}
    class_ = {"independences": ["independent(A, C | B)"]}
    choice: Any = {"reply": {"kind": "choice", "options": ["drug", "no drug"]}}
    arms = [{"query": f"P(recovery[drug={x}] = True)"} for x in (True, False)]
    return {
        "exact, certain": answer_text(SQUAD + "Would the prisoner have died if rifleman A had not shot?"),
        "exact, rounded": answer_text(rain + "What is the probability that the road is wet?"),
        "exact, contrast": study(pair, statements=[law("3 in 10", drug=True), law("5 in 10", drug=False)]),
        "exact, choice": study(pair, statements=both, queries=arms, **choice),
        "estimate": answer_text(
            "Of the 1,000 people who got the vaccine, 50 fell ill. Of the 1,000 people who did not get the vaccine, "
            "200 fell ill. The vaccine affects illness. What would the illness rate be if everyone got the vaccine?"
        ),
        "bounds": answer_text(
            "If it rains or the sprinkler is on, the road is wet. The road was wet. Would the road have been wet if it "
            "had not rained?"
        ),
        "bounds, study": study(HIDDEN, ("u",), statements=both),
        "not_identified": unbounded(study(HIDDEN, ("u",), statements=both)),
        "undefined": answer_text(
            "Smoke causes an alarm. Smoke causes coughing. There was smoke but not coughing. Would there have been an "
            "alarm without smoke?"
        ),
        "contradiction": study(pair, statements=[*both, {"term": "P(recovery=True)", "value": "90%"}]),
        "refused": solve_problem(
            Problem.from_data({"variables": [{"name": "X", "states": ["low", "high"]}], "queries": [{"query": "E[X]"}]})
        ),
        "unreadable": answer_text("Who shot the prisoner?"),
        "claim, graph": solve_problem(Problem.from_data(claim | yes_no | chain)),
        "claim, class": solve_problem(Problem.from_data(claim | yes_no | class_)),
    }


# ---------------------------------------------------------------------------------------------------------------------
# Random ones


def replies(seed: int, wanted: int, data: Path | None = None) -> Iterator[Reply]:
    """`wanted` different replies: chosen ones, random problems, the texts of the reader's tests, published samples.

    Args:
        seed: the whole cause of what is drawn.
        wanted: how many.
        data: a folder of development samples, where there is one.
    """
    rng = random.Random(f"replies {seed}")
    seen: set[str] = set()
    sources = [iter(named().values()), _problems(rng), _texts(rng), _published(rng, data)]
    while sources and len(seen) < wanted:
        for source in list(sources):
            reply = next(source, None)
            if reply is None:
                sources.remove(source)
            elif (
                reply.line not in seen and len(seen) < wanted and (reply.finding != "unreadable" or rng.random() < 0.1)
            ):
                seen.add(reply.line)
                yield reply


_WORDS = (
    ("drug", "recovery", "age"), ("fertiliser", "harvest", "soil"), ("training", "salary", "school"),
    ("insulation", "warmth", "cellar"), ("exercise", "sleep", "shift work"), ("X", "Y", "Z"), ("A", "B", "C"),
    ("night train", "delay", "snow"), ("tax", "traffic", "rain"), ("bait", "rabies", "fox density"),
)  # fmt: skip
_LEVELS = (("low", "high"), ("small", "large"), ("never", "always"), ("red", "blue"), ("open", "shut"))


def _problems(rng: random.Random) -> Iterator[Reply]:
    """Studies and models with random names, numbers, graphs and kinds of question."""
    while True:
        yield rng.choice((_study, _model, _counted))(rng)


def _study(rng: random.Random) -> Reply:
    cause, effect, other = rng.choice(_WORDS)
    edges = [(cause, effect), *rng.choice(([], [(other, cause), (other, effect)], [(other, effect)], [(other, cause)]))]
    hidden = (other,) if rng.random() < 0.3 and len(edges) > 1 else ()
    given = [other] if len(edges) > 1 and not hidden else []
    rows = [(x, z) for x in (True, False) for z in ((True, False) if given else (None,))]
    statements: list[dict[str, Any]] = []
    for x, z in rows:
        condition = f'"{cause}"={x}' + (f', "{other}"={z}' if given else "")
        statements.append({"term": f'P("{effect}"=True | {condition})', "value": f"{rng.randint(2, 98)}%"})
    if given:
        statements.append({"term": f'P("{other}"=True)', "value": f"{rng.randint(5, 95)}%"})
    if rng.random() < 0.15:
        statements.append({"term": f'P("{effect}"=True)', "value": "0.01"})
    event = f'"{effect}"["{cause}"=%s] = True'
    queries = rng.choice(
        (
            [f"P({event % True}) - P({event % False})"],
            [f"P({event % True})"],
            [f"P({event % False} | {event % True})"],
            [f"P({event % True})", f"P({event % False})"],
        )
    )
    kind = "choice" if len(queries) == 2 else rng.choice(("number", "yes-no"))
    names = dict.fromkeys(name for edge in edges for name in edge)
    data = {
        "variables": [{"name": name, "observed": name not in hidden} for name in names],
        "edges": [{"cause": a, "effect": b} for a, b in edges],
        "statements": statements,
        "queries": [{"query": query} for query in queries],
        "reply": {"kind": kind, "threshold": 0.0 if " - " in queries[0] else 0.5}
        | ({"options": ["the first", "the second"]} if kind == "choice" else {}),
    }
    return solve_problem(Problem.from_data(data))


def _model(rng: random.Random) -> Reply:
    cause, effect, other = rng.choice(_WORDS)
    low, high = rng.choice(_LEVELS)
    join = rng.choice(("or", "and"))
    statements = [{"term": f'P("{n}"=True)', "value": f"{rng.randint(2, 98)}%"} for n in (cause, other)]
    kept = rng.choice((statements, statements[:1], []))
    grade = f"'{high}' if \"{effect}\" else '{low}'"
    query = rng.choice(
        (
            f'P("{effect}"["{cause}"=False]=True | "{effect}"=True)',
            f'P("{effect}"["{cause}"={rng.choice((True, False))}]=True)',
            f'P("{cause}"=True | "{effect}"={rng.choice((True, False))})',
            f'P(grade["{cause}"=False]=\'{high}\' | "{other}"=True)',
        )
    )
    data: dict[str, Any] = {
        "variables": [*({"name": n} for n in (cause, effect, other)), {"name": "grade", "states": [low, high]}],
        "equations": [
            {"variable": effect, "expression": f'"{cause}" {join} "{other}"'},
            {"variable": "grade", "expression": grade},
        ],
        "statements": kept,
        "queries": [{"query": query}],
        "reply": {"kind": rng.choice(("number", "yes-no"))},
    }
    return solve_problem(Problem.from_data(data))


def _counted(rng: random.Random) -> Reply:
    cause, effect, _ = rng.choice(_WORDS)
    statements: list[dict[str, Any]] = []
    for x in (True, False):
        total = rng.randint(20, 2_000)
        counts = [rng.randint(1, total - 1), total]
        words = f"{counts[0]} of {total} patients"
        statements.append({"term": f'P("{effect}"=True | "{cause}"={x})', "counts": counts, "words": words})
    event = f'"{effect}"["{cause}"=%s] = True'
    data: dict[str, Any] = {
        "variables": [{"name": cause}, {"name": effect}],
        "edges": [{"cause": cause, "effect": effect}],
        "statements": statements,
        "queries": [{"query": rng.choice((f"P({event % True}) - P({event % False})", f"P({event % True})"))}],
        "reply": {"kind": rng.choice(("number", "yes-no")), "threshold": 0.0},
    }
    return solve_problem(Problem.from_data(data))


def _texts(rng: random.Random) -> Iterator[Reply]:
    """Texts of the reader's tests, and questions in CounterBench's grammar."""
    folder = ROOT / "tests" / "reading_cases"
    lines = [line for path in sorted(folder.glob("*.txt")) for line in path.read_text(encoding="utf-8").splitlines()]
    texts = [line for line in lines if line.rstrip().endswith("?") and line[:2] not in ("= ", "% ", "? ")]
    made = [json.loads(line) for line in questions(60, rng.randint(0, 999)).splitlines()]
    texts += [f"{entry['given_info']} {entry['question']}" for entry in made]
    for text in rng.sample(texts, len(texts)):
        yield answer_text(text)


def _published(rng: random.Random, data: Path | None) -> Iterator[Reply]:
    """Items of the development samples."""
    if data is None or not data.is_dir():
        return
    from llm_bridge.bench._items import read_items

    for name in ("cladder_dev", "corr2cause_dev", "counterbench_dev"):
        if (data / f"{name}.jsonl").exists():
            items, _ = read_items([data / f"{name}.jsonl"])
            for item in rng.sample(items, min(60, len(items))):
                yield answer_text(item.asked) if isinstance(item.asked, str) else solve_problem(item.asked)
