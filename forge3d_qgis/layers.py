"""From a QGIS layer to heights, colours and drapes: the only place that reads layers.

What touches a layer runs on the user's thread and is quick; what it returns may be used in a worker, and keeps working
when the layer is removed meanwhile.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from qgis.core import (
    Qgis,
    QgsColorRampShader,
    QgsContrastEnhancement,
    QgsCoordinateTransform,
    QgsCsException,
    QgsHillshadeRenderer,
    QgsMapLayer,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsMultiBandColorRenderer,
    QgsProject,
    QgsProviderRegistry,
    QgsRaster,
    QgsRasterBlockFeedback,
    QgsRasterDataProvider,
    QgsRasterInterface,
    QgsRasterLayer,
    QgsRectangle,
    QgsSingleBandGrayRenderer,
    QgsSingleBandPseudoColorRenderer,
)
from qgis.PyQt.QtCore import QSize, QTimer
from qgis.PyQt.QtGui import QColor, QImage

from .core.budget import DeviceLimits
from .core.dem import (
    NOT_WHOLE,
    Dem,
    DemFacts,
    LevelledSource,
    ReadAhead,
    StripReader,
    UndeclaredVoid,
    block_mean,
    covering_window,
    metres_per_unit,
    open_dem,
    open_source,
    read_dem,
    wkt_of_crs,
)
from .core.errors import Cancelled, DemError, SceneError
from .core.notes import Note
from .core.resource_tracker import in_ledger
from .core.scene import ColorRamp
from .text import tr

# NumPy's names for the types a raster block can have; complex and colour types are missing on purpose.
_DTYPES = {
    Qgis.DataType.Byte: np.uint8,
    Qgis.DataType.UInt16: np.uint16,
    Qgis.DataType.Int16: np.int16,
    Qgis.DataType.UInt32: np.uint32,
    Qgis.DataType.Int32: np.int32,
    Qgis.DataType.Float32: np.float32,
    Qgis.DataType.Float64: np.float64,
}
_COLOUR_TYPES = (Qgis.DataType.ARGB32, Qgis.DataType.ARGB32_Premultiplied)

SERVED_OVERSAMPLING = 4  # for providers that only ever take the nearest cell
FALLBACK_SIDE = 2048  # for providers without a size of their own
LARGEST_DRAPE = 8192

# --------------------------------------------------------------------------------------------------------------------
# Is it a DEM?


def _small_whole(kind: Qgis.DataType) -> Any:
    """The type of whole numbers of 16 bits at most; None for others."""
    dtype = _DTYPES.get(kind)
    return dtype if dtype is not None and np.dtype(dtype).kind in "iu" and np.dtype(dtype).itemsize <= 2 else None


def problem_with(layer: QgsMapLayer | None) -> str | None:
    """Why no relief can be made of ``layer``, and what would do; None when one can be tried."""
    if layer is None:
        return tr("No layer is selected. Select a raster layer of heights (a DEM) in the Layers panel.")
    name = layer.name()
    if not isinstance(layer, QgsRasterLayer):
        return tr("“{name}” is not a raster. A relief needs a raster layer of heights (a DEM).").format(name=name)
    provider = layer.dataProvider()
    if not layer.isValid() or provider is None or not provider.isValid():
        return tr("“{name}” cannot be read: its source is missing or broken. Repair the layer's data source.").format(
            name=name
        )
    kinds = [provider.dataType(band) for band in range(1, layer.bandCount() + 1)]
    if not kinds or any(kind in _COLOUR_TYPES for kind in kinds):
        return tr("“{name}” is a picture from a server, without heights. A DEM as a file or by WCS would do.").format(
            name=name
        )
    if not any(kind in _DTYPES for kind in kinds):
        return tr("“{name}” holds complex numbers. A relief needs one band of real heights.").format(name=name)
    meaning = QgsRaster.ColorInterpretation
    picture = (meaning.RedBand, meaning.GreenBand, meaning.BlueBand)
    if len(kinds) >= 3 and tuple(provider.colorInterpretation(band) for band in (1, 2, 3)) == picture:
        return tr("“{name}” is a colour picture (red, green, blue). A relief needs a band of heights.").format(
            name=name
        )
    return None


def prefers_own_style(layer: QgsRasterLayer) -> bool:
    """Whether somebody gave the layer a style of colours; QGIS's first grey, or a hillshade, says nothing of colour."""
    return not isinstance(
        layer.renderer(), (QgsSingleBandGrayRenderer, QgsHillshadeRenderer, QgsMultiBandColorRenderer)
    )


# --------------------------------------------------------------------------------------------------------------------
# Heights


@dataclass
class Reading:
    """Everything a worker needs to read heights; made on the user's thread by ``height_source``."""

    name: str
    band: int
    crs_wkt: str
    path: str | None  # for GDAL to open anew
    provider: QgsRasterDataProvider  # a clone of the layer's own
    extent: tuple[float, float, float, float] | None  # west, south, east, north; None is the whole layer
    used: Any = field(default=None)
    ahead: ReadAhead | None = None
    is_cancelled: bool = False

    def read(
        self,
        *,
        budget: int | None,
        picture_size: tuple[int, int],
        progress: Callable,
        cancel: Callable,
        limits: DeviceLimits | None = None,
        drape_size: tuple[int, int] | None = None,
        max_samples: int | None = None,
    ) -> LayerDem:
        """In a worker: the heights as an array. ``budget``: bytes that the renderer may hold, None for what the
        device's ``limits`` say. ``picture_size``: of the preview, which is drawn whole; ``drape_size``: of the map over
        it; ``max_samples``: the most heights that are wanted. Raises what ``core.dem.read_dem`` raises.
        """
        with self._opened() as source:
            dem = read_dem(
                source,
                memory_budget=budget,
                limits=limits,
                picture_size=picture_size,
                whole_picture=True,
                drape_size=drape_size,
                max_samples=max_samples,
                window=self._window_of(source),
                progress=progress,
                cancel=cancel,
            )
            return LayerDem(dem, metres_per_unit(source.unit) or 1.0)

    def stream(
        self,
        *,
        budget: int | None,
        picture_size: tuple[int, int],
        progress: Callable,
        cancel: Callable,
        hand_over: Callable[[ReadAhead], None],
        limits: DeviceLimits | None = None,
        drape_size: tuple[int, int] | None = None,
        max_samples: int | None = None,
    ) -> LayerDem:
        """In a worker, arguments as in ``read``: reads strips for whoever ``hand_over`` gives them to, another thread,
        until that one has them all. No array of them stays. Raises also what ends it there.
        """

        def check() -> None:
            if cancel():
                raise Cancelled("reading the DEM was cancelled")

        with self._opened() as source:
            stream = open_dem(
                source,
                memory_budget=budget,
                limits=limits,
                picture_size=picture_size,
                whole_picture=True,
                drape_size=drape_size,
                max_samples=max_samples,
                window=self._window_of(source),
                progress=progress,
                cancel=cancel,
            )
            self.ahead = ReadAhead(stream, reopen=self._open)
            if self.is_cancelled:
                self.cancel()
            hand_over(self.ahead)
            return LayerDem(self.ahead.feed(check), metres_per_unit(source.unit) or 1.0)

    def cancel(self) -> None:
        """From any thread: ends a slow request of a server in its middle, and who waits for its strips."""
        self.is_cancelled = True
        ahead = self.ahead
        if ahead is not None:
            ahead.ended(Cancelled("reading the DEM was cancelled"))
        interrupt = getattr(self.used, "interrupt", None)
        if interrupt is not None:
            interrupt()

    @contextmanager
    def _opened(self) -> Iterator[LevelledSource]:
        self.used = source = self._open()
        try:
            yield source
        finally:
            self.used = None
            source.close()

    def _window_of(self, source: LevelledSource) -> tuple[int, int, int, int] | None:
        return _window(source, self.extent) if self.extent is not None else None

    def _open(self):
        if self.path is not None:
            # Where this fails the provider may still open it: it knows more than the address, options and log-ins.
            with suppress(DemError):
                return open_source(self.path, self.band, name=self.name, crs_wkt=self.crs_wkt)
        return ProviderSource(self.provider, self.band, self.name, self.crs_wkt)


@dataclass(frozen=True)
class LayerDem:
    """Heights in metres, in memory or on the device, and metres of one unit of the layer's values."""

    dem: Dem | DemFacts
    metres_per_unit: float


def height_source(layer: QgsRasterLayer, band: int, extent: tuple[float, float, float, float] | None = None) -> Reading:
    """On the user's thread: what a worker needs to read ``band`` of ``layer``, the layer itself left alone.

    Files are opened anew through GDAL, which keeps rotated rasters unresampled and averages true cells; all else,
    and files whose void values were set by hand in QGIS, is read through a clone of the layer's provider.
    """
    provider = layer.dataProvider().clone()
    crs = layer.crs()
    return Reading(
        name=layer.name(),
        band=band,
        crs_wkt=crs.toWkt() if crs.isValid() else "",
        path=_plain_path(layer, band),
        provider=provider,
        extent=extent,
    )


def given_crs(layer: QgsRasterLayer) -> str:
    """The CRS that somebody gave ``layer``, for a reader outside QGIS: a code or WKT; empty: the source's own."""
    crs = layer.crs()
    if not crs.isValid() or crs == layer.dataProvider().crs():
        return ""
    code = crs.authid()
    if not code.startswith("USER:"):  # those are known to this user's QGIS only
        with suppress(SceneError):
            if wkt_of_crs(code):
                return code
    return crs.toWkt()


def _plain_path(layer: QgsRasterLayer, band: int) -> str | None:
    provider = layer.dataProvider()
    if layer.providerType() != "gdal":
        return None
    if provider.userNoDataValues(band) or (
        provider.sourceHasNoDataValue(band) and not provider.useSourceNoDataValue(band)
    ):
        return None
    parts = QgsProviderRegistry.instance().decodeUri("gdal", layer.source())
    if parts.get("openOptions") or "authcfg" in layer.source() or parts.get("layerName"):
        return None
    # decodeUri splits /vsizip/… into path and suffix; the source as it is opens both.
    return layer.source()


def _window(source: LevelledSource, extent: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
    """The cells of ``source`` that cover ``extent``."""
    window = covering_window(source.geotransform, source.size, extent)
    if window is None:
        raise DemError(
            tr("The area does not overlap “{name}”. Choose another area, or the whole layer.").format(name=source.name)
        )
    return window


class ProviderSource(StripReader):
    """A LevelledSource over a provider of our own. One thread at a time.

    Which resolutions a provider holds it does not tell: there is one level, its own.
    """

    def __init__(self, provider: QgsRasterDataProvider, band: int, name: str, crs_wkt: str) -> None:
        self._provider = provider
        self._band = band
        self.name, self.crs_wkt, self.unit = name, crs_wkt, ""
        self.notes: tuple[str, ...] = ()
        extent = provider.extent()
        cols, rows = provider.xSize(), provider.ySize()
        if not provider.capabilities() & QgsRasterInterface.Capability.Size or cols < 1 or rows < 1:
            longer = max(extent.width(), extent.height())
            cols = max(2, round(FALLBACK_SIDE * extent.width() / longer))
            rows = max(2, round(FALLBACK_SIDE * extent.height() / longer))
            self.notes = (Note("source without a size of its own, read as {held}", held=f"{cols}×{rows}"),)
        self.size = (cols, rows)
        self._cell = (extent.width() / cols, extent.height() / rows)
        self._corner = (extent.xMinimum(), extent.yMaximum())
        self.geotransform = (self._corner[0], self._cell[0], 0.0, self._corner[1], 0.0, -self._cell[1])
        ranges = provider.userNoDataValues(band)
        self._ranges = [(one.min(), one.max()) for one in ranges]
        self.nodata: float | None = None
        if provider.sourceHasNoDataValue(band) and provider.useSourceNoDataValue(band):
            self.nodata = float(provider.sourceNoDataValue(band))
        elif self._ranges:
            self.nodata = self._ranges[0][0]  # somebody has declared voids: none need be guessed
        self.declares_voids = self.nodata is not None
        self.band_offset = provider.bandOffset(band)
        self._feedback = QgsRasterBlockFeedback()
        # The provider's own default is the nearest cell, which draws stripes into every shaded relief.
        hint = QgsRasterDataProvider.ProviderCapability.ProviderHintCanPerformProviderResampling
        self._averages = bool(provider.providerCapabilities() & hint)
        if self._averages:
            provider.enableProviderResampling(True)
            provider.setZoomedOutResamplingMethod(QgsRasterDataProvider.ResamplingMethod.Average)

    @property
    def whole_range(self) -> tuple[int, int] | Note | None:
        """See ``core.dem.StripSource``. A provider that scales its numbers gives them as floats."""
        dtype = _small_whole(self._provider.dataType(self._band))
        if dtype is None:
            return None if _small_whole(self._provider.sourceDataType(self._band)) is None else NOT_WHOLE
        limits = np.iinfo(dtype)
        return int(limits.min), int(limits.max)

    def interrupt(self) -> None:
        self._feedback.cancel()

    def close(self) -> None:
        """Lets go of the provider."""
        self._provider = None

    def read_inside(
        self,
        window: tuple[float, float, float, float],
        shape: tuple[int, int],
        datum: float,
        voids: UndeclaredVoid | None,
    ) -> np.ndarray:
        """See ``core.dem.StripReader``."""
        rows, cols = shape
        factor = max(window[2] / cols, window[3] / rows)
        if factor <= 1.0 + 1e-9:
            return self._heights(window, shape, datum, voids)
        if self._averages:
            # Its default of 2 would still skip cells at larger factors.
            self._provider.setMaxOversampling(math.ceil(factor) + 1)
            return self._heights(window, shape, datum, voids)
        more = min(math.ceil(factor), SERVED_OVERSAMPLING)
        fine = self._heights(window, (rows * more, cols * more), datum, voids)
        edges_x, edges_y = np.arange(cols + 1) * float(more), np.arange(rows + 1) * float(more)
        return np.asarray(block_mean(fine, edges_x, edges_y), dtype=np.float32)

    def _heights(
        self,
        window: tuple[float, float, float, float],
        shape: tuple[int, int],
        datum: float,
        voids: UndeclaredVoid | None,
    ) -> np.ndarray:
        raw, void = self._block(window, shape)
        if voids is not None:
            found = voids.find(raw, declared=void)
            void = void if found is None else void | found
        with np.errstate(over="ignore"):
            heights = (raw.astype(np.float64) - datum).astype(np.float32) if datum else raw.astype(np.float32)
        heights[void | ~np.isfinite(heights)] = np.nan
        return heights

    def _block(
        self, window: tuple[float, float, float, float], shape: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values as the provider gives them, and where it or the user calls them void."""
        left, top, wide, high = window
        west, north = self._corner[0] + left * self._cell[0], self._corner[1] - top * self._cell[1]
        extent = QgsRectangle(west, north - high * self._cell[1], west + wide * self._cell[0], north)
        rows, cols = shape
        block = self._provider.block(self._band, extent, cols, rows, self._feedback)
        dtype = _DTYPES.get(block.dataType()) if block is not None and block.isValid() else None
        if dtype is None or block.width() != cols or block.height() != rows:
            reason = block.error().message() if block is not None else ""
            raise DemError(
                tr("“{name}” could not be read: {reason}. Check the connection or the file.").format(
                    name=self.name, reason=reason or tr("the provider gave no heights")
                )
            )
        raw = np.frombuffer(bytes(block.data()), dtype=dtype, count=rows * cols).reshape(shape)
        void = np.zeros(shape, dtype=bool)
        if block.hasNoDataValue():
            void |= np.isnan(raw) if math.isnan(block.noDataValue()) else raw == dtype(block.noDataValue())
        elif block.hasNoData() and not self._ranges:
            each = np.fromiter((block.isNoData(at) for at in range(raw.size)), dtype=bool, count=raw.size)
            void |= each.reshape(shape)
        for low, high_value in self._ranges:
            void |= (raw >= low) & (raw <= high_value)
        return raw, void


# --------------------------------------------------------------------------------------------------------------------
# Areas


def extent_in_layer(layer: QgsRasterLayer, extent: QgsRectangle, crs) -> tuple[float, float, float, float] | None:
    """The part of ``layer``, in its CRS, that ``extent`` in ``crs`` covers; None when they have nothing in common."""
    try:
        transform = QgsCoordinateTransform(crs, layer.crs(), QgsProject.instance())
        there = transform.transformBoundingBox(extent) if transform.isValid() else QgsRectangle(extent)
    except QgsCsException:
        return None
    common = there.intersect(layer.extent())
    if common.isEmpty() or common.width() <= 0 or common.height() <= 0:
        return None
    return common.xMinimum(), common.yMinimum(), common.xMaximum(), common.yMaximum()


# --------------------------------------------------------------------------------------------------------------------
# Colours


def color_ramp(layer: QgsRasterLayer, band: int, metres: float) -> ColorRamp | None:
    """The layer's style as a ramp over metres, exactly; None when only a drape shows it truly.

    ``metres``: of one unit of the layer's values.
    """
    renderer = layer.renderer()
    if not _plain_pipe(layer) or renderer is None:
        return None
    if isinstance(renderer, QgsSingleBandPseudoColorRenderer) and renderer.band() == band:
        return _pseudocolour(renderer, metres)
    if isinstance(renderer, QgsSingleBandGrayRenderer) and renderer.grayBand() == band:
        return _grey(renderer, metres)
    return None


def _plain_pipe(layer: QgsRasterLayer) -> bool:
    """Whether nothing after the renderer changes its colours."""
    brightness, hue = layer.brightnessFilter(), layer.hueSaturationFilter()
    plain = brightness is None or (
        brightness.brightness() == 0
        and brightness.contrast() == 0
        and getattr(brightness, "gamma", lambda: 1.0)() == 1.0
    )
    if hue is not None:
        plain = (
            plain
            and hue.saturation() == 0
            and not hue.colorizeOn()
            and hue.grayscaleMode() == type(hue).GrayscaleMode.GrayscaleOff
        )
    return plain


def _pseudocolour(renderer: QgsSingleBandPseudoColorRenderer, metres: float) -> ColorRamp | None:
    shader = renderer.shader().rasterShaderFunction() if renderer.shader() is not None else None
    if not isinstance(shader, QgsColorRampShader):
        return None
    kind = shader.colorRampType()
    items = sorted(shader.colorRampItemList(), key=lambda item: item.value)
    if not items or kind == QgsColorRampShader.Type.Exact:
        return None
    interpolated = kind == QgsColorRampShader.Type.Interpolated
    if interpolated and shader.clip():
        return None  # beyond the ends there is nothing, which a ramp cannot say
    if not interpolated and not math.isinf(items[-1].value):
        return None
    stops: list[tuple[float, tuple[int, int, int, int]]] = []
    for item in items:
        value = item.value * metres
        if math.isinf(value):
            # QGIS closes discrete ramps with ±inf. Beyond the ends a ramp keeps the end's colour, so any value past the
            # neighbour says the same, and a near one keeps the precision of tables over the ramp's range.
            value = stops[-1][0] + 1.0 if stops else (items[1].value * metres - 1.0 if len(items) > 1 else 0.0)
        if stops and value <= stops[-1][0]:
            continue  # QGIS takes the first of equal values
        stops.append((value, item.color.getRgb()))
    return ColorRamp(tuple(stops), interpolation="linear" if interpolated else "discrete")


def _grey(renderer: QgsSingleBandGrayRenderer, metres: float) -> ColorRamp | None:
    stretch = renderer.contrastEnhancement()
    low, high = 0.0, 255.0
    if stretch is not None:
        algorithm = stretch.contrastEnhancementAlgorithm()
        kinds = QgsContrastEnhancement.ContrastEnhancementAlgorithm
        if algorithm == kinds.StretchToMinimumMaximum:
            low, high = stretch.minimumValue(), stretch.maximumValue()
        elif algorithm != kinds.NoEnhancement:
            return None
    if not (math.isfinite(low) and math.isfinite(high) and high > low):
        return None
    black, white = (0, 0, 0, 255), (255, 255, 255, 255)
    if renderer.gradient() == QgsSingleBandGrayRenderer.Gradient.WhiteToBlack:
        black, white = white, black
    return ColorRamp(((low * metres, black), (high * metres, white)))


# --------------------------------------------------------------------------------------------------------------------
# Drapes


def _sides(dem: Dem | DemFacts) -> tuple[float, float]:
    """Of the ground of ``dem``, in map units: along a row and along a column."""
    g = dem.georeference.geotransform
    cols, rows = dem.size
    return cols * math.hypot(g[1], g[4]), rows * math.hypot(g[2], g[5])


def drape_size(dem: Dem | DemFacts, longest_side: int) -> tuple[int, int]:
    """Width and height in pixels of the picture that ``drape_job`` draws."""
    wide, high = _sides(dem)
    scale = min(longest_side, LARGEST_DRAPE) / max(wide, high)
    return max(1, round(wide * scale)), max(1, round(high * scale))


def drape_job(dem: Dem | DemFacts, crs, layers: list[QgsMapLayer], longest_side: int, styles: dict | None = None):
    """A started render job of ``layers`` over exactly the ground of ``dem``, and a function from its image to RGBA.

    On the user's thread. The job emits ``finished``; the function (for a worker: it converts millions of pixels) gives
    uint8 (rows, cols, 4) with straight alpha, row 0 along row 0 of the heights. ``styles``: of a map theme.
    """
    g = dem.georeference.geotransform
    cols, rows = dem.size
    wide, high = _sides(dem)
    middle_x = g[0] + cols / 2 * g[1] + rows / 2 * g[2]
    middle_y = g[3] + cols / 2 * g[4] + rows / 2 * g[5]
    settings = QgsMapSettings()
    settings.setLayers(layers)
    if styles:
        settings.setLayerStyleOverrides(styles)
    settings.setDestinationCrs(crs)
    settings.setOutputSize(QSize(*drape_size(dem, longest_side)))
    settings.setExtent(QgsRectangle(middle_x - wide / 2, middle_y - high / 2, middle_x + wide / 2, middle_y + high / 2))
    settings.setRotation(math.degrees(math.atan2(g[4], g[1])))
    settings.setBackgroundColor(QColor(0, 0, 0, 0))
    settings.setFlag(QgsMapSettings.Flag.Antialiasing, True)
    settings.setTransformContext(QgsProject.instance().transformContext())
    settings.setPathResolver(QgsProject.instance().pathResolver())
    mirrored = g[1] * g[5] - g[2] * g[4] > 0  # row 0 in the south

    def rgba(image: QImage) -> np.ndarray:
        pixels = straight_rgba(image)
        return in_ledger(pixels[::-1].copy() if mirrored else pixels, "drape in Python")

    job = QgsMapRendererParallelJob(settings)
    _running_jobs.add(job)
    # In the next round: a job must not go while it tells that it has ended.
    job.finished.connect(lambda: QTimer.singleShot(0, lambda: _running_jobs.discard(job)))
    job.start()
    return job, rgba


_running_jobs: set[QgsMapRendererParallelJob] = set()
"""Maps that are being drawn. One that was cancelled and that nobody else holds would be collected as garbage together
with what is connected to it, and then call that all the same when it ends."""


QT_CONVERTS_ALONE = (1 << 17) - 1
"""Bytes of a picture that Qt 5 converts in the thread that asks. A larger one it gives to its pool of threads and waits
for them, PyQt with the interpreter held: where all threads of the pool wait for the interpreter, as QGIS's tasks in
Python do, nobody ever goes on."""


def straight_rgba(image: QImage) -> np.ndarray:
    """uint8 (rows, cols, 4), straight alpha, of a picture of any format. On any thread."""
    width, height = image.width(), image.height()
    pixels = np.empty((height, width, 4), dtype=np.uint8)
    rows_at_once = max(1, QT_CONVERTS_ALONE // (4 * max(1, width)))
    for top in range(0, height, rows_at_once):
        rows = min(rows_at_once, height - top)
        straight = image.copy(0, top, width, rows).convertToFormat(QImage.Format.Format_RGBA8888)
        bits = straight.constBits()
        bits.setsize(straight.sizeInBytes())
        lines = np.frombuffer(bits, dtype=np.uint8).reshape(rows, straight.bytesPerLine())
        pixels[top : top + rows] = lines[:, : width * 4].reshape(rows, width, 4)
    return pixels


def theme_layers(name: str) -> tuple[list[QgsMapLayer], dict]:
    """The layers of a map theme, top first, and their style overrides."""
    themes = QgsProject.instance().mapThemeCollection()
    return themes.mapThemeVisibleLayers(name), themes.mapThemeStyleOverrides(name)
