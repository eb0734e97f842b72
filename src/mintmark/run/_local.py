"""Blocks into shards, here or in a pool of processes; the rows are the same whatever the workers.

A shard is an Arrow file, written whole, and beside it a small JSON record of its digest, rows and
rejections. Parents of rows lie apart, where they can be erased. A block is drawn again only where
these do not agree.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path

import pyarrow as pa

from mintmark.errors import InputError, MintmarkError
from mintmark.parents import PARENTS, beside, parted
from mintmark.plan import Plan
from mintmark.progress import track
from mintmark.run._atomic import sha256, write_bytes
from mintmark.synthesizer import Drawn, Synthesizer, load_model

__all__ = ["Shards", "blocks_by", "draw", "read_shard"]

Map = Callable[[Callable[[int], Drawn], Iterable[int]], Iterable[Drawn]]

_WORTH_A_POOL = 64
"""Blocks below which starting processes costs more than it saves."""
_model: Synthesizer | None = None  # set once in each worker, where it never changes


@dataclass(frozen=True)
class Shards:
    """Folders of the blocks' rows, and of the parents of these rows."""

    rows: Path
    parents: Path


def draw(
    model: Synthesizer,
    saved: Path,
    shards: Shards,
    plan: Plan,
    *,
    workers: int | None = None,
) -> Iterator[Drawn]:
    """Every block of a plan in order, drawn first where `shards` does not hold it yet.

    Parameters
    ----------
    model : Synthesizer
        Fitted.
    saved : Path
        The same model's directory, from which workers load it.
    shards : Shards
        Directories for the shards; that of the parents is made where there are some.
    plan : Plan
        Of the model, see `Synthesizer.planned`.
    workers : int, optional
        Processes; by default as many as there are cores where the blocks are many, else none.
    """
    _check(workers)
    blocks = range(plan.blocks(model.block))
    missing = [b for b in blocks if read_shard(shards, b) is None]
    workers = workers or ((os.cpu_count() or 1) if len(missing) >= _WORTH_A_POOL else 1)
    if workers > 1 and len(missing) > 1:
        made = _pooled(saved, shards, missing, min(workers, len(missing)), plan)
    else:
        made = (_write(model, shards, b, plan) for b in missing)
    for _ in track(made, "drawing rows", total=len(missing)):
        pass
    return (_held(shards, b) for b in blocks)


def _held(shards: Shards, b: int) -> Drawn:
    shard = read_shard(shards, b)
    if shard is None:
        raise InputError(f"{shards.rows} changed while rows were being drawn. Run again with --resume.")
    return shard


@contextmanager
def blocks_by(saved: Path, workers: int) -> Iterator[Map]:
    """A `map` for `Synthesizer.sample` that draws blocks in processes.

    The processes load the model from `saved`; they are few blocks ahead of what has been used.
    """
    _check(workers)
    if workers == 1:
        yield map
        return
    with _pool(saved, workers) as pool:

        def mapped(work: Callable[[int], Drawn], blocks: Iterable[int]) -> Iterator[Drawn]:
            assert isinstance(work, partial)  # of `draw_planned`: the plan is shipped, not the model again
            ahead: deque[Future[Drawn]] = deque()
            for b in blocks:
                ahead.append(pool.submit(_draw, b, work.keywords["plan"]))
                if len(ahead) > 4 * workers:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()

        yield mapped


def _check(workers: int | None) -> None:
    if workers is not None and workers < 1:
        raise InputError(f"workers must be 1 or more, not {workers}.")


@contextmanager
def _pool(saved: Path, workers: int) -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(saved,))
    try:
        yield pool
    except BrokenProcessPool:
        raise MintmarkError(
            "a worker process ended unexpectedly, perhaps for want of memory. "
            "Run again with fewer --workers (and --resume where it is a run)."
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _pooled(saved: Path, shards: Shards, blocks: Iterable[int], workers: int, plan: Plan) -> Iterator[int]:
    with _pool(saved, workers) as pool:
        for future in [pool.submit(_work, shards, b, plan) for b in blocks]:
            yield future.result()


def _begin(saved: Path) -> None:
    global _model
    parent = multiprocessing.parent_process()
    if parent is not None:  # a worker must not outlive a run that was killed
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    _model = load_model(saved)


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _draw(b: int, plan: Plan) -> Drawn:
    assert _model is not None
    return _model.draw_planned(b, plan=plan)


def _work(shards: Shards, b: int, plan: Plan) -> int:
    assert _model is not None
    return _write(_model, shards, b, plan)


def _write(model: Synthesizer, shards: Shards, b: int, plan: Plan) -> int:
    drawn = model.draw_planned(b, plan=plan)
    table, parents = parted(drawn.table)
    data, told, record = _names(shards, b)
    write_bytes(data, _ipc(table))
    about = {
        "sha256": sha256(data),
        "rows": table.num_rows,
        "drawn": drawn.drawn,
        "rejected": dict(drawn.rejected),
    }
    if parents is not None:
        told.parent.mkdir(mode=0o700, exist_ok=True)
        write_bytes(told, _ipc(parents))
        about["parents"] = sha256(told)
    write_bytes(record, json.dumps(about, sort_keys=True).encode())
    return b


def _ipc(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table.combine_chunks())
    return bytes(sink.getvalue().to_pybytes())


def read_shard(shards: Shards, b: int) -> Drawn | None:
    """Block b as it was drawn, or None where it is missing or damaged."""
    data, told, record = _names(shards, b)
    try:
        about = json.loads(record.read_bytes())
        if sha256(data) != about["sha256"] or ("parents" in about and sha256(told) != about["parents"]):
            return None
        table = pa.ipc.open_file(data.read_bytes()).read_all()
        if "parents" in about:
            table = beside(table, pa.ipc.open_file(told.read_bytes()).read_all().cast(PARENTS))
        return Drawn(table, about["drawn"], about["rejected"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _names(shards: Shards, b: int) -> tuple[Path, Path, Path]:
    name = f"{b:06d}"
    return shards.rows / f"{name}.arrow", shards.parents / f"{name}.arrow", shards.rows / f"{name}.json"
