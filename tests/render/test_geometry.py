"""The map from frame to glyph: half turns are exact, whatever the angle, the place and the glyph's size."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from segmnist import DigitBank, Scene, SceneSpec, preset, render, sample
from segmnist.render.geometry import glyph_coordinates, inverse_coefficients
from segmnist.scene.fixed_point import FULL_TURN, ONE

ANGLES = st.one_of(st.sampled_from(range(0, FULL_TURN, 4_500)), st.integers(0, FULL_TURN - 1))
SCALES = st.one_of(st.just(ONE), st.integers(ONE // 4, 6 * ONE))


def scene_of(image: np.ndarray, side: tuple[int, int], **rows: int) -> Scene:
    """One digit, of this image, on black."""
    images = np.stack([image] * 3)
    bank = DigitBank.from_arrays(images, np.zeros(3, int))
    spec = SceneSpec(
        height=side[0], width=side[1], num_frames=1, num_digits_range=(1, 1), num_shapes_range=(0, 0),
        noise_density=0.0, ink_threshold=1, classes=(0,), scale_range=(0.25, 0.25),
    )  # fmt: skip
    values = {"brightness": ONE, "scale": ONE, **rows}
    arrays = {name: np.full((1, 1, 1), value, np.int32) for name, value in values.items()}
    return sample(spec, [0], bank=bank).replace(**arrays)


@st.composite
def images(draw: st.DrawFn) -> np.ndarray:
    height, width = draw(st.integers(4, 17)), draw(st.integers(4, 17))
    random = np.random.default_rng(draw(st.integers(0, 999)))
    image: np.ndarray = random.integers(0, 256, (height, width)).astype(np.uint8)
    return image


@given(images(), ANGLES, SCALES, st.integers(0, 40 * ONE), st.integers(0, 50 * ONE))
@settings(max_examples=150)
def test_a_glyph_turned_by_half_equals_the_turned_glyph(
    image: np.ndarray, angle: int, scale: int, y: int, x: int
) -> None:
    """So a 6 at 30 degrees and a 9 that is its half turn at 210 cannot be told apart, not by one pixel."""
    here = render(scene_of(image, (40, 50), angle=angle, scale=scale, y=y, x=x))
    opposite = (angle + FULL_TURN // 2) % FULL_TURN
    turned = render(scene_of(image[::-1, ::-1], (40, 50), angle=opposite, scale=scale, y=y, x=x))
    assert np.array_equal(here.video, turned.video)
    assert np.array_equal(here.semantic, turned.semantic)


@given(images(), st.integers(0, 40), st.integers(0, 50))
def test_an_upright_glyph_is_copied(image: np.ndarray, top: int, left: int) -> None:
    height, width = image.shape
    y, x = (2 * top + height) * ONE // 2, (2 * left + width) * ONE // 2
    frame = render(scene_of(image, (64, 72), angle=0, y=y, x=x)).video[0, 0]
    expected = np.zeros((64, 72), np.uint8)
    expected[top : top + height, left : left + width] = image
    assert np.array_equal(frame, expected)


@given(images(), st.integers(0, 3), st.integers(20, 30), st.integers(20, 30))
def test_quarter_turns_are_counter_clockwise_as_seen(
    image: np.ndarray, quarters: int, y: int, x: int
) -> None:
    """Exactly so where the glyph's centre and the frame's pixels agree after the turn: sides both odd or both even."""
    image = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
    scene = scene_of(image, (56, 60), angle=quarters * 9_000, y=y * ONE, x=x * ONE)
    turned = np.rot90(image, quarters)
    height, width = turned.shape
    expected = np.zeros((56, 60), np.uint8)
    expected[y - height // 2 : y + height // 2, x - width // 2 : x + width // 2] = turned
    assert np.array_equal(render(scene).video[0, 0], expected)


@given(st.integers(1, 5), st.integers(10, 20), st.integers(10, 20))
def test_whole_scales_repeat_pixels(scale: int, top: int, left: int) -> None:
    image = np.random.default_rng(5).integers(1, 256, (6, 7)).astype(np.uint8)
    y, x = (2 * top + 6 * scale) * ONE // 2, (2 * left + 7 * scale) * ONE // 2
    frame = render(scene_of(image, (64, 72), angle=0, scale=scale * ONE, y=y, x=x)).video[0, 0]
    expected = np.kron(image, np.ones((scale, scale), np.uint8))
    assert np.array_equal(frame[top : top + 6 * scale, left : left + 7 * scale], expected)
    assert frame.astype(int).sum() == expected.astype(int).sum()


@given(ANGLES, SCALES, st.integers(-(1 << 22), 1 << 22), st.integers(-(1 << 22), 1 << 22))
def test_the_map_is_the_inverse_turn_and_scale(angle: int, scale: int, centre_y: int, centre_x: int) -> None:
    """Against floating point: off by less than a hundredth of a glyph pixel anywhere in the frame."""
    a, b = inverse_coefficients(np.int64(angle), np.int64(scale))
    y, x = np.indices((40, 50), dtype=np.int64)
    fine = 1000  # a glyph so large that its whole pixels are thousandths of what matters
    row, column = glyph_coordinates(y, x, centre_y, centre_x, int(a) * fine, int(b) * fine, (0, 0))
    turn = np.radians(angle / 100)
    dy, dx = y + 0.5 - centre_y / ONE, x + 0.5 - centre_x / ONE
    u = (np.cos(turn) * dx - np.sin(turn) * dy) / (scale / ONE)
    v = (np.sin(turn) * dx + np.cos(turn) * dy) / (scale / ONE)
    reach = max(np.abs(u).max(), np.abs(v).max()) * scale / ONE
    tolerance = 0.002 + 2 * reach / ONE
    assert np.abs(row / fine - v).max() < tolerance
    assert np.abs(column / fine - u).max() < tolerance


@given(ANGLES, SCALES)
def test_coefficients_are_odd_and_even(angle: int, scale: int) -> None:
    a, b = inverse_coefficients(np.int64(angle), np.int64(scale))
    assert a % 2 == 1
    assert b % 2 == 0
    opposite = np.int64((angle + FULL_TURN // 2) % FULL_TURN)
    assert inverse_coefficients(opposite, np.int64(scale)) == (-a, -b)


@given(images(), ANGLES, st.integers(10 * ONE, 40 * ONE), st.integers(10 * ONE, 40 * ONE))
def test_cut_corners_keep_the_upright_box(image: np.ndarray, angle: int, y: int, x: int) -> None:
    scene = scene_of(image, (52, 56), angle=angle, y=y, x=x)
    free = render(scene).video[0, 0]
    cut = render(scene.replace(spec=scene.spec.replace(cut_corners=True))).video[0, 0]
    rows, columns = np.indices(cut.shape) + 0.5
    height, width = image.shape
    in_box = (rows >= y / ONE - height / 2) & (rows < y / ONE + height / 2)
    in_box &= (columns >= x / ONE - width / 2) & (columns < x / ONE + width / 2)
    assert np.array_equal(cut, np.where(in_box, free, 0))


def test_passing_digits_leave_the_frame_and_come_back() -> None:
    instance = render(sample(preset("passing", num_frames=120), range(20)), "instance").instance
    seen = np.stack([(instance == n).any(axis=(2, 3)) for n in (1, 2)])
    away = ~seen[:, :, 1:-1]
    came_back = [np.flatnonzero(np.diff(path.astype(int)) == 1).size for path in seen.reshape(-1, 120)]
    assert away.any()
    assert sum(came_back) > 10
