"""Croissant: the release described as JSON-LD, with the responsible-AI terms on synthetic data.

Croissant Format Specification 1.0 and Croissant RAI 1.0 (MLCommons).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mintmark.data.schema import Column, Schema
from mintmark.release.card import SYNTHETIC

__all__ = ["croissant"]

_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "prov": "http://www.w3.org/ns/prov#",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_TYPES = {"number": "sc:Float", "integer": "sc:Integer", "boolean": "sc:Boolean", "timedelta": "sc:Float"}
_FORMATS = {"parquet": "application/x-parquet", "csv": "text/csv"}


def croissant(
    schema: Schema, subject: Mapping[str, Any], size: int, predicate: Mapping[str, Any], license_: str
) -> dict[str, Any]:
    """JSON values of ``croissant.json``.

    Parameters
    ----------
    schema : Schema
        The public one.
    subject : mapping
        ``name`` and ``digest`` of the data file.
    size : int, bytes
    predicate : mapping
        What the certificate signs.
    license_ : str
    """
    name = str(subject["name"])
    nature = str(predicate["nature"])
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": f"{nature.replace(' ', '-')}-{subject['digest']['sha256'][:12]}",
        "description": f"{predicate['title']}. {'. '.join(predicate['lines'])}.",
        "url": "https://mintmark.dev/",
        "license": license_,
        "version": "1.0.0",
        "citeAs": f"{predicate['title']}. Certified with mintmark on {predicate['issued']}.",
        "datePublished": predicate["issued"],
        "keywords": ["tabular", *(["synthetic"] if nature in SYNTHETIC else [])],
        "rai:hasSyntheticData": nature in SYNTHETIC or nature == "partially synthetic",
        "rai:dataLimitations": "These tests gave these results; not a finding of anonymity. See README.md.",
        "rai:personalSensitiveInformation": [c.name for c in schema if "sensitive" in c.roles],
        "prov:wasGeneratedBy": f"mintmark {predicate['versions']['mintmark']}",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": name,
                "name": name,
                "contentUrl": name,
                "contentSize": f"{size} B",
                "encodingFormat": _FORMATS[name.rpartition(".")[2]],
                "sha256": subject["digest"]["sha256"],
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "rows",
                "name": "rows",
                "description": f"{predicate['rows']} rows",
                "field": [_field(i, column, name) for i, column in enumerate(schema)],
            }
        ],
    }


def _field(index: int, column: Column, file: str) -> dict[str, Any]:
    told = [column.kind, *column.meanings, *([f"in {column.unit}"] if column.unit else [])]
    return {
        "@type": "cr:Field",
        "@id": f"rows/{index}",
        "name": column.name,
        "description": ", ".join(told),
        "dataType": _data_type(column),
        "source": {"fileObject": {"@id": file}, "extract": {"column": column.name}},
    }


def _data_type(column: Column) -> str:
    if column.kind == "datetime":
        return "sc:Date" if column.resolution == "day" else "sc:DateTime"
    return _TYPES.get(column.kind, "sc:Text")
