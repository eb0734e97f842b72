"""How often the same real data was assessed: counted on one machine, shown in everything that leaves."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mintmark as mm
from mintmark.assess.assessment import Assessment
from mintmark.cli.main import main
from mintmark.run.ledger import counted, state


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    monkeypatch.setenv("MINTMARK_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def table(seed, rows=60):
    rng = np.random.default_rng(seed)
    return mm.read(
        pa.table({"a": rng.normal(size=rows), "c": rng.choice(["x", "y", None], rows), "n": np.arange(rows)})
    )


def number(real, holdout=None, sha256="s", seed=0):
    return counted(Assessment((), sha256=sha256, seed=seed), real, holdout).repeated


def test_other_releases_of_the_same_data_are_counted_and_the_same_one_again_is_not(ledger):
    real = table(0)
    assert [number(real, sha256=release) for release in "abac"] == [1, 2, 1, 3]
    assert number(real, sha256="a", seed=1) == 4
    assert number(table(1), sha256="a") == 1


def test_databases_are_counted_whatever_their_split(ledger):
    def real(seed):
        shops = mm.read(pa.table({"id": np.arange(30), "size": np.linspace(0, 1, 30)}))
        sales = mm.read(pa.table({"shop": np.arange(60) // 2, "n": table(seed).table["n"]}))
        return mm.Database({"shops": shops, "sales": sales}, {"sales.shop": "shops.id"})

    first, other = real(0).split(0.3, seed=0), real(0).split(0.5, seed=1)
    assert [number(*first, "a"), number(*other, "b"), number(real(0), None, "c")] == [1, 2, 3]
    some = real(0).split(0.3, seed=0)[0]
    assert number(some, None, "a") == 1


def test_order_and_split_of_the_real_rows_make_no_difference_and_a_value_does(ledger):
    real = table(0)
    mixed = real.take(np.random.default_rng(0).permutation(60))
    assert number(real[:40], real[40:], "a") == 1
    assert number(mixed[:30], mixed[30:], "b") == 2
    assert number(real, None, "c") == 3
    changed = real.table.set_column(1, "c", pa.array(["x", *real.table["c"].to_pylist()[1:-1], "z"]))
    assert number(mm.read(changed), None, "d") == 1
    assert number(real[:59], None, "e") == 1


def test_the_ledger_names_no_data_and_is_for_the_user_alone(ledger):
    number(table(0))
    first = (ledger / "assessments.jsonl").read_text()
    assert set(json.loads(first)) == {"real", "assessment"}
    for path, mode in (
        (ledger, 0o700),
        (ledger / "ledger.key", 0o600),
        (ledger / "assessments.jsonl", 0o600),
    ):
        assert stat.S_IMODE(path.stat().st_mode) == mode
    # another key, another digest: who has no key cannot hold guesses against it
    (ledger / "ledger.key").unlink()
    (ledger / "assessments.jsonl").unlink()
    number(table(0))
    assert (ledger / "assessments.jsonl").read_text() != first


def test_none_is_lost_where_several_write_at_once(ledger):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: number(table(0), sha256=str(i)), range(40)))
    assert len((ledger / "assessments.jsonl").read_text().splitlines()) == 40
    assert number(table(0), sha256="last") == 41


def test_a_broken_line_costs_no_assessment_and_the_next_one_stands_by_itself(ledger, caplog):
    assert number(table(0), sha256="a") == 1
    with (ledger / "assessments.jsonl").open("ab") as file:
        file.write(b'{"real": 1}\n[]\n\xff\n{"real": "cut o')
    assert [number(table(0), sha256=release) for release in "abc"] == [1, 2, 3]
    assert "cannot be read are not counted: 4" in caplog.text


def test_a_key_is_whole_or_refused(ledger, caplog):
    number(table(0))
    assert [path.name for path in ledger.glob("*key*")] == ["ledger.key"]
    assert len((ledger / "ledger.key").read_bytes()) == 32
    for damaged in (b"", b"short"):
        (ledger / "ledger.key").write_bytes(damaged)
        assert number(table(0)) is None
        assert "ledger.key is damaged" in caplog.text


def test_where_the_ledger_lies(monkeypatch, tmp_path):
    assert state() is None  # tests count nothing
    assert number(table(0)) is None
    monkeypatch.delenv("MINTMARK_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state() == tmp_path / "mintmark"


def test_a_ledger_that_cannot_be_written_is_told_and_ends_nothing(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MINTMARK_STATE", str(tmp_path / "file"))
    assert number(table(0)) is None
    assert "not counted" in caplog.text


def test_the_python_call_writes_nothing(ledger):
    real = table(0)
    assert mm.assess(train=real, synthetic=real, metrics=[]).repeated is None
    assert not ledger.exists()


def test_the_number_stands_in_report_card_certificate_and_verification(ledger, tmp_path, capsys):
    pq.write_table(table(0).table, tmp_path / "real.parquet")
    assert main(["keygen", "--out", str(tmp_path / "keys")]) == 0
    for seed in (1, 2, 3):
        pq.write_table(table(seed).table, tmp_path / f"{seed}.parquet")
        tables = [tmp_path / "real.parquet", tmp_path / f"{seed}.parquet", "--metric", "column_shapes"]
        call = ["assess", *tables, "--policy", "internal", "--out", tmp_path / f"as{seed}"]
        assert main([str(part) for part in call]) == 0
    said = "3rd assessment of the same real data"
    assert said in capsys.readouterr().out
    assert json.loads((tmp_path / "as3" / "report.json").read_text())["repeated"] == 3
    assert said in (tmp_path / "as3" / "report.html").read_text()
    key = tmp_path / "keys" / "private.pem"
    assert main(["certify", str(tmp_path / "as3"), "--key", str(key), "--out", str(tmp_path / "out")]) == 3
    assert said in (tmp_path / "out" / "README.md").read_text()
    found = mm.verify(tmp_path / "out", tmp_path / "keys" / "public.pem")
    assert found.ok
    assert any(said in line for line in found.lines)
