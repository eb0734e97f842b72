"""Tables with foreign keys: what is refused, how families are split, and scores whose answer is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from database_populations import KEYS, Population, arrays, database, orphaned, repeated, shuffled
from mintmark import registry
from mintmark.assess._worst import worst_of
from mintmark.assess.report._words import _WORDS
from mintmark.assess.report.html import fragment
from mintmark.errors import InputError, OutputError, UnknownNameError
from mintmark.metric import Score
from mintmark.release.keys import make_keys
from mintmark.release.public_report import public_report

BASEBALL = Path(__file__).parents[2] / "shared" / "data" / "baseball_databank"
OF_KEYS = [name for name in registry.names("metrics") if registry.find("metrics", name).of_databases]


@pytest.fixture(scope="module")
def drawn():
    law = Population(3)
    return [law.draw(250, first) for first in (0, 10**6, 2 * 10**6)]


def scores(drawn, *names, **other):
    train, holdout, fresh = drawn
    given = {"train": train, "holdout": holdout, "synthetic": fresh, "metrics": list(names)} | other
    return {score.metric: score for score in mm.assess(**given).scores}


def small(**changes) -> mm.Database:
    tables = {
        "shop": {"id": [1, 2], "size": [3.5, 4.5]},
        "sale": {"id": [1, 2, 3], "shop": [1, 1, 2], "price": [1.5, 2.5, 3.5]},
    }
    for place, values in changes.items():
        table, _, column = place.partition("_")
        tables[table][column] = values
    read = {name: mm.read(columns) for name, columns in tables.items()}
    return mm.Database(read, {"sale.shop": "shop.id"})


def test_parents_are_found_and_what_is_missing_or_lost_is_told_apart():
    data = small(sale_shop=[2, None, 7])
    (link,) = data.links
    assert data.parents(link).tolist() == [1, -1, -2]
    assert data.families["sale"].tolist() == [1, 2, 3]  # rows without a parent are families of their own


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"shop_id": [1, 1]},
            r"key 'id' of table 'shop', to which sale.shop points, is not unique: 1 occurs",
        ),
        ({"shop_id": [1, None]}, r"key 'id' of table 'shop', .* is missing in row 2 \(1 such rows\)"),
        (
            {"sale_shop": ["a", "b", "c"]},
            r"sale.shop is .*string, shop.id is int64: .*Give both the same type",
        ),
    ],
)
def test_keys_that_cannot_be_joined_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        small(**changes)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"sales.shop": "shop.id"}, "unknown table 'sales'. Did you mean 'sale'"),
        ({"sale.shopp": "shop.id"}, "unknown column of table 'sale' 'shopp'. Did you mean 'shop'"),
        ({"sale": "shop.id"}, "'sale' names no column"),
        ({"sale.shop": "shop.id", "shop.id": "sale.id"}, "circle, through sale.shop, shop.id"),
        ({"sale.id": "sale.id"}, "circle, through sale.id"),
    ],
)
def test_keys_that_lead_nowhere_or_back_are_refused(keys, message):
    with pytest.raises(InputError, match=message):
        mm.Database(small().tables, keys)


def test_a_key_with_gaps_stored_as_double_joins_whole_numbers():
    """As pandas writes integers of which some are missing."""
    data = mm.Database(
        {
            "shop": mm.read(pa.table({"id": [1, 2], "x": [0.5, 0.7]})),
            "sale": mm.read(pa.table({"shop": [2.0, float("nan"), None, 1.0, 7.0], "y": [1.0, 2, 3, 4, 5]})),
        },
        {"sale.shop": "shop.id"},
    )
    assert data.parents(data.links[0]).tolist() == [1, -1, -1, 0, -2]
    broken = mm.read(pa.table({"shop": [2.5, 1.0], "y": [1.0, 2.0]}))
    with pytest.raises(InputError, match=r"sale.shop is double, shop.id is int64"):
        mm.Database({**data.tables, "sale": broken}, data.keys)


@pytest.mark.parametrize("name", ["a.b", "a/b", "..", "", 1, "a\\b"])
def test_names_that_no_file_or_key_can_have_are_refused(name):
    with pytest.raises(InputError, match="is no name of a table"):
        mm.Database({name: small()["shop"]})


def test_what_is_no_dataset_or_key_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"table 'shop' is Table, no Dataset\. Read it first"):
        mm.Database({"shop": pa.table({"id": [1]})})
    with pytest.raises(InputError, match="keys of a database must be a mapping"):
        mm.Database(small().tables, ["sale.shop"])
    with pytest.raises(InputError, match=r"keys={} names no table"):
        mm.read_database(tmp_path, keys={})


def test_a_folder_that_holds_anything_else_is_left_alone(tmp_path):
    data = small()
    for name, table in data.tables.items():
        table.write(tmp_path / f"{name}.csv")
    with pytest.raises(OutputError, match=r"holds other files .*not overwritten"):
        data.write(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_database_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    data = small()
    data.write(tmp_path / "db")
    fewer = mm.Database({"shop": data["shop"]})
    fewer.write(tmp_path / "db")
    assert set(mm.read_database(tmp_path / "db").tables) == {"shop"}

    def full(table, path):
        raise OutputError(f"{path}: the disk is full.")

    monkeypatch.setattr("mintmark.data.database.write", full)
    with pytest.raises(OutputError, match="disk is full"):
        data.write(tmp_path / "db")
    assert set(mm.read_database(tmp_path / "db").tables) == {"shop"}
    assert [path.name for path in tmp_path.iterdir()] == ["db"]


def test_a_record_names_no_file_outside_its_folder(tmp_path):
    small().write(tmp_path / "db")
    record = tmp_path / "db" / "database.json"
    record.write_text(record.read_text().replace("shop.parquet", "../shop.parquet"))
    with pytest.raises(InputError, match="no record of a database"):
        mm.read_database(tmp_path / "db")


def test_a_certificate_for_a_database_is_refused_in_one_line(drawn, tmp_path):
    private, _ = make_keys(tmp_path)
    found = mm.assess(train=drawn[0], synthetic=drawn[2], metrics=["children_per_parent"])
    with pytest.raises(InputError, match=r"bound to one table.*judge\(assessment"):
        mm.certify(drawn[2], found, policy="relational", key=private)


def test_a_database_cannot_be_changed():
    with pytest.raises(TypeError):
        small().tables["shop"] = None


def test_families_are_split_whole_and_shared_tables_go_to_both_sides(drawn):
    data = drawn[0]
    assert data.roots == ("customers",)
    assert data.shared == {"products"}
    train, holdout = data.split(0.3, seed=1)
    assert (len(train["customers"]), len(holdout["customers"])) == (175, 75)
    for side in (train, holdout):
        assert len(side["products"]) == 20
        for link in side.links:
            assert (side.parents(link) >= 0).all(), str(link)
    for name in ("customers", "orders", "items"):
        assert len(train[name]) + len(holdout[name]) == len(data[name])
    again = data.split(0.3, seed=1)[0]
    assert again["orders"].table.equals(train["orders"].table)


def test_a_split_that_leaves_a_side_empty_is_refused():
    with pytest.raises(InputError, match=r"2 rows of 'shop' split at 0\.1 leave the holdout empty"):
        small().split(0.1)


def test_a_database_is_written_and_read_as_it_was(drawn, tmp_path):
    drawn[0].write(tmp_path / "db")
    back = mm.read_database(tmp_path / "db")
    assert dict(back.keys) == KEYS
    assert {name: data.table for name, data in back.tables.items()} == {
        name: data.table for name, data in drawn[0].tables.items()
    }
    small()["sale"].write(tmp_path / "sale.csv")
    small()["shop"].write(tmp_path / "shop.parquet")
    with pytest.raises(InputError, match="says nothing of foreign keys"):
        mm.read_database(tmp_path)
    read = mm.read_database(tmp_path, {"sale.shop": "shop.id"})
    assert read.families["sale"].tolist() == [0, 0, 1]
    with pytest.raises(UnknownNameError, match=r"unknown table in .*'shops'. Did you mean 'shop'"):
        mm.read_database(tmp_path, {"sale.shop": "shops.id"})
    (tmp_path / "shop.csv").write_text("id\n1\n")
    with pytest.raises(InputError, match="holds 2 files of table 'shop'"):
        mm.read_database(tmp_path, {"sale.shop": "shop.id"})


def test_integrity_is_the_share_of_references_that_exist(drawn):
    train, holdout, fresh = drawn
    lost = orphaned(fresh, 0.1, np.random.default_rng(0))
    (link, *_) = lost.links
    true = float((lost.parents(link) >= 0).mean())
    found = scores((train, holdout, lost), "referential_integrity")["referential_integrity"]
    assert found.estimate == true < 1
    assert found.details["worst"] == "orders.customer"
    assert found.details["parts"]["items.order"]["estimate"] == 1


def test_a_known_number_of_children_is_measured():
    """Two children each against one and three by halves: the distributions are half apart at 1 and 2."""

    def families(children: np.ndarray, first: int) -> mm.Database:
        n = len(children)
        owner = np.repeat(np.arange(n), children)
        parents = mm.read({"id": np.arange(n) + first, "x": np.linspace(0, 1, n) + first})
        kids = mm.read({"parent": owner + first, "y": np.linspace(0, 1, len(owner)) + first})
        return mm.Database({"parents": parents, "kids": kids}, {"kids.parent": "parents.id"})

    same, uneven = np.full(400, 2), np.tile([1, 3], 200)
    given = families(same, 0), families(same, 1000), families(uneven, 2000)
    found = scores(given, "children_per_parent")["children_per_parent"]
    assert found.estimate == pytest.approx(0.5, abs=0.02)
    assert found.interval[0] <= 0.5 <= found.interval[1]
    assert found.ceiling == 1
    assert found.details["tvd"] == 1


def test_pairs_across_a_key_see_what_each_table_hides(drawn):
    train, holdout, fresh = drawn
    moved = shuffled(fresh, np.random.default_rng(0))
    kept, lost = (scores((train, holdout, x), "parent_child_pairs", "pair_trends") for x in (fresh, moved))
    assert lost["pair_trends"].estimate == kept["pair_trends"].estimate
    key = {name: found["parent_child_pairs"].details["parts"]["orders.customer"] for name, found in
           (("kept", kept), ("lost", lost))}  # fmt: skip
    assert key["lost"]["estimate"] < key["kept"]["estimate"] - 0.05
    assert key["lost"]["estimate"] == pytest.approx(key["lost"]["floor"], abs=0.05)


def test_a_copied_family_counts_whatever_its_keys_and_the_order_of_its_rows(drawn):
    train, holdout, _ = drawn
    turned = arrays(repeated(train, np.arange(250)[::-1]))
    order = np.random.default_rng(0).permutation(len(turned["orders"]["id"]))
    turned["orders"] = {name: values[order] for name, values in turned["orders"].items()}
    copied = database(turned)
    assert scores((train, holdout, copied), "family_copies")["family_copies.exact"].estimate == 1
    turned["items"]["price"][0] += 1e-9  # one item of one family
    changed = scores((train, holdout, database(turned)), "family_copies")
    assert changed["family_copies.exact"].estimate == 1 - 1 / 250
    assert changed["family_copies.near"].estimate > 0.99


def test_the_report_and_its_publishable_version_can_be_made(drawn):
    train, holdout, fresh = drawn
    found = mm.assess(train=train, holdout=holdout, synthetic=fresh, policy="relational", seed=0)
    assert "customers.age" in found["column_shapes"].details["columns"]
    assert set(found["column_shapes"].details["parts"]) == {"customers", "orders", "items"}
    assert "Children per parent" in str(found)
    assert "Copied families" in fragment(found)
    assert "private" not in json.dumps([score["details"] for score in public_report(found)["scores"]])
    for score in found.scores:
        assert score.metric in _WORDS, score.metric
        assert score.status == "not run" or score.convention, score.metric


def test_single_tables_have_no_score_of_keys():
    rows, held = (mm.read({"x": np.arange(200) + shift, "y": list("ab") * 100}) for shift in (0.0, 0.5))
    assert not mm.assess(train=rows, synthetic=rows, holdout=held, metrics=OF_KEYS).scores
    assert len(OF_KEYS) == 4


def test_without_a_holdout_what_needs_it_is_not_run(drawn):
    train, _, fresh = drawn
    found = {
        s.metric: s for s in mm.assess(train=train, synthetic=fresh, metrics=[*OF_KEYS, "membership"]).scores
    }
    assert found["family_copies"].status == "not run"
    assert found["membership"].status == "not run"
    assert found["parent_child_pairs"].ceiling is None


def test_bad_databases_are_refused_at_once(drawn):
    train, _, fresh = drawn
    with pytest.raises(InputError, match="synthetic is no Database"):
        mm.assess(train=train, synthetic=fresh["orders"])
    with pytest.raises(InputError, match=r"250 rows of 'customers' .* are in train and in the holdout"):
        mm.assess(train=train, holdout=train, synthetic=fresh)
    some = {name: fresh[name] for name in ("customers", "orders")}
    with pytest.raises(InputError, match="synthetic has other foreign keys than train: items"):
        mm.assess(train=train, synthetic=mm.Database(some, {"orders.customer": "customers.id"}))
    with pytest.raises(InputError, match="target has no meaning for databases"):
        mm.assess(train=train, synthetic=fresh, target="age")
    with pytest.raises(UnknownNameError, match="unknown metric of databases 'tstr'"):
        mm.assess(train=train, synthetic=fresh, metrics=["tstr"])


def test_the_worst_part_is_the_one_farthest_from_its_ceiling():
    def score(estimate, ceiling):
        return Score(metric="m", family="fidelity", estimate=estimate, ceiling=ceiling, interval=(0, 1))

    found = worst_of({"a": score(0.8, 0.8), "b": score(0.85, 0.99)}, "tables")
    assert (found.estimate, found.details["worst"]) == (0.85, "b")
    assert found.details["parts"]["a"]["estimate"] == 0.8


@pytest.mark.skipif(not BASEBALL.is_dir(), reason="the baseball databank is not here")
def test_real_tables_against_their_own_holdout():
    keys = {"AllstarFull.playerID": "People.playerID", "CollegePlaying.playerID": "People.playerID"}
    data = mm.read_database(BASEBALL, keys)
    _, some = data.split(0.2, seed=0)
    rest, fresh = some.split(0.333, seed=0)
    train, holdout = rest.split(0.5, seed=0)
    found = scores((train, holdout, fresh), *OF_KEYS)
    assert found["children_per_parent"].interval[1] > 0.98
    assert found["referential_integrity"].estimate >= found["referential_integrity"].ceiling - 0.02
    assert found["parent_child_pairs"].interval[1] > found["parent_child_pairs"].ceiling
    assert found["family_copies.excess"].interval[0] <= 0 <= found["family_copies.excess"].interval[1]
    assert found["family_copies.near_excess"].interval[0] <= 0
