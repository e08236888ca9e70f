"""Random causal models as plain joint tables, and random true statements about them. Shares no code with the engine."""

import itertools
from dataclasses import dataclass, field

import numpy as np

from scm import CausalGraph, Statement
from scm import parse_quantity as quantity_of


@dataclass
class PlainModel:
    """Binary variables with tables; a confounded pair shares a hidden cause of three states."""

    graph: CausalGraph
    tables: dict = field(default_factory=dict)
    commons: list = field(default_factory=list)

    @classmethod
    def draw(cls, graph, rng, low=0.05):
        model = cls(graph)
        for _ in graph.confounded:
            model.commons.append(rng.dirichlet([2, 2, 2]))
        for name in graph.variables:
            width = len(graph.parents[name])
            width += 0
            hidden = [k for k, pair in enumerate(graph.confounded) if name in pair]
            shape = (2,) * width + (3,) * len(hidden)
            model.tables[name] = low + (1 - 2 * low) * rng.uniform(size=shape)
        return model

    def joint(self, do=()):
        """{assignment (in graph order): probability} where `do` is imposed."""
        imposed, order = dict(do), self.graph.order
        out = {}
        for hidden in itertools.product(*(range(len(c)) for c in self.commons)):
            weight = float(np.prod([c[h] for c, h in zip(self.commons, hidden, strict=True)]))
            for values in itertools.product((0, 1), repeat=len(order)):
                at = dict(zip(order, values, strict=True))
                p = weight
                for name in order:
                    if name in imposed:
                        p *= at[name] == imposed[name]
                        continue
                    own = [hidden[k] for k, pair in enumerate(self.graph.confounded) if name in pair]
                    one = self.tables[name][tuple(at[c] for c in self.graph.parents[name]) + tuple(own)]
                    p *= one if at[name] else 1 - one
                out[values] = out.get(values, 0.0) + p
        return out

    def probability(self, of, given=(), do=()):
        joint, order = self.joint(do), self.graph.order
        place = {name: i for i, name in enumerate(order)}
        below = {v: p for v, p in joint.items() if all(v[place[n]] == x for n, x in dict(given).items())}
        above = sum(p for v, p in below.items() if all(v[place[n]] == x for n, x in dict(of).items()))
        return above / sum(below.values())

    def correlation(self, a, b, given=()):
        p, q = self.probability({a: 1}, given), self.probability({b: 1}, given)
        both = self.probability({a: 1, b: 1}, given)
        return (both - p * q) / np.sqrt(p * (1 - p) * q * (1 - q))


def text(of, given=(), do=()):
    sides = [", ".join(f"{n}={x}" for n, x in dict(part).items()) for part in (of, given, do)]
    conditions = ", ".join(part for part in (f"do({sides[2]})" if sides[2] else "", sides[1]) if part)
    return f"P({sides[0]}{' | ' + conditions if conditions else ''})"


def random_graph(rng, most=5, confounding=0.15, density=0.5):
    n = int(rng.integers(2, most + 1))
    names = [f"V{i}" for i in range(n)]
    pairs = list(itertools.combinations(names, 2))
    edges = tuple(p for p in pairs if rng.random() < density)
    both = tuple(p for p in pairs if rng.random() < confounding)
    return CausalGraph(tuple(names), edges, both)


def said(quantity, value, digits=None):
    """A statement with its exact value, or with as many digits as a text would print."""
    about = quantity_of(quantity)
    if digits is None:
        return Statement(about, value, value, value)
    face, half = round(value, digits), 0.5 * 10.0**-digits
    return Statement(about, face, face - half, face + half)


def random_statement(model, rng, digits=None):
    """A true statement about what is seen, in one of several phrasings."""
    names = list(rng.permutation(model.graph.variables))
    kind = rng.choice(["cell", "family", "marginal", "condition", "corr", "ratio", "difference"])
    name = names[0]
    others = names[1 : 1 + int(rng.integers(0, min(3, len(names))))]
    state = int(rng.integers(2))
    at = {o: int(rng.integers(2)) for o in others}
    match kind:
        case "cell":
            return said(text({name: state, **at}), model.probability({name: state, **at}), digits)
        case "family":
            at = {p: int(rng.integers(2)) for p in model.graph.parents[name]}
        case "marginal":
            at = {}
        case "corr" if len(names) > 1:
            given = dict(list(at.items())[1:])
            about = f"corr({name}, {names[1]}" + ("".join(f" | {n}={x}" for n, x in list(given.items())[:1])) + ")"
            given = dict(list(given.items())[:1])
            return said(about, model.correlation(name, names[1], given), digits)
        case "ratio" | "difference" if at:
            flip = next(iter(at))
            other = {**at, flip: 1 - at[flip]}
            one, two = model.probability({name: state}, at), model.probability({name: state}, other)
            sign = "/" if kind == "ratio" else "-"
            value = one / two if kind == "ratio" else one - two
            return said(f"{text({name: state}, at)} {sign} {text({name: state}, other)}", value, digits)
    return said(text({name: state}, at), model.probability({name: state}, at), digits)


def family_statements(model, rng, names=None, digits=None):
    """Every number of the tables of `names`."""
    out = []
    for name in names or model.graph.variables:
        parents = model.graph.parents[name]
        for values in itertools.product((0, 1), repeat=len(parents)):
            at = dict(zip(parents, values, strict=True))
            state = int(rng.integers(2))
            out.append(said(text({name: state}, at), model.probability({name: state}, at), digits))
    return out
