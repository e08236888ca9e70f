"""Suite files: what is read, how it is scored, what the output keeps, and what a stopped run leaves behind."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from benchmarks.questions import questions
from llm_bridge.bench import BenchError, _run, run_bench

RULES = "We know that Ziklo causes Blaf, Blaf causes not Vork, and Vork causes Lumbo."
LESS = "Would Lumbo occur if not Ziklo instead of Ziklo?"  # yes: no Blaf, hence Vork
KEYS = {
    "n", "answered", "correct", "accuracy", "accuracy_plain", "by_type", "conventions", "abstained", "unreadable",
    "undefined", "refused", "coverage", "interval", "clusters", "n_effective", "seconds", "disagreements",
}  # fmt: skip
COIN = {
    "variables": [{"name": "X"}, {"name": "Y"}],
    "equations": [{"variable": "Y", "expression": "not X"}],
    "statements": [{"term": "P(X = True)", "value": "0.3"}],
    "queries": [{"query": "P(Y = True)"}],
}


def published(number: int = 1, *, info: str = RULES, question: str = LESS, answer: str = "yes", kind: str = "basic"):
    """An item as CounterBench publishes it."""
    return {
        "question": question,
        "given_info": info,
        "answer": answer,
        "type": kind,
        "question_id": number,
        "meta": {"story_id": "nonsense_0", "rung": 3, "query_type": "det-counterfactual"},
    }


def written(path: Path, *entries: Any) -> Path:
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    return path


def bench(*files: Path, **options: Any):
    return run_bench(files, progress=False, **options)


def lines(path: Path) -> list[dict[str, Any]]:
    content = path.read_text(encoding="utf-8")
    assert content.endswith("\n")
    return [json.loads(line) for line in content.splitlines()]


# --- formats and scores


def test_published_items_and_our_own_in_one_call(tmp_path):
    theirs = written(tmp_path / "theirs.jsonl", published(1), published(2, answer="no", kind="nested"))
    own = written(
        tmp_path / "own.jsonl",
        {"id": "rain", "text": "If it rains, the road is wet. It rained. Is the road wet?", "answer": "Yes"},
        {"id": 7, "problem": COIN, "answer": 0.7},
        {"id": 8, "problem": COIN, "answer": 0.6, "tolerance": 0.05, "type": "number"},
        {"id": 9, "problem": COIN | {"reply": {"kind": "yes-no"}}, "answer": "yes"},
    )
    summary = bench(theirs, own)
    data = summary.to_json()
    assert data.keys() >= KEYS
    assert (data["n"], data["answered"], data["correct"]) == (6, 6, 4)
    assert data["accuracy"] == data["accuracy_plain"] == 4 / 6
    assert data["conventions"] == ()
    assert list(data["by_type"]) == ["basic", "nested", "number", "other"]
    assert data["by_type"]["other"] == {"n": 3, "answered": 3, "correct": 3, "accuracy": 1.0}
    assert [item["id"] for item in data["disagreements"]] == [2, 8]
    assert "label says 0.6" in data["disagreements"][1]["reason"]
    json.dumps(data, allow_nan=False)


def test_a_json_array_is_read_as_well(tmp_path):
    path = tmp_path / "array.json"
    path.write_text("\ufeff" + json.dumps([published(1), published(2, answer="no")], indent=2), encoding="utf-8")
    assert bench(path).correct == 1


def test_an_option_of_a_choice_can_be_the_label(tmp_path):
    problem = COIN | {
        "queries": [{"query": "P(X = True)"}, {"query": "P(Y = True)"}],
        "reply": {"kind": "choice", "options": ["heads", "tails"]},
    }
    good = written(tmp_path / "good.jsonl", {"id": 1, "problem": problem, "answer": "tails"})
    assert bench(good).correct == 1
    bad = written(tmp_path / "bad.jsonl", {"id": 1, "problem": problem, "answer": "edge"})
    with pytest.raises(BenchError, match="line 1: 'answer' is \"edge\", wanted one of 'heads', 'tails'"):
        bench(bad)


def test_a_disagreement_is_explained_step_by_step(tmp_path):
    path = written(tmp_path / "items.jsonl", published(70, answer="no"))
    (found,) = bench(path).disagreements
    assert (
        found.reason == "the text gives yes: with not Ziklo: Blaf = no, Vork = yes, so Lumbo = yes; the label says no"
    )


def test_an_observation_stands_in_the_reason(tmp_path):
    info = "We know that Ziklo causes Blaf, and Blaf and Vork together cause Lumbo. We observed Vork."
    question = "Would Lumbo occur if Ziklo instead of not Ziklo?"
    path = written(tmp_path / "items.jsonl", published(info=info, question=question, answer="no"))
    (found,) = bench(path).disagreements
    chain = "given Vork, with Ziklo: Blaf = yes, Vork = yes, so Lumbo = yes"
    assert found.reason == f"the text gives yes: {chain}; the label says no"


def test_what_got_no_reply_is_counted_by_its_reason(tmp_path):
    open_root = "We know that Ziklo and Blaf cause Lumbo."
    impossible = "We know that Ziklo causes Blaf, and Ziklo causes not Vork. We observed Blaf and Vork."
    cyclic = "We know that Ziklo causes Blaf, and Blaf causes Ziklo."
    path = written(
        tmp_path / "items.jsonl",
        published(1, info=open_root, question="Would Lumbo occur if Ziklo instead of not Ziklo?"),
        published(2, info=impossible, question="Would Blaf occur if not Ziklo instead of Ziklo?"),
        published(3, info=cyclic, question="Would Blaf occur if not Ziklo instead of Ziklo?"),
        published(4, info="Colourless green ideas sleep furiously.", question="Why?"),
    )
    summary = bench(path)
    assert (summary.n, summary.answered, summary.abstained, summary.undefined) == (4, 0, 1, 1)
    assert summary.unreadable + summary.refused == 2
    assert summary.coverage == 0
    assert summary.accuracy_answered is None
    assert [item.id for item in summary.unanswered] == [1, 2, 3, 4]
    assert all(item.reason and "\n" not in item.reason for item in summary.unanswered)
    assert "Ziklo" in summary.unanswered[2].reason
    assert "4 items without a reply" in summary.to_text()


def test_items_equal_up_to_renaming_are_one_cluster(tmp_path):
    other = RULES.replace("Ziklo", "Glent").replace("Blaf", "Razz").replace("Vork", "Blaf")
    path = written(
        tmp_path / "items.jsonl",
        published(1),
        published(2, info=other, question=LESS.replace("Ziklo", "Glent")),
        published(3, info=RULES.replace(" not", ""), answer="no"),
    )
    summary = bench(path)
    assert (summary.correct, summary.clusters) == (3, 2)
    assert summary.n_effective == pytest.approx(9 / 5)
    assert summary.interval[1] == 1
    assert summary.interval[0] < 0.5


def test_a_stated_group_is_one_cluster(tmp_path):
    own = [{"id": i, "problem": COIN, "answer": 0.7, "group": "coins"} for i in range(3)]
    path = written(tmp_path / "items.jsonl", *own, {"id": 3, "problem": COIN, "answer": 0.7})
    assert bench(path).clusters == 2


def test_the_limit_counts_for_each_file(tmp_path):
    one = written(tmp_path / "one.jsonl", published(1), published(2, answer="no"))
    two = written(tmp_path / "two.jsonl", published(3, kind="joint"))
    assert bench(one, two, limit=1).n == 2
    with pytest.raises(BenchError, match="limit is 0"):
        bench(one, limit=0)


def test_generated_questions_are_answered_as_they_were_made(tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_text(questions(60, 3), encoding="utf-8")
    summary = bench(path)
    assert summary.correct == 60, summary.to_text()


def test_the_development_sample_has_its_ceiling(shared_data, tmp_path):
    out = tmp_path / "out.jsonl"
    summary = bench(shared_data / "counterbench_dev.jsonl", out=out)
    assert (summary.n, summary.answered, summary.correct) == (120, 120, 112), summary.to_text()
    for found in summary.disagreements:
        assert found.reason.startswith(f"the text gives {found.reply}: ")
        # Every question of the sample is about one of these two, the last link of its chain.
        assert f"Lumbo = {found.reply}; " in found.reason or f"Zlim = {found.reply}; " in found.reason
        assert found.reason.endswith(f"the label says {found.expected}")
    assert len(lines(out)) == 120


# --- what cannot be read


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"id": 1, "text": "A", "answer"', "is not JSON: Expecting ':' delimiter at column 32"),
        ("3", "got 3, wanted an object with CounterBench's keys"),
        ('{"id": 1, "text": "A"}', "'answer' is missing"),
        ('{"text": "A", "answer": "no"}', "'id' is missing"),
        ('{"id": 1, "answer": "no"}', "either 'text' or 'problem'; got neither"),
        ('{"id": 1, "text": "A", "problem": {}, "answer": "no"}', "either 'text' or 'problem'; got both"),
        ('{"id": 1, "text": "A", "answer": "maybe"}', '\'answer\' is "maybe", wanted "yes", "no" or a number'),
        ('{"id": 1, "text": "A", "answer": true}', "'answer' is true, wanted"),
        ('{"id": 1, "text": "A", "answer": NaN}', "NaN is no JSON number"),
        ('{"id": 1, "text": "A", "answer": 1e999}', "'answer' is Infinity, wanted"),
        ('{"id": 1, "text": " ", "answer": "no"}', "'text' is \" \", wanted a text"),
        ('{"id": [1], "text": "A", "answer": "no"}', r"'id' is \[1\], wanted a text or a whole number"),
        ('{"id": 1, "text": "A", "answer": "no", "tolerence": 1}', "Did you mean 'tolerance'"),
        ('{"id": 1, "text": "A", "answer": "no", "tolerance": 1}', "'tolerance' goes with a number"),
        ('{"id": 1, "text": "A", "answer": 1, "tolerance": -1}', "'tolerance' is -1, wanted a number"),
        ('{"id": 1, "problem": {"queries": []}, "answer": 1}', "the Problem cannot be meant"),
        ('{"question": "Q", "given_info": "G", "answer": 1}', '\'answer\' is 1, wanted "yes" or "no"'),
        ('{"question": "Q", "given_info": 3, "answer": "no"}', "'given_info' is 3, wanted a text"),
        ("[" * 100_000, "(nested too deep|not JSON)"),
    ],
)
def test_an_unreadable_line_is_named_before_anything_runs(tmp_path, monkeypatch, line, words):
    monkeypatch.setattr(_run, "_answered", lambda item: pytest.fail("an item was run"))
    path = written(tmp_path / "items.jsonl", published(1))
    path.write_text(path.read_text() + "\n" + line + "\n")
    with pytest.raises(BenchError, match=rf"items\.jsonl, line 3: .*{words}"):
        bench(path)


def test_an_unreadable_item_of_an_array_is_numbered(tmp_path):
    path = tmp_path / "array.json"
    path.write_text(json.dumps([published(1), {"id": 1}]))
    with pytest.raises(BenchError, match=r"array\.json, item 2: "):
        bench(path)
    path.write_text('[\n{"id": 1},\n{]')
    with pytest.raises(BenchError, match=r"array\.json, line 3: this is not JSON"):
        bench(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(BenchError, match=r"nowhere\.jsonl cannot be read: No such file"):
        bench(tmp_path / "nowhere.jsonl")
    with pytest.raises(BenchError, match="cannot be read: Is a directory"):
        bench(tmp_path)
    latin = tmp_path / "latin.jsonl"
    latin.write_bytes(b"\n\xe9\n")
    with pytest.raises(BenchError, match="line 2: this is not UTF-8 text"):
        bench(latin)
    empty = tmp_path / "empty.jsonl"
    empty.write_text("\n")
    with pytest.raises(BenchError, match="There is no item in"):
        bench(empty)
    with pytest.raises(BenchError, match="There is no file"):
        bench()


# --- the output


def test_the_output_has_one_line_for_each_item(tmp_path):
    items = written(tmp_path / "items.jsonl", published(1), published(2, answer="no"))
    bench(items, out=tmp_path / "out.jsonl")
    first, second = lines(tmp_path / "out.jsonl")
    assert (first["id"], first["type"], first["expected"], first["reply"]) == (1, "basic", "yes", "yes")
    assert (first["finding"], first["correct"], first["answered"], first["reason"]) == ("exact", True, True, "")
    assert first["seconds"] > 0
    assert first["words"].startswith("Yes.")
    assert not second["correct"]
    assert "the label says no" in second["reason"]


def counted(monkeypatch) -> list[str | int]:
    """The ids of the items that are run from now on."""
    ran: list[str | int] = []
    real = _run._answered
    monkeypatch.setattr(_run, "_answered", lambda item: ran.append(item.id) or real(item))
    return ran


ITEMS = [
    published(1),
    published(2, answer="no"),
    published(1),
    published(3, info=RULES.replace(" not", ""), answer="no"),
]


def test_every_place_where_a_run_can_be_cut_off_is_resumed(tmp_path, monkeypatch):
    items = written(tmp_path / "items.jsonl", *ITEMS)
    whole = bench(items, out=tmp_path / "whole.jsonl")
    content = (tmp_path / "whole.jsonl").read_bytes()
    ends = [i + 1 for i, byte in enumerate(content) if byte == ord("\n")]
    assert len(ends) == 4
    for cut in sorted({0, 1, 5, 9, 40, *ends, *(end - 1 for end in ends), *(end + 12 for end in ends[:-1])}):
        out = tmp_path / "cut.jsonl"
        out.write_bytes(content[:cut])
        with monkeypatch.context() as patch:
            ran = counted(patch)
            again = bench(items, out=out)
        assert len(ran) == 4 - sum(end <= cut for end in ends), cut
        assert sorted(line["key"] for line in lines(out)) == sorted(
            line["key"] for line in lines(tmp_path / "whole.jsonl")
        )
        assert (again.n, again.correct, again.interval) == (whole.n, whole.correct, whole.interval)


def test_a_run_stopped_by_the_user_leaves_a_file_to_resume(tmp_path, monkeypatch, capsys):
    items, out = written(tmp_path / "items.jsonl", *ITEMS), tmp_path / "out.jsonl"
    real = _run._answered

    def stops(item):
        if item.id == 3:
            raise KeyboardInterrupt
        return real(item)

    with monkeypatch.context() as patch:
        patch.setattr(_run, "_answered", stops)
        with pytest.raises(KeyboardInterrupt):
            run_bench([items], out=out)
    assert len(lines(out)) == 3
    assert "3/4 items" in capsys.readouterr().err
    ran = counted(monkeypatch)
    assert run_bench([items], out=out).n == 4
    assert ran == [3]
    assert "3 of 4 items are in the output already" in capsys.readouterr().err


def test_the_place_and_the_file_of_an_item_do_not_matter(tmp_path, monkeypatch):
    out = tmp_path / "out.jsonl"
    bench(written(tmp_path / "items.jsonl", *ITEMS), out=out)
    ran = counted(monkeypatch)
    parts = [written(tmp_path / f"part{i}.jsonl", entry) for i, entry in enumerate(reversed(ITEMS))]
    assert bench(*parts, out=out).n == 4
    assert ran == []
    assert len(lines(out)) == 4


def test_a_limited_run_goes_on_without_the_limit(tmp_path, monkeypatch):
    items, out = written(tmp_path / "items.jsonl", *ITEMS), tmp_path / "out.jsonl"
    bench(items, out=out, limit=2)
    ran = counted(monkeypatch)
    assert bench(items, out=out).n == 4
    assert len(ran) == 2
    assert bench(items, out=out, limit=1).n == 1
    assert len(ran) == 2


@pytest.mark.parametrize(
    "content",
    [
        "my notes\n",
        "no line end",
        '{"key": 3}\n',
        json.dumps(published(1)) + "\n",
        "[1, 2]\n",
        "\n",
        '{"keys',
        "\x00\n",
    ],
)
def test_a_file_that_is_not_ours_is_left_as_it_was(tmp_path, content):
    items, out = written(tmp_path / "items.jsonl", published(1)), tmp_path / "out.jsonl"
    out.write_text(content)
    with pytest.raises(BenchError, match=r"out\.jsonl, line 1 is no line that bench wrote\. Nothing was changed"):
        bench(items, out=out)
    assert out.read_text() == content


def test_the_output_of_other_items_is_left_as_it_was(tmp_path):
    out = tmp_path / "out.jsonl"
    bench(written(tmp_path / "items.jsonl", published(1)), out=out)
    before = out.read_bytes()
    other = written(tmp_path / "other.jsonl", published(1, answer="no"))
    with pytest.raises(BenchError, match="belongs to an item that is not in the files given"):
        bench(other, out=out)
    assert out.read_bytes() == before


def test_an_output_that_cannot_be_written_stops_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(_run, "_answered", lambda item: pytest.fail("an item was run"))
    items = written(tmp_path / "items.jsonl", published(1))
    with pytest.raises(BenchError, match="cannot be written: No such file or directory"):
        bench(items, out=tmp_path / "nowhere" / "out.jsonl")
    with pytest.raises(BenchError, match="cannot be written: Is a directory"):
        bench(items, out=tmp_path)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_is_one_clear_error(tmp_path):
    items = written(tmp_path / "items.jsonl", published(1))
    with pytest.raises(BenchError, match=f"/dev/full cannot be written: {os.strerror(errno.ENOSPC)}"):
        bench(items, out="/dev/full")


def test_progress_off_a_terminal_is_plain_lines(tmp_path, capsys):
    items = written(tmp_path / "items.jsonl", published(1), published(2, answer="no"))
    run_bench([items])
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("2/2 items, 50.0% right, ")
    assert "\r" not in err
    run_bench([items], progress=False)
    assert capsys.readouterr().err == ""
