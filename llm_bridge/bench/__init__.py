"""Run a suite of questions through the chain and score it: `twinworld bench FILE...`.

Several kinds of file are read, and recognised item by item by their keys, so that one call may mix them. A file holds
one JSON object a line (JSONL), or one JSON array of objects.

**CounterBench as published** (Chen et al. 2025): `given_info`, `question`, `answer` ("yes" or "no"), `type`,
`question_id`, `meta`. The text of an item is `given_info`, a blank, and `question`.

**CLadder** (Jin et al. 2023): as a table, `prompt`, `label`, `query_type`, `id`, `story_id`; or as JSON, `question_id`,
`given_info`, `question`, `answer`, `meta`, with the story as `background` in the item, or in CLadder's file of models
given as one more FILE.

**Corr2Cause** (Jin et al. 2024): `input`, `label` (0 or 1), `template`; or `premise`, `hypothesis` and the label.

**CCR.GB** (Maasch et al. 2025): `Causal context`, `Sample context` and the tables of queries; each query is an item.
The offline reader declines such notes.

**Our own format:**

    id         a text or whole number that names the item in the report
    text       the question in words; or instead
    problem    a Problem as `twinworld solve` reads it
    answer     "yes", "no", a number, or (for a choice) one of the options
    options    for a text whose answer is one of several: which
    tolerance  how far a number may be off; 1e-9 if absent
    type       what the report breaks accuracy down by; "other" if absent
    group      items of one group count as one cluster for the interval; if absent, items whose texts are equal up to
               the renaming of names do

Some labels rest on conventions beyond the text (`_conventions`). They are applied to what was answered, after it was
answered, and nowhere else; the report prints them with what each decided, and scores with and without them.

Through a language model (`run_bench_model`, `--model`) a suite of texts is answered by one of three methods: `direct`
(the model answers at once), `reasoned` (it reasons first), `bridge` (it reads, and the engine answers). What no usable
reply came for is neither wrong nor an abstention: it is counted by its class of failure, and asked again by a run that
is resumed. A reply that is no answer is an abstention, with its words.

Labels are used for scoring and for nothing else: where the engine and a label disagree, the item counts as wrong, and
the report says why the text gives what the engine found.
"""

from ._items import BenchError as BenchError
from ._model_run import run_bench_model as run_bench_model
from ._run import run_bench as run_bench
from ._summary import Summary as Summary

__all__ = ["BenchError", "Summary", "run_bench", "run_bench_model"]
