"""Pictures of wrong predictions show what was wrong."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
from PIL import Image

from segmnist.palette import CLASS_COLOURS, INSTANCE_COLOURS
from segmnist.suites.worst import Predicted
from segmnist.views.mistakes import error_map, explorer_html, mistake_rows, mistakes_html


def predicted() -> Predicted:
    """Two frames 3x5 of background, with one invented digit."""
    truth, prediction = np.full((2, 3, 5), 10, np.uint8), np.full((2, 3, 5), 10, np.uint8)
    prediction[1, 0, 0] = 4
    return Predicted(
        7, np.full((2, 3, 5), 77, np.uint8), truth, prediction, {"miou_foreground": 0.0, "nll": 0.25}
    )


def test_error_map_by_hand() -> None:
    truth, prediction = np.array([6, 6, 6, 10, 10], np.uint8), np.array([6, 9, 10, 3, 10], np.uint8)
    assert error_map(truth, prediction).tolist() == [0, 1, 2, 3, 0]


def test_rows_are_frame_truth_prediction_and_error() -> None:
    clip = predicted()
    video, truth, prediction, error = (row.colours[row.pixels] for _, row in mistake_rows(clip))
    assert (video == 77).all()
    np.testing.assert_array_equal(truth, CLASS_COLOURS[clip.truth])
    np.testing.assert_array_equal(prediction[1, 0, 0], CLASS_COLOURS[4])
    np.testing.assert_array_equal(error[1, 0, 0], INSTANCE_COLOURS[3])
    assert (error.reshape(-1, 3).any(axis=1)).sum() == 1


def test_given_frames_have_no_prediction_and_no_error() -> None:
    clip = predicted()
    frames = np.full((1, 3, 5), 33, np.uint8)
    asked = clip._replace(prediction=clip.prediction[1:], frames=frames)
    rows = {name: row.colours[row.pixels] for name, row in mistake_rows(asked)}
    assert list(rows) == ["video", "predicted video", "truth", "predicted", "error"]
    assert (rows["predicted video"][0] == 0).all()
    assert (rows["predicted video"][1] == 33).all()
    assert (rows["predicted"][0] == CLASS_COLOURS[10]).all()
    assert not rows["error"][0].any()
    np.testing.assert_array_equal(rows["error"][1, 0, 0], INSTANCE_COLOURS[3])
    assert "Clip 7 (frames 0 to 0 are given) <small>" in mistakes_html([asked])
    alone = dict(mistake_rows(asked._replace(prediction=None)))
    assert list(alone) == ["video", "predicted video", "truth"]


def test_the_picture_is_inline_and_its_colours_are_named() -> None:
    text = mistakes_html([predicted()])
    (data,) = re.findall(r"base64,([A-Za-z0-9+/=]+)", text)
    with Image.open(io.BytesIO(base64.b64decode(data))) as sheet:
        colours = {colour for _, colour in sheet.convert("RGB").getcolors(1 << 24) or ()}
    assert tuple(INSTANCE_COLOURS[3].tolist()) in colours
    assert tuple(CLASS_COLOURS[4].tolist()) in colours
    assert "invented digit" in text
    assert "mIoU, digits: 0.000; NLL: 0.250" in text
    assert "Clip 7 <small>frames 0, 1</small>" in text
    assert mistakes_html([]) == ""


def test_clips_are_links_into_the_explorer() -> None:
    text = explorer_html(
        ["segmnist", "explore", "--predictions", "a <b>.npy"], {"part": "sigma-20"}, [predicted()]
    )
    clip_id = predicted().clip_id
    assert f'href="http://127.0.0.1:8008/clip?part=sigma-20&amp;clip={clip_id}"' in text
    assert "&lt;b&gt;" in text
    assert "<b>" not in text
    assert explorer_html(["segmnist"], {"part": "all"}, []) == ""
    assert explorer_html([], {"part": "all"}, [predicted()]) == ""
