"""From the shell: every run is a fresh process, timed from its start to its end."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ._measure import Row, Wrong, processor_time, python, run, shell, shown_time, timed
from .questions import questions

QUESTION = (
    "If the court orders the execution, the captain gives the signal. "
    "If the captain gives the signal, rifleman A shoots and rifleman B shoots. "
    "If rifleman A or rifleman B shoots, the prisoner dies. We observed that the prisoner died. "
    "Would the prisoner have died if rifleman A had not shot?"
)
PART = "From the shell, each run a fresh process"
SEED = 20_250_101


def rows(*, quick: bool) -> Iterator[Row]:
    """The rows of this part."""
    runs = 3 if quick else 9
    for work, command, target in (
        ("`python -c pass`, for comparison", python("-c", "pass"), None),
        ("`import scm`", python("-c", "import scm"), None),
        ("`twinworld --help`", [*twinworld(), "--help"], 0.25),
        ("`twinworld ask` on one question", [*twinworld(), "ask", QUESTION], 0.6),
    ):
        yield shell(PART, work, command, runs, target)
    yield suite(100 if quick else 1000, 1 if quick else 3)


def suite(n: int, runs: int) -> Row:
    """`twinworld bench` on `n` questions.

    Raises:
        Wrong: an answer differs from the one that was worked out with the question.
    """
    with tempfile.TemporaryDirectory() as folder:
        file, number = Path(folder, "questions.jsonl"), iter(range(runs))
        file.write_text(questions(n, SEED), encoding="utf-8")
        summaries: list[dict[str, object]] = []

        def work() -> None:
            out = str(Path(folder, f"out{next(number)}.jsonl"))
            summaries.append(json.loads(run([*twinworld(), "bench", str(file), "--json", "--out", out])))

        before = processor_time()
        times = timed(work, runs)
        used = (processor_time() - before) / runs
    for summary in summaries:
        if summary["correct"] != n:
            raise Wrong(f"bench: {summary['correct']} of {n} right. {str(summary['disagreements'])[:1000]}")
    note = f"processor time {shown_time(used)}; all right"
    target = 5.0 if n == 1000 else None
    return Row(PART, f"`twinworld bench` on {n:,} questions of CounterBench's grammar", times, target, note)


def twinworld() -> list[str]:
    """The command of this environment; the same function by hand where it is not installed."""
    script = shutil.which("twinworld", path=str(Path(sys.executable).parent))
    return [script] if script else python("-c", "import sys; from llm_bridge.cli import main; sys.exit(main())")
