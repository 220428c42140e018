"""What readers that are not on PyPI ask of the files of each format, and how they score: their facts, in code of ours.

A rule that is broken raises AssertionError. docs/formats.md names the readers whose rules these are.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from PIL import Image
from tests.formats.readers import Files, folder, from_run_lengths, picture

from segmnist.formats.rle import box_xywh
from segmnist.palette import CLASS_COLOURS, CLASS_NAMES, INSTANCE_COLOURS

VOID = 0
"""The segment id that panopticapi keeps for pixels without a segment."""


def names_below(files: Files, folder_: str) -> list[str]:
    return sorted(path.rpartition("/")[2] for path in files if path.rpartition("/")[0] == folder_)


def palette_of(data: bytes) -> list[int]:
    image = Image.open(io.BytesIO(data))
    assert image.mode == "P"
    return list(image.getpalette() or [])


def davis(files: Files, split: str) -> None:
    """davis2017-evaluation.

    It knows the subsets train, val and test-dev; unsupervised test-dev is that of 2019. The objects of a sequence are 1
    to the greatest id of its first frame, 20 at most, and in the semi-supervised task no frame may have a greater one.
    """
    subset = {"train": "train", "val": "val", "test": "test-dev"}[split]
    listed = files[f"ImageSets/2017/{subset}.txt"].decode().split()
    if subset == "test-dev":
        assert files["ImageSets/2019/test-dev.txt"].decode().split() == listed
    for name in listed:
        frames = names_below(files, f"JPEGImages/480p/{name}")
        assert frames == [f"{t:05d}.jpg" for t in range(len(frames))]
        for masks in ("Annotations", "Annotations_unsupervised"):
            assert names_below(files, f"{masks}/480p/{name}") == [frame[:-4] + ".png" for frame in frames]
            ids = folder(files, f"{masks}/480p/{name}/")
            number = int(ids[0].max())
            assert np.unique(ids[0][ids[0] > 0]).tolist() == list(range(1, number + 1))
            assert 1 <= number <= 20
            if masks == "Annotations":
                assert ids.max() == number
            palette = palette_of(files[f"{masks}/480p/{name}/00000.png"])
            assert palette[3:6] == INSTANCE_COLOURS[1].tolist()


def davis_j(truth: np.ndarray, guess: np.ndarray) -> list[float]:
    """The J of each object in the semi-supervised task: mean IoU without the first and the last frame, empty with empty 1."""
    found = []
    for number in range(1, int(truth[0].max()) + 1):
        ious = []
        for true, guessed in zip(truth[1:-1] == number, guess[1:-1] == number):
            union = (true | guessed).sum()
            ious.append((true & guessed).sum() / union if union else 1.0)
        found.append(float(np.mean(ious)) if ious else float("nan"))
    return found


def youtube_vis(files: Files, split: str) -> None:
    """The YouTube-VIS API, TrackEval, and the loaders of Mask2Former.

    Ids begin at 1, since 0 is dropped. Each track has an entry a frame, None where the object is not seen. TrackEval takes
    run lengths as lists alone. Frames are looked for below JPEGImages, by the names of the JSON.
    """
    content = json.loads(files[f"{split}/instances.json"])
    assert [category["id"] for category in content["categories"]] == list(range(1, 11))
    videos = {video["id"]: video for video in content["videos"]}
    assert sorted(videos) == list(range(1, len(content["videos"]) + 1))
    tracks = [track["id"] for track in content["annotations"]]
    assert len(set(tracks)) == len(tracks)
    assert min(tracks, default=1) >= 1
    for video in videos.values():
        assert len(video["file_names"]) == video["length"]
        assert all(f"{split}/JPEGImages/{name}" in files for name in video["file_names"])
    for track in content["annotations"]:
        video = videos[track["video_id"]]
        assert track["category_id"] in range(1, 11)
        assert track["iscrowd"] == 0
        assert any(track["areas"])
        for name in ("segmentations", "bboxes", "areas"):
            assert len(track[name]) == video["length"]
        for rle, box, area in zip(track["segmentations"], track["bboxes"], track["areas"]):
            assert (rle is None) == (box is None) == (area is None)
            if rle:
                assert isinstance(rle["counts"], list)
                assert rle["size"] == [video["height"], video["width"]]
                mask = from_run_lengths(rle)
                assert (mask.sum(), box_xywh(mask)) == (area, box)


Segments = list[tuple[int, int]]
"""Id and category of each segment of a frame, in the order of the JSON."""


def panoptic_frame(data: bytes, annotation: Any) -> tuple[np.ndarray, Segments]:
    """panopticapi: the segments of the PNG and of the JSON are the same ones, with the same areas, and none is void."""
    ids = picture(data).astype(np.int64) @ (1, 256, 65536)
    found, areas = np.unique(ids, return_counts=True)
    listed = {segment["id"]: segment["area"] for segment in annotation["segments_info"]}
    assert listed == dict(zip(found.tolist(), areas.tolist()))
    assert len(listed) == len(annotation["segments_info"])
    assert VOID not in listed
    for segment in annotation["segments_info"]:
        assert segment["category_id"] in range(1, 12)
        assert segment["iscrowd"] == 0
        assert segment["bbox"] == box_xywh(ids == segment["id"])
    return ids, [(segment["id"], segment["category_id"]) for segment in annotation["segments_info"]]


def panoptic_categories(content: Any) -> None:
    kinds = [(category["id"], category["isthing"]) for category in content["categories"]]
    assert kinds == [*((number, 1) for number in range(1, 11)), (11, 0)]


def coco_panoptic(files: Files, split: str) -> None:
    """panopticapi, detectron2 and datumaro.

    detectron2 asserts that the frame of a PNG of segments is the `.jpg` of the same name. datumaro looks for frames below
    `images/`.
    """
    content = json.loads(files[f"annotations/panoptic_{split}.json"])
    panoptic_categories(content)
    images, annotations = content["images"], content["annotations"]
    assert [image["id"] for image in images] == [annotation["image_id"] for annotation in annotations]
    for image, annotation in zip(images, annotations):
        panoptic_frame(files[f"annotations/panoptic_{split}/{annotation['file_name']}"], annotation)
        assert image["file_name"] == annotation["file_name"].replace(".png", ".jpg")
        frame = Image.open(io.BytesIO(files[f"images/{split}/{image['file_name']}"]))
        assert (frame.format, frame.size) == ("JPEG", (image["width"], image["height"]))


def panoptic_quality(
    truth: list[tuple[np.ndarray, Segments]], guess: list[tuple[np.ndarray, Segments]]
) -> dict[int, tuple[float, int, int, int]]:
    """IoU, hits, false alarms and misses by category, of windows whose segments match at IoU > 1/2 (panopticapi)."""
    sums: dict[int, list[float]] = {}
    for (true_ids, true), (ids, guessed) in zip(truth, guess, strict=True):
        left, right = dict(true), dict(guessed)
        for number, category in true:
            for other, called in guessed:
                common = ((true_ids == number) & (ids == other)).sum()
                union = ((true_ids == number) | (ids == other)).sum()
                if category == called and union and common / union > 0.5:
                    row = sums.setdefault(category, [0.0, 0, 0, 0])
                    row[0] += common / union
                    row[1] += 1
                    del left[number], right[other]
        for place, rest in ((2, right), (3, left)):
            for category in rest.values():
                sums.setdefault(category, [0.0, 0, 0, 0])[place] += 1
    return {category: (row[0], int(row[1]), int(row[2]), int(row[3])) for category, row in sums.items()}


def mean_quality(sums: dict[int, tuple[float, int, int, int]]) -> float:
    """PQ of the categories that occur."""
    return float(np.mean([iou / (tp + fp / 2 + fn / 2) for iou, tp, fp, fn in sums.values()]))


Video = list[tuple[np.ndarray, Segments]]


def vipseg(files: Files, split: str) -> None:
    """VIPSeg's loaders and its two scripts.

    Frames are looked for as imgs/<video>/*.jpg, in as many as the JSON has. An id stands for one category in a video. The
    STQ script numbers segments in the order of the JSON and scores no thing with number 0: stuff has to come first.
    """
    panoptic_categories(json.loads(files[f"panoptic_gt_VIPSeg_{split}.json"]))
    names = files[f"{split}.txt"].decode().split()
    for name, video in vipseg_videos(files, split):
        assert name in names
        frames = [path for path in files if path.startswith(f"imgs/{name}/") and path.endswith(".jpg")]
        assert len(frames) == len(video)
        categories: dict[int, int] = {}
        for _, segments in video:
            for number, category in segments:
                assert categories.setdefault(number, category) == category
        first = segments_in_order(video)[0]
        assert categories[first] == 11 or len(categories) == 1


def vipseg_videos(files: Files, split: str) -> Iterator[tuple[str, Video]]:
    """The frames of each video: ids and segments."""
    content = json.loads(files[f"panoptic_gt_VIPSeg_{split}.json"])
    for video, annotation in zip(content["videos"], content["annotations"], strict=True):
        name = video["video_id"]
        assert name == annotation["video_id"]
        frames = annotation["annotations"]
        assert [image["id"] for image in video["images"]] == [frame["image_id"] for frame in frames]
        yield name, [panoptic_frame(files[f"panomasksRGB/{name}/{f['file_name']}"], f) for f in frames]


def segments_in_order(video: Video) -> list[int]:
    """The segments of a video in the order in which the STQ script meets and numbers them."""
    return list(dict.fromkeys(number for _, segments in video for number, _ in segments))


def windows(video: Video, num_frames: int) -> Video:
    """The windows of a video, each with its frames side by side: VPQ is PQ of these."""
    found = []
    for start in range(len(video) - num_frames + 1):
        part = video[start : start + num_frames]
        segments = dict(segment for _, frame in part for segment in frame)
        found.append((np.concatenate([ids for ids, _ in part]), list(segments.items())))
    return found


def association(truth: Video, guess: Video) -> list[float]:
    """The association quality of each thing that the STQ script scores: those with another number than 0."""
    crowd = segments_in_order(truth)[0]
    true_ids, ids = (np.stack([frame for frame, _ in video]) for video in (truth, guess))
    things = {number: category for _, frame in truth for number, category in frame if category != 11}
    tubes = {number for _, frame in guess for number, category in frame if category != 11}
    found = []
    for number in things:
        if number == crowd:
            continue
        mine = true_ids == number
        sums = 0.0
        for tube in tubes:
            theirs = ids == tube
            common = (mine & theirs).sum()
            sums += common * common / (mine | theirs).sum()
        found.append(float(sums / mine.sum()))
    return found


def mots(files: Files, split: str) -> None:
    """MOTSChallenge: frames count from 1, ids are 1000 * class + number, class 2 is scored, masks share no pixel."""
    from pycocotools import mask

    head, *names = files[f"seqmaps/MOTS-{split}.txt"].decode().split()
    assert head == "name"
    for name in names:
        taken: dict[int, np.ndarray] = {}
        length = len(names_below(files, f"MOTS-{split}/{name}/img1"))
        for line in files[f"MOTS-{split}/{name}/gt/gt.txt"].decode().splitlines():
            frame, track, kind, height, width, counts = line.split(" ")
            assert 1 <= int(frame) <= length
            assert int(kind) == 2 == int(track) // 1000
            drawn = mask.decode({"size": [int(height), int(width)], "counts": counts}) > 0
            assert not (taken.get(int(frame), False) & drawn).any()
            taken[int(frame)] = taken.get(int(frame), False) | drawn


def coco_amodal(files: Files, split: str) -> None:
    """COCO's instances, datumaro's `images/`, and the names of COCO amodal: visible_mask and occlude_rate."""
    from pycocotools import mask

    for kind in ("modal", "amodal"):
        content = json.loads(files[f"annotations/instances_{split}_{kind}.json"])
        images = {image["id"] for image in content["images"]}
        assert all(f"images/{split}/{image['file_name']}" in files for image in content["images"])
        numbers = [annotation["id"] for annotation in content["annotations"]]
        assert len(set(numbers)) == len(numbers)
        assert min([*numbers, *images]) >= 1
        for annotation in content["annotations"]:
            assert annotation["image_id"] in images
            assert annotation["category_id"] in range(1, 11)
            drawn = mask.decode(annotation["segmentation"]) > 0
            assert (annotation["area"], annotation["bbox"]) == (drawn.sum(), box_xywh(drawn))
            if kind == "amodal":
                visible = mask.decode(annotation["visible_mask"]) > 0
                assert not (visible & ~drawn).any()
                assert abs(annotation["occlude_rate"] - (1 - visible.sum() / drawn.sum())) < 1e-5


def mmseg(files: Files, split: str) -> None:
    """BaseSegDataset of MMSegmentation: a mask beside each frame, classes as palette ids, the background a class."""
    info = json.loads(files[f"{split}_metainfo.json"])
    assert info["METAINFO"]["classes"] == list(CLASS_NAMES)
    assert info["METAINFO"]["palette"] == CLASS_COLOURS[:11].tolist()
    assert info["reduce_zero_label"] is False
    frames = [n for n in names_below(files, f"img_dir/{split}") if n.endswith(info["img_suffix"])]
    masks = [n for n in names_below(files, f"ann_dir/{split}") if n.endswith(info["seg_map_suffix"])]
    assert frames
    assert [n.removesuffix(info["img_suffix"]) for n in frames] == [
        n.removesuffix(info["seg_map_suffix"]) for n in masks
    ]
    for name in masks:
        data = files[f"ann_dir/{split}/{name}"]
        assert palette_of(data)[:33] == CLASS_COLOURS[:11].ravel().tolist()
        assert picture(data).max() <= 10


RULES: dict[str, Callable[[Files, str], None]] = {
    "davis": davis,
    "youtube-vis": youtube_vis,
    "coco-panoptic": coco_panoptic,
    "vipseg": vipseg,
    "mots": mots,
    "coco-amodal": coco_amodal,
    "mmseg": mmseg,
}
