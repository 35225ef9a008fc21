"""AsyncRenderer.frames: the pictures of one by one drawing, in order, whatever their callers do with them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from forge3d_qgis.core import (
    AsyncReadbackConfig,
    AsyncRenderer,
    Camera,
    Cancelled,
    Dem,
    MemoryBudgetError,
    RenderError,
    RenderSession,
    Scene,
    SceneError,
)

SIZE = (67, 45)
HILLS = Dem.from_array((np.add.outer(np.sin(np.arange(90) / 5), np.cos(np.arange(120) / 7)) * 9).astype(np.float32))
TURN = [Scene(camera=Camera(heading=30.0 * i, pitch=25.0 + 5 * i)) for i in range(7)]
# Near, then far: what the near one left in the light must not show around the far one.
MIXED = [
    Scene(camera=Camera(zoom=3.0)),
    Scene(camera=Camera(zoom=0.3), background="transparent"),
    Scene(shading="hillshade", camera=Camera(projection="orthographic", pitch=90.0)),
    Scene(camera=Camera(zoom=0.2, target=(400.0, 0.0, 0.0), distance=900.0)),
    Scene(shading="horn"),
    Scene(),
    Scene(),
]


def one_by_one(scenes: list[Scene], adapter: str, samples: int = 1, size: tuple[int, int] = SIZE) -> list[np.ndarray]:
    pictures = []
    for scene in scenes:
        with RenderSession(size, adapter=adapter) as session:
            session.set_dem(HILLS)
            session.set_scene(scene)
            while session.refine(samples=samples) < samples:
                pass
            pictures.append(session.read().rgba.copy())
    return pictures


@pytest.fixture
def ring(adapter: str) -> Iterator[AsyncRenderer]:
    with AsyncRenderer(*SIZE, adapter=adapter) as renderer:
        renderer.set_dem(HILLS)
        yield renderer


def assert_same(pictures: list[np.ndarray], expected: list[np.ndarray]) -> None:
    assert len(pictures) == len(expected)
    for i, (picture, wanted) in enumerate(zip(pictures, expected, strict=True)):
        assert np.array_equal(picture, wanted), f"picture {i}"


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("scenes", [TURN, MIXED], ids=["turn", "mixed"])
@pytest.mark.parametrize("pending", [1, 2, 4])
def test_their_bytes_are_those_of_one_by_one_drawing(
    adapter: str, scenes: list[Scene], samples: int, pending: int
) -> None:
    config = AsyncReadbackConfig(max_pending_ops=pending)
    with AsyncRenderer(*SIZE, config, adapter=adapter) as ring:
        ring.set_dem(HILLS)
        images = []
        for image in ring.frames(iter(scenes), samples):
            assert image.metrics["samples"] == samples and image.metrics["encode_ms"] > 0
            images.append(image.rgba.copy())
    assert_same(images, one_by_one(scenes, adapter, samples))


@pytest.mark.parametrize("pre_allocate", [True, False])
def test_pictures_that_are_kept_stay_true_and_do_not_stall_the_rest(adapter: str, pre_allocate: bool) -> None:
    with AsyncRenderer(*SIZE, AsyncReadbackConfig(pre_allocate, 3), adapter=adapter) as ring:
        ring.set_dem(HILLS)
        kept = [image.rgba for image in ring.frames(TURN)]
        again = [image.rgba for image in ring.frames(TURN)]  # while all of the first are held
    assert_same(kept, one_by_one(TURN, adapter))
    assert_same(again, kept)


def test_the_ring_is_counted_before_the_first_picture_and_gone_after_the_last(native: ModuleType, adapter: str) -> None:
    before = native.memory_metrics()
    with AsyncRenderer(*SIZE, AsyncReadbackConfig(max_pending_ops=5), adapter=adapter) as ring:
        ring.set_dem(HILLS)
        held = native.memory_metrics()["host_visible_bytes"]
        pictures = ring.frames(TURN)
        next(pictures)
        assert native.memory_metrics()["host_visible_bytes"] >= held + 5 * SIZE[0] * SIZE[1] * 4
        allocations = native.memory_metrics()["allocation_count"]
        for image in pictures:
            del image
        assert native.memory_metrics()["allocation_count"] == allocations, "a picture reserved memory"
        assert native.memory_metrics()["host_visible_bytes"] <= held + 2 * (SIZE[0] * SIZE[1] * 4 + 4096)
    after = native.memory_metrics()
    assert (after["total_bytes"], after["buffer_count"]) == (before["total_bytes"], before["buffer_count"])


@pytest.mark.parametrize("buffers", [0, 1, 2])
def test_a_budget_without_room_for_all_buffers_gives_the_same_pictures_with_fewer(
    native: ModuleType, adapter: str, buffers: int
) -> None:
    size = (1600, 1000)  # one buffer takes more than a piece
    estimate = dict(native.memory_estimate(HILLS.size, size)["items"])
    held = sum(estimate[name] for name in ("frame", "height texture", "maximum pyramid", "picture")) + 64
    budget = held + 4 * 2**20 + 4096 + buffers * (estimate["read back"] + 64)
    scenes = TURN[:3]
    with AsyncRenderer(*size, adapter=adapter, memory_budget=budget) as ring:
        ring.set_dem(HILLS)
        pictures = [image.rgba for image in ring.frames(scenes)]
    with AsyncRenderer(*size, adapter=adapter) as ring:
        ring.set_dem(HILLS)
        assert_same(pictures, [image.rgba for image in ring.frames(scenes)])


def test_a_budget_without_room_for_the_picture_is_refused_with_numbers(adapter: str) -> None:
    with AsyncRenderer(1600, 1000, adapter=adapter, memory_budget=8 << 20) as ring:
        ring.set_dem(HILLS)
        with pytest.raises(MemoryBudgetError, match=r"(?s)expected at most .* MiB .*fix:"):
            next(ring.frames(TURN))


def test_what_the_scenes_raise_comes_after_the_pictures_before_it(
    native: ModuleType, adapter: str, ring: AsyncRenderer
) -> None:
    def scenes() -> Iterator[Scene]:
        yield from TURN[:3]
        raise LookupError("no fourth scene")

    for _ in range(2):  # nothing of the first time is left for the second
        pictures = []
        with pytest.raises(LookupError, match="no fourth scene"):
            for image in ring.frames(scenes()):
                pictures.append(image.rgba.copy())
        assert_same(pictures, one_by_one(TURN[:3], adapter))
    held = native.memory_metrics()["total_bytes"]
    with pytest.raises(LookupError):
        list(ring.frames(scenes()))
    assert native.memory_metrics()["total_bytes"] <= held


def test_something_that_is_no_scene_is_told_in_its_turn(adapter: str, ring: AsyncRenderer) -> None:
    pictures = ring.frames([TURN[0], TURN[1], "sunny"])  # type: ignore[list-item]
    first, second = next(pictures).rgba.copy(), next(pictures).rgba.copy()
    with pytest.raises(SceneError, match="expected a Scene; got 'sunny'"):
        next(pictures)
    assert_same([first, second], one_by_one(TURN[:2], adapter))
    assert list(pictures) == []


def test_without_heights_the_first_picture_says_so(adapter: str) -> None:
    with AsyncRenderer(*SIZE, adapter=adapter) as ring, pytest.raises(RenderError, match="set_height_data"):
        next(ring.frames(TURN))


def test_an_iterator_that_is_closed_early_leaves_the_session_as_good_as_new(
    native: ModuleType, adapter: str, ring: AsyncRenderer
) -> None:
    for taken in (0, 1, 3):
        pictures = ring.frames(TURN)
        for _ in range(taken):
            next(pictures)
        pictures.close()  # type: ignore[attr-defined]
    assert_same([image.rgba.copy() for image in ring.frames(MIXED)], one_by_one(MIXED, adapter))


def test_a_second_iterator_is_refused_until_the_first_has_ended(ring: AsyncRenderer) -> None:
    first = ring.frames(TURN)
    next(first)
    with pytest.raises(RenderError, match="one iterator at a time"):
        next(ring.frames(TURN))
    assert len(list(first)) == len(TURN) - 1
    assert len(list(ring.frames(TURN))) == len(TURN)


def test_cancel_from_another_thread_ends_the_row_and_no_other_call(adapter: str, ring: AsyncRenderer) -> None:
    pictures = ring.frames(TURN * 100)
    next(pictures)
    thread = threading.Thread(target=ring.cancel)
    thread.start()
    thread.join()
    with pytest.raises(Cancelled):
        next(pictures)
    assert list(pictures) == []
    ring.cancel()  # nothing is in progress: the next row is not concerned
    assert_same([image.rgba.copy() for image in ring.frames(TURN[:2])], one_by_one(TURN[:2], adapter))


def test_cancel_before_the_first_picture_ends_the_row_and_not_the_next(adapter: str, ring: AsyncRenderer) -> None:
    first, second = ring.frames(TURN), ring.frames(TURN)
    ring.cancel()
    for pictures in (first, second):
        with pytest.raises(Cancelled):
            next(pictures)
        assert list(pictures) == []
    assert_same([image.rgba.copy() for image in ring.frames(TURN[:2])], one_by_one(TURN[:2], adapter))


def test_heights_set_in_the_middle_are_those_of_the_scenes_that_are_asked_for_afterwards(
    adapter: str, ring: AsyncRenderer
) -> None:
    flat = Dem.from_array(np.zeros((90, 120), dtype=np.float32))
    with RenderSession(SIZE, adapter=adapter) as session:
        session.set_dem(flat)
        over_flat = []
        for scene in TURN:
            session.set_scene(scene)
            while session.refine(samples=1) < 1:
                pass
            over_flat.append(session.read().rgba.copy())
    asked, pictures = 0, []

    def scenes() -> Iterator[Scene]:
        nonlocal asked
        for scene in TURN:
            asked += 1
            yield scene

    for image in ring.frames(scenes()):
        pictures.append(image.rgba.copy())
        if len(pictures) == 1:
            before = asked
            ring.set_dem(flat)
            ring.set_scene(MIXED[4])
    assert 1 <= before <= 4
    assert_same(pictures, one_by_one(TURN[:before], adapter) + over_flat[before:])


def test_cancel_during_a_picture_ends_it(ring: AsyncRenderer) -> None:
    ring.resize((900, 600))
    pictures = ring.frames(TURN, samples=1024)
    timer = threading.Timer(0.3, ring.cancel)
    timer.start()
    with pytest.raises(Cancelled):
        next(pictures)
    timer.join()


def test_pictures_may_be_taken_in_other_threads_than_the_renderer_was_made_in(
    adapter: str, ring: AsyncRenderer
) -> None:
    pictures = ring.frames(TURN)
    taken: list[np.ndarray] = []
    for _ in TURN:
        thread = threading.Thread(target=lambda: taken.append(next(pictures).rgba))
        thread.start()
        thread.join()
    assert_same(taken, one_by_one(TURN, adapter))


def test_something_else_drawn_between_two_pictures_disturbs_neither(adapter: str, ring: AsyncRenderer) -> None:
    row, between = [], []
    for image in ring.frames(TURN):
        row.append(image.rgba.copy())
        ring.set_scene(MIXED[2])
        assert ring.pick(SIZE[0] / 2, SIZE[1] / 2) is not None
        ring.refine(samples=2)
        between.append(ring.read().rgba.copy())
    assert_same(row, one_by_one(TURN, adapter))
    assert_same(between, one_by_one([MIXED[2]], adapter, samples=2) * len(TURN))


def test_another_size_between_two_pictures_is_that_of_the_pictures_begun_after_it(
    adapter: str, ring: AsyncRenderer
) -> None:
    sizes = [SIZE, (31, 80)]
    expected = {size: one_by_one(TURN, adapter, size=size) for size in sizes}
    found = []
    for i, image in enumerate(ring.frames(TURN)):
        if i == 2:
            ring.resize(sizes[1])
        assert np.array_equal(image.rgba, expected[image.size][i])
        found.append(sizes.index(image.size))
    assert found == sorted(found) and found[-1] == 1


def test_a_row_is_drawn_with_the_drape_and_the_heights_of_its_session(adapter: str) -> None:
    drape = np.random.default_rng(3).integers(0, 255, (40, 50, 4), dtype=np.uint8)
    with RenderSession(SIZE, adapter=adapter) as session, AsyncRenderer(*SIZE, adapter=adapter) as ring:
        session.set_dem(HILLS)
        session.set_drape(drape)
        session.set_scene(TURN[2])
        session.refine(samples=1)
        ring.share_heights(session)
        ring.set_drape(drape)
        images = list(ring.frames([TURN[2], replace(TURN[2])]))
        assert_same([image.rgba for image in images], [session.read().rgba] * 2)


@pytest.mark.parametrize("pending", [0, -1, 65, 2.0, True, "4", None])
def test_numbers_of_pending_operations_outside_1_to_64_are_refused(pending: object) -> None:
    with pytest.raises(SceneError, match=r"max_pending_ops: expected a whole number of 1\.\.64"):
        AsyncReadbackConfig(max_pending_ops=pending)  # type: ignore[arg-type]


@pytest.mark.parametrize("samples", [0, 1025, 1.5, None])
def test_samples_outside_their_range_are_refused_at_once(ring: AsyncRenderer, samples: object) -> None:
    with pytest.raises(SceneError, match=r"samples: expected a whole number of 1\.\.1024"):
        ring.frames(TURN, samples)  # type: ignore[arg-type]


def test_scenes_that_cannot_be_iterated_are_refused_at_once(ring: AsyncRenderer) -> None:
    for scenes in (Scene(), 3, None):
        with pytest.raises(SceneError, match="an iterable of Scene"):
            ring.frames(scenes)  # type: ignore[arg-type]
    with pytest.raises(SceneError, match="AsyncReadbackConfig"):
        AsyncRenderer(8, 8, 4)  # type: ignore[arg-type]
