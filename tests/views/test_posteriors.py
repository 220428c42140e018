"""The figure shows the arrays that it says it shows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from tests.oracle.enumeration import tiny_spec

from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.oracle import Oracle
from segmnist.oracle.posterior import Posterior
from segmnist.source import ClipSource
from segmnist.views.posteriors import posterior_sheet, posterior_strips


@pytest.fixture(scope="module")
def known(small_bank: DigitBank) -> Any:
    spec = tiny_spec(classes=(6, 9), twins=((6, 9),), sensor_sigma=15.0)
    clip = ClipSource(spec, bank=small_bank, truth=("semantic",))[0]
    return clip, Oracle(spec, bank=small_bank).posterior(clip.video)


def test_rows_are_video_truth_decision_and_entropy(known: Any) -> None:
    clip, posterior = known
    first, second = posterior_strips(clip, [posterior])
    np.testing.assert_array_equal(first.rows[0].pixels, clip.video)
    np.testing.assert_array_equal(first.rows[1].pixels, clip.semantic)
    np.testing.assert_array_equal(second.rows[0].pixels, posterior.semantic)
    doubt = second.rows[1]
    # Little noise: all that is in doubt is which twin it is, drawn white on black.
    white, black = doubt.colours[255], doubt.colours[0]
    drawn = doubt.colours[doubt.pixels]
    assert (drawn[posterior.entropy > 0.999 * np.log(2)] >= white - 2).all()
    assert (drawn[posterior.entropy < 1e-3] == black).all()
    assert (doubt.pixels > 250).any()


def test_sheet_is_wide_enough_for_every_frame(known: Any) -> None:
    clip, posterior = known
    sheet = posterior_sheet(clip, [posterior, posterior])
    assert sheet.mode == "RGB"
    assert sheet.width >= 3 * 18
    assert np.asarray(sheet).std() > 10


def test_frames_are_large_enough_to_be_read(known: Any) -> None:
    clip, posterior = known
    T, H, W = clip.video.shape
    sheet = np.asarray(posterior_sheet(clip, [posterior]))
    scale = 192 // max(H, W)
    frame = clip.video[0].repeat(scale, axis=0).repeat(scale, axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(sheet[..., 0], (1, frame.shape[1]))
    assert (windows[:, :, 0] == frame[0]).all(axis=-1).any()
    assert sheet.shape[1] >= T * W * scale


def test_the_largest_entropy_is_told(known: Any) -> None:
    clip, posterior = known
    title = posterior_strips(clip, [posterior])[1].title
    assert f"at most {posterior.entropy.max():.2g} nats" in title
    certain = SimpleNamespace(
        semantic=posterior.semantic, entropy=-0.0 * posterior.entropy, horizon=0, observer="offline"
    )
    assert "(0 everywhere)" in posterior_strips(clip, [cast(Posterior, certain)])[1].title


def test_posterior_of_another_clip_is_refused(known: Any, small_bank: DigitBank) -> None:
    clip, _ = known
    other = tiny_spec(num_frames=2)
    strange = Oracle(other, bank=small_bank).posterior(np.zeros((2, 16, 18), np.uint8))
    with pytest.raises(BadArgument, match="posterior"):
        posterior_strips(clip, [strange])
