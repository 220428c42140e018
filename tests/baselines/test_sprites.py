"""Sprites: what is counted in label maps, and the posterior over scenes of paths."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="torch comes with the `train` extra")

from segmnist import ClipSource, SceneSpec  # noqa: E402
from segmnist.baselines.models.sprites import Sprites  # noqa: E402
from segmnist.baselines.predict import as_input  # noqa: E402
from segmnist.baselines.sprites import layers  # noqa: E402
from segmnist.baselines.sprites.backgrounds import Backgrounds  # noqa: E402
from segmnist.baselines.sprites.brightness import Brightness  # noqa: E402
from segmnist.baselines.sprites.collected import Collected  # noqa: E402
from segmnist.baselines.sprites.frequent import FrequentKeys  # noqa: E402
from segmnist.baselines.sprites.grey_levels import GreyLevels  # noqa: E402
from segmnist.baselines.sprites.layers import Extended, Paths  # noqa: E402
from segmnist.baselines.sprites.trust import DOUBTS, HEATS, Trust  # noqa: E402
from segmnist.baselines.sprites.views import SIZE, digits_of  # noqa: E402
from segmnist.oracle import Oracle  # noqa: E402
from segmnist.suites import suite  # noqa: E402

SPEC = suite("exact-v2").part("small").spec.replace(width=26, num_frames=3, brightness_range=(0.4, 0.4))


@given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=20), max_size=5))
@settings(max_examples=50, deadline=None)
def test_a_table_with_room_for_all_keys_counts_them(batches: list[list[int]]) -> None:
    table = FrequentKeys(9)
    place_of: dict[int, int] = {}
    for batch in batches:
        places = table.add(torch.tensor(batch))
        for key, row, fresh in zip(batch, *map(torch.Tensor.tolist, places), strict=True):
            assert fresh == (key not in place_of)
            assert place_of.setdefault(key, row) == row
    everything = list(itertools.chain.from_iterable(batches))
    for key in range(1, 10):
        row = int(table.find(torch.tensor([key])))
        assert row == place_of.get(key, -1)
        assert key not in place_of or table.counts[row] == everything.count(key)


def test_a_full_table_keeps_what_is_frequent() -> None:
    generator, table = np.random.default_rng(0), FrequentKeys(40)
    for batch in range(50):
        rare = 100 + 30 * batch + np.arange(30)
        table.add(torch.from_numpy(np.concatenate([rare, generator.permutation(21)[:10] + 1])))
    kept = set(table.keys.tolist())
    assert set(range(1, 22)) <= kept
    assert table.counts[table.find(torch.arange(1, 22))].min() > 10
    places = table.add(torch.arange(5000, 5100))
    assert (places.row >= 0).sum() <= 40 - 21, "rare keys take the rows of rare ones"


def test_the_same_digit_elsewhere_is_the_same_view_on_another_path() -> None:
    T, H, W = 2, 30, 41
    target, grey = (
        torch.full((4, T, H, W), 10),
        torch.arange(H * W).reshape(1, 1, H, W).expand(4, T, H, W) % 256,
    )
    shape = torch.tensor([[1, 1, 0], [0, 1, 1]]).bool()
    for clip, (digit, y, x) in enumerate([(3, 0, 38), (3, 28, 5), (4, 28, 5)]):
        for frame in range(T):
            target[clip, frame, y : y + 2, x : x + 3][shape] = digit
    target[3, :, :, 0 : SIZE + 1] = 7  # too large
    target[3, 0, 0, 40] = 8  # not in all frames
    digits = digits_of(grey, target, 10)
    assert digits.classes.tolist() == [3, 3, 4]
    assert digits.corners[:, 1].tolist() == [[0, 38], [28, 5], [28, 5]]
    assert torch.equal(digits.masks[1, 0, :2, :3], shape)
    assert digits.masks.sum() == 3 * T * shape.sum()
    assert digits.light[1, 0, 0, 1] == grey[0, 0, 28, 6]
    assert digits.keys[0, 0] == digits.keys[1, 1] != digits.keys[2, 0]
    assert len(set(digits.path_keys().tolist())) == 3


@pytest.mark.parametrize("number", [1, 3])
def test_backgrounds_are_told_apart_and_no_more_than_there_are(number: int) -> None:
    T, H, W = 2, 18, 23
    generator = torch.Generator().manual_seed(number)
    true = 40 + 60 * torch.randint(2, (number, T, H // 6, W // 6 + 1), generator=generator)
    true = true.repeat_interleave(6, 2).repeat_interleave(6, 3)[..., :W].double()
    backgrounds, which = Backgrounds(6, (T, H, W)), torch.arange(240) % number
    for _ in range(4):
        noisy = (
            (true[which] + 40 * torch.randn(240, T, H, W, generator=generator)).clamp(0, 255).round().long()
        )
        bare = torch.rand(240, T, H, W, generator=generator) < 0.8
        found = backgrounds.add(torch.where(bare, noisy, 255), bare)
    pairs = set(zip(which.tolist(), found.tolist(), strict=True))
    assert len(pairs) == number
    assert int((backgrounds.counts.sum((1, 2, 3)) > 0).sum()) == number
    for true_one, found_one in pairs:
        # Noise that is cut off at 0 moves the mean.
        assert (backgrounds.means()[found_one] - true[true_one]).abs().mean() < 6


def test_grey_levels_are_those_of_the_noise() -> None:
    generator, scatter = torch.Generator().manual_seed(0), GreyLevels()
    for mean in (100, 102, 180):
        grey = (mean + 10 * torch.randn(100_000, generator=generator)).round().clamp(0, 255).long()
        scatter.add(torch.full((100_000,), mean + 0.4), grey, torch.rand(100_000, generator=generator) < 0.5)
    likelihood = scatter.log_likelihood().exp()
    assert torch.allclose(likelihood.sum(1), torch.ones(()), atol=1e-5)
    levels = torch.arange(256)
    for mean in (100, 101, 102, 180):  # between two that were seen, too
        normal = torch.exp(-((levels - mean) ** 2) / 200) / (200 * np.pi) ** 0.5
        assert (likelihood[mean] - normal).abs().sum() < 0.08
    assert likelihood.min() > 0


@pytest.mark.parametrize(
    ("levels", "shares"),
    [((0.0,), (1.0,)), ((-9.0, 1.0, 11.0), (0.4, 0.35, 0.25)), ((-4.0, 6.0), (0.3, 0.7))],
)
def test_levels_of_brightness_are_told_apart_and_no_more_than_there_are(
    levels: tuple[float, ...], shares: tuple[float, ...]
) -> None:
    generator, true = torch.Generator().manual_seed(0), torch.tensor(levels, dtype=torch.float64)
    which = torch.multinomial(torch.tensor(shares), 1000, replacement=True, generator=generator)
    pixels = torch.randint(100, 600, (1000,), generator=generator)
    noise = torch.randn(1000, dtype=torch.float64, generator=generator)
    brightness = Brightness()
    brighter, is_sure = brightness.add(true[which] + 55 * noise / pixels.sqrt(), pixels)
    offsets, found = brightness.levels()
    assert offsets.numpy() == pytest.approx(levels, abs=0.5)
    assert found.numpy() == pytest.approx(shares, abs=0.05)
    nearest = offsets[(true[which][:, None] - offsets).abs().argmin(1)]
    assert (brighter == nearest)[is_sure].double().mean() > 0.97
    assert is_sure.double().mean() > 0.6
    assert not brightness.add(torch.zeros(1, dtype=torch.float64), torch.zeros(1).long())[1].any()


def test_of_few_digits_all_have_one_level() -> None:
    brightness = Brightness()
    brightness.add(torch.tensor([-40.0, 40.0] * 50, dtype=torch.float64), torch.full((100,), 400))
    assert [values.tolist() for values in brightness.levels()] == [[0.0], [1.0]]


Scene = tuple[int, ...]


def weights_of(found: list[Extended]) -> dict[Scene, float]:
    """Return the probability of each scene; none may be there twice."""
    weights: dict[Scene, float] = {}
    for each in found:
        index = each.weights.flatten().nonzero()[:, 0]
        for scene, weight in zip(each.chosen(index).tolist(), each.weights.flatten()[index], strict=True):
            assert tuple(scene) not in weights
            weights[tuple(scene)] = float(weight)
    return weights


def brute_force(
    paths: Paths, grey: Any, ground: Any, log_number: Any, is_tried: Callable[[Scene], bool]
) -> tuple[Any, dict[Scene, float]]:
    """Return the class probabilities, `(4, P)`, and those of scenes that are tried, from drawn means."""
    N, P = paths.masks.shape
    level = torch.zeros(N, P, dtype=torch.int64)
    level[paths.path, paths.pixel] = paths.level
    evidence, maps = {}, []
    for number, log_one in enumerate(log_number, start=2):
        for scene in filter(is_tried, itertools.product(range(N), repeat=number)):
            means, label = ground.clone(), torch.full((P,), 3)
            for path in reversed(scene):
                inside = paths.masks[path] > 0
                means[inside], label[inside] = level[path][inside], paths.classes[path]
            maps.append(torch.nn.functional.one_hot(label, 4).float())
            prior = paths.log_prior[list(scene)].sum() + log_one
            evidence[scene] = paths.log_likelihood[means, grey].sum() + prior
    weights = torch.stack(list(evidence.values())).softmax(0)
    expected = torch.einsum("s,spc->cp", weights, torch.stack(maps))
    return expected, dict(zip(evidence, weights.tolist(), strict=True))


@given(st.integers(0, 1 << 30), st.integers(1, 5), st.sampled_from([1, 2, 3, 40]), st.integers(1, 2))
@settings(max_examples=40, deadline=None)
def test_the_posterior_is_that_of_all_scenes_that_are_tried(
    seed: int, num_paths: int, num_tried: int, most: int
) -> None:
    generator, P = torch.Generator().manual_seed(seed), 12
    masks = torch.rand(num_paths, P, generator=generator) < 0.5
    path, pixel = masks.nonzero().T
    paths = Paths(
        masks.float(),
        torch.randint(3, (num_paths,), generator=generator),
        torch.rand(num_paths, generator=generator).log_softmax(0),
        path,
        pixel,
        torch.randint(256, path.shape, generator=generator),
        (0.3 * torch.randn(256, 256, generator=generator)).log_softmax(1),
    )
    grey, ground = torch.randint(256, (2, P), generator=generator)
    log_number = torch.tensor([0.7, 0.3])[:most].log()
    with patch.object(layers, "TRIED", num_tried):
        found = layers.posterior(layers.evidence(paths, grey, ground, log_number))
    assert all(len(each.scenes) <= num_tried for each in found)
    bases = {tuple(scene) for each in found for scene in each.scenes.tolist()}

    def is_tried(scene: Scene) -> bool:
        return any(scene[:i] + scene[i + 1 :] in bases for i in range(len(scene)))

    expected, weights = brute_force(paths, grey, ground, log_number, is_tried)
    assert weights_of(found) == pytest.approx(weights, abs=1e-5)
    assert torch.allclose(layers.class_probabilities(paths, found, 4), expected, atol=1e-4)
    torch.manual_seed(seed)
    samples = torch.nn.functional.one_hot(layers.sampled_maps(paths, found, 4000, 3).long(), 4)
    assert (samples.float().mean(0).T - expected).abs().max() < 0.06


FAMILIES = {
    "two digits": SPEC,
    "two or three": SPEC.replace(num_digits_range=(2, 3)),
    "of three grey levels, before shapes": SPEC.replace(
        grey_levels=(70, 130, 190), num_shapes_range=(1, 2), shape_size_range=(6, 12), num_backgrounds=2
    ),
}


def taught(spec: SceneSpec, batch: int = 256) -> Sprites:
    """Return a model that has seen 3,072 clips."""
    model, source = Sprites(clip_shape=(3, 24, 26)), ClipSource(spec, split="train")
    for first in range(0, 3072, batch):
        clips = source[first : first + batch]
        loss = model.loss(as_input(clips.video, torch.device("cpu")), torch.from_numpy(clips.semantic).long())
    assert loss.item() == pytest.approx(0.4, abs=0.2)
    return model.eval()


@pytest.fixture(scope="module")
def trained() -> Sprites:
    return taught(SPEC)


@pytest.mark.parametrize("name", FAMILIES)
def test_it_comes_near_the_exact_posterior(name: str) -> None:
    source = ClipSource(FAMILIES[name], split="test")
    clips, oracle, model = source[0:20], Oracle.of(source), taught(FAMILIES[name])
    torch.manual_seed(0)
    with torch.inference_mode():
        answer = model.predict(as_input(clips.video, torch.device("cpu")), 16)
    exact = np.stack(
        [oracle.posterior(video, observer="offline").class_probabilities for video in clips.video]
    )
    found = [
        -np.log(np.take_along_axis(p.clip(1e-9), clips.semantic[:, :, None].astype(int), 2)).mean()
        for p in (answer["probabilities"].numpy(), exact)
    ]
    assert found[0] < found[1] + 0.005
    assert torch.allclose(answer["probabilities"].sum(2), torch.ones(()), atol=1e-5)
    assert answer["samples"].shape == (20, 16, 3, 24, 26)
    # Samples agree with the probabilities that they are drawn from.
    share = (answer["samples"] != 10).float().mean(1) - (1 - answer["probabilities"][:, :, 10])
    assert share.abs().mean() < 0.02


@pytest.mark.parametrize(("too_sure", "unknown"), [(1.0, 0.0), (3.0, 0.0), (1.0, 0.3), (2.0, 0.2)])
def test_trust_finds_how_sure_answers_should_be(too_sure: float, unknown: float) -> None:
    generator, trust, prior = torch.Generator().manual_seed(0), Trust(), torch.tensor([0.1, 0.2, 0.7])
    assert trust.best() == (HEATS[0], DOUBTS[0])
    for clip in range(300):
        right = (2 * torch.randn(500, 3, generator=generator)).softmax(1)
        given = torch.stack([(too_sure / heat * right.log()).softmax(1) for heat in HEATS])
        if clip < 100:
            given = given.flip(0)  # forgotten
        true = (1 - unknown) * right + unknown * prior
        of_pixel = torch.multinomial(true, 1, generator=generator)
        trust.add(given.gather(2, of_pixel.expand(len(HEATS), -1, 1))[..., 0], prior[of_pixel[:, 0]])
    assert trust.best() == (too_sure, unknown or DOUBTS[0])


def test_on_paths_that_do_not_come_again_it_trusts_itself_less() -> None:
    spec = SPEC.replace(position_step=1.0, speed_range=(1.0, 4.0), sensor_sigma=30.0)
    model, clips = taught(spec, batch=64), ClipSource(spec, split="test")[0:40]
    truth = torch.from_numpy(clips.semantic).long()

    def log_probability() -> float:
        with torch.inference_mode():
            answer = model.predict(as_input(clips.video, torch.device("cpu")), 200)
        share = (answer["samples"] == 10).float().mean(1)
        assert (share - answer["probabilities"][:, :, 10]).abs().mean() < 0.1
        return float(answer["probabilities"].gather(2, truth[:, :, None]).log().mean())

    found, prior = log_probability(), float(model.head_bias.detach().log_softmax(0)[truth].mean())
    model.trust.losses.zero_()
    assert log_probability() < prior < found


def test_without_a_count_of_them_clips_have_two_digits() -> None:
    assert Collected(10, (3, 24, 26)).log_number().tolist() == [0]


def test_what_it_has_not_seen_has_the_class_prior(trained: Any) -> None:
    for model, shape in ((Sprites(clip_shape=(3, 24, 26)).eval(), (3, 24, 26)), (trained, (3, 24, 28))):
        answer = model.predict(torch.rand(2, shape[0], 1, *shape[1:]), 3)
        prior = model.head_bias.softmax(0)[:, None, None]
        assert torch.allclose(answer["probabilities"], prior.expand(2, 3, 11, *shape[1:]))
        assert (answer["samples"] == 10).all()


def test_a_frame_s_answer_depends_on_the_whole_clip(trained: Any) -> None:
    clip = ClipSource(SPEC, split="test")[0:1]
    video = as_input(clip.video, torch.device("cpu"))
    changed = video.clone()
    changed[:, 2] = changed[:, 2].flip(-1)
    with torch.inference_mode():
        before, after = (trained.predict(seen, 1)["probabilities"] for seen in (video, changed))
    assert trained.sees == "clip"
    assert not torch.allclose(before[:, 0], after[:, 0], atol=1e-3)


def test_what_it_collected_goes_with_its_weights(trained: Any) -> None:
    other, video = Sprites(clip_shape=(3, 24, 26)).eval(), torch.rand(1, 3, 1, 24, 26) / 4
    other.predict(video, 1)
    other.load_state_dict(trained.state_dict())
    answers = []
    for model in (trained, other):
        torch.manual_seed(0)
        answers.append(model.predict(video, 2))
    assert all(torch.equal(answers[0][name], answers[1][name]) for name in ("probabilities", "samples"))


def test_clips_of_another_shape_teach_it_nothing() -> None:
    model = Sprites(clip_shape=(3, 24, 26))
    for T, H, W in ((2, 24, 26), (3, 24, 25)):
        model.loss(torch.rand(2, T, 1, H, W), torch.zeros(2, T, H, W, dtype=torch.int64))
    assert not any(table.any() for table in model.buffers())
