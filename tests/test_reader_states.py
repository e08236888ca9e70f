"""One state said as a noun phrase and as a sentence: the reply to a counterfactual is right, or there is none.

The texts are put together from phrases of our own, written without looking at the reader. The expected answer is worked
out from the phrases' places, and the reader is not asked for it.
"""

import itertools

import pytest

from llm_bridge import answer_text

STATES = {
    "gate": ("open gate", "shut gate", "the gate is open", "the gate is shut"),
    "tide": ("high tide", "low tide", "the tide is high", "the tide is low"),
    "boat": ("catching the boat", "missing the boat", "the clerk catches the boat", "the clerk misses the boat"),
    "letter": (
        "writing the letter",
        "forgetting the letter",
        "the aunt writes the letter",
        "the aunt forgets the letter",
    ),
    "stove": ("stove on", "stove off", "the stove is on", "the stove is off"),
    "well": ("deep well", "shallow well", "the well is deep", "the well is shallow"),
    "cheese": ("ripe cheese", "unripe cheese", "the cheese is ripe", "the cheese is unripe"),
    "trial": ("acquittal", "conviction", "the accused is acquitted", "the accused is convicted"),
    "goat": ("goat living", "goat dying", "the goat lives", "the goat dies"),
    "cough": ("cough", "no cough", "the boy has a cough", "the boy is free of cough"),
    "pipe": ("pipe habit", "no pipe habit", "the miller smokes a pipe", "the miller has given up the pipe"),
    "choir": ("choir singing", "choir silent", "the choir sings", "the choir is silent"),
    "step": ("wet step", "dry step", "the step is wet", "the step is dry"),
    "song": ("loud song", "soft song", "the song is loud", "the song is soft"),
    "lawn": ("sunny lawn", "shady lawn", "the lawn is sunny", "the lawn lies in the shade"),
    "barn fire": ("large barn fire", "no barn fire", "the barn catches fire", "the barn does not catch fire"),
    "post": ("in-town post", "out-of-town post", "the post is in-town", "the post is out-of-town"),
    "clock": ("clock keeping time", "clock losing time", "the clock keeps time", "the clock loses time"),
}
RULES = tuple(itertools.product(("and", "or"), (True, False), (True, False)))


def _text(asked: str, cause: str, other: str, rule: tuple[str, bool, bool], seen: bool) -> tuple[str, str]:
    """A text in which `cause` and `other` decide `asked`, and its answer."""
    joined, positive, put = rule
    first, second, third = STATES[cause], STATES[other], STATES[asked]
    effect, sentence = third[0 if positive else 1], third[2 if seen else 3]
    text = (
        f"{cause.capitalize()} has a direct effect on {asked}. {other.capitalize()} has a direct effect on {asked}. "
        f"We know that {first[0]} {joined} {second[0]} causes {effect}. We observed {second[2 if put else 3]}. "
        f"Would {sentence} if {first[0]} instead of {first[1]}?"
    )
    holds = put if joined == "and" else True
    return text, "yes" if (holds == positive) == seen else "no"


def _texts():
    names = list(STATES)
    for place, asked in enumerate(names):
        for turn, rule in enumerate(RULES):
            cause, other = names[(place + 3 + turn) % len(names)], names[(place + 7 + 2 * turn) % len(names)]
            if len({asked, cause, other}) == 3:
                yield _text(asked, cause, other, rule, turn % 3 != 0)


INTRODUCED = (
    "Imagine a self-contained, hypothetical world with only the following conditions, and without any unmentioned "
    "factors or causal relationships: "
)


@pytest.mark.parametrize("asked", STATES)
def test_no_state_is_taken_for_its_opposite(asked):
    wrong = [
        (text, expected)
        for text, expected in _texts()
        if f"effect on {asked}." in text and answer_text(INTRODUCED + text).reply not in (expected, None)
    ]
    assert wrong == []


def test_most_are_answered():
    replies = [answer_text(INTRODUCED + text).reply for text, _ in _texts()]
    assert sum(reply is not None for reply in replies) >= 0.6 * len(replies)
