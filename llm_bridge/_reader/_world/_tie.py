"""Which variable each phrase of a text speaks of, as an assignment problem.

Phrases that must be states of one variable (the two strata of a pair, "N instead of M") are one group. A group goes to
the variable whose name it shares words with, where the graph allows it: the conditions of a rule are all the parents of
its effect, strata are parents or at least ancestors, the parts of one condition are different variables. Every way to
assign the groups gets a score; the best must be clearly better than the next, otherwise the text is not read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from .._story import Unreadable, quoted
from ._evidence import Evidence, Net
from ._opposite_words import KINDS, SCALES
from ._words import Bag, Lexicon, contrary, shared

WIDTH = 400
"""How many partial assignments are kept; with up to six variables this is nearly all of them."""
WORK = 60_000
"""Of a large text fewer are kept, so that groups, variables and partial assignments multiply to this at most."""
A_KIND = 0.7
"""How much it counts that a word is the general word for a state of what the name says: `female` of a gender."""
A_KIND_OF_HEAD = 0.5
"""How much more it counts where that word is the head: `rainy season` is of the weather more than of the rain."""
OF_A_SCALE = 0.2
"""How much a word such as "high" counts, which is said of any noun."""
ANSWERABLE = 0.35
"""How much it counts that what the text gives answers what it asks."""
NOT_SAID = 0.1
"""How much it counts against a name that a word of it is said elsewhere and not here."""
SEEN_APART = 0.35
"""How much it counts against what is observed being what is set or asked about, where no word says so."""
HIDDEN_HAS_NUMBERS = 0.3
"""How much it counts against a hidden variable that a number is given for it, where no word says so."""
OUTCOME_IS_END = 0.35
"""How much it counts that what is asked about is the end of the graph."""


@dataclass(frozen=True, slots=True)
class Group:
    """Phrases about one variable; `side` says which of them agree."""

    phrases: tuple[str, ...]
    side: dict[str, int]


@dataclass(slots=True)
class Tied:
    """An assignment: a variable for each group, and its score."""

    groups: list[Group]
    names: tuple[str, ...]
    score: float
    doubt: str
    """Why it is not clear, where another assignment is about as good."""
    strangers: list[Stranger] = field(default_factory=list["Stranger"])


@dataclass(frozen=True, slots=True)
class Stranger:
    """A group with no word of its variable, nor of what is tied to it by words.

    Attributes:
        phrase: its first phrase.
        name: the variable it was placed with.
        company: a phrase that is tied to that variable by words, or "".
        joined: whether another group of that variable shares a word with it.
    """

    phrase: str
    name: str
    company: str
    joined: bool


def lexicon_of(net: Net, evidence: Evidence) -> Lexicon:
    """The words of a text."""
    return Lexicon(net.names, evidence.where, evidence.sentences, evidence.phrases)


def groups_of(evidence: Evidence) -> list[Group]:
    """Phrases joined by opposite pairs.

    Raises:
        Unreadable: a phrase would be its own opposite.
    """
    links: dict[str, list[str]] = {phrase: [] for phrase in evidence.phrases}
    for one, other in evidence.opposite:
        links[one].append(other)
        links[other].append(one)
    side: dict[str, int] = {}
    out: list[Group] = []
    for start in evidence.phrases:
        if start in side:
            continue
        side[start], queue = 1, [start]
        for phrase in queue:
            for other in links[phrase]:
                if other not in side:
                    side[other] = -side[phrase]
                    queue.append(other)
                elif side[other] == side[phrase]:
                    raise Unreadable(f"{quoted(phrase)} and {quoted(other)} are said both to agree and to differ.")
        out.append(Group(tuple(queue), {p: side[p] for p in queue}))
    return out


def tie(net: Net, evidence: Evidence) -> Tied:
    """The best assignment.

    Raises:
        Unreadable: there is none.
    """
    groups = groups_of(evidence)
    width = max(20, min(WIDTH, WORK // max(1, len(groups) * len(net.names))))
    scorer = _Scorer(net, evidence, groups)
    order = sorted(range(len(groups)), key=lambda i: -scorer.certainty(i))
    beam: list[tuple[float, dict[int, str]]] = [(0.0, {})]
    for i in order:
        longer = [
            (score + scorer.step(i, name, done), {**done, i: name})
            for score, done in beam
            for name in net.names
            if scorer.allowed(i, name, done)
        ]
        beam = sorted(longer, key=lambda item: -item[0])[:width]
    if not beam:
        raise Unreadable("No way to tie the phrases to the variables fits what the sentences say of them.")
    best, done = beam[0]
    doubt = ""
    if len(beam) > 1 and best - beam[1][0] < evidence.lead:
        other = beam[1][1]
        where = next(i for i in order if done[i] != other[i])
        doubt = (
            f"{quoted(groups[where].phrases[0])} may speak of {quoted(done[where])} or of {quoted(other[where])}. Use "
            "a word of the name in it."
        )
    names = tuple(done[i] for i in range(len(groups)))
    return Tied(groups, names, best, doubt, scorer.strangers(names))


class _Scorer:
    """Scores, by group and variable."""

    def __init__(self, net: Net, evidence: Evidence, groups: list[Group]) -> None:
        self.net = net
        self.place = {phrase: i for i, group in enumerate(groups) for phrase in group.phrases}
        lexicon = lexicon_of(net, evidence)
        self.bags = [[lexicon.bag(p) for p in group.phrases] for group in groups]
        self.named = lexicon.names
        self.lexical = [{name: self._lexical(i, name) for name in net.names} for i in range(len(groups))]
        self.near = {(i, j): self._near(i, j) for i, j in combinations(range(len(groups)), 2)}
        self.laws = {(tuple(self._all(given)), self.place[event]) for given, event in evidence.laws}
        self.rules = {(tuple(self._all(causes)), self.place[effect]) for causes, effect in evidence.rules}
        self.asked = evidence.asked
        self.outcomes = {self.place[p] for p in evidence.outcomes}
        self.colliders = {(self.place[c], self.place[a], self.place[b]) for c, (a, b) in evidence.colliders}
        self.acts = {(self.place[a], self.place[b]) for a, b in evidence.acts}
        together = [
            *((*given, event) for given, event in self.laws),
            *((*c, e) for c, e in self.rules),
            *(tuple(self._all(parts)) for parts in evidence.apart),
            *self.acts,
        ]
        self.equal = {(self.place[a], self.place[b]) for a, b in evidence.together}
        self.equal |= {(b, a) for a, b in self.equal}
        self.beside = {(self.place[a], self.place[b]) for a, b in evidence.beside}
        self.beside |= {(b, a) for a, b in self.beside}
        self.counted = {i for given, event in self.laws for i in (*given, event)}
        self.differ = {(i, j) for parts in together for i in parts for j in parts if i != j}

    def _all(self, phrases: Iterable[str]) -> list[int]:
        return sorted(self.place[p] for p in phrases)

    # --- words
    def _lexical(self, i: int, name: str) -> float:
        total = 0.0
        for word in self.named[name]:
            weights = [_weight(word, b) for b in self.bags[i]]
            weight = (max(weights) + sum(weights) / len(weights)) / 2
            kind = any(shared(KINDS.get(word, ()), b.words) for b in self.bags[i])
            if weight:
                weight *= OF_A_SCALE if word in SCALES else 1.0
                total += weight / (self._names_with(word) * math.sqrt(self._groups_with(word)))
            elif kind:
                total += A_KIND + (A_KIND_OF_HEAD if all(b.head in KINDS.get(word, ()) for b in self.bags[i]) else 0.0)
            elif any(shared((word,), b.words) for bags in self.bags for b in bags):
                total -= NOT_SAID
        whole = any(b.words and len(shared(self.named[name], b.words)) == len(self.named[name]) for b in self.bags[i])
        return 1.3 * min(total, 1.5) + (0.3 if whole else 0.0)

    def _names_with(self, word: str) -> int:
        return sum(bool(shared((word,), words)) for words in self.named.values())

    def _groups_with(self, word: str) -> int:
        return max(1, sum(any(shared((word,), b.words) for b in bags) for bags in self.bags))

    def _near(self, i: int, j: int) -> float:
        one = frozenset(w for b in self.bags[i] for w in b.words)
        other = frozenset(w for b in self.bags[j] for w in b.words)
        near = sum(1 / max(1, self._groups_with(word) - 1) for word in shared(one, other) - SCALES)
        return min(1.0, near + (0.7 if contrary(one, other) else 0.0))

    def certainty(self, i: int) -> float:
        """How clearly words tie a group to one variable."""
        best, *rest = sorted(self.lexical[i].values(), reverse=True)
        return best - (rest[0] if rest else 0.0)

    def strangers(self, names: Sequence[str]) -> list[Stranger]:
        """Groups that no word ties to their variable, nor to another group there that is tied."""
        joined = {
            i: {j for j in range(len(names)) if j != i and names[j] == name and self._joined(i, j)}
            for i, name in enumerate(names)
        }
        known = {i for i, name in enumerate(names) if self.lexical[i][name] >= 0.1}
        while more := {i for i, others in joined.items() if others & known} - known:
            known |= more
        first = {i: p for p, i in reversed(self.place.items())}
        company = {names[i]: first[i] for i in sorted(known, reverse=True)}
        return [
            Stranger(first[i], name, company.get(name, ""), bool(joined[i]))
            for i, name in enumerate(names)
            if i not in known
        ]

    def _joined(self, i: int, j: int) -> bool:
        return self.near[min(i, j), max(i, j)] > 0.05 or (i, j) in self.equal

    # --- steps
    def allowed(self, i: int, name: str, done: dict[int, str]) -> bool:
        """Whether a group may go to `name` beside those that are placed."""
        return all((i, j) not in (self.differ if other == name else self.equal) for j, other in done.items())

    def step(self, i: int, name: str, done: dict[int, str]) -> float:
        """What placing one more group adds."""
        score = self.lexical[i][name]
        for j, other in done.items():
            near = self.near[min(i, j), max(i, j)]
            if other != name:
                score -= 0.3 * near
            elif near > 0.05:
                score += 0.6 * near
            elif min(self.lexical[i][name], self.lexical[j][name]) < 0.2:
                score -= 0.4 + (SEEN_APART if (i, j) in self.beside else 0.0)
        if name in self.net.hidden and i in self.counted and self.lexical[i][name] < 0.1:
            score -= HIDDEN_HAS_NUMBERS
        if i in self.outcomes and not any(name in parents for parents in self.net.parents.values()):
            score += OUTCOME_IS_END
        return score + self._fit(i, {**done, i: name})

    def _fit(self, i: int, now: dict[int, str]) -> float:
        """How what is said of group `i` and of groups placed before fits the graph."""
        score, net = 0.0, self.net
        for given, event in self.laws:
            if i in (*given, event) and all(k in now for k in (*given, event)):
                score += self._law([now[k] for k in given], now[event])
        for causes, effect in self.rules:
            if i in (*causes, effect) and all(k in now for k in (*causes, effect)):
                score += 1.5 if frozenset(now[k] for k in causes) == net.parents[now[effect]] else -6.0
        for cause, effect in self.acts:
            if i in (cause, effect) and cause in now and effect in now:
                score += 0.5 if now[cause] in net.ancestors(now[effect]) else -0.2
        for common, one, other in self.colliders:
            if i in (common, one, other) and all(k in now for k in (common, one, other)):
                score += 1.0 if {now[one], now[other]} <= net.ancestors(now[common]) else -0.5
        return score

    def _law(self, given: Sequence[str], event: str) -> float:
        net, conditions = self.net, frozenset(given)
        score = -0.2 * len(conditions & net.hidden) - (0.4 if event in net.hidden else 0.0)
        if self.asked:
            score += 0.3 * (self.asked[0] in conditions) + 0.2 * (self.asked[1] == event)
        if not conditions:
            return score
        several = len(conditions) > 1
        if self.acts and not several and not net.ancestors(given[0]) & net.ancestors(event):
            score += ANSWERABLE
        if conditions in (net.parents[event], net.parents[event] - net.hidden):
            return score + (1.0 if several else 0.6)
        if conditions <= net.ancestors(event):
            return score + 0.5
        after = {name for name in conditions if event in net.ancestors(name)}
        others = conditions - after
        if (
            self.colliders
            and after
            and others
            and all(o in net.ancestors(a) and event not in net.ancestors(o) for a in after for o in others)
        ):
            return score + 0.4
        return score - (0.6 if after else 0.0)


def _weight(word: str, of: Bag) -> float:
    if shared((word,), of.words):
        return 1.0
    return 0.5 if shared((word,), of.about) else 0.0
