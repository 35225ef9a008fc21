"""Pictures in a row from one session: while one is read back and used, the next ones are encoded and traced."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .checks import scene_error
from .errors import Cancelled, Forge3dError, RenderError
from .native import translated
from .render import MAX_SAMPLES, Image, RenderSession
from .scene import Scene

MOST_PENDING_OPS = 64


@dataclass(frozen=True)
class AsyncReadbackConfig:
    """How many read-back buffers a row of pictures takes turns in.

    - ``max_pending_ops``: 1..64 pictures on their way or in the caller's hands; each takes 4 bytes a pixel of the
      budget.
    - ``pre_allocate``: the buffers are made, and counted, before the first picture. Where the budget has no room for
      all of them there are fewer; with none at all every picture is copied out in pieces. False: made when needed.

    Raises SceneError.
    """

    pre_allocate: bool = True
    max_pending_ops: int = 4

    def __post_init__(self) -> None:
        if not isinstance(self.pre_allocate, bool):
            raise scene_error("pre_allocate", "True or False", self.pre_allocate, "True")
        _check_whole("max_pending_ops", self.max_pending_ops, MOST_PENDING_OPS, "4 keep any GPU busy")


class AsyncRenderer(RenderSession):
    """A ``RenderSession`` with a ring of read-back buffers: ``frames`` draws one scene after the other without a pause.

    Like any session it is for one thread at a time, of whichever thread, and ``cancel`` for all.
    """

    def __init__(
        self,
        width: int,
        height: int,
        config: AsyncReadbackConfig | None = None,
        *,
        adapter: str = "auto",
        memory_budget: int | None = None,
        prefer_software: bool = False,
    ) -> None:
        """``width``, ``height``: of the pictures, 1..16384. The rest as in ``RenderSession``. Raises what that does."""
        if config is not None and not isinstance(config, AsyncReadbackConfig):
            raise scene_error("config", "an AsyncReadbackConfig", config, "make one, or give None")
        super().__init__((width, height), adapter=adapter, memory_budget=memory_budget, prefer_software=prefer_software)
        self.config = config or AsyncReadbackConfig()
        self._row: object | None = None
        self._cancels = 0  # calls of cancel so far

    def frames(self, scenes: Iterable[Scene], samples: int = 1) -> Iterator[Image]:
        """Pictures of ``scenes``, in their order, each with ``samples`` samples, 1..1024, from zero.

        Their bytes are those of ``set_scene(scene)``, ``refine(samples=samples)``, ``read()`` on a new session, one by
        one. ``scenes`` is asked for up to ``max_pending_ops`` scenes ahead of the picture that is handed out. Pictures
        may be kept: half of the ring's buffers may be in the caller's hands, further pictures are copies. ``metrics``
        of each is its own. Scenes may change everything, the model of shading too.

        What ``scenes`` raises, a value that is no Scene, and a failure of a picture are raised in their turn, after the
        pictures before; then the iterator has ended and the session can be used again. Closing the iterator early
        leaves nothing behind. ``cancel`` ends it with Cancelled, from this call on, before its first picture, too. One
        iterator at a time (RenderError).

        ``set_scene`` in the middle of a row changes no picture of it. Heights or a drape set there are those of the
        scenes that are asked for afterwards: the pictures on their way, up to ``max_pending_ops``, are of the old ones.

        Raises SceneError for arguments at once; in its turn what ``refine`` and ``read`` do.
        """
        _check_whole("samples", samples, MAX_SAMPLES, "1 is a sketch, 16 smooth, 64 for print")
        if isinstance(scenes, Scene) or not isinstance(scenes, Iterable):
            raise scene_error("scenes", "an iterable of Scene", scenes, "give a list, or a generator")
        return self._frames(iter(scenes), int(samples), self._cancels)

    def _frames(self, scenes: Iterator[Scene], samples: int, cancels: int) -> Iterator[Image]:
        row = object()
        if self._row is not None:
            raise RenderError(
                "frames: expected one iterator at a time; got a second one; fix: take all pictures of the "
                "first, or close it"
            )
        self._row = row
        failure: Exception | None = None
        waiting, is_over = 0, False
        try:
            self._check_cancelled(cancels)
            with translated():
                room = self._renderer.reserve_pictures(
                    self.config.max_pending_ops, pre_allocate=self.config.pre_allocate
                )
            while True:
                while not is_over and waiting < max(1, room):
                    try:
                        self._want(next(scenes), samples)
                    except StopIteration:
                        is_over = True
                    except Exception as error:  # noqa: BLE001 (raised below, after the pictures before it)
                        failure, is_over = error, True
                    else:
                        waiting += 1
                if not waiting:
                    break
                waiting -= 1
                self._check_cancelled(cancels)
                yield self._next()  # no name for it here: its buffer is free when the caller lets go of it
            if failure is not None:
                raise failure
        finally:
            failure = None  # else its traceback and this frame would hold each other
            self._row = None
            with contextlib.suppress(Forge3dError), translated():
                self._renderer.forget_pictures()

    def _want(self, scene: object, samples: int) -> None:
        native_scene = self._native_scene(scene)
        with translated():
            self._renderer.want_picture(native_scene, samples)
        self.pictures += 1

    def _check_cancelled(self, cancels: int) -> None:
        """``cancels``: as many had been when the row was asked for."""
        if self._cancels != cancels:
            raise Cancelled("the row of pictures was cancelled")

    def _next(self) -> Image:
        with translated():
            rgba: Any = self._renderer.next_picture()
            return Image(rgba, self.metrics())

    def cancel(self) -> None:
        """As in ``RenderSession``; rows of pictures that ``frames`` gave before end with Cancelled."""
        self._cancels += 1
        super().cancel()


def _check_whole(name: str, value: object, most: int, remedy: str) -> None:
    if isinstance(value, bool) or not hasattr(value, "__index__") or not 1 <= int(value) <= most:
        raise scene_error(name, f"a whole number of 1..{most}", value, remedy)
