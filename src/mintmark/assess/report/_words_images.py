"""What each score of pictures says."""

from __future__ import annotations

from functools import partial

from mintmark.assess.report._wording import Words

__all__ = ["IMAGES"]

_PIXELS = "shuffled pixels"
_Real = partial(Words, ceiling="fresh real pictures")
IMAGES = {
    "image_distance.frechet_own": _Real(
        "Distance of the pictures, to their own classifier",
        "In what a classifier of real pictures looks at, synthetic and real ones are {v} apart; 0 is none, 1 "
        "as much as real pictures vary.",
        best="Fresh real pictures reach {cv}.",
        floor=_PIXELS,
    ),
    "image_distance.kernel_own": _Real(
        "Kernel distance, to their own classifier",
        "Looked at from near by, through the same classifier, they are {v} apart; 0 is none.",
        floor=_PIXELS,
    ),
    "image_distance.frechet_fixed": _Real(
        "Distance of the pictures, by rule",
        "In their levels, edges and coarse shapes synthetic and real pictures are {v} apart; 0 is none, 1 as "
        "much as real pictures vary.",
        best="Fresh real pictures reach {cv}.",
        floor=_PIXELS,
    ),
    "image_distance.kernel_fixed": _Real(
        "Kernel distance, by rule",
        "Looked at from near by, in the same features, they are {v} apart; 0 is none.",
        floor=_PIXELS,
    ),
    "image_precision_recall.precision": _Real(
        "Pictures that look real",
        "{p} of the synthetic pictures lie among the neighbours of a real one.",
        best="Of fresh real pictures {c} do.",
        floor=_PIXELS,
    ),
    "image_precision_recall.recall": _Real(
        "Real pictures within reach",
        "{p} of the real pictures lie among the neighbours of a synthetic one.",
        best="With fresh real pictures {c} do.",
        floor=_PIXELS,
    ),
    "image_precision_recall.density": _Real(
        "Density of the pictures",
        "Synthetic pictures lie {v} times as dense among the real ones as real ones do.",
        best="Fresh real pictures reach {cv}.",
        floor=_PIXELS,
    ),
    "image_precision_recall.coverage": _Real(
        "Kinds of pictures that occur",
        "{p} of the real pictures have a synthetic one among their near neighbours; a low share means that "
        "kinds are missing.",
        best="With fresh real pictures {c} do.",
        floor=_PIXELS,
    ),
    "image_diversity": _Real(
        "Pictures of one class differ",
        "Two synthetic pictures of one class are alike to {v}, where 1 is the same picture; more than among "
        "real ones means that the generator repeats itself.",
        best="Two real ones reach {cv}.",
        floor="one picture",
    ),
    "image_sharpness": _Real(
        "Sharpness",
        "Edges are as strong as in the real pictures to {p}; too low is blurred, or noisy.",
        best="Fresh real pictures reach {c}.",
        floor=_PIXELS,
    ),
    "image_copies.exact": Words(
        "Pictures copied",
        "{p} of the synthetic pictures equal a training picture in every pixel, whatever the bytes are.",
        ceiling="none",
    ),
    "image_copies.near": Words(
        "Pictures nearly copied",
        "{p} of the synthetic pictures are far nearer to a training picture than to any unseen real one, "
        "noise, shifts and mirroring aside.",
        ceiling="none",
    ),
    "image_copies.excess": Words(
        "Pictures copied beyond chance",
        "Pictures that are far nearer to train than to unseen real ones, less those the other way round: "
        "{p}. Above 0 the method gives training pictures back.",
        ceiling="chance",
    ),
    "image_copies.holdout_excess": Words(
        "Held-out pictures copied beyond chance",
        "Pictures that are far nearer to held-out pictures than to train, less those the other way round: "
        "{p}. Above 0 real pictures that were not to be used come out.",
        ceiling="chance",
        floor="copy of holdout",
    ),
    "gan_train_test.train": Words(
        "A classifier taught by synthetic pictures",
        "Taught by synthetic pictures, a classifier names the class of {p} of unseen real ones.",
        ceiling="taught by real ones",
        best="Taught by real pictures it names {c}.",
        floor="guessing",
    ),
    "gan_train_test.gap": Words(
        "What a classifier loses",
        "A classifier taught by synthetic instead of real pictures names the class of {p} fewer unseen real "
        "ones.",
        ceiling="no loss",
        floor="guessing",
    ),
    "gan_train_test.test": _Real(
        "Pictures that look like their label",
        "A classifier of real pictures names the class of {p} of the synthetic ones as their label does.",
        best="Of unseen real pictures it names {c}.",
        floor="labels permuted",
    ),
    "gan_train_test.added": Words(
        "Gained by adding pictures",
        "With the new pictures added to real ones a classifier names {v} more of each class’s unseen real "
        "pictures, as a share, than the best it does without.",
        ceiling="no mistake",
        floor="no gain",
    ),
}
