"""Run a suite of questions through the chain and score it: `twinworld bench FILE...`.

Two kinds of file are read, and recognised item by item, so that one call may mix them. A file holds one JSON object a
line (JSONL), or one JSON array of objects.

**CounterBench as published** (Chen et al. 2025): `given_info`, `question`, `answer` ("yes" or "no"), `type`,
`question_id`, `meta`. The text of an item is `given_info`, a blank, and `question`.

**Our own format:**

    id         a text or whole number that names the item in the report
    text       the question in words; or instead
    problem    a Problem as `twinworld solve` reads it
    answer     "yes", "no", a number, or (for a Problem with a choice) one of its options
    tolerance  how far a number may be off; 1e-9 if absent
    type       what the report breaks accuracy down by; "other" if absent
    group      items of one group count as one cluster for the interval; if absent, items whose texts are equal up to
               the renaming of names do

Labels are used for scoring and for nothing else: where the engine and a label disagree, the item counts as wrong, and
the report says why the text gives what the engine found.
"""

from ._items import BenchError as BenchError
from ._run import run_bench as run_bench
from ._summary import Summary as Summary

__all__ = ["BenchError", "Summary", "run_bench"]
