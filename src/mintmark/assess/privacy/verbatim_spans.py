"""Verbatim spans: passages of real texts that come out word for word.

A text model may recite its training texts inside others, which no comparison of whole values sees.
A span is eight words in a row, as n-gram overlap is counted in studies of contamination and
memorisation (Chowdhery et al. 2022, PaLM, section 8: 8-grams). Phrases that several persons share
are boilerplate; what one person alone wrote in train and holdout together falls into either by
chance, so the rate at which the holdout's own spans turn up is what chance gives.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.assess.privacy._rows import plain
from mintmark.data.dataset import Dataset
from mintmark.data.keys import is_renewed
from mintmark.data.protect import persons
from mintmark.method import method
from mintmark.metric import Metric, Score, Tables
from mintmark.stats.shares import newcombe, z_of

__all__ = ["VerbatimSpans"]

Ints = npt.NDArray[np.int64]
Spans = npt.NDArray[np.uint64]
_WORDS = 8
_MOST = 50_000  # real texts of a column and table that are looked at; every synthetic one is
_BLOCK = 50_000
# a letter of a script that is written without spaces is a word
_ALONE = r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}])"


@method
class VerbatimSpans(Metric):
    """Share of train's writers whose own eight words in a row come out again, beyond the holdout's.

    The attacker knows a sentence of somebody and looks it up in the released texts.
    """

    family = "privacy"
    direction = "lower"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        columns = [name for name in tables.train.names if _is_text(tables.train, name)]
        if not columns:
            return [_score({}, len(tables.synthetic))]
        holdout = tables.need_holdout()
        found = {name: _compared(tables.train, holdout, tables.synthetic, name, rng) for name in columns}
        return [_score(found, len(tables.synthetic))]


def _is_text(data: Dataset, name: str) -> bool:
    kind, column = data.table[name].type, data.schema[name]
    return column.kind == "text" and not pa.types.is_null(kind) and not is_renewed(column)


def _compared(
    train: Dataset, holdout: Dataset, synthetic: Dataset, name: str, rng: np.random.Generator
) -> dict[str, Any]:
    """Of one column: writers of each side, how many were recited, and synthetic texts that recite."""
    texts, who = [], []
    for data in (train, holdout):
        rows = np.arange(len(data)) if len(data) <= _MOST else np.sort(rng.choice(len(data), _MOST, False))
        texts.append(data.table[name].take(pa.array(rows)).cast(pa.string()))
        who.append(persons(data)[rows])
    first = len(texts[0])
    words, row = _words(pa.chunked_array([chunk for part in texts for chunk in part.chunks], pa.string()))
    coded = words.dictionary_encode()
    spans, at = _spans(_numbered(words, coded.dictionary), row)
    person = np.concatenate([who[0], who[1] + int(who[0].max(initial=-1)) + 1])[at]
    spans, person, side = _own(spans, person, at >= first)
    recited = np.zeros(len(spans), dtype=bool)
    lines: list[Ints] = []
    for start in range(0, len(synthetic), _BLOCK):
        part = synthetic.table[name].slice(start, _BLOCK).cast(pa.string())
        made, line = _words(part)
        here, line = _spans(_numbered(made, coded.dictionary), line)
        recited |= np.isin(spans, here)
        lines.append(start + np.unique(line[np.isin(here, spans[~side])]))
    out: dict[str, Any] = {"rows": np.concatenate(lines)}
    for key, mine in (("train", ~side), ("holdout", side)):
        writers, hit = np.unique(person[mine]), np.unique(person[mine & recited])
        out[key] = (len(hit), len(writers))
    return out


def _words(texts: pa.ChunkedArray) -> tuple[pa.Array, Ints]:
    """Every word in small letters, and the row that it stands in."""
    spread = pc.replace_substring_regex(pc.fill_null(texts, ""), _ALONE, r" \1 ")
    lists = pc.split_pattern(plain(spread.combine_chunks()), " ")
    return pc.list_flatten(lists), pc.list_parent_indices(lists).to_numpy().astype(np.int64)


def _numbered(words: pa.Array, known: pa.Array) -> Ints:
    found = pc.fill_null(pc.index_in(words, value_set=known), -1)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)


def _spans(word: Ints, row: Ints) -> tuple[Spans, Ints]:
    """A number for every eight words in a row of one text, shape (spans,), and the text's row."""
    if len(word) < _WORDS:
        return np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)
    inside = row[: 1 - _WORDS] == row[_WORDS - 1 :]
    ends = np.cumsum(np.concatenate([[0], word < 0]))
    inside &= ends[_WORDS:] == ends[:-_WORDS]  # a word that no real text has ends every span
    total = np.zeros(len(inside), dtype=np.uint64)
    for place in range(_WORDS):
        step = word[place : len(word) - _WORDS + 1 + place].astype(np.uint64)
        total = (total ^ step) * np.uint64(0x9E3779B97F4A7C15)
        total ^= total >> np.uint64(29)
    return total[inside], row[: len(inside)][inside]


def _own(spans: Spans, person: Ints, side: npt.NDArray[np.bool_]) -> tuple[Spans, Ints, Any]:
    """Spans that one person alone has, once each, sorted: number, person, whether of the holdout."""
    order = np.lexsort((person, spans))
    spans, person, side = spans[order], person[order], side[order]
    new = np.ones(len(spans), dtype=bool)
    new[1:] = (spans[1:] != spans[:-1]) | (person[1:] != person[:-1])
    spans, person, side = spans[new], person[new], side[new]
    alone = np.ones(len(spans), dtype=bool)
    alone[1:] &= spans[1:] != spans[:-1]
    alone[:-1] &= spans[1:] != spans[:-1]
    return spans[alone], person[alone], side[alone]


def _excess(found: dict[str, Any], z: float) -> dict[str, Any]:
    (hits, n), (chance, m) = found["train"], found["holdout"]
    share, natural = hits / max(1, n), chance / max(1, m)
    interval = newcombe(share, n, natural, m, z) if n else (0.0, 0.0)
    return {"estimate": share - natural, "interval": interval, "ceiling": 0.0, "floor": 1.0 if n else 0.0,
            "recited": share, "natural": natural, "writers": n, "texts": len(found["rows"])}  # fmt: skip


def _score(found: dict[str, dict[str, Any]], n: int) -> Score:
    """The column that recites most, its interval at once for all columns."""
    z = z_of(max(1, len(found)))
    columns = {name: _excess(one, z) for name, one in found.items()}
    worst = max(columns.values(), key=lambda one: (one["interval"][0], one["estimate"]), default=None)
    rows = np.unique(np.concatenate([one["rows"] for one in found.values()])) if found else np.empty(0)
    return Score(
        metric="verbatim_spans",
        family="privacy",
        estimate=worst["estimate"] if worst else 0.0,
        interval=worst["interval"] if worst else (0.0, 0.0),
        direction="lower",
        ceiling=0.0,
        floor=worst["floor"] if worst else 0.0,
        n=n,
        variance="draw of the persons in train and holdout (Newcombe, at once for all text columns)",
        estimand="the share over all persons that the tables were drawn from, given the released texts",
        convention=(
            f"share of the persons of train with {_WORDS} words in a row that nobody else in train and "
            "holdout wrote, any of which stand in a synthetic text of the column, minus the same share of "
            "the holdout's persons; letters' case and signs apart; of several text columns the worst; "
            f"at most {_MOST:,} real texts a table; 0 where there is no text column"
        ),
        source="8-gram overlap as in Chowdhery et al. (2022), section 8; interval of Newcombe (1998)",
        details={"columns": columns, "private": {"synthetic_rows": rows[:1000].astype(int).tolist()}},
    )
