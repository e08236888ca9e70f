"""Random items of CounterBench's grammar, with the equations they were written from."""

import random
from dataclasses import dataclass, field

from scm import Const, Expr, Op, Probability, Set, Var, conjunction, world

NAMES = [
    "Ziklo",
    "Blaf",
    "Trune",
    "Vork",
    "Sline",
    "Frim",
    "Qado",
    "Jurf",
    "Lumbo",
    "Razz",
    "Pex",
    "Zurn",
    "May",
    "Will",
    "Smoke",
    "Rain",
    "House",
    "Kamu",
]
"""Invented names, and a few words that mean something elsewhere."""


@dataclass
class Item:
    """One item: its text, and what reading it must give."""

    text: str = ""
    equations: dict[str, Expr] = field(default_factory=dict)
    query: Probability | None = None


def item(seed: int) -> Item:
    """A random item of the grammar."""
    rng = random.Random(f"counterbench {seed}")
    names = rng.sample(NAMES, rng.randint(4, 10))
    made = Item()
    clauses: list[str] = []
    done = 1
    while done < len(names):
        causes = rng.sample(names[:done], min(done, rng.choice((1, 1, 2, 2, 3))))
        effects = names[done : done + rng.choice((1, 1, 1, 2, 3))]
        done += len(effects)
        clauses.append(_clause(rng, causes, effects, made))
    observed = [n for n in names if rng.random() < 0.2][:2]
    made.text = _rules(rng, clauses)
    seen = [(n, rng.random() < 0.6) for n in observed]
    if seen:
        made.text += _space(rng) + "We observed " + " and ".join(_literal(n, v) for n, v in seen)
        made.text += rng.choice(("", ".", ".  "))
    made.text += _space(rng) + _question(rng, names, seen, made)
    return made


def _literal(name: str, value: bool) -> str:
    return name if value else f"not {name}"


def _expr(name: str, value: bool) -> Expr:
    return Var(name) if value else Op("not", (Var(name),))


def _clause(rng: random.Random, causes: list[str], effects: list[str], made: Item) -> str:
    literals = [(name, rng.random() < 0.8) for name in causes]
    joint = rng.choice(("and", "or")) if len(causes) < 3 else rng.choice(("and", "or", "and"))
    parts = tuple(_expr(*literal) for literal in literals)
    cause = parts[0] if len(parts) == 1 else Op("or", parts) if joint == "or" else conjunction(*parts)
    said = f" {joint} ".join(_literal(*literal) for literal in literals)
    said += rng.choice((" together", "")) if len(causes) > 1 else ""
    told: list[str] = []
    for effect in effects:
        positive = rng.random() < 0.8
        made.equations[effect] = cause if positive else _negated(cause)
        told.append(_literal(effect, positive))
    listed = f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else told[0]
    if len(told) > 1 and rng.random() < 0.3:
        listed = ", ".join(told)
    return f"{said} {rng.choice(('causes', 'cause'))} {listed}"


def _negated(expr: Expr) -> Expr:
    return expr.args[0] if isinstance(expr, Op) and expr.op == "not" else Op("not", (expr,))


def _rules(rng: random.Random, clauses: list[str]) -> str:
    last = f", {rng.choice(('and ', ''))}{clauses[-1]}" if len(clauses) > 1 else ""
    body = ", ".join(clauses[:-1]) + last if len(clauses) > 1 else clauses[0]
    return f"We know that {body}{rng.choice(('.', '.', ' .'))}"


def _space(rng: random.Random) -> str:
    return rng.choice((" ", " ", "  ", "\n"))


def _question(rng: random.Random, names: list[str], seen: list[tuple[str, bool]], made: Item) -> str:
    asked = names[-1]
    pool = [*names[:-1], "Unheardof"]
    imposed = [(n, rng.random() < 0.2) for n in rng.sample(pool, 2)]
    kind = rng.choice(("instead", "and", "assume"))
    if kind == "instead":
        imposed = imposed[:1]
        name, value = imposed[0]
        text = f"Would {asked} occur if {_literal(name, value)} instead of {_literal(name, not value)}?"
    elif kind == "and":
        text = f"Would {asked} occur if {' and '.join(_literal(*i) for i in imposed)}?"
    else:
        first, second = (_literal(*i) for i in imposed)
        text = f"Assume {first}, and based on this assumption, further suppose {second}. Would {asked} occur?"
    there = world(*(Set(name, Const(value)) for name, value in imposed))
    events = [Op("=", (Var(name), Const(value))) for name, value in seen]
    made.query = Probability(Var(asked, there), conjunction(*events) if events else None)
    return text
