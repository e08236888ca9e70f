"""From a graph and a table, without a model: does smoking cause cancer? (Pearl 2009, section 3.3.3 and table 3.1)

A hidden genotype may cause both smoking and cancer, so nothing that is measured can be adjusted for. Tar in the lungs
carries the whole effect of smoking, and the front door through it gives the answer. Leave tar out of the study, and no
formula exists: two models say why.

Run it with: python examples/from_a_graph.py
"""

from scm import (
    CausalGraph,
    JointLaws,
    KnownLaw,
    check_estimand,
    confounding_paths,
    evaluate_estimand,
    explain_adjustment,
    identify,
    two_models,
)

GRAPH = CausalGraph(
    ("genotype", "smoking", "tar", "cancer"),
    (("genotype", "smoking"), ("genotype", "cancer"), ("smoking", "tar"), ("tar", "cancer")),
    hidden=("genotype",),
)
WITHOUT_TAR = CausalGraph(
    ("genotype", "smoking", "cancer"),
    (("genotype", "smoking"), ("genotype", "cancer"), ("smoking", "cancer")),
    hidden=("genotype",),
)
# P(smoking, tar) and P(cancer | smoking, tar); axes smoking, tar.
SHARES = ((0.475, 0.025), (0.025, 0.475))
CANCER = ((0.10, 0.05), (0.90, 0.85))
QUESTION = "P(cancer=1 | do(smoking=1)) - P(cancer=1 | do(smoking=0))"


def table() -> list[list[list[float]]]:
    """The joint law of smoking, tar and cancer."""
    return [
        [[share * (1 - sick), share * sick] for share, sick in zip(*rows, strict=True)]
        for rows in zip(SHARES, CANCER, strict=True)
    ]


def main() -> None:
    """Print why the naive number is wrong, the formula with its proof, its value, and a witness where there is none."""
    print("Open paths:", *confounding_paths(GRAPH, "smoking", "cancer"))
    print(*explain_adjustment(GRAPH, "smoking", "cancer", "tar").reasons, "", sep="\n")

    found = identify(GRAPH, QUESTION)
    assert found.estimand is not None
    print(found)
    check = check_estimand(found)
    print(f"  {check.status} on {check.models} random models over the graph; off by {check.largest_difference:.0e}\n")

    names = GRAPH.observed
    laws, states = JointLaws([KnownLaw(names, table())]), {name: (0, 1) for name in names}
    naive = identify(GRAPH, "P(cancer=1 | smoking=1) - P(cancer=1 | smoking=0)").estimand
    assert naive is not None
    print(f"naive difference      {evaluate_estimand(naive, laws, states):+.4f}")
    print(f"effect of smoking     {evaluate_estimand(found.estimand, laws, states):+.4f}\n")

    unknown = identify(WITHOUT_TAR, "P(cancer=1 | do(smoking=1))")
    print(unknown)
    witness = two_models(unknown)
    assert witness is not None
    print(witness.to_text())


if __name__ == "__main__":
    main()
