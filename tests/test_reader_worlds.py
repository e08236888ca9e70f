"""Statistical word problems: a graph in words, probabilities or rules, a question; and what must not be read."""

import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_bridge import answer_text, read
from llm_bridge._problem import Problem
from llm_bridge._reader._world._tables import cuts_of, plain
from llm_bridge._reader._world._words import Lexicon, agreement, akin, name_bag, undenied
from scm import parse_claim, parse_expression, parse_quantity, parse_query, print_claim, print_quantity, print_query
from tests.reading import cases

WORLDS = cases("worlds")
READ = [case for case in WORLDS if case.reply != "cannot"]
DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "cladder_dev.jsonl"


def _asked(text):
    return print_claim(parse_claim(text)) if not text.startswith("P(") else print_query(parse_query(text))


@pytest.mark.parametrize("case", READ, ids=lambda c: c.name)
def test_a_word_problem_is_read_as_meant(case):
    problem = read(case.text)
    assert problem.cannot is None
    assert {e.variable: e.expression for e in problem.equations} == {
        name: parse_expression(text) for name, text in case.equations.items()
    }
    stated = {print_quantity(s.term): s.value or "{}/{}".format(*s.counts or ()) for s in problem.statements}
    assert stated == {print_quantity(parse_quantity(term)): value for term, value in case.statements.items()}
    assert [q.text for q in problem.queries] == [_asked(text) for text in case.queries]
    comparison, _, threshold = case.reply.partition(" ")
    if comparison != "no":
        assert (problem.reply.kind, problem.reply.comparison) == ("yes-no", comparison)
        assert problem.reply.threshold == float(threshold)


@pytest.mark.parametrize("case", [c for c in WORLDS if c.reply == "cannot"], ids=lambda c: c.name)
def test_what_words_and_graph_do_not_settle_is_not_read(case):
    problem = read(case.text)
    assert problem.cannot
    assert case.reason.lower() in problem.cannot.lower()


@pytest.mark.parametrize("case", READ, ids=lambda c: c.name)
def test_what_is_read_survives_a_file(case):
    problem = read(case.text)
    assert Problem.from_json(problem.to_json()) == problem


GRAPH = "Rain has a direct effect on grass. "
CHANCES = (
    "For days without rain, the probability of wet grass is 10%. For days with rain, the probability of wet grass is "
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GRAPH + CHANCES + "90%.", "no question"),
        (GRAPH + CHANCES + "90%. Is wet grass likely?", "not understood"),
        (GRAPH + CHANCES + "190%. Will rain increase the chance of wet grass?", "190%"),
        (GRAPH + CHANCES + "often. Will rain increase the chance of wet grass?", "often"),
        (GRAPH + CHANCES + "9%. " + CHANCES + "90%. Will rain increase the chance of wet grass?", ""),
        (GRAPH + CHANCES + "90%. Does rain positively affect grass through clouds?", "clouds"),
        (GRAPH + "Soil is unobserved. " + CHANCES + "90%. Will rain increase the chance of wet grass?", "Soil"),
        (
            GRAPH + "Tax has a direct effect on trade. " + CHANCES + "90%. Is wet grass more likely than dry grass?",
            "two",
        ),
        (GRAPH + CHANCES + "90%. Will rain increase the chance of wet grass? Is it so?", "not understood"),
        (GRAPH + CHANCES + "90%. We observed rain. Will rain increase the chance of wet grass?", "We observed rain"),
        (GRAPH + CHANCES + "90%. Is love more likely than hate overall?", "love"),
        (GRAPH + CHANCES + "90%. Is it more likely than not overall?", "names no state"),
        (GRAPH + "We know that rain causes wet grass. Rain causes dry grass. Would the grass be wet if rain?", ""),
        (GRAPH + "We know that rain and wind causes wet grass. Would the grass be wet if rain?", "causes"),
    ],
)
def test_what_does_not_fit_is_named(text, reason):
    problem = read(text)
    assert problem.cannot
    assert reason in problem.cannot


def test_nothing_is_read_into_words_that_share_nothing():
    text = (
        GRAPH + "For {}, the probability of {} is 10%. For {}, the probability of {} is 30%. Is {} more likely than {}?"
    )
    assert read(text.format("bakers", "flour", "millers", "flour", "flour", "sugar")).cannot


STORIES = [case for case in READ if "has a direct" in case.text and "|" not in case.text]


def _parted(text):
    sentences = re.split(r"(?<=[.?])\s+", text.split("relationships: ")[-1])
    graph = [s for s in sentences if "direct effect" in s or "unobserved" in s]
    return graph, [s for s in sentences if s not in graph]


def _words(sentences):
    return set(re.findall(r"[a-z]{4,}", " ".join(sentences).lower())) - {"direct", "effect", "unobserved"}


def test_two_stories_in_one_text_are_not_read():
    rng = random.Random(13)
    tried, read_anyway = 0, 0
    while tried < 200:
        (graph, rest), (other, others) = (_parted(case.text) for case in rng.sample(STORIES, 2))
        if _words(graph) & _words(other):
            continue
        told = [s for s in others if not s.endswith("?")]
        asked = [s for s in others if s.endswith("?")]
        tried += 1
        texts = [graph + others, graph + other + rest, [s for s in graph + rest if not s.endswith("?")] + asked]
        texts += [graph + told[:1] + rest] if told else []
        read_anyway += sum(read(" ".join(text)).cannot is None for text in texts)
    # A word may by chance belong to both stories: "opening hours" and "open gate".
    assert read_anyway <= 0.005 * 4 * tried


def test_a_phrase_that_shares_no_word_with_its_variable_is_listed():
    text = (
        "Gene has a direct effect on insomnia. For those with the gene, the probability of sleepless nights is 30%. "
        "For those without the gene, the probability of sleepless nights is 10%. "
        "Is the chance of sleepless nights larger when observing the gene?"
    )
    assert '"sleepless nights" is read as a state of "insomnia".' in read(text).assumptions


@pytest.mark.parametrize(("verb", "reply"), [("increase", "yes"), ("decrease", "no")])
def test_it_is_answered(verb, reply):
    assert answer_text(GRAPH + CHANCES + f"90%. Will rain {verb} the chance of wet grass?").reply == reply


# ---------------------------------------------------------------------------------------------------------------------
# Words


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("vaccination", "vaccinated", True),
        ("kind", "kindness", True),
        ("smokers", "smoking", True),
        ("obey", "obedience", True),
        ("survive", "survival", True),
        ("high", "higher", False),
        ("car", "care", False),
        ("rain", "train", False),
        ("flour", "floor", False),
    ],
)
def test_forms_of_one_word(one, other, same):
    assert akin(one, other) is same
    assert akin(other, one) is same


@pytest.mark.parametrize(
    ("word", "vocabulary", "rest"),
    [
        ("nonsmoker", [], "smoker"),
        ("untrained", [], "trained"),
        ("inactive", ["active"], "active"),
        ("inactive", ["lazy"], None),
        ("infant", ["fan", "ant"], None),
        ("childless", ["children", "child"], "child"),
        ("uniform", ["form"], None),
    ],
)
def test_prefixes_that_deny(word, vocabulary, rest):
    assert undenied(word, frozenset(vocabulary)) == rest


@pytest.mark.parametrize(
    ("name", "one", "other", "sign"),
    [
        ("salary", "high salary", "the employee has a high salary", 1),
        ("salary", "high salary", "employees with low salaries", -1),
        ("vaccine", "getting the vaccine", "the person had not refused the vaccine", 1),
        ("vaccine", "getting the vaccine", "vaccine refusal", -1),
        ("smoking", "smokers", "the person had been a nonsmoker", -1),
        ("brown eyes", "brown eyes", "the infant has blue eyes", -1),
        ("shoes", "large shoes", "the shoes are big", 1),
        ("sprinkler", "sprinkler off", "the sprinkler is on", -1),
        ("divorce", "divorce", "the couple is unhappy", 0),
        ("reporter", "reporter dropping the story", "reporter writing the story", 0),
    ],
)
def test_the_same_or_the_opposite(name, one, other, sign):
    lexicon = Lexicon([name], [], [], [one, other])
    found = agreement(lexicon.bag(one), lexicon.bag(other), name_bag(name), frozenset({"story"}))
    assert (found > 0) - (found < 0) == sign


def test_a_phrase_is_cut_in_every_way():
    assert cuts_of("fish and chips and peas", 2) == [("fish", "chips and peas"), ("fish and chips", "peas")]
    assert cuts_of("fish", 2) == []
    assert plain(" The  Fish,") == "fish"


# ---------------------------------------------------------------------------------------------------------------------
# Texts of any kind


PIECES = [word for case in WORLDS for word in case.text.split()]


def test_no_shuffle_of_its_own_words_makes_it_raise():
    rng = random.Random(11)
    for _ in range(600):
        words = rng.choices(PIECES, k=rng.randint(1, 40))
        text = f"Rain has a direct effect on grass. {' '.join(words)}?"
        problem = read(text)
        assert problem.cannot or Problem.from_json(problem.to_json()) == problem


def test_no_sentence_too_few_or_too_many_makes_it_raise():
    rng = random.Random(12)
    for _ in range(300):
        one, other = rng.choice(WORLDS).text.split(". "), rng.choice(WORLDS).text.split(". ")
        text = ". ".join(rng.sample(one, rng.randint(1, len(one))) + rng.sample(other, rng.randint(0, 2)))
        read(text)


@given(st.text(max_size=200))
def test_no_text_makes_it_raise(text):
    read(f"{text} has a direct effect on grass. Rain has a direct effect on {text}. Would grass if {text}?")


@pytest.mark.skipif(not DATA.exists(), reason="the development data is not there: expected ../shared/data")
def test_the_development_sample_is_read_and_seldom_misread():
    items = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
    replies = [(answer_text(item["prompt"]).reply, item["label"]) for item in items[::5]]
    assert sum(said == label for said, label in replies) >= 0.91 * len(replies)
    assert sum(said is not None and said != label for said, label in replies) <= 0.02 * len(replies)
    assert not [item["id"] for item in items if read(item["prompt"]).cannot]
