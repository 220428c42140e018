from __future__ import annotations

import importlib
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence

from segmnist.errors import BadArgument, MissingDependency
from segmnist.palette import GREY_LEVELS, INSTANCE_COLOURS
from segmnist.preview import (
    CLASS_COLOURS,
    SUFFIXES,
    animation_layout,
    clip_strips,
    colourise,
    colourise_instances,
    contact_sheet,
    save_preview,
)
from segmnist.views.preview.animation import balanced_columns
from segmnist.views.preview.encode import frame_durations, gif_palette, nearest_colours


def decoded(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.stack([np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)])


def pictures(clips: Any, clip: int, t: int) -> list[np.ndarray]:
    t = min(t, len(clips["videos"][clip]) - 1)
    shown = [GREY_LEVELS[clips["videos"][clip][t]], colourise(clips["semantics"][clip][t])]
    if "instances" in clips:
        shown.append(colourise_instances(clips["instances"][clip][t]))
    return shown


def assert_plays(pages: np.ndarray, clips: Any, grey_error: int = 0, scale: int | None = None) -> None:
    """Every page shows every clip's frame, labels exactly; a clip that has ended holds its last frame."""
    layout = animation_layout(clip_strips(**clips), scale=scale)
    assert pages.shape[:3] == (max(map(len, clips["videos"])), *layout.size)
    for t, page in enumerate(pages):
        for clip, tiles in enumerate(layout.tiles):
            boxes = [box for line in tiles for box in line]
            for row, (box, frame) in enumerate(zip(boxes, pictures(clips, clip, t), strict=True)):
                factor = box.height // frame.shape[0]
                difference = page[box.slices].astype(int) - frame.repeat(factor, 0).repeat(factor, 1)
                assert np.abs(difference).max() <= (grey_error if row == 0 else 0)


@pytest.fixture
def ignoring(clips: Any) -> Any:
    """The clips with pixels to be ignored, every class, and every grey level."""
    semantics = [semantic.copy() for semantic in clips["semantics"]]
    semantics[0][:, 0, :11] = np.arange(11)
    semantics[0][:, 1] = 255
    videos = [video.copy() for video in clips["videos"]]
    videos[0][0].flat[:256] = np.arange(256)
    return clips | {"semantics": semantics, "videos": videos}


def test_gif_plays_all_frames_with_exact_label_colours(tmp_path: Path, ignoring: Any) -> None:
    save_preview(tmp_path / "a.gif", **ignoring)
    pages = decoded(tmp_path / "a.gif")
    assert_plays(pages, ignoring, grey_error=1)
    with Image.open(tmp_path / "a.gif") as image:
        assert image.info["loop"] == 0
        assert image.info["duration"] == 100


@pytest.mark.parametrize("suffix", [".apng", ".webp"])
def test_apng_and_webp_lose_nothing(tmp_path: Path, ignoring: Any, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    save_preview(path, **ignoring, fps=20)
    assert_plays(decoded(path), ignoring)
    with Image.open(path) as image:
        assert image.info["loop"] == 0


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp"])
@pytest.mark.parametrize(("T", "H", "W"), [(1, 16, 12), (3, 10, 30), (2, 64, 64)])
def test_any_shape_plays(tmp_path: Path, make_discs: Any, suffix: str, T: int, H: int, W: int) -> None:
    clip = make_discs(T, H, W)
    arguments = {"videos": [clip.video], "semantics": [clip.semantic], "labels": [clip.labels]}
    save_preview(tmp_path / f"a{suffix}", **arguments)
    assert_plays(decoded(tmp_path / f"a{suffix}"), arguments, grey_error=int(suffix == ".gif"))


def test_gif_has_one_palette_for_all_frames(tmp_path: Path, clips: Any) -> None:
    save_preview(tmp_path / "a.gif", **clips)
    assert local_colour_tables((tmp_path / "a.gif").read_bytes()) == 0


def local_colour_tables(data: bytes) -> int:
    """Frames of a GIF with a palette of their own, by walking through its blocks."""
    position, count = 13 + 3 * 2 ** ((data[10] & 7) + 1) * (data[10] >> 7), 0
    while data[position] != 0x3B:
        if data[position] == 0x21:
            position += 2
        else:
            packed = data[position + 9]
            count += packed >> 7
            position += 11 + 3 * 2 ** ((packed & 7) + 1) * (packed >> 7)
        while data[position]:
            position += data[position] + 1
        position += 1
    return count


def test_scale_is_as_asked_in_an_animation(tmp_path: Path, clips: Any) -> None:
    save_preview(tmp_path / "a.apng", **clips, scale=2)
    assert_plays(decoded(tmp_path / "a.apng"), clips, scale=2)


def test_png_is_the_contact_sheet(tmp_path: Path, clips: Any) -> None:
    save_preview(tmp_path / "a.PNG", **clips, scale=2)
    with Image.open(tmp_path / "a.PNG") as image:
        assert np.array_equal(np.asarray(image), np.asarray(contact_sheet(**clips, scale=2)))


@pytest.mark.parametrize("suffix", [".png", ".gif", ".apng"])
def test_the_bytes_depend_on_the_arguments_alone(tmp_path: Path, clips: Any, suffix: str) -> None:
    for name in ("one", "two"):
        save_preview(tmp_path / f"{name}{suffix}", **clips)
    assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()


def test_mp4_plays_all_frames_in_nearly_the_same_colours(tmp_path: Path, clips: Any) -> None:
    av = pytest.importorskip("av")
    save_preview(str(tmp_path / "a.mp4"), **clips, fps=12.5, scale=5)
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.pix_fmt == "yuv420p"
        assert stream.average_rate == 12.5
        pages = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(stream)])
    layout = animation_layout(clip_strips(**clips), scale=5)
    assert pages.shape[:3] == (30, layout.size[0] + layout.size[0] % 2, layout.size[1] + layout.size[1] % 2)
    for digit, box in enumerate(layout.swatches):
        middle = pages[-1][box.slices][4:-4, 4:-4].reshape(-1, 3)
        assert np.abs(middle.mean(axis=0) - CLASS_COLOURS[digit]).max() < 6
    labels = pages[0][layout.tiles[0][0][1].slices].astype(int)
    assert np.abs(labels - colourise(clips["semantics"][0][0]).repeat(5, 0).repeat(5, 1)).mean() < 6


def test_mp4_without_pyav_names_the_extra_and_leaves_no_file(
    tmp_path: Path, clips: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingDependency, match="mp4 preview needs the extra 'video'"):
        save_preview(tmp_path / "a.mp4", **clips)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("broken", ["replace", "write"])
def test_an_error_leaves_the_old_file_and_no_other(
    tmp_path: Path, clips: Any, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def fail(*arguments: object) -> None:
        raise OSError("disk full")

    def write_half(self: Path, data: bytes) -> None:
        with open(self, "wb") as file:
            file.write(data[: len(data) // 2])
        fail()

    if broken == "replace":
        monkeypatch.setattr(os, "replace", fail)
    else:
        monkeypatch.setattr(Path, "write_bytes", write_half)
    with pytest.raises(OSError, match="disk full"):
        save_preview(path, **clips)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_writers_side_by_side_leave_one_whole_file(tmp_path: Path, clips: Any) -> None:
    threads = [
        threading.Thread(target=save_preview, args=(tmp_path / "a.png",), kwargs=clips) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(tmp_path.iterdir()) == [tmp_path / "a.png"]
    assert len(decoded(tmp_path / "a.png")) == 1


def test_the_file_has_the_permissions_of_any_new_file(tmp_path: Path, clips: Any) -> None:
    (tmp_path / "plain").touch()
    save_preview(tmp_path / "a.png", **clips)
    assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.gif.gz", ".gif"])
def test_an_unknown_suffix_is_named_with_those_permitted(tmp_path: Path, clips: Any, name: str) -> None:
    with pytest.raises(BadArgument) as caught:
        save_preview(tmp_path / name, **clips)
    assert all(suffix in str(caught.value) for suffix in SUFFIXES)
    assert repr(Path(name).suffix) in str(caught.value)


def test_a_target_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, clips: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadArgument, match=r"path=.*folder that exists"):
        save_preview(tmp_path / "no" / "a.png", **clips)
    (tmp_path / "a.png").mkdir()
    with pytest.raises(BadArgument, match=r"path=.*not of a folder"):
        save_preview(tmp_path / "a.png", **clips)
    # Not by chmod: the superuser may write anywhere.
    monkeypatch.setattr(os, "access", lambda *arguments: False)
    with pytest.raises(BadArgument, match=r"path=.*may write to"):
        save_preview(tmp_path / "b.png", **clips)


@pytest.mark.parametrize("fps", [0, -1, 51, float("nan"), "10", True])
def test_fps_out_of_range_is_refused(tmp_path: Path, clips: Any, fps: float) -> None:
    with pytest.raises(BadArgument, match="fps"):
        save_preview(tmp_path / "a.gif", **clips, fps=fps)


def test_a_page_too_large_for_the_format_is_refused(tmp_path: Path) -> None:
    still = np.full((1, 300, 300), 10, np.uint8)
    arguments = ([still] * 8, [still] * 8, [np.array([], np.uint8)] * 8)
    with pytest.raises(BadArgument, match=r"webp.*16383"):
        save_preview(tmp_path / "a.webp", *arguments, scale=32)


def test_wrong_arrays_are_refused_without_a_file(tmp_path: Path, clips: Any) -> None:
    with pytest.raises(BadArgument, match="semantics"):
        save_preview(tmp_path / "a.gif", clips["videos"], clips["semantics"][:1], clips["labels"])
    assert list(tmp_path.iterdir()) == []


def test_durations_add_up() -> None:
    assert sum(frame_durations(30, 30, unit=10)) == 1000
    assert sum(frame_durations(7, 10)) == 700
    assert min(frame_durations(100, 50, unit=10)) == 20


def test_the_palette_holds_class_and_instance_colours_and_every_grey_within_one() -> None:
    palette = gif_palette([CLASS_COLOURS, GREY_LEVELS, INSTANCE_COLOURS])
    assert len(palette) <= 256
    assert len(np.unique(palette, axis=0)) == len(palette)
    for table in (CLASS_COLOURS, INSTANCE_COLOURS):
        assert np.array_equal(palette[nearest_colours(table, palette)], table)
    greys = palette[nearest_colours(GREY_LEVELS, palette)].astype(int)
    assert np.abs(greys - GREY_LEVELS).max() <= 1


def test_a_table_of_many_colours_leaves_the_classes_exact() -> None:
    rainbow = np.random.default_rng(0).integers(0, 256, (256, 3), dtype=np.uint8)
    palette = gif_palette([CLASS_COLOURS, rainbow])
    assert len(palette) <= 256
    assert np.array_equal(palette[nearest_colours(CLASS_COLOURS, palette)], CLASS_COLOURS)


@pytest.mark.parametrize("num_panels", range(1, 101, 9))
def test_the_grid_has_no_empty_line(num_panels: int) -> None:
    columns = balanced_columns(num_panels, 130, 260)
    assert 1 <= columns <= num_panels
    assert columns * (-(-num_panels // columns) - 1) < num_panels
