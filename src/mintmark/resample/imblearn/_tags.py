"""What scikit-learn and imbalanced-learn ask an estimator about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["sampler_tags"]


@dataclass(frozen=True)
class _SamplerTags:
    sample_indices: bool = False


def sampler_tags(tags: Any, *, text: bool, indices: bool) -> Any:
    """Tags of a sampler: those of any estimator, and the two that imbalanced-learn adds.

    Parameters
    ----------
    tags : sklearn.utils.Tags
    text : bool
        Whether a matrix of texts is taken.
    indices : bool
        Whether it tells which rows it returns, as `sample_indices_`.
    """
    tags = _with(tags, sampler_tags=_SamplerTags(indices))
    tags.estimator_type = "sampler"
    tags.target_tags.required = True
    tags.input_tags = _with(tags.input_tags, dataframe=True)
    tags.input_tags.sparse = tags.input_tags.allow_nan = True
    tags.input_tags.string = tags.input_tags.categorical = text
    return tags


def _with(tags: Any, **more: Any) -> Any:
    """The tags with more fields: scikit-learn's have slots, so their class takes no others."""
    kind = type(tags)
    wider = type(kind.__name__, (kind,), {})
    made = wider(**{name: getattr(tags, name) for name in kind.__dataclass_fields__})
    for name, value in more.items():
        setattr(made, name, value)
    return made
