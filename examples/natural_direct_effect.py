"""A nested question: how much of a training programme's effect does not go through homework? (Primer, section 4.5)

X is the programme, M the homework done, Y success. The natural direct effect imagines the programme's other workings
while homework stays what it would have been without it: Y[X=1, M=M[X=0]], a counterfactual inside a counterfactual.

Run it with: python examples/natural_direct_effect.py
"""

from scm import Categorical, Model, Variable, ask, ate, nde, nie

TRAINING = Model(
    Variable("X", (0, 1), noise=Categorical({0: 0.5, 1: 0.5}), description="the training programme"),
    Variable("M", (0, 1), parents=("X",), table={0: (0.60, 0.40), 1: (0.25, 0.75)}, description="homework is done"),
    Variable(
        "Y",
        (0, 1),
        parents=("X", "M"),
        table={(0, 0): (0.80, 0.20), (0, 1): (0.70, 0.30), (1, 0): (0.60, 0.40), (1, 1): (0.20, 0.80)},
        description="success",
    ),
)


def main() -> None:
    """Print the direct effect with its derivation, then the three effects side by side."""
    print(ask(TRAINING, nde("X", "Y", "M")))
    effects = {
        "natural direct effect": nde("X", "Y", "M"),
        "natural indirect effect": nie("X", "Y", "M"),
        "total effect": ate("X", "Y"),
    }
    print()
    for name, query in effects.items():
        answer = ask(TRAINING, query)
        assert isinstance(answer.value, float)
        print(f"{name:<24} {answer.value:.3f}   ({answer.finding})")


if __name__ == "__main__":
    main()
