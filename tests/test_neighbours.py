"""The fast neighbour search beside a slow obvious one."""

import numpy as np
import pytest

from mintmark.stats.neighbours import Points, Space, agreement, nearest, nearest_others, nearest_rows

SIZES = {"city": 7, "code": 300}


def columns(n, rng, missing=0.1, jitter=0.0, like=None):
    if like is not None:
        return {
            name: values + jitter * rng.standard_normal(len(values)) if values.dtype == float else values
            for name, values in like.items()
        }
    spiky = np.where(rng.random(n) < 0.7, 0.0, rng.gamma(2.0, 100.0, n))
    smooth = rng.standard_normal(n)
    smooth[rng.random(n) < missing] = np.nan
    city = rng.integers(-1, 7, n)
    return {"smooth": smooth, "spiky": spiky, "city": city, "code": rng.integers(0, 300, n)}


def slow_positions(values, train):
    """Mid-rank of each value in train, in [0, 1], halfway for missing."""
    known = train[~np.isnan(train)]
    distinct = np.unique(known)
    ranks = [((known < value).mean() + (known <= value).mean()) / 2 for value in distinct]
    return np.where(np.isnan(values), 0.5, np.interp(values, distinct, ranks))


def slow_squares(queries, references, train):
    total = 0.0
    for name in train:
        a, b = queries[name][:, None], references[name][None, :]
        if name in SIZES:
            total = total + (a != b)
            continue
        x, y = slow_positions(a, train[name]), slow_positions(b, train[name])
        total = total + (x - y) ** 2 + (np.isnan(a) != np.isnan(b))
    return total


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("jitter", [None, 0.0, 1e-4])
def test_fast_search_equals_slow_one(k, jitter):
    rng = np.random.default_rng(k)
    train = columns(9000, rng)  # more than one block of references
    like = None if jitter is None else {name: values[:300] for name, values in train.items()}
    queries = columns(300, rng, like=like, jitter=jitter or 0.0)
    space = Space.of(train, SIZES)
    found = nearest(space.place(queries), space.place(train), k)
    wanted = np.sqrt(np.sort(slow_squares(queries, train, train), axis=1)[:, :k])
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    if jitter == 0.0:
        assert (found[:, 0] == 0).all()


def test_search_stays_exact_when_references_repeat():
    rng = np.random.default_rng(0)
    train = columns(40, rng)
    train = {name: np.tile(values, 50) for name, values in train.items()}
    queries = columns(60, rng, like={name: values[:60] for name, values in train.items()}, jitter=1e-3)
    space = Space.of(train, SIZES)
    found = nearest(space.place(queries), space.place(train), 2)
    wanted = np.sqrt(np.sort(slow_squares(queries, train, train), axis=1)[:, :2])
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_missing_references_are_infinitely_far():
    rng = np.random.default_rng(0)
    train = columns(2, rng)
    space = Space.of(train, SIZES)
    found = nearest(space.place(columns(5, rng)), space.place(train), 3)
    assert np.isfinite(found[:, :2]).all()
    assert np.isinf(found[:, 2]).all()


def slow_agreement(queries, references, train):
    total = 0.0
    for name in train:
        a, b, c = queries[name][:, None], references[name][None, :], train[name][None, :]
        chance = np.maximum(agrees(a, c, train[name], name).sum(axis=1, keepdims=True), 1) / c.shape[1]
        total = total + agrees(a, b, train[name], name) * np.round(-8 * np.log(chance)) / 8
    return total.max(axis=1)


def agrees(a, b, train, name):
    if name in SIZES:
        return a == b
    x, y = (np.round(slow_positions(v, train) * 240) for v in (a, b))
    both, neither = ~np.isnan(a) & ~np.isnan(b), np.isnan(a) & np.isnan(b)
    return (both & (np.abs(x - y) <= 5)) | neither


def test_agreement_equals_the_slow_one():
    rng = np.random.default_rng(3)
    train, references, queries = columns(2000, rng), columns(900, rng), columns(100, rng)
    space = Space.of(train, SIZES)
    found = agreement(space.place(queries), space.place(references))
    np.testing.assert_allclose(found, slow_agreement(queries, references, train), atol=1e-9)


def test_one_changed_column_leaves_all_others_in_agreement():
    rng = np.random.default_rng(4)
    train = columns(500, rng)
    changed = {**train, "city": (train["city"] + 2) % 7}
    space = Space.of(train, SIZES)
    points = space.place(train)
    others = sum(weights / 8 for weights, name in zip(points.weights, train, strict=True) if name != "city")
    assert (agreement(space.place(changed), points) >= others).all()


def test_columns_without_any_value_do_not_matter():
    train = {"empty": np.full(5, np.nan), "same": np.ones(5)}
    space = Space.of(train, {})
    other = space.place({"empty": np.full(3, np.nan), "same": np.ones(3)})
    assert (nearest(other, space.place(train)) == 0).all()
    assert (agreement(other, space.place(train)) == 0).all()  # all agree, which surprises nobody


@pytest.mark.parametrize("n", [2, 3, 40, 1_500])
def test_the_nearest_others_are_those_of_all_pairs(n):
    rng = np.random.default_rng(n)
    space = Space.of(columns(n, rng), SIZES)
    points = space.place(columns(n, rng))
    distances, places = nearest_others(points, 3)
    every, whose = nearest_rows(points, points, n)
    apart = np.array([row[who != at] for at, (row, who) in enumerate(zip(every, whose, strict=True))])[:, :3]
    found = np.isfinite(distances)
    np.testing.assert_allclose(distances[:, : apart.shape[1]], apart, atol=1e-5)
    assert (found == (np.arange(3) < n - 1)).all()
    assert (places != np.arange(n)[:, None]).all()
    assert ((places >= 0) == found).all()


def test_of_equal_points_another_is_nearest_and_never_itself():
    points = Space.of({"x": np.zeros(400)}, {}).place({"x": np.zeros(400)})
    distances, places = nearest_others(points, 5)
    assert (distances == 0).all()
    assert (places != np.arange(400)[:, None]).all()
    assert all(len(set(row)) == 5 for row in places.tolist())


def plain(n, width, wide, rng, whole):
    """Points without a scale: numbers, or whole numbers with many equal distances, and wide codes."""
    flat = rng.normal(size=(n, width))
    codes = rng.integers(0, 90, (n, wide))
    return Points((np.round(flat) if whole else flat).astype(np.float32), codes, (), (), ())


def slow(queries, references):
    """Squared distances of all pairs in double precision."""
    out = np.zeros((len(queries), len(references)))
    for a, b in zip(queries.flat.T.astype(float), references.flat.T.astype(float), strict=True):
        out += (a[:, None] - b) ** 2
    for a, b in zip(queries.wide.T, references.wide.T, strict=True):
        out += a[:, None] != b
    return out


@pytest.mark.parametrize("n", [1, 15, 16, 17, 63, 65, 129, 2047, 2049, 4100])  # about panels and blocks
@pytest.mark.parametrize(("width", "wide"), [(1, 0), (7, 2), (40, 0), (0, 3)])
@pytest.mark.parametrize("whole", [False, True])
def test_every_length_of_a_table_is_searched_whole(n, width, wide, whole):
    rng = np.random.default_rng(n)
    references = plain(n, width, wide, rng, whole)
    queries = references.take(np.arange(0, n, max(1, n // 70)))
    square = slow(queries, references)
    distances, places = nearest_rows(queries, references, 4)
    wanted = np.full((len(queries), 4), np.inf)
    wanted[:, : min(4, n)] = np.sqrt(np.sort(square, axis=1)[:, :4])
    np.testing.assert_allclose(distances, wanted, atol=1e-5)
    held = places >= 0
    assert (held == (np.arange(4) < n)).all()
    of = np.take_along_axis(square, np.maximum(places, 0), 1)
    np.testing.assert_allclose(distances[held] ** 2, of[held], atol=1e-5)
    assert all(len(set(row[row >= 0])) == min(4, n) for row in places)
    if n > 1:
        apart, whose = nearest_others(references, 4)
        own = np.arange(0, n, max(1, n // 70))
        square[np.arange(len(own)), own] = np.inf
        wanted = np.sqrt(np.sort(square, axis=1)[:, : min(4, n - 1)])
        np.testing.assert_allclose(apart[own, : wanted.shape[1]], wanted, atol=1e-5)
        assert (whose != np.arange(n)[:, None]).all()


def test_many_queries_are_searched_in_parts():
    rng = np.random.default_rng(0)
    references, queries = plain(300, 5, 1, rng, False), plain(40_000, 5, 1, rng, False)
    places = nearest_rows(queries, references, 2)[1]
    some = np.r_[0:50, 16_360:16_410, 39_950:40_000]
    wanted = np.argsort(slow(queries.take(some), references), axis=1)[:, :2]
    np.testing.assert_array_equal(places[some], wanted)


def test_of_equal_distances_the_first_come_first():
    points = Points(np.tile(np.eye(3, dtype=np.float32), (50, 1)), np.empty((150, 0), np.int64), (), (), ())
    np.testing.assert_array_equal(nearest_rows(points, points, 3)[1], np.arange(150)[:, None] % 3 + [0, 3, 6])
    for row, found in enumerate(nearest_others(points, 3)[1]):
        assert found.tolist() == [at for at in range(row % 3, 150, 3) if at != row][:3]


def test_distances_that_single_precision_cannot_tell_apart_are_found_in_double():
    rng = np.random.default_rng(0)
    line = 1001 + rng.permutation(400) * 0.002  # squares of a million, of which single precision loses 0.1
    references = np.stack([line, np.zeros(400)], axis=1).astype(np.float32)
    points = Points(references, np.empty((400, 0), np.int64), (), (), ())
    query = Points(np.array([[1000, 0]], np.float32), np.empty((1, 0), np.int64), (), (), ())
    distances = nearest_rows(query, points, 5)[0]
    np.testing.assert_allclose(distances[0], np.sqrt(np.sort(slow(query, points)[0])[:5]), atol=1e-5)
    apart = nearest_others(points, 5)[0]
    square = slow(points, points)
    np.fill_diagonal(square, np.inf)
    np.testing.assert_allclose(apart, np.sqrt(np.sort(square, axis=1)[:, :5]), atol=1e-5)
