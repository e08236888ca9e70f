"""Counts told in words to a Problem: descriptions to the states of variables, arrows to edges, and what is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from scm import Const, Contrast, Expr, Op, Probability, Query, Set, Value, Var, conjunction

from .._problem import Edge, Problem, ProblemQuery, ProblemVariable, Reply, Statement
from ._attribution import attributed
from ._clause import clause
from ._counts import PEOPLE, Count, Trait, alias, plain, traits
from ._story import Unreadable, quoted

_PAIRS = {frozenset(p) for p in (("man", "woman"), ("male", "female"), ("boy", "girl"), ("old", "young"))}
_KIN = {
    "man": "gender sex",
    "woman": "gender sex",
    "male": "gender sex",
    "female": "gender sex",
    "boy": "gender sex",
    "girl": "gender sex",
    "old": "age",
    "young": "age",
    "die": "death",
    "mild": "severity",
}
_GOOD = ("recover", "surviv", "cure", "pass", "success", "succeed", "heal", "improve", "win")
_FRAME = r"(?:what|which) (?:would|is|will|was)"


@dataclass(slots=True)
class Group:
    """Descriptions that exclude each other: the states of one variable. A single one is true or false."""

    keys: list[tuple[str, ...]]
    name: str = ""
    labels: list[Value] = field(default_factory=list[Value])

    @property
    def states(self) -> tuple[Value, ...]:
        return tuple(self.labels) if len(self.keys) > 1 else (False, True)


class Study:
    """The variables of a text that counts."""

    def __init__(self, counts: list[Count], arrows: list[tuple[str, str, str]], text: str) -> None:
        self.counts = counts
        self.text = text
        self.assumptions: list[str] = []
        self.groups = _grouped([t for c in counts for t in (*c.given, *c.found)])
        for group in self.groups:
            group.labels = [self.label(key, group) for key in group.keys]
        self.edges = self.read_arrows(arrows)

    # --- variables
    def label(self, key: tuple[str, ...], group: Group) -> Value:
        """The words that set a state apart, as the text writes them."""
        if any(len(other[-1]) == 1 for other in group.keys):
            return key[-1].upper()
        others = {word for other in group.keys if other != key for word in other}
        own = [word for word in key if word not in others] or list(key)
        shown = [
            next(
                (m for m in re.findall(r"[^\W_]+", self.text) if m.lower() == word or _same_stem(m.lower(), word)), word
            )
            for word in own
        ]
        return " ".join(word.upper() if len(word) == 1 else word.lower() for word in shown)

    def read_arrows(self, arrows: list[tuple[str, str, str]]) -> list[Edge]:
        """Match the names in `X affects Y` with groups of descriptions."""
        phrases = list(dict.fromkeys(phrase for cause, effect, _ in arrows for phrase in (cause, effect)))
        matched: dict[str, Group] = {}
        for phrase in phrases:
            fitting = [g for g in self.groups if _fits(phrase, g)]
            if len(fitting) == 1:
                matched[phrase] = fitting[0]
        self.pair_the_last(phrases, matched)
        for phrase in phrases:
            if phrase not in matched:
                raise Unreadable(
                    f"Which of the counted descriptions is meant by {quoted(phrase)}? Use a word of the counts in it."
                )
            group = matched[phrase]
            group.name = group.name or _called(phrase)
        unnamed = [g for g in self.groups if not g.name]
        if unnamed:
            what = " / ".join(quoted(" ".join(key)) for key in unnamed[0].keys)
            raise Unreadable(
                f"The counts do not say what causes what: nothing is said about {what}. Add sentences such as 'stone "
                f"size affects "
                "treatment and recovery', for each variable that is counted."
            )
        return [Edge(cause=matched[c].name, effect=matched[e].name, words=w) for c, e, w in arrows]

    def pair_the_last(self, phrases: list[str], matched: dict[str, Group]) -> None:
        """One name and one group are left: they belong together, and that is listed."""
        names = list(dict.fromkeys(_called(p) for p in phrases if p not in matched))
        groups = [g for g in self.groups if all(g is not m for m in matched.values())]
        if len(names) == 1 and len(groups) == 1 and matched:
            states = ", ".join(map(str, groups[0].labels))
            self.assumptions.append(f"{quoted(names[0])} is read as what the counts call {states}.")
            matched.update({p: groups[0] for p in phrases if p not in matched})

    def event(self, trait: Trait) -> tuple[str, Value]:
        """A description as a state of its variable.

        Raises:
            Unreadable: nothing in the counts fits, or several do.
        """
        key, holds = trait
        found = [(g, k) for g in self.groups for k in g.keys if alias(key, k)]
        if len(found) != 1:
            known = ", ".join(quoted(" ".join(k)) for g in self.groups for k in g.keys)
            said = quoted(" ".join(key))
            raise Unreadable(f"{said} fits {len(found) or 'none'} of the counted descriptions: {known}.")
        group, match = found[0]
        # "Treatment B" of what the counts call "B"; but not "skipping the drug", "the lack of the drug".
        if not all(any(_same_stem(word, own) for own in _words_of(group)) for word in key[: len(key) - len(match)]):
            said = f"{quoted(' '.join(key))} is more than {quoted(' '.join(match))}"
            raise Unreadable(f"{said}. Say it as the counts do.")
        if len(group.keys) == 1:
            return group.name, holds
        if not holds:
            if len(group.keys) == 2:
                return group.name, group.labels[1 - group.keys.index(match)]
            raise Unreadable(f"'not' {quoted(' '.join(key))} leaves several possibilities. Name one.")
        return group.name, group.labels[group.keys.index(match)]

    # --- the Problem
    def problem(self, question: str, words: str) -> Problem:
        """The Problem that the counts and `question` make."""
        queries, reply = self.question(question)
        return Problem(
            variables=tuple(ProblemVariable(name=g.name, states=g.states, words=g.name) for g in self.groups),
            edges=tuple(dict.fromkeys(self.edges)),
            statements=tuple(self.statement(c) for c in self.counts),
            queries=tuple(ProblemQuery(query=q, words=words) for q in queries),
            reply=reply,
            assumptions=("Nothing unmentioned acts on two of the variables at once.", *self.assumptions),
        )

    def statement(self, count: Count) -> Statement:
        """One count as a statement."""
        given = dict(self.event(t) for t in count.given)
        found = dict(self.event(t) for t in count.found)
        if count.whole is None:
            raise Unreadable(
                f"{count.part} of how many, in {quoted(count.words)}? Write 'Of the 700 patients, 350 got A.'"
            )
        event = conjunction(*(_equals(n, v) for n, v in found.items() if given.get(n) != v))
        condition = conjunction(*(_equals(n, v) for n, v in given.items())) if given else None
        return Statement(term=Probability(event, condition), counts=(count.part, count.whole), words=count.words)

    def question(self, phrase: str) -> tuple[list[Query], Reply]:
        """What is asked, over the variables of the counts."""
        if (asked := attributed(self, phrase)) is not None:
            return [asked], Reply(kind="number")
        for form in (self.rate, self.effect, self.better, self.changes):
            if (found := form(phrase)) is not None:
                return found
        raise Unreadable(
            f"This question cannot be read: {quoted(phrase)}. Ask 'What would the recovery rate be if everyone got "
            "treatment A?' or 'Is treatment A better than treatment B?'."
        )

    def rate(self, phrase: str) -> tuple[list[Query], Reply] | None:
        """`What would the recovery rate be if everyone got A?`."""
        share = r"(?:probability|chance|likelihood|rate|proportion|fraction|share|percentage)"
        match = re.match(
            rf"^{_FRAME} (?:be )?(?:the )?(?:{share} (?:of|that) )?(?P<what>.+?)(?: {share})?(?: be"
            rf"| have been)? (?P<kind>if|had|among|for|of|given(?: that)?|under|with) (?P<who>.+)$"
            rf"|^(?:what|which) {share} of (?:{PEOPLE}) would (?:have )?(?P<what2>.+?) (?P<kind2>if|had) (?P<who2>.+)$"
            rf"|^how likely (?:is|would) (?:it be that )?(?P<what3>.+?)(?: be)? (?P<kind3>if|had|for|among"
            rf"|given(?: that)?) (?P<who3>.+)$",
            phrase,
            re.IGNORECASE,
        )
        if match is None or re.search(r"\beffect\b|\bbetter\b", phrase):
            return None
        named = match.groupdict()
        what, kind, who = (next(named[k + i] for i in ("", "2", "3") if named[k + i]) for k in ("what", "kind", "who"))
        outcome = self.outcome(what)
        done = kind.lower() in ("if", "had", "under", "with") and re.search(
            r"\bwould\b|\b(?:everyone|everybody|all|nobody|no one|we)\b", phrase, re.IGNORECASE
        )
        if done:
            return [self.under(outcome, self.imposed(who))], Reply(kind="number")
        if kind.lower() in ("if", "had", "under", "with"):
            raise Unreadable(
                f"Is {quoted(who)} done to everyone, or seen? Ask 'if everyone ...' or 'among those who ...'."
            )
        seen = [
            _equals(*self.event(t)) for t in traits(re.sub(r"^(?:those|the|all|people) ", "", who, flags=re.IGNORECASE))
        ]
        return [Probability(_equals(outcome, True), conjunction(*seen))], Reply(kind="number")

    def outcome(self, phrase: str) -> str:
        """The true-or-false variable that a noun or verb names."""
        fitting = [g for g in self.groups if len(g.keys) == 1 and _fits(phrase, g)]
        if len(fitting) != 1:
            raise Unreadable(f"Which counted outcome is meant by {quoted(phrase)}? Use its word in the counts.")
        said = clause(_called(phrase))
        if not said.positive or any(not _fits(word, fitting[0]) for word in plain(said.key)):
            name = quoted(fitting[0].name)
            raise Unreadable(f"{quoted(phrase)} says more than the outcome {name}. Ask of that alone.")
        return fitting[0].name

    def imposed(self, phrase: str) -> list[tuple[str, Value]]:
        """`everyone got treatment A`, `nobody took the drug`."""
        negative = re.match(r"^(?:nobody|no one|no (?:patients?|people)) ", phrase, re.IGNORECASE) is not None
        rest = re.sub(
            rf"^(?:we (?:gave|give) )?(?:everyone|everybody|all|nobody|no one|no)(?: (?:the "
            rf"|of the )?{PEOPLE})?(?: were| was| had| is)? ",
            "",
            phrase,
            flags=re.IGNORECASE,
        )
        if rest == phrase and not re.match(r"^(?:treatment|they|the)\b", phrase, re.IGNORECASE):
            raise Unreadable(f"Who is meant in {quoted(phrase)}? Ask about everyone: 'if everyone got treatment A'.")
        found = traits(rest)
        if not found:
            raise Unreadable(f"What is imposed in {quoted(phrase)}? Say it as the counts do.")
        return [self.event((key, holds != negative)) for key, holds in found]

    def under(self, outcome: str, imposed: list[tuple[str, Value]]) -> Probability:
        """P(outcome, had everyone the imposed states)."""
        there = tuple(sorted((Set(n, Const(v)) for n, v in imposed), key=lambda s: s.target))
        return Probability(Op("=", (Var(outcome, there), Const(True))))

    def effect(self, phrase: str) -> tuple[list[Query], Reply] | None:
        """`What is the effect of treatment A rather than B on recovery?` and its kin."""
        match = re.match(
            r"^(?:what is|what's|how (?:large|big|strong) is) the (?:average |causal "
            r"|total )*effect of (?P<a>.+?)(?: (?:rather than|instead of|compared (?:with|to)|versus|vs"
            r"|over) (?P<b>.+?))? on (?P<y>.+)$"
            r"|^how much (?:more|less) likely (?:is|would) (?P<y2>.+?)(?: be)? (?:under|with|if everyone got"
            r"|if everyone gets) (?P<a2>.+?) than (?:under |with |if everyone got )?(?P<b2>.+)$",
            phrase,
            re.IGNORECASE,
        )
        if match is None:
            return None
        named = match.groupdict()
        a, b, y = (named[k] or named[k + "2"] for k in ("a", "b", "y"))
        return [self.contrast(a, b, self.outcome(y))], Reply(kind="number")

    def contrast(self, one: str, other: str | None, outcome: str) -> Contrast:
        """The difference that `one` makes, against `other` or its absence."""
        first = self.single(one)
        if other is not None:
            second = self.single(other)
        else:
            group = next(g for g in self.groups if g.name == first[0])
            if len(group.keys) != 1:
                raise Unreadable(f"The effect of {quoted(one)} compared with what? Say 'rather than ...'.")
            second = (first[0], not first[1])
        if first[0] != second[0] or first == second:
            raise Unreadable(f"{quoted(one)} and {quoted(str(other))} are no two states of one variable.")
        return Contrast("-", self.under(outcome, [first]), self.under(outcome, [second]))

    def single(self, phrase: str) -> tuple[str, Value]:
        """One description as a state."""
        found = traits(re.sub(r"^(?:taking|getting|receiving|using) ", "", phrase, flags=re.IGNORECASE))
        if len(found) != 1:
            raise Unreadable(f"What is meant by {quoted(phrase)}? Say it as the counts do.")
        return self.event(found[0])

    def better(self, phrase: str) -> tuple[list[Query], Reply] | None:
        """`Is treatment A better than treatment B?`, `Which treatment is better?`."""
        match = re.match(
            r"^(?:is|does|was|are) (?P<a>.+?) (?:work |works )?(?:better|more effective) than (?P<b>.+?)(?: (?:for|at"
            r"|in terms of) (?P<y>.+))?$",
            phrase,
            re.IGNORECASE,
        )
        if match:
            outcome = self.good_outcome(match["y"])
            return [self.contrast(match["a"], match["b"], outcome)], Reply(kind="yes-no", comparison=">", threshold=0.0)
        match = re.match(
            r"^(?:which|what) (?P<x>.+?) (?:is|works|should be) (?:the )?(?:better|best|more effective|preferred|used"
            r"|chosen)(?: one| overall)?$",
            phrase,
            re.IGNORECASE,
        )
        if match is None:
            return None
        group = [g for g in self.groups if _fits(match["x"], g) and len(g.keys) > 1]
        if len(group) != 1:
            raise Unreadable(f"Which counted variable is {quoted(match['x'])}? Use its word in the counts.")
        outcome = self.good_outcome(None)
        queries: list[Query] = [self.under(outcome, [(group[0].name, state)]) for state in group[0].labels]
        return queries, Reply(kind="choice", options=tuple(f"{group[0].name} {state}" for state in group[0].labels))

    def changes(self, phrase: str) -> tuple[list[Query], Reply] | None:
        """`Does the drug increase the chance of recovery?`, `Does the drug help?`."""
        match = re.match(
            r"^(?:does|do|will|would|did) (?P<a>.+?) (?:(?P<up>increase|raise|improve)|(?P<down>decrease|lower"
            r"|reduce)) (?:the )?(?:(?:chances?|probability|likelihood|rate) of )?(?P<y>.+)$"
            r"|^(?:does|do|did) (?P<a2>.+?) (?:help|work)(?: (?:patients|people))?$",
            phrase,
            re.IGNORECASE,
        )
        if match is None:
            return None
        outcome = self.outcome(match["y"]) if match["y"] else self.good_outcome(None)
        query = self.contrast(match["a"] or match["a2"], None, outcome)
        return [query], Reply(kind="yes-no", comparison="<" if match["down"] else ">", threshold=0.0)

    def good_outcome(self, phrase: str | None) -> str:
        """The outcome that "better" speaks of: one that nothing follows from, and that is plainly good."""
        causes = {edge.cause for edge in self.edges}
        name = (
            self.outcome(phrase)
            if phrase
            else next((g.name for g in self.groups if g.name not in causes and len(g.keys) == 1), "")
        )
        group = next((g for g in self.groups if g.name == name), None)
        if group is None or not any(word.startswith(_GOOD) for word in group.keys[0]):
            raise Unreadable("Better in what? Ask about the outcome: 'What is the effect of ... on ...?'.")
        return name


def read_study(
    counts: list[Count], arrows: list[tuple[str, str, str]], question: str, words: str, text: str
) -> Problem:
    """The Problem of a text that counts.

    Raises:
        Unreadable: with the words that have no place, or the causal statement that is missing.
    """
    return Study(counts, arrows, text).problem(question, words)


def _grouped(all_traits: list[Trait]) -> list[Group]:
    groups: list[Group] = []
    for key, _ in dict.fromkeys(all_traits):
        alike = next((g for g in groups for k in g.keys if alias(key, k)), None)
        if alike is not None:
            for k in alike.keys:
                short, long = sorted((key, k), key=len)
                if alias(key, k) and len(short) < len(long) and len(short[0]) > 1:  # "the drug", "refused the drug"
                    both = " and ".join(quoted(" ".join(words)) for words in (short, long))
                    raise Unreadable(f"Are {both} the same? Say what was counted in the same words each time.")
            # The longer wording says more: "treatment a" rather than "a".
            alike.keys = [max(k, key, key=len) if alias(key, k) else k for k in alike.keys]
            continue
        kin = next((g for g in groups if all(_alternatives(key, k) for k in g.keys)), None)
        if kin is not None:
            kin.keys.append(key)
        else:
            groups.append(Group([key]))
    return groups


def _alternatives(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    if len(one[-1]) == 1 and len(other[-1]) == 1 and (len(one) != len(other)):
        return one[-1] != other[-1]
    if len(one) != len(other):
        return False
    differing = [frozenset(p) for p in zip(one, other, strict=True) if p[0] != p[1]]
    if len(differing) != 1:
        return False
    return len(one) > 1 or differing[0] in _PAIRS or all(len(w) == 1 for w in differing[0])


def _fits(phrase: str, group: Group) -> bool:
    words = plain(clause(phrase).key)
    own = _words_of(group) | {kin for key in group.keys for word in key for kin in _KIN.get(word, "").split()}
    return any(_same_stem(word, other) for word in words for other in own)


def _words_of(group: Group) -> set[str]:
    """What descriptions of a group may have in common: the words of its name, and of its other descriptions."""
    return {word for key in group.keys for word in key} | set(plain(clause(group.name).key) if group.name else ())


def _same_stem(one: str, other: str) -> bool:
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    same = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return same >= 4 and same >= len(short) - 1 and len(long) - same <= 4


def _called(phrase: str) -> str:
    """`the choice of treatment` is called `treatment`."""
    return re.sub(
        r"^(?:(?:the|a|an) )?(?:(?:choice|use|chance|probability|likelihood|kind|type) of )?(?:(?:the|a|an) )?",
        "",
        phrase,
        flags=re.IGNORECASE,
    ).strip()


def _equals(name: str, value: Value) -> Expr:
    return Op("=", (Var(name), Const(value)))
