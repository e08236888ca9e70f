"""The firing squad with a nervous rifleman (Pearl 2009, section 7.1): was rifleman A's shot needed?

A court may order an execution. Two riflemen shoot on the order; rifleman A is nervous and may shoot without one. The
prisoner is dead. Would he be alive if A had not shot?

Run it with: python examples/firing_squad.py
"""

from scm import Bernoulli, Model, Variable, ask, ladder

P_ORDER, P_NERVOUS = 0.6, 0.1

SQUAD = Model(
    Variable("order", noise=Bernoulli(P_ORDER)),
    Variable("rifleman_a", equation="order or u_nervous", noise={"u_nervous": Bernoulli(P_NERVOUS)}),
    Variable("rifleman_b", equation="order"),
    Variable("prisoner_dead", equation="rifleman_a or rifleman_b"),
)
QUESTION = "P(prisoner_dead[rifleman_a=False] = False | prisoner_dead = True)"


def main() -> None:
    """Print the answer, its derivation, and what the lower rungs would have said."""
    print(ask(SQUAD, QUESTION))
    # The book's closed form, (1-p)q / (1 - (1-p)(1-q)).
    spared = 1 - P_ORDER
    print(f"\nclosed form: {spared * P_NERVOUS / (1 - spared * (1 - P_NERVOUS)):.4f}")

    rungs = ladder(SQUAD, QUESTION)
    assert rungs is not None
    print("\nThe same question on the other rungs, where the evidence cannot be used:")
    for name, answer in (("seeing", rungs.seeing), ("doing", rungs.doing), ("imagining", rungs.imagining)):
        print(f"  {name:<10} {answer.to_text(derivation=False).splitlines()[0]}")


if __name__ == "__main__":
    main()
