"""Recipe: the stations of a run, as YAML or Python.

Unknown keys are refused with the nearest right one; relative paths mean relative to the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
)

from mintmark.data.balance import Shares, wish_of
from mintmark.data.schema import Kind, Role, Schema, json_value
from mintmark.data.where import Where
from mintmark.errors import InputError, UnknownNameError, first_three

__all__ = ["Assess", "ColumnEdit", "Combine", "Generate", "Recipe", "Release", "SchemaEdits", "Source"]


class _Station(BaseModel):
    """Keys as declared and no others; values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, strict=False)


class Source(_Station):
    """The real table."""

    path: Annotated[
        str,
        Field(
            description="file or fsspec URL: CSV, Parquet, Arrow IPC, JSON Lines, .npz, or a folder of images"
        ),
    ]
    split: Annotated[str | None, Field(description="of an .npz file that holds several")] = None
    target: Annotated[str | None, Field(description="column to be predicted")] = None
    kinds: Annotated[
        dict[str, Kind], Field(description="kind of a column where inference is wrong", default_factory=dict)
    ]
    roles: Annotated[
        dict[str, Role | list[Role]], Field(description="what a column is for", default_factory=dict)
    ]
    personal: Annotated[
        dict[str, str | None],
        Field(description="what of a person a column holds, null for nothing", default_factory=dict),
    ]
    locale: Annotated[str | None, Field(description="of the surrogates, e.g. de_DE; found by default")] = None
    drop: Annotated[list[str], Field(description="columns to leave out", default_factory=list)]
    delimiter: Annotated[str | None, Field(description="of a CSV file; found out by default")] = None
    encoding: Annotated[str | None, Field(description="of a text file; UTF-8 by default")] = None
    decimal: Annotated[Literal[".", ","] | None, Field(description="decimal sign of a CSV file")] = None
    quote: Annotated[str, Field(description="quote sign of a CSV file")] = '"'


class ColumnEdit(_Station):
    """Properties of one column that differ from what was inferred."""

    kind: Kind | None = None
    roles: list[Role] | None = None
    low: int | float | str | None = None
    high: int | float | str | None = None
    decimals: Annotated[int, Field(ge=0, le=15)] | None = None
    categories: list[str | int | float | bool] | None = None
    unit: str | None = None
    personal: str | None = None
    locale: str | None = None
    protect: Annotated[
        bool | None, Field(description="off lets extremes and rare categories out; the certificate says so")
    ] = None

    @field_validator("low", "high", mode="before")
    @classmethod
    def _dates_as_text(cls, value: Any) -> Any:
        return json_value(value)


class SchemaEdits(_Station):
    """What is known of the columns beyond what the file shows."""

    columns: Annotated[dict[str, ColumnEdit], Field(description="edits by column", default_factory=dict)]
    checks: Annotated[
        list[dict[str, Any]],
        BeforeValidator(json_value),
        Field(description="rules on rows: {check: name, **parameters}", default_factory=list),
    ]


class Generate(_Station):
    """How rows are made, and how many."""

    method: Annotated[str, Field(description="a registered synthesizer")] = "sequential_trees"
    parameters: Annotated[dict[str, Any], Field(description="of the method", default_factory=dict)]
    rows: Annotated[
        int | None,
        Field(
            ge=0,
            description="units to draw; as many as train, where `where` holds, by default; of a resampler as "
            "many as the classes lack",
        ),
    ] = None
    max_minutes: Annotated[float | None, Field(gt=0, description="time limit of the fit")] = None
    where: Annotated[
        dict[str, Any],
        Field(description="column to a value, a list, {low: , high: } or null", default_factory=dict),
    ]

    shares: Annotated[
        dict[str, dict[str, float]],
        Field(
            description="one column to its values' shares of the rows; the rest as the model has it",
            default_factory=dict,
        ),
    ]
    parity: Annotated[
        list[str],
        Field(
            description="columns whose groups shall have the target's values in the same shares",
            default_factory=list,
        ),
    ]

    @field_validator("shares", mode="before")
    @classmethod
    def _text_values(cls, shares: Any) -> Any:
        """Values as text, whatever YAML takes them for; missing is ""."""
        if not isinstance(shares, Mapping):
            return shares
        return {
            name: {_as_text(value): share for value, share in wished.items()}
            if isinstance(wished, Mapping)
            else wished
            for name, wished in shares.items()
        }

    @field_validator("where", mode="before")
    @classmethod
    def _json_values(cls, where: Any) -> Any:
        """JSON values, but for ranges, which stay pairs; an end that is infinite is none."""
        if not isinstance(where, Mapping):
            return where
        return {name: _plain(wanted) for name, wanted in where.items()}


class Combine(_Station):
    """What becomes of new rows among the real ones."""

    clean: Annotated[
        list[str | dict[str, Any]],
        BeforeValidator(json_value),
        Field(
            description="cleaners, in order, each a name or {cleaner: name, **parameters}: new rows that "
            "they take from real and new ones together are not released; real ones never are",
            default_factory=list,
        ),
    ]


class Assess(_Station):
    """What is measured, against which real rows."""

    metrics: Annotated[
        list[str] | None, Field(description="by default all but those scored on request alone")
    ] = None
    holdout: Annotated[
        float | str, Field(description="share of the source kept apart (0..1), or a file of real rows")
    ] = 0.2
    time: Annotated[str | None, Field(description="hold out the latest rows by this column")] = None
    seed: Annotated[int | None, Field(ge=0, description="the recipe's seed by default")] = None

    @field_validator("holdout")
    @classmethod
    def _share(cls, value: float | str) -> float | str:
        if not isinstance(value, str) and not 0 < value < 1:
            raise ValueError(f"a share lies between 0 and 1, not {value!r}")
        return value


class Release(_Station):
    """Under which policy the data may leave, and in what form."""

    policy: Annotated[str, Field(description="a shipped policy (`mintmark list`), or a YAML file")] = (
        "internal"
    )
    key: Annotated[
        str | None, Field(description="private.pem of `mintmark keygen`; by default the run makes one")
    ] = None
    format: Literal["parquet", "csv"] = "parquet"
    license: Annotated[str | None, Field(description="SPDX identifier or words, for the card")] = None
    personal: Annotated[bool, Field(description="whether the source is about people")] = True


class Recipe(_Station):
    """A run in words. Load one with `Recipe.load`, make one in Python by keyword.

    Examples
    --------
    >>> recipe = Recipe(source={"path": "adult.parquet", "target": "income"})
    >>> recipe.generate.method
    'sequential_trees'
    """

    format: Annotated[Literal[1], Field(description="of the recipe file")] = 1
    seed: Annotated[int, Field(ge=0)] = 0
    source: Source
    edits: Annotated[SchemaEdits, Field(alias="schema", default_factory=SchemaEdits)]
    generate: Annotated[Generate, Field(default_factory=Generate)]
    combine: Annotated[Combine, Field(default_factory=Combine)]
    check: Annotated[
        list[dict[str, Any]],
        BeforeValidator(json_value),
        Field(description="more rules that every drawn row must hold", default_factory=list),
    ]
    assess: Annotated[Assess, Field(default_factory=Assess)]
    release: Annotated[Release, Field(default_factory=Release)]
    _folder: Path = PrivateAttr(default_factory=Path)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _in_words(error, values) from None

    @classmethod
    def load(cls, path: str | Path) -> Recipe:
        """Read a YAML file.

        Raises
        ------
        InputError
            If there is no such file, it is no YAML, or a value is wrong; names the key.
        UnknownNameError
            If a key is unknown; the nearest right one is offered.
        """
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise InputError(
                f"there is no recipe {path}. Write one with `mintmark init FILE --out {path}`."
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"cannot read the recipe {path}: {error}.") from None
        try:
            return cls.from_yaml(text, folder=path.resolve().parent)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None

    @classmethod
    def from_yaml(cls, text: str, *, folder: str | Path = ".") -> Recipe:
        """Inverse of `to_yaml`; relative paths in it start at `folder`."""
        try:
            values = yaml.safe_load(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = f" in line {mark.line + 1}" if mark else ""
            problem = getattr(error, "problem", None) or "it cannot be parsed"
            raise InputError(f"the recipe is no YAML: {problem}{line}.") from None
        if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
            raise InputError("the recipe is no mapping of stations. Start from `mintmark init FILE`.")
        made = cls(**values)
        made._folder = Path(folder)
        return made

    def to_yaml(self) -> str:
        """YAML text of what differs from the defaults."""
        return yaml.safe_dump(self.record(), sort_keys=False, allow_unicode=True)

    def record(self) -> dict[str, Any]:
        """JSON values of what differs from the defaults, under the keys of the file."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    def public(self) -> dict[str, Any]:
        """The record without what must not leave: seeds, paths and keys."""
        shown = self.model_dump(mode="json", by_alias=True, exclude_unset=True)
        shown.pop("seed", None)
        for station, keys in {"source": ("path",), "assess": ("seed",), "release": ("key",)}.items():
            for key in keys:
                shown.get(station, {}).pop(key, None)
        if isinstance(self.assess.holdout, str):
            shown["assess"]["holdout"] = "a file"
        return shown

    def digest(self) -> str:
        """SHA-256 of what the recipe says, defaults included, wherever its file lies."""
        full = json.dumps(self.model_dump(mode="json", by_alias=True), sort_keys=True)
        return hashlib.sha256(full.encode()).hexdigest()

    def resolve(self, path: str) -> str:
        """A path of the recipe as it is to be opened; a URL stays."""
        return path if "://" in path else str(self._folder / Path(path).expanduser())

    @property
    def checks(self) -> tuple[dict[str, Any], ...]:
        """The rules of both stations that name some."""
        return (*self.edits.checks, *self.check)

    @property
    def where(self) -> Where | None:
        """`generate.where` as `Synthesizer.sample` takes it."""
        return {name: _range(wanted) for name, wanted in self.generate.where.items()} or None

    def shares(self, schema: Schema) -> Shares | None:
        """`generate.shares` as `Synthesizer.sample` takes them."""
        return wish_of(self.generate.shares, schema) or None

    @staticmethod
    def json_schema() -> dict[str, Any]:
        """JSON schema of the file, for editors."""
        return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Recipe.model_json_schema(
            by_alias=True
        )


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain(wanted: Any) -> Any:
    plain = json_value(wanted)
    if isinstance(wanted, tuple):
        return tuple(None if plain[i] == ("-inf", "inf")[i % 2] else plain[i] for i in range(len(plain)))
    if isinstance(wanted, Mapping):
        endless = {"low": "-inf", "high": "inf"}
        return {key: None if end == endless.get(key) else end for key, end in plain.items()}
    return plain


def _range(wanted: Any) -> Any:
    if not isinstance(wanted, Mapping):
        return wanted
    for key in wanted:
        if key not in ("low", "high"):
            raise UnknownNameError("key of a range in generate.where", key, ("low", "high"))
    return (wanted.get("low"), wanted.get("high"))


def _in_words(error: ValidationError, values: Mapping[str, Any]) -> InputError:
    faults = error.errors()
    unknown = next((fault for fault in faults if fault["type"] == "extra_forbidden"), None)
    if unknown:
        *parents, key = map(str, unknown["loc"])
        prefix = "".join(f"{parent}." for parent in parents)
        return UnknownNameError("recipe key", prefix + key, [prefix + name for name in _keys(parents)])
    missing = [".".join(map(str, fault["loc"])) for fault in faults if fault["type"] == "missing"]
    if missing:
        return InputError(f"the recipe lacks {first_three(map(repr, missing))}. Add it.")
    where = ".".join(str(part) for part in faults[0]["loc"] if not str(part).startswith("function-"))
    said = faults[0]["msg"].removeprefix("Value error, ")
    return InputError(f"recipe key {where!r}: {said} (got {faults[0]['input']!r}).")


def _keys(parents: list[str]) -> list[str]:
    """The right keys at this place of a recipe."""
    model: type[BaseModel] = Recipe
    for parent in parents:
        for name, field in model.model_fields.items():
            if parent not in (field.alias or name,):
                continue
            inner = next(
                (kind for kind in (field.annotation, *get_args(field.annotation)) if _is_station(kind)), None
            )
            model = inner or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _is_station(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
