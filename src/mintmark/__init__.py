"""mintmark: labelled synthetic data, assessed for fidelity, utility and privacy, and certified.

The public names load on use, so that ``import mintmark`` imports no heavy library.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mintmark.advise.learning_curve import learning_curve
    from mintmark.assess.assess import assess
    from mintmark.assess.assessment import Assessment
    from mintmark.check import Check
    from mintmark.data.database import Database, read_database
    from mintmark.data.dataset import Dataset
    from mintmark.data.read import read
    from mintmark.data.schema import Column, Schema
    from mintmark.data.write import write
    from mintmark.errors import MintmarkError
    from mintmark.method import method
    from mintmark.metric import Metric, Score
    from mintmark.release.certify import certify
    from mintmark.release.policy import Policy
    from mintmark.release.verify import verify
    from mintmark.rules import check, rule
    from mintmark.run.compare import compare
    from mintmark.run.recipe import Recipe
    from mintmark.run.run import run
    from mintmark.synthesizer import Synthesizer
    from mintmark.synthesizer import load_model as load
    from mintmark.synthesizer import make as synthesizer

__version__ = "0.1.0"

_PUBLIC = {
    "Assessment": "mintmark.assess.assessment",
    "Check": "mintmark.check",
    "Column": "mintmark.data.schema",
    "Database": "mintmark.data.database",
    "Dataset": "mintmark.data.dataset",
    "Metric": "mintmark.metric",
    "MintmarkError": "mintmark.errors",
    "Policy": "mintmark.release.policy",
    "Recipe": "mintmark.run.recipe",
    "Schema": "mintmark.data.schema",
    "Score": "mintmark.metric",
    "Synthesizer": "mintmark.synthesizer",
    "assess": "mintmark.assess.assess",
    "certify": "mintmark.release.certify",
    "check": "mintmark.rules",
    "compare": "mintmark.run.compare",
    "learning_curve": "mintmark.advise.learning_curve",
    "load": "mintmark.synthesizer:load_model",
    "method": "mintmark.method",
    "read": "mintmark.data.read",
    "read_database": "mintmark.data.database",
    "rule": "mintmark.rules",
    "run": "mintmark.run.run",
    "synthesizer": "mintmark.synthesizer:make",
    "verify": "mintmark.release.verify",
    "write": "mintmark.data.write",
}

__all__ = [
    "Assessment", "Check", "Column", "Database", "Dataset", "Metric", "MintmarkError", "Policy", "Recipe",
    "Schema", "Score", "Synthesizer", "assess", "certify", "check", "compare", "learning_curve", "load",
    "method", "read", "read_database", "rule", "run", "synthesizer", "verify", "write",
]  # fmt: skip


class _Package(ModuleType):
    """Keeps the verbs: importing the room ``mintmark.assess`` must not hide ``mintmark.assess()``."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (isinstance(value, ModuleType) and name in _PUBLIC):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'mintmark' has no attribute {name!r}")
    module, _, attribute = _PUBLIC[name].partition(":")
    value = getattr(importlib.import_module(module), attribute or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
