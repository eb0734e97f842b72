"""The run: stations in order, each taking values and returning one, into a directory that resumes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark import registry
from mintmark.assess.assess import assess
from mintmark.assess.assessment import Assessment
from mintmark.assess.inputs import check_apart
from mintmark.check import load as load_check
from mintmark.data.balance import check_balance
from mintmark.data.dataset import Dataset
from mintmark.data.read import read
from mintmark.data.split import split_rows
from mintmark.data.where import check_where, matches
from mintmark.errors import InputError, ModelFileError
from mintmark.parents import numbered
from mintmark.release.certify import Certificate, certify
from mintmark.release.keys import load_private, make_keys
from mintmark.release.policy import Policy
from mintmark.rules import refuse
from mintmark.run import _atomic, _local
from mintmark.run._assessment import write_assessment
from mintmark.run._combine import Cleaner, check_target, cleaned, planned
from mintmark.run._cost import measured
from mintmark.run._folder import RunFolder, opened, vacant
from mintmark.run.ledger import counted
from mintmark.run.recipe import Recipe
from mintmark.synthesizer import Synthesizer, load_model, make

__all__ = ["run", "source_of"]

Rows = npt.NDArray[np.int64]


def run(
    recipe: Recipe | str | Path, out: str | Path, *, resume: bool = False, workers: int | None = None
) -> Certificate:
    """Read, split, fit, sample, assess and certify into a run directory.

    Parameters
    ----------
    recipe : Recipe, or the path of its YAML file
    out : path
        The run directory, see `mintmark.run._folder`.
    resume : bool
        Go on with what stands in `out`; what verifies is kept, and the rows come out byte by byte
        as if nothing had happened.
    workers : int, optional
        Processes that draw rows; the rows do not depend on it.

    Returns
    -------
    Certificate
        Of the release or of the refusal.

    Raises
    ------
    InputError
        If recipe, data or key must be mended; a run that had just begun leaves nothing behind.
    OutputError
        If `out` is taken or cannot be written.
    """
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.load(recipe)
    place = vacant(out, resume=resume)
    plan = _planned(recipe)
    real = source_of(recipe)
    check_target(plan.cleaners, real.schema)
    refuse(real.schema, recipe.where)  # what contradicts is told before anything is learnt
    if (shares := recipe.shares(real.schema)) or recipe.generate.parity:
        check_balance(shares, recipe.generate.parity or None, recipe.where or {}, real.schema)
    with opened(place, recipe, recipe.resolve(recipe.source.path)) as folder:
        if folder.finished():
            return Certificate.load(folder.release)
        train, holdout, rows = _parted(real, recipe, folder)
        model = _fitted(plan.synthesizer, train, holdout, recipe, folder)
        fitted = train
        train, holdout = _alike(train, holdout, model, recipe)
        synthetic, parents = _drawn(model, len(train), recipe, folder, workers)
        if plan.cleaners:
            synthetic, left = cleaned(fitted, synthetic, plan.cleaners, folder.seed(recipe.seed, "combine"))
            parents = parents and parents.take(pa.array(left))
        if parents is not None:
            folder.keep_parents(numbered(parents, rows))
        assessment = _assessed(train, synthetic, holdout, plan.policy, model, recipe, folder)
        certificate = _certified(synthetic, assessment, plan.policy, recipe, folder)
        folder.commit(rows=len(synthetic))
    return certificate


@dataclass(frozen=True)
class _Plan:
    synthesizer: Synthesizer
    policy: Policy
    cleaners: list[Cleaner]


def _planned(recipe: Recipe) -> _Plan:
    """Everything the recipe names, found before the first expensive step."""
    for name in recipe.assess.metrics or ():
        registry.find("metrics", name)
    for record in recipe.checks:
        load_check(record)
    recipe.where  # noqa: B018  # a malformed range is told now
    if recipe.release.key is not None:
        load_private(recipe.resolve(recipe.release.key))
    policy = recipe.release.policy
    if policy.endswith((".yaml", ".yml")):
        policy = recipe.resolve(policy)
    synthesizer = make(recipe.generate.method, **recipe.generate.parameters)
    cleaners = planned(recipe.combine.clean, recipe.generate.parameters.get("target"))
    return _Plan(synthesizer, Policy.load(policy), cleaners)


def source_of(recipe: Recipe) -> Dataset:
    """The real table as the recipe describes it."""
    source = recipe.source
    real = read(
        recipe.resolve(source.path),
        split=source.split,
        target=source.target,
        kinds=source.kinds,
        roles=source.roles,
        personal=source.personal,
        locale=source.locale,
        drop=source.drop,
        **_csv(recipe),
    )
    for name, edit in recipe.edits.columns.items():
        real = real.edit(name, **edit.model_dump(exclude_unset=True))
    if not recipe.checks:
        return real
    schema = dataclasses.replace(real.schema, checks=real.schema.checks + recipe.checks)
    return dataclasses.replace(real, schema=schema)


def _csv(recipe: Recipe) -> dict[str, Any]:
    """How the source's text is read, and so that of a holdout file."""
    return recipe.source.model_dump(include={"delimiter", "encoding", "decimal", "quote"})


def _parted(real: Dataset, recipe: Recipe, folder: RunFolder) -> tuple[Dataset, Dataset, Rows | None]:
    """Train and holdout; and which rows of the source train has, where these are not all."""
    holdout = recipe.assess.holdout
    if isinstance(holdout, str):
        held = read(recipe.resolve(holdout), schema=real.schema, columns=real.names, **_csv(recipe))
        check_apart(real, held)  # told now and not after the fit
        return real, held, None
    seed = folder.seed(recipe.seed, "split")
    kept, apart = split_rows(real, holdout, seed=seed, time=recipe.assess.time)
    return real.take(kept), real.take(apart), kept


def _fitted(
    unfitted: Synthesizer, train: Dataset, holdout: Dataset, recipe: Recipe, folder: RunFolder
) -> Synthesizer:
    try:
        return load_model(folder.model)
    except ModelFileError:
        begun = any(folder.checkpoint.glob("training-*"))  # a part of the cost was spent before
        limit, seed = recipe.generate.max_minutes, folder.seed(recipe.seed, "fit")
        fitted, cost = measured(
            lambda: unfitted.fit(train, seed=seed, max_minutes=limit, checkpoint=folder.checkpoint)
        )
        if not begun:
            folder.keep_cost("fit", cost)
        fitted.avoiding(holdout).save(folder.model)  # no name or number of theirs may come out either
    return load_model(folder.model)


def _alike(train: Dataset, holdout: Dataset, model: Synthesizer, recipe: Recipe) -> tuple[Dataset, Dataset]:
    """The real rows that meet the recipe's condition: those that rows which meet it are compared with."""
    where = recipe.where
    if not where:
        return train, holdout
    schema = model.ready(0, recipe.seed, where).schema
    where = check_where(where, schema)
    parts = [part.take(matches(part.table, schema, where)) for part in (train, holdout)]
    if not all(len(part) for part in parts):
        raise InputError(
            f"generate.where is met by {len(parts[0]):,} rows for training and {len(parts[1]):,} held out: "
            "there is nothing to compare the synthetic rows with. Widen the condition."
        )
    return parts[0], parts[1]


def _drawn(
    model: Synthesizer, fitted: int, recipe: Recipe, folder: RunFolder, workers: int | None
) -> tuple[Dataset, pa.Table | None]:
    n = model.usual_rows(fitted) if recipe.generate.rows is None else recipe.generate.rows
    seed, where = folder.seed(recipe.seed, "sample"), recipe.where
    schema = model.ready(n, seed, where).schema
    shares, parity = recipe.shares(schema), recipe.generate.parity or None
    begun = any(folder.shards.rows.glob("*"))  # a part of the cost was spent before

    def drawn() -> tuple[Dataset, pa.Table | None]:
        plan = model.planned(n, seed=seed, where=where, shares=shares, parity=parity)
        blocks = _local.draw(model, folder.model, folder.shards, plan, workers=workers)
        return model.assemble(blocks, plan)

    (synthetic, parents), cost = measured(drawn)
    if not begun:
        folder.keep_cost("sample", cost)
    return synthetic, parents


def _assessed(
    train: Dataset, synthetic: Dataset, holdout: Dataset, policy: Policy, model: Synthesizer,
    recipe: Recipe, folder: RunFolder,
) -> Assessment:  # fmt: skip
    if _atomic.intact(folder.assessment):
        return Assessment.load(folder.assessment / "report.json")
    asked = recipe.assess
    assessment = assess(
        train=train, synthetic=synthetic, holdout=holdout, policy=policy, metrics=asked.metrics,
        seed=folder.seed(recipe.seed if asked.seed is None else asked.seed, "assess"), synthesizer=model,
        cost=folder.cost(),
    )  # fmt: skip
    assessment = dataclasses.replace(assessment, personal=recipe.release.personal)
    assessment = counted(assessment, train, holdout)
    write_assessment(assessment, synthetic, folder.assessment)
    return assessment


def _certified(
    synthetic: Dataset, assessment: Assessment, policy: Policy, recipe: Recipe, folder: RunFolder
) -> Certificate:
    return certify(
        synthetic,
        assessment,
        policy=policy,
        key=_key(recipe, folder),
        out=folder.release,
        recipe=recipe.public(),
    )


def _key(recipe: Recipe, folder: RunFolder) -> str:
    """The recipe's signing key, or one of the run's own, its public half laid beside the results."""
    if recipe.release.key is not None:
        return recipe.resolve(recipe.release.key)
    if not (folder.keys / "private.pem").is_file():
        with _atomic.folder(folder.keys) as made:
            make_keys(made)
    _atomic.write_bytes(folder.path / "public.pem", (folder.keys / "public.pem").read_bytes(), mode=0o644)
    return str(folder.keys / "private.pem")
