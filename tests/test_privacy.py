"""Releases whose truth is known, and what each privacy metric must say of them."""

import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mintmark
from mintmark.assess.privacy._matches import Matches
from mintmark.assess.privacy._rows import Rows
from mintmark.assess.privacy._uniques import uniques
from mintmark.assess.privacy.exposed import Exposed, _Test
from mintmark.assess.privacy.unique_pairs import _together
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column, Schema, type_name
from mintmark.metric import Tables
from mintmark.registry import find
from mintmark.stats.shares import z_of

ADULT = Path(mintmark.__file__).parent / "examples" / "adult.parquet"
METRICS = ("copies", "unique_values", "unique_pairs", "membership", "closest_record", "exposed")


def dataset(table, **roles):
    columns = [
        Column(
            name=field.name,
            kind="integer"
            if pa.types.is_integer(field.type)
            else "number"
            if pa.types.is_floating(field.type)
            else "category",
            dtype=type_name(field.type),
            roles=roles.get(field.name, ()),
        )
        for field in table.schema
    ]
    return Dataset(table, Schema(tuple(columns)))


@pytest.fixture(scope="module")
def adult():
    data = dataset(pq.read_table(ADULT))
    rows = np.random.default_rng(0).permutation(len(data))
    return {
        "train": data.take(rows[:8000]),
        "holdout": data.take(rows[8000:12_000]),
        "fresh": data.take(rows[12_000:20_000]),
    }


def scores(train, synthetic, holdout, metrics=METRICS, seed=1):
    tables = Tables(train, synthetic, holdout, synthetic)
    found = [
        score
        for name in metrics
        for score in find("metrics", name)().measure(tables, np.random.default_rng(seed))
    ]
    for score in found:
        json.dumps(score.to_json(), allow_nan=False)
        if score.status == "ok":
            assert score.interval[0] <= score.estimate <= score.interval[1]
            assert score.source
            assert score.convention
            assert score.variance
            assert score.n > 0
    return {score.metric: score for score in found}, tables


def holds(score, value):
    return score.interval[0] <= value <= score.interval[1]


def stacked(*parts):
    return Dataset(pa.concat_tables([part.table for part in parts]), parts[0].schema)


def with_columns(data, arrays):
    table = data.table
    for name, values in arrays.items():
        index = data.names.index(name)
        table = table.set_column(index, table.schema.field(index), pa.array(values, table[name].type))
    return Dataset(table, data.schema)


def near_copy(data, rng):
    """Every number moved by 1 %, one category of each row drawn again."""
    discrete = [column.name for column in data.schema if column.is_discrete]
    which = rng.integers(0, len(discrete), len(data))
    arrays = {}
    for column in data.schema:
        if column.is_numeric:
            values = data.table[column.name].to_numpy()
            arrays[column.name] = np.round(values * (1 + 0.01 * rng.standard_normal(len(data)))).astype(int)
            continue
        values = np.array(data.table[column.name].to_pylist(), dtype=object)
        others = sorted({value for value in values if value is not None})
        flipped = which == discrete.index(column.name)
        position = {value: i for i, value in enumerate(others)}
        values[flipped] = [
            others[(position.get(value, 0) + 1 + rng.integers(len(others) - 1)) % len(others)]
            for value in values[flipped]
        ]
        arrays[column.name] = values.tolist()
    return with_columns(data, arrays)


def smoothed(data, rng):
    """Column by column drawn anew, numbers spread around what was drawn: independent, no value kept."""
    arrays = {}
    for column in data.schema:
        values = data.table[column.name].take(pa.array(rng.integers(0, len(data), len(data))))
        if column.name == "fnlwgt":
            arrays[column.name] = (values.to_numpy() * np.exp(0.1 * rng.standard_normal(len(data)))).astype(
                int
            )
        else:
            arrays[column.name] = values.to_pylist()
    return with_columns(data, arrays)


@pytest.mark.parametrize("seed", [1, 2])
def test_fresh_real_rows_raise_nothing(adult, seed):
    found, tables = scores(adult["train"], adult["fresh"], adult["holdout"], seed=seed)
    assert holds(found["membership.auc"], 0.5)
    assert holds(found["membership.tpr"], 0.01)
    assert holds(found["copies.excess"], 0)
    assert holds(found["copies.near_excess"], 0)
    assert holds(found["copies.rare_excess"], 0)
    assert holds(found["unique_values"], 0)
    assert holds(found["unique_values.worst"], 0)
    assert holds(found["copies.holdout_excess"], 0)
    assert found["exposed"].interval[0] <= 0
    assert holds(found["closest_record"], 0.5)
    nearest = tables.shared["nearest"]
    for name in ("synthetic_to_train", "holdout_to_train"):
        assert len(nearest[name]) == len(nearest["edges"]) - 1
        assert sum(nearest[name]) == pytest.approx(1)


def test_copy_of_train_is_found_by_every_metric(adult):
    found, _ = scores(adult["train"], adult["train"], adult["holdout"])
    assert found["copies.exact"].estimate == 1
    assert found["copies.excess"].interval[0] > 0.98
    assert found["copies.near"].estimate == pytest.approx(found["copies.near"].floor, abs=0.02)
    assert found["copies.near_excess"].interval[0] > 0.1
    assert found["unique_values"].estimate == pytest.approx(found["unique_values"].floor)
    assert found["exposed"].estimate == found["exposed"].interval[1] == found["exposed"].floor == 1
    assert found["membership.auc"].estimate > 0.99
    assert found["membership.auc"].estimate == pytest.approx(found["membership.auc"].floor, abs=1e-3)
    assert found["membership.tpr"].interval[0] > 0.98
    assert found["closest_record"].estimate == pytest.approx(found["closest_record"].floor, abs=0.03)


@pytest.mark.parametrize("share", [0.01, 0.1])
@pytest.mark.parametrize("seed", range(5))
def test_a_few_copies_among_fresh_rows_are_counted(adult, share, seed):
    rng = np.random.default_rng(seed)
    copied = adult["train"].take(rng.choice(8000, int(8000 * share), replace=False))
    release = stacked(adult["fresh"][: 8000 - len(copied)], copied)
    excess = scores(adult["train"], release, adult["holdout"], ["copies"])[0]["copies.excess"]
    assert excess.interval[0] > 0
    assert excess.estimate == pytest.approx(share, rel=0.5)


def test_copies_of_the_twenty_rarest_are_caught(adult):
    rarity = np.zeros(8000)
    for name in set(adult["train"].names) - {"fnlwgt"}:
        values = adult["train"].table[name].to_numpy().astype(str)
        _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
        rarity -= np.log(counts)[where]
    rarest = adult["train"].take(np.argsort(-rarity)[:20])
    release = stacked(adult["fresh"][:7980], rarest)
    found, _ = scores(adult["train"], release, adult["holdout"], ["copies", "exposed"])
    assert found["copies.rare_excess"].interval[0] > 0
    assert found["copies.rare"].estimate == pytest.approx(20 / 8000, rel=0.5)
    assert found["exposed"].interval[0] > 0.015


def test_near_copies_are_caught_though_none_is_exact(adult):
    release = near_copy(adult["train"], np.random.default_rng(0))
    found, _ = scores(adult["train"], release, adult["holdout"])
    assert holds(found["copies.exact"], 0) or found["copies.excess"].interval[0] < 0
    assert found["copies.near_excess"].interval[0] > 0.05
    assert found["membership.auc"].interval[0] > 0.7
    assert found["membership.tpr"].interval[0] > 0.05


def test_reuse_of_unique_values_is_caught_where_distances_see_nothing(adult):
    release = with_columns(adult["fresh"], {"fnlwgt": adult["train"].table["fnlwgt"].to_numpy()})
    found, _ = scores(adult["train"], release, adult["holdout"])
    assert found["closest_record"].estimate == pytest.approx(0.5, abs=0.03)
    assert found["unique_values"].interval[0] > 0.5
    assert found["unique_values.worst"].details["column"] == "fnlwgt"


def test_a_few_copies_with_one_column_drawn_anew_are_caught_by_what_the_others_hold_together(adult):
    few = 240
    other = adult["fresh"].table[few : 2 * few]
    changed = with_columns(
        adult["train"][:few], {name: other[name].to_pylist() for name in ("age", "occupation")}
    )
    rest = adult["fresh"][few:]
    release = Dataset(pa.concat_tables([changed.table, rest.table]), rest.schema)
    found, _ = scores(adult["train"], release, adult["holdout"], ("copies", "unique_pairs"))
    assert found["copies.excess"].interval[0] < 0.002
    assert found["unique_pairs"].interval[0] > 0.01
    assert {"age", "occupation"}.isdisjoint(found["unique_pairs"].details["pair"])


def test_part_of_every_real_row_beside_fresh_columns_is_caught(adult):
    own = ("age", "hours-per-week", "occupation")
    release = with_columns(adult["fresh"], {name: adult["train"].table[name].to_pylist() for name in own})
    found, _ = scores(adult["train"], release, adult["holdout"], ("unique_pairs",))
    assert set(found["unique_pairs"].details["pair"]) <= set(own)
    assert found["unique_pairs"].interval[0] > 0.2


def test_pairs_of_one_table_drawn_again_differ_by_chance_alone(adult):
    found, _ = scores(adult["train"], adult["fresh"], adult["holdout"], ("unique_pairs",))
    assert holds(found["unique_pairs"], 0)
    told = found["unique_pairs"].details
    assert told["judged"] > 20
    assert all(one["interval"][0] <= found["unique_pairs"].interval[0] for one in told["pairs"])


def test_the_pair_of_one_person_who_owns_many_rows_is_that_persons_alone():
    tables = {
        "train": {"a": [1, 1, 2, 2], "b": [1, 1, 1, 2], "who": [0, 1, 1, 1]},
        "synthetic": {"a": [2], "b": [2], "who": [0]},
        "holdout": {"a": [2, 3, 3], "b": [1, 3, 3], "who": [0, 0, 0]},
    }
    rows = Rows({role: dataset(pa.table(table), who=("group",)) for role, table in tables.items()})
    found = uniques(rows.persons, _together(rows, {}, "a", "b"))
    assert found.trials["train"].tolist() == [0, 1]  # (2, 2); (1, 1) and (2, 1) are two persons'
    assert found.trials["holdout"].tolist() == [1]  # (3, 3), in two rows
    assert found.hits["train"].tolist() == [0, 1]


def test_many_times_as_many_members_as_held_out_persons_are_judged_to_the_end():
    rng = np.random.default_rng(0)
    members, others = rng.normal(size=9000), rng.normal(size=1000)
    members[:300] += 10
    low, high = _Test(members, others, 1).bounds(9000, 1)
    assert 0.02 < low < 300 / 9000 < high
    low, _ = _Test(rng.normal(size=9000), others, 1).bounds(180, 1)
    assert -1 <= low <= 0


@pytest.mark.parametrize(("m", "n", "allowed"), [(40, 60, 1), (500, 100, 3)])
def test_the_bound_of_exposed_persons_is_the_first_count_that_chance_hardly_reaches(m, n, allowed):
    most = _Test(np.zeros(m), np.zeros(n), allowed)._most(0.025)
    rng = np.random.default_rng(1)
    ranks = rng.random((20_000, m + n)).argsort(axis=1) < m  # members of each order, the lowest score first
    above = [int(row[np.flatnonzero(~row)[-allowed] :].sum()) for row in ranks]
    assert np.mean(np.array(above) > most) <= 0.03
    assert np.mean(np.array(above) >= most) > 0.02


def test_rare_categories_of_many_columns_are_judged_together():
    rng, n = np.random.default_rng(5), 2000

    def column():
        return np.where(rng.random(n) < 0.02, rng.integers(10**6, size=n), 0).astype(str).tolist()

    parts = [{f"c{i}": column() for i in range(8)} for _ in range(3)]
    train, holdout, fresh = (dataset(pa.table(part)) for part in parts)
    leak = dataset(pa.table({name: rng.permutation(values).tolist() for name, values in parts[0].items()}))
    assert holds(scores(train, fresh, holdout, ("unique_values",))[0]["unique_values.worst"], 0)
    found = scores(train, leak, holdout, ("unique_values",))[0]["unique_values.worst"]
    assert found.details["column"] == "(columns of few)"
    assert found.interval[0] > 0.5


@pytest.mark.parametrize(
    ("kind", "write"),
    [
        ("text", lambda i: f"Seen at {i} by the night shift"),
        ("image", lambda i: f"picture {i}".encode()),
        ("array", lambda i: [float(i), 0.5]),
    ],
)
def test_short_notes_and_media_of_train_beside_fresh_columns_are_caught(kind, write):
    rng, n = np.random.default_rng(3), 600
    columns = (Column(name="x", kind="number", dtype="double"),)

    def made(first, said=lambda value: value):
        values = pa.array([said(write(i)) for i in range(first, first + n)])
        schema = Schema((*columns, Column(name="note", kind=kind, dtype=type_name(values.type))))
        return Dataset(pa.table({"x": rng.normal(size=n), "note": values}), schema)

    train, holdout, fresh = made(0), made(n), made(2 * n)
    assert holds(scores(train, fresh, holdout, ("unique_values",))[0]["unique_values.worst"], 0)
    leak = made(0, (lambda note: note.upper() + ".") if kind == "text" else lambda value: value)
    assert scores(train, leak, holdout, ("unique_values",))[0]["unique_values.worst"].interval[0] > 0.9


def test_another_mix_of_fresh_rows_is_no_copy(adult):
    rich = np.flatnonzero(np.array(adult["fresh"].table["income"].to_pylist()) == ">50K")
    found, _ = scores(adult["train"], adult["fresh"].take(rich), adult["holdout"], ("copies",))
    for name in ("excess", "near_excess", "rare_excess", "holdout_excess", "holdout_near_excess"):
        assert found[f"copies.{name}"].interval[0] <= 0 <= found[f"copies.{name}"].interval[1]


@pytest.mark.parametrize("sizes", [(400, 400), (400, 100), (100, 400)])
def test_the_excess_of_matches_is_right_on_average_and_its_interval_holds_it(sizes):
    """Released rows draw from 300 kinds as real rows do, but 5 % repeat a person of train."""
    rng, found, held = np.random.default_rng(0), [], 0
    for _ in range(200):
        train, other = (rng.integers(300, size=n) for n in sizes)
        made = rng.integers(300, size=500)
        copied = rng.random(500) < 0.05
        # a copy of a kind of its own, so that chance brings none: kinds from 300 on
        known, met = (np.bincount(part, minlength=300)[made] for part in (train, other))
        estimate, (low, high) = Matches(
            np.where(copied, 1, known),
            np.where(copied, 0, met),
            sizes,
            np.where(copied, 300 + np.arange(500), made),
        ).excess()
        found.append(estimate)
        held += low <= 0.05 <= high
    assert np.mean(found) == pytest.approx(0.05, abs=4 * np.std(found) / np.sqrt(200))
    assert held >= 182


@pytest.mark.parametrize(
    ("metric", "score", "tried"),
    [
        ("membership", "membership.auc", lambda details: 5),
        ("unique_values", "unique_values.worst", lambda details: details["columns_judged"]),
        ("unique_pairs", "unique_pairs", lambda details: details["judged"]),
        ("inference", "inference.worst", lambda details: 16),
        ("reidentification", "reidentification", lambda details: 2 * 15),
    ],
)
def test_the_worst_of_several_holds_at_once_for_all_that_were_tried(monkeypatch, metric, score, tried):
    """Picking the worst of m figures at 95 % each would accuse m times as often."""
    module = import_module(f"mintmark.assess.privacy.{metric}")
    asked = []
    monkeypatch.setattr(module, "z_of", lambda figures=1: asked.append(figures) or z_of(figures))
    amounts = pa.array(np.random.default_rng(0).normal(size=3000))
    table = pq.read_table(ADULT)[:3000].append_column("amount", amounts)
    data = dataset(table, age=("quasi_identifier",))
    found, _ = scores(data[:1000], data[2000:], data[1000:2000], (metric,))
    assert tried(found[score].details) > 1
    assert tried(found[score].details) in asked


def test_the_bound_of_exposed_persons_gives_way_to_the_number_of_tests():
    rng = np.random.default_rng(0)
    members, others = rng.normal(size=400), rng.normal(size=400)
    members[:12] += 10
    one, many = (_Test(members, others, 1).bounds(400, tests) for tests in (1, 20))
    assert many[0] < one[0] < one[1] < many[1]


def test_independent_columns_pass(adult):
    release = smoothed(adult["train"], np.random.default_rng(0))
    found, _ = scores(adult["train"], release, adult["holdout"])
    assert found["copies.excess"].interval[1] < 0.005
    assert found["copies.near_excess"].interval[1] < 0.005
    assert found["unique_values.worst"].interval[0] <= 0
    assert holds(found["membership.auc"], 0.5)
    assert found["closest_record"].interval[0] <= 0.5


def test_a_copy_of_the_holdout_says_nothing_about_train(adult):
    found, _ = scores(adult["train"], adult["holdout"], adult["holdout"])
    assert found["copies.excess"].interval[1] < 0  # met less often than the rows it was copied from
    assert found["copies.near_excess"].interval[1] < 0
    assert found["unique_values"].interval[1] < -0.5
    assert found["unique_values.worst"].estimate == -1
    assert found["membership.auc"].interval[0] < 0.5
    assert found["exposed"].interval[0] <= 0
    assert found["copies.holdout_excess"].interval[0] > 0.99
    assert found["closest_record"].estimate < 0.5


def test_a_few_train_rows_repeated_are_copies(adult):
    release = adult["train"].take(np.arange(8000) % 200)
    found, _ = scores(adult["train"], release, adult["holdout"])
    assert found["copies.exact"].estimate == 1
    assert found["copies.excess"].interval[0] > 0.9


def test_without_holdout_every_metric_says_how_to_give_one(adult):
    tables = Tables(adult["train"], adult["fresh"], None, adult["fresh"])
    for name in METRICS:
        (score,) = find("metrics", name)().measure(tables, np.random.default_rng(0))
        assert score.status == "not run"
        assert "holdout" in score.reason


def test_few_non_members_give_the_ten_percent_figure_instead(adult):
    found, _ = scores(adult["train"], adult["fresh"], adult["holdout"][:400], ["membership"])
    assert found["membership.tpr01"].status == found["membership.tpr"].status == "not run"
    assert "500 are needed" in found["membership.tpr"].reason
    assert found["membership.tpr10"].ceiling == 0.1
    assert holds(found["membership.tpr10"], 0.1)
    (score,) = scores(adult["train"], adult["fresh"], adult["holdout"][:60], ["membership"])[0].values()
    assert score.status == "not run"


def persons_table(persons, rng, first):
    """Four nearly equal rows a person, with keys, text, dates missing here and there."""
    who = np.repeat(np.arange(persons), 4)
    level = rng.standard_normal(persons)[who] + 0.01 * rng.standard_normal(4 * persons)
    amount = np.round(rng.gamma(2, 1000, persons), 2)[who]
    return pa.table(
        {
            "person": pa.array([f"p{first + i}" for i in who]),
            "level": pa.array(level, mask=rng.random(4 * persons) < 0.1),
            "amount": amount,
            "note": pa.array([f"note {i}" for i in rng.integers(0, 500, 4 * persons)]),
            "group": pa.array(rng.choice(["a", "b", None], 4 * persons).tolist(), pa.string()),
        }
    )


def persons_data(table):
    data = dataset(table, person=("group",))
    return data.schema, Dataset(
        table,
        Schema(
            tuple(
                Column(name=c.name, kind="text", dtype=c.dtype) if c.name == "note" else c
                for c in data.schema
            )
        ),
    )


def test_persons_are_the_units_where_a_group_is_declared():
    rng = np.random.default_rng(0)
    (_, train), (_, holdout), (_, fresh) = (
        persons_data(persons_table(n, rng, first)) for n, first in ((1200, 0), (1200, 5000), (1200, 9000))
    )
    found, _ = scores(train, fresh, holdout)
    assert found["membership.auc"].n == 1200
    assert holds(found["membership.auc"], 0.5)
    assert holds(found["unique_values"], 0)
    copied, _ = scores(train, train, holdout)
    assert copied["membership.auc"].estimate > 0.99
    assert copied["unique_values"].estimate == 1  # an amount on four rows of one person is held by one person
    assert copied["unique_values"].details["unique_values"] > 1000


def test_rounding_of_distances_does_not_tell_members():
    rng = np.random.default_rng(0)
    data = dataset(pa.table({"product": [f"product {i}" for i in range(24_000)], "x": rng.random(24_000)}))
    shuffled = data.take(rng.permutation(24_000))
    found, _ = scores(shuffled[:8000], shuffled[8000:16_000], shuffled[16_000:], ["membership"])
    for attack in found["membership.auc"].details["attacks"].values():
        assert attack["interval"][0] <= 0.5 <= attack["interval"][1]


def test_a_real_key_that_comes_back_is_named():
    rng = np.random.default_rng(0)
    (_, train), (_, holdout), (_, fresh) = (
        persons_data(persons_table(300, rng, first)) for first in (0, 5000, 9000)
    )
    index = fresh.names.index("person")
    leaked = Dataset(
        fresh.table.set_column(index, fresh.table.schema.field(index), train.table["person"]), fresh.schema
    )
    found, _ = scores(train, leaked, holdout, ["unique_values"])
    assert holds(found["unique_values"], 0)
    assert found["unique_values.worst"].estimate == 1
    assert found["unique_values.worst"].details["column"] == "person"


def test_intervals_of_shares_match_published_examples():
    from mintmark.stats.shares import newcombe, wilson, z_of

    # Newcombe (1998), table II, examples (a) and (f), method 10
    assert newcombe(56 / 70, 70, 48 / 80, 80, z_of()) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert newcombe(5 / 56, 56, 0.0, 29, z_of()) == pytest.approx((-0.0381, 0.1926), abs=5e-5)
    assert wilson(0.0, 10, z_of()) == pytest.approx((0.0, 0.2775), abs=5e-5)


@pytest.mark.parametrize("shift", [0.0, 1.0])
@pytest.mark.parametrize(("alarms", "n"), [(0.01, 1500), (0.1, 200)])
def test_interval_of_true_positives_covers_the_truth_of_two_normals(shift, alarms, n):
    from scipy.stats import norm

    from mintmark.assess.privacy._roc import sensitivity
    from mintmark.stats.shares import z_of

    truth = 1 - norm.cdf(norm.ppf(1 - alarms) - shift)
    rng = np.random.default_rng(n)
    covered = 0
    for _ in range(400):
        _, (low, high) = sensitivity(rng.standard_normal(n) + shift, rng.standard_normal(n), alarms, z_of())
        covered += low <= truth <= high
    assert covered >= 400 * 0.95 - 3 * (400 * 0.95 * 0.05) ** 0.5


def test_true_positives_keep_to_the_false_alarms_where_scores_tie():
    from mintmark.assess.privacy._roc import sensitivity

    share, _ = sensitivity(np.zeros(100), np.zeros(100), 0.1, 1.96)
    assert share == pytest.approx(0.1)
    positive = np.repeat([1.0, 0.0], [40, 60])
    share, _ = sensitivity(positive, np.repeat([1.0, 0.0], [5, 95]), 0.1, 1.96)
    assert share == pytest.approx(0.4 + 0.6 * 5 / 95)


def test_where_only_one_table_has_isolated_persons_the_others_are_attacked_all_the_same():
    rng = np.random.default_rng(0)
    law = rng.normal(size=(470, 3))
    tables = {"train": law[:150], "holdout": law[150:270], "synthetic": law[270:]}
    made = {}
    for role, x in tables.items():
        gone = pa.array(x[:, 2], mask=np.full(len(x), role == "train"))
        made[role] = dataset(pa.table({"a": x[:, 0], "b": x[:, 1], "c": gone}))
    given = Tables(made["train"], made["synthetic"], made["holdout"], made["synthetic"])
    score = Exposed().measure(given, np.random.default_rng(0))[0]
    assert score.status == "ok"
    assert "everybody, distance, 1" in score.details["tests"]
