"""Played in the real QGIS by scripts/qgis_tour/run.sh: every gesture and key of the picture, from the X server."""

from driver import Hands, iface, play, say, shot
from qgis.gui import QgsRubberBand
from qgis.PyQt.QtWidgets import QApplication
from qgis.utils import plugins

from forge3d_qgis.core.camera import is_fitted, span

NEAR = 0.004  # degrees: four cells, for a pointer of whole pixels on a small picture


def scenario():
    hands = Hands()
    plugin = plugins["forge3d_qgis"]
    yield 0.5
    plugin.render_action.trigger()
    dock = plugin.dock
    relief, preview = dock.relief, dock.preview

    def camera():
        return dock.current.view.scene.camera

    sharp = _sharp(dock)
    yield sharp
    places = []
    relief.navigation.pointed.connect(lambda place: place is not None and places.append(place))

    def point(x, y):
        """The map place under a share of the picture, as the pointer tells it."""
        yield sharp
        hands.move(preview, x + 0.05, y)
        yield hands.done
        yield 0.2
        places.clear()
        hands.move(preview, x, y)
        yield hands.done
        yield lambda: places
        yield 0.2

    yield from point(0.5, 0.55)
    words = preview.place
    x, y, metres = places[-1]
    expect(f"{x:.5f}" in words and f"{y:.5f}" in words and f"{metres:.1f} m" in words, "coordinates", words, places[-1])
    expect(iface.activeLayer().extent().contains(x, y), "a place on the layer", x, y)

    say("left drag turns and tilts")
    held_camera = camera()
    hands.drag(preview, (0.4, 0.5), (0.6, 0.45))
    yield hands.done
    after = camera()
    expect(after.heading != held_camera.heading and after.pitch != held_camera.pitch, "another view", after)

    for name, button, keys in (("right", 3, ()), ("shift", 1, ("shift",))):
        say(f"{name} drag moves the ground with the hand")
        yield from point(0.5, 0.5)
        held, held_camera = places[-1], camera()
        for key in keys:
            hands.do("keydown", key)
        yield hands.done
        hands.drag(preview, (0.5, 0.5), (0.58, 0.56), button=button)
        yield hands.done
        for key in keys:
            hands.do("keyup", key)
        yield hands.done
        yield from point(0.58, 0.56)
        near(places[-1], held)
        after = camera()
        expect(
            (after.heading, after.pitch) == (held_camera.heading, held_camera.pitch), "no turning", held_camera, after
        )

    for name, button in (("in", 4), ("out", 5)):
        say(f"the wheel zooms {name} at the pointer")
        yield from point(0.6, 0.55)
        held, before = places[-1], span(camera())
        for _ in range(3):
            hands.click(preview, 0.6, 0.55, button)
            yield hands.done
            yield 0.15
        yield from point(0.6, 0.55)
        near(places[-1], held)
        expect((span(camera()) < before) == (button == 4), "another span", before, span(camera()))

    say("a double click recentres")
    yield from point(0.4, 0.6)
    held = places[-1]
    hands.do("click", "--repeat", 2, "--delay", 60, 1)
    yield hands.done
    yield 0.5
    yield from point(0.5, 0.5)
    near(places[-1], held)

    say("a click flashes the place on the map")
    yield 0.6
    flashed = []
    relief.navigation.place_clicked.connect(flashed.append)
    yield from point(0.45, 0.55)
    held, before = places[-1], bands()
    hands.do("click", 1)
    yield lambda: len(bands()) > len(before)
    shot("flash")
    new = [band for band in bands() if band not in before]
    near((flashed[0].x(), flashed[0].y()), held)
    expect(len(new) == 1, "one flash", new)
    yield lambda: len(bands()) == len(before)  # and it goes again

    say("keys")
    expect(QApplication.focusWidget() is preview, "the keyboard at the picture", QApplication.focusWidget())
    for key, change in (
        ("Right", lambda a, b: b.heading != a.heading and b.pitch == a.pitch),
        ("Left", lambda a, b: b.heading != a.heading and b.pitch == a.pitch),
        ("Up", lambda a, b: b.pitch != a.pitch and b.heading == a.heading),
        ("Down", lambda a, b: b.pitch != a.pitch and b.heading == a.heading),
        ("plus", lambda a, b: span(b) < span(a)),
        ("minus", lambda a, b: span(b) > span(a)),
        ("n", lambda a, b: a.heading != 0.0 and b.heading == 0.0),
        ("t", lambda a, b: a.pitch != 90.0 and b.pitch == 90.0),
        ("Home", lambda a, b: not is_fitted(a) and is_fitted(b)),
    ):
        yield sharp
        held_camera = camera()
        hands.key(key)
        yield hands.done
        yield lambda held_camera=held_camera: camera() != held_camera
        expect(change(held_camera, camera()), f"what {key} does", held_camera, camera())
    say("F5 in the dock reads anew, on the map it redraws the map")
    yield sharp
    read, drawn = [], []
    relief.dem_ready.connect(lambda: read.append(1))
    iface.mapCanvas().mapCanvasRefreshed.connect(lambda: drawn.append(1))
    hands.key("F5")
    yield hands.done
    yield 0.8
    expect((len(read), len(drawn)) == (1, 0), "the heights read again, the map left alone", read, drawn)
    dock.panel.azimuth.box.setFocus()
    hands.key("F5")
    yield hands.done
    yield 0.8
    expect((len(read), len(drawn)) == (2, 0), "the same among the controls", read, drawn)
    iface.mapCanvas().setFocus()
    hands.key("F5")
    yield hands.done
    yield 0.8
    expect((len(read), len(drawn)) == (2, 1), "the map redrawn, the relief left alone", read, drawn)
    say("all hands understood")
    iface.messageBar().clearWidgets()


def bands():
    return [item for item in iface.mapCanvas().scene().items() if isinstance(item, QgsRubberBand)]


def near(one, other):
    distance = max(abs(one[0] - other[0]), abs(one[1] - other[1]))
    expect(distance < NEAR, "the same ground", one, other)


def expect(holds, what, *got):
    if not holds:
        raise RuntimeError(f"expected {what}; got {got}")


def _sharp(dock):
    def sharp():
        frame = dock.relief.last_frame
        pitch = dock.current.view.scene.camera.pitch
        return frame is not None and not frame.draft and frame.samples >= 1 and abs(frame.view["pitch"] - pitch) < 1

    return sharp


play(scenario)
