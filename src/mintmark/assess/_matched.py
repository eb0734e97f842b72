"""Real rows in the classes' shares of added ones, for fidelity of rows that were made to change these shares.

A table of added rows has other classes than train because it was asked to. Compared with all of train it
would look unfaithful however good each class is, and a bad class could hide behind the right shares. So real
rows are drawn, without replacement, until their classes stand in the proportions of the new rows: then both
tables are the same mixture of classes, and differ only where the law of some class does. Every figure,
interval and ceiling keeps its meaning, of as many real rows as the scarcest class leaves.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.dataset import Dataset
from mintmark.data.streams import stream
from mintmark.metric import Score, Tables

__all__ = ["by_class", "matched"]

Ints = npt.NDArray[np.int64]
_FEWEST = 20  # rows of a table below which nothing would be told from noise
_SAID = (
    "; of each class: new rows are compared with real rows drawn in the proportions of the new rows' classes"
)


def matched(tables: Tables, seed: int, differences: list[str]) -> tuple[Dataset, Dataset | None] | None:
    """Train and holdout with their classes in the proportions of the synthetic rows.

    Parameters
    ----------
    tables : Tables
    seed : int, >= 0
    differences : list of str
        What was done is added.

    Returns
    -------
    pair of Dataset, or None
        None where rows are not `augmented real`, have no classes, are steps of sequences, or are too few.
    """
    train, target = tables.train, tables.target
    if tables.synthetic.provenance.get("nature") != "augmented real" or target is None:
        return None
    if not train.schema[target].is_discrete or train.schema.with_role("sequence_key"):
        return None
    parts = {"train": train} | ({} if tables.holdout is None else {"holdout": tables.holdout})
    found = {
        which: data.take(_rows(data, tables.synthetic, target, stream(seed, "assess", "classes", which)))
        for which, data in parts.items()
    }
    counts = [f"{len(found[which]):,} of {len(data):,} rows of {which}" for which, data in parts.items()]
    if min(map(len, found.values())) < _FEWEST:
        differences.append(
            f"fidelity compares all classes of {target} together: real rows in the proportions of the new "
            f"rows' classes would be {' and '.join(counts)}"
        )
        return None
    differences.append(
        f"fidelity compares class by class: {' and '.join(counts)} are drawn in the proportions that the "
        f"classes of {target} have among the new rows; pictures show all real rows"
    )
    return found["train"], found.get("holdout")


def _rows(data: Dataset, synthetic: Dataset, target: str, rng: np.random.Generator) -> Ints:
    """The rows that are drawn, in order: as many of each class as there are for the scarcest."""
    both = pa.chunked_array([*data.table[target].chunks, *synthetic.table[target].chunks])
    coded = pc.dictionary_encode(both.combine_chunks(), null_encoding="encode")
    codes = coded.indices.to_numpy(zero_copy_only=False)
    here, wanted = (
        np.bincount(part, minlength=len(coded.dictionary)) for part in np.split(codes, [len(data)])
    )
    shared = (here > 0) & (wanted > 0)
    if not shared.any():
        return np.empty(0, dtype=np.int64)
    scale = float((here[shared] / wanted[shared]).min())
    size = np.where(shared, np.floor(scale * wanted + 1e-9), 0).astype(np.int64)
    drawn = [
        rng.choice(np.flatnonzero(codes[: len(data)] == label), int(size[label]), replace=False)
        for label in np.flatnonzero(size)
    ]
    return np.sort(np.concatenate(drawn))


def by_class(scores: list[Score]) -> list[Score]:
    """The scores, which say that they are of each class."""
    return [
        dataclasses.replace(score, convention=score.convention + _SAID) if score.status == "ok" else score
        for score in scores
    ]
