"""The models of the zoo, and the words they are written with."""

import itertools
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from tests.oracle import Plain, Query

BINARY = (0, 1)

# ---------------------------------------------------------------------------------------------------------------------
# Words to write models and queries with


def coin(p: object = "1/2") -> dict[str, Any]:
    """A noise with states 0 and 1."""
    return {"states": BINARY, "law": (1 - Fraction(str(p)), Fraction(str(p)))}


def unknown(*states: Any) -> dict[str, Any]:
    """A noise of which nothing but its states is known."""
    return {"states": states or BINARY, "law": None}


def uniform(*states: Any) -> dict[str, Any]:
    """A noise with equally likely states."""
    return {"states": states, "law": (Fraction(1, len(states)),) * len(states)}


def v(
    name: str, causes: str, f: Callable[..., Any], states: Any = BINARY, equation: str | None = None
) -> dict[str, Any]:
    """A variable that is `f` of its causes: other variables, then noises."""
    return {"name": name, "causes": causes.split(), "f": f, "states": states, "equation": equation}


def t(name: str, causes: str, rows: Mapping[Any, object], states: Any = BINARY) -> dict[str, Any]:
    """A bare binary table: the chance of state 1 for each row of parents."""
    laws = {row: Fraction(str(p)) for row, p in rows.items()}
    table = {row if isinstance(row, tuple) else (row,): (1 - p, p) for row, p in laws.items()}
    return {"name": name, "states": states, "parents": tuple(causes.split()), "table": table}


def model(noises: dict[str, Any], *variables: dict[str, Any]) -> Plain:
    """A plain model, each function written out as its table of values."""
    states = {name: noise["states"] for name, noise in noises.items()} | {x["name"]: x["states"] for x in variables}
    return {"noises": noises, "variables": [x if "table" in x else _structural(x, states, noises) for x in variables]}


def _structural(x: dict[str, Any], states: dict[str, Any], noises: dict[str, Any]) -> dict[str, Any]:
    rows = itertools.product(*(states[cause] for cause in x["causes"]))
    plain = {
        "name": x["name"],
        "states": x["states"],
        "parents": tuple(cause for cause in x["causes"] if cause not in noises),
        "noises": tuple(cause for cause in x["causes"] if cause in noises),
        "function": {row: x["f"](*row) for row in rows},
    }
    return plain | ({"equation": x["equation"]} if x["equation"] else {})


def at(name: str, *assignments: Any, **settings: Any) -> Any:
    """A variable in the world of these assignments and settings (a setting may be another term)."""
    values = {key: x if isinstance(x, tuple) else ("const", x) for key, x in settings.items()}
    return ("var", name, (*assignments, *(("set", key, x) for key, x in values.items())))


def eq(term: Any, value: Any) -> Any:
    """The event that a term has a value."""
    return ("=", ("var", term, ()) if isinstance(term, str) else term, ("const", value))


def all_of(events: tuple[Any, ...]) -> Any:
    return None if not events else events[0] if len(events) == 1 else ("and", *events)


def prob(*events: Any, given: tuple[Any, ...] = ()) -> Query:
    """P(events | given)."""
    return ("prob", all_of(events), all_of(given))


def mean(expr: Any, *given: Any) -> Query:
    """E[expr | given]."""
    return ("expect", expr, all_of(given))


def minus(left: Query, right: Query) -> Query:
    """The contrast of two queries."""
    return ("sum", ((Fraction(1), left), (Fraction(-1), right)))


def pn(x: str = "X", y: str = "Y") -> Query:
    """Probability of necessity."""
    return prob(eq(at(y, **{x: 0}), 0), given=(eq(x, 1), eq(y, 1)))


def ps(x: str = "X", y: str = "Y") -> Query:
    """Probability of sufficiency."""
    return prob(eq(at(y, **{x: 1}), 1), given=(eq(x, 0), eq(y, 0)))


def pns(x: str = "X", y: str = "Y") -> Query:
    """Probability of necessity and sufficiency."""
    return prob(eq(at(y, **{x: 1}), 1), eq(at(y, **{x: 0}), 0))


def do(value: int, x: str = "X", y: str = "Y") -> Query:
    """P(Y=1 | do(X=value))."""
    return prob(eq(at(y, **{x: value}), 1))


def see(value: int, x: str = "X", y: str = "Y") -> Query:
    """P(Y=1 | X=value)."""
    return prob(eq(y, 1), given=(eq(x, value),))


# ---------------------------------------------------------------------------------------------------------------------
# Models


def squad(order: dict[str, Any], nerves: dict[str, Any]) -> Plain:
    """The firing squad: an order U, a captain C, two riflemen A and B of whom A may be nervous, a prisoner D."""
    return model(
        {"U": order, "W": nerves},
        v("C", "U", lambda u: u, equation="U"),
        v("A", "C W", lambda c, w: c | w, equation="C or W"),
        v("B", "C", lambda c: c, equation="C"),
        v("D", "A B", lambda a, b: a | b, equation="A or B"),
    )


SQUAD = squad(unknown(), {"states": BINARY, "law": (Fraction(1), Fraction(0))})
NERVOUS_SQUAD = squad(coin("0.6"), coin("0.1"))

XOR = model(
    {"U0": coin("0.3"), "U1": coin("0.25"), "U2": coin("0.4")},
    v("X", "U0", lambda u: u),
    v("Y", "X U1 U2", lambda x, a, b: x & (a ^ b), equation="X and (U1 xor U2)"),
)
IDLE = model({"UX": coin(), "U": coin()}, v("X", "UX", lambda u: u), v("Y", "X U", lambda x, u: u))
FLIP = model(
    {"UX": coin(), "U": coin()}, v("X", "UX", lambda u: u), v("Y", "X U", lambda x, u: x ^ u, equation="X xor U")
)
EITHER = model({}, t("X", "", {(): "1/2"}), t("Y", "X", {0: "1/2", 1: "1/2"}))
BOX = model({"U": unknown()}, v("X", "", lambda: 1), v("Y", "X U", lambda x, u: x ^ u))

NOISY_OR = model(
    {"UX": coin(), "leak": coin("0.2"), "power": coin("0.6")},
    v("X", "UX", lambda u: u),
    v("Y", "X leak power", lambda x, leak, power: leak | x & power, equation="leak or X and power"),
)

_TAR = {(0, 0): "0.10", (1, 0): "0.90", (0, 1): "0.05", (1, 1): "0.85"}
FRONT_DOOR = model(
    {"U": coin()},
    v("X", "U", lambda u: u),
    t("Z", "X", {0: "0.05", 1: "0.95"}),
    v("H", "U", lambda u: u),
    t("Y", "H Z", _TAR),
)
BOW = model({"U": coin()}, v("X", "U", lambda u: u), v("Y", "X U", lambda x, u: x ^ u))
BOW_IDLE = model({"U": coin()}, v("X", "U", lambda u: u), v("Y", "X U", lambda x, u: 0))
NAPKIN = model(
    {"U": coin("0.4"), "V": coin("0.3"), "UZ": coin("0.2"), "UX": coin("0.1"), "UY": coin("0.25")},
    v("W", "U V", lambda u, w: u | w),
    v("Z", "W UZ", lambda w, e: w ^ e),
    v("X", "Z U UX", lambda z, u, e: (z & u) ^ e),
    v("Y", "X V UY", lambda x, w, e: (x | w) ^ e),
)
VERMA = model(
    {"U": coin("0.35"), "UA": coin("0.4"), "UB": coin("0.2"), "UC": coin("0.3"), "UD": coin("0.15")},
    v("A", "UA", lambda e: e),
    v("B", "A U UB", lambda a, u, e: (a ^ u) | e),
    v("C", "B UC", lambda b, e: b ^ e),
    v("D", "C U UD", lambda c, u, e: (c & u) ^ e),
)
# Compliance types: never, complier, always (no defiers). The effect differs by type.
TYPES = {"states": ("never", "complier", "always"), "law": (Fraction(3, 10), Fraction(1, 2), Fraction(1, 5))}
_RECOVERY = {"never": (0, 1), "complier": (0, 1), "always": (1, 1)}
TRIAL = model(
    {"UZ": coin(), "type": TYPES, "luck": coin("0.2")},
    v("Z", "UZ", lambda z: z),
    v("X", "Z type", lambda z, kind: {"never": 0, "complier": z, "always": 1}[kind]),
    v("Y", "X type luck", lambda x, kind, luck: _RECOVERY[kind][x] | luck),
)

KIDNEY = model(
    {},
    t("large", "", {(): "343/700"}),
    t("A", "large", {0: "87/357", 1: "263/343"}),
    t("Y", "large A", {(0, 1): "81/87", (1, 1): "192/263", (0, 0): "234/270", (1, 0): "55/80"}),
)
SIMPSON = model(
    {},
    t("man", "", {(): "1/2"}),
    t("X", "man", {0: "10/40", 1: "30/40"}),
    t("Y", "man X", {(1, 1): "18/30", (1, 0): "7/10", (0, 1): "2/10", (0, 0): "9/30"}),
)
SIMPSON_MEDIATOR = model(
    {},
    t("X", "", {(): "1/2"}),
    t("low", "X", {0: "10/40", 1: "30/40"}),
    t("Y", "low X", {(1, 1): "18/30", (1, 0): "7/10", (0, 1): "2/10", (0, 0): "9/30"}),
)
TRAINING = model(
    {},
    t("T", "", {(): "1/2"}),
    t("M", "T", {0: "0.40", 1: "0.75"}),
    t("Y", "T M", {(1, 1): "0.80", (1, 0): "0.40", (0, 1): "0.30", (0, 0): "0.20"}),
)
PREEMPTION = model(
    {"U": unknown()},
    v("A", "U", lambda u: u, equation="U"),
    v("B", "A", lambda a: 1 - a, equation="not A"),
    v("E", "A B", lambda a, b: a | b, equation="A or B"),
)
DOORS = (1, 2, 3)
MONTY = model(
    {"UC": uniform(*DOORS), "UP": uniform(*DOORS), "host": coin()},
    v("car", "UC", lambda u: u, DOORS),
    v("pick", "UP", lambda u: u, DOORS),
    v(
        "opened",
        "car pick host",
        lambda car, pick, h: [d for d in DOORS if d not in (car, pick)][h * (car == pick)],
        DOORS,
    ),
)
BELL = model(
    {"U1": coin(), "U2": coin()},
    v("X", "U1", lambda u: u, equation="U1"),
    v("Y", "U2", lambda u: u, equation="U2"),
    v("bell", "X Y", lambda x, y: x | y, equation="X or Y"),
)
ALARM = model(
    {},
    t("B", "", {(): "0.001"}),
    t("Q", "", {(): "0.002"}),
    t("A", "B Q", {(1, 1): "0.95", (1, 0): "0.94", (0, 1): "0.29", (0, 0): "0.001"}),
    t("J", "A", {1: "0.90", 0: "0.05"}),
    t("M", "A", {1: "0.70", 0: "0.01"}),
)
SPRINKLER = model(
    {},
    t("C", "", {(): "0.5"}),
    t("S", "C", {0: "0.5", 1: "0.1"}),
    t("R", "C", {0: "0.2", 1: "0.8"}),
    t("wet", "S R", {(0, 0): 0, (1, 0): "0.9", (0, 1): "0.9", (1, 1): "0.99"}),
)
DICE = model(
    {name: uniform(*range(1, 7)) for name in ("d1", "d2", "d3")},
    v("total", "d1 d2 d3", lambda a, b, c: a + b + c, tuple(range(3, 19)), equation="d1 + d2 + d3"),
)
KITE = model(
    {"UA": coin(), "UW": coin("0.2"), "UM": coin("0.3"), "UY": coin("0.1")},
    v("A", "UA", lambda e: e),
    v("W", "A UW", lambda a, e: a | e),
    v("M", "A W UM", lambda a, w, e: (a & w) ^ e),
    v("Y", "A W M UY", lambda a, w, m, e: a + w + (m ^ e), (0, 1, 2, 3)),
)
# States in opposite order, and fewer of them than where they are imposed.
TURNED = model(
    {"UA": coin("0.2"), "UX": coin("0.7")},
    v("A", "UA", lambda e: e, (1, 0)),
    v("X", "UX", lambda e: 2 * e, (0, 1, 2)),
    v("Y", "X", lambda x: x, (0, 1, 2)),
)
