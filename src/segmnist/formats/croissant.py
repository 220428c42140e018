"""Croissant: what a data set of Parquet files is, for machines. Source: the MLCommons Croissant format,
version 1.0."""

from __future__ import annotations

from typing import Any

from segmnist.formats import ArrayLayout, Layout
from segmnist.formats.card import ABOUT, LICENCE_URL, json_bytes

CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "includes": "cr:includes",
    "recordSet": "cr:recordSet",
    "repeated": "cr:repeated",
    "sc": "https://schema.org/",
    "source": "cr:source",
}
NUMBERS = {"b": "sc:Boolean", "i": "sc:Integer", "u": "sc:Integer", "f": "sc:Float"}


def croissant(layout: Layout, columns: dict[str, tuple[str, ArrayLayout]]) -> bytes:
    """Return the JSON-LD of the Parquet files under data/: each column with how it is stored and what it
    means."""
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
                "field": [_field(name, *column) for name, column in columns.items() if column[0] == "table"],
            }
        ],
    }
    return json_bytes(content)


def _field(name: str, kind: str, array: ArrayLayout) -> dict[str, Any]:
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
