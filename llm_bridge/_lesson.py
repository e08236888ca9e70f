"""The reasons behind a reply, as a teacher gives them: what was seen, what it shows, what is changed, what follows."""

from __future__ import annotations

from scm import Const, Model, Op, Probability, ScmError, Study, Var, ask, conjunction, conjuncts, query_nodes

from ._asked_words import Asked, asked_of
from ._compile import study_of
from ._phrases import capital, joined
from ._reasons import Because, Certainties, Chain, TooLong, chain_to
from ._study_words import licence, only_itself, open_reasons, why
from ._verbalise import Case, Speaker, line

MOST_ROOTS = 3
"""Causes whose change of probability is told."""
MOST_PARTS = 8
"""Most observations that are searched for a part that already cannot be."""

_COUPLING = (
    "The chances given do not say how one and the same case would respond to several settings. What does, such as "
    "rank_preserving (nobody's rank changes), would have to be granted for a single number."
)
"""Why tables of chances leave a counterfactual open."""


def lesson(case: Case) -> str:
    """The answer with its reasons."""
    said = line(case)
    knowledge = None if case.compiled is None else case.compiled.knowledge
    if isinstance(knowledge, Study):
        return _of_study(case, knowledge, said)
    model = None if case.compiled is None else case.compiled.model
    if case.problem is None or model is None or not case.answers or case.finding in ("refused", "unreadable"):
        return said
    if case.finding == "bounds" and any("bounds" in answer.diagnostics for answer in case.answers):
        return f"{said} {_COUPLING}"
    query = case.answers[0].query
    asked = asked_of(query)
    if asked is None or not isinstance(query, Probability):
        return f"{said} {_by_graph(case)}".strip()
    teacher = _Teacher(Speaker(case, case.problem), model, query, asked)
    try:
        reasons = teacher.impossible() if case.finding == "undefined" else teacher.reasons()
    except (ScmError, TooLong):
        return said  # the reply stands; a reason that cannot be worked out is left out
    return f"{said} {reasons or _by_graph(case)}".strip()


def _by_graph(case: Case) -> str:
    """What confounds and what is enough, where tables of chances or counts give the answer."""
    problem, answer = case.problem, case.answers[0]
    effects = problem is not None and any(isinstance(n, Var) and n.world for n in query_nodes(answer.query))
    if problem is None or problem.equations or not problem.statements or not effects or len(case.answers) > 1:
        return ""
    try:
        study = study_of(problem)
        found = ask(study, answer.query)
    except ScmError:
        return ""
    same = isinstance(found.value, float) and isinstance(answer.value, float) and abs(found.value - answer.value) < 1e-9
    return why(study, found) if same else licence(study, answer.query)


def _of_study(case: Case, study: Study, said: str) -> str:
    """The reply with what confounds, what is enough, and the arithmetic."""
    lacking = "" if case.compiled is None else case.compiled.lacking
    reasons = [
        why(study, answer)
        if answer.finding in ("exact", "estimate")
        else lacking
        if lacking and only_itself(answer)
        else " ".join(open_reasons(study, answer))
        for answer in case.answers
        if answer.finding in ("exact", "estimate", "bounds")
    ]
    other = [case.fault] if case.finding == "bounds" and case.fault else []  # what another way would have needed
    return " ".join([said, *(reason for reason in reasons if reason), *other])


class _Teacher:
    def __init__(self, speaker: Speaker, model: Model, query: Probability, asked: Asked) -> None:
        self.speaker = speaker
        self.phrases = speaker.phrases
        self.model = model
        self.query = query
        self.asked = asked

    def impossible(self) -> str:
        """Which part of an impossible observation already cannot be."""
        parts = everything = list(conjuncts(self.asked.given))
        if not 1 < len(parts) <= MOST_PARTS:
            return ""
        for part in everything:
            rest = [p for p in parts if p is not part]
            if rest and ask(self.model, Probability(conjunction(*rest))).value == 0.0:
                parts = rest
        if len(parts) == len(everything):
            return ""
        return f"Already it cannot be that {self.phrases.event(conjunction(*parts))}."

    def reasons(self) -> str:
        """Why: the chain of rules where all is certain, else what the observation says of the causes."""
        certain = Certainties(self.model, self.query, self.asked.imposed)
        chain = chain_to([name for name, _ in self.asked.event], certain)
        return self._learned() if chain is None else " ".join(self._told(chain, certain))

    def _told(self, chain: Chain, certain: Certainties) -> list[str]:
        out: list[str] = []
        if chain.inferred:
            shown = joined(self.phrases.fact(name, value) for name, value in chain.inferred)
            if self.asked.given is None:
                out.append(f"By what is said, {shown}.")
            else:
                out.append(f"We know that {self.phrases.event(self.asked.given)}; that is possible only if {shown}.")
        elif chain.observed:
            out.append(f"We know that {joined(self.phrases.fact(name, value) for name, value in chain.observed)}.")
        out += self._links(chain.before, certain, imagined=False)
        if self.asked.imposed:
            out.append(self._change(first=not out))
        after = self._links(chain.after, certain, imagined=True)
        if after and self.asked.given is not None and not chain.inferred and not chain.observed:
            after[-1] = after[-1].removesuffix(".") + ", whatever else was observed."
        if self.asked.imposed and not any(name in certain.affected for name, _ in self.asked.event):
            after.append("That has no effect on what is asked about.")
        return out + after

    def _change(self, *, first: bool) -> str:
        change = joined(self.phrases.fact(name, value) for name, value in self.asked.imposed)
        if self.asked.given is None:
            return f"{'Imagine' if first else 'Now imagine'} that {change}."
        return f"{'Imagine' if first else 'Now imagine'} that {change}, with everything else left as it was."

    def _links(self, steps: list[Because], certain: Certainties, *, imagined: bool) -> list[str]:
        """Sentences that go from cause to effect."""
        out: list[str] = []
        for place, step in enumerate(steps):
            same = imagined and certain.value(step.name, imagined=False) == step.value
            told = self.phrases.fact(step.name, step.value, still=same and place == len(steps) - 1)
            causes = {name for name, _ in step.reasons}
            if place and causes == {steps[place - 1].name}:
                out[-1] = f"{out[-1].removesuffix('.')}, so {told}."
            elif not place and imagined and causes == set(certain.imposed):
                out.append(f"Then {told}.")
            elif not step.reasons:
                out.append(f"{capital(told)} in any case.")
            else:
                out.append(f"Since {joined(self.phrases.fact(n, v) for n, v in step.reasons)}, {told}.")
        return out

    def _learned(self) -> str:
        """How the observation changes the probability of the root causes."""
        if self.asked.given is None:
            return ""
        out: list[str] = []
        for name in self.model.graph.order:
            if self.model.graph.parents[name] or not self.phrases.is_flag(name) or self.phrases.is_hidden(name):
                continue
            fact = Op("=", (Var(name), Const(True)))
            prior = ask(self.model, Probability(fact)).value
            posterior = ask(self.model, Probability(fact, self.asked.given)).value
            if not isinstance(prior, float) or not isinstance(posterior, float) or len(out) == MOST_ROOTS:
                continue
            if abs(prior - posterior) > 1e-9:
                out.append(f"that {self.phrases.fact(name, True)} from {prior:.4g} to {posterior:.4g}")
        if not out:
            return ""
        return f"Knowing that {self.phrases.event(self.asked.given)} changes the probability {joined(out)}."
