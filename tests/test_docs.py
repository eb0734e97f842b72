"""The Python of README and docs runs as it is printed, on small files of the names it uses."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark.cli.main import main
from mintmark.data.images import encoded
from mintmark.release.policy import shipped

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
ROWS = 600


@pytest.fixture(scope="module")
def tables():
    """Small tables by the file name that the pages give them."""
    adult = mm.read(ROOT / "src/mintmark/examples/adult.parquet").table.slice(0, ROWS)
    rng = np.random.default_rng(0)
    spent = rng.gamma(2.0, 40.0, ROWS).round(2)
    customers = pa.table(
        {"age": rng.integers(18, 90, ROWS), "spent": spent, "churn": np.where(spent > 90, "yes", "no")}
    )
    visits = pa.table(
        {
            "patient": rng.integers(0, 150, ROWS),
            "ward": rng.integers(1, 6, ROWS),
            "cost": spent + 0.5,
        }
    )
    telco = customers.rename_columns(["tenure", "MonthlyCharges", "Churn"])
    return {
        "adult.parquet": adult, "customers.csv": customers, "visits.csv": visits, "telco.parquet": telco
    }  # fmt: skip


@pytest.fixture
def here(tmp_path, monkeypatch, tables):
    """A folder that holds the files and keys the pages speak of."""
    for name, table in tables.items():
        mm.read(table).write(tmp_path / name)
    text = "kunde;umsatz;ort\n" + "".join(f"{i};{i % 37},{i % 9};Köln\n" for i in range(50))
    (tmp_path / "umsatz.csv").write_text(text, encoding="latin-1")
    monkeypatch.chdir(tmp_path)
    assert main(["keygen", "--out", "keys"]) == 0
    return tmp_path


def blocks(page: str) -> list[str]:
    return BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", ["README.md", "docs/index.md"])
def test_the_first_example_ends_in_a_certificate(here, capsys, page):
    (code,) = blocks(page)
    names = {}
    exec(compile(code.replace("10_000", "600"), page, "exec"), names)
    assert names["synthetic"].names == names["real"].names
    assert "Fidelity" in capsys.readouterr().out
    assert mm.verify(here / "release", here / "keys/public.pem").ok


def test_how_to(here):
    correct, german, some, chosen, outlook, many = blocks("docs/how-to.md")
    names = {"mm": mm}
    exec(correct, names)
    assert names["real"].schema.with_role("group") == ["patient"]
    assert names["real"].schema["ward"].kind == "category"
    assert eval(german, names).schema["umsatz"].kind == "number"
    names["model"] = mm.synthesizer("sequential_trees").fit(mm.read("adult.parquet", target="income"), seed=0)
    assert set(eval(some, names).table["income"].to_pylist()) == {">50K"}
    exec(chosen, names)
    assert names["even"].table["income"].to_pylist().count(">50K") == 500
    assert names["fair"].provenance["balance"]["columns"] == ["income", "sex"]
    names["real"] = mm.read("customers.csv", target="churn")
    exec(outlook, names)
    assert names["outlook"].fits == 12
    exec(many, names)
    assert mm.read("rows.parquet").table.equals(names["model"].sample(20_000, seed=1).table)


def test_recipes(here):
    (code,) = blocks("docs/recipes.md")
    names = {}
    exec(code, names)
    assert names["certificate"] is not None
    assert (here / "run" / "release" / "certificate.json").is_file()


def test_personal(capsys):
    (code,) = blocks("docs/personal.md")
    exec(code, {})
    assert capsys.readouterr().out == "name\n"


def test_resampling(here):
    pytest.importorskip("imblearn")
    made, piped = blocks("docs/resampling.md")
    source = Path(mm.__file__).parent / "examples" / "telco_churn.parquet"
    (here / "telco_churn.parquet").write_bytes(source.read_bytes())
    names = {}
    exec(made, names)
    assert set(names["new"].table["Churn"].to_pylist()) == {"Yes"}
    assert len(names["both"]) == len(names["train"]) + 2_000
    exec(piped, names)
    numbers = names["train"].table.select(["tenure", "MonthlyCharges"]).to_pandas().to_numpy()
    fitted = names["model"].fit(numbers, names["train"].table["Churn"].to_pylist())
    assert set(fitted.predict(numbers)) == {"No", "Yes"}


def test_report(here):
    (code,) = blocks("docs/report.md")
    train, holdout = mm.read("customers.csv", target="churn").split(0.2, seed=0)
    synthetic = mm.synthesizer("independent").fit(train, seed=0).sample(480, seed=1)
    exec(code, {"mm": mm, "Path": Path, "train": train, "holdout": holdout, "synthetic": synthetic})
    assert (here / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_series(here):
    (code,) = blocks("docs/series.md")
    rng = np.random.default_rng(0)
    for name in ("readings.csv", "made.csv"):
        made = {"device": np.repeat(np.arange(60), 10), "hour": np.tile(np.arange(10), 60)}
        mm.read({**made, "value": rng.normal(size=600).round(3)}).write(here / name)
    names = {"mm": mm}
    exec(code, names)
    assert names["assessment"]["window_copies.excess"].estimate <= 0


def test_images(here, capsys):
    code, making = blocks("docs/images.md")
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (here / "pets" / name).mkdir(parents=True)
        drawn = encoded(rng.integers(0, 256, (10, 40, 50, 3), np.uint8))
        for at, content in enumerate(drawn.to_pylist()):
            (here / "pets" / name / f"{at}.png").write_bytes(content)
    names = {}
    exec(code, names)
    assert names["x"].shape == (16, 32, 32, 3)
    assert capsys.readouterr().out == "[40 50  3]\n"
    assert mm.read(here / "train.parquet").table.equals(names["train"].table)
    exec(making.replace("src/", f"{ROOT}/src/").replace("max_minutes=30", "max_minutes=0.1"), names)
    assert len(names["new"]) == 1_000
    assert set(names["sevens"].table["digit"].to_pylist()) == {"7"}


def test_relational(here):
    (code,) = blocks("docs/relational.md")
    rng = np.random.default_rng(0)
    for folder in ("shop", "made"):
        (here / folder).mkdir()
        mm.read({"id": np.arange(120), "age": rng.normal(size=120)}).write(here / folder / "customers.csv")
        orders = {"customer": rng.integers(120, size=300), "amount": rng.normal(size=300)}
        mm.read(orders).write(here / folder / "orders.csv")
    names = {"mm": mm}
    exec(code, names)
    assert names["assessment"]["referential_integrity"].estimate == 1


def test_compare(here, capsys):
    compared, front = blocks("docs/compare.md")
    names = {}
    exec(compared, names)
    shown = capsys.readouterr().out
    assert "half" in shown
    assert "Exact copies beyond chance" in shown
    again = {"metrics": ["tstr.gap", "membership.auc"], "target": "churn"}
    names["comparison"] = mm.compare(["independent", "gaussian_copula"], "customers.csv", **again)
    exec(front, names)
    assert 0 <= names["front"].hypervolume <= 1


def test_utility(here):
    declared, timed = blocks("docs/utility.md")
    names = {"mm": mm}
    exec(declared, names)
    assert names["real"].schema.with_role("sensitive") == ["race", "sex"]
    rng = np.random.default_rng(0)
    for name in ("train", "holdout", "synthetic"):
        days, status = rng.exponential(100, ROWS), rng.choice(["dead", "alive"], ROWS)
        names[name] = mm.read({"days": days, "status": status, "age": rng.integers(18, 90, ROWS)})
    exec(timed, names)
    assert names["found"]["survival.curve"].status == "ok"


def test_every_policy_that_ships_is_described_and_every_command_that_reads_a_table_named():
    page = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z-]+)` \| .* \| .* \|$", page, re.M)) >= set(shipped())
    commands = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    (options,) = (part for part in commands.split("\n\n") if part.startswith("`--target`"))
    assert {"init", "inspect", "fit", "assess", "compare"} <= set(re.findall(r"`(\w+)`", options))


def test_every_python_block_of_the_pages_is_run():
    run = {
        "README.md": 1, "docs/compare.md": 2, "docs/index.md": 1, "docs/how-to.md": 6, "docs/images.md": 2,
        "docs/personal.md": 1, "docs/recipes.md": 1, "docs/relational.md": 1, "docs/report.md": 1,
        "docs/resampling.md": 2, "docs/series.md": 1, "docs/utility.md": 2,
    }  # fmt: skip
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    found = {str(page.relative_to(ROOT)): len(blocks(str(page.relative_to(ROOT)))) for page in pages}
    assert {page: count for page, count in found.items() if count} == run
