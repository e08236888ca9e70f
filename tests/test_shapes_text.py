"""Granted shapes as text: what is printed is read back, and what is no shape is refused where it goes wrong."""

from __future__ import annotations

import random

import pytest

from scm import (
    InvalidQuery,
    QuerySyntaxError,
    Shape,
    additive_confounding,
    effect_within,
    marginal_sensitivity,
    no_defiers,
    no_prevention,
    parse_shape,
    print_shape,
)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("no_prevention(X, Y)", no_prevention("X", "Y")),
        (' no_prevention( "blood pressure" , Y ) ', no_prevention("blood pressure", "Y")),
        ("no_prevention(effect=Y, cause=X)", no_prevention("X", "Y")),
        ("no_prevention(X, Y, violated=5%)", no_prevention("X", "Y", violated=0.05)),
        ("no_defiers(Z, X)", no_defiers("Z", "X")),
        ("no_defiers(instrument=Z, cause=X, violated=.1)", no_defiers("Z", "X", violated=0.1)),
        ("effect_within(X, Y, -0.1, 30%)", effect_within("X", "Y", -0.1, 0.3)),
        ("effect_within(X, Y, \u22121e-1, 0.3)", effect_within("X", "Y", -0.1, 0.3)),
        ("effect_within(X, Y, 0, 1, x1='hi', x0='it''s'".replace("''s'", "\\'s') "),
         effect_within("X", "Y", 0, 1, x1="hi", x0="it's")),
        ("effect_within(X, Y, 0, 1, x1=2, x0=True, y1='well')",
         effect_within("X", "Y", 0, 1, x1=2, x0=True, y1="well")),
        ("additive_confounding(X, Y, 0.1)", additive_confounding("X", "Y", 0.1)),
        ("additive_confounding(X, Y, 0.1, given=Z)", additive_confounding("X", "Y", 0.1, given=("Z",))),
        ("additive_confounding(X, Y, at_most=0.1, given=(Z, W))",
         additive_confounding("X", "Y", 0.1, given=("Z", "W"))),
        ("marginal_sensitivity(X, Y, 2, given={Z,})", marginal_sensitivity("X", "Y", 2, given=("Z",))),
        ("marginal_sensitivity(X, Y, odds=1.5, given=())", marginal_sensitivity("X", "Y", 1.5)),
    ],
)  # fmt: skip
def test_what_a_text_grants(text: str, shape: Shape):
    assert parse_shape(text) == shape
    assert parse_shape(print_shape(shape)) == shape


def test_what_is_printed_is_read_back():
    rng = random.Random(3)
    names = ["X", "Y", "blood pressure", 'a "b"', "P", "do", "given"]
    for _ in range(500):
        a, b, c = rng.sample(names, 3)
        given = rng.choice([(), (c,)])
        share = rng.random() * 10.0 ** -rng.randrange(4)
        shape = rng.choice(
            [
                no_prevention(a, b, violated=rng.choice([0.0, share])),
                no_defiers(a, b, violated=rng.choice([0.0, share])),
                effect_within(
                    a, b, -share, share, x1=rng.choice([1, 0.5, "it's"]), x0=0, y1=rng.choice([None, 2, "y"])
                ),
                additive_confounding(a, b, share, given=given),
                marginal_sensitivity(a, b, 1 + share, given=given),
            ]
        )
        assert parse_shape(print_shape(shape)) == shape, print_shape(shape)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Expected one of"),
        ("no_preventon(X, Y)", "Did you mean 'no_prevention'"),
        ("no_prevention", r"Expected '\('"),
        ("no_prevention(X)", "lacks 'effect'"),
        ("no_prevention()", "name of a variable"),
        ("no_prevention(X, Y", "Expected ',' or"),
        ("no_prevention(X, Y) and more", "Nothing may follow"),
        ("no_prevention(X, Y, 0.1)", "takes 2 things, and by name 'violated='"),
        ("no_prevention(X, Y, violated=a)", "Expected a number"),
        ("no_prevention(X, Y, violatd=1)", "Did you mean 'violated'"),
        ("no_prevention(X, cause=Z, Y)", "'cause' is said twice"),
        ("effect_within(X, Y, 0)", "lacks 'high'"),
        ("effect_within(X, Y, 0, 1, x1=high)", "label in quotes"),
        ("additive_confounding(X, Y, 0.1, given=(Z W))", "Expected ',' or"),
        ("__import__('os').system('true')", "Expected one of"),
        ("no_prevention(X, __import__('os'))", "Expected ',' or"),
        ("no_prevention(" * 300, "characters; at most|name of a variable|Expected"),
    ],
)
def test_what_is_no_shape_is_refused_where_it_goes_wrong(text: str, words: str):
    with pytest.raises(QuerySyntaxError, match=words):
        parse_shape(text)


@pytest.mark.parametrize(
    "text",
    [
        "no_prevention(X, X)",
        "no_prevention(X, Y, violated=2)",
        "effect_within(X, Y, 1, 0)",
        "additive_confounding(X, Y, 2)",
        "marginal_sensitivity(X, Y, 0.5)",
        "marginal_sensitivity(X, Y, 2, given=X)",
        "marginal_sensitivity(X, Y, 1e999)",
    ],
)
def test_numbers_and_names_that_cannot_be_meant_are_refused(text: str):
    with pytest.raises(InvalidQuery):
        parse_shape(text)
