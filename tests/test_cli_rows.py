"""`twinworld query --rows`: files in, files out, in chunks; whole or not at all; resumed after an interrupt."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import scm
from llm_bridge import cli
from scm import Bernoulli, Model, Unknown, Variable

ROOT = Path(__file__).resolve().parent.parent
SQUAD = Model(
    Variable("order", noise=Bernoulli(0.6)),
    Variable("a", equation="order or u_nervous", noise={"u_nervous": Bernoulli(0.1)}),
    Variable("dead, alas", ("no", "yes"), equation="'yes' if a or order else 'no'"),
)
QUERY = "P(\"dead, alas\"[a=?x]='no')"
HEADER = 'id,x,"dead, alas",order\n'


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    Path("m.json").write_text(SQUAD.to_json())
    return tmp_path


def table(count: int, seed: int = 1) -> str:
    """Rows with impossible evidence, empty cells and every way to write a truth value among them."""
    rng = np.random.default_rng(seed)
    truth = np.array(["False", "true", "1", "0", "TRUE"])[rng.integers(0, 5, count)]
    dead = np.array(["no", "yes", "", "1"])[rng.integers(0, 4, count)]
    order = np.array(["False", "1", "0.0", ""])[rng.integers(0, 4, count)]
    rows = zip(range(count), truth, dead, order, strict=True)
    return HEADER + "".join(f"u{i},{x},{d},{o}\n" for i, x, d, o in rows)


def query(*arguments: str, text: str = QUERY, model: str = "m.json") -> int:
    return cli.main(["query", model, text, *arguments])


def run(rows: str | bytes, *arguments: str, name: str = "r.csv", out: str = "o.csv", **options: str) -> int:
    Path(name).write_bytes(rows if isinstance(rows, bytes) else rows.encode())
    return query("--rows", name, "--out", out, *arguments, **options)


def records(path: str) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def fault(capsys: pytest.CaptureFixture[str], status: int, wanted: int = 2) -> str:
    out, err = capsys.readouterr()
    assert (status, out) == (wanted, ""), err
    assert not Path("o.csv").exists()
    return err


# ---------------------------------------------------------------------------------------------------------------------
# What comes out


def test_every_row_with_its_answer_beside_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(table(40), "--ignore", "id") == 0
    out, err = capsys.readouterr()
    found = records("o.csv")
    counts = Counter(row["status"] for row in found)
    assert counts.keys() == {"ok", "undefined"}
    assert out == f"40 rows ({', '.join(f'{n} {status}' for status, n in counts.items())}) are in o.csv.\n"
    assert err == ""
    assert sorted(os.listdir(here)) == ["m.json", "o.csv", "r.csv"]
    before = table(40).splitlines()
    after = Path("o.csv").read_text().splitlines()
    assert after[0] == before[0] + ",value,status"
    read = {"": None, "no": "no", "yes": "yes", "1": "yes"}
    truth = {"False": False, "0": False, "0.0": False, "true": True, "1": True, "TRUE": True}
    for line, row, result in zip(before[1:], found, after[1:], strict=True):
        assert result.startswith(line + ",")
        facts = [f"order={truth[row['order']]}"] if row["order"] else []
        facts += [f"\"dead, alas\"='{read[row['dead, alas']]}'"] if row["dead, alas"] else []
        given = f" | {', '.join(facts)}" if facts else ""
        alone = scm.ask(SQUAD, f"P(\"dead, alas\"[a={truth[row['x']]}]='no'{given})")
        assert row["status"] == alone.status[0]
        assert (float(row["value"]) if row["value"] else None) == alone.value


@pytest.mark.parametrize("chunk", ["1", "7", "39", "40", "41"])
def test_the_chunk_changes_nothing(here: Path, chunk: str) -> None:
    assert run(table(40), "--ignore", "id") == 0
    assert query("--rows", "r.csv", "--out", "c.csv", "--ignore", "id", "--chunk", chunk) == 0
    assert Path("c.csv").read_bytes() == Path("o.csv").read_bytes()


def test_set_and_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("order\nTrue\nFalse\n", "--set", "x=True", "--json") == 0
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == ({"out": "o.csv", "rows": 2, "status": {"ok": 2}}, "")


def test_how_a_file_may_be_written(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A byte order mark, CRLF, quotes, commas, line ends and blank lines inside, numerals as labels."""
    model = Model(Variable("size, in feet", ("10", "9", 'a "long" one\r\nor two'), table=(0.5, 0.25, 0.25)))
    Path("n.json").write_text(model.to_json())
    rows = '\ufeff\r\nname, "size, in feet"\r\n"x, ""y""",10\r\n\r\n"1\r\n2","a ""long"" one\r\nor two"\r\n,9\r\n'
    rows = rows.replace(', "size', ',"size')
    for chunk in ("1", "2", "3", "100"):
        assert run(rows, "--ignore", "name", "--chunk", chunk, text="P(\"size, in feet\"='10')", model="n.json") == 0
        assert Path("o.csv").read_bytes().decode() == (
            'name,"size, in feet",value,status\r\n"x, ""y""",10,1.0,ok\r\n'
            '"1\r\n2","a ""long"" one\r\nor two",0.0,ok\r\n,9,0.0,ok\r\n'
        )
    assert capsys.readouterr().err == ""


def test_columns_of_the_same_name(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ignored = ("--ignore", "value", "--ignore", "answer_status")
    assert run("order,value,answer_status\nTrue,1,2\n", *ignored, text="P(a=True)") == 0
    names = "order,value,answer_status,answer_answer_value,answer_answer_status"
    assert Path("o.csv").read_text() == f"{names}\nTrue,1,2,1.0,ok\n"
    assert run("order,value,answer_status\nTrue,1,2\n", *ignored, text="P(a)") == 0
    assert Path("o.csv").read_text().startswith("order,value,answer_status,P(a=False),P(a=True),status\n")
    capsys.readouterr()
    assert run("order,value\nTrue,1\n", "--ignore", "value", text="P(a=True)") == 0
    assert Path("o.csv").read_text() == "order,value,answer_value,answer_status\nTrue,1,1.0,ok\n"
    assert "the rows have columns named as results are; those are named answer_value" in capsys.readouterr().err


def test_a_header_alone_gives_a_header_alone(here: Path) -> None:
    for rows in ("order", "order\n", "order\r\n\r\n"):
        assert run(rows, text="P(a=True)") == 0
        assert Path("o.csv").read_bytes().split() == [b"order,value,status"]


def test_values_in_one_chunk_and_bounds_in_another(here: Path) -> None:
    unsure = Model(
        Variable("A", noise=Unknown((False, True))),
        Variable("B", (0, 1), parents=("A",), table={False: (0.5, 0.5), True: (0.0, 1.0)}),
    )
    Path("u.json").write_text(unsure.to_json())
    for size in ("1", "3"):
        assert run("B\n0\n1\n0\n", "--chunk", size, text="P(A=False)", model="u.json") == 0
        assert Path("o.csv").read_text() == (
            "B,value,lower,upper,outer_lower,outer_upper,status\n"
            "0,1.0,1.0,1.0,1.0,1.0,ok\n1,,0.0,1.0,0.0,1.0,ok\n0,1.0,1.0,1.0,1.0,1.0,ok\n"
        )


# ---------------------------------------------------------------------------------------------------------------------
# Parquet


def arrow_table(count: int) -> pa.Table:
    rng = np.random.default_rng(2)
    dead = np.array(["no", "yes", None], dtype=object)[rng.integers(0, 3, count)]
    return pa.table(
        {
            "id": np.arange(count),
            "x": rng.integers(0, 2, count).astype(bool),
            "dead, alas": pa.array(dead, pa.string()).dictionary_encode(),
            "order": pa.array(rng.integers(0, 2, count), mask=rng.random(count) < 0.3),
        }
    )


@pytest.mark.parametrize("chunk", ["1", "10", "16", "100"])
def test_parquet(here: Path, chunk: str) -> None:
    rows = arrow_table(50)
    parquet.write_table(rows, "r.parquet", row_group_size=16)
    assert query("--rows", "r.parquet", "--out", "o.parquet", "--ignore", "id", "--chunk", chunk) == 0
    found = parquet.read_table("o.parquet")
    assert found.select(rows.column_names).equals(rows)
    answer = scm.ask(SQUAD, QUERY, rows=rows, ignored=["id"])
    assert found.select(["value", "status"]).equals(scm.results_frame(answer, rows))
    assert found["value"].null_count
    assert query("--rows", "r.parquet", "--out", "o.csv", "--ignore", "id", "--chunk", chunk) == 0
    assert [row["value"] for row in records("o.csv")] == [
        "" if v is None else repr(v) for v in found["value"].to_pylist()
    ]


def test_csv_to_parquet(here: Path) -> None:
    assert run(table(20), "--ignore", "id", "--chunk", "7", out="o.parquet") == 0
    assert run(table(20), "--ignore", "id") == 0
    found = parquet.read_table("o.parquet").to_pylist()
    texts = [{k: "" if v is None else repr(v) if isinstance(v, float) else v for k, v in row.items()} for row in found]
    assert texts == records("o.csv")


def test_parquet_without_rows(here: Path) -> None:
    parquet.write_table(arrow_table(0), "r.parquet")
    assert query("--rows", "r.parquet", "--out", "o.parquet", "--ignore", "id") == 0
    assert parquet.read_table("o.parquet").column_names == ["id", "x", "dead, alas", "order", "value", "status"]


def test_a_damaged_parquet_file(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parquet.write_table(arrow_table(5000), "r.parquet", row_group_size=1000, compression="none")
    whole = Path("r.parquet").read_bytes()
    for data in (whole[: len(whole) // 2], whole[:-1], b"", b"id,x\n"):
        status = run(data, "--ignore", "id", name="r.parquet")
        assert "r.parquet is no whole Parquet file: it has been cut off or damaged" in fault(capsys, status)
    broken = whole[:20000] + bytes(20000) + whole[40000:]
    status = run(broken, "--ignore", "id", "--chunk", "500", name="r.parquet")
    assert "r.parquet is damaged: " in fault(capsys, status)
    assert not Path("o.csv.part").exists()


def test_a_bad_row_of_a_parquet_file_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parquet.write_table(pa.table({"order": [0, 1, 0, 7, 1]}), "r.parquet")
    status = query("--rows", "r.parquet", "--out", "o.csv", "--chunk", "2", text="P(a=True)")
    assert "r.parquet, row 4, column 'order': 7 is not a state of 'order'" in fault(capsys, status)


# ---------------------------------------------------------------------------------------------------------------------
# Bad input

GOOD = "True,no,1\n"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("", "r.csv is empty; a first line with the names of the columns is wanted"),
        ("\n\n", "r.csv is empty"),
        ("a;b\nTrue;1\n", "r.csv has one column, 'a;b'; cells are to be separated by commas"),
        ("order,order\n", "more than one column named 'order'"),
        ("ordre\nTrue\n", "Did you mean 'order'?"),
        ("order,id\nTrue,1\n", "a column 'id' that the query does not use and that is no variable of the model"),
        ("order\nTrue\nyes\n", "r.csv, line 3, column 'order': 'yes' is not a state of 'order'; its states are False"),
        ("order\n\nTrue\n\nyes\n", "r.csv, line 5, column 'order': 'yes'"),
        ("order\nNA\n", "Leave the cell empty where nothing was observed"),
        (
            "order,a\nTrue,1\nTru",
            "line 3 has 1 cells, but the first line names 2 columns. It is the last line: the file",
        ),
        ("order,a\nTrue,1\nTrue\nTrue,1\n", "line 3 has 1 cells, but the first line names 2 columns.\n"),
        ("order,a\nTrue,1\nTrue,1,0\n", "line 3 has 3 cells"),
        ('order,a\nTrue,1\nTrue,"1', "line 3: a quoted cell does not end. The file seems to have been cut off"),
        ('order\n"Tr"ue\n', "line 2 cannot be read as CSV"),
        (b"order\nTrue\nFals\xe9\n", "line 3 is not UTF-8 text: byte 0xe9. Save it as UTF-8"),
        (b"order\nTrue\rFalse\n", "cannot be read as CSV"),
        ("order\nTrue\n" + "x" * 17_000_000, "line 3 is longer than 16,000,000 bytes"),
    ],
)
def test_files_that_do_not_fit(here: Path, capsys: pytest.CaptureFixture[str], rows: Any, words: str) -> None:
    assert words in fault(capsys, run(rows, "--chunk", "1", text="P(a=True)"))
    assert not Path("o.csv.part").exists()


def test_a_last_line_without_its_end_is_remarked(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("order\nTrue\nFalse", text="P(a=True)") == 0
    assert "the last line of r.csv has no line end. If it was cut off, its last row is wrong" in capsys.readouterr().err


def test_an_empty_cell_for_an_intervention_names_its_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run("x\nTrue\nFalse\n\nTrue\n,\n".replace(",", '""'), "--chunk", "2")
    assert "r.csv, line 6, column 'x': the cell is empty, but ?x is imposed by an intervention" in fault(capsys, status)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--rows", "r.csv"], "--rows needs --out FILE"),
        (["--out", "o.csv"], "--out, --ignore and --chunk go with --rows FILE"),
        (["--rows", "r.csv", "--out", "o.csv", "--explain"], "--explain and --derivation are for one question"),
        (["--rows", "r.csv", "--out", "o.txt"], "--out o.txt: the name must end in .csv or .parquet"),
        (["--rows", "r.tsv", "--out", "o.csv"], "--rows r.tsv: the name must end in .csv or .parquet"),
        (["--rows", "n.csv", "--out", "o.csv"], "--rows n.csv: the file is not there"),
        (["--rows", "d.csv", "--out", "o.csv"], "--rows d.csv: the file is a folder"),
        (["--rows", "r.csv", "--out", "none/o.csv"], "there is no folder none"),
        (["--rows", "r.csv", "--out", "./r.csv"], "--out ./r.csv is the file the rows come from"),
        (["--rows", "r.csv", "--out", "o.csv", "--ignore", "nam"], "There is no column 'nam' to ignore"),
        (["--rows", "r.csv", "--out", "o.csv", "--ignore", "order"], "No column of r.csv means anything"),
        (["--rows", "r.csv", "--out", "o.csv", "--set", "x=1"], "The query leaves nothing open"),
    ],
)
def test_misuse(here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    Path("r.csv").write_text("order\nTrue\n")
    Path("d.csv").mkdir()
    err = fault(capsys, query(*arguments, text="P(a=True)"))
    assert words in err
    assert Path("r.csv").read_text() == "order\nTrue\n"


def test_a_refused_question(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare = Model(
        Variable("A", noise=Bernoulli(0.5)), Variable("B", parents=("A",), table={False: (0.5, 0.5), True: (0.2, 0.8)})
    )
    Path("b.json").write_text(bare.to_json())
    status = run("A\nTrue\n", "--budget", "0.000001us", text="P(B=True)", model="b.json")
    assert "no method can work out P(B = True)." in fault(capsys, status, 3)
    assert not Path("o.csv.part").exists()
    assert run("A\nTrue\n", text="P(B[A=False]=True, B[A=True]=True)", model="b.json") == 0
    assert "lower" in Path("o.csv").read_text()
    grant = ("--assume", "rank_preserving")
    assert run("A\nTrue\n", *grant, text="P(B[A=False]=True, B[A=True]=True)", model="b.json") == 0


# ---------------------------------------------------------------------------------------------------------------------
# Interrupts

MANY = 600


def interrupted(name: str, out: str, stop: int = signal.SIGINT) -> subprocess.CompletedProcess[str]:
    """The command stopped in the middle, once some chunks are finished."""
    # A shell that runs the tests in the background makes its children deaf to interrupts.
    listening = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    main = "from llm_bridge import cli; sys.exit(cli.main(sys.argv[1:]))"
    command = [sys.executable, "-c", listening + main, "query", "m.json", QUERY]
    command += ["--rows", name, "--out", out, "--ignore", "id", "--chunk", "10"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not Path(f"{out}.part", "part-0000003.npz").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(stop)
    said, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(command, process.returncode, said, err)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_an_interrupted_run_goes_on_where_it_was(here: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    name = f"r.{kind}"
    if kind == "csv":
        Path(name).write_text(table(MANY))
    else:
        parquet.write_table(arrow_table(MANY), name, row_group_size=64)
    options = ("--ignore", "id", "--chunk", "10")
    assert query("--rows", name, "--out", f"whole.{kind}", *options) == 0
    capsys.readouterr()

    stopped = interrupted(name, f"o.{kind}")
    assert (stopped.returncode, stopped.stdout) == (130, "")
    assert "twinworld: interrupted; " in stopped.stderr
    assert f" rows are done and kept in o.{kind}.part. The same command goes on from there." in stopped.stderr
    assert not Path(f"o.{kind}").exists()
    kept = sorted(Path(f"o.{kind}.part").glob("part-*.npz"))
    assert 4 <= len(kept) < MANY // 10
    first = [path.stat().st_mtime_ns for path in kept]
    kept[-1].write_bytes(kept[-1].read_bytes()[:-40])  # as after a crash

    assert query("--rows", name, "--out", f"o.{kind}", *options, "--seed", "1") == 2
    err = capsys.readouterr().err
    assert f"o.{kind}.part holds finished chunks of another run; it differs in seed. Remove the folder" in err
    assert [path.stat().st_mtime_ns for path in kept[:-1]] == first[:-1]

    assert query("--rows", name, "--out", f"o.{kind}", *options) == 0
    assert f"{10 * (len(kept) - 1):,} rows are done already and are kept." in capsys.readouterr().err
    assert Path(f"o.{kind}").read_bytes() == Path(f"whole.{kind}").read_bytes()
    assert not Path(f"o.{kind}.part").exists()


def test_a_killed_run_goes_on_and_others_are_not_mixed_in(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("r.csv").write_text(table(MANY))
    options = ("--ignore", "id", "--chunk", "10", "--no-progress")
    assert query("--rows", "r.csv", "--out", "whole.csv", *options) == 0
    Path("o.csv").write_text("of old")
    assert interrupted("r.csv", "o.csv", signal.SIGKILL).returncode == -signal.SIGKILL
    assert Path("o.csv").read_text() == "of old"
    capsys.readouterr()
    for arguments, differs in [
        ((QUERY, "--chunk", "10", "--assume", "rank_preserving"), "assume"),
        (("P(a=?x)", "--chunk", "10"), "query"),
        ((QUERY, "--chunk", "11"), "chunk"),
    ]:
        assert cli.main(["query", "m.json", *arguments, "--rows", "r.csv", "--out", "o.csv", "--ignore", "id"]) == 2
        assert f"it differs in {differs}" in capsys.readouterr().err
    Path("s.csv").write_text(table(MANY, seed=2))
    assert query("--rows", "s.csv", "--out", "o.csv", *options) == 2
    assert "it differs in rows." in capsys.readouterr().err
    assert query("--rows", "r.csv", "--out", "o.csv", *options) == 0
    assert Path("o.csv").read_bytes() == Path("whole.csv").read_bytes()
    Path("y.csv.part").touch()
    assert query("--rows", "r.csv", "--out", "y.csv", *options) == 2
    assert "y.csv.part is in the way" in capsys.readouterr().err
    Path("x.csv.part").mkdir()
    Path("x.csv.part", "mine").touch()
    assert query("--rows", "r.csv", "--out", "x.csv", *options) == 2
    assert "x.csv.part is in the way" in capsys.readouterr().err
    assert Path("x.csv.part", "mine").exists()
