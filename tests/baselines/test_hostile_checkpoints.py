"""Checkpoints that are made to be a trap: one line, before memory is taken for what they claim, and nothing is run."""

from __future__ import annotations

import dataclasses
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with the `train` extra")

from segmnist.baselines import train  # noqa: E402
from segmnist.baselines.catalog import MAX_WIDTH, MODELS, build, weight_shapes  # noqa: E402
from segmnist.baselines.checkpoint import read_checkpoint  # noqa: E402
from segmnist.baselines.predict import load_predictor  # noqa: E402
from segmnist.baselines.score import check_trained_on, score  # noqa: E402
from segmnist.baselines.settings import Settings  # noqa: E402
from segmnist.errors import BadArgument, CorruptData, SegmnistError  # noqa: E402
from segmnist.suites import suite  # noqa: E402

SETTINGS = Settings(model="unet", suite="tiny-v1", steps=6, batch=2, width=8, frames=2)
DEEP: Any = []
for _ in range(100):
    DEEP = [DEEP]


@pytest.fixture(scope="module")
def state() -> dict[str, Any]:
    return train.Run(SETTINGS, torch.device("cpu")).state()


def wide(width: int) -> dict[str, Any]:
    """Return settings of a model that is wider than the weights beside them."""
    return {**SETTINGS.to_dict(), "width": width}


def weights(width: int) -> dict[str, Any]:
    """Return weights that have the shapes of a U-Net's and take no memory."""
    return {name: torch.zeros(1).expand(shape) for name, shape in weight_shapes("unet", width).items()}


CHANGES: dict[str, dict[str, Any]] = {
    "no settings": {"settings": {}},
    "settings that are a list": {"settings": [1, 2]},
    "settings of numbers": {"settings": {1: 2}},
    "an unknown model": {"settings": {**SETTINGS.to_dict(), "model": "x" * 10**6}},
    "a model that is a list": {"settings": {**SETTINGS.to_dict(), "model": ["unet"]}},
    "a model that leads elsewhere": {"settings": {**SETTINGS.to_dict(), "model": "../../os"}},
    "the widest model": {"settings": wide(MAX_WIDTH)},
    "a width of 10^9": {"settings": wide(8 * 10**9)},
    "a width without end": {"settings": wide(8 * 10**4000)},
    "a width of NaN": {"settings": {**SETTINGS.to_dict(), "width": float("nan")}},
    "an odd suite": {"settings": {**SETTINGS.to_dict(), "suite": "nope"}},
    "an odd part": {"settings": {**SETTINGS.to_dict(), "part": ["x"]}},
    "a huge spec": {"settings": {**SETTINGS.to_dict(), "suite": None, "spec": {"height": 10**9}}},
    "a deep spec": {"settings": {**SETTINGS.to_dict(), "suite": None, "spec": {"height": DEEP}}},
    "weights that are none": {"average": {"a": 1}},
    "weights that are a tensor": {"average": torch.zeros(3)},
    "weights that are not finite": {"average": {name: weight / 0 for name, weight in weights(8).items()}},
    "the widest model, of one number": {"settings": wide(MAX_WIDTH), "average": weights(MAX_WIDTH)},
    "weights of 6 EB": {"average": {"head.weight": torch.zeros(1).expand(2**60)}},
}


def saved(state: dict[str, Any], place: Path, changes: dict[str, Any]) -> Path:
    torch.save({**state, **changes}, place)
    return place


@pytest.mark.parametrize("name", CHANGES)
def test_odd_settings_and_weights_are_refused(state: dict[str, Any], tmp_path: Path, name: str) -> None:
    place = saved(state, tmp_path / "odd.pt", CHANGES[name])
    for read in (load_predictor, score):
        with pytest.raises(CorruptData, match=r"odd\.pt") as refused:
            read(place, device="cpu")
        assert len(str(refused.value)) < 1000
    if "settings" in CHANGES[name] and "wid" not in name:
        with pytest.raises(CorruptData, match=r"odd\.pt"):
            check_trained_on(place, suite("tiny-v1"))


@pytest.mark.parametrize(
    "changes",
    [
        {"optimiser": []}, {"optimiser": [{}, {}]}, {"optimiser": [1, 2]}, {"step": -1}, {"step": "x"},
        {"seconds": float("nan")}, {"hardware": 1}, {"curve": [1]}, {"curve": [{"scores": {}}]},
        {"curve": [{"step": 1, "minutes": 0.0, "scores": {}, "parts": {}}]}, {"model": {}},
    ],
    ids=str,
)  # fmt: skip
def test_a_run_does_not_go_on_from_an_odd_state(
    state: dict[str, Any], tmp_path: Path, changes: dict[str, Any]
) -> None:
    saved(state, tmp_path / "checkpoint.pt", changes)
    with pytest.raises(CorruptData, match=r"checkpoint\.pt"):
        train.train(SETTINGS, tmp_path, device="cpu", resume=True)


@pytest.mark.parametrize("of_muon", [True, False])
@pytest.mark.parametrize(
    "moments", [{}, {"momentum": torch.zeros(3)}, {"exp_avg": torch.zeros(())}, {"step": 1}, 1]
)
def test_a_run_does_not_go_on_with_odd_moments(tmp_path: Path, of_muon: bool, moments: Any) -> None:
    train.train(dataclasses.replace(SETTINGS, steps=1, validations=0), tmp_path, device="cpu")
    state = read_checkpoint(tmp_path / "checkpoint.pt", torch.device("cpu"))
    state["optimiser"][not of_muon]["state"][0] = moments
    saved(state, tmp_path / "checkpoint.pt", {})
    with pytest.raises(CorruptData, match=r"checkpoint\.pt: its optimiser"):
        train.train(
            dataclasses.replace(SETTINGS, steps=1, validations=0), tmp_path, device="cpu", resume=True
        )


def test_a_checkpoint_that_does_not_say_where_it_was_trained_is_read(
    state: dict[str, Any], tmp_path: Path
) -> None:
    torch.save({key: value for key, value in state.items() if key != "hardware"}, tmp_path / "older.pt")
    assert read_checkpoint(tmp_path / "older.pt", torch.device("cpu"))["hardware"] == ""


Tables = dict[str, Any]


def frequent(tables: Tables, name: str) -> Any:
    """Return the row of a table that is of the path, or of the view, that was seen most often."""
    of = "paths" if name in ("corners", "classes") else "views"
    return tables[name][tables[f"{of}.counts"].argmax()]


def put(name: str, *values: float) -> Callable[[Tables], None]:
    """Return a change of such a row to these values."""
    return lambda tables: frequent(tables, name).copy_(torch.tensor(values if values[1:] else values[0]))


@pytest.fixture(scope="module")
def collected() -> dict[str, Any]:
    """Return the state of sprites that have seen two digits, one on a path at the far corner of the clip."""
    settings = Settings.of("sprites", suite="exact-v2", part="small", steps=1)
    run = train.Run(settings, torch.device("cpu"))
    target = torch.full((64, 4, 24, 24), 10)
    target[:, :, 20:, 21:], target[:32, :, 2:8, 3:5] = 1, 7
    for _ in range(8):
        run.average.loss(torch.rand(64, 4, 1, 24, 24), target)
    return run.state()


BROKEN: dict[str, Callable[[Tables], None]] = {
    "a row below the clip": put("corners", 21, 21),
    "a column right of it": put("corners", 20, 22),
    "a row above it": put("corners", -1, 0),
    "a row without end": put("corners", 2**63 - 1, 0),
    "a view that leaves it": lambda tables: frequent(tables, "masks")[-1].fill_(True),
    "a class that there is not": put("classes", 10),
    "a class below 0": put("classes", -1),
    "a grey level above 255": put("light", 1e9),
    "a grey level that is no number": put("light", float("nan")),
    "a background above white": lambda tables: tables["backgrounds.light"].fill_(1e9),
    "a background of no clips": lambda tables: tables["backgrounds.counts"].zero_(),
    "views seen less than never": lambda tables: tables["views.counts"].neg_(),
    "grey levels seen less than never": lambda tables: tables["grey_levels.counts"].sub_(1),
    "backgrounds seen so often that they cannot be added up": lambda tables: tables[
        "backgrounds.counts"
    ].fill_(2**62),
    "clips of fewer than no digits": lambda tables: tables["numbers"].fill_(-1),
    "a share of more than all": lambda tables: tables["brightness.shares"].fill_(2),
    "a brightness that is no number": lambda tables: tables["brightness.offsets"].fill_(float("nan")),
    "a prior that is no number": lambda tables: tables["head_bias"].fill_(float("inf")),
}


@pytest.mark.parametrize("name", BROKEN)
def test_tables_that_no_clips_give_are_refused(collected: dict[str, Any], tmp_path: Path, name: str) -> None:
    tables: Tables = {key: tensor.clone() for key, tensor in collected["average"].items()}
    load_predictor(saved(collected, tmp_path / "whole.pt", {"average": tables}), "cpu")
    BROKEN[name]({key.removeprefix("collected."): tensor for key, tensor in tables.items()})
    place = saved(collected, tmp_path / "odd.pt", {"average": tables})
    with pytest.raises(
        CorruptData, match=r"odd\.pt: no training of sprites leaves such weights: .* (range|finite)"
    ):
        load_predictor(place, "cpu")


def test_weights_that_nothing_can_be_drawn_with_are_one_line(tmp_path: Path) -> None:
    run = train.Run(dataclasses.replace(SETTINGS, model="mode-proposals"), torch.device("cpu"))
    for weight in run.average.parameters():
        weight.fill_(1e38)
    predict, _ = load_predictor(saved(run.state(), tmp_path / "large.pt", {}), "cpu")
    with pytest.raises(SegmnistError, match=r"large\.pt: mode-proposals gives no answer: .*probability"):
        predict(np.full((1, 2, 32, 32), 255, np.uint8))


def test_a_compressed_archive_is_not_unpacked(state: dict[str, Any], tmp_path: Path) -> None:
    """A checkpoint whose weights are deflated: 6 GB would fit into 6 MB."""
    zeros = {name: torch.zeros_like(weight) for name, weight in state["average"].items()}
    saved(state, tmp_path / "whole.pt", {"average": zeros})
    with (
        zipfile.ZipFile(tmp_path / "whole.pt") as whole,
        zipfile.ZipFile(tmp_path / "packed.pt", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for member in whole.infolist():
            packed.writestr(member.filename, whole.read(member))
    load_predictor(tmp_path / "whole.pt", "cpu")
    with pytest.raises(CorruptData, match=r"packed\.pt: .*compressed"):
        load_predictor(tmp_path / "packed.pt", "cpu")


def test_nothing_in_a_checkpoint_is_run(state: dict[str, Any], tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
            return (pytest.fail, ("unpickled",))

    for changes in ({"curve": [Trap()]}, {"settings": Trap()}):
        with pytest.raises(CorruptData, match=r"trap\.pt"):
            load_predictor(saved(state, tmp_path / "trap.pt", changes), "cpu")


def test_the_shapes_of_weights_take_no_memory_and_are_those_of_the_model() -> None:
    for name in MODELS:
        built = {key: tuple(weight.shape) for key, weight in build(name, 8).state_dict().items()}
        assert weight_shapes(name, 8) == built
        assert weight_shapes(name, MAX_WIDTH).keys() == built.keys()
    with pytest.raises(BadArgument, match="width=520"):
        build("unet", MAX_WIDTH + 8)
