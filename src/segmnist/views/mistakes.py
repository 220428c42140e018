"""Wrong predictions as pictures for a page: video, truth, prediction and errors of clips, with their scores."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlencode

import numpy as np

from segmnist.classes import BACKGROUND
from segmnist.evaluate.metrics import ROWS
from segmnist.evaluate.reports.results import Score
from segmnist.evaluate.reports.table import score_text
from segmnist.palette import GREY_LEVELS, INSTANCE_COLOURS, UInt8, class_colours
from segmnist.suites.given import whole_clip
from segmnist.suites.worst import Predicted
from segmnist.views.clip_figure import STYLE, class_key, clip_figure, swatches
from segmnist.views.preview.strips import Row

EXPLORER = "http://127.0.0.1:8008"
"""Where `segmnist explore` serves its page."""

SCORES = (
    "miou_foreground",
    "foreground_accuracy",
    "pixel_accuracy",
    "information_gained",
    "nll",
    "nll_foreground",
    "frame_mse",
    "ssim",
)
"""Scores that stand with each clip, as far as it has them; clips are chosen by the first, or by SSIM without classes."""

ERRORS = ("another digit", "missed digit", "invented digit")
"""Kinds of wrong pixels, in the order of their colours, which are the first three instances'."""


def error_map(truth: UInt8, prediction: UInt8, background: int = BACKGROUND) -> UInt8:
    """Return which pixels are wrong and how, uint8 of the maps' shape.

    0 right, 1 another digit, 2 a digit missed, 3 a digit invented.
    """
    kinds = [prediction == truth, prediction == background, truth == background]
    return np.select(kinds, [0, 2, 3], default=1).astype(np.uint8)


def mistake_rows(clip: Predicted) -> tuple[tuple[str, Row], ...]:
    """Return a clip's frames and true classes, and what is predicted of both, with the errors and their names.

    Nothing is predicted of frames that the model was given.
    """
    colours, background, given = class_colours(clip.classes), clip.classes.background, clip.given
    rows = [("video", Row(clip.video, GREY_LEVELS))]
    if clip.frames is not None:
        rows.append(("predicted video", Row(whole_clip(clip.frames, given), GREY_LEVELS)))
    rows.append(("truth", Row(clip.truth, colours)))
    if clip.prediction is not None:
        errors = error_map(clip.truth[given:], clip.prediction, background)
        rows.append(("predicted", Row(whole_clip(clip.prediction, given, background), colours)))
        rows.append(("error", Row(whole_clip(errors, given), INSTANCE_COLOURS)))
    return tuple(rows)


def mistakes_html(clips: Sequence[Predicted]) -> str:
    """Return a figure of each clip with its scores, and what their colours mean, as HTML with its style."""
    if not clips:
        return ""
    key = f'{class_key(clips[0].classes)}<p class="key">Errors: {swatches(ERRORS, INSTANCE_COLOURS[1:])}</p>'
    figures = (clip_figure(_title(clip), mistake_rows(clip), _scores(clip)) for clip in clips)
    return f"<style>{STYLE}</style>{key}{''.join(figures)}"


def _title(clip: Predicted) -> str:
    return f"Clip {clip.clip_id}" + (f" (frames 0 to {clip.given - 1} are given)" if clip.given else "")


def _scores(clip: Predicted) -> str:
    shown = ((ROWS[name].title, clip.scores[name]) for name in SCORES if name in clip.scores)
    return f"<p>{'; '.join(f'{title}: {score_text(Score(value))}' for title, value in shown)}</p>"


def explorer_html(command: Sequence[str], where: Mapping[str, str], clips: Sequence[Predicted]) -> str:
    """Return links to these clips in the explorer that this command starts, as HTML; none without a command.

    where: the parameters of the address that name the clips' part, or the stored data set.
    """
    if not (command and clips):
        return ""
    addresses = [f"{EXPLORER}/clip?{urlencode({**where, 'clip': clip.clip_id})}" for clip in clips]
    links = ", ".join(
        f'<a href="{escape(address)}">clip {clip.clip_id}</a>'
        for address, clip in zip(addresses, clips, strict=True)
    )
    return f"<p>In the explorer: {links}. Start it with <code>{escape(shlex.join(command))}</code>.</p>"
