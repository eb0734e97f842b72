"""Chosen shares and parity: exact counts, and nothing else of the rows changed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import ks_2samp

import mintmark as mm
from mintmark.cli._show import shares_of
from mintmark.cli.main import main
from mintmark.data.balance import apportioned, law_in_words
from mintmark.errors import InputError, RejectedError
from mintmark.run.run import run

ADULT = Path(mm.__file__).parent / "examples" / "adult.parquet"
EVEN = {"income": {">50K": 0.5, "<=50K": 0.5}}


@pytest.fixture(scope="module")
def adult():
    return mm.read(ADULT, target="income")


@pytest.fixture(scope="module")
def trees(adult):
    return mm.synthesizer("sequential_trees").fit(adult[:6_000], seed=0)


def column(made, name):
    return made.table[name].to_pylist()


# -- shares ------------------------------------------------------------------------------------


def test_shares_are_exact_to_a_row_and_the_rows_are_mixed(trees):
    made = trees.sample(1_001, seed=1, shares=EVEN)
    assert Counter(column(made, "income")) == {">50K": 501, "<=50K": 500}
    assert 150 < column(made, "income")[:501].count(">50K") < 350
    assert len(made) == 1_001


def test_values_that_are_not_named_keep_their_proportions(trees):
    wished = {"workclass": {"Private": 0.1, None: 0.25, "Local-gov": 0}}
    made, free = trees.sample(4_000, seed=1, shares=wished), trees.sample(20_000, seed=2)
    found, own = Counter(column(made, "workclass")), Counter(column(free, "workclass"))
    assert (found["Private"], found[None], found["Local-gov"]) == (400, 1_000, 0)
    rest = [value for value in own if value not in wished["workclass"]]
    for value in rest:
        share = own[value] / sum(own[other] for other in rest)
        assert found[value] / 2_600 == pytest.approx(share, abs=0.04)


def test_a_boolean_and_a_category_of_numbers_have_shares(adult):
    rng = np.random.default_rng(0)
    table = {"flag": rng.random(500) < 0.9, "code": rng.integers(1, 4, 500), "x": rng.normal(size=500)}
    model = mm.synthesizer("independent").fit(mm.read(table, kinds={"code": "category"}), seed=0)
    assert column(model.sample(200, seed=0, shares={"flag": {False: 0.75}}), "flag").count(False) == 150
    assert column(model.sample(200, seed=0, shares={"code": {2: 0.8}}), "code").count(2) == 160


def test_within_a_class_every_column_has_the_law_of_the_model(trees):
    made, free = trees.sample(8_000, seed=1, shares=EVEN), trees.sample(30_000, seed=2)
    for label in (">50K", "<=50K"):
        some, own = (
            {n: np.array(column(data, n), dtype=object)[np.array(column(data, "income")) == label]
             for n in ("age", "sex")}
            for data in (made, free)
        )  # fmt: skip
        assert ks_2samp(some["age"].astype(float), own["age"].astype(float)).pvalue > 0.001
        assert (some["sex"] == "Male").mean() == pytest.approx((own["sex"] == "Male").mean(), abs=0.03)
    # and all together not: that is what was asked for
    assert ks_2samp(np.array(column(made, "age")), np.array(column(free, "age"))).pvalue < 1e-6


def test_provenance_tells_what_was_wished_and_what_it_costs(trees):
    told = trees.sample(1_000, seed=1, shares=EVEN).provenance["balance"]
    own = column(trees.sample(20_000, seed=9), "income").count(">50K") / 20_000
    first = told["cells"][0]
    assert (first["of"], first["rows"], first["wished"]) == ("income is >50K", 500, 0.5)
    assert first["model"] == pytest.approx(own, abs=0.015)
    assert told["moved"] == pytest.approx(0.5 - own, abs=0.015)
    assert "assess" in told["means"]
    assert trees.sample(1_000, seed=1).provenance.get("balance") is None


def test_the_acceptance_of_a_method_that_draws_again_is_told():
    rng = np.random.default_rng(0)
    table = {"c": rng.choice(["rare", "usual"], 2_000, p=[0.05, 0.95]), "x": rng.normal(size=2_000)}
    model = mm.synthesizer("independent").fit(mm.read(table), seed=0)
    rare, rest = model.sample(300, seed=1, shares={"c": {"rare": 0.5}}).provenance["balance"]["cells"]
    assert rare["accepted"] == pytest.approx(0.05, abs=0.02)
    assert rest["accepted"] == pytest.approx(0.95, abs=0.02)


def test_the_same_seed_gives_the_same_rows_however_blocks_are_worked_off(trees):
    def backwards(work, blocks):
        done = {b: work(b) for b in reversed(list(blocks))}
        return [done[b] for b in sorted(done)]

    n = 2 * trees.block + 100
    once = trees.sample(n, seed=3, shares=EVEN)
    assert once.table.equals(trees.sample(n, seed=3, shares=EVEN, map=backwards).table)
    (part,) = trees.sample_parts(n, seed=3, shares=EVEN)
    assert part.table.equals(once.table)
    assert not once.table.equals(trees.sample(n, seed=4, shares=EVEN).table)


def test_values_are_drawn_from_streams_of_their_own():
    rng = np.random.default_rng(0)
    table = {"t": rng.choice(["a", "b"], 2_000), "x": rng.normal(size=2_000)}
    model = mm.synthesizer("gaussian_copula").fit(mm.read(table, target="t"), seed=0)
    made = model.sample(400, seed=0, shares={"t": {"a": 0.5}})
    x, first = np.array(column(made, "x")), np.array(column(made, "t")) == "a"
    # from one stream, both values would get the same numbers
    assert np.abs(np.sort(x[first]) - np.sort(x[~first])).max() > 0.1


def test_a_rule_on_the_whole_table_leaves_the_shares_alone():
    rng = np.random.default_rng(0)
    table = {"c": rng.choice(["a", "b"], 2_000, p=[0.1, 0.9]), "x": rng.integers(0, 60, 2_000)}
    model = mm.synthesizer("independent").fit(mm.read(table, kinds={"x": "category"}), seed=0)
    model = model.constrain({"check": "unique", "columns": ["c", "x"]})
    made = model.sample(80, seed=1, shares={"c": {"a": 0.5}})
    assert Counter(column(made, "c")) == {"a": 40, "b": 40}
    assert len(set(zip(column(made, "c"), column(made, "x"), strict=True))) == 80


def test_parents_tell_of_the_same_rows(adult):
    data = adult[:1_000].select(["age", "hours-per-week", "income"])
    wanted = {">50K": 900, "<=50K": 900}
    model = mm.synthesizer("smote", sampling_strategy=wanted).fit(data, seed=0)
    made = model.sample(100, seed=2, shares={"income": {">50K": 0.3}})
    parents = model.parents(100, seed=2, shares={"income": {">50K": 0.3}})
    assert column(made, "income").count(">50K") == 30
    real = column(data, "income")
    assert [real[row] for row in parents["parent_a"].to_pylist()] == column(made, "income")


def test_keys_number_the_mixed_rows(adult):
    data = adult[:600].select(["age", "income"])
    table = data.table.append_column("id", pa.array(range(600)))
    model = mm.synthesizer("independent").fit(mm.read(table, roles={"id": "key"}, target="income"), seed=0)
    ids = column(model.sample(50, seed=0, shares=EVEN), "id")
    assert ids == sorted(ids)
    assert len(set(ids)) == 50


def test_what_moved_is_by_whole_rows():
    rng = np.random.default_rng(0)
    data = mm.read({"c": rng.choice(["a", "b"], 1_000), "x": rng.normal(size=1_000)})
    model = mm.synthesizer("independent").fit(data, seed=0)
    even = {"c": {"a": 0.5, "b": 0.5}}
    one, none = model.sample(1, seed=0, shares=even), model.sample(0, seed=0, shares=even)
    assert one.provenance["balance"]["moved"] == pytest.approx(0.5, abs=0.05)  # its one row is always an "a"
    assert none.provenance["balance"]["moved"] == pytest.approx(0, abs=0.05)


def test_a_share_of_any_precision_is_written(trees, tmp_path):
    made = trees.sample(20, seed=0, shares={"income": {">50K": np.float32(0.5)}})
    made.write(tmp_path / "made.parquet")
    assert mm.read(tmp_path / "made.parquet").provenance["balance"] == made.provenance["balance"]


def test_no_row_at_all_is_no_error(trees):
    assert len(trees.sample(0, seed=0, shares=EVEN)) == 0


def test_a_condition_on_other_columns_holds_as_well(trees):
    made = trees.sample(300, seed=0, where={"age": (18, 40)}, shares=EVEN)
    assert max(column(made, "age")) <= 40
    assert column(made, "income").count(">50K") == 150


@pytest.mark.parametrize(
    ("n", "weights", "counts"),
    [(10, [1, 1, 1], [4, 3, 3]), (7, [0.5, 0.25, 0.25], [3, 2, 2]), (3, [0.3, 0.3, 0.4], [1, 1, 1]),
     (10, [0.7, 0.3], [7, 3]), (0, [1], [0])],
)  # fmt: skip
def test_rows_are_dealt_by_largest_remainder(n, weights, counts):
    assert apportioned(n, weights).tolist() == counts


# -- parity ------------------------------------------------------------------------------------


def test_every_group_has_the_target_in_the_same_shares(trees):
    free, made = trees.sample(20_000, seed=2), trees.sample(3_000, seed=1, parity=["sex", "race"])
    overall = column(free, "income").count(">50K") / len(free)
    pairs = Counter(zip(column(made, "sex"), column(made, "race"), column(made, "income"), strict=True))
    groups = Counter(zip(column(made, "sex"), column(made, "race"), strict=True))
    assert len(groups) >= 6
    for group, rows in groups.items():
        assert pairs[*group, ">50K"] == pytest.approx(overall * rows, abs=0.5 + 0.015 * rows)
    own = Counter(zip(column(free, "sex"), column(free, "race"), strict=True))
    for group, rows in own.items():
        assert groups[group] / 3_000 == pytest.approx(rows / len(free), abs=0.015)


def test_one_group_column_may_be_named_alone(trees):
    made = trees.sample(1_000, seed=1, parity="sex")
    high = {
        g: [i for s, i in zip(column(made, "sex"), column(made, "income"), strict=True) if s == g]
        for g in ("Male", "Female")
    }
    shares = {g: labels.count(">50K") / len(labels) for g, labels in high.items()}
    assert shares["Male"] == pytest.approx(shares["Female"], abs=1 / 300)  # 0.31 and 0.11 in the data
    assert made.provenance["balance"]["columns"] == ["income", "sex"]
    assert 0.05 < made.provenance["balance"]["moved"] < 0.12


def test_missing_groups_are_a_group():
    rng = np.random.default_rng(0)
    group = rng.choice(np.array(["u", "v", None], dtype=object), 1_500)
    table = {
        "g": pa.array(group),
        "t": np.where(rng.random(1_500) < np.where(group == "u", 0.8, 0.2), "y", "n"),
    }
    model = mm.synthesizer("sequential_trees").fit(mm.read(table, target="t"), seed=0)
    made = model.sample(900, seed=1, parity="g")
    pairs = Counter(zip(column(made, "g"), column(made, "t"), strict=True))
    shares = [pairs[g, "y"] / (pairs[g, "y"] + pairs[g, "n"]) for g in ("u", "v", None)]
    assert max(shares) - min(shares) < 0.01


# -- refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"shares": {"incom": {">50K": 0.5}}}, "Did you mean 'income'"),
        (
            {"shares": {"income": {"50K": 0.5}}},
            r"shares\['income'\]: '50K' cannot occur. Did you mean '>50K'",
        ),
        ({"shares": {"income": {">50K": 0.5, "<=50K": 0.6}}}, "add up to 1.1, above 1"),
        ({"shares": {"income": {">50K": 0.5, "<=50K": 0.3}}}, "add up to 0.8 and name every value"),
        ({"shares": {"income": {">50K": -0.1}}}, "between 0 and 1, not -0.1"),
        ({"shares": {"income": {">50K": float("nan")}}}, "between 0 and 1, not nan"),
        ({"shares": {"income": {">50K": True}}}, "between 0 and 1, not True"),
        ({"shares": {"income": {None: 0.1}}}, "never missing"),
        ({"shares": {"income": {frozenset([">50K", "<=50K"]): 0.1}}}, "is several values"),
        ({"shares": {"income": 0.5}}, "give each value a share"),
        ({"shares": {"age": {30: 0.5}}}, "'age' is integer; shares are of categories"),
        ({"shares": {"income": {">50K": 0.5}, "sex": {"Male": 0.5}}}, "name one column"),
        ({"shares": EVEN, "where": {"income": ">50K"}}, "'income' is named in where and in shares"),
        ({"parity": "sex", "where": {"sex": "Male"}}, "'sex' is named in where and in parity"),
        ({"shares": EVEN, "parity": "sex"}, "Give one of them"),
        ({"parity": "sexx"}, "Did you mean 'sex'"),
        ({"parity": "income"}, "is the target"),
        ({"parity": []}, "name the columns"),
        ({"parity": "age"}, "'age' is integer"),
    ],
)
def test_what_cannot_be_met_is_one_clear_error(trees, asked, says):
    with pytest.raises(InputError, match=says) as told:
        trees.sample(10, seed=0, **asked)
    assert "\n" not in str(told.value)


def test_parity_needs_a_target(adult):
    data = mm.read(adult.table.slice(0, 500).select(["sex", "age"]).replace_schema_metadata())
    with pytest.raises(InputError, match="no column is the target"):
        mm.synthesizer("independent").fit(data, seed=0).sample(5, seed=0, parity="sex")


def test_a_range_of_categories_has_no_share():
    rng = np.random.default_rng(0)
    data = mm.read({"k": rng.integers(1, 4, 300), "x": rng.normal(size=300)}, kinds={"k": "category"})
    model = mm.synthesizer("independent").fit(data, seed=0)
    with pytest.raises(InputError, match="is several values"):
        model.sample(10, seed=0, shares={"k": {(1, 2): 0.5}})


def test_a_cell_without_rows_may_be_one_that_cannot_be():
    """b follows from a: beside a = p there is no b but u."""
    a = ["p", "q"] * 60
    data = mm.read(
        {"a": a, "b": ["u" if one == "p" else "v" for one in a], "x": [float(k) for k in range(120)]}
    )
    model = mm.synthesizer("sequential_trees").fit(data, seed=0)
    made = model.sample(20, seed=0, where={"a": "p"}, shares={"b": {"u": 1.0}})
    assert made.table["b"].to_pylist() == ["u"] * 20


def test_a_value_that_the_model_never_makes_is_named():
    data = mm.read({"c": ["a", "b"] * 100, "x": list(range(200))}).edit("c", categories=("a", "b", "z"))
    model = mm.synthesizer("independent").fit(data, seed=0)
    with pytest.raises(RejectedError, match="c is z: the model makes too few such rows"):
        model.sample(20, seed=0, shares={"c": {"z": 0.5}})


def test_masked_rows_have_no_shares_to_choose(adult):
    model = mm.synthesizer("pram", reproducible=True).fit(adult[:300].select(["sex", "income"]), seed=0)
    with pytest.raises(InputError, match="masked rows"):
        model.sample(10, seed=0, shares=EVEN)


# -- the net, the command line, the recipe -------------------------------------------------------


def test_a_net_meets_shares_without_rejection(adult):
    pytest.importorskip("torch")
    data = adult[:1_500].select(["age", "sex", "education", "income"])
    model = mm.synthesizer("autoregressive", epochs=2).fit(data, seed=0)
    made = model.sample(200, seed=1, shares={"income": {">50K": 0.9}})
    assert column(made, "income").count(">50K") == 180
    assert made.provenance["rejected"].get("where", 0) == 0


@pytest.fixture(scope="module")
def saved(trees, tmp_path_factory):
    here = tmp_path_factory.mktemp("balance")
    trees.save(here / "model")
    return here


def test_the_command_line_takes_shares_and_parity(saved, trees, capsys):
    for workers in (1, 2):
        asked = ["sample", str(saved / "model"), "--rows", "400", "--seed", "5", "--workers", str(workers)]
        chosen = ["--shares", "income=>50K:0.5,<=50K:0.5", "--out", str(saved / f"{workers}.parquet")]
        assert main([*asked, *chosen]) == 0
    assert "this moves the rows' law by 0.2" in capsys.readouterr().out
    one, two = (mm.read(saved / f"{workers}.parquet") for workers in (1, 2))
    assert one.table.equals(two.table)
    assert one.table.equals(trees.sample(400, seed=5, shares=EVEN).table)
    asked = ["--json", "sample", str(saved / "model"), "--rows", "50", "--parity", "sex", "--out"]
    assert main([*asked, str(saved / "p.csv")]) == 0
    assert json.loads(capsys.readouterr().out)["balance"]["columns"] == ["income", "sex"]


def test_shares_are_read_by_the_values_of_the_column(adult):
    table = {"c": ["a,b", "x:y", "x:0.5", None] * 10, "f": [True, False] * 20, "k": [1, 2] * 20}
    schema = mm.read(table, kinds={"k": "category"}).schema.edit("c", categories=("a,b", "x:y", "x:0.5"))
    schema = schema.edit("f", categories=(False, True)).edit("k", categories=(1, 2))
    assert shares_of(("c=a,b:0.5,x:y:.25,:0.1",), schema) == {"c": {"a,b": 0.5, "x:y": 0.25, None: 0.1}}
    assert shares_of(("f=True:1",), schema) == {"f": {True: 1}}
    assert shares_of(("k=2:0.3", "k=1:0.2"), schema) == {"k": {2: 0.3, 1: 0.2}}
    for wrong, says in (
        (("c=a,b",), "write COLUMN=VALUE:SHARE"),
        (("c=a:0.5,b",), "write COLUMN=VALUE:SHARE"),
        (("c",), "write COLUMN=VALUE:SHARE"),
        (("k=1:0.5,1:0.2",), "two shares"),
        (("d=1:0.5",), "Did you mean|There are"),
    ):
        with pytest.raises(InputError, match=says):
            shares_of(wrong, schema)


def test_a_recipe_takes_shares_and_the_certificate_says_so(adult, tmp_path):
    adult[:1_200].select(["age", "sex", "education", "income"]).write(tmp_path / "adult.parquet")
    recipe = mm.Recipe.from_yaml(
        """
source: {path: adult.parquet, target: income}
generate: {method: independent, rows: 300, shares: {income: {">50K": 0.5}}}
assess: {metrics: [column_shapes]}
""",
        folder=tmp_path,
    )
    assert mm.Recipe.from_yaml(recipe.to_yaml()).digest() == recipe.digest()
    certificate = run(recipe, tmp_path / "run")
    assert any("income is >50K 50 %" in line for line in certificate.predicate["lines"])
    made = mm.read(tmp_path / "run" / "assessment" / "synthetic.parquet")
    assert column(made, "income").count(">50K") == 150
    (tmp_path / "run" / "manifest.json").unlink()
    again = run(recipe, tmp_path / "run", resume=True)
    assert again.predicate["lines"] == certificate.predicate["lines"]
    assert "income is >50K 50 %" in (tmp_path / "run" / "assessment" / "report.html").read_text().replace(
        "&gt;", ">"
    )


def test_a_recipe_takes_a_share_of_missing_values_alone(adult, tmp_path):
    adult[:1_200].select(["age", "workclass", "income"]).write(tmp_path / "adult.parquet")
    recipe = mm.Recipe.from_yaml(
        """
source: {path: adult.parquet, target: income}
generate: {method: independent, rows: 100, shares: {workclass: {null: 0.3}}}
assess: {metrics: [column_shapes]}
""",
        folder=tmp_path,
    )
    run(recipe, tmp_path / "run")
    made = mm.read(tmp_path / "run" / "assessment" / "synthetic.parquet")
    assert column(made, "workclass").count(None) == 30


@pytest.mark.parametrize(
    ("generate", "says"),
    [
        ("{shares: {incom: {a: 0.5}}}", "Did you mean 'income'"),
        ("{parity: [age]}", "'age' is integer"),
        ("{shares: {income: {'>50K': 2}}}", "between 0 and 1"),
    ],
)
def test_a_recipe_whose_shares_cannot_be_is_refused_before_the_fit(adult, tmp_path, generate, says):
    adult[:300].select(["age", "income"]).write(tmp_path / "adult.parquet")
    text = f"source: {{path: adult.parquet, target: income}}\ngenerate: {generate}\n"
    with pytest.raises(InputError, match=says):
        run(mm.Recipe.from_yaml(text, folder=tmp_path), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_an_assessment_shows_the_shares_in_one_line(trees, adult):
    made = trees.sample(400, seed=1, shares=EVEN)
    found = mm.assess(train=adult[:6_000], synthetic=made, metrics=["column_shapes"], seed=0)
    assert "shares chosen: income is >50K 50 %" in " ".join(str(found).split()).replace("Shares", "shares")


@pytest.mark.parametrize(
    "record", [{}, {"cells": 3}, {"cells": [{"of": "x"}, 5]}, {"cells": None, "moved": "?"}]
)
def test_a_record_that_a_file_brought_breaks_no_report(record):
    (words,) = law_in_words({"balance": record, "approximate": "?"})
    assert words.startswith("shares chosen:")
