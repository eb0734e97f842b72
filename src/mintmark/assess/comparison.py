"""Comparison: several synthesizers' scores over data sets and seeds, and who differs. A plain record."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mintmark.errors import InputError

__all__ = ["FORMAT", "Comparison", "Frontier", "Standing"]

FORMAT = 1


@dataclass(frozen=True)
class Standing:
    """Who ranks where, and which pairs differ.

    Parameters
    ----------
    claim : str
        What the p-values speak of.
    blocks, units : int
        Rows of ranks, and the independent samples behind them.
    aligned, within : mapping of synthesizer to float
        Mean aligned rank (1 to blocks x synthesizers) and mean rank within blocks (1 to
        synthesizers), lower is better.
    families : mapping of family to mapping of synthesizer to float
        Mean rank within the blocks of one family.
    statistic, p_value : float, optional
        Of the omnibus test.
    pairs : tuple of {"pair": [a, b], "p_value": float}, optional
        Adjusted; None where the omnibus test did not reject.
    winner : str, optional
        Ranks best and differs from every other.
    status : "ok" or "not run"
    reason : str
    """

    claim: str
    blocks: int = 0
    units: int = 0
    aligned: Mapping[str, float] = field(default_factory=dict)
    within: Mapping[str, float] = field(default_factory=dict)
    families: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    statistic: float | None = None
    p_value: float | None = None
    pairs: tuple[Mapping[str, Any], ...] | None = None
    winner: str | None = None
    status: Literal["ok", "not run"] = "ok"
    reason: str = ""

    def differ(self, a: str, b: str, alpha: float = 0.05) -> bool:
        """Whether a pair differs at the level."""
        return any(set(one["pair"]) == {a, b} and one["p_value"] <= alpha for one in self.pairs or ())


@dataclass(frozen=True)
class Frontier:
    """What utility costs in privacy.

    Parameters
    ----------
    utility, privacy : str
        The scores on the axes. Utility 1 is as good as real rows, 0 as independent columns; risk 0
        is guessing, 1 a copy of train.
    points : tuple of mappings
        ``synthesizer``, ``utility``, ``utility_interval``, ``risk``, ``risk_interval``, ``front``
        (no other is better in both).
    hypervolume, hypervolume_interval : float and (float, float)
        Share of the square from (utility 0, risk 1) that lies behind the frontier.
    at : float
        A utility.
    risk_at, risk_at_interval : float and (float, float)
        The least risk at that utility; None where no synthesizer is so useful.
    status : "ok" or "not run"
    reason : str
    """

    utility: str
    privacy: str
    points: tuple[Mapping[str, Any], ...] = ()
    hypervolume: float | None = None
    hypervolume_interval: tuple[float, float] | None = None
    at: float = 0.0
    risk_at: float | None = None
    risk_at_interval: tuple[float, float] | None = None
    status: Literal["ok", "not run"] = "ok"
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class Comparison:
    """Synthesizers over data sets and seeds.

    Parameters
    ----------
    synthesizers, datasets : tuple of str
    methods : mapping of synthesizer to str
        The method behind each, where it is known: several may be settings of one.
    metrics : tuple of {"metric", "family", "direction"}
        The scores that were ranked.
    scores : tuple of mappings
        ``synthesizer``, ``dataset``, ``seed``, ``metric``, ``estimate``, ``ceiling``, ``floor``.
    costs : tuple of mappings
        ``synthesizer``, ``dataset``, ``seed`` and what `mintmark.assess.cost.COSTS` names.
    means : tuple of mappings
        ``synthesizer``, ``metric``, ``estimate``, ``interval`` (95 % over seeds, the data sets fixed).
    ranking : Standing
        On these data sets.
    beyond : Standing
        On data sets like these: the data sets are the sample.
    notes : tuple of str
        What was left out, and why.
    seed : int
        Of the permutations.
    versions : mapping
    """

    synthesizers: tuple[str, ...]
    datasets: tuple[str, ...]
    methods: Mapping[str, str]
    metrics: tuple[Mapping[str, str], ...]
    scores: tuple[Mapping[str, Any], ...]
    costs: tuple[Mapping[str, Any], ...]
    means: tuple[Mapping[str, Any], ...]
    ranking: Standing
    beyond: Standing
    notes: tuple[str, ...] = ()
    seed: int = 0
    versions: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The canonical record; see ``docs/compare.md``."""
        return {"format": FORMAT, **dataclasses.asdict(self)}

    def dumps(self) -> str:
        """Canonical JSON text: sorted keys, two spaces, diffable."""
        values = self.to_json()
        return json.dumps(values, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Comparison:
        """Inverse of `to_json`."""
        if values.get("format", 0) > FORMAT:
            raise InputError(
                f"the comparison has format {values['format']}, this version reads up to {FORMAT}. "
                "Upgrade mintmark."
            )
        kept: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in values.items()
            if key != "format"
        }
        for name in ("ranking", "beyond"):
            pairs = values[name]["pairs"]
            kept[name] = Standing(**{**values[name], "pairs": None if pairs is None else tuple(pairs)})
        return cls(**kept)

    @classmethod
    def load(cls, path: str | Path) -> Comparison:
        """Read a ``comparison.json``."""
        try:
            return cls.from_json(json.loads(Path(path).read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise InputError(f"there is no comparison {path}. Make one with `mintmark compare`.") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} is no comparison that mintmark wrote: {error}.") from None

    def __str__(self) -> str:
        from mintmark.assess.report.comparison_text import text

        return text(self)

    def _repr_html_(self) -> str:
        from mintmark.assess.report.comparison_html import fragment

        return fragment(self)
