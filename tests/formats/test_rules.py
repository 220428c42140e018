"""Readers that are not on PyPI: their rules hold for every export, and refuse what once broke them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.formats.cases import CLIPS, folder_files, trimmed
from tests.formats.readers import Files
from tests.formats.rules import RULES

Broken = Callable[[dict[str, bytes]], dict[str, bytes]]


def files_of(format_: str, split: str = "test") -> dict[str, bytes]:
    if format_ in ("mots", "coco-amodal"):
        pytest.importorskip("pycocotools", reason="the extra `judges` brings it")
    return dict(folder_files(format_, list(CLIPS), split))


@pytest.mark.parametrize("split", ["train", "val", "test"])
@pytest.mark.parametrize("format_", RULES)
def test_every_export_keeps_the_rules_of_its_readers(format_: str, split: str) -> None:
    RULES[format_](files_of(format_, split), split)


def renamed(old: str, new: str) -> Broken:
    return lambda files: {path.replace(old, new): data for path, data in files.items()}


def edited(path: str, edit: Callable[[Any], Any]) -> Broken:
    """The files with another value in one JSON."""

    def broken(files: dict[str, bytes]) -> dict[str, bytes]:
        content = json.loads(files[path])
        edit(content)
        return {**files, path: json.dumps(content).encode()}

    return broken


def late_digits_in_the_semi_supervised_masks(files: dict[str, bytes]) -> dict[str, bytes]:
    late = {path: data for path, data in files.items() if path.startswith("Annotations_unsupervised/")}
    return {**files, **{path.replace("_unsupervised", ""): data for path, data in late.items()}}


def background_last(content: Any) -> None:
    for video in content["annotations"]:
        for frame in video["annotations"]:
            frame["segments_info"].reverse()


def png_frames(content: Any) -> None:
    for image in content["images"]:
        image["file_name"] = image["file_name"].replace(".jpg", ".png")


def compressed_runs(content: Any) -> None:
    for track in content["annotations"]:
        for rle in track["segmentations"]:
            if rle:
                rle["counts"] = "0"


def from_zero(content: Any) -> None:
    for video in content["videos"]:
        video["id"] -= 1
    for track in content["annotations"]:
        track["video_id"] -= 1


def another_area(content: Any) -> None:
    content["annotations"][0]["segments_info"][0]["area"] += 1


def own_names(content: Any) -> None:
    for annotation in content["annotations"]:
        annotation["visible"] = annotation.pop("visible_mask")


def zero_is_no_class(content: Any) -> None:
    content["reduce_zero_label"] = True


def frames_from_zero(files: dict[str, bytes]) -> dict[str, bytes]:
    def earlier(data: bytes) -> bytes:
        rows = [line.split(" ", 1) for line in data.decode().splitlines()]
        return "".join(f"{int(frame) - 1} {rest}\n" for frame, rest in rows).encode()

    return {path: earlier(data) if path.endswith("gt.txt") else data for path, data in files.items()}


BROKEN: dict[str, tuple[str, Broken]] = {
    "davis knows no subset test": ("davis", renamed("test-dev.txt", "test.txt")),
    "davis stops at a digit that comes late": ("davis", late_digits_in_the_semi_supervised_masks),
    "davis wants jpg frames": ("davis", renamed(".jpg", ".jpeg")),
    "TrackEval wants run lengths as lists": ("youtube-vis", edited("test/instances.json", compressed_runs)),
    "the YouTube-VIS API drops id 0": ("youtube-vis", edited("test/instances.json", from_zero)),
    "Mask2Former looks below JPEGImages": ("youtube-vis", renamed("JPEGImages", "frames")),
    "detectron2 asserts jpg": ("coco-panoptic", edited("annotations/panoptic_test.json", png_frames)),
    "datumaro looks below images": ("coco-panoptic", renamed("images/test", "test")),
    "panopticapi compares areas": ("coco-panoptic", edited("annotations/panoptic_test.json", another_area)),
    "VIPSeg's loaders look for jpg": ("vipseg", renamed(".jpg", ".png.of_frame")),
    "STQ does not score the first segment": (
        "vipseg",
        edited("panoptic_gt_VIPSeg_test.json", background_last),
    ),
    "MOTS frames count from 1": ("mots", frames_from_zero),
    "COCO amodal calls it visible_mask": (
        "coco-amodal",
        edited("annotations/instances_test_amodal.json", own_names),
    ),
    "datumaro looks below images, amodal": ("coco-amodal", renamed("images/test", "test")),
    "the first digit is class 0": ("mmseg", edited("test_metainfo.json", zero_is_no_class)),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_broke_a_reader_breaks_a_rule(what: str) -> None:
    format_, broken = BROKEN[what]
    with pytest.raises((AssertionError, KeyError)):
        RULES[format_](broken(files_of(format_)), "test")


def test_davis_lists_each_clip_once_and_scores_those_with_a_digit_in_the_first_frame() -> None:
    files: Files = files_of("davis")
    listed = files["ImageSets/2017/test-dev.txt"].decode().split()
    others = files["ImageSets/2017/test-dev_no_digit_in_first_frame.txt"].decode().split()
    assert len(listed) == sum(bool(trimmed(name)["instance"][0].any()) for name in CLIPS)
    assert len({*listed, *others}) == len(listed) + len(others) == len(CLIPS)
