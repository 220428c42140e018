"""What readers of each folder format do with its files: how a test gets the clips back."""

from __future__ import annotations

import configparser
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from PIL import Image

Files = Mapping[str, bytes]
Clip = dict[str, Any]
Found = dict[str, Clip]
"""Clips by the name of their sequence; None stands for what the format does not hold."""


def picture(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def folder(files: Files, pattern: str) -> np.ndarray:
    """The frames below a folder, in order."""
    return np.stack([picture(files[path]) for path in sorted(files) if path.startswith(pattern)])


def close(lossy: np.ndarray, video: Any) -> bool:
    """JPEG frames: no grey level is off by more than 2."""
    return bool(np.abs(lossy.astype(int) - np.asarray(video)).max(initial=0) <= 2)


def davis(files: Files, split: str) -> Found:
    found = {}
    subset = {"train": "train", "val": "val", "test": "test-dev"}[split]
    listed = files[f"ImageSets/2017/{subset}.txt"].decode().split()
    unlisted = files[f"ImageSets/2017/{subset}_no_digit_in_first_frame.txt"].decode().split()
    sequences = json.loads(files[f"{split}_objects.json"])["sequences"]
    assert sorted(listed + unlisted) == sorted(sequence["name"] for sequence in sequences)
    for name, digits in (sequence.values() for sequence in sequences):
        ids = folder(files, f"Annotations_unsupervised/480p/{name}/")
        tracked = folder(files, f"Annotations/480p/{name}/")
        assert np.array_equal(tracked, np.where(np.isin(ids, ids[0]), ids, 0))
        assert (name in listed) == bool(ids[0].any())
        back = np.zeros(256, np.uint8)
        for digit in digits:
            back[digit["object"]] = digit["instance"]
        labels = {digit["instance"]: digit["class"] for digit in digits}
        video = folder(files, f"PNGImages/480p/{name}/")
        assert close(folder(files, f"JPEGImages/480p/{name}/"), video)
        found[name] = {"video": video, "instance": back[ids], "labels": labels}
    return found


def youtube_vis(files: Files, split: str) -> Found:
    content = json.loads(files[f"{split}/instances.json"])
    found = {}
    for video in content["videos"]:
        frames = [picture(files[f"{split}/JPEGImages/{name}"]) for name in video["file_names"]]
        instance, labels = np.zeros(np.shape(frames), np.uint8), {}
        for track in content["annotations"]:
            if track["video_id"] == video["id"]:
                labels[track["instance_id"]] = track["category_id"] - 1
                for t, rle in enumerate(track["segmentations"]):
                    if rle:
                        instance[t][from_run_lengths(rle)] = track["instance_id"]
        found[video["file_names"][0].split("/")[0]] = {
            "video": np.stack(frames), "instance": instance, "labels": labels,
        }  # fmt: skip
    return found


def from_run_lengths(rle: Any) -> np.ndarray:
    """The mask of COCO's run lengths, of 0 and 1 in turn, column by column."""
    height, width = rle["size"]
    values = np.arange(len(rle["counts"])) % 2 == 1
    return np.repeat(values, rle["counts"]).reshape(width, height).T


def panoptic_frame(data: bytes, segments: list[Any]) -> tuple[np.ndarray, dict[int, int]]:
    rgb = picture(data).astype(np.uint32)
    ids = rgb[..., 0] + 256 * rgb[..., 1] + 65536 * rgb[..., 2]
    labels = {segment["id"]: segment["category_id"] - 1 for segment in segments}
    assert labels.pop(255, 10) == 10
    return np.where(ids == 255, 0, ids).astype(np.uint8), labels


def coco_panoptic(files: Files, split: str) -> Found:
    content = json.loads(files[f"annotations/panoptic_{split}.json"])
    found: Found = {}
    for image, annotation in zip(content["images"], content["annotations"]):
        assert image["id"] == annotation["image_id"]
        data = files[f"annotations/panoptic_{split}/{annotation['file_name']}"]
        ids, labels = panoptic_frame(data, annotation["segments_info"])
        clip = found.setdefault(image["file_name"][:-10], {"lossy": [], "instance": [], "labels": {}})
        clip["lossy"].append(picture(files[f"images/{split}/{image['file_name']}"]))
        clip["instance"].append(ids)
        clip["labels"].update(labels)
    return found


def vipseg(files: Files, split: str) -> Found:
    content = json.loads(files[f"panoptic_gt_VIPSeg_{split}.json"])
    assert files[f"{split}.txt"].decode().split() == [video["video_id"] for video in content["videos"]]
    found = {}
    for video, annotation in zip(content["videos"], content["annotations"]):
        name = video["video_id"]
        assert name == annotation["video_id"]
        frames = [
            panoptic_frame(files[f"panomasksRGB/{name}/{frame['file_name']}"], frame["segments_info"])
            for frame in annotation["annotations"]
        ]
        labels = {id_: label for _, labels in frames for id_, label in labels.items()}
        stems = [image["file_name"].removesuffix(".png") for image in video["images"]]
        lossy = [picture(files[f"imgs/{name}/{stem}.jpg"]) for stem in stems]
        found[name] = {"lossy": lossy, "instance": [ids for ids, _ in frames], "labels": labels}
    return found


def mots(files: Files, split: str) -> Found:
    from pycocotools import mask

    root, found = f"MOTS-{split}", {}
    head, *names = files[f"seqmaps/{root}.txt"].decode().split()
    assert head == "name"
    for name in names:
        info = configparser.ConfigParser()
        info.read_string(files[f"{root}/{name}/seqinfo.ini"].decode())
        video = folder(files, f"{root}/{name}/img1/")
        instance = np.zeros(video.shape, np.uint8)
        for line in files[f"{root}/{name}/gt/gt.txt"].decode().splitlines():
            frame, track, _, height, width, counts = line.split(" ")
            rle = {"size": [int(height), int(width)], "counts": counts}
            drawn = mask.decode(rle).astype(bool)
            assert not instance[int(frame) - 1][drawn].any()
            instance[int(frame) - 1][drawn] = int(track) - 2000
        labels = {int(key) - 2000: int(value) for key, value in info["Digits"].items()}
        found[name] = {"video": video, "instance": instance, "labels": labels}
    return found


def coco_amodal(files: Files, split: str) -> Found:
    from pycocotools import mask

    content = {
        kind: json.loads(files[f"annotations/instances_{split}_{kind}.json"]) for kind in ("modal", "amodal")
    }
    images = content["modal"]["images"]
    places = {image["id"]: image["file_name"].split("/") for image in images}
    found: Found = {}
    for image in images:
        name = places[image["id"]][0]
        clip = found.setdefault(name, {"video": [], "instance": [], "amodal": {}, "labels": {}})
        clip["video"].append(picture(files[f"images/{split}/{image['file_name']}"]))
        clip["instance"].append(np.zeros((image["height"], image["width"]), np.uint8))
    for kind, values in content.items():
        for annotation in values["annotations"]:
            name, frame = places[annotation["image_id"]]
            t, digit = int(frame[:-4]), annotation["instance_id"]
            drawn = mask.decode(annotation["segmentation"]).astype(bool)
            assert annotation["area"] == drawn.sum()
            found[name]["labels"][digit] = annotation["category_id"] - 1
            if kind == "modal":
                found[name]["instance"][t][drawn] = digit
            else:
                found[name]["amodal"][digit, t] = drawn
    return found


def mmseg(files: Files, split: str) -> Found:
    names = sorted({path.split("/")[2][:-10] for path in files if path.startswith("img_dir/")})
    return {
        name: {
            "video": folder(files, f"img_dir/{split}/{name}_"),
            "semantic": folder(files, f"ann_dir/{split}/{name}_"),
        }
        for name in names
    }


def ffv1(files: Files, split: str) -> Found:
    import av

    found: Found = {}
    for path, data in files.items():
        if path.endswith(".mkv"):
            with av.open(io.BytesIO(data)) as container:
                frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
            array, name = path.removesuffix(".mkv").split("/")
            found.setdefault(name, {})[array] = np.stack(frames)
    return found


READERS: dict[str, Callable[[Files, str], Found]] = {
    "davis": davis,
    "youtube-vis": youtube_vis,
    "coco-panoptic": coco_panoptic,
    "vipseg": vipseg,
    "mots": mots,
    "coco-amodal": coco_amodal,
    "mmseg": mmseg,
    "ffv1": ffv1,
}
