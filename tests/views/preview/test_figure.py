from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from segmnist.errors import BadArgument
from segmnist.preview import (
    CLASS_COLOURS,
    Row,
    Strip,
    clip_strips,
    colourise,
    colourise_instances,
    contact_sheet,
    draw_sheet,
    frames_shown,
    sheet_layout,
)
from segmnist.views.preview.strips import clip_title, title_of


def grey(frames: Any) -> Any:
    return np.repeat(frames[..., None], 3, axis=-1)


def tile(image: Any, box: Any) -> Any:
    return np.asarray(image)[box.slices]


def enlarged(frame: Any, box: Any) -> Any:
    factor = box.height // frame.shape[0]
    assert (box.height, box.width) == (frame.shape[0] * factor, frame.shape[1] * factor)
    return frame.repeat(factor, 0).repeat(factor, 1)


def assert_shows(image: Any, layout: Any, clips: Any, num_columns: int = 10) -> None:
    """Every tile holds exactly its frame's colours, enlarged by a whole factor."""
    for clip, (video, semantic) in enumerate(zip(clips["videos"], clips["semantics"], strict=True)):
        rows = [grey(video), colourise(semantic)]
        if clips.get("instances") is not None:
            rows.append(colourise_instances(clips["instances"][clip]))
        assert len(layout.tiles[clip]) == len(rows)
        for pictures, boxes in zip(rows, layout.tiles[clip], strict=True):
            for t, box in zip(frames_shown(len(video), num_columns), boxes, strict=True):
                assert np.array_equal(tile(image, box), enlarged(pictures[t], box))


def test_tiles_are_the_frames_to_the_last_pixel(clips: Any) -> None:
    image = contact_sheet(**clips)
    layout = sheet_layout(clip_strips(**clips))
    assert image.size == layout.size[::-1]
    assert_shows(image, layout, clips)


@pytest.mark.parametrize(
    ("T", "H", "W", "num_discs"),
    [(1, 28, 28, 0), (3, 5, 7, 1), (30, 64, 64, 3), (4, 130, 40, 30), (10, 9, 256, 2)],
)
def test_any_shape_is_shown(make_discs: Any, T: int, H: int, W: int, num_discs: int) -> None:
    clip = make_discs(T, H, W, num_discs)
    arguments = {"videos": [clip.video], "semantics": [clip.semantic], "labels": [clip.labels]}
    layout = sheet_layout(clip_strips(**arguments))
    assert_shows(contact_sheet(**arguments), layout, arguments)


def test_clips_may_differ_in_shape(make_discs: Any) -> None:
    made = [make_discs(3, 20, 30), make_discs(12, 40, 10)]
    arguments = {
        name + "s": [getattr(clip, name) for clip in made] for name in ("video", "semantic", "instance")
    }
    arguments["labels"] = [clip.labels for clip in made]
    assert_shows(contact_sheet(**arguments), sheet_layout(clip_strips(**arguments)), arguments)


def test_a_batch_is_as_good_as_a_sequence(make_discs: Any) -> None:
    made = [make_discs(4, 12, 10, 2, seed) for seed in range(2)]
    videos, semantics, labels, _ = zip(*made, strict=True)
    padded = [np.append(each, np.uint8(255)) for each in labels]
    batch = contact_sheet(np.stack(videos), np.stack(semantics), np.stack(padded))
    assert batch.tobytes() == contact_sheet(videos, semantics, labels).tobytes()


def test_label_tiles_stand_exactly_under_their_frames(clips: Any) -> None:
    for rows in sheet_layout(clip_strips(**clips)).tiles:
        for column in zip(*rows, strict=True):
            assert len({(box.left, box.width) for box in column}) == 1
            assert all(a.top + a.height < b.top for a, b in pairwise(column))


def test_nothing_overlaps_and_nothing_leaves_the_page(clips: Any) -> None:
    clips = clips | {"labels": [np.arange(10, dtype=np.uint8), *clips["labels"][1:]]}
    layout = sheet_layout(clip_strips(**clips))
    covered = np.zeros(layout.size, int)
    boxes = [box for rows in layout.tiles for row in rows for box in row] + list(layout.swatches)
    for box in boxes:
        covered[box.slices] += 1
    assert covered.max() == 1
    assert covered.sum() == sum(box.width * box.height for box in boxes)


@pytest.mark.parametrize("num_clips", [1, 2])
def test_titles_never_reach_the_tiles_or_the_edge(make_discs: Any, num_clips: int) -> None:
    made = [make_discs(2, 16, 12, 254, seed) for seed in range(num_clips)]
    videos, semantics, labels, _ = zip(*made, strict=True)
    layout = sheet_layout(clip_strips(videos, semantics, labels))
    page = np.array(contact_sheet(videos, semantics, labels))
    for rows in layout.tiles:
        for box in [box for row in rows for box in row]:
            page[box.slices] = 255
    for box in layout.swatches:
        page[box.slices] = 255
    written = np.argwhere(page.min(axis=2) < 255)
    (top, left), (bottom, right) = written.min(axis=0), written.max(axis=0)
    assert 5 < top < bottom < page.shape[0] - 5
    assert 5 < left < right < page.shape[1] - 5
    assert np.array_equal(
        tile(contact_sheet(videos, semantics, labels), layout.swatches[9])[0, 0], CLASS_COLOURS[9]
    )


def test_the_legend_shows_the_ten_colours_in_order(clips: Any) -> None:
    image, layout = contact_sheet(**clips), sheet_layout(clip_strips(**clips))
    for digit, box in enumerate(layout.swatches):
        assert (tile(image, box) == CLASS_COLOURS[digit]).all()
    lefts = [box.left for box in layout.swatches]
    assert lefts == sorted(lefts)
    assert [line.text for line in layout.texts][-11:] == ["colour map of the digits", *map(str, range(10))]


def test_the_page_is_white_with_black_text(clips: Any) -> None:
    page = np.asarray(contact_sheet(**clips))
    assert (page[[0, -1]] == 255).all()
    assert (page[:, [0, -1]] == 255).all()
    above = page[: sheet_layout(clip_strips(**clips)).tiles[0][0][0].top]
    assert above.min() < 60


def test_titles_name_the_labels_in_order() -> None:
    assert clip_title(0, np.array([6, 0, 9], np.uint8)) == "Sample 1 : MNIST digits [6, 0, 9]"
    assert clip_title(2, np.array([3, 255], np.uint8)) == "Sample 3 : MNIST digits [3]"
    assert title_of(57, np.array([6, 255], np.uint8)) == "Clip 57: digits 6"
    assert clip_title(9, np.array([255], np.uint8)) == "Sample 10 : no digits"


def test_titles_of_ones_own(clips: Any) -> None:
    layout = sheet_layout(clip_strips(**clips, titles=["one", "two", "three"]))
    assert [line.text for line in layout.texts][:3] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("height", "width", "shown"),
    [(64, 64, 128), (28, 28, 112), (256, 256, 256), (48, 20, 96), (100, 100, 100)],
)
def test_frames_are_enlarged_by_a_whole_factor_to_about_a_hundred_pixels(
    height: int, width: int, shown: int
) -> None:
    still = np.full((1, height, width), 10, np.uint8)
    layout = sheet_layout(clip_strips([still], [still], [np.array([], np.uint8)]))
    assert layout.tiles[0][0][0].height == shown


def test_scale_and_columns_are_as_asked(clips: Any) -> None:
    layout = sheet_layout(clip_strips(**clips), num_columns=4, scale=3)
    assert [len(rows[0]) for rows in layout.tiles] == [4, 3, 4]
    assert {box.height for box in layout.tiles[0][1]} == {72}
    assert_shows(contact_sheet(**clips, num_columns=4, scale=3), layout, clips, 4)


@pytest.mark.parametrize("num_frames", [1, 2, 3, 9, 10, 11, 30, 1000])
@pytest.mark.parametrize("num_columns", [1, 2, 7, 10])
def test_frames_are_spread_from_the_first_to_the_last(num_frames: int, num_columns: int) -> None:
    shown = frames_shown(num_frames, num_columns)
    assert len(set(shown)) == len(shown) == min(num_frames, num_columns)
    assert shown[0] == 0
    if len(shown) > 1:
        assert shown[-1] == num_frames - 1
        assert max(np.diff(shown)) - min(np.diff(shown)) <= 1


def test_rows_of_ones_own_are_drawn_below(make_discs: Any) -> None:
    clip = make_discs(5, 16, 12)
    random = np.random.default_rng(5)
    heat = Row(
        random.integers(0, 256, (5, 16, 12), dtype=np.uint8),
        random.integers(0, 256, (256, 3), dtype=np.uint8),
    )
    strip = clip_strips([clip.video], [clip.semantic], [clip.labels])[0]
    strip = Strip("with a posterior", (*strip.rows, heat))
    layout = sheet_layout([strip])
    image = draw_sheet([strip], layout)
    for t, box in enumerate(layout.tiles[0][2]):
        assert np.array_equal(tile(image, box), enlarged(heat.colours[heat.pixels[t]], box))


def test_rows_of_different_shapes_are_refused(make_discs: Any) -> None:
    table = np.zeros((256, 3), np.uint8)
    rows = (Row(make_discs(2, 8, 8).video, table), Row(make_discs(2, 8, 9).video, table))
    with pytest.raises(BadArgument, match="one shape"):
        Strip("two", rows)
    with pytest.raises(BadArgument, match="one row"):
        Strip("none", ())
    with pytest.raises(BadArgument, match="colours"):
        Row(make_discs(2, 8, 8).video, table[:10])


def test_a_hundred_clips_are_drawn_and_the_next_is_refused() -> None:
    still = np.full((1, 8, 8), 10, np.uint8)
    image = contact_sheet([still] * 100, [still] * 100, [np.array([4], np.uint8)] * 100, scale=1)
    assert image.height > 100 * 16
    with pytest.raises(BadArgument, match=r"101 clips.*1\.\.100"):
        contact_sheet([still] * 101, [still] * 101, [np.array([4], np.uint8)] * 101)


def wrong_arguments() -> Any:
    video, semantic = np.zeros((3, 8, 6), np.uint8), np.full((3, 8, 6), 10, np.uint8)
    right: dict[str, Any] = {"videos": [video], "semantics": [semantic], "labels": [np.array([1], np.uint8)]}
    return [
        ({**right, **wrong}, match)  # type: ignore[dict-item]
        for wrong, match in [
            ({"videos": [], "semantics": [], "labels": []}, "0 clips"),
            ({"semantics": []}, "semantics"),
            ({"labels": [np.array([1], np.uint8)] * 2}, "labels"),
            ({"instances": []}, "instances"),
            ({"titles": ["a", "b"]}, "titles"),
            ({"videos": [video.astype(np.float32)]}, r"videos\[0\]='float32 \(3, 8, 6\)'"),
            ({"videos": [video[0]]}, r"videos\[0\]"),
            ({"videos": [video[:0]], "semantics": [semantic[:0]]}, "at least one frame"),
            ({"videos": [video.tolist()]}, r"videos\[0\]='list'"),
            ({"semantics": [semantic.transpose(0, 2, 1)]}, r"semantics\[0\]=\(3, 6, 8\)"),
            ({"semantics": [semantic.astype(np.int64)]}, r"semantics\[0\]"),
            ({"semantics": [semantic + 1]}, r"semantics\[0\]=11"),
            ({"instances": [semantic[:2]]}, r"instances\[0\]"),
            ({"labels": [np.array([10], np.uint8)]}, r"labels\[0\]=\[10\]"),
            ({"labels": [np.array([1])]}, r"labels\[0\]='int64"),
            ({"num_columns": 0}, "num_columns=0"),
            ({"num_columns": 2.5}, "num_columns"),
            ({"scale": 0}, "scale=0"),
            ({"scale": 33}, "scale=33"),
            ({"scale": True}, "scale=True"),
        ]
    ]


@pytest.mark.parametrize(("arguments", "match"), wrong_arguments())
def test_wrong_arguments_are_named(arguments: Any, match: Any) -> None:
    with pytest.raises(BadArgument, match=match):
        contact_sheet(**arguments)
