"""One repeat of each figure: draw samples of known populations, and ask the product for intervals.

A record is ``[case, truth, estimate, low, high]``, with the rivals' intervals as a sixth item where
there are any. `case` names the figure, the population and how far the release is from it.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
from _populations import Mixture, Network, mixed
from _rivals import ks, rivals, tvd

from mintmark.assess._codes import codings, full
from mintmark.assess.fidelity.column_shapes import ColumnShapes
from mintmark.assess.fidelity.pair_trends import PairTrends
from mintmark.assess.privacy._roc import SWAPPED, auc_interval, sensitivity
from mintmark.assess.privacy._rows import Rows
from mintmark.assess.privacy.membership import _area, _attacks, _drawn, _rates
from mintmark.assess.utility._models import Task, boosted_trees, score
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column, Schema
from mintmark.metric import Tables
from mintmark.stats import intervals
from mintmark.stats.shares import z_of
from mintmark.stats.two_sample import detect

POPULATIONS = 10
ROWS = 2000
FEW = 500
FRESH = 8000  # a truth known to a quarter of the interval: too low by half a point of coverage at most
SHARES = (0.0, 0.1, 0.3, 1.0)
LEVELS = (3, 4, 5)


def dataset(columns):
    kinds = {"double": ("number", "double"), "string": ("category", "string")}
    table = pa.table(columns)
    made = [
        Column(name=f.name, kind=kinds[str(f.type)][0], dtype=kinds[str(f.type)][1]) for f in table.schema
    ]
    return Dataset(table, Schema(tuple(made)))


def numbers(rows):
    return {f"x{j}": rows[:, j] for j in range(rows.shape[1])}


@cache
def pair_of(kind, index):
    """Two populations, real and other, the same in every run."""
    rng = np.random.default_rng([7, index])
    make = (lambda: Network.random(rng, LEVELS)) if kind == "network" else (lambda: Mixture.random(rng))
    return make(), make()


def distances(repeat, rng, shares=SHARES):
    """KS and TVD of columns, TVD of pairs, from `column_shapes` and `pair_trends`."""
    index = repeat % POPULATIONS
    nets, mixes = pair_of("network", index), pair_of("mixture", index)
    for share in shares:
        drawn = [(mixed(*nets, s, ROWS, rng), mixed(*mixes, s, ROWS, rng)) for s in (0.0, share)]
        train, synthetic = (
            dataset({f"c{j}": [f"v{v}" for v in c[:, j]] for j in range(len(LEVELS))} | numbers(x))
            for c, x in drawn
        )
        tables = Tables(train, synthetic, None, synthetic[:50])
        shapes, pairs = (metric.measure(tables, rng)[0].details for metric in (ColumnShapes(), PairTrends()))
        found = {(name,): value for name, value in shapes["columns"].items()}
        found |= {tuple(pair["columns"]): pair for pair in pairs["pairs"]}
        for names, (figure, truth, counts, distance) in truths(tables, nets, mixes, share, drawn).items():
            at = found[names]
            low, high = at["interval"]  # of one minus the distance
            case = f"{figure}/{'-'.join(names)}/{index}/{share}"
            record = [case, truth, 1 - at["estimate"], 1 - high, 1 - low]
            yield [*record, rivals(*counts, distance, rng)] if repeat // POPULATIONS % 5 == 0 else record


def close(repeat, rng):
    """The same so near to 0 that not even a pair of numbers shows it."""
    return distances(repeat, rng, (0.03,))


def truths(tables, nets, mixes, share, drawn):
    """By columns: figure, true distance, counts of both samples, and the distance's function."""
    out = {}
    (c, x), (c2, x2) = drawn
    for j, size in enumerate(LEVELS):
        counts = [np.bincount(part[:, j], minlength=size) for part in (c, c2)]
        out[f"c{j}",] = "tvd", share * tvd(*(net.marginal(j) for net in nets)), counts, tvd
    for a, b in ((0, 1), (0, 2), (1, 2)):
        size = LEVELS[a] * LEVELS[b]
        counts = [np.bincount(part[:, a] * LEVELS[b] + part[:, b], minlength=size) for part in (c, c2)]
        true = share * tvd(*(net.marginal(a, b).ravel() for net in nets))
        out[f"c{a}", f"c{b}"] = "pair tvd, categories", true, counts, tvd
    grid = np.linspace(-9, 9, 4001)
    for j in range(2):
        first, second = (mix.weights @ mix.below(grid, j) for mix in mixes)
        cuts = np.quantile(np.concatenate([x[:, j], x2[:, j]]), np.arange(1, 100) / 100)
        counts = [np.bincount(np.searchsorted(cuts, part[:, j]), minlength=100) for part in (x, x2)]
        out[f"x{j}",] = "ks", float(share * np.abs(first - second).max()), counts, ks
    cuts = [coarse(codings(tables)[f"x{j}"].breaks) for j in range(2)]
    true = share * tvd(*(mix.boxes(cuts).ravel() for mix in mixes))
    at = [[np.searchsorted(cut, part[:, j], "right") for j, cut in enumerate(cuts)] for part in (x, x2)]
    width = len(cuts[1]) + 1
    counts = [np.bincount(i * width + k, minlength=(len(cuts[0]) + 1) * width) for i, k in at]
    out["x0", "x1"] = "pair tvd, numbers", true, counts, tvd
    return out


def coarse(breaks, most=6):
    """The breaks that stay when neighbouring bins are merged into `most` levels."""
    level = np.arange(len(breaks) + 1) * most // (len(breaks) + 1)
    return breaks[np.diff(level) > 0]


def c2st(repeat, rng):
    """AUC of the classifier two-sample test; the truth is the blocks' classifiers' mean on fresh rows."""
    real, other = pair_of("mixture", repeat % POPULATIONS)
    for share in (0.0, 0.2, 1.0):
        a, b = real.draw(FEW, rng), mixed(real, other, share, FEW, rng)
        found = detect(a, b, rng)
        truth = 0.5  # nothing tells two draws of one population apart, whatever was fitted
        if share:
            fresh = real.draw(FRESH, rng), mixed(real, other, share, FRESH, rng)
            truth = np.mean(
                [intervals.auc(*(classify(x) for x in reversed(fresh))) for classify in found.classifiers]
            )
        ends = intervals.auc_interval(found.auc, found.variance, found.tested)
        yield [f"c2st/auc/{repeat % POPULATIONS}/{share}", truth, found.auc, *ends]


def tstr(repeat, rng):
    """AUC of boosted trees learnt from synthetic rows; the truth is the same trees' on fresh rows."""
    real, _ = pair_of("mixture", repeat % POPULATIONS)

    def coded(n, wrong):
        x, of = real.draw(n, rng, labelled=True)
        of = np.where(rng.random(n) < wrong, rng.choice(len(real.weights), n, p=real.weights), of)
        return dataset(numbers(x) | {"y": np.where(of == 0, "a", "b").tolist()})

    for wrong in (1.0, 0.8, 0.2):
        train = coded(FEW, wrong)
        tables = Tables(train, coded(FEW, wrong), coded(FEW, wrong), train)
        plans = codings(tables)
        task = Task("y", {k: v for k, v in plans.items() if k != "y"}, np.array([0, 1]))
        model = boosted_trees(task, full(tables, "synthetic"), int(rng.integers(2**31)), 1)

        def measured(which, tables=tables, model=model, task=task):
            return score(task, model(full(tables, which)), task.labels(full(tables, which)))

        area, influence = measured("holdout")
        truth = 0.5
        if wrong < 1:
            fresh = Tables(train, tables.synthetic, coded(2 * FRESH, wrong), train)
            truth = measured("holdout", fresh)[0]
        fewest = int(np.unique(task.labels(full(tables, "holdout")), return_counts=True)[1].min())
        ends = intervals.auc_interval(area, intervals.influence_variance(influence), fewest)
        yield [f"tstr/auc/{repeat % POPULATIONS}/{1 - wrong}", truth, area, *ends]


def membership(repeat, rng):
    """AUC, and true positives at 1 % false alarms: of one fixed attack, and of the worst of four."""
    real, _ = pair_of("mixture", repeat % POPULATIONS)
    for copied in (0.0, 0.1, 0.6):
        train = real.draw(2 * FEW, rng)
        made = np.where(rng.random(2 * FEW)[:, None] < copied, train, real.draw(2 * FEW, rng))
        made = made + 0.02 * rng.normal(size=made.shape)
        rows = Rows(
            {
                "train": dataset(numbers(train)),
                "synthetic": dataset(numbers(made)),
                "holdout": dataset(numbers(real.draw(FEW, rng))),
                "fresh": dataset(numbers(real.draw(FRESH // 2, rng))),
            }
        )
        # two rounds, in which the halves of the holdout swap roles, as the metric attacks
        tried, outside, inside, fresh = ({} for _ in range(4))
        for members, strangers, population in _drawn(rows, rng):
            for into, role, some in (
                (inside, "train", np.arange(2 * FEW)),
                (outside, "holdout", strangers),
                (fresh, "fresh", np.arange(FRESH // 2)),
            ):
                targets = rows.at(role, some)
                near, agreed = rows.nearest(targets, "synthetic", 3), rows.agreement(targets, "synthetic")
                for name, scores in _attacks(rows, targets, near, agreed, population).items():
                    into[name] = np.concatenate([into.get(name, []), scores])
                    if into is inside:
                        tried[name] = np.concatenate([tried.get(name, []), scores[members]])
        share = len(tried["ratio_1"]) / len(train)
        tag = f"{repeat % POPULATIONS}/{copied}"
        name = "ratio_1"
        area, variance = intervals.delong(tried[name], outside[name], factors=(1 - share, SWAPPED))
        truth = intervals.auc(inside[name], fresh[name])
        ends = auc_interval(area, variance, len(outside[name]), z_of(1))
        yield [f"membership auc/one/{tag}", truth, area, *ends]
        truth = sensitivity(inside[name], fresh[name], 0.01, 2)[0]
        rate, ends = sensitivity(tried[name], outside[name], 0.01, z_of(1), share=share)
        yield [f"membership tpr/one/{tag}", truth, rate, *ends]
        area = _area(tried, outside, 0.0, share)
        at = area.details["attack"]
        truth = intervals.auc(inside[at], fresh[at])
        yield [f"membership auc/worst of four/{tag}", truth, area.estimate, *area.interval]
        rate = next(one for one in _rates(tried, outside, 0.0, share) if one.metric == "membership.tpr")
        at = rate.details["attack"]
        truth = sensitivity(inside[at], fresh[at], 0.01, 2)[0]
        yield [f"membership tpr/worst of four/{tag}", truth, rate.estimate, *rate.interval]


FIGURES = {"distances": distances, "c2st": c2st, "tstr": tstr, "membership": membership, "close": close}
