"""Clinical notes: rules about one patient, the notes on that patient, and what will be, supposing something or not.

    If the patient carries allele Q1 or the patient has a family history of Z2, then lab K7 will be low (less than 2
    mg/dL). If K7 is low, then the nurse will call the doctor. Genetic Screening: Patient carries alleles Q1, W9. Family
    History: none. Given these notes, will the nurse call the doctor?

A list is taken as complete: a code that a rule speaks of and that stands in no list of its kind is not there. What
stands in another list (an allele's code among medications) says nothing about it. A text with a word about what the
rules speak of that has no place here is left to the other readers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from scm import Expr, Var, conjunction

from .._problem import Problem, ProblemQuery, Reply
from ._note_facts import NAME, Clause, ListKind, asked, condition, outcome
from ._story import Fact, Rule, Story, Unreadable, ask_whether, disjunction, negate, quoted

_HEADING = re.compile(r"(?:^|(?<=[.:;\n] ))(?P<name>[A-Z][A-Za-z]+(?: [A-Za-z]+){0,4}):(?=\s)")
_OPENING = re.compile(r"(?:Now, we will|We will now|Let us now) (?:review|look at) [^:?]*?\.(?= [A-Z])")
_QUESTION = re.compile(
    r"(?P<lead>(?:Now )?(?:suppose|assume|imagine) that "
    r"(?P<supposed>[^.?]{1,300}?)(?:,? regardless of all other circumstances)?\. "
    r"(?:With this (?:new )?assumption, |In that case, |Then, )?|Given (?:this|these|the)\b[^.?,]{0,200}, )"
    r"will (?P<asked>[^.?]{1,300})\?",
    re.IGNORECASE,
)
_AFTER = re.compile(r"(?: ?(?:Begin your response|Answer|Respond|Reply|Begin|Be)\b[^.?:]*[.])*\s*\Z")
_MARKER = re.compile(r", an? (?:\w+ ){0,3}marker (?:for|of) [^,.]*")
_COMPLETE = re.compile(
    r"Assume that (?:all|every) factors? influencing [^.]* (?:is|are) (?:fully )?described(?: here)?\Z"
)
_CAUSAL = re.compile(
    r"\b(?:if|when|unless|whenever|then|will|would|causes?|prevents?|leads?|not|never|no|increases?|decreases?|raises?"
    r"|lowers?|only|except|after|because|since|due|so|makes?|tends?|avoids?|without|always)\b",
    re.IGNORECASE,
)
"""What an opening sentence that says nothing in particular ("... sometimes requires surgery") does not have."""
_PAIN_TALK = re.compile(
    r"\b(?:worse|worsen|increas|decreas|sever|significant|resolv|subsid|rat(?:ed|es|ing)\b|scale|scor|excruciat|mild"
    r"|moderate|intens|gone\b|pain-?free)|\d/\d",
    re.IGNORECASE,
)
"""What a sentence on pain says of its degree."""
MOST_CHARACTERS = 2_000
"""Longest sentence that is read as a rule."""
_DENIED = re.compile(
    r"\b(?:not|no|never|denie[sd]|deny|without|negative|absent|unknown|unclear|either|may|might|possibly|probably|if"
    r"|except)\b",
    re.IGNORECASE,
)
_RATED = re.compile(
    r"\b(?:pain (?:was|is) (?:self-)?(?:rated|reported)|rate[sd] (?:(?:the|their|his|her) )?pain)(?: at| as)? "
    r"(\d+(?:\.\d+)?)(/\d+)",
    re.IGNORECASE,
)
_LISTS: tuple[tuple[ListKind, str, str], ...] = (
    ("allele", r"genetic (?:screening|testing|tests?|screen)|genetics", r"(?:the )?patient carries (?:the )?alleles? "),
    ("family history", r"family (?:medical )?history", ""),
    ("medication", r"(?:current |home )?medications?", r"(?:the )?patient takes "),
    ("surgery", r"(?:past |prior )?surgical history|prior surgeries", r"prior surger(?:ies|y) for "),
)
_ENTRY = re.compile(rf"({NAME})(?: \d+(?:\.\d+)? ?[A-Za-z]+(?:/[A-Za-z]+)?)?\Z")
_NONE = re.compile(r"(?:none|nothing)(?: (?:reported|known|listed|noted))?\Z", re.IGNORECASE)


def says_notes(text: str) -> bool:
    """Whether a text has rules and lists as clinical notes have them."""
    flat = " ".join(text.split())
    lists = sum(bool(_listing(match["name"])) for match in _HEADING.finditer(flat))
    return lists > 0 and re.search(r"\bif\b", text, re.IGNORECASE) is not None and "will" in text


def read_notes(text: str) -> Problem:
    """The Problem of rules, notes and a question.

    Raises:
        Unreadable: something in it has no place.
    """
    flat = " ".join(text.split())
    question = list(_QUESTION.finditer(flat))
    if len(question) != 1 or not _AFTER.match(flat, question[0].end()):
        raise Unreadable(
            "The notes do not end in one question that can be read. Ask 'Given these notes, will the lab Q7 be low?'."
        )
    told = flat[: question[0].start()].strip()
    opening = _OPENING.search(told) or _HEADING.search(told)
    assert opening is not None, "notes have a heading"
    patient = _Patient(flat)
    patient.rules(told[: opening.start()].strip())
    patient.notes(told[opening.end() if opening.re is _OPENING else opening.start() :].strip())
    return patient.answerable(question[0])


def _listing(heading: str) -> tuple[ListKind, str] | None:
    """Which list stands under a heading, and what its entries may stand behind."""
    for kind, pattern, lead in _LISTS:
        if re.fullmatch(pattern, heading.strip(), re.IGNORECASE):
            return kind, lead
    return None


def _code(text: str) -> str:
    """A code without the marks and the case that tell none from another."""
    return re.sub(r"[\W_]", "", text).casefold()


def _sentences(text: str) -> list[str]:
    return [part.strip().rstrip(".") for part in re.split(r"(?<=[.?!])\s+(?=[A-Z])", text) if part.strip()]


@dataclass
class _Patient:
    """One patient: what the rules say, and what the notes say of them."""

    text: str
    story: Story = field(default_factory=Story)
    clauses: dict[str, Clause] = field(default_factory=dict[str, Clause])

    # --- rules
    def rules(self, text: str) -> None:
        free: list[str] = []
        for sentence in _sentences(text):
            if len(sentence) > MOST_CHARACTERS:
                raise Unreadable(f"{quoted(sentence)} is too long for a rule. Split it.")
            plain = _MARKER.sub("", sentence)
            if match := re.fullmatch(r"If (?P<if>.+?),? then (?P<then>.+)", plain) or re.fullmatch(
                r"(?P<then>.+ will .+?),? if (?P<if>.+)", plain
            ):
                self.rule(match["if"], match["then"], sentence)
            elif not _COMPLETE.match(sentence):
                if self.story.rules:
                    raise Unreadable(f"{quoted(sentence)} is no rule that is read here. Write 'If ..., then ...'.")
                free.append(sentence)
        effects = {rule.effect for rule in self.story.rules}
        for clause in self.clauses.values():
            if clause.listed is None and clause.name not in effects:
                raise Unreadable(
                    f"No rule says when {quoted(clause.name)}, and no list of the notes can tell. Add a rule."
                )
        for sentence in free:
            if _CAUSAL.search(sentence) or self._speaks_of(sentence, 1):
                raise Unreadable(
                    f"{quoted(sentence)} is no rule that is read here. Write 'If ..., then ... will be ...'."
                )

    def rule(self, cause: str, effect: str, words: str) -> None:
        cause = re.sub(r"\A(?:either|both) ", "", cause)
        parts = re.split(r",? (?:and|or) |, ", cause)
        joints = set(re.findall(r" (and|or) ", cause))
        if len(joints) > 1:
            raise Unreadable(f"How do the parts of {quoted(cause)} belong together? Join them by 'and' or by 'or'.")
        found = [condition(part) for part in parts]
        brought = outcome(effect)
        if not brought.truth or not brought.name:
            raise Unreadable(f"{quoted(effect)} says what will not be. Say when it will be.")
        for clause, said in zip([*found, brought], [*parts, effect], strict=True):
            self.declare(clause, said)
        exprs: list[Expr] = [Var(c.name) if c.truth else negate(Var(c.name)) for c in found]
        joined = conjunction(*exprs) if joints == {"and"} else disjunction(exprs)
        self.story.rules.append(Rule(brought.name, "enough", joined, words))

    def declare(self, clause: Clause, words: str) -> None:
        """Declare a variable; the limit of a value may be said at any of its mentions, but is one."""
        known = self.clauses.get(clause.name)
        if known is None or known.limit is None:
            self.clauses[clause.name] = clause
        elif clause.limit not in (None, known.limit):
            raise Unreadable(f"{quoted(clause.name)} has two limits. Keep one.")
        if clause.about and any(
            other.about == clause.about and other.listed == clause.listed and other.name != clause.name
            for other in self.clauses.values()
        ):
            raise Unreadable(f"{quoted(clause.about)} is said to be in two states. Speak of one, and of its opposite.")
        self.story.declare(clause.name, words)

    # --- notes
    def notes(self, text: str) -> None:
        headings = list(_HEADING.finditer(text))
        parts = [("", text[: headings[0].start()] if headings else text)]
        ends = [*(h.start() for h in headings[1:]), len(text)]
        parts += [(h["name"], text[h.end() : end]) for h, end in zip(headings, ends, strict=True)]
        lists: dict[ListKind, str] = {}
        rated: set[tuple[str, str]] = set()
        for heading, content in parts:
            listing = _listing(heading)
            if listing is None:
                for sentence in _sentences(content):
                    rated |= self.sentence(sentence)
            elif listing[0] in lists:
                raise Unreadable(f"There are two lists of the kind {quoted(heading)}. Make them one.")
            else:
                lists[listing[0]] = content.strip()
                self.listed(listing[0], listing[1], heading, content.strip())
        self.pain(rated)

    def sentence(self, sentence: str) -> set[tuple[str, str]]:
        """What a sentence of the notes tells: ratings of pain; values are seen at once."""
        rest, found = sentence, set[tuple[str, str]]()
        for match in _RATED.finditer(sentence):
            found.add((match[1], match[2]))
            rest = rest.replace(match[0], " ")
        for clause in self.clauses.values():
            if clause.listed is None and clause.about not in ("", "pain"):
                rest = self.value(clause, rest)
        hurts = "patient is in" in " ".join(self.clauses) and (
            _PAIN_TALK.search(rest) or (_DENIED.search(rest) and re.search(r"\bpain\b", rest, re.IGNORECASE))
        )
        if hurts or self._speaks_of(rest) or (found and rest.strip(" .")):
            raise Unreadable(f"{quoted(sentence)} speaks of what the rules are about in a way that is not read here.")
        return found

    def value(self, clause: Clause, text: str) -> str:
        """`text` without the measured value of a clause, which is taken as seen."""
        pattern = (
            rf"(?:vital |lab )?\b{re.escape(clause.about)}(?: was| is| of| at|:)? (\d+(?:\.\d+)?)( ?[A-Za-z%µ][\w/%µ]*)"
        )
        match = re.search(pattern, text)
        if match is None:
            return text
        if clause.limit is None:
            raise Unreadable(f"{quoted(match[0])} is measured, but no rule says from where on {quoted(clause.name)}.")
        self.story.seen.append(Fact(clause.name, clause.limit.reached(match[1], match[2])).event())
        return text.replace(match[0], " ", 1)

    def listed(self, kind: ListKind, lead: str, heading: str, content: str) -> None:
        """Every variable of a kind is true if its code stands in the list, else false."""
        wanted = [clause for clause in self.clauses.values() if clause.listed == kind]
        bare = re.sub(rf"\A{lead}", "", content.rstrip(". "), flags=re.IGNORECASE)
        entries = [] if _NONE.match(bare) else [_ENTRY.match(part) for part in re.split(r",? and |, ?", bare)]
        codes = {_code(entry[1]) for entry in entries if entry is not None}
        if None in entries:
            if wanted or self._speaks_of(content):
                raise Unreadable(
                    f"The list {quoted(f'{heading}: {content}')} cannot be read. Give codes and commas only."
                )
            return
        for clause in wanted:
            self.story.seen.append(Fact(clause.name, _code(clause.about) in codes).event())
        if missing := [clause.about for clause in wanted if _code(clause.about) not in codes]:
            self.story.assume(
                f"The list {quoted(f'{heading}: {content}')} is complete: {', '.join(missing)} would stand there."
            )

    def pain(self, rated: set[tuple[str, str]]) -> None:
        """What a rating says of the pain that the rules speak of."""
        about = [clause for clause in self.clauses.values() if clause.about == "pain"]
        if not rated or not about:
            return
        if len(rated) > 1 or about[0].limit is None:
            raise Unreadable(
                "The pain is rated more than once, or no rule says from where on it counts. Keep one rating."
            )
        ((number, scale),) = rated
        self.story.seen.append(Fact(about[0].name, about[0].limit.reached(number, scale)).event())

    def _speaks_of(self, text: str, most: int | None = None) -> bool:
        """Whether a text mentions what a rule is about, other than pain: a value, a code of a list, a deed.

        Args:
            text: a sentence.
            most: how many words of a deed count; the first is who does it.
        """
        words = {_code(word) for word in re.findall(r"[\w-]+", text)}
        for clause in self.clauses.values():
            if clause.about not in ("", "pain"):
                if _code(clause.about) in words:
                    return True
            elif not clause.about:
                stems = [word.rstrip("s") for word in clause.name.split()[:most] if len(word) > 3 and word != "patient"]
                if any(word.startswith(stem) for word in words for stem in stems):
                    return True
        return False

    # --- the question
    def answerable(self, question: re.Match[str]) -> Problem:
        imposed = [self.known(outcome(question["supposed"]))] if question["supposed"] else []
        wanted = asked(question["asked"])
        if not wanted.name:
            raise Unreadable(f"{quoted(question['asked'])} asks of any pain, and the rules speak of some. Say which.")
        event = self.known(wanted)
        query = ask_whether(event, imposed, self.story.seen)
        words = question[0]
        return self.story.problem([ProblemQuery(query=query, words=words)], Reply(kind="yes-no"))

    def known(self, clause: Clause) -> Fact:
        """A clause as a fact about a variable of the rules."""
        named = clause.name or next((c.name for c in self.clauses.values() if c.about == clause.about), "")
        if named not in self.clauses:
            raise Unreadable(f"The question speaks of {quoted(clause.name or clause.about)}, but no rule mentions it.")
        return Fact(named, clause.truth)
