"""Every metric, one file each. A file here with a `METRIC` is a metric: nothing else lists it."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module

from segmnist.evaluate.arithmetic import Counts, Scores
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.scored_clip import ScoredClip

POSTERIOR = "oracle_"
"""Stands before the names of what the exact posterior itself scores."""

CEILING = "ceiling_"
"""Stands before the names of the best scores that can be expected."""


def _found() -> Iterator[tuple[str, Metric]]:
    for module in pkgutil.iter_modules(__path__):
        yield module.name, import_module(f"{__name__}.{module.name}").METRIC


METRICS: dict[str, Metric] = dict(sorted(_found(), key=lambda found: (found[1].place, found[0])))
"""Every metric by the name of its file, in the order of tables."""

ROWS: dict[str, Row] = {name: row for metric in METRICS.values() for name, row in metric.rows.items()}
"""How tables show each score, in order."""

PLAIN: frozenset[str] = frozenset(
    prefix + name for metric in METRICS.values() for name in metric.plain for prefix in ("", POSTERIOR)
)
"""Names of the counts without bootstrap replicates."""


def counts_of(clip: ScoredClip, *, tracking: bool = False) -> dict[str, Counts]:
    """Return everything that scores need to know of one clip, int64 arrays by name.

    `tracking` adds the metrics that need the `tracking` extra.
    """
    asked = [
        metric
        for metric in METRICS.values()
        if (tracking or not metric.needs_tracking) and (metric.of_frames or clip.prediction.has_classes)
    ]
    counts = {name: value for metric in asked for name, value in metric.counts(clip).items()}
    exact = clip.of_posterior
    if exact is not None:
        for metric in asked:
            if metric.of_posterior:
                counts |= {POSTERIOR + name: value for name, value in metric.counts(exact).items()}
    return counts


def scores_of(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    """Return every score that these sums allow; leading axes (bootstrap replicates) pass through."""
    exact = {name.removeprefix(POSTERIOR): sums[name] for name in sums if name.startswith(POSTERIOR)}
    scores: dict[str, Scores] = {}
    for metric in METRICS.values():
        if any(name in sums for name in metric.counted):
            scores |= metric.scores(sums)
        if metric.of_posterior and any(name in exact for name in metric.counted):
            scores |= {POSTERIOR + name: score for name, score in metric.scores(exact).items()}
    return scores
