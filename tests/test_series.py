"""Scores of whole sequences: on laws whose answer is known, on odd tables, on real visits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark import registry
from mintmark.assess.fidelity.autocorrelation import partial_autocorrelation
from mintmark.assess.fidelity.discriminative_score import DiscriminativeScore
from mintmark.assess.report._words import _WORDS
from mintmark.data.dataset import Dataset
from mintmark.data.protect import persons
from mintmark.data.schema import Column, Schema
from mintmark.data.sequences import sequences
from mintmark.errors import InputError
from mintmark.metric import Tables
from mintmark.stats.curves import distance, half_sum, jackknife, largest, root_mean_square
from sequence_populations import SCHEMA, Population, jittered, parts, table

OF_SEQUENCES = [name for name in registry.names("metrics") if registry.find("metrics", name).of_sequences]
VISITS = Path(__file__).parents[2] / "shared" / "data" / "pbcseq_patient_visits" / "pbcseq.parquet"


@pytest.fixture(scope="module")
def drawn():
    law = Population(5)
    return [law.draw(120, first) for first in (0, 1000, 2000)]


def scores(drawn, *names: str, **other):
    train, holdout, fresh = drawn
    given = {"train": train, "holdout": holdout, "synthetic": fresh, "metrics": list(names)} | other
    return {score.metric: score for score in mm.assess(**given).scores}


def test_partial_autocorrelation_of_a_second_order_process_ends_at_lag_two():
    a, b = 0.5, 0.3
    plain = [1, a / (1 - b)]
    for _ in range(6):
        plain.append(a * plain[-1] + b * plain[-2])
    found = partial_autocorrelation(np.array(plain[1:]))
    np.testing.assert_allclose(found[:2], [a / (1 - b), b], atol=1e-12)
    np.testing.assert_allclose(found[2:], 0, atol=1e-12)


def test_partial_autocorrelation_of_what_its_past_determines_stays_finite():
    assert partial_autocorrelation(np.ones(4)).tolist() == [1, 0, 0, 0]


def test_jackknife_of_a_mean_gives_its_variance():
    x = np.random.default_rng(0).normal(size=(700, 3))
    found = jackknife(np.c_[x, np.ones(700)], lambda s: s[..., :3] / s[..., 3:])
    np.testing.assert_allclose((found.influence**2).sum(0) / 700 / 699, x.var(0, ddof=1) / 700, rtol=1e-6)


@pytest.mark.parametrize("norm", [root_mean_square, half_sum, largest])
def test_intervals_of_distances_cover_zero_and_a_known_distance(norm):
    """30 repeats of a mean of ten, moved by 0 or 8 standard errors: at 95 % at least 25 hold."""
    rng, starts, n = np.random.default_rng(1), np.array([0]), 100
    for shift in (0.0, 8 * np.sqrt(2 / n)):
        moved = np.r_[np.full(5, shift), np.zeros(5)]
        true, held = float(norm(moved, starts)[0]), 0
        for _ in range(30):
            a, b = (rng.normal(size=(n, 10)) + d for d in (moved, 0))
            curves = [jackknife(np.c_[x, np.ones(n)], lambda s: s[..., :-1] / s[..., -1:]) for x in (a, b)]
            low, high = distance(*curves, starts, norm, rng).interval
            held += low <= true <= high
        assert held >= 25


def test_the_order_of_rows_in_the_file_changes_no_score(drawn):
    train, holdout, fresh = drawn
    mixed = fresh.take(np.random.default_rng(0).permutation(len(fresh)))
    names = ["autocorrelation", "transitions", "window_copies"]
    first, again = scores(drawn, *names), scores((train, holdout, mixed), *names)
    assert {m: s.estimate for m, s in first.items()} == pytest.approx(
        {m: s.estimate for m, s in again.items()}, abs=0.02
    )


def test_a_known_correlation_with_the_past_is_measured():
    """White noise against x_t = 0.8 x_(t-1) + e: the distance is the root mean square of 0.8^k."""

    def walk(phi: float, seed: int, first: int) -> Dataset:
        rng = np.random.default_rng(seed)
        x = np.zeros((300, 130, 3))
        for t in range(1, 130):
            x[:, t] = phi * x[:, t - 1] + rng.normal(size=(300, 3)) * np.sqrt(1 - phi**2)
        n, owner = 300 * 30, np.repeat(np.arange(300), 30)
        return table(owner + first, np.tile(np.arange(30), 300), x[:, 100:].reshape(n, 3), ["a"] * n)

    drawn = walk(0.8, 1, 0), walk(0.8, 2, 400), walk(0.0, 3, 800)
    found = scores(drawn, "autocorrelation")["autocorrelation"]
    true = 1 - np.sqrt(np.mean(0.8 ** (2 * np.arange(1, 11))))
    assert found.interval[0] <= true <= found.interval[1]
    assert found.ceiling > 0.95
    partial = scores(drawn, "autocorrelation")["autocorrelation.partial"]
    assert partial.estimate == pytest.approx(1 - np.sqrt(0.64 / 10), abs=0.02)


def test_a_known_transition_matrix_is_measured():
    """Two states, staying with chance 0.9 or 0.5: pairs (.45 .05 .05 .45) against all .25: distance 0.4."""

    def chain(stay: float, seed: int, first: int) -> Dataset:
        rng, n = np.random.default_rng(seed), 400
        state = np.zeros((n, 25), dtype=int)
        state[:, 0] = rng.integers(0, 2, n)
        for t in range(1, 25):
            state[:, t] = np.where(rng.random(n) < stay, state[:, t - 1], 1 - state[:, t - 1])
        flat = np.array(["a", "b"])[state.ravel()]
        owner = np.repeat(np.arange(n), 25)
        return table(owner + first, np.tile(np.arange(25), n), np.zeros((n * 25, 3)), flat)

    found = scores((chain(0.9, 1, 0), chain(0.9, 2, 500), chain(0.5, 3, 1000)), "transitions")["transitions"]
    assert found.interval[0] <= 0.6 <= found.interval[1]
    assert found.interval[1] - found.interval[0] < 0.06


def test_times_and_lengths_that_differ_are_seen(drawn):
    train, holdout, fresh = drawn
    key, step, numbers, state = parts(fresh)
    rare = table(key, step * 3, numbers, state)
    assert scores((train, holdout, rare), "inter_event_times")["inter_event_times"].estimate < 0.01
    short = fresh.take(step < 24)
    found = scores((train, holdout, short), "sequence_length")["sequence_length"]
    assert found.estimate < 0.2 < found.ceiling


def test_a_copy_under_new_keys_and_dates_is_a_copy(drawn):
    train, holdout, _ = drawn
    key, step, numbers, state = parts(train)
    moved = table(key + 9999, step + 500, numbers, state)
    found = scores((train, holdout, moved), "window_copies", "nearest_windows", "sequence_membership")
    assert found["window_copies.exact"].estimate == 1
    assert found["nearest_windows"].estimate == 1
    assert found["sequence_membership.auc"].estimate > 0.99


def test_one_changed_value_a_step_is_a_near_copy_and_no_exact_one(drawn):
    train, holdout, _ = drawn
    found = scores((train, holdout, jittered(train, np.random.default_rng(0))), "window_copies")
    assert found["window_copies.exact"].estimate == 0
    assert found["window_copies.near"].interval[0] > 0.9


def test_copies_of_the_holdout_do_not_raise_membership(drawn):
    train, holdout, _ = drawn
    found = scores((train, holdout, holdout), "sequence_membership", "window_copies")
    assert found["sequence_membership.auc"].interval[0] < 0.5
    assert found["window_copies.excess"].estimate <= 0


def test_ordinary_tables_have_no_score_of_sequences():
    rows, held = (mm.read({"x": np.arange(200) + shift, "y": list("ab") * 100}) for shift in (0.0, 0.5))
    assert not mm.assess(train=rows, synthetic=rows, holdout=held, metrics=OF_SEQUENCES).scores
    assert len(OF_SEQUENCES) == 12


def test_every_score_of_sequences_says_what_it_is_in_words(drawn):
    for name, score in scores(drawn, *OF_SEQUENCES).items():
        assert name in _WORDS, name
        assert score.status == "not run" or (score.estimand and score.variance and score.convention), name


def test_a_sequence_is_the_unit_of_privacy_and_of_splits(drawn):
    train, _, _ = drawn
    assert len(np.unique(persons(train))) == 120
    kept, held = train.split(0.3, seed=0)
    assert not set(kept.table["id"].to_pylist()) & set(held.table["id"].to_pylist())


def test_intervals_of_rows_count_sequences():
    """Rows that repeat one value a sequence: the interval is that of as many rows as sequences."""
    rng = np.random.default_rng(0)

    def constant(first: int) -> Dataset:
        owner = np.repeat(np.arange(200), 20)
        return table(
            owner + first,
            np.tile(np.arange(20), 200),
            np.repeat(rng.normal(size=(200, 3)), 20, 0),
            ["a"] * 4000,
        )

    drawn = [constant(first) for first in (0, 300, 600)]
    low, high = scores(drawn, "column_shapes")["column_shapes"].interval
    keyless = [data.drop("id") for data in drawn]
    low_rows, high_rows = scores(keyless, "column_shapes")["column_shapes"].interval
    assert high - low > 3 * (high_rows - low_rows)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": [1, None, 2, 2]}, r"synthetic, row 2: column 'id' is missing, so the row names no sequence"),
        ({"step": [0, 1, None, 1]}, r"synthetic, row 3: column 'step' is missing, so the row has no place"),
    ],
)
def test_a_row_without_a_place_is_refused(drawn, change, message):
    columns = {
        "id": [1, 1, 2, 2],
        "step": [0, 1, 0, 1],
        "flow": [0.1] * 4,
        "heat": [0.2] * 4,
        "load": [0.3] * 4,
    }
    types = {name: SCHEMA[name].dtype for name in columns}
    arrays = {name: pa.array({**columns, **change}[name], types[name]) for name in columns}
    bad = Dataset(pa.table({**arrays, "state": ["a"] * 4}), SCHEMA)
    with pytest.raises(InputError, match=message):
        scores((drawn[0], drawn[1], bad), "autocorrelation")


def test_a_sequence_key_that_is_not_there_is_refused(drawn):
    with pytest.raises(InputError, match="synthetic lacks column 'id'"):
        scores((drawn[0], drawn[1], drawn[2].drop("id")), "autocorrelation")


def test_an_index_of_text_is_refused():
    schema = Schema(
        (
            Column(name="id", kind="integer", dtype="int64", roles=("sequence_key",)),
            Column(name="when", kind="category", dtype="string", roles=("sequence_index",)),
        )
    )
    with pytest.raises(InputError, match="ordered by numbers or dates"):
        sequences(Dataset(pa.table({"id": [1, 1], "when": ["a", "b"]}), schema))


def odd(values: dict[str, list], lengths: list[int]) -> Dataset:
    owner = np.repeat(np.arange(len(lengths)), lengths)
    step = np.concatenate([np.arange(n) for n in lengths])
    made = table(owner, step, np.zeros((len(owner), 3)), ["a"] * len(owner))
    for name, column in values.items():
        at = made.names.index(name)
        field = made.table.schema.field(name)
        made = Dataset(made.table.set_column(at, field, pa.array(column, field.type)), SCHEMA)
    return made


@pytest.mark.parametrize(
    "data",
    [
        odd({}, [5] * 40),  # nothing ever changes
        odd({"flow": [None] * 200, "state": [None] * 200}, [5] * 40),
        odd({}, [1] * 60),  # no row follows another
        odd({}, [3, 4, 2]),  # too few sequences
        odd({"flow": list(range(400))}, [400]),
    ],
    ids=["constant", "missing", "single rows", "few", "one sequence"],
)
@pytest.mark.parametrize("holdout", [True, False])
def test_odd_sequences_are_scored_or_told_why_not(data, holdout):
    found = mm.assess(
        train=data, synthetic=data, holdout=data if holdout else None, metrics=OF_SEQUENCES, seed=1
    )
    for score in found.scores:
        assert score.status == "ok" or score.reason.endswith((".", ")")), score
        assert score.status != "ok" or np.isfinite([score.estimate, *score.interval]).all(), score


def test_the_same_seed_gives_the_same_scores(drawn):
    names = ["autocorrelation", "discriminative_score", "sequence_membership"]
    assert scores(drawn, *names, seed=4) == scores(drawn, *names[::-1], seed=4)


@pytest.mark.skipif(not VISITS.exists(), reason="real visits are not here")
def test_real_irregular_visits_are_scored():
    roles = {"id": "sequence_key", "day": "sequence_index"}
    real = mm.read(VISITS, roles=roles)
    train, rest = real.split(0.5, seed=0)
    found = scores((train, rest, train), "window_copies", "inter_event_times", "spectrum")
    assert found["window_copies.exact"].estimate == 1
    assert found["inter_event_times"].estimate == 1
    assert found["spectrum"].status == "not run"  # half of the patients have fewer than eight visits
    fresh, other = rest.split(0.5, seed=1)
    found = scores((train, fresh, other), "window_copies", "sequence_membership", "transitions")
    assert found["window_copies.excess"].interval[0] <= 0
    assert found["sequence_membership.auc"].interval[0] < 0.55
    assert found["transitions"].interval[1] > 0.95 > found["transitions"].floor


def test_an_index_of_few_whole_numbers_is_no_category():
    data = mm.read(
        {"who": np.repeat(np.arange(50), 5), "visit": np.tile(np.arange(5), 50)},
        roles={"who": "sequence_key", "visit": "sequence_index"},
    )
    assert data.schema["visit"].kind == "integer"
    assert len(sequences(data)) == 50


def test_sequences_told_apart_at_once_are_as_sure_as_the_tested_ones_are_many():
    law = Population(5)
    train, holdout, made = (law.draw(60, first=100 * k) for k in range(3))
    key, step, numbers, state = parts(made)
    apart = table(key, step, numbers + 99, state)
    tables = Tables(train, apart, holdout, law.draw(60))
    (score,) = DiscriminativeScore(seeds=1).measure(tables, np.random.default_rng(0))
    assert score.estimate == 1
    assert score.interval[0] == pytest.approx(36 / (36 + 1.96**2), abs=1e-3)  # blocks 3 to 5 of 5
