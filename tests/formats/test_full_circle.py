"""A full circle: clips go into a format, a reader of its ecosystem scores predictions on it, and arrays give the same score.

Readers that are installed do both steps themselves (TrackEval, pycocotools) or read (xarray, webdataset, `datasets`,
NumPy, h5py, PyAV); of the others `rules.py` has the facts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.formats import rules
from tests.formats.readers import Files, folder, picture

import segmnist
from segmnist.classes import BACKGROUND
from segmnist.dataset import recipe_for
from segmnist.dataset.export import export
from segmnist.evaluate.evaluation import Evaluation
from segmnist.evaluate.metrics.average_precision import Track, track_counts, vis_average_precision
from segmnist.evaluate.predictions import Prediction

WORLDS = {
    "crowded": segmnist.preset("crowded", height=44, width=58, num_frames=4),
    "passing": segmnist.preset("passing", height=58, width=44, num_frames=5, num_digits_range=(2, 3)),
    "one_frame": segmnist.preset("standard", height=40, width=52, num_frames=1),
    # Digits that come and go within the clip, and some that are in none of its frames.
    "absent": segmnist.preset(
        "come-and-go",
        height=57,
        width=64,
        num_frames=6,
        num_digits_range=(4, 6),
        entry_frame_range=(-2, 5),
        lifespan_range=(1, 4),
        fade_frames=1,
    ),
}
NUM_CLIPS = 3
SPLIT = "val"
TRUTHS = ("semantic", "instance", "amodal")

Scores = dict[str, float]


@dataclasses.dataclass(frozen=True)
class Guess:
    """A prediction of one clip: classes and ids `(T, H, W)`, amodal masks `(N, T, H, W)`, the digit of each id."""

    name: str
    semantic: np.ndarray
    instance: np.ndarray
    amodal: np.ndarray
    labels: np.ndarray


def truth_of(clip: Any) -> Guess:
    return Guess(
        f"{SPLIT}_{clip.clip_id:010d}", clip.semantic, clip.instance, clip.amodal.astype(bool), clip.labels
    )


def shifted(truth: Guess) -> Guess:
    """Everything one row down: wrong at every edge, and still above an IoU of 1/2."""

    def moved(maps: np.ndarray, fill: int) -> np.ndarray:
        out = np.full_like(maps, fill)
        out[..., 1:, :] = maps[..., :-1, :]
        return out

    return dataclasses.replace(
        truth,
        semantic=moved(truth.semantic, BACKGROUND),
        instance=moved(truth.instance, 0),
        amodal=moved(truth.amodal, 0),
    )


def empty(truth: Guess) -> Guess:
    return dataclasses.replace(
        truth,
        semantic=np.full_like(truth.semantic, BACKGROUND),
        instance=np.zeros_like(truth.instance),
        amodal=np.zeros_like(truth.amodal),
    )


GUESSES: dict[str, Callable[[Guess], Guess]] = {
    "truth": lambda truth: truth,
    "shifted": shifted,
    "empty": empty,
}


@cache
def truths_of(world: str) -> list[Guess]:
    source = segmnist.ClipSource(WORLDS[world], split=SPLIT, truth=TRUTHS, length=NUM_CLIPS)
    return [truth_of(clip) for clip in source]


@cache
def from_arrays(world: str, guess: str) -> Scores:
    """The scores of segmnist itself, which never sees a file."""
    evaluation = Evaluation(tracking=True)
    for number, truth in enumerate(truths_of(world)):
        guessed = GUESSES[guess](truth)
        arrays = {"semantic": truth.semantic, "instance": truth.instance, "labels": truth.labels}
        evaluation.add(number, arrays, Prediction(guessed.semantic, instance=guessed.instance))
    return evaluation.scores()


# How the reader of each format reads the truth, takes a prediction, and scores it.


def mean_iou(maps: list[np.ndarray], guesses: list[Guess]) -> Scores:
    """The mIoU of MMSegmentation and others: of each class that occurs, over all pixels."""
    pairs = list(zip(maps, guesses, strict=True))
    assert all(read.shape == guess.semantic.shape for read, guess in pairs)
    true, guessed = (
        np.concatenate([np.ravel(pair[0]) for pair in pairs]),
        np.concatenate([np.ravel(pair[1].semantic) for pair in pairs]),
    )
    ious = [
        ((true == c) & (guessed == c)).sum() / ((true == c) | (guessed == c)).sum()
        for c in np.union1d(true, guessed)
    ]
    return {"miou": float(np.mean(ious))}


def zarr(place: Path, guesses: list[Guess]) -> Scores:
    xarray = pytest.importorskip("xarray")
    data = xarray.open_zarr(place / f"{SPLIT}.zarr", chunks=None)
    return mean_iou(list(data.semantic.values), guesses)


def webdataset(place: Path, guesses: list[Guess]) -> Scores:
    reader = pytest.importorskip("webdataset")
    urls = sorted(str(path) for path in place.rglob(f"{SPLIT}-*.tar"))
    rows = reader.WebDataset(urls, shardshuffle=False).decode()
    return mean_iou([row["semantic.npy"] for row in rows], guesses)


def huggingface(place: Path, guesses: list[Guess]) -> Scores:
    datasets = pytest.importorskip("datasets")
    cache_dir = str(place / "cache")
    rows = datasets.load_dataset(str(place / "huggingface"), split="validation", cache_dir=cache_dir)
    return mean_iou([np.stack([np.asarray(frame) for frame in row["semantic"]]) for row in rows], guesses)


def npz(place: Path, guesses: list[Guess]) -> Scores:
    shards = [np.load(path) for path in sorted(place.rglob(f"{SPLIT}-*.npz"))]
    return mean_iou([clip for shard in shards for clip in shard["semantic"]], guesses)


def origin_npy(place: Path, guesses: list[Guess]) -> Scores:
    return of_2020(np.load(place / f"{SPLIT}_masks.npy"), guesses)


def origin_h5(place: Path, guesses: list[Guess]) -> Scores:
    h5py = pytest.importorskip("h5py")
    with h5py.File(place / f"{SPLIT}.h5") as file:
        return of_2020(file["masks"][:], guesses)


def of_2020(masks: np.ndarray, guesses: list[Guess]) -> Scores:
    return mean_iou(list(np.where(masks == 255, BACKGROUND, masks)[:, :, 0]), guesses)


def mmseg(place: Path, guesses: list[Guess]) -> Scores:
    names = sorted(path.name for path in (place / f"img_dir/{SPLIT}").glob("*.png"))
    maps = [picture((place / f"ann_dir/{SPLIT}" / name).read_bytes()) for name in names]
    return mean_iou(list(np.stack(maps).reshape(len(guesses), -1, *maps[0].shape)), guesses)


def ffv1(place: Path, guesses: list[Guess]) -> Scores:
    av = pytest.importorskip("av")
    maps = []
    for path in sorted((place / "semantic").glob("*.mkv")):
        with av.open(str(path)) as container:
            maps.append(np.stack([frame.to_ndarray(format="gray") for frame in container.decode(video=0)]))
    return mean_iou(maps, guesses)


QUIET = {"PRINT_CONFIG": False, "PRINT_RESULTS": False, "TIME_PROGRESS": False, "OUTPUT_SUMMARY": False,
         "OUTPUT_DETAILED": False, "PLOT_CURVES": False, "USE_PARALLEL": False, "BREAK_ON_ERROR": True}  # fmt: skip


def trackeval_scores(name: str, config: dict[str, Any], metric: str, **settings: Any) -> Any:
    """What TrackEval finds for the tracker `guess`, by class."""
    trackeval = pytest.importorskip("trackeval")
    silent = {"PRINT_CONFIG": False, "TRACKERS_TO_EVAL": ["guess"]}
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(invalid="ignore"):
        data_set = getattr(trackeval.datasets, name)({**config, **silent})
        measure = getattr(trackeval.metrics, metric)
        metrics = [measure({"PRINT_CONFIG": False, **settings}) if metric != "JAndF" else measure()]
        results, _ = trackeval.Evaluator(QUIET).evaluate([data_set], metrics)
    return results[name]["guess"]["COMBINED_SEQ"]


def davis(place: Path, guesses: list[Guess]) -> Scores:
    """TrackEval scores the unsupervised task; the rules of davis2017-evaluation the semi-supervised one."""
    from PIL import Image

    folder = place / "trackers/guess/data"
    for guess in guesses:
        (folder / guess.name).mkdir(parents=True)
        for t, ids in enumerate(guess.instance):
            Image.fromarray(ids).save(folder / guess.name / f"{t:05d}.png")
    config = {
        "GT_FOLDER": str(place / "Annotations_unsupervised/480p"),
        "TRACKERS_FOLDER": str(place / "trackers"),
        "SPLIT_TO_EVAL": SPLIT,
    }
    found = trackeval_scores("DAVIS", config, "JAndF")["general"]["JAndF"]
    return {"j": found["J-Mean"], "f": found["F-Mean"]}


def mots(place: Path, guesses: list[Guess]) -> Scores:
    from segmnist.evaluate.trackeval import encoded

    folder = place / f"trackers/MOTS-{SPLIT}/guess/data"
    folder.mkdir(parents=True)
    for guess in guesses:
        H, W = guess.instance.shape[1:]
        lines = [
            f"{t} {2000 + number} 2 {H} {W} {encoded(ids == number)['counts'].decode()}\n"
            for t, ids in enumerate(guess.instance, 1)
            for number in np.unique(ids[ids > 0]).tolist()
        ]
        (folder / f"{guess.name}.txt").write_text("".join(lines))
    config = {"GT_FOLDER": str(place), "TRACKERS_FOLDER": str(place / "trackers"), "SPLIT_TO_EVAL": SPLIT}
    found = trackeval_scores("MOTSChallenge", config, "HOTA")["pedestrian"]["HOTA"]
    return {"hota": float(np.mean(found["HOTA"]))}


def youtube_vis(place: Path, guesses: list[Guess]) -> Scores:
    """Each track has a confidence of its own, so that no tie has to be broken."""
    from segmnist.evaluate.trackeval import encoded

    content = json.loads((place / SPLIT / "instances.json").read_text())
    videos = {video["file_names"][0].split("/")[0]: video["id"] for video in content["videos"]}
    tracks = []
    for guess, number, confidence in tracks_of(guesses):
        masks = [(ids == number) for ids in guess.instance]
        runs = [{**encoded(mask), "counts": encoded(mask)["counts"].decode()} for mask in masks]
        tracks.append(
            {
                "video_id": videos[guess.name],
                "category_id": int(guess.labels[number - 1]) + 1,
                "score": confidence,
                "segmentations": [rle if mask.any() else None for rle, mask in zip(runs, masks)],
            }
        )
    gt, tracker = (place / f"{side}/youtube_vis_{SPLIT}" for side in ("gt", "trackers"))
    (tracker / "guess/data").mkdir(parents=True)
    (tracker / "guess/data/results.json").write_text(json.dumps(tracks))
    gt.mkdir(parents=True, exist_ok=True)
    (gt / "truth.json").write_text(json.dumps(content))
    config = {"GT_FOLDER": f"{place}/gt/", "TRACKERS_FOLDER": f"{place}/trackers/", "SPLIT_TO_EVAL": SPLIT}
    ranges = {"USE_TIME_RANGES": False, "USE_AREA_RANGES": False}
    found = trackeval_scores("YouTubeVIS", config, "TrackMAP", **ranges)
    return {"vis_ap": float(found["cls_comb_cls_av"]["TrackMAP"]["AP_all"].mean())}


def tracks_of(guesses: list[Guess]) -> Iterator[tuple[Guess, int, float]]:
    """The digits that are seen, each with a confidence: 1023/1024, 1022/1024, ..."""
    seen = [(guess, number) for guess in guesses for number in np.unique(guess.instance[guess.instance > 0])]
    return ((guess, int(number), 1 - (place + 1) / 1024) for place, (guess, number) in enumerate(seen))


def as_video(guess: Guess) -> rules.Video:
    """A panoptic prediction as arrays: ids, and what each is."""
    frames = []
    for ids in guess.instance:
        digits = [(n, int(guess.labels[n - 1]) + 1) for n in np.unique(ids).tolist() if n]
        background = [(255, BACKGROUND + 1)] if (ids == 0).any() else []
        frames.append((np.where(ids == 0, 255, ids).astype(np.int64), background + digits))
    return frames


def files_below(place: Path) -> Files:
    return {str(p.relative_to(place)): p.read_bytes() for p in place.rglob("*") if p.is_file()}


def coco_panoptic(place: Path, guesses: list[Guess]) -> Scores:
    files = files_below(place)
    rules.coco_panoptic(files, SPLIT)
    content = json.loads(files[f"annotations/panoptic_{SPLIT}.json"])
    truth = [
        rules.panoptic_frame(files[f"annotations/panoptic_{SPLIT}/{annotation['file_name']}"], annotation)
        for annotation in content["annotations"]
    ]
    guess = [frame for guess in guesses for frame in as_video(guess)]
    return {"vpq_1": rules.mean_quality(rules.panoptic_quality(truth, guess))}


def vipseg(place: Path, guesses: list[Guess]) -> Scores:
    files = files_below(place)
    rules.vipseg(files, SPLIT)
    videos = dict(rules.vipseg_videos(files, SPLIT))
    pairs = [(videos[guess.name], as_video(guess)) for guess in guesses]
    scores = {"aq": float(np.mean([q for truth, guess in pairs for q in rules.association(truth, guess)]))}
    for k in (1, 2, 4):
        if k <= len(pairs[0][0]):
            truth, guess = (
                [window for pair in pairs for window in rules.windows(pair[side], k)] for side in (0, 1)
            )
            scores[f"vpq_{k}"] = rules.mean_quality(rules.panoptic_quality(truth, guess))
    return scores


def coco_amodal(place: Path, guesses: list[Guess]) -> Scores:
    """AP of the visible and of the whole masks, by pycocotools on the files."""
    pytest.importorskip("pycocotools")
    from pycocotools.coco import COCO

    scores = {}
    for kind in ("modal", "amodal"):
        with contextlib.redirect_stdout(io.StringIO()):
            truth = COCO(str(place / f"annotations/instances_{SPLIT}_{kind}.json"))
        numbers = {image["file_name"]: image["id"] for image in truth.dataset["images"]}
        place_of = lambda guess, t, numbers=numbers: numbers[f"{guess.name}/{t:05d}.png"]  # noqa: E731
        scores[kind] = coco_ap(truth, instances(guesses, kind, place_of))
    return scores


def coco_ap(truth: Any, guessed: list[dict[str, Any]]) -> float:
    from pycocotools.cocoeval import COCOeval

    if not guessed:
        return 0.0  # loadRes takes no empty list
    guessed = [{**g, "score": 1 - (place + 1) / 4096} for place, g in enumerate(guessed)]
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(truth, truth.loadRes(guessed), "segm")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


def instances(guesses: list[Guess], kind: str, place_of: Callable[[Guess, int], int]) -> list[dict[str, Any]]:
    """The masks of digits in frames as COCO annotations."""
    from segmnist.evaluate.trackeval import encoded

    found = []
    for guess in guesses:
        for digit, label in enumerate(guess.labels.tolist()):
            masks = guess.instance == digit + 1 if kind == "modal" else guess.amodal[digit]
            for t, mask in enumerate(masks):
                if mask.any():
                    rle = {**encoded(mask), "counts": encoded(mask)["counts"].decode()}
                    image = place_of(guess, t)
                    found.append({"image_id": image, "category_id": label + 1, "segmentation": rle})
    return found


def coco_ap_from_arrays(world: str, guess: str, kind: str) -> float:
    pytest.importorskip("pycocotools")
    from pycocotools.coco import COCO

    truths = truths_of(world)
    names = [truth.name for truth in truths]
    number = lambda guess, t: 1000 * names.index(guess.name) + t + 1  # noqa: E731
    truth = COCO()
    annotations = [
        {**a, "id": n, "iscrowd": 0, "area": 1} for n, a in enumerate(instances(truths, kind, number), 1)
    ]
    _, H, W = truths[0].instance.shape
    images = [
        {"id": number(truth, t), "height": H, "width": W}
        for truth in truths
        for t in range(len(truth.instance))
    ]
    truth.dataset = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": i} for i in range(1, 11)],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
    return coco_ap(truth, instances([GUESSES[guess](t) for t in truths], kind, number))


def vis_ap_from_arrays(world: str, guess: str) -> float:
    guesses = [GUESSES[guess](truth) for truth in truths_of(world)]
    guessed = {
        (g.name, number): (confidence, g.instance == number) for g, number, confidence in tracks_of(guesses)
    }
    sums: dict[str, Any] = {}
    for truth in truths_of(world):
        digits = range(1, len(truth.labels) + 1)
        true = [
            Track(int(truth.labels[n - 1]), 1.0, truth.instance == n)
            for n in digits
            if (truth.instance == n).any()
        ]
        found = [
            Track(int(truth.labels[n - 1]), *guessed[truth.name, n])
            for n in digits
            if (truth.name, n) in guessed
        ]
        for name, counts in track_counts(true, found).items():
            sums[name] = sums.get(name, 0) + counts
    return vis_average_precision(sums)


def expected(world: str, guess: str, name: str) -> float:
    if name in ("modal", "amodal"):
        return coco_ap_from_arrays(world, guess, name)
    return vis_ap_from_arrays(world, guess) if name == "vis_ap" else from_arrays(world, guess)[name]


READERS: dict[str, Callable[[Path, list[Guess]], Scores]] = {
    "zarr": zarr,
    "webdataset": webdataset,
    "huggingface": huggingface,
    "npz": npz,
    "origin-npy": origin_npy,
    "origin-h5": origin_h5,
    "davis": davis,
    "youtube-vis": youtube_vis,
    "coco-panoptic": coco_panoptic,
    "vipseg": vipseg,
    "mots": mots,
    "coco-amodal": coco_amodal,
    "mmseg": mmseg,
    "ffv1": ffv1,
}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("format_", READERS)
def test_readers_score_predictions_on_files_as_arrays_are_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: str, world: str
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    pytest.importorskip("trackeval", reason="the extra `judges` brings it")
    recipe = recipe_for(WORLDS[world], num_clips=NUM_CLIPS, split=SPLIT, clips_per_shard=2)
    for guess, of in GUESSES.items():
        place = tmp_path / guess
        export(recipe, place, format_, num_workers=1)
        scores = READERS[format_](place, [of(truth) for truth in truths_of(world)])
        assert scores
        for name, score in scores.items():
            assert score == pytest.approx(expected(world, guess, name), abs=1e-6), (guess, name)
            forgiving = guess == "shifted" and name == "f"  # contours may be off by a pixel
            assert score == pytest.approx(1) if guess == "truth" else score < 1 or forgiving, (guess, name)
            assert score > 0 or guess != "shifted", (guess, name)


# How many objects the files of a format have in each frame of each clip, in the order of clips.


def objects_of_davis(files: Files) -> list[list[int]]:
    names = [truth.name for truth in truths_of("absent")]
    folders = [folder(files, f"Annotations_unsupervised/480p/{name}/") for name in names]
    return [[len(np.unique(mask[mask > 0])) for mask in masks] for masks in folders]


def objects_of_mots(files: Files) -> list[list[int]]:
    T = WORLDS["absent"].num_frames
    texts = [text.decode() for name, text in sorted(files.items()) if name.endswith("gt/gt.txt")]
    frames = [[int(line.split()[0]) for line in text.splitlines()] for text in texts]
    return [[found.count(t) for t in range(1, T + 1)] for found in frames]


def objects_of_youtube_vis(files: Files) -> list[list[int]]:
    content = json.loads(files[f"{SPLIT}/instances.json"])
    tracks = [
        [a["segmentations"] for a in content["annotations"] if a["video_id"] == video["id"]]
        for video in content["videos"]
    ]
    assert all(any(track) for of_video in tracks for track in of_video), "who is never seen has no track"
    T = WORLDS["absent"].num_frames
    return [[sum(track[t] is not None for track in of_video) for t in range(T)] for of_video in tracks]


def objects_of_coco_panoptic(files: Files) -> list[list[int]]:
    content = json.loads(files[f"annotations/panoptic_{SPLIT}.json"])
    return in_clips([digits_among(a["segments_info"]) for a in content["annotations"]])


def objects_of_vipseg(files: Files) -> list[list[int]]:
    content = json.loads(files[f"panoptic_gt_VIPSeg_{SPLIT}.json"])
    return [[digits_among(a["segments_info"]) for a in v["annotations"]] for v in content["annotations"]]


def objects_of_coco(files: Files, kind: str) -> list[list[int]]:
    content = json.loads(files[f"annotations/instances_{SPLIT}_{kind}.json"])
    found = [annotation["image_id"] for annotation in content["annotations"]]
    return in_clips([found.count(image["id"]) for image in content["images"]])


def digits_among(segments: list[dict[str, Any]]) -> int:
    return sum(segment["category_id"] != BACKGROUND + 1 for segment in segments)


def in_clips(counts: list[int]) -> list[list[int]]:
    T = WORLDS["absent"].num_frames
    return [counts[first : first + T] for first in range(0, len(counts), T)]


OBJECTS: dict[str, tuple[str, Callable[[Files], list[list[int]]]]] = {
    "davis": ("davis", objects_of_davis),
    "mots": ("mots", objects_of_mots),
    "youtube-vis": ("youtube-vis", objects_of_youtube_vis),
    "coco-panoptic": ("coco-panoptic", objects_of_coco_panoptic),
    "vipseg": ("vipseg", objects_of_vipseg),
    "coco-amodal, seen": ("coco-amodal", lambda files: objects_of_coco(files, "modal")),
    "coco-amodal, whole": ("coco-amodal", lambda files: objects_of_coco(files, "amodal")),
}


@pytest.mark.parametrize("case", OBJECTS)
def test_no_object_is_written_for_a_digit_where_it_is_absent(tmp_path: Path, case: str) -> None:
    format_, objects = OBJECTS[case]
    recipe = recipe_for(WORLDS["absent"], num_clips=NUM_CLIPS, split=SPLIT, clips_per_shard=2)
    export(recipe, tmp_path, format_, num_workers=1)
    truths = truths_of("absent")
    whole = [truth.amodal.any(axis=(2, 3)) for truth in truths]
    seen = [
        np.array([(truth.instance == n).any(axis=(1, 2)) for n in range(1, len(truth.labels) + 1)])
        for truth in truths
    ]
    rows = np.concatenate(whole)
    assert (rows.any(axis=1) & ~rows.all(axis=1)).any(), "some digit is there in some frames only"
    assert (~rows.any(axis=1)).any(), "some digit is there in no frame"
    expected = whole if case == "coco-amodal, whole" else seen
    assert objects(files_below(tmp_path)) == [there.sum(axis=0).tolist() for there in expected]


@pytest.mark.parametrize("world", WORLDS)
def test_davis_semi_supervised_scores_digits_of_the_first_frame_between_the_first_and_the_last(
    tmp_path: Path, world: str
) -> None:
    export(recipe_for(WORLDS[world], num_clips=NUM_CLIPS, split=SPLIT), tmp_path, "davis", num_workers=1)
    files = files_below(tmp_path)
    rules.davis(files, SPLIT)
    listed = files[f"ImageSets/2017/{SPLIT}.txt"].decode().split()
    tables = {s["name"]: s["objects"] for s in json.loads(files[f"{SPLIT}_objects.json"])["sequences"]}
    for guess, of in GUESSES.items():
        for truth in truths_of(world):
            if truth.name not in listed:
                assert not truth.instance[0].any()
                continue
            masks = folder(files, f"Annotations/480p/{truth.name}/")
            order = [row["instance"] for row in tables[truth.name]]
            guessed = of(truth).instance
            renumbered = sum(np.where(guessed == old, new, 0) for new, old in enumerate(order, 1))
            found = rules.davis_j(masks, np.asarray(renumbered))
            assert len(found) == len(np.unique(truth.instance[0][truth.instance[0] > 0]))
            for object_, j in enumerate(found):
                true, mine = (maps[1:-1] == order[object_] for maps in (truth.instance, guessed))
                unions = (true | mine).sum(axis=(1, 2))
                common = (true & mine).sum(axis=(1, 2))
                wanted = np.where(unions > 0, common / np.maximum(unions, 1), 1.0)
                if len(wanted):
                    assert j == pytest.approx(wanted.mean())
                    assert guess != "truth" or j == 1
                else:
                    assert np.isnan(j)  # three frames or more are needed
