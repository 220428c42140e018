"""Croissant: a machine-readable description of a data set of Parquet files.

Source: the MLCommons Croissant format, version 1.0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from segmnist.formats.card import LICENCE_URL, TITLE, json_bytes
from segmnist.formats.layout import ArrayLayout

_OWN = (
    "citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet", "format",
    "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex",
    "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{name: f"cr:{name}" for name in _OWN},
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}
"""The JSON-LD context that the specification requires in every file."""

NUMBERS = {"b": "sc:Boolean", "i": "sc:Integer", "u": "sc:Integer", "f": "sc:Float"}
FILES = {"fileSet": {"@id": "parquet"}}


def croissant(columns: dict[str, tuple[str, ArrayLayout]]) -> bytes:
    """Return the JSON-LD of the Parquet files under data/: what each column means and how it is stored.

    Pictures are pictures and tables numbers; Croissant has no name for arrays of bytes, so .npy columns are left out. The
    split of a clip is read off the name of its file.
    """
    content = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": "moving-digits",
        "description": TITLE,
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "license": LICENCE_URL,
        "url": "https://pypi.org/project/segmnist/",
        "version": "1.0.0",
        "distribution": [
            {
                "@type": "cr:FileSet",
                "@id": "parquet",
                "encodingFormat": "application/x-parquet",
                "includes": "data/*.parquet",
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "clips",
                "field": [
                    _split_field(),
                    *(_field(name, *column) for name, column in columns.items() if column[0] != "npy"),
                ],
            }
        ],
    }
    return json_bytes(content)


def _split_field() -> dict[str, Any]:
    extract = {
        "extract": {"fileProperty": "filename"},
        "transform": {"regex": "^(train|validation|test)-.*[.]parquet$"},
    }
    return {
        "@type": "cr:Field",
        "@id": "clips/split",
        "name": "split",
        "description": "the split that the clip belongs to",
        "dataType": "sc:Text",
        "source": {**FILES, **extract},
    }


def _field(name: str, kind: str, array: ArrayLayout) -> dict[str, Any]:
    source: dict[str, Any] = {**FILES, "extract": {"column": name}}
    if kind == "pictures":
        source["transform"] = {"jsonPath": "bytes"}
    return {
        "@type": "cr:Field",
        "@id": f"clips/{name}",
        "name": name,
        "description": array.about,
        "dataType": "sc:ImageObject" if kind == "pictures" else NUMBERS[np.dtype(array.dtype).kind],
        "repeated": bool(array.shape),
        "source": source,
    }
