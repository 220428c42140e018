"""Paths against simulations that take one small step at a time."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from segmnist import Scene, SceneSpec, preset, render, sample
from segmnist.scene.kernels import reflect

ONE = 1 << 16


def walk(position: int, velocity: int, span: int) -> tuple[int, int]:
    """Take one frame's step a unit at a time, and turn around at the walls of 0..span."""
    direction = 1 if velocity >= 0 else -1
    for _ in range(abs(velocity)):
        if not 0 <= position + direction <= span:
            direction = -direction
        position += direction
    return position, direction * abs(velocity)


@given(st.integers(1, 60), st.data(), st.integers(-200, 200), st.integers(1, 30))
@example(1, None, 200, 30)
def test_reflect_is_where_small_steps_lead(
    span: int, data: st.DataObject, velocity: int, frames: int
) -> None:
    start = data.draw(st.integers(0, span)) if data else 0
    position, speed = start, velocity
    for t in range(1, frames + 1):
        position, speed = walk(position, speed, span)
        assert reflect.py_func(start + velocity * t, span) == position


@given(st.integers(-(1 << 40), 1 << 40))
def test_without_room_nothing_moves(position: int) -> None:
    assert reflect.py_func(position, 0) == 0


@given(st.integers(-(1 << 40), 1 << 40), st.integers(1, 1 << 28))
def test_reflect_stays_inside_and_moves_no_faster(position: int, span: int) -> None:
    here, next_ = reflect.py_func(position, span), reflect.py_func(position + 1, span)
    assert 0 <= here <= span
    assert abs(next_ - here) == 1


def bounce(first: float, velocity: float, low: float, high: float, frames: int) -> np.ndarray:
    """The path of a ball between two walls, in whole pixels."""
    path = [first]
    for _ in range(frames - 1):
        ahead = path[-1] + velocity
        if not low <= ahead <= high:
            ahead = 2 * (low if ahead < low else high) - ahead
            velocity = -velocity
        path.append(ahead)
    return np.array(path)


def check_straight_paths(spec: SceneSpec, scene: Scene, speed: float) -> None:
    """Digits that move along an axis take exactly the path of a ball, one way or the other."""
    low, high_y, high_x = 14, spec.height - 14, spec.width - 14
    for y, x in zip(scene.y[:, 0] / ONE, scene.x[:, 0] / ONE):
        candidates = [
            (bounce(y[0], v_y, low, high_y, len(y)), bounce(x[0], v_x, low, high_x, len(x)))
            for v_y, v_x in ((0, speed), (0, -speed), (speed, 0), (-speed, 0))
        ]
        assert any(np.array_equal(y, path_y) and np.array_equal(x, path_x) for path_y, path_x in candidates)


def test_digits_bounce_like_balls() -> None:
    spec = SceneSpec(
        height=48, width=72, num_digits_range=(1, 1),
        speed_range=(3.5, 3.5), direction_step=90.0, position_step=0.5,
    )  # fmt: skip
    for motion in ("reflect", "markov"):
        moving = spec.replace(digit_motion=motion, num_frames=60)
        check_straight_paths(moving, sample(moving, np.arange(50)), 3.5)


@given(st.floats(0, 6), st.floats(-1, 1))
def test_acceleration_is_half_a_t_squared(speed: float, acceleration: float) -> None:
    spec = SceneSpec(
        height=1024, width=1000, num_frames=20, num_digits_range=(1, 1), direction_step=360.0,
        speed_range=(speed, speed), acceleration_range=(acceleration, acceleration),
    )  # fmt: skip
    scene = sample(spec, np.arange(4))
    t = np.arange(20)
    for x in scene.x[:, 0] / ONE:
        path = x[0] + speed * t + acceleration * t * t / 2
        if path.min() > 14 and path.max() < 1000 - 14:
            assert np.abs(x - path).max() < 0.01
    assert np.all(scene.y == scene.y[:, :, :1])


@given(st.floats(0, 1))
@settings(max_examples=10)
def test_markov_digits_turn_as_often_as_the_odds_say(odds: float) -> None:
    spec = preset(
        "clean", digit_motion="markov", turn_odds=odds, speed_range=(1.0, 2.0), height=1024, width=1000
    )
    scene = sample(spec, np.arange(300))
    real = scene.label != 255
    steps = np.stack([np.diff(axis[real].astype(int), axis=1) for axis in (scene.y, scene.x)])
    inside = (scene.y[real].min(1) > 17 * ONE) & (scene.y[real].max(1) < 1007 * ONE)
    inside &= (scene.x[real].min(1) > 17 * ONE) & (scene.x[real].max(1) < 983 * ONE)
    turns = (np.abs(np.diff(steps[:, inside], axis=2)) > 0).any(axis=0)
    assume(turns.size)
    assert abs(turns.mean() - odds) < 5 * (odds * (1 - odds) / turns.size) ** 0.5 + 1e-9


def simulate_like_origin(start: float, velocity: float, limit: int, frames: int) -> list[int]:
    """The facts of the 2020 code: turn when the next step would pass a wall by over 2 px; draw truncated."""
    drawn = []
    for _ in range(frames):
        drawn.append(int(start))
        if not -2 <= start + velocity <= limit + 2:
            velocity = -velocity
        start += velocity
    return drawn


def test_origin_digits_turn_late_and_stay_whole() -> None:
    spec = preset("origin", height=50, width=70, num_digits_range=(1, 1), speed_range=(5, 5), num_frames=40)
    scene = sample(spec, np.arange(400))
    for place, limit in ((scene.y, 22), (scene.x, 42)):
        drawn = place[:, 0] / ONE - 14
        assert np.all(drawn == drawn.astype(int))
        assert drawn.min() == -1  # -2 < position, truncated toward zero
        assert drawn.max() == limit + 1
        assert np.abs(np.diff(drawn, axis=1)).max() == 5


def test_the_origin_simulation_gives_the_same_path() -> None:
    from segmnist.scene.kernels import Axis, _move_like_origin

    @given(st.integers(0, 36 * ONE - 1), st.integers(-6 * ONE, 6 * ONE), st.integers(1, 3))
    def same(start: int, velocity: int, stride: int) -> None:
        out = np.zeros(12, np.int32)
        _move_like_origin.py_func(out, Axis(start, velocity, 0, 14 * ONE, 36 * ONE), stride)
        expected = simulate_like_origin(start / ONE, velocity / ONE, 36, 12 * stride)[::stride]
        assert (out / ONE - 14).tolist() == expected

    same()


def test_origin_shapes_are_one_layer_that_drifts_and_then_stays() -> None:
    """By 0, 1 or 2 a frame from an offset in 0..room/2-1 on, until it is within 2 of the room."""
    scene = sample(preset("origin", height=60, width=90, num_frames=30), range(500))
    starts: dict[int, set[int]] = {20: set(), 30: set()}
    for row in range(500):
        count = scene.num_shapes[row]
        for place, room in ((scene.shape_y[row, :count], 20), (scene.shape_x[row, :count], 30)):
            moved = place[:, :1] - place  # the window's offset since the first frame
            assert np.all(moved == moved[:1])
            steps = np.diff(moved[0])
            assert steps[0] in (0, 1, 2)
            stop = np.flatnonzero(steps != steps[0])
            if len(stop):
                assert np.all(steps[stop[0] :] == 0)
                if steps[0] == 1:
                    starts[room].add(room - 2 - int(moved.max()))
    assert starts == {20: set(range(10)), 30: set(range(15))}


def test_shapes_move_on_their_own_at_their_own_speed() -> None:
    scene = sample(preset("standard"), np.arange(20))
    for row in range(20):
        count = scene.num_shapes[row]
        steps = np.stack([np.diff(scene.shape_y[row, :count]), np.diff(scene.shape_x[row, :count])])
        assert len(np.unique(np.abs(steps).sum(axis=2), axis=1).T) > count / 2
        assert np.abs(steps).max() <= 4  # 2.5 px, rounded


def stop_and_turn(first: float, velocity: float, room: float, frames: int) -> np.ndarray:
    """The path of the Moving MNIST of 2015, in the parts of the canvas that it counts in, truncated to whole pixels."""
    position, path = first / room, []
    velocity /= room
    for _ in range(frames):
        position += velocity
        if position <= 0:
            position, velocity = 0.0, -velocity
        if position >= 1:
            position, velocity = 1.0, -velocity
        path.append(int(position * room))
    return np.array(path)


def test_clamped_digits_stop_at_the_walls_and_turn_around() -> None:
    """On a lattice of starts and directions, so that the few paths that there can be are known."""
    spec = SceneSpec(
        height=48, width=72, num_frames=40, num_digits_range=(1, 1), digit_motion="clamp",
        speed_range=(3.6, 3.6), direction_step=90.0, position_step=4.0,
    )  # fmt: skip
    scene = sample(spec, np.arange(60))
    for y, x in zip(scene.y[:, 0], scene.x[:, 0]):
        assert not ((y | x) & 0xFFFF).any()
        places = {"y": y // ONE - 14, "x": x // ONE - 14}
        moving = "y" if len(set(places["y"])) > 1 else "x"
        still = places["x" if moving == "y" else "y"]
        assert len(set(still)) == 1
        room = 20 if moving == "y" else 44
        paths = [
            stop_and_turn(start, velocity, room, 40)
            for start in range(0, room + 1, 4)
            for velocity in (3.6, -3.6)
        ]
        # 3.6 px in Q16 is a little less, so a place just above a whole pixel may be truncated below it.
        assert any(np.abs(places[moving] - path).max() <= 1 for path in paths)
        assert {0, room} <= set(places[moving])


def test_the_moving_mnist_preset_is_the_pixelwise_maximum_of_two_unchanged_glyphs() -> None:
    spec = preset("moving-mnist", height=52, width=70)
    clips = render(sample(spec, range(12), split="test"), "pose")
    scene, corners = clips.scene, clips.pose[..., :2] - 14
    assert np.array_equal(corners, np.floor(corners))
    assert (corners.min(axis=(0, 1, 2)) == 0).all()
    assert tuple(corners.max(axis=(0, 1, 2))) == (52 - 28, 70 - 28)
    expected = np.zeros_like(clips.video)
    for b, n, t in np.ndindex(corners.shape[:3]):
        y, x = corners[b, n, t].astype(int)
        under = expected[b, t, y : y + 28, x : x + 28]
        np.maximum(under, scene.bank.images[scene.glyph[b, n]], out=under)
    assert np.array_equal(clips.video, expected)


def test_moving_mnist_goes_in_every_direction_alike() -> None:
    """Away from the walls a digit moves by 3.6 px a frame, one way as often as any other."""
    scene = sample(preset("moving-mnist", height=1024, width=1000), np.arange(400))
    steps = np.stack([place[:, :, 19] - place[:, :, 0] for place in (scene.y, scene.x)]) / ONE / 19
    inside = np.ones(steps.shape[1:], bool)
    for place, room in ((scene.y, 1024 - 28), (scene.x, 1000 - 28)):
        corner = place // ONE - 14
        inside &= (corner.min(axis=2) > 0) & (corner.max(axis=2) < room)
    assert inside.mean() > 0.8
    assert np.abs(np.hypot(*steps[:, inside]) - 3.6).max() < 0.1
    turn = np.arctan2(*steps[:, inside]) / (2 * np.pi) % 1
    counts, _ = np.histogram(turn, 8, (0, 1))
    assert np.abs(counts - counts.mean()).max() < 5 * np.sqrt(counts.mean())
