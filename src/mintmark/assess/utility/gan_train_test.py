"""GAN-train and GAN-test: a classifier of pictures learnt from synthetic ones, and one that looks at them.

Shmelkov, Schmid, Alahari (2018), "How good is my GAN?", ECCV, section 3: what a classifier learnt from
synthetic pictures scores on real ones, and what one learnt from real pictures scores on synthetic ones.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._image_classifier import Learnt, learnt, taught
from mintmark.assess._images import Pictures, compared, each_column, pictures
from mintmark.assess.utility._picture_rows import untouched_pictures
from mintmark.data.streams import stream
from mintmark.method import method, name_of
from mintmark.metric import Direction, Family, Metric, NotRun, Score, Tables
from mintmark.stats.shares import by_unit, clustered, paired, wilson, z_of

__all__ = ["GANTrainTest"]

Ints = npt.NDArray[np.int64]
_TESTED = 4_000
_SOURCE = "Shmelkov, Schmid, Alahari (2018), section 3; intervals of Wilson (1927) and Newcombe (1998)"


@method
class GANTrainTest(Metric):
    """Accuracy of a classifier learnt from synthetic pictures, and of one learnt from real ones on them."""

    family: ClassVar[Family] = "utility"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        return each_column(tables, lambda name: self._of(tables, name))

    def _of(self, tables: Tables, column: str) -> list[Score]:
        untouched_pictures(tables, column)
        compared(tables, column)
        real = learnt(tables, column)
        made = _known(pictures(tables, column, "synthetic"), real)
        rng = stream(tables.shared.get("seed", 0), "assess", "classifier of synthetic pictures", column)
        order = rng.permutation(len(made))
        if not len(made):
            raise NotRun("no synthetic picture has a class that train has.")
        model = Learnt(
            taught(made.take(np.sort(order[: real.taught])), real.classes, rng), real.classes, order[:0],
            min(real.taught, len(made)),
        )  # fmt: skip
        test = _some(_known(pictures(tables, column, "holdout"), real), rng)
        tested = _some(made, rng)
        right = {
            "real": real.called(test) == test.labels,
            "synthetic": model.called(test) == test.labels,
            "reverse": (answers := real.called(tested)) == tested.labels,
        }
        blind = float(np.bincount(test.labels).max() / len(test))
        # labels permuted agree with the answers as often as their shares make them
        shares = [np.bincount(one, minlength=int(real.classes.max()) + 1) for one in (answers, tested.labels)]
        chance = float(shares[0] @ shares[1] / len(tested) ** 2)
        accuracy = float(right["real"].mean())
        unit = np.arange(len(test)) if test.persons is None else test.persons
        gap, interval = paired(right["real"], right["synthetic"], unit, z_of())
        taught_on = f"{model.taught:,} synthetic pictures, beside one of {real.taught:,} of half of train"
        common: dict[str, Any] = {"family": self.family, "source": _SOURCE}
        name, given = name_of(type(self)), "the classifiers are taken as given"
        lower: Direction = "lower"
        return [
            Score(
                metric=f"{name}.train",
                estimate=float(right["synthetic"].mean()),
                interval=_share(right["synthetic"], unit),
                ceiling=accuracy,
                floor=blind,
                n=len(test),
                variance=f"draw of the holdout's pictures (Wilson); {given}",
                estimand="accuracy of this classifier on fresh real pictures",
                convention=(
                    f"accuracy on the holdout of a small convolutional classifier learnt from {taught_on} "
                    "(GAN-train); ceiling: learnt from train; floor: naming the most frequent class"
                ),
                **common,
            ),
            Score(
                metric=f"{name}.gap",
                direction=lower,
                estimate=gap,
                interval=interval,
                ceiling=0.0,
                floor=max(0.0, accuracy - blind),
                n=len(test),
                variance=f"draw of the holdout's pictures, paired (Newcombe); {given}",
                estimand="loss in accuracy on fresh real pictures",
                convention=(
                    "accuracy on the holdout of a classifier learnt from train, minus that of one learnt "
                    f"from {taught_on}; ceiling: no gap; floor: naming the most frequent class"
                ),
                **common,
            ),
            Score(
                metric=f"{name}.test",
                estimate=float(right["reverse"].mean()),
                interval=_share(right["reverse"], np.arange(len(tested))),
                ceiling=accuracy,
                floor=chance,
                n=len(tested),
                variance=f"draw of the synthetic pictures (Wilson); {given}",
                estimand="accuracy of this classifier on fresh synthetic pictures",
                convention=(
                    "accuracy on synthetic pictures of a classifier learnt from half of train (GAN-test): "
                    "whether they look like what their label says; far above the ceiling they are copies or "
                    "too easy; ceiling: on the holdout; floor: labels permuted"
                ),
                **common,
            ),
        ]  # fmt: skip


def _known(some: Pictures, real: Learnt) -> Pictures:
    return some.take(np.flatnonzero(np.isin(some.labels, real.classes)))


def _some(every: Pictures, rng: np.random.Generator) -> Pictures:
    return every.take(np.sort(rng.permutation(len(every))[:_TESTED]))


def _share(hit: npt.NDArray[np.bool_], unit: Ints) -> tuple[float, float]:
    return wilson(*clustered(*by_unit(hit, unit)), z_of())
