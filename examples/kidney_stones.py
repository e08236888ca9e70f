"""Kidney stones told in words (Charig et al. 1986): the treatment that looks worse is better.

The text is read by the offline reader (no language model), compiled to a model of counts, answered, and put back into
words. Large stones got treatment A more often and heal less often: stone size is a confounder.

Run it with: python examples/kidney_stones.py
"""

from llm_bridge import answer_text

STORY = (
    "Stone size affects both the choice of treatment and recovery. Treatment affects recovery. "
    "Of the 350 patients who got treatment A, 87 had small stones and 263 had large stones. "
    "Of the 87 patients with small stones who got treatment A, 81 recovered. "
    "Of the 263 patients with large stones who got treatment A, 192 recovered. "
    "Of the 350 patients who got treatment B, 270 had small stones and 80 had large stones. "
    "Of the 270 patients with small stones who got treatment B, 234 recovered. "
    "Of the 80 patients with large stones who got treatment B, 55 recovered. "
)
QUESTIONS = (
    "How likely is recovery given that a patient got treatment A?",
    "How likely is recovery given that a patient got treatment B?",
    "What would the recovery rate be if everyone got treatment A?",
    "What would the recovery rate be if everyone got treatment B?",
    "Is treatment A better than treatment B?",
)


def main() -> None:
    """Ask what is seen, then what would be done."""
    for question in QUESTIONS:
        print(f"{question}\n  {answer_text(STORY + question).words}\n")


if __name__ == "__main__":
    main()
