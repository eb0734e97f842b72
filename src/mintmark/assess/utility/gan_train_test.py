"""GAN-train and GAN-test: a classifier of pictures learnt from synthetic ones, and one that looks at them.

Shmelkov, Schmid, Alahari (2018), "How good is my GAN?", ECCV, section 3: what a classifier learnt from
synthetic pictures scores on real ones, and what one learnt from real pictures scores on synthetic ones.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._image_classifier import Learnt, learnt, taught, unlearnt
from mintmark.assess._images import Pictures, compared, each_column, pictures
from mintmark.assess.utility._picture_rows import untouched_pictures
from mintmark.data.streams import stream
from mintmark.method import method, name_of
from mintmark.metric import Direction, Family, Metric, NotRun, Score, Tables
from mintmark.stats.shares import by_unit, clustered, paired, wilson, z_of

__all__ = ["GANTrainTest"]

Ints = npt.NDArray[np.int64]
_TESTED = 4_000
_LOWER: Direction = "lower"
_GIVEN = "the classifiers are taken as given"
_SOURCE = "Shmelkov, Schmid, Alahari (2018), section 3; intervals of Wilson (1927) and Newcombe (1998)"


@method
class GANTrainTest(Metric):
    """Accuracy of a classifier learnt from synthetic pictures, and of one learnt from real ones on them.

    Of pictures that are added to real ones (`augmented real`) the latter alone.
    """

    family: ClassVar[Family] = "utility"
    of_images: ClassVar[bool] = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        return each_column(tables, lambda name: self._of(tables, name))

    def _of(self, tables: Tables, column: str) -> list[Score]:
        augmenting = tables.synthetic.provenance.get("nature") == "augmented real"
        untouched_pictures(tables, column)
        if not augmenting:  # a rare class may need few
            compared(tables, column)
        real = learnt(tables, column)
        every = pictures(tables, column, "synthetic")
        made, why = _known(every, real), unlearnt(tables, every, real.classes)
        if not len(made):
            raise NotRun(f"{why or 'no synthetic picture has a class that train has'}.")
        rng = stream(tables.shared.get("seed", 0), "assess", "classifier of synthetic pictures", column)
        test = _some(_known(pictures(tables, column, "holdout"), real), rng)
        if augmenting:  # of rare classes alone; `resampling` says whether they help
            return [self._reverse(real, every, test, rng)]
        order = np.sort(rng.permutation(len(made))[: len(real.seen)])
        model = replace(real, model=taught(made.take(order), real.classes, rng))
        return [*self._forward(real, model, test, len(order)), self._reverse(real, every, test, rng)]

    def _forward(self, real: Learnt, model: Learnt, test: Pictures, seen: int) -> list[Score]:
        """What a classifier of synthetic pictures scores on real ones, and loses."""
        by_real, by_made = (one.called(test) == test.labels for one in (real, model))
        unit = np.arange(len(test)) if test.persons is None else test.persons
        gap, interval = paired(by_real, by_made, unit, z_of())
        accuracy, blind = float(by_real.mean()), float(np.bincount(test.labels).max() / len(test))
        taught_on = f"{seen:,} synthetic pictures, beside one of {len(real.seen):,} of half of train"
        common: dict[str, Any] = {"family": self.family, "source": _SOURCE, "n": len(test)}
        name = name_of(type(self))
        return [
            Score(
                metric=f"{name}.train",
                estimate=float(by_made.mean()),
                interval=_share(by_made, unit),
                ceiling=accuracy,
                floor=blind,
                variance=f"draw of the holdout's pictures (Wilson); {_GIVEN}",
                estimand="accuracy of this classifier on fresh real pictures",
                convention=(
                    f"accuracy on the holdout of a small convolutional classifier learnt from {taught_on} "
                    "(GAN-train); ceiling: learnt from train; floor: naming the most frequent class"
                ),
                **common,
            ),
            Score(
                metric=f"{name}.gap",
                direction=_LOWER,
                estimate=gap,
                interval=interval,
                ceiling=0.0,
                floor=max(0.0, accuracy - blind),
                variance=f"draw of the holdout's pictures, paired (Newcombe); {_GIVEN}",
                estimand="loss in accuracy on fresh real pictures",
                convention=(
                    "accuracy on the holdout of a classifier learnt from train, minus that of one learnt "
                    f"from {taught_on}; ceiling: no gap; floor: naming the most frequent class"
                ),
                **common,
            ),
        ]

    def _reverse(self, real: Learnt, made: Pictures, test: Pictures, rng: np.random.Generator) -> Score:
        """What a classifier of real pictures scores on synthetic ones.

        Those of a class that it never learnt may be right or wrong: the interval holds either.
        """
        some = _some(made, rng)
        called = real.called(some)
        right, open_ = called == some.labels, ~np.isin(some.labels, real.classes)
        unit = np.arange(len(some))
        # labels permuted agree with the answers as often as their shares make them
        known = some.labels[~open_]
        shares = [np.bincount(one, minlength=int(real.classes.max()) + 1) for one in (called, known)]
        return Score(
            metric=f"{name_of(type(self))}.test",
            family=self.family,
            estimate=float(right.mean()),
            interval=(_share(right, unit)[0], _share(right | open_, unit)[1]),
            ceiling=float((real.called(test) == test.labels).mean()),
            floor=float(shares[0] @ shares[1] / len(some) ** 2),
            n=len(some),
            variance=f"draw of the synthetic pictures (Wilson); {_GIVEN}",
            estimand="accuracy of this classifier on fresh synthetic pictures",
            convention=(
                "accuracy on synthetic pictures of a classifier learnt from half of train (GAN-test): "
                "whether they look like what their label says; far above the ceiling they are copies or "
                f"too easy; {int(open_.sum()):,} are of classes that train has fewer than ten pictures of: "
                "the estimate and the lower end count them as wrong, the upper end as right; "
                "ceiling: on the holdout; floor: labels permuted"
            ),
            source=_SOURCE,
            details={"pictures": len(some), "not judged": int(open_.sum())},
        )


def _known(some: Pictures, real: Learnt) -> Pictures:
    return some.take(np.flatnonzero(np.isin(some.labels, real.classes)))


def _some(every: Pictures, rng: np.random.Generator) -> Pictures:
    return every.take(np.sort(rng.permutation(len(every))[:_TESTED]))


def _share(hit: npt.NDArray[np.bool_], unit: Ints) -> tuple[float, float]:
    return wilson(*clustered(*by_unit(hit, unit)), z_of())
