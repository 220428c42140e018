"""Formats of pictures have frames in colour where `rgb` is asked for, and grey ones, byte for byte, where it is not."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segmnist import ClipSource, preset
from segmnist.dataset import recipe_for
from segmnist.dataset.export import export
from segmnist.formats import FOLDER

SPEC = preset("colour", height=40, width=52, num_frames=3, num_digits_range=(1, 2))
FRAMES = {
    "davis": "PNGImages/480p/*/*.png",
    "youtube-vis": "*/JPEGImages/*/*.png",
    "coco-panoptic": "images/*/*.jpg",
    "vipseg": "imgs/*/*.jpg",
    "mots": "*/*/img1/*.png",
    "coco-amodal": "images/*/*/*.png",
    "mmseg": "img_dir/*/*.png",
    "ffv1": "video/*.mkv",
}


def frames_in(format_: str, place: Path) -> np.ndarray:
    paths = sorted(place.glob(FRAMES[format_]))
    assert paths, sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())
    if format_ == "ffv1":
        av = pytest.importorskip("av")
        with av.open(io.BytesIO(paths[0].read_bytes())) as container:
            return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    return np.stack([np.asarray(Image.open(path)) for path in paths])


@pytest.mark.parametrize("format_", FOLDER)
def test_frames_are_in_colour_where_rgb_is_asked_for(format_: str, tmp_path: Path) -> None:
    if format_ == "ffv1":
        pytest.importorskip("av")
    recipe = recipe_for(SPEC, num_clips=1, truth=("semantic", "rgb"))
    export(recipe, tmp_path, format_, num_workers=1)
    rgb = ClipSource(SPEC, truth="rgb")[0].rgb
    found = frames_in(format_, tmp_path)
    assert found.shape == rgb.shape
    if format_ in ("coco-panoptic", "vipseg"):  # JPEG, of the best quality
        assert np.abs(found.astype(int) - rgb).max() <= 6
    else:
        np.testing.assert_array_equal(found, rgb)


def test_the_recipe_of_a_grey_export_is_as_it_was() -> None:
    for name in FOLDER:
        truths = recipe_for(SPEC, num_clips=1, truth=("semantic", "areas"), format=name).truths
        assert "rgb" not in truths
        assert recipe_for(SPEC, num_clips=1, truth="rgb", format=name).truths == (*truths, "rgb")
