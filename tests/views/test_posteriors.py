"""The figure shows the arrays that it says it shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.oracle.enumeration import tiny_spec

from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.oracle import Oracle
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


def test_posterior_of_another_clip_is_refused(known: Any, small_bank: DigitBank) -> None:
    clip, _ = known
    other = tiny_spec(num_frames=2)
    strange = Oracle(other, bank=small_bank).posterior(np.zeros((2, 16, 18), np.uint8))
    with pytest.raises(BadArgument, match="posterior"):
        posterior_strips(clip, [strange])
