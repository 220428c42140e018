"""Croissant: a machine-readable description of a data set of Parquet files.

Source: the MLCommons Croissant format, version 1.0.
"""

from __future__ import annotations

from typing import Any

from segmnist.formats.card import ABOUT, LICENCE_URL, json_bytes
from segmnist.formats.layout import ArrayLayout, Layout

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


def croissant(layout: Layout, columns: dict[str, tuple[str, ArrayLayout]]) -> bytes:
    """Return the JSON-LD of the Parquet files under data/: how each column is stored and what it means."""
    split = layout.recipe["split"]
    content = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": f"moving-digits-{split}",
        "description": ABOUT.splitlines()[0],
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "license": LICENCE_URL,
        "url": "https://pypi.org/project/segmnist/",
        "version": "1.0.0",
        "distribution": [
            {
                "@type": "cr:FileSet",
                "@id": "parquet",
                "encodingFormat": "application/x-parquet",
                "includes": f"data/{split}-*.parquet",
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "clips",
                "field": [_field(name, array) for name, (kind, array) in columns.items() if kind == "table"],
            }
        ],
    }
    return json_bytes(content)


def _field(name: str, array: ArrayLayout) -> dict[str, Any]:
    import numpy as np

    return {
        "@type": "cr:Field",
        "@id": f"clips/{name}",
        "name": name,
        "description": array.about,
        "dataType": NUMBERS[np.dtype(array.dtype).kind],
        "repeated": bool(array.shape),
        "source": {"fileSet": {"@id": "parquet"}, "extract": {"column": name}},
    }
