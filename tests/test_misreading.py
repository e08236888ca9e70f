"""The table of what gets through when a model misreads: its outcomes against the engine, its shares by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import misreading
from benchmarks._misread_run import Arm, Record, Text, lettered, outcome, records_of, run
from benchmarks._misread_stages import STAGES, once
from benchmarks._misread_tables import HARDER, TARGET, report, rows, share
from llm_bridge import read, solve_problem
from llm_bridge._noisy import NoisyReader
from tests.test_noisy import COLLIDER, DIRECT, RULES, SHARES, TEXTS

SEEDS = 4
ITEMS = [Text("own", str(i), f"cluster {i}", text) for i, text in enumerate(TEXTS)]


@pytest.fixture(scope="module")
def records() -> list[Record]:
    found, left_out = run([*ITEMS, Text("own", "x", "x", "Hello.")], [Arm(0.0, 0.5), TARGET, HARDER], SEEDS, 1)
    assert [text.id for text in left_out] == ["x"]
    return found


def test_nothing_is_wrong_where_nothing_is_misread(records: list[Record]) -> None:
    sure = [record for record in records if record.arm.rate == 0]
    assert len(sure) == SEEDS * len(TEXTS)
    assert {record.outcomes[:4] for record in sure} == {("right",) * 4}
    assert "wrong" not in {record.outcomes[4] for record in sure}  # a false alarm of the comparison makes it abstain
    assert {record.kind for record in sure} == {None}


def test_the_first_stage_is_the_engine_on_the_first_try(records: list[Record]) -> None:
    misread = 0
    for record in records:
        if record.arm.harmful:
            continue
        text = TEXTS[int(record.id)]
        reader = NoisyReader(record.arm.rate, seed=record.seed, correlation=record.arm.correlation)
        said, right = solve_problem(reader.problem(text)).reply, solve_problem(read(text)).reply
        assert record.outcomes[0] == ("abstained" if said is None else "right" if said == right else "wrong")
        assert (record.kind is None) == (reader.misread(text) is None)
        misread += record.kind is not None
    assert misread > 2


def test_every_misreading_of_the_harder_setting_changes_the_answer(records: list[Record]) -> None:
    harder = [record for record in records if record.arm == HARDER]
    wrong = [record for record in harder if record.kind is not None]
    assert wrong
    assert {record.outcomes[0] for record in wrong} == {"wrong"}
    assert not any(record.harmless for record in wrong)
    assert {record.outcomes[0] for record in harder if record.kind is None} == {"right"}


def test_what_is_said_is_right_wrong_or_nothing() -> None:
    assert outcome("yes", "yes") == outcome(0.5, 0.5 + 1e-12) == "right"
    assert outcome("yes", "no") == outcome(0.5, 0.6) == outcome("yes", None) == outcome(0.5, "no") == "wrong"
    assert outcome(None, "yes") == outcome(None, None) == "abstained"


def test_no_name_of_the_text_is_shown() -> None:
    problem = read(RULES)
    assert lettered("Mell -> Orrin read as Orrin -> Mell", problem) == "V2 -> V4 read as V4 -> V2"
    assert lettered('P("Mell" = True) of Mellow', problem) == "P(V2 = True) of Mellow"


def test_shares_are_counted_by_hand_and_know_clusters() -> None:
    def made(cluster: str, *outcomes: str) -> list[Record]:
        return [
            Record("own", str(i), cluster, TARGET, 0, True, (one,) * len(STAGES))  # pyright: ignore[reportArgumentType]
            for i, one in enumerate(outcomes)
        ]

    mixed = [*made("a", "wrong", "right", "right", "abstained"), *made("b", "wrong", "right", "right", "right")]
    (first, *_) = rows(mixed)
    assert (first.wrong.hits, first.wrong.of, first.abstained.hits, first.beyond.hits) == (2, 8, 1, 1)
    assert str(first.wrong).startswith("25.0 (")
    assert first.wrong.low < 0.25 < first.wrong.high
    apart = share(
        [r for i in range(20) for r in made(f"c{i}", "wrong" if i < 5 else "right")], lambda r: r.outcomes[0] == "wrong"
    )
    alike = share(
        [r for i in range(4) for r in made(f"c{i}", *["wrong" if i < 1 else "right"] * 5)],
        lambda r: r.outcomes[0] == "wrong",
    )
    assert apart.value == alike.value == 0.25
    assert alike.high - alike.low > apart.high - apart.low


def test_what_was_worked_out_is_remembered() -> None:
    asked: list[object] = []
    work = once(lambda problem: asked.append(problem) or len(asked))
    assert work(read(RULES)) == work(read(RULES)) == 1
    assert work(read(DIRECT)) == 2


# --- the command


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    items = [
        {"id": i, "text": text, "answer": "yes"} for i, text in enumerate([RULES, SHARES, DIRECT, COLLIDER, "Hello."])
    ]
    (folder / "own.jsonl").write_text("\n".join(map(json.dumps, items)))
    return folder


def test_the_command_prints_the_tables_and_writes_the_rest(
    suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "all.json"
    options = ["--data", str(suite), "--rates", "0", "20", "--seeds", "1", "--workers", "1", "--out", str(out)]
    assert misreading.main(options) == 0
    printed = capsys.readouterr().out
    assert "4 of own" in printed
    assert "the offline reader cannot read them: 1 of own." in printed
    assert str(tmp_path) not in printed
    for title in (
        "## By the share",
        "### Targets",
        "## By suite",
        "## By kind",
        "## By the noise",
        "## What still gets through",
    ):
        assert title in printed
    data = json.loads(out.read_text())
    assert len(data["records"]) == 6 * 4  # settings, texts
    assert [row["stage"] for row in data["settings"][0]["rows"]] == list(STAGES)
    for name in ("Dravo", "watering", "mildew"):  # no word of a text leaves
        assert name not in printed
        assert name not in out.read_text()
    before = out.read_text()
    assert misreading.main(options) == 0
    assert out.read_text() == before
    assert list(tmp_path.glob("*.part")) == []


def test_the_command_says_where_the_data_should_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert misreading.main(["--data", str(tmp_path)]) == 1
    assert "Say with --data where they are" in capsys.readouterr().err
    (tmp_path / "bad.jsonl").write_text("{")
    assert misreading.main(["--data", str(tmp_path)]) == 1
    assert "this is not JSON" in capsys.readouterr().err


def test_a_report_of_a_single_rate(records: list[Record]) -> None:
    assert "## By kind" not in report([record for record in records if record.arm.rate == 0])
    assert records_of(ITEMS[0], [], 1) == []
