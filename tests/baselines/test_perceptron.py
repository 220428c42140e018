"""The perceptron: a model whose weights depend on the size of the clips that it is trained on."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch comes with the `train` extra")

from segmnist import BadArgument, SceneSpec  # noqa: E402
from segmnist.baselines.catalog import build, weight_shapes  # noqa: E402
from segmnist.baselines.models.perceptron import Perceptron  # noqa: E402
from segmnist.baselines.settings import Settings  # noqa: E402

SHAPE = (4, 20, 24)


def test_it_is_as_large_as_the_clips_of_its_settings() -> None:
    of_part = Settings.of("perceptron", suite="exact-v2", part="small", width=8, steps=1)
    assert of_part.clip_shape == (4, 24, 24)
    assert of_part.build().clip_shape == (4, 24, 24)
    assert of_part.frames is None, "it sees whole clips"
    of_suite = Settings.of("perceptron", suite="exact-v2", width=8, steps=1)
    assert of_suite.clip_shape == (8, 32, 32), "all parts fit in"
    assert weight_shapes("perceptron", 8, 11, (4, 24, 24)) == {
        key: tuple(weight.shape) for key, weight in of_part.build().state_dict().items()
    }


def test_smaller_clips_are_padded_with_black_and_larger_ones_are_refused() -> None:
    torch.manual_seed(0)
    model = Perceptron(8, clip_shape=SHAPE)
    torch.nn.init.normal_(model.head.weight)
    T, H, W = 3, 17, 19
    small = torch.rand(2, T, 1, H, W)
    whole = torch.zeros(2, SHAPE[0], 1, *SHAPE[1:])
    whole[:, :T, :, :H, :W] = small
    assert torch.equal(model(small), model(whole)[:, :T, :, :H, :W])
    for shape in ((2, 5, 1, 20, 24), (2, 4, 1, 21, 24), (2, 4, 1, 20, 25)):
        with pytest.raises(BadArgument, match="up to 4 frames of 20x24 px"):
            model(torch.rand(shape))


def test_it_looks_at_all_pixels_for_each() -> None:
    """A change in a corner of the last frame reaches the far corner of the first."""
    torch.manual_seed(0)
    model = Perceptron(8, clip_shape=SHAPE)
    torch.nn.init.normal_(model.head.weight)
    video = torch.rand(1, *SHAPE)[:, :, None]
    changed = video.clone()
    changed[0, -1, 0, -1, -1] += 0.5
    assert not torch.equal(model(video)[0, 0, :, 0, 0], model(changed)[0, 0, :, 0, 0])


def test_clips_of_too_many_pixels_are_refused_before_memory_is_taken() -> None:
    huge = SceneSpec(height=512, width=640, num_frames=30)
    with pytest.raises(BadArgument, match=r"up to 131072 pixels for a perceptron; .*smaller clips"):
        Settings.of("perceptron", spec=huge.to_dict(), steps=1)
    with pytest.raises(BadArgument, match="131072"):
        build("perceptron", 8, 11, (30, 512, 640))
