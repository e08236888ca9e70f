"""`python -m benchmarks.misreading`: what the bridge lets through when a language model misreads, stage by stage.

Texts are the development samples of the question suites; the right Problem of a text is the offline reader's, and what
that cannot read is left out and counted. A reader that misreads at a stated rate (`NoisyReader`) stands for the model.
An answer is wrong if it is not the one to the right Problem, also where that has none.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from llm_bridge.bench._interval import canonical_text
from llm_bridge.bench._items import BenchError, Item, read_items

from ._misread_run import Arm, Record, Text, run
from ._misread_stages import STAGES
from ._misread_tables import HARDER, HARDEST, TARGET, by, name_of, report, rows

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
RATES = (0.0, 10.0, 20.0, 40.0)
CORRELATIONS = (0.0, 0.9)
"""Tried beside the usual one, at the rate of the target."""
HEAD = """\
# What the bridge lets through when a language model misreads

Written by `python -m benchmarks.misreading` in {seconds:.0f} s.

Questions: {texts}; {seeds} readers of each setting.
Left out, since the offline reader cannot read them: {left_out}.

Every reply is the right Problem or, at the stated rate, one with a single thing misread, which obeys every law of a
Problem and cites the words of the text that come nearest to it. Half of the texts are misread by habit, if at all: with
the same error at every try (correlation 0.5). A fault that names what was misread is heeded half of the time. Asked to
compare, the reader confirms half of its errors of habit, overlooks others at the stated rate, and denies a right
sentence in one comparison of a hundred.

Each stage adds to the one above it. *Silently wrong*: an answer is given, and it is not the right Problem's.
*Abstained without need*: no answer, although the right Problem has one. Intervals take all questions with one text up
to renaming (or of one story or premise) as one cluster; where a share is 0%, nothing shows how alike those are, and a
cluster counts as a single question. The checks were written with these samples at hand: how they do on other wordings
is not shown here.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables as Markdown; 1 where there is no data."""
    parser = argparse.ArgumentParser("python -m benchmarks.misreading", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rates", type=float, nargs="+", default=RATES, help="misread Problems, in percent")
    parser.add_argument("--limit", type=int, help="take the first LIMIT items of each suite only")
    parser.add_argument("--seeds", type=int, default=2, help="readers of each setting (default: 2)")
    parser.add_argument("--natural", action="store_true", help="natural texts of our own in place of the samples")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of the suites' samples")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--out", type=Path, help="where to write everything as JSON")
    given = parser.parse_args(argv)
    files = [] if given.natural else sorted(given.data.glob("*.jsonl"))
    if not files and not given.natural:
        wanted = "wanted files of questions, NAME.jsonl, one JSON object a line. Say with --data where they are."
        print(f"There is no sample in {given.data}: {wanted}", file=sys.stderr)
        return 1
    try:
        texts = [text for file in files for text in texts_of(file, given.limit)]
        texts += natural(given.limit) if given.natural else []
    except BenchError as wrong:
        print(wrong, file=sys.stderr)
        return 1
    start = time.monotonic()
    records, left_out = run(texts, arms_of([rate / 100 for rate in given.rates]), given.seeds, given.workers)
    if not records:
        print("The offline reader reads none of these texts: there is nothing to misread.", file=sys.stderr)
        return 1
    shown = HEAD.format(
        texts=_counted(Counter(text.suite for text in texts) - Counter(text.suite for text in left_out)),
        seeds=given.seeds,
        seconds=time.monotonic() - start,
        left_out=_counted(Counter(text.suite for text in left_out)),
    )
    print(f"{shown}\n{report(records)}")
    if given.out:
        write(given.out, as_data(records, left_out))
    return 0


def arms_of(rates: Sequence[float]) -> list[Arm]:
    """The settings of the noise; those beside the usual one only where its rate is asked for."""
    usual = [Arm(rate, TARGET.correlation) for rate in rates]
    if TARGET not in usual:
        return usual
    others = [Arm(TARGET.rate, correlation) for correlation in CORRELATIONS]
    return [*usual, *others, HARDER, HARDEST]


def texts_of(file: Path, limit: int | None) -> list[Text]:
    """The questions of a suite file, by their first word: the rest of an identifier may name variables of the text."""
    items, _ = read_items([file], limit)
    return [Text(item.suite, str(item.id).partition(" ")[0], _cluster(item), str(item.asked)) for item in items]


def natural(limit: int | None) -> list[Text]:
    """The natural texts with their right Problems, by half."""
    from tests.natural_texts import natural_texts

    halves = {True: "natural, held out", False: "natural, development"}
    found = [
        Text(halves[one.held_out], str(one.number), one.name, one.text, one.problem.to_json())
        for one in natural_texts()
    ]
    return found[:limit]


def _cluster(item: Item) -> str:
    return item.group or canonical_text(str(item.asked))


def _counted(texts: Counter[str]) -> str:
    return ", ".join(f"{count} of {suite}" for suite, count in texts.items()) or "none"


def as_data(records: Sequence[Record], left_out: Sequence[Text]) -> dict[str, Any]:
    """Everything as JSON data: the shares, and each record with the shape of its misreading; no word of a text."""
    return {
        "stages": list(STAGES),
        "left_out": dict(Counter(text.suite for text in left_out)),
        "settings": [
            {"rate": arm.rate, "name": name_of(arm), "rows": [asdict(row) for row in rows(those)]}
            for arm, those in by(records, lambda record: record.arm).items()
        ],
        "records": [_without_cluster(asdict(record)) for record in records],
    }


def _without_cluster(record: dict[str, Any]) -> dict[str, Any]:
    """A cluster may be named by a text."""
    return {key: value for key, value in record.items() if key != "cluster"}


def write(path: Path, data: object) -> None:
    """Write a JSON file, whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(data, indent=1), encoding="utf-8")
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main())
