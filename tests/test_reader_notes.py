"""Clinical notes, all invented: what they say against a reckoning of its own, and what is not read at all."""

from __future__ import annotations

import random
from typing import Any

import pytest

from llm_bridge import Reply, answer_text

RULES = (
    "Chronic illness ZX41 sometimes calls for an operation, depending on history and lab results. The patient will "
    "experience significant pain (rated greater than or equal to 7/10) if they carry allele AB12, a genetic marker for "
    "severe ZX41. If the patient self-reports significant pain or the patient has a family history of CD34, then lab "
    "EF56 will be low (less than 0.5 mg/dL). If EF56 is low and the patient carries allele GH78, then vital KL90 will "
    "be elevated (greater than 3 mg/dL). If KL90 is elevated, then the nurse will call the doctor. Assume that all "
    "factors influencing the nurse are fully described here."
)
OPENING = "Now, we will review the history and physical notes for patient Ada Quill Jr.. "
GIVEN = (
    "Given these history and physical notes, will {}? Begin your response with Yes or No and be as concise as possible."
)
SUPPOSED = "Now suppose that {} regardless of all other circumstances. With this new assumption, will {}?"


def notes(
    rated: str = "4/10", alleles: str = "GH78, QQ11", family: str = "CD34, RR22", medications: str = "AB1 50 mg/day"
) -> str:
    return (
        f"{OPENING}History of Present Illness: Ada Quill Jr. is a 61-year-old female with ZX41 who presented to the "
        f"clinic with pain that began 4 hours prior to arrival. Pain was rated {rated}. The patient took aspirin (100 "
        f"mg) at home with minimal relief. Genetic Screening: Patient carries alleles {alleles}. Family History: "
        f"{family}. Medications: {medications}. Past Surgical History: Prior surgeries for SS33."
    )


def asked(question: str, **parts: str) -> Reply:
    return answer_text(f"{RULES} {notes(**parts)} {question}")


CALL = "the nurse call the doctor"


@pytest.mark.parametrize(
    ("question", "parts", "said"),
    [
        (GIVEN.format(CALL), {}, "yes"),
        (GIVEN.format(CALL), {"family": "RR22"}, "no"),
        (GIVEN.format(CALL), {"alleles": "QQ11"}, "no"),
        (GIVEN.format("lab EF56 be low"), {}, "yes"),
        (GIVEN.format("vital KL90 be elevated"), {"alleles": "QQ11"}, "no"),
        (GIVEN.format("lab EF56 be low"), {"rated": "7/10", "alleles": "AB12", "family": "RR22"}, "yes"),
        (GIVEN.format("the patient be in significant pain"), {}, "no"),
        # A code counts in the list of its kind only.
        (GIVEN.format("lab EF56 be low"), {"family": "GH78", "medications": "CD34 10 mg/day"}, "no"),
        (GIVEN.format("lab EF56 be low"), {"family": "none"}, "no"),
        (SUPPOSED.format("the patient will be in significant pain", CALL), {"family": "RR22"}, "yes"),
        (SUPPOSED.format("the patient will not be in pain", CALL), {}, "yes"),
        (SUPPOSED.format("the patient will not be in pain", "lab EF56 be low"), {"family": "RR22"}, "no"),
        (SUPPOSED.format("lab EF56 will not be low", CALL), {}, "no"),
        (SUPPOSED.format("lab EF56 will be low", CALL), {"family": "RR22"}, "yes"),
        (SUPPOSED.format("vital KL90 will be elevated", "lab EF56 be low"), {"family": "RR22"}, "no"),
    ],
)
def test_notes_are_read(question: str, parts: dict[str, str], said: str):
    reply = asked(question, **parts)
    assert (reply.finding, reply.reply) == ("exact", said), reply.words


def test_words_are_cited_and_what_is_taken_for_granted_is_listed():
    reply = asked(GIVEN.format(CALL), family="RR22")
    problem = reply.problem
    assert problem is not None
    text = f"{RULES} {notes(family='RR22')}"
    assert all(equation.words + "." in text for equation in problem.equations)
    assert all(variable.words in text for variable in problem.variables)
    assert problem.queries[0].words == f"Given these history and physical notes, will {CALL}?"
    closed = [a for a in problem.assumptions if "complete" in a]
    assert closed == [
        'The list "Genetic Screening: Patient carries alleles GH78, QQ11." is complete: AB12 would stand there.',
        'The list "Family History: RR22." is complete: CD34 would stand there.',
    ]


def test_a_list_that_is_not_there_is_not_taken_as_empty():
    text = f"{RULES} {notes()}".replace(" Family History: CD34, RR22.", "")
    reply = answer_text(f"{text} {GIVEN.format('lab EF56 be low')}")
    assert (reply.finding, reply.reply) == ("bounds", None)


def test_a_value_that_was_measured_is_held_against_the_limit():
    for value, said in (("0.4", "yes"), ("0.6", "no")):
        text = f"{RULES} {notes(alleles='AB12, GH78', rated='8/10')}".replace(
            "Medications:", f"Labs: EF56 {value} mg/dL. Medications:"
        )
        reply = answer_text(f"{text} {GIVEN.format(CALL)}")
        assert reply.finding == ("exact" if said == "yes" else "undefined")
        assert reply.reply == (said if said == "yes" else None)


def test_notes_that_cannot_be_are_told():
    reply = asked(GIVEN.format(CALL), rated="3/10", alleles="AB12")
    assert (reply.finding, reply.reply) == ("undefined", None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Patient carries alleles GH78, QQ11", "Patient does not carry allele GH78"),
        ("Family History: CD34", "Family History: negative for CD34"),
        ("Family History: CD34", "Family History: mother with CD34"),
        ("Pain was rated 4/10.", "Pain was rated 4/10 at home and 9/10 now."),
        ("Pain was rated 4/10.", "Pain was rated 4/10. It is 9/10 now."),
        ("Pain was rated 4/10.", "Pain was rated 4/10. Pain was rated 9/10."),
        ("Pain was rated 4/10.", "Pain was rated 4/10. The pain has since become severe."),
        ("Pain was rated 4/10.", "Pain was rated 4/5."),
        ("Past Surgical History:", "Labs: EF56 0.4 g/L. Past Surgical History:"),
        ("Past Surgical History:", "Labs: EF56 is normal. Past Surgical History:"),
        ("Past Surgical History:", "Plan: the nurse will not call. Past Surgical History:"),
        ("Past Surgical History:", "Family History: RR22. Past Surgical History:"),
        ("The patient took aspirin", "The patient may carry GH78. The patient took aspirin"),
        ("EF56 is low and the patient", "EF56 is low or KL90 is elevated and the patient"),
        ("If KL90 is elevated", "If KL90 is low"),
        ("If KL90 is elevated", "If NN77 is elevated"),
        ("If KL90 is elevated", "Unless KL90 is elevated"),
        ("If KL90 is elevated", "If KL90 is elevated for two days"),
        ("lab EF56 will be low (less than 0.5 mg/dL)", "lab EF56 will be low (most of the time)"),
        ("lab EF56 will be low (", "lab EF56 will probably be low ("),
        ("Assume that all factors", "Nurses rarely call at night. Assume that all factors"),
        ("depending on history and lab results.", "and smoking causes it."),
        ("will the nurse call the doctor?", "will the nurse call the surgeon?"),
        ("will the nurse call the doctor?", "will lab EF56 be elevated?"),
        ("will the nurse call the doctor?", "will the patient be in pain?"),
        ("will the nurse call the doctor?", "will the nurse call the doctor or wait?"),
        ("will the nurse call the doctor?", "why will the nurse call the doctor?"),
        ("will the nurse call the doctor?", "will the nurse call the doctor? Will lab EF56 be low?"),
    ],
)
def test_what_has_no_place_is_not_read(old: str, new: str):
    text = f"{RULES} {notes()} {GIVEN.format(CALL)}"
    assert answer_text(text).reply == "yes"
    changed = text.replace(old, new)
    assert changed != text
    reply = answer_text(changed)
    assert (reply.finding, reply.reply) == ("unreadable", None), reply.words
    assert reply.fault


# ---------------------------------------------------------------------------------------------------------------------
# Against a reckoning of its own


def invented(rng: random.Random) -> tuple[str, str]:
    """A random text and its answer, worked out here."""
    codes = [
        f"{a}{b}{rng.randint(100, 999)}"
        for a, b in zip(rng.sample("ABCDEFGHJK", 8), rng.sample("LMNPQRSTUV", 8), strict=True)
    ]
    roots = {code: rng.choice(("allele", "history")) for code in codes[:4]}
    listed = {code: rng.random() < 0.5 for code in roots}
    labs = {code: rng.choice(("low", "elevated")) for code in codes[4:]}
    rules: list[str] = []
    causes: dict[str, tuple[str, list[str]]] = {}
    for place, (code, level) in enumerate(labs.items()):
        before = [*list(labs)[:place], *rng.sample(list(roots), 2)]
        chosen = rng.sample(before, rng.choice((1, 2, 3)) if len(before) > 2 else 1)
        join = rng.choice(("or", "and"))
        causes[code] = (join, chosen)
        said = f" {join} ".join(_said(c, roots, labs) for c in chosen)
        limit = "less than 2 mg/dL" if level == "low" else "greater than 2 mg/dL"
        rules.append(f"If {said}, then lab {code} will be {level} ({limit}).")
    last = list(labs)[-1]
    rules.append(f"If {last} is {labs[last]}, then the nurse will call the doctor.")
    causes["call"] = ("or", [last])
    imposed: dict[str, bool] = {}
    target = rng.choice(["call", last])
    question = "the nurse call the doctor" if target == "call" else f"lab {last} be {labs[last]}"
    if rng.random() < 0.6:
        about = rng.choice(list(labs)[:-1])
        imposed = {about: rng.random() < 0.5}
        turn = "" if imposed[about] else "not "
        end = SUPPOSED.format(f"lab {about} will {turn}be {labs[about]}", question)
    else:
        end = GIVEN.format(question)
    values: dict[str, bool] = dict(listed)
    for name, (join, chosen) in causes.items():
        values[name] = imposed.get(name, (any if join == "or" else all)(values[c] for c in chosen))
    kinds = {kind: [c for c, k in roots.items() if k == kind and listed[c]] for kind in ("allele", "history")}
    others = [c for c in roots if not listed[c]]
    text = (
        f"{' '.join(rules)} {OPENING}Genetic Screening: Patient carries alleles "
        f"{', '.join([*kinds['allele'], 'WW00'])}. Family History: {', '.join(['YY01', *kinds['history']])}. "
        f"Medications: {', '.join([*others, 'ZZ9'])}. {end}"
    )
    return text, "yes" if values[target] else "no"


def _said(code: str, roots: dict[str, str], labs: dict[str, str]) -> str:
    if code in labs:
        return f"{code} is {labs[code]}"
    return (
        f"the patient carries allele {code}"
        if roots[code] == "allele"
        else f"the patient has a family history of {code}"
    )


@pytest.mark.parametrize("seed", range(60))
def test_random_notes_are_answered_as_they_are_reckoned(seed: int):
    text, wanted = invented(random.Random(seed))
    reply = answer_text(text)
    assert (reply.finding, reply.reply) == ("exact", wanted), f"{text}\n{reply.words}"


@pytest.mark.parametrize("text", ["Family History: if will", "If a, then b will. Medications: " + "Given the " * 9_000])
def test_texts_that_only_look_like_notes_do_no_harm(text: str):
    found: Any = answer_text(text)
    assert found.reply is None
