"""NumPy, Hugging Face, grain and Lightning get the clips that the source gives."""

from __future__ import annotations

import importlib.util
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import segmnist
from segmnist import BadArgument, ClipSource
from segmnist.classes import column_of
from segmnist.dataset import generate, recipe_for
from segmnist.load import iterate
from segmnist.load.grain import GrainSource

SPEC = segmnist.preset("standard", height=40, width=52, num_frames=5, num_digits_range=(0, 3))


def needs(module: str) -> Any:
    absent = importlib.util.find_spec(module) is None
    return pytest.mark.skipif(absent, reason=f"{module} is not installed; the extra `judges` brings it")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("stored")
    generate(recipe_for(SPEC, num_clips=7, clips_per_shard=3), place, num_workers=1)
    return place


@pytest.mark.parametrize("start", [0, 2, 6, 7])
def test_numpy_batches_of_generator_and_store_are_the_same(stored: Path, start: int) -> None:
    drawn = list(iterate(SPEC, 3, start=start, length=7))
    read = list(iterate(stored, 3, start=start))
    assert [len(batch["clip_id"]) for batch in drawn] == [
        len(range(i, min(i + 3, 7))) for i in range(start, 7, 3)
    ]
    assert len(drawn) == len(read)
    for ours, theirs in zip(drawn, read):
        assert set(ours) == set(theirs)
        for name, array in ours.items():
            np.testing.assert_array_equal(array, theirs[name], err_msg=name)


def test_numpy_batches_never_end_and_start_anywhere() -> None:
    batches = iterate(SPEC, 2, start=10**9)
    ids = [next(batches)["clip_id"].tolist() for _ in range(3)]
    assert ids == [[10**9 + 2 * i, 10**9 + 2 * i + 1] for i in range(3)]


@pytest.mark.parametrize(
    "bad",
    [
        {"batch_size": 0},
        {"batch_size": 2.0},
        {"start": -1},
        {"start": 0.5},
        {"truth": ("masks",)},
        {"length": 2.5},
    ],
)
def test_absurd_iteration_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(BadArgument, match=next(iter(bad))):
        next(iterate(SPEC, **bad))


def clips(length: int) -> list[dict[str, Any]]:
    return [{"clip_id": clip.clip_id, **clip.arrays} for clip in ClipSource(SPEC, length=length)]


def padded(length: int) -> list[dict[str, Any]]:
    batch = ClipSource(SPEC).batch(range(length))
    arrays = {"clip_id": np.arange(length), **batch.arrays}
    return [{name: array[i] for name, array in arrays.items()} for i in range(length)]


def assert_same(rows: Iterator[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    found = list(rows)
    assert len(found) == len(expected)
    for row, clip in zip(found, expected):
        assert set(row) == set(clip)
        for name, array in clip.items():
            np.testing.assert_array_equal(row[name], array, err_msg=name)


@needs("datasets")
def test_hugging_face_streams_the_clips_in_parallel_shards_and_resumes() -> None:
    from segmnist.load.huggingface import iterable_dataset

    dataset = iterable_dataset(SPEC, length=7, num_shards=3)
    assert dataset.n_shards == 3
    assert dataset.features["digit_classes"].feature.names[10] == "background"
    expected = [{column_of(name): array for name, array in clip.items()} for clip in clips(7)]
    assert_same(iter(dataset), expected)
    rows = iter(dataset)
    for _ in range(4):
        next(rows)
    state = dataset.state_dict()
    resumed = iterable_dataset(SPEC, length=7, num_shards=3)
    resumed.load_state_dict(state)
    assert_same(iter(resumed), expected[4:])
    halves = [dataset.shard(2, 0), dataset.shard(2, 1)]
    assert sorted(row["clip_id"] for half in halves for row in half) == list(range(7))
    with pytest.raises(BadArgument, match="length"):
        iterable_dataset(SPEC)
    for bad in (0, -1, 1.5):
        with pytest.raises(BadArgument, match="num_shards"):
            iterable_dataset(SPEC, length=7, num_shards=bad)
    huge = 10**17 + 1
    ranges = iterable_dataset(SPEC, length=huge, num_shards=3)._ex_iterable.kwargs["ranges"]
    assert [start for start, _ in ranges] == [0, *(stop for _, stop in ranges[:-1])]
    assert ranges[-1][1] == huge


@needs("datasets")
@pytest.mark.parametrize("spec", [SPEC, SPEC.replace(num_digits_range=(0, 0), num_shapes_range=(0, 0))])
def test_a_hugging_face_stream_keeps_shapes_and_dtypes(spec: segmnist.SceneSpec) -> None:
    pytest.importorskip("torch")
    from segmnist.load.huggingface import iterable_dataset

    truth: Any = ("semantic", "amodal", "boxes", "occluders", "pose", "flow", "shapes", "twins")
    dataset = iterable_dataset(spec, truth=truth, length=6)
    drawn = list(ClipSource(spec, truth=truth, length=6))
    for how in (None, "numpy", "torch"):
        for row, clip in zip(dataset.with_format(how), drawn, strict=True):
            for name, array in clip.arrays.items():
                found = np.asarray(row[column_of(name)])
                assert found.size == 0 or found.shape == array.shape, name
                if array.ndim > 1 and how is None:
                    assert (found.shape, found.dtype) == (array.shape, array.dtype), name
                np.testing.assert_array_equal(found.ravel(), array.ravel().astype(found.dtype), err_msg=name)


@needs("grain")
def test_grain_shuffles_batches_and_resumes() -> None:
    import grain

    expected = padded(7)
    dataset = grain.MapDataset.source(GrainSource(SPEC, length=7)).shuffle(seed=5)
    order = [int(dataset[i]["clip_id"]) for i in range(7)]
    assert sorted(order) == list(range(7))
    iterator = iter(dataset.to_iter_dataset())
    assert_same(iter([next(iterator) for _ in range(3)]), [expected[i] for i in order[:3]])
    state = iterator.get_state()
    other = iter(dataset.to_iter_dataset())
    other.set_state(state)
    assert_same(other, [expected[i] for i in order[3:]])
    batch = dataset.batch(4)[0]  # digits are of different numbers
    for name, array in batch.items():
        np.testing.assert_array_equal(array, np.stack([expected[i][name] for i in order[:4]]), err_msg=name)


@needs("grain")
@needs("datasets")
def test_the_documented_example_runs() -> None:
    text = (Path(__file__).parents[2] / "docs/loaders.md").read_text(encoding="utf-8")
    example = text.partition("## Hugging Face, grain")[2].partition("```python")[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(example, names)
    assert names["clip"]["video"].shape == (30, 64, 64)
    drawn = ClipSource("standard").batch(names["batch"]["clip_id"])
    for name, array in drawn.arrays.items():
        np.testing.assert_array_equal(names["batch"][name], array, err_msg=name)


def test_a_grain_source_is_a_sequence_that_travels() -> None:
    source = pickle.loads(pickle.dumps(GrainSource(SPEC, length=7)))
    assert_same((source[i] for i in range(len(source))), padded(7))
    assert_same(iter([source[-1]]), padded(7)[-1:])
    with pytest.raises(IndexError):
        source[7]
    with pytest.raises(BadArgument, match="length"):
        GrainSource(SPEC)


@needs("lightning")
def test_a_lightning_run_resumes_at_the_very_clip(tmp_path: Path) -> None:
    # Apart: Lightning changes signal handlers and warnings of its process.
    code = TRAINING.format(folder=tmp_path)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    seen, resumed, evaluated = json.loads(done.stdout.splitlines()[-1])
    assert seen == [[3 * i, 3 * i + 1, 3 * i + 2] for i in range(7)]
    assert resumed == seen[4:]
    assert evaluated == [[0, 1, 2], [3]]


TRAINING = """
import json
import lightning, torch
from lightning.pytorch.callbacks import ModelCheckpoint
import segmnist
from segmnist.load.lightning import SegMNISTModule

class Model(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer, self.seen, self.evaluated = torch.nn.Conv2d(1, 11, 1), [], []
    def training_step(self, batch, index):
        self.seen.append(batch["clip_id"].tolist())
        logits = self.layer(batch["video"].flatten(0, 1).float() / 255)
        return torch.nn.functional.cross_entropy(logits, batch["semantic"].flatten(0, 1).long())
    def validation_step(self, batch, index):
        self.evaluated.append(batch["clip_id"].tolist())
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)

def run(steps, ckpt_path=None):
    spec = segmnist.preset("clean", height=40, width=52, num_frames=5)
    data = SegMNISTModule(spec, batch_size=3, num_workers=1, num_eval_clips=4)
    model = Model()
    saving = ModelCheckpoint("{folder}", "{{step}}", every_n_train_steps=4, save_top_k=-1)
    trainer = lightning.Trainer(
        max_steps=steps, accelerator="cpu", logger=False, callbacks=[saving], enable_progress_bar=False,
        num_sanity_val_steps=0, enable_model_summary=False, default_root_dir="{folder}",
    )
    trainer.fit(model, data, ckpt_path=ckpt_path, weights_only=False)
    if ckpt_path is None:
        trainer.validate(model, data)
    return model.seen, model.evaluated

seen, evaluated = run(7)
resumed, _ = run(7, "{folder}/step=4.ckpt")
print(json.dumps([seen, resumed, evaluated]))
"""


@needs("lightning")
def test_lightning_never_trains_on_a_clip_twice(tmp_path: Path) -> None:
    code = EPOCHS.format(folder=tmp_path)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    in_order = [[2 * i, 2 * i + 1] for i in range(12)]
    assert found["epochs"] == found["workers"] == found["reload"] == found["val"] == in_order[:9]
    assert found["fits"] == in_order[:7]
    assert found["one trainer"] == in_order[:6]
    assert found["resumed"] == in_order[6:12]
    assert found["inside"] == in_order[4:12]
    assert found["states"] == [18, 14, 12, 24, 24]
    assert found["bank"] == ["tiny"] * 3
    assert found["shapes"] == [[2, 5, 1, 20, 26], [2, 5, 1, 40, 52]]


EPOCHS = """
import json
import lightning, numpy as np, torch
from lightning.pytorch.callbacks import ModelCheckpoint
import segmnist
from segmnist.load.lightning import SegMNISTModule

SPEC = segmnist.preset("clean", height=40, width=52, num_frames=5)

class Model(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer, self.seen, self.shapes = torch.nn.Linear(1, 1), [], {{}}
    def training_step(self, batch, index):
        self.seen.append(batch["clip_id"].tolist())
        self.shapes["train"] = list(batch["video"].shape)
        return self.layer(torch.ones(1, 1)).sum()
    def validation_step(self, batch, index):
        self.shapes["val"] = list(batch["video"].shape)
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)

def halved(video, target):
    return video[..., ::2, ::2], {{**target, "semantic": target["semantic"][..., ::2, ::2]}}

def module(**options):
    return SegMNISTModule(SPEC, **{{"batch_size": 2, "num_workers": 0, "num_eval_clips": 2, **options}})

def trainer(**options):
    return lightning.Trainer(
        accelerator="cpu", logger=False, enable_progress_bar=False, num_sanity_val_steps=0,
        enable_model_summary=False, default_root_dir="{folder}",
        **{{"limit_val_batches": 0, "enable_checkpointing": False, **options}},
    )

def fit(data, ckpt_path=None, **options):
    model = Model()
    trainer(**options).fit(model, data, ckpt_path=ckpt_path, weights_only=False)
    return model.seen

found, three = {{}}, dict(max_epochs=3, limit_train_batches=3)
data = module()
found["epochs"] = fit(data, **three)
states = [data.state_dict()["next_clip"]]
found["workers"] = fit(module(num_workers=1), **three)
found["reload"] = fit(module(), reload_dataloaders_every_n_epochs=1, **three)
found["val"] = fit(module(), val_check_interval=1, limit_val_batches=1, **three)
data = module()
found["fits"] = fit(data, max_steps=3) + fit(data, max_epochs=2, limit_train_batches=2)
states.append(data.state_dict()["next_clip"])
data, model, one = module(), Model(), trainer(max_epochs=1, limit_train_batches=3)
one.fit(model, data)
one.fit_loop.max_epochs = 2
one.fit(model, data)
found["one trainer"] = model.seen
states.append(data.state_dict()["next_clip"])
saving = ModelCheckpoint("{folder}", "{{step}}", every_n_train_steps=1, save_top_k=-1)
four = dict(max_epochs=4, limit_train_batches=3)
fit(module(), callbacks=[saving], enable_checkpointing=True, **four)
for name, step in (("resumed", 6), ("inside", 4)):
    data = module()
    found[name] = fit(data, f"{folder}/step={{step}}.ckpt", **four)
    states.append(data.state_dict()["next_clip"])
model = Model()
trainer(max_steps=1, limit_val_batches=1, val_check_interval=1).fit(model, module(transforms=halved))
found["shapes"] = [model.shapes["train"], model.shapes["val"]]
bank = segmnist.DigitBank.from_arrays(np.full((20, 6, 5), 200, np.uint8), np.arange(20) % 10, name="tiny")
data = module(bank=bank)
loaded = data.train_dataloader().stream, data.val_dataloader().dataset, data.test_dataloader().dataset
found["bank"] = [dataset.reader.source.bank.name for dataset in loaded]
print(json.dumps({{**found, "states": states}}))
"""
