"""Named cases that every solver must agree on: `ZOO[name]` is a model, a query, the truth, and where it is from.

A truth is a `Fraction`, a pair of ends, `None` (undefined), a number as printed in the source (text), or the word
"oracle" where no source gives one.
"""

from dataclasses import dataclass
from fractions import Fraction

from tests.oracle import Plain, Query
from tests.zoo_models import (
    ALARM,
    BELL,
    BOW,
    BOW_IDLE,
    BOX,
    DICE,
    EITHER,
    FLIP,
    FRONT_DOOR,
    IDLE,
    KIDNEY,
    KITE,
    MONTY,
    NAPKIN,
    NERVOUS_SQUAD,
    NOISY_OR,
    PREEMPTION,
    SIMPSON,
    SIMPSON_MEDIATOR,
    SPRINKLER,
    SQUAD,
    TRAINING,
    TRIAL,
    TURNED,
    VERMA,
    XOR,
    all_of,
    at,
    do,
    eq,
    mean,
    minus,
    pn,
    pns,
    prob,
    ps,
    see,
)

Truth = Fraction | tuple[Fraction, Fraction] | str | None


@dataclass(frozen=True)
class Case:
    """One case of the zoo."""

    model: Plain
    query: Query
    truth: Truth
    citation: str


_CAUSALITY = "Pearl, Causality (2009), "
_PRIMER = "Pearl, Glymour and Jewell, Primer (2016), "
_SMALL, _LARGE = Fraction(357, 700), Fraction(343, 700)
_A = Fraction(81, 87) * _SMALL + Fraction(192, 263) * _LARGE
_B = Fraction(234, 270) * _SMALL + Fraction(55, 80) * _LARGE
_TRAIN = {"T": 1, "M": at("M", T=0)}
_COMPLIER = (eq(at("X", Z=1), 1), eq(at("X", Z=0), 0))

ZOO: dict[str, Case] = {
    "squad, without A": Case(SQUAD, prob(eq(at("D", A=0), 1), given=(eq("D", 1),)), Fraction(1), _CAUSALITY + "7.1"),
    "squad, A shoots unordered": Case(
        SQUAD, prob(eq(at("D", A=1), 1), eq(at("B", A=1), 0), given=(eq("C", 0),)), Fraction(1), _CAUSALITY + "7.1"
    ),
    "squad, order unknown": Case(SQUAD, prob(eq("D", 1)), (Fraction(0), Fraction(1)), "oracle"),
    "squad, impossible": Case(SQUAD, prob(eq("D", 1), given=(eq("A", 1), eq("B", 0))), None, "oracle"),
    "nervous squad": Case(
        NERVOUS_SQUAD, prob(eq(at("D", A=0), 0), given=(eq("D", 1),)), Fraction("0.0625"), _CAUSALITY + "7.1"
    ),
    "xor, imposed as observed": Case(
        XOR, prob(eq(at("Y", X=1), 1), given=(eq("X", 1), eq("Y", 1))), Fraction(1), _CAUSALITY + "corollary 7.3.2"
    ),
    "xor, necessity": Case(XOR, pn(), Fraction(1), "oracle"),
    "xor, two impositions": Case(XOR, prob((">", at("Y", X=1), at("Y", X=0))), Fraction("0.45"), "oracle"),
    "idle, PN": Case(IDLE, pn(), Fraction(0), _CAUSALITY + "1.4.4"),
    "idle, PNS": Case(IDLE, pns(), Fraction(0), _CAUSALITY + "1.4.4"),
    "flip, PN": Case(FLIP, pn(), Fraction(1), _CAUSALITY + "1.4.4"),
    "flip, PNS": Case(FLIP, pns(), Fraction(1, 2), _CAUSALITY + "1.4.4"),
    "idle, effect": Case(IDLE, do(1), Fraction(1, 2), _CAUSALITY + "1.4.4"),
    "flip, effect": Case(FLIP, do(1), Fraction(1, 2), _CAUSALITY + "1.4.4"),
    "idle or flip, PN": Case(EITHER, pn(), (Fraction(0), Fraction(1)), _CAUSALITY + "1.4.4; Tian and Pearl (2000)"),
    "idle or flip, PNS": Case(
        EITHER, pns(), (Fraction(0), Fraction(1, 2)), _CAUSALITY + "1.4.4; Tian and Pearl (2000)"
    ),
    "box, opened": Case(BOX, prob(eq(at("Y", X=0), 1), given=(eq("Y", 1),)), Fraction(0), "oracle"),
    "box, closed": Case(BOX, prob(eq(at("Y", X=0), 1)), (Fraction(0), Fraction(1)), "oracle"),
    "box, unseen cause": Case(BOX, prob(eq("Y", 1), given=(eq("X", 0),)), None, "oracle"),
    "noisy-or, PN": Case(
        NOISY_OR, pn(), Fraction(12, 17), "Tian and Pearl (2000), exogeneity and monotonicity: (P1 - P0) / P1"
    ),
    "noisy-or, PS": Case(NOISY_OR, ps(), Fraction("0.6"), "Tian and Pearl (2000), exogeneity and monotonicity"),
    "noisy-or, PNS": Case(NOISY_OR, pns(), Fraction("0.48"), "Tian and Pearl (2000), exogeneity and monotonicity"),
    "smoking, do": Case(FRONT_DOOR, do(1), Fraction("0.4525"), _CAUSALITY + "table 3.1; Primer 3.4"),
    "smoking, do not": Case(FRONT_DOOR, do(0), Fraction("0.4975"), _CAUSALITY + "table 3.1; Primer 3.4"),
    "smoking, naive": Case(FRONT_DOOR, see(1), Fraction("0.8525"), _CAUSALITY + "table 3.1; Primer 3.4"),
    "bow": Case(BOW, do(1), Fraction(1, 2), _CAUSALITY + "figure 3.9 (a)"),
    "bow, idle": Case(BOW_IDLE, do(1), Fraction(0), _CAUSALITY + "figure 3.9 (a)"),
    "bow, observed": Case(BOW, see(1), Fraction(0), _CAUSALITY + "figure 3.9 (a)"),
    "napkin": Case(NAPKIN, do(1), "oracle", "oracle; graph of Pearl and Mackenzie, The Book of Why (2018), ch. 7"),
    "napkin, of the treated": Case(NAPKIN, mean(at("Y", X=0), eq("X", 1), eq("W", 1)), "oracle", "oracle"),
    "verma": Case(VERMA, prob(eq("D", 1), given=(eq("A", 1), eq("C", 1))), "oracle", "oracle; Verma and Pearl (1990)"),
    "verma, do": Case(VERMA, prob(eq(at("D", C=1), 1)), "oracle", "oracle; Verma and Pearl (1990)"),
    "verma, imagined": Case(VERMA, prob(eq(at("D", A=0), 1), given=(eq("A", 1), eq("D", 0))), "oracle", "oracle"),
    # 1 in compliers unless lucky anyway: 0.8, which is the Wald ratio 0.4 / 0.5.
    "trial, compliers": Case(
        TRIAL,
        mean(("-", at("Y", X=1), at("Y", X=0)), *_COMPLIER),
        Fraction(4, 5),
        "Imbens and Angrist (1994), theorem 1",
    ),
    "trial, intention to treat": Case(
        TRIAL, minus(mean(at("Y", Z=1)), mean(at("Y", Z=0))), Fraction(2, 5), "Imbens and Angrist (1994), theorem 1"
    ),
    "trial, no defiers": Case(TRIAL, prob(("<", at("X", Z=1), at("X", Z=0))), Fraction(0), "Imbens and Angrist (1994)"),
    "trial, exclusion": Case(
        TRIAL,
        prob(("=", at("Y", Z=1, X=1), at("Y", Z=0, X=1))),
        Fraction(1),
        "Angrist, Imbens and Rubin (1996), assumption 3",
    ),
    "kidney stones, A": Case(KIDNEY, do(1, "A"), "0.8325", "Charig et al. (1986), adjusted"),
    "kidney stones, B": Case(KIDNEY, do(0, "A"), "0.7789", "Charig et al. (1986), adjusted"),
    "kidney stones, A observed": Case(KIDNEY, see(1, "A"), "0.780", "Charig et al. (1986)"),
    "kidney stones, B observed": Case(KIDNEY, see(0, "A"), "0.8257", "Charig et al. (1986)"),
    "kidney stones, effect": Case(KIDNEY, minus(do(1, "A"), do(0, "A")), _A - _B, "Charig et al. (1986), adjusted"),
    "kidney stones, of the treated": Case(
        KIDNEY,
        minus(mean(at("Y", A=1), eq("A", 1)), mean(at("Y", A=0), eq("A", 1))),
        (81 + 192 - 87 * Fraction(234, 270) - 263 * Fraction(55, 80)) / 350,
        "Charig et al. (1986); effect of treatment on the treated, Shpitser and Pearl (2009)",
    ),
    "simpson, do": Case(SIMPSON, do(1), Fraction(2, 5), _CAUSALITY + "6.1"),
    "simpson, do not": Case(SIMPSON, do(0), Fraction(1, 2), _CAUSALITY + "6.1"),
    "simpson, observed": Case(SIMPSON, see(1), Fraction(1, 2), _CAUSALITY + "6.1"),
    "simpson, mediator": Case(SIMPSON_MEDIATOR, do(1), Fraction(1, 2), _CAUSALITY + "6.1"),
    "training, NDE": Case(
        TRAINING, minus(mean(at("Y", **_TRAIN)), mean(at("Y", T=0))), Fraction("0.32"), _PRIMER + "4.5"
    ),
    "training, NIE": Case(
        TRAINING, minus(mean(at("Y", T=0, M=at("M", T=1))), mean(at("Y", T=0))), Fraction("0.035"), _PRIMER + "4.5"
    ),
    "training, TE": Case(TRAINING, minus(mean(at("Y", T=1)), mean(at("Y", T=0))), Fraction("0.46"), _PRIMER + "4.5"),
    "training, CDE": Case(
        TRAINING, minus(mean(at("Y", T=1, M=0)), mean(at("Y", T=0, M=0))), Fraction("0.2"), _PRIMER + "4.5"
    ),
    "training, NDE by edge": Case(
        TRAINING,
        minus(mean(at("Y", ("edge", "T", "Y", ("const", 1)), T=0)), mean(at("Y", T=0))),
        Fraction("0.32"),
        _PRIMER + "4.5; Avin, Shpitser and Pearl (2005)",
    ),
    "preemption, backup": Case(
        PREEMPTION,
        prob(eq(at("E", A=0), 1), given=(eq("A", 1),)),
        Fraction(1),
        "Halpern, Actual Causality (2016), ch. 2",
    ),
    "preemption, contingency": Case(
        PREEMPTION,
        prob(eq(at("E", A=0, B=at("B")), 0), given=(eq("A", 1),)),
        Fraction(1),
        "Halpern, Actual Causality (2016), ch. 2",
    ),
    "monty, switch": Case(
        MONTY,
        prob(eq("car", 2), given=(eq("pick", 1), eq("opened", 3))),
        Fraction(2, 3),
        "Selvin (1975)",
    ),
    "monty, imposed pick": Case(
        MONTY, prob(eq("car", 2), given=(eq(at("opened", pick=1), 3),)), Fraction(2, 3), "Selvin (1975)"
    ),
    "monty, another pick": Case(
        MONTY, ("dist", (at("opened", pick=2),), all_of((eq("pick", 1), eq("opened", 3)))), "oracle", "oracle"
    ),
    "bell, heard": Case(
        BELL, prob(eq("X", 1), given=(eq("bell", 1),)), Fraction(2, 3), _PRIMER + "2.3; Berkson (1946)"
    ),
    "bell, explained away": Case(
        BELL, prob(eq("X", 1), given=(eq("bell", 1), eq("Y", 1))), Fraction(1, 2), _PRIMER + "2.3"
    ),
    "bell, rung by hand": Case(BELL, prob(eq(at("X", bell=1), 1)), Fraction(1, 2), _PRIMER + "2.3"),
    "alarm": Case(ALARM, prob(eq("B", 1), given=(eq("J", 1), eq("M", 1))), "0.284", "Russell and Norvig (2010), 14.4"),
    "sprinkler, on": Case(
        SPRINKLER, prob(eq("S", 1), given=(eq("wet", 1),)), "0.430", "Murphy, tutorial on Bayes nets (1998)"
    ),
    "sprinkler, rain": Case(
        SPRINKLER, prob(eq("R", 1), given=(eq("wet", 1),)), "0.708", "Murphy, tutorial on Bayes nets (1998)"
    ),
    "sprinkler, turned on": Case(SPRINKLER, prob(eq("R", 1), given=(eq("S", 1),)), Fraction("0.3"), "oracle"),
    "dice": Case(DICE, prob(eq("total", 10)), Fraction(1, 8), "Galileo, Sopra le scoperte dei dadi (about 1620)"),
    "dice, nine": Case(
        DICE, prob(eq("total", 9)), Fraction(25, 216), "Galileo, Sopra le scoperte dei dadi (about 1620)"
    ),
    "kite, recanting witness": Case(
        KITE,
        mean(at("Y", A=0, W=at("W", A=1), M=at("M", A=0, W=at("W", A=0)))),
        "oracle",
        "oracle; Avin, Shpitser and Pearl (2005), kite graph",
    ),
    "kite, policy": Case(KITE, mean(at("Y", ("soft", "W", ("-", ("const", 1), at("W"))))), "oracle", "oracle"),
    "kite, draw": Case(
        KITE,
        prob((">", at("Y", ("draw", "A", {0: Fraction(1, 4), 1: Fraction(3, 4)})), at("Y", A=0)), given=(eq("A", 1),)),
        "oracle",
        "oracle",
    ),
    "turned, imposed on a wider variable": Case(TURNED, mean(at("Y", X=at("A"))), Fraction(1, 5), "oracle"),
}
