"""The latent methods against known truth: margins, relations, smoothing, hard columns."""

from __future__ import annotations

import datetime as dt
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import chi2_contingency

import mintmark as mm
from mintmark.data.dataset import Dataset
from mintmark.data.encode import encode, numbers
from mintmark.data.keys import renewed
from mintmark.data.protect import OTHER, protect
from mintmark.data.read import read
from mintmark.data.schema import Column, Schema, type_name
from mintmark.data.where import matches
from mintmark.errors import InputError, RejectedError
from mintmark.latent._columns import coded
from mintmark.latent._forest import Forest, descend, drawn_atoms, grow, joined, ordered, single_leaf
from mintmark.latent._marginal import invert, learn_law, quantile_function
from mintmark.latent._order import order_of
from mintmark.latent.gaussian_copula import GaussianCopula
from mintmark.latent.independent import Independent
from mintmark.latent.sequential_trees import SequentialTrees
from mintmark.synthesizer import load_model

METHODS = [Independent, GaussianCopula, SequentialTrees]
KINDS = {"i": "integer", "f": "number", "c": "category", "b": "boolean", "d": "datetime"}


def table(target: str | None = None, **columns: object) -> Dataset:
    """A dataset of columns whose names end in ``_`` and the letter of their kind."""
    made = pa.table(columns)
    schema = Schema(
        tuple(
            Column(
                name=field.name,
                kind=KINDS[field.name[-1]],
                dtype=type_name(field.type),
                roles=("target",) if field.name == target else (),
            )
            for field in made.schema
        )
    )
    return Dataset(made, schema)


def mixed(n: int = 3000, seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    group = rng.choice(["a", "b", "c"], n, p=[0.6, 0.3, 0.1])
    x = rng.normal(np.where(group == "a", 0, 3), 1)
    amount = np.where(rng.random(n) < 0.7, 0, np.round(rng.lognormal(3, 1, n)))
    return table(
        target="yes_b",
        group_c=group.tolist(),
        x_f=np.where(rng.random(n) < 0.1 + 0.4 * (group == "b"), np.nan, x).tolist(),
        amount_i=amount.astype(int),
        yes_b=(x + rng.normal(0, 0.5, n) > 1.5).tolist(),
        day_d=pa.array([dt.date(1960, 1, 1) + dt.timedelta(days=int(d)) for d in rng.integers(0, 9000, n)]),
    )


@pytest.mark.parametrize("method", METHODS)
def test_margins_and_missing_shares_are_kept(method):
    data = mixed()
    made = method().fit(data, seed=0).sample(3000, seed=1)
    for name in ("group_c", "yes_b"):
        for value in set(data.table[name].to_pylist()):
            real, drawn = (np.mean([v == value for v in d.table[name].to_pylist()]) for d in (data, made))
            assert abs(real - drawn) < 4 * np.sqrt(2 * real * (1 - real) / 3000)
    real, drawn = (np.asarray(d.table["x_f"].to_numpy(), dtype=float) for d in (data, made))
    assert abs(np.isnan(real).mean() - np.isnan(drawn).mean()) < 4 * np.sqrt(0.5 * 0.25 / 3000) * 2
    grid = np.linspace(-2, 5, 30)
    shares = [np.mean(values[~np.isnan(values)][:, None] < grid, axis=0) for values in (real, drawn)]
    assert np.max(np.abs(shares[0] - shares[1])) < 0.05
    zeros = [np.mean(d.table["amount_i"].to_numpy() == 0) for d in (data, made)]
    assert abs(zeros[0] - zeros[1]) < 0.05


@pytest.mark.parametrize("method", [GaussianCopula, SequentialTrees])
def test_relations_are_kept(method):
    made = method().fit(mixed(), seed=0).sample(3000, seed=1).table
    x, yes = made["x_f"].to_numpy(), np.array(made["yes_b"].to_pylist())
    known = ~np.isnan(x)
    assert np.corrcoef(x[known], yes[known])[0, 1] > 0.6  # 0.82 in the real rows


def test_trees_keep_what_missingness_depends_on():
    made = SequentialTrees().fit(mixed(), seed=0).sample(4000, seed=1).table
    gone = np.isnan(made["x_f"].to_numpy())
    group = np.array(made["group_c"].to_pylist())
    assert gone[group == "b"].mean() == pytest.approx(0.5, abs=0.06)
    assert gone[group == "a"].mean() == pytest.approx(0.1, abs=0.06)


def test_independent_columns_stay_independent():
    made = Independent().fit(mixed(), seed=0).sample(4000, seed=1).table
    x, yes = made["x_f"].to_numpy(), np.array(made["yes_b"].to_pylist())
    known = ~np.isnan(x)
    assert abs(np.corrcoef(x[known], yes[known])[0, 1]) < 4 / np.sqrt(known.sum())


def test_a_function_of_another_column_is_learnt_exactly():
    rng = np.random.default_rng(0)
    code = rng.integers(0, 12, 4000)
    data = table(name_c=[f"n{c}" for c in code], rank_i=(code * 7) % 12, other_f=rng.normal(size=4000))
    made = SequentialTrees().fit(data, seed=0).sample(4000, seed=1).table
    expected = [(int(name[1:]) * 7) % 12 for name in made["name_c"].to_pylist()]
    assert np.mean(made["rank_i"].to_numpy() == expected) > 0.995


def test_values_of_few_rows_are_not_emitted_and_spikes_are():
    rng = np.random.default_rng(0)
    x = np.where(rng.random(2000) < 0.5, 1.25, rng.normal(size=2000))
    data = table(x_f=x)
    for method in METHODS:
        made = method().fit(data, seed=0).sample(2000, seed=1).table["x_f"].to_numpy()
        assert not np.isin(made[made != 1.25], x).any()
        assert np.mean(made == 1.25) == pytest.approx(0.5, abs=0.06)
    made = SequentialTrees(smoothing=False).fit(data, seed=0).sample(2000, seed=1).table["x_f"].to_numpy()
    inside = np.abs(made) < 2  # the ends are drawn in before the trees see them
    assert np.isin(made[inside], x).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_value_that_one_person_repeats_is_not_emitted(method):
    rng = np.random.default_rng(0)
    private, who = np.round(rng.normal(100, 20, 300), 6), np.repeat(np.arange(300), 13)
    data = table(who_c=who.astype(str), pay_f=private[who], x_f=rng.normal(size=3900))
    data = data.edit("who_c", roles=("group",))
    made = method().fit(data, seed=0).sample(4000, seed=0).table
    assert np.isin(made["pay_f"].to_numpy(), private).mean() < 0.001
    assert made["pay_f"].to_numpy().std() == pytest.approx(private.std(), rel=0.1)


def test_quantile_function_of_spikes_and_a_uniform_is_the_known_one():
    values = np.concatenate([np.zeros(500), np.linspace(1, 2, 500)])
    probability, value = quantile_function(values, 0.0, 2.0)
    assert np.interp([0.1, 0.49], probability, value) == pytest.approx([0, 0])
    assert np.interp([0.6, 0.75, 0.9], probability, value) == pytest.approx([1.2, 1.5, 1.8], abs=0.01)


def test_law_of_a_discrete_column_gives_its_shares():
    column = Column(name="c", kind="category", dtype="string", categories=("x", "never", "y"))
    law = learn_law(np.array([0, 0, 0, 2, -1]), column, 0)
    assert law["0/missing"] == pytest.approx([0.2])
    assert list(invert(np.array([0.0, 0.74, 0.76, 0.999]), law, 0)) == [0, 0, 2, 2]


def test_categories_are_ordered_by_their_mean_response():
    code = np.repeat([1, 2, 3], 100)
    response = np.repeat([5.0, 1.0, 3.0], 100)[:, None]
    rank = ordered(code, 4, response, classes=False)[0]
    assert rank[1] != rank[2]
    assert rank[3] == np.median(rank[1:])


def test_leaves_are_those_of_scikit_learn():
    from sklearn.tree import DecisionTreeRegressor

    rng = np.random.default_rng(0)
    codes = rng.integers(0, [50, 9], (2000, 2))
    y = np.sin(codes[:, :1] / 8.0) * codes[:, 1:]
    [tree] = grow(
        list(codes.T), [50, 9], [4, 7], [False, False], y, False, np.arange(2000),
        structures=[np.arange(2000)], min_leaf=30, noise=4.0,
    )  # fmt: skip
    known = np.zeros((2000, 8), dtype=np.int32)
    known[:, [4, 7]] = codes
    ours = descend(tree, known)
    x = codes.astype(np.float32)
    theirs = DecisionTreeRegressor(min_samples_leaf=30, random_state=0).fit(x, y).apply(x)
    pairs = set(zip(theirs.tolist(), ours.tolist(), strict=True))
    assert len(pairs) == len(np.unique(theirs))  # each of theirs lies in one of ours
    assert np.bincount(ours)[np.unique(ours)].min() >= 30
    for leaf in np.unique(ours):
        held = tree.atoms[tree.first[leaf] : tree.end[leaf]]
        assert list(held) == list(np.flatnonzero(ours == leaf))
    for node in np.flatnonzero(tree.right >= 0):  # a node holds what the two below it hold
        below = [node + 1, tree.right[node]]
        assert (tree.parent[below] == node).all()
        assert (tree.first[node], tree.end[node]) == (tree.first[below[0]], tree.end[below[1]])
        assert tree.end[below[0]] == tree.first[below[1]]
    rows = tree.end - tree.first
    assert tree.climb[0] == 0
    assert tree.climb[1:] == pytest.approx(10 / (rows[1:] + 10))


@pytest.mark.parametrize("classes", [False, True])
def test_grown_trees_reach_the_impurity_of_scikit_learn(classes):
    """The same greedy search: on Adult's columns the unpruned leaves are as pure, but for ties."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    adult = mm.read(Path(mm.__file__).parent / "examples/adult.parquet")[:6000].table.combine_chunks()
    numeric, nominal = ("age", "fnlwgt", "hours-per-week"), ("sex", "race", "occupation")
    coded = [np.unique(adult[c].to_numpy(), return_inverse=True)[1] for c in numeric]
    coded = [code * 255 // code.max() for code in coded]
    coded += [adult[c].chunk(0).dictionary_encode().indices.fill_null(14).to_numpy() for c in nominal]
    *codes, work = coded
    y = work if classes else np.eye(15)[work]
    sizes = [int(c.max()) + 1 for c in codes]
    [tree] = grow(
        codes, sizes, range(5), [False] * 5, y, classes, work,
        structures=[np.arange(6000)], min_leaf=20, noise=0.0,
    )  # fmt: skip
    x = np.stack(codes, axis=1).astype(np.float32)
    make = DecisionTreeClassifier if classes else DecisionTreeRegressor
    theirs = make(min_samples_leaf=20, random_state=0).fit(x, y).apply(x)
    ours = descend(tree, np.stack(codes, axis=1).astype(np.int32))
    assert min(np.bincount(ours)[np.unique(ours)]) >= 20

    def impurity(leaf):
        held = np.stack([np.bincount(leaf[work == c], minlength=leaf.max() + 1) for c in range(15)])
        rows = np.maximum(held.sum(axis=0), 1)
        return (rows - (held**2).sum(axis=0) / rows).sum()

    assert impurity(ours) == pytest.approx(impurity(theirs), rel=0.002)


def test_categories_are_sent_down_as_numbers_of_their_order():
    rng = np.random.default_rng(0)
    code = rng.integers(1, 40, 4000)
    response = np.isin(code, [3, 17, 30, 38]).astype(int)  # no stretch of the codes
    [tree] = grow(
        [code], [40], [1], [True], response, True, response,
        structures=[np.arange(4000)], min_leaf=10, noise=3.0,
    )  # fmt: skip
    leaf = descend(tree, np.stack([code * 0, code], axis=1).astype(np.int32))
    assert len(np.unique(leaf)) == 2
    for node in np.unique(leaf):
        assert len(set(response[leaf == node])) == 1


def test_many_rows_are_shared_out_between_the_trees_and_all_come_down():
    n = 230_000  # more than twice what fills a tree
    code = np.arange(n) % 3
    some = np.arange(0, n, 50)
    trees = grow(
        [code], [3], [0], [False], code[:, None].astype(float), False, np.arange(n),
        structures=[some, some + 1], min_leaf=10, noise=3.0,
    )  # fmt: skip
    held = np.sort(np.concatenate([tree.atoms for tree in trees]))
    assert (held == np.arange(n)).all()
    for tree in trees:
        for leaf in np.flatnonzero(tree.right < 0):
            assert len(np.unique(tree.atoms[tree.first[leaf] : tree.end[leaf]] % 3)) == 1


def test_noise_is_not_split_on():
    rng = np.random.default_rng(0)
    codes = [rng.integers(0, 100, 5000) for _ in range(5)]
    [tree] = grow(
        codes, [100] * 5, list(range(5)), [False] * 5, rng.random((5000, 1)), False, np.arange(5000),
        structures=[np.arange(5000)], min_leaf=30, noise=4.0,
    )  # fmt: skip
    assert (tree.right < 0).sum() < 5000 / 30 / 2


def stump(column: int, limit: int, climb: list[float], first: list[int], end: list[int], atoms: list[int]):
    """A tree of one question: is the code of a column at most `limit`?"""
    return Forest(
        column=np.array([column, -1, -1], np.int32), offset=np.zeros(3, np.int32),
        threshold=np.array([limit, 0, 0], np.int32), right=np.array([2, -1, -1], np.int32),
        parent=np.array([-1, 0, 0], np.int32), climb=np.array(climb, np.float32), first=np.array(first),
        end=np.array(end), maps=np.arange(4, dtype=np.int32), atoms=np.array(atoms, np.int8),
        roots=np.zeros((1, 1), np.int32), group=np.zeros(1, np.int32), by=np.array([-1], np.int32),
    )  # fmt: skip


def test_draws_leave_a_node_as_often_as_it_says():
    tree = stump(1, 0, [0, 0.25, 0.5], [0, 0, 1], [4, 1, 4], [7, 8, 8, 9])
    n, rng = 40_000, np.random.default_rng(0)
    drawn = drawn_atoms(
        tree, np.stack([np.zeros(2 * n, np.int32), np.repeat([0, 1], n)], axis=1).astype(np.int32), rng
    )
    left, right = (np.bincount(half, minlength=10)[7:] / n for half in (drawn[:n], drawn[n:]))
    assert left == pytest.approx([0.75 + 0.25 / 4, 0.25 / 2, 0.25 / 4], abs=0.01)
    assert right == pytest.approx([0.5 / 4, 0.5 * 2 / 3 + 0.5 / 2, 0.5 / 3 + 0.5 / 4], abs=0.01)


@pytest.mark.parametrize("method", METHODS)
def test_a_fit_repeats_and_a_saved_model_draws_the_same(method, tmp_path):
    data = mixed(500)
    first, second = (method().fit(data, seed=3) for _ in range(2))
    rows = first.sample(700, seed=5).table
    assert rows.equals(second.sample(700, seed=5).table)
    first.save(tmp_path / "model")
    assert rows.equals(load_model(tmp_path / "model").sample(700, seed=5).table)
    assert not rows.equals(first.sample(700, seed=6).table)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.filterwarnings("ignore:column .* holds no value:UserWarning")
@pytest.mark.parametrize("n", [2, 30, 400])
def test_hard_columns_come_out(method, n):
    rng = np.random.default_rng(0)
    sparse = [None] * n
    sparse[0] = 1.5
    data = table(
        constant_i=np.full(n, 7),
        empty_f=pa.nulls(n, pa.float64()),
        void_c=pa.nulls(n, pa.string()),
        sparse_f=pa.array(sparse, pa.float64()),
        unique_f=rng.normal(size=n),
        maybe_b=pa.array([None if i % 3 else i % 2 == 0 for i in range(n)]),
        naïve_c=[f"k{i % 3}" for i in range(n)],
    )
    made = method().fit(data, seed=0).sample(50, seed=0).table
    assert made.schema.equals(data.table.schema)
    assert set(made["constant_i"].to_pylist()) == {7 if n >= 10 else None}  # fewer say nothing
    assert made["empty_f"].null_count == made["void_c"].null_count == 50
    assert made["unique_f"].null_count == (0 if n >= 10 else 50)


def test_thousands_of_categories_keep_what_they_say():
    rng = np.random.default_rng(0)
    place = rng.integers(0, 5000, 100_000)
    data = table(place_c=pa.array(place.astype(str)), north_f=place + rng.normal(size=100_000))
    made = SequentialTrees().fit(data, seed=0).sample(5000, seed=0).table
    named = np.array(made["place_c"].to_pylist()) != OTHER  # the few places of fewer than ten rows
    assert named.mean() > 0.98
    drawn = np.array(made["place_c"].to_pylist())[named].astype(int)
    assert np.corrcoef(made["north_f"].to_numpy()[named], drawn)[0, 1] > 0.99


def test_weak_relations_with_the_target_outlive_strong_ones_between_columns():
    rng = np.random.default_rng(0)
    yes, shared = rng.random(2000) < 0.5, rng.normal(size=(2000, 3))
    weak = {f"x{k}_f": shared[:, k % 3] + rng.normal(0, 0.5, 2000) + 0.5 * yes for k in range(12)}
    data = table(target="yes_c", yes_c=np.where(yes, "y", "n"), **weak)
    made = SequentialTrees().fit(data, seed=0).sample(40_000, seed=0).table
    drawn = np.array(made["yes_c"].to_pylist()) == "y"
    for name, values in weak.items():
        real = values[yes].mean() - values[~yes].mean()
        found = made[name].to_numpy()
        assert found[drawn].mean() - found[~drawn].mean() == pytest.approx(real, rel=0.1)


@pytest.mark.parametrize(("rows", "rare"), [(30_000, 140), (120_000, 400)])
def test_a_rare_class_keeps_how_its_columns_hang_together(rows, rare):
    rng = np.random.default_rng(0)
    kind = np.array(["rare"] * rare + ["one", "two"] * ((rows - rare) // 2))
    x = rng.normal(size=rows) + (kind == "two")
    data = table(target="kind_c", kind_c=kind, x_f=x, y_f=x + rng.normal(0, 0.1, rows))
    made = SequentialTrees().fit(data, seed=0).sample(5000, seed=0, where={"kind_c": "rare"}).table
    assert np.corrcoef(made["x_f"].to_numpy(), made["y_f"].to_numpy())[0, 1] > 0.85


def test_each_group_is_served_by_its_own_trees_in_equal_shares():
    tree = stump(1, 1, [0, 0, 0], [0, 0, 1], [3, 1, 3], [5, 6, 6])
    nine, eight = single_leaf(np.array([9, 9])), single_leaf(np.array([8]))
    forest = joined([[tree, tree], [nine, eight]], 2, np.array([0, 1, 0]))
    codes = np.zeros((6, 3), dtype=np.int32)
    codes[:, 1], codes[:, 2] = [1, 2, 1, 2, 1, 2], [0, 0, 1, 1, 2, 2]
    rng = np.random.default_rng(0)
    drawn = np.stack([drawn_atoms(forest, codes, rng) for _ in range(4000)])
    assert (drawn[:, [0, 1, 4, 5]] == [5, 6, 5, 6]).all()
    assert set(drawn[:, 2]) == {8, 9}
    assert np.mean(drawn[:, 2:4] == 9) == pytest.approx(0.5, abs=0.03)


def test_several_trees_foretell_unseen_rows_better_than_one():
    """Mean squared error of the mean of drawn values, of a known law, on rows that were not fitted."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 20, (2600, 4))
    law = np.sin(x[:, 0] / 3) + 0.1 * x[:, 1] * (x[:, 2] > 9)
    data = table(**{f"x{k}_i": x[:2000, k] for k in range(4)}, y_f=(law + rng.normal(0, 1, 2600))[:2000])
    errors = []
    for trees in (1, 4):
        model = SequentialTrees(trees=trees).fit(data, seed=0)
        made = model.sample(60_000, seed=1).table
        drawn = np.stack([made[f"x{k}_i"].to_numpy() for k in range(4)], axis=1)
        expected = np.sin(drawn[:, 0] / 3) + 0.1 * drawn[:, 1] * (drawn[:, 2] > 9)
        cell = drawn[:, 0] * 20 + drawn[:, 1]  # some 150 rows each: what noise the trees kept shows
        size = np.maximum(np.bincount(cell), 1)
        gap = np.bincount(cell, made["y_f"].to_numpy() - expected) / size
        errors.append(float(np.sum(size * gap**2) / size.sum()))
    assert errors[1] < 0.8 * errors[0]


def test_time_up_ends_with_columns_on_their_own_and_says_which():
    with pytest.warns(UserWarning, match="max_minutes passed: column 'group_c', 'x_f', 'amount_i'"):
        model = SequentialTrees().fit(mixed(), seed=0, max_minutes=1e-9)
    assert len(model.sample(10, seed=0)) == 10


def test_few_rows_bring_the_advice_to_take_the_copula():
    with pytest.warns(UserWarning, match=r"120 rows are few for trees: .* gaussian_copula"):
        SequentialTrees().fit(mixed(120), seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SequentialTrees().fit(mixed(200), seed=0)


def test_wide_tables_take_the_most_associated_predictors():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(1500, 60))
    columns = {f"n{k}_f": noise[:, k] for k in range(60)}
    data = table(source_f=noise[:, 0] * 2, **columns, echo_f=noise[:, 0] + 0.1 * rng.normal(size=1500))
    made = SequentialTrees().fit(data, seed=0).sample(1500, seed=0).table
    assert np.corrcoef(made["source_f"].to_numpy(), made["echo_f"].to_numpy())[0, 1] > 0.95


ADULT = Path(__file__).parents[1] / "src/mintmark/examples/adult.parquet"


@pytest.mark.skipif(not ADULT.exists(), reason="the shipped example is not there")
def test_no_more_adult_rows_are_copied_than_by_chance():
    import pyarrow.parquet as pq

    read = pq.read_table(ADULT).replace_schema_metadata(None).slice(0, 12_000)
    letters = {"age": "i"}
    kinds = {
        f.name: KINDS[letters.get(f.name, "i" if pa.types.is_integer(f.type) else "c")] for f in read.schema
    }
    strings = [pa.string() if kinds[f.name] == "category" else f.type for f in read.schema]
    read = read.cast(pa.schema(list(zip(read.column_names, strings, strict=True))))
    schema = Schema(
        tuple(Column(name=f.name, kind=kinds[f.name], dtype=type_name(f.type)) for f in read.schema)
    )
    train = Dataset(read, schema)
    made = SequentialTrees().fit(train, seed=0).sample(12_000, seed=1).table
    real = set(zip(*(column.to_pylist() for column in read.columns), strict=True))
    copied = np.mean([row in real for row in zip(*(c.to_pylist() for c in made.columns), strict=True)])
    assert copied < 0.001  # the share of duplicates among the real rows


def codes_of_all(data: Dataset):
    data = protect(data, np.random.default_rng(0))
    arrays = encode(data.table, data.schema)
    return data.schema, [coded(arrays[c.name], c, j) for j, c in enumerate(data.schema)]


def test_the_order_comes_from_the_data():
    """Diabetes 130: wide categories first leave the flags after them little to go by."""
    path = Path(__file__).parents[1] / "../shared/data/diabetes130_sample/diabetes130.parquet"
    if not path.exists():
        pytest.skip("the shared data is not here")
    data = read(path, target="readmitted")
    schema, columns = codes_of_all(data.drop(*renewed(data.schema)))
    order = order_of(
        schema, columns, np.arange(len(data)), min_leaf=10, noise=6.0, rng=np.random.default_rng(0)
    )
    assert sorted(order.columns) == list(range(len(schema)))
    assert order.name != "as in the table"
    assert "log-likelihood of unseen rows higher" in order.why


def test_the_target_is_drawn_first_in_every_order():
    schema, columns = codes_of_all(mixed())
    order = order_of(schema, columns, np.arange(3000), min_leaf=10, noise=6.0, rng=np.random.default_rng(0))
    assert schema.names[order.columns[0]] == "yes_b"


CONDITIONS = [
    {"yes_b": True},
    {"group_c": ["a", "c"], "amount_i": (5, 40)},
    {"amount_i": 0, "x_f": (1.0, None)},
    {"x_f": None},
    {"day_d": (dt.date(1970, 1, 1), dt.date(1972, 12, 31)), "group_c": "b"},
]


@pytest.mark.parametrize("where", CONDITIONS, ids=str)
def test_a_condition_gives_the_law_of_the_rows_that_meet_it(where):
    """Against rows drawn freely and picked afterwards: chi-square tests of every column, level 1e-4."""
    model = SequentialTrees().fit(mixed(), seed=0)
    free = model.sample(60_000, seed=1)
    picked = free.take(matches(free.table, free.schema, where))
    made = model.sample(len(picked), seed=2, where=where)
    assert matches(made.table, made.schema, where).all()
    for name in free.names:
        a, b = (np.array([str(v) for v in data.table[name].to_pylist()]) for data in (picked, made))
        if free.schema[name].is_numeric:
            a, b = (numbers(data.table[name], data.schema[name]) for data in (picked, made))
            cuts = np.unique(np.nanquantile(a, np.linspace(0, 1, 9)[1:-1])) if not np.isnan(a).all() else []
            a, b = (np.where(np.isnan(v), -1, np.searchsorted(cuts, v, "right")) for v in (a, b))
        values = np.unique(np.concatenate([a, b]))
        counts = np.array([[np.sum(v == value) for value in values] for v in (a, b)])
        counts = counts[:, counts.sum(axis=0) >= 10]
        if counts.shape[1] > 1:
            assert chi2_contingency(counts).pvalue > 1e-4, name


def test_a_condition_costs_little_where_the_order_allows():
    model = SequentialTrees().fit(mixed(), seed=0)
    made = model.sample(4096, seed=0, where={"yes_b": True})
    assert made.provenance["rejected"] == {}
    assert made.provenance["drawn"] < 1.1 * 4096


def test_a_condition_that_never_holds_together_is_given_up():
    n = 4000
    a = np.arange(n) % 2
    data = table(a_c=a.tolist(), b_c=[f"v{v}" for v in a])  # b says the same as a
    model = SequentialTrees().fit(data, seed=0)
    with pytest.raises((RejectedError, InputError)):
        model.sample(10, seed=0, where={"a_c": 0, "b_c": "v1"})


def test_what_was_chosen_is_told():
    made = SequentialTrees().fit(mixed(), seed=0).sample(10, seed=0)
    told = {one["what"]: one for one in made.provenance["choices"]}
    assert "order of columns" in told
    assert "yes_b" in told["order of columns"]["chosen"]
    assert all(one["why"] for one in told.values())


def test_a_number_that_is_never_drawn_is_given_up_soon():
    x = np.random.default_rng(0).normal(size=600)
    model = SequentialTrees().fit(read(pa.table({"x": x, "c": ["a", "b"] * 300})), seed=0)
    with pytest.raises(RejectedError, match=r"x = 0\.123.*wider condition"):
        model.sample(5, seed=0, where={"x": 0.123456789012345})
