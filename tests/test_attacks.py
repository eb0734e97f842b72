"""The attacks on the three risks and on quasi-identifiers, on tables whose answers are known."""

import dataclasses
import json
from itertools import product
from math import comb
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from threadpoolctl import threadpool_limits

import mintmark
from mintmark.assess.privacy._attacks import against, paired
from mintmark.assess.privacy._guesses import People, at_random, conjunctions, stands_for, values
from mintmark.assess.privacy._rows import rows_of
from mintmark.assess.privacy.linkability import Linkability
from mintmark.assess.privacy.reidentification import _attacked
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column, Schema, type_name
from mintmark.errors import InputError, UnknownNameError
from mintmark.metric import Tables
from mintmark.registry import find
from mintmark.stats.mixed import Mixed, positions
from mintmark.stats.shares import newcombe, relative, wilson, z_of

ADULT = Path(mintmark.__file__).parent / "examples" / "adult.parquet"
ATTACKS = ("singling_out", "linkability", "inference")
SIZE = 2000
EVERY = (*ATTACKS, "reidentification", "anonymity")


def dataset(columns, **roles):
    table = columns if isinstance(columns, pa.Table) else pa.table(columns)
    kinds = {
        "i": "integer",
        "d": "number",
        "s": "category",
        "t": "datetime",
        "n": "category",
        "l": "category",
    }
    return Dataset(
        table,
        Schema(
            tuple(
                Column(
                    name=field.name,
                    kind=kinds[str(field.type)[0]],
                    dtype=type_name(field.type),
                    roles=roles.get(field.name.replace("-", "_"), ()),
                )
                for field in table.schema
            )
        ),
    )


def stacked(*parts):
    return Dataset(pa.concat_tables([part.table for part in parts]), parts[0].schema)


def measured(train, synthetic, holdout, metrics=EVERY, seed=0):
    tables = Tables(train, synthetic, holdout, synthetic)
    with threadpool_limits(1, "blas"):  # as in every assessment
        scores = [
            score
            for name in metrics
            for score in find("metrics", name)().measure(tables, np.random.default_rng(seed))
        ]
    for score in scores:
        json.dumps(score.to_json(), allow_nan=False)
        if score.status == "ok":
            assert score.interval[0] <= score.estimate <= score.interval[1]
            assert score.interval[0] >= -1
            assert score.source
            assert score.convention
            assert score.variance
            assert score.estimand
            assert score.ceiling is not None
            assert score.floor is not None
    return {score.metric: score for score in scores}


@pytest.fixture(scope="module")
def adult():
    data = dataset(
        pq.read_table(ADULT),
        age=("quasi_identifier",),
        sex=("quasi_identifier",),
        native_country=("quasi_identifier",),
        education=("quasi_identifier",),
        occupation=("sensitive",),
        fnlwgt=("sensitive",),
    )
    rows = np.random.default_rng(0).permutation(len(data))
    return {
        name: data.take(rows[at : at + SIZE])
        for name, at in (("train", 0), ("holdout", SIZE), ("fresh", 2 * SIZE))
    }


@pytest.fixture(scope="module")
def shuffled(adult):
    return adult["train"].take(np.random.default_rng(1).permutation(SIZE))


# what the attackers do, on tables small enough to do it by hand


def small(train, synthetic, holdout):
    return rows_of(Tables(train, synthetic, holdout, synthetic))


def test_single_values_are_guessed_where_one_released_row_holds_them():
    train = dataset({"x": [1, 1, 2, 7], "c": ["a", "b", "b", "d"]})
    released = dataset({"x": [2, 5, 5, 9], "c": ["a", "a", "d", None]})
    holdout = dataset({"x": [2, 2, 9, 1], "c": ["d", "a", None, None]})
    rows = small(train, released, holdout)
    guesses = values(rows, "synthetic", People.of(rows, np.random.default_rng(0)))
    found = sorted(
        zip(guesses.columns[:, 0].tolist(), guesses.source.tolist(), guesses.fits["train"].tolist(),
            guesses.fits["holdout"].tolist(), strict=True)
    )  # fmt: skip
    assert found == [
        (0, 0, 1, 2),  # x = 2
        (0, 0, 3, 3),  # x <= 2
        (0, 3, 0, 1),  # x = 9
        (0, 3, 0, 1),  # x >= 9
        (1, 2, 1, 1),  # c = d
        (1, 3, 0, 2),  # c is missing
    ]


def test_combinations_are_cells_that_hold_one_released_row():
    train = dataset({"a": list("xxyy"), "b": list("ppqq"), "c": list("uuuu")})
    released = dataset({"a": list("xxyy"), "b": list("pqqq"), "c": list("uuuu")})
    rows = small(train, released, train)
    people = People.of(rows, np.random.default_rng(0))
    guesses, _ = conjunctions(rows, "synthetic", people, 3, 100, np.random.default_rng(0))
    assert sorted(zip(guesses.source.tolist(), guesses.fits["train"].tolist(), strict=True)) == [
        (0, 2),
        (1, 0),
    ]


def test_rows_of_one_person_are_one_fit():
    real = dataset({"who": list("ppqr"), "x": [3, 3, 3, 4]}, who=("group",))
    rows = small(real, dataset({"who": list("abcd"), "x": [3, 4, 8, 9]}), real)
    people = People.of(rows, np.random.default_rng(0))
    assert people.fits("train", rows.values["x"]["train"], np.unique(rows.values["x"]["train"])).tolist() == [
        2,
        1,
    ]


def test_a_smaller_holdout_stands_for_as_many_persons_as_train_has():
    """Over every way to part the persons whom a guess fits, train and the weighted holdout agree."""
    n, m = 7, 3
    for fits in range(1, 6):
        train = control = 0.0
        for held in range(min(fits, m) + 1):
            chance = comb(fits, held) * comb(n + m - fits, m - held) / comb(n + m, m)
            train += chance * (fits - held == 1)
            control += chance * (held == 1) * stands_for(np.array([fits - held]), n, m)[0]
        assert control == pytest.approx(train)


def test_distances_are_those_of_a_slow_loop_on_any_columns():
    rng = np.random.default_rng(0)
    n, q = 40, 9
    number = np.where(rng.random(n + q) < 0.2, np.nan, rng.normal(size=n + q).round(1))
    few, many = rng.integers(-1, 3, n + q), rng.integers(-1, 100, n + q)
    columns = {"number": number, "few": few, "many": many}
    mixed = Mixed.of({name: value[:n] for name, value in columns.items()}, {"few": 3, "many": 100})
    found = mixed.references({name: value[:n] for name, value in columns.items()})
    asked = mixed.queries({name: value[n:] for name, value in columns.items()})
    place = np.round(positions(np.sort(number[:n][~np.isnan(number[:n])]), number) * mixed.steps)

    def apart(name, i, j):
        if name == "number" and not np.isnan([number[i], number[j]]).any():
            return (place[i] - place[j]) ** 2
        x, y = columns[name][i], columns[name][j]
        return 0 if x == y or (x != x and y != y) else mixed.steps**2

    for names in (["number"], ["few"], ["many"], ["number", "few", "many"]):
        slow = [[sum(apart(name, n + i, j) for name in names) for j in range(n)] for i in range(q)]
        assert mixed.squares(asked.on(names), found.on(names)).tolist() == slow
    rest = mixed.squares(asked.on(list(columns)), found.on(list(columns))) - mixed.squares(
        asked.on(["few"]), found.on(["few"])
    )
    assert (rest == mixed.squares(asked.on(["number", "many"]), found.on(["number", "many"]))).all()


def test_two_parts_are_linked_through_a_row_that_is_nearest_on_both():
    people = {"a": list("xyz") * 10, "b": list("pqr") * 10}  # a and b go together: x with p, ...
    others = {"a": list("xyz") * 10, "b": list("qrp") * 10}
    train, holdout = dataset(people), dataset(others)
    released = dataset({"a": list("xyz"), "b": list("pqr")})
    score = measured(train, released, holdout, ["linkability"])["linkability"]
    assert (score.details["train"], score.details["control"], score.estimate) == (1, 0, 1)


def test_a_secret_is_taken_from_the_nearest_rows_and_ties_are_drawn():
    train = dataset({"a": ["x"] * 30, "s": ["u"] * 30})
    holdout = dataset({"a": ["x"] * 30, "s": ["v"] * 30})
    released = dataset({"a": ["x", "x", "x", "y"], "s": ["u", "u", "v", "v"]}, s=("sensitive",))
    train = dataclasses.replace(train, schema=released.schema)
    score = measured(train, released, holdout, ["inference"])["inference.worst"]
    assert score.details["train"] == pytest.approx(2 / 3)
    assert score.details["control"] == pytest.approx(1 / 3)
    assert score.details["column"] == "s"


def test_numbers_are_right_within_a_twentieth():
    train = dataset({"a": ["x"] * 20 + ["y"] * 20, "s": [100.0] * 40}, s=("sensitive",))
    released = dataset({"a": ["x", "y"], "s": [104.9, 105.1]})
    holdout = dataset({"a": ["x"] * 40, "s": [1.0] * 40})
    score = measured(train, released, holdout, ["inference"])["inference.worst"]
    assert (score.details["train"], score.details["control"]) == (0.5, 0)


def test_a_match_counts_where_the_person_and_the_secret_are_right():
    roles = {"q": ("quasi_identifier",), "s": ("sensitive",)}
    train = dataset({"q": list("aabc"), "s": list("uvuw")}, **roles)
    holdout = dataset({"q": list("adde"), "s": list("uuuu")}, **roles)
    released = dataset({"q": list("aabb"), "s": list("uuuv")}, **roles)
    rows = small(train, released, holdout)
    found = _attacked(rows, "synthetic", rows.alike(["q"]), ["s"])
    # class a: two persons of train and one of the holdout, two released rows, both u;
    # class b: one person of train, u, one of two released rows right; c, d, e: no released row
    forward, back = found["real_to_synthetic", "s"], found["synthetic_to_real", "s"]
    assert forward["train"] == pytest.approx((1 / 3 * 2 / 2 + 1 / 1 * 1 / 2) / 4)
    assert forward["control"] == pytest.approx(1 / 3 / 4)
    assert back["train"] == pytest.approx((1 / 3 + 1 / 3 + 1 + 0) / 4)  # over the released rows
    assert back["control"] == pytest.approx((1 / 3 + 1 / 3) / 4)


def test_k_l_and_t_of_a_file_of_eight_rows():
    roles = {"q": ("quasi_identifier",), "s": ("sensitive",), "x": ("sensitive",)}
    columns = {"q": list("aaaaabbb"), "s": list("uuvvwuuu"), "x": [1, 1, 2, 2, 3, 3, 3, 3]}
    data = dataset(columns, **roles)
    found = measured(data, data, data, ["anonymity"])
    assert found["anonymity.k"].estimate == 3
    assert found["anonymity.l"].estimate == 1  # s and x in class b
    # x has shares (1/4, 1/4, 1/2), in b (0, 0, 1): |1/4| + |1/2| over 2 steps
    # s has shares (5, 2, 1) / 8, in b (1, 0, 0): half of 3/8 + 2/8 + 1/8
    assert found["anonymity.t"].details["columns"]["x"]["estimate"] == pytest.approx(3 / 8)
    assert found["anonymity.t"].details["columns"]["s"]["estimate"] == pytest.approx(3 / 8)


def test_the_cost_of_a_moved_number_is_how_far_it_moves():
    """Li et al. (2007), section 4.1: salaries 3k to 11k; classes {3, 4, 5}k and {6, 8, 11}k."""
    roles = {"zip": ("quasi_identifier",), "salary": ("sensitive",)}
    salary = [3, 4, 5, 6, 11, 8, 7, 9, 10]
    data = dataset({"zip": list("aaabbbccc"), "salary": salary}, **roles)
    assert measured(data, data, data, ["anonymity"])["anonymity.t"].estimate == pytest.approx(0.375)


# intervals


def test_paired_guesses_are_judged_more_sharply_than_unpaired():
    both = np.repeat([[1, 1], [1, 0], [0, 0]], [36, 7, 7], axis=0).astype(float)
    told = paired(both[:, 0], both[:, 1], np.ones(50, dtype=int))
    apart = newcombe(43 / 50, 50, 36 / 50, 50, z_of())
    assert told["estimate"] == pytest.approx(0.14)
    assert apart[0] < told["interval"][0] < 0.14 < told["interval"][1] < apart[1]


@pytest.mark.parametrize("share", [0.0, 0.02, 0.4])
def test_paired_guesses_that_win_no_more_are_told_so_in_19_of_20(share):
    rng = np.random.default_rng(0)
    false = 0
    for _ in range(400):
        chance = rng.beta(0.5, 0.5, 300) * share * 2  # guesses differ: train and control go together
        train, control = (rng.random((2, 300)) < chance).astype(float)
        low, high = paired(train, control, np.ones(300, dtype=int))["interval"]
        false += not low <= 0 <= high
    assert false <= 400 * 0.05 + 3 * (400 * 0.05 * 0.95) ** 0.5


def test_risk_is_what_the_control_leaves_to_be_won():
    z = z_of()
    low, high = relative(0.9, wilson(0.9, 500, z), 0.6, wilson(0.6, 500, z))
    assert low < 0.75 < high
    assert high - low < 0.2
    assert relative(1.0, wilson(1.0, 500, z), 0.6, wilson(0.6, 500, z))[1] == 1
    assert relative(1.0, (0.9, 1.0), 1.0, (0.9, 1.0)) == (-1, 1)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.4, 0.97])
def test_an_attack_that_wins_no_more_is_told_so_in_19_of_20(share):
    rng = np.random.default_rng(0)
    false = 0
    for _ in range(400):
        train, control = (rng.random((2, 300)) < share).astype(float)
        low, high = against(train, control, z_of())["interval"]
        false += not low <= 0 <= high
    assert false <= 400 * 0.05 + 3 * (400 * 0.05 * 0.95) ** 0.5


# releases whose truth is known


def test_a_copy_of_train_gives_itself_away_to_every_attack(adult, shuffled):
    found = measured(adult["train"], shuffled, adult["holdout"])
    for name in ("singling_out.univariate", "singling_out.multivariate", "linkability"):
        assert found[name].details["train"] == 1
        assert found[name].interval[0] > 0.5
        assert found[name].estimate == pytest.approx(found[name].floor, abs=0.06)
        assert found[name].details["risk"] == pytest.approx(1)
    assert found["inference.worst"].details["column"] == "fnlwgt"
    assert found["inference.worst"].interval[0] > 0.7
    assert found["inference.mean"].interval[0] > 0.6
    assert found["reidentification"].interval[0] > 0.1
    assert found["reidentification"].estimate == pytest.approx(found["reidentification"].floor)
    right = found["singling_out.multivariate"].details["private"]["right"]
    assert right
    assert all(len(one["columns"]) == 4 for one in right)


def test_fresh_rows_give_no_more_away_than_of_strangers(adult):
    found = measured(adult["train"], adult["fresh"], adult["holdout"])
    for name in ("singling_out.univariate", "singling_out.multivariate", "linkability", "inference.mean",
                 "inference.worst", "reidentification"):  # fmt: skip
        assert found[name].interval[0] <= 0 <= found[name].interval[1]
        assert abs(found[name].estimate) < 0.05


def test_unique_values_used_again_are_singled_out_where_nothing_else_is(adult):
    table = adult["fresh"].table
    weights = adult["train"].table["fnlwgt"].take(pa.array(np.random.default_rng(2).permutation(SIZE)))
    reused = Dataset(
        table.set_column(table.column_names.index("fnlwgt"), "fnlwgt", weights), adult["fresh"].schema
    )
    found = measured(adult["train"], reused, adult["holdout"], ATTACKS)
    assert found["singling_out.univariate"].interval[0] > 0.5
    assert found["singling_out.univariate"].details["columns"]["fnlwgt"]["interval"][0] > 0.5
    assert found["linkability"].interval[0] <= 0
    assert found["inference.mean"].interval[0] <= 0


def test_a_tenth_of_copies_is_found_by_all_three_attacks(adult):
    tenth = SIZE // 10
    mixed = stacked(adult["train"][:tenth], adult["fresh"][: SIZE - tenth])
    found = measured(adult["train"], mixed, adult["holdout"], ATTACKS)
    for name in ("singling_out.univariate", "singling_out.multivariate", "linkability", "inference.mean"):
        low, high = found[name].interval
        assert 0 < low < high < found[name].floor / 4


def test_copies_of_train_show_whatever_the_holdouts_size(adult, shuffled):
    for held in (SIZE // 10, SIZE):
        found = measured(adult["train"], shuffled, adult["holdout"][:held], ["singling_out"])
        assert found["singling_out.univariate"].details["train"] == 1
        assert found["singling_out.univariate"].interval[0] > 0.4
        fresh = measured(
            adult["train"], adult["fresh"], adult["holdout"][:held], ["singling_out", "reidentification"]
        )
        for score in fresh.values():
            assert score.status == "not run" or score.interval[0] <= 0 <= score.interval[1]


def test_trees_fitted_to_train_are_fine(adult):
    made = mintmark.synthesizer("sequential_trees").fit(adult["train"], seed=0).sample(SIZE, seed=1)
    aligned = Dataset(made.table, adult["train"].schema)
    found = measured(adult["train"], aligned, adult["holdout"])
    for name, score in found.items():
        if not name.startswith("anonymity") and score.status == "ok":
            assert score.interval[0] < 0.02
            assert score.estimate < 0.06


def test_the_same_rng_gives_the_same_scores(adult):
    once, again = (
        measured(adult["train"], adult["fresh"], adult["holdout"], ATTACKS, seed=3) for _ in range(2)
    )
    assert {name: score.to_json() for name, score in once.items()} == {
        name: score.to_json() for name, score in again.items()
    }


# persons, declared sets, tables that are odd


def test_persons_are_attacked_once_however_many_rows_they_have():
    rng = np.random.default_rng(0)

    def people(first, number):
        who = np.repeat(np.arange(first, first + number), 3)
        x, c = np.repeat(rng.normal(size=number), 3), rng.choice(list("abc"), 3 * number)
        return dataset({"who": [f"p{i}" for i in who], "x": x, "c": c}, who=("group",))

    train, holdout, fresh = people(0, 200), people(1000, 150), people(2000, 200)
    found = measured(train, fresh, holdout, ATTACKS)
    assert all(score.interval[0] <= 0 <= score.interval[1] for score in found.values())
    assert "200 persons of train" in found["linkability"].convention
    assert "150 of the holdout" in found["linkability"].convention
    one_each = dataset(train.table.take(pa.array(range(0, 600, 3))), who=("group",))
    copied = measured(train, one_each, holdout, ATTACKS)
    assert copied["singling_out.univariate"].details["columns"]["x"]["train"] == 1  # three rows, one person


def test_sets_of_columns_may_be_declared(adult, shuffled):
    tables = Tables(adult["train"], shuffled, adult["holdout"], shuffled)
    score = Linkability(sets=(("age", "fnlwgt"), ("occupation", "hours-per-week"))).measure(
        tables, np.random.default_rng(0)
    )[0]
    assert [one["columns"] for one in score.details["splits"]] == [
        [["age", "fnlwgt"], ["occupation", "hours-per-week"]]
    ]
    with pytest.raises(UnknownNameError, match="fnlwgt"):
        Linkability(sets=(("age",), ("fnlwgtt",))).measure(tables, np.random.default_rng(0))
    with pytest.raises(InputError, match="needs a column"):
        Linkability(sets=(("age",), ())).measure(tables, np.random.default_rng(0))


def test_what_is_not_declared_is_not_run_and_says_what_to_do(adult):
    plain = {name: dataset(part.table) for name, part in adult.items()}
    found = measured(plain["train"], plain["fresh"], plain["holdout"], ["reidentification", "anonymity"])
    assert {score.status for score in found.values()} == {"not run"}
    assert all("quasi_identifier" in score.reason for score in found.values())
    declared = measured(adult["train"], adult["fresh"], adult["holdout"], ["reidentification"])
    assert declared["reidentification.k_map"].status == "not run"
    assert "population" in declared["reidentification.k_map"].reason


ODD = {
    "constant": {"a": ["x"] * 60, "b": [1] * 60},
    "missing": {"a": pa.array([None] * 60, pa.string()), "b": pa.array([None] * 60, pa.float64())},
    "half missing": {"a": [None, "x"] * 30, "b": [1.0, None] * 30},
    "one column": {"a": list("xyz") * 20},
    "two rows": {"a": ["x", "y"], "b": [1, 2]},
    "one row": {"a": ["x"], "b": [1]},
    "null type": {"a": pa.nulls(60), "b": list(range(60))},
    "dates": {"a": pa.array(range(60), pa.timestamp("s")), "b": list("xyz") * 20},
    "unique text": {"a": [f"v{i}" for i in range(60)], "b": [i / 7 for i in range(60)]},
    "wide": {f"c{i}" if i else "a": [(i * j + j) % 7 for j in range(60)] for i in range(100)},
}


@pytest.mark.parametrize(("odd", "role"), list(product(ODD, ((), ("quasi_identifier",)))))
def test_odd_tables_are_scored_or_not_run_and_never_break(odd, role):
    data = dataset(ODD[odd], a=role)
    for metric in EVERY:
        for score in measured(data, data, data, [metric]).values():
            assert score.status == "ok" or score.reason.endswith(".")
    assert all(score.status == "not run" for score in measured(data, data, None).values())


def test_a_guess_of_minus_zero_fits_who_holds_zero():
    data = dataset({"n": [-1, 0, 0, 1, 2]})
    rows = small(data, data, data)
    people = People.of(rows, np.random.default_rng(0))
    wanted = np.array([-0.0, 1.0, 5.0])
    assert people.fits("train", rows.numeric("n", "train"), wanted + 0.0).tolist() == [2, 1, 0]
    blind = at_random(rows, "synthetic", people, 4_000, np.random.default_rng(1))
    # round(U(-1, 2)) is -1, 0, 1, 2 with chances 1/6, 1/3, 1/3, 1/6, and one, two, one, one persons hold them
    assert blind.mean() == pytest.approx(1 + 1 / 3, abs=0.05)
