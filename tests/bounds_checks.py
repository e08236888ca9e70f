"""One random problem put to the engine in several ways, and everything that must hold of what it says."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from scm import ask
from scm.bounds._asked import ZeroCondition
from scm.bounds._programme import Clash, End, Ends, Programme
from scm.bounds._solve import Effort, solve
from tests.bounds_engine import Naming, built, plain_naming, study
from tests.bounds_oracle import Beyond, Source, exact_ends, law_source, mean, statement_source, value
from tests.bounds_problems import Problem, problem, random_query
from tests.plain import to_text
from tests.rational_lp import TooMany

EDGE = 1e-9
"""How far outside the outer ends the truth may seem to lie: the numbers that are known are rounded."""
NEAR = 1e-6
"""How far ends may be from those of the oracle, and inner from outer ones where they are said to be sharp."""
RARE = Fraction(1, 10**6)
"""A condition this rare is one for which ends that meet are not asked for: nothing is known to so many digits."""
IDENTIFIED = 1e-7
"""How wide the interval of what is determined may be."""


@dataclass
class Outcome:
    """What was found.

    Attributes:
        number: of the problem.
        wrong: what does not hold, in words.
        kinds: what there was to compare.
        seconds: that the engine took.
    """

    number: object
    wrong: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def check(number: object, most: int = 2_000, effort: Effort | None = None) -> Outcome:
    """Everything that must hold of one problem."""
    asked = problem(number, most)
    return _Check(asked, Outcome(number), Effort(seconds=4.0) if effort is None else effort, str(number)).run()


@dataclass
class _Check:
    problem: Problem
    out: Outcome
    effort: Effort
    seed: str

    def run(self) -> Outcome:
        try:
            return self.all()
        except ZeroCondition as impossible:
            if not self.rare:
                self.wrong(f"{impossible}, and it has not in the model")
            self.out.kinds["rare condition taken for an impossible one"] += 1
            return self.out

    def all(self) -> Outcome:
        plain = plain_naming(self.problem)
        self.programme, found = self.solved(plain, self.problem.sources)
        if isinstance(found, Clash):
            self.wrong(f"{found} is no clash: there is a model")
            return self.out
        self.ends = found
        self.out.kinds["sharp" if found.sharp else "relaxed" if self.relaxed else "open"] += 1
        self.truth_inside()
        self.exact()
        self.attained()
        self.other_words()
        self.more_known()
        self.asked(plain)
        return self.out

    def wrong(self, what: str) -> None:
        self.out.wrong.append(what)

    @property
    def relaxed(self) -> bool:
        return any(block.relaxed for block in self.programme.blocks)

    @property
    def rare(self) -> bool:
        """Whether a condition of the query hardly ever holds in the model."""
        types, laws = self.problem.types, self.problem.laws
        return any(mean(types.holds(event).astype(int), laws) < RARE for event in self.conditions())

    def conditions(self) -> list[Any]:
        query = self.problem.query
        parts = [part for _, part in query[1]] if query[0] == "sum" else [query]
        return [part[2] for part in parts if part[2] is not None]

    def solved(self, naming: Naming, sources: Sequence[Source]) -> tuple[Programme, Ends | Clash]:
        begun = time.perf_counter()
        programme = built(self.problem, naming, sources)
        found = solve(programme, self.effort)
        self.out.seconds = max(self.out.seconds, time.perf_counter() - begun)
        return programme, found

    # What must hold

    def truth_inside(self) -> None:
        truth, (low, high) = float(self.problem.truth), self.outer(self.ends)
        if not low - EDGE <= truth <= high + EDGE:
            self.wrong(f"the truth {truth!r} is outside [{low!r}, {high!r}]")
        for end, sign in ((self.ends.lower, 1), (self.ends.upper, -1)):
            if end.laws is not None and not sign * (end.inner - end.outer) >= -EDGE:
                self.wrong(f"the inner end {end.inner!r} is beyond the outer one {end.outer!r}")
            if self.ends.sharp and not abs(end.inner - end.outer) <= NEAR:
                self.wrong(f"sharp, with inner end {end.inner!r} and outer end {end.outer!r}")

    def outer(self, ends: Ends) -> tuple[float, float]:
        return ends.lower.outer, ends.upper.outer

    def exact(self) -> None:
        """Against the ends of the oracle, where it has them."""
        asked = self.problem
        try:
            wanted = exact_ends(asked.types, asked.sources, asked.query, asked.laws)
        except (Beyond, TooMany):
            return
        if wanted is None:
            self.wrong("the oracle holds the condition impossible, and the engine does not")
            return
        low, high = map(float, wanted)
        self.out.kinds["identified" if wanted[0] == wanted[1] else "interval"] += 1
        if self.relaxed or not all(map(asked.graph.clique, asked.graph.components)):
            return
        if not (self.ends.lower.outer <= low + EDGE and self.ends.upper.outer >= high - EDGE):
            self.wrong(f"{self.outer(self.ends)} leaves out a part of [{low!r}, {high!r}]")
        if self.rare:
            return
        for end, exact in ((self.ends.lower, low), (self.ends.upper, high)):
            if end.laws is not None and not low - NEAR <= end.inner <= high + NEAR:
                self.wrong(f"the inner end {end.inner!r} is outside [{low!r}, {high!r}]")
            if self.ends.sharp and not abs(end.inner - exact) <= NEAR:
                self.wrong(f"sharp, with the end {end.inner!r} where {exact!r} is exact")
        width = self.ends.upper.outer - self.ends.lower.outer
        if wanted[0] == wanted[1] and self.ends.sharp and not width <= IDENTIFIED:
            self.wrong(f"determined, and {width:.1e} wide")

    def attained(self) -> None:
        """Each end that is attained, in the engine's own terms: the laws meet the limits and give the end."""
        for end in (self.ends.lower, self.ends.upper):
            if end.laws is None or self.relaxed:  # ends of a relaxation are outer ones only
                continue
            if (broken := self.programme.broken(end.laws)) > NEAR:
                self.wrong(f"the law that attains {end.inner!r} breaks what is known by {broken:.1e}")
            if not abs(self.programme.at(end.laws) - end.inner) <= NEAR:
                self.wrong(f"the law that attains {end.inner!r} gives {self.programme.at(end.laws)!r}")
            self.model(end)

    def model(self, end: End) -> None:
        """The model that attains an end, through the exact solver: the query, and every law and statement."""
        from scm.bounds._attain import model_of

        plain, laws = plain_naming(self.problem), end.laws
        assert laws is not None
        model = model_of(plain.graph(self.problem), plain.states(self.problem), self.programme, laws)
        if not self.rare:
            found: Any = ask(model, to_text(self.problem.query))
            if found.value is None or not abs(found.value - end.inner) <= NEAR:
                self.wrong(f"the model that attains {end.inner!r} gives {found.value!r}")
        for source in self.problem.sources:
            for fact in source.facts:
                parts = [(w, e) for w, e in fact.combination if w]
                total = sum(float(w) * (1.0 if e is None else self.probability(model, e)) for w, e in parts)
                low = -np.inf if fact.low is None else float(fact.low)
                high = np.inf if fact.high is None else float(fact.high)
                if not low - NEAR <= total <= high + NEAR:
                    self.wrong(f"the model that attains {end.inner!r} gives {fact} {total!r}")
                    return
        self.out.kinds["attained"] += 1

    def probability(self, model: Any, event: Any) -> float:
        found: Any = ask(model, to_text(("prob", event, None)))
        return float(found.value)

    def other_words(self) -> None:
        """Other names, another order of variables, of states and of what is known: the same ends."""
        rng = random.Random(f"words {self.seed}")
        names = list(self.problem.graph.names)
        order = rng.sample(names, len(names))
        labels = dict(zip(names, rng.sample(["Q", "B", "T one", "R", "S", "C"], len(names)), strict=True))
        turned = frozenset(n for n in names if rng.random() < 0.3)
        sources = rng.sample(self.problem.sources, len(self.problem.sources))
        _, found = self.solved(Naming(labels, tuple(order), turned), sources)
        if isinstance(found, Clash):
            self.wrong(f"{found} in other words: {order}, {turned}")
        elif found.sharp and self.ends.sharp and not self.rare:
            for one, other in ((self.ends.lower, found.lower), (self.ends.upper, found.upper)):
                if abs(one.inner - other.inner) > NEAR or abs(one.outer - other.outer) > NEAR:
                    self.wrong(f"{self.outer(self.ends)}, and in other words {self.outer(found)}: {order}, {turned}")

    def more_known(self) -> None:
        """A further true statement never widens the interval."""
        rng = random.Random(f"more {self.seed}")
        asked = self.problem
        if rng.random() < 0.4:
            names = list(asked.graph.names)
            do = rng.choice(names)
            seen = [n for n in names if n != do]
            more = law_source(asked.types, asked.laws, seen, [do])
        else:
            query = random_query(rng, asked.graph)
            if query[0] == "sum" or query[0] == "expect" or (truth := value(asked.types, asked.laws, query)) is None:
                return
            more = statement_source(query, truth, truth)
        _, found = self.solved(plain_naming(asked), [*asked.sources, more])
        if isinstance(found, Clash):
            self.wrong(f"{found} with {more.kind} {more.variables} {more.do} {more.query and to_text(more.query)}")
            return
        self.out.kinds["narrower" if self.outer(found) != self.outer(self.ends) else "no narrower"] += 1
        low, high = self.outer(found)
        truth = float(asked.truth)
        if not low - EDGE <= truth <= high + EDGE:
            self.wrong(f"knowing more, the truth {truth!r} is outside [{low!r}, {high!r}]")
        wider = low < self.ends.lower.outer - NEAR or high > self.ends.upper.outer + NEAR
        if wider and self.ends.sharp and found.sharp and not self.rare:
            self.wrong(f"knowing more widened {self.outer(self.ends)} to {(low, high)}")

    def asked(self, naming: Naming) -> None:
        """Through `ask`: the truth is inside, whatever kind of answer it is."""
        found: Any = ask(study(self.problem, naming), to_text(self.problem.query), budget=self.effort.seconds)
        truth = float(self.problem.truth)
        self.out.kinds[f"ask: {found.finding}"] += 1
        if found.finding == "exact":
            low, high = found.uncertainty.rounding or (found.value, found.value)
            if not low - NEAR <= truth <= high + NEAR and not self.rare:
                self.wrong(f"ask says {found.value!r} or in {(low, high)}, and the truth is {truth!r}")
        elif found.finding == "bounds":
            interval = found.interval  # at face value; what printed digits leave open is told apart
            low, high = found.uncertainty.rounding or (interval.outer_lower, interval.outer_upper)
            if not low - EDGE <= truth <= high + EDGE:
                self.wrong(f"ask says {interval}, within rounding {(low, high)}, and the truth is {truth!r}")
        elif found.finding == "undefined" and not self.rare:
            self.wrong(f"ask says undefined: {found.to_text()}")
        elif found.finding == "contradiction":
            self.wrong(f"ask says contradiction: {found.to_text()}")


def described(number: object, most: int = 2_000) -> str:
    """A problem in words, to look into."""
    asked = problem(number, most)
    lines = [f"{asked.graph}", to_text(asked.query), f"truth {float(asked.truth)!r}"]
    for source in asked.sources:
        if source.kind == "law":
            table = source.table.astype(float).tolist()
            lines.append(f"  P({', '.join(source.variables)} | do({', '.join(source.do)})) = {table}")
        else:
            words = source.facts if source.query is None else to_text(source.query)
            lines.append(f"  {words} in {source.low}, {source.high}")
    return "\n".join(lines)
