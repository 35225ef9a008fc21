"""Map units and height units as metres on the ground. Knows CRS (osr); knows nothing of rasters' contents."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from ..checks import scene_error
from ..notes import Note
from .gdal_calls import FAILURES, quiet_gdal, unasked
from .grid import Georeference, Geotransform, Size, WholeWindow, is_invertible, map_from_corner, plain_geotransform
from .source import HeightSource

_UNIT_M = {
    "": 1.0, "m": 1.0, "metre": 1.0, "meter": 1.0, "metres": 1.0, "meters": 1.0, "mètre": 1.0, "mètres": 1.0,
    "ft": 0.3048, "foot": 0.3048, "feet": 0.3048, "'": 0.3048, "ft_intl": 0.3048, "international foot": 0.3048,
    "foot (international)": 0.3048, "international feet": 0.3048, "ftintl": 0.3048,
    "us survey foot": 1200 / 3937, "us survey feet": 1200 / 3937, "us_survey_foot": 1200 / 3937,
    "ftus": 1200 / 3937, "us-ft": 1200 / 3937, "us ft": 1200 / 3937, "usft": 1200 / 3937, "ft_us": 1200 / 3937,
    "foot_us": 1200 / 3937, "foot us": 1200 / 3937, "u.s. survey foot": 1200 / 3937, "u.s. foot": 1200 / 3937,
    "survey foot": 1200 / 3937, "ussurveyfoot": 1200 / 3937, "us foot": 1200 / 3937, "sft": 1200 / 3937,
    "km": 1000.0, "kilometre": 1000.0, "kilometer": 1000.0, "kilometres": 1000.0, "kilometers": 1000.0,
    "dm": 0.1, "decimetre": 0.1, "decimeter": 0.1, "decimetres": 0.1, "decimeters": 0.1,
    "cm": 0.01, "centimetre": 0.01, "centimeter": 0.01, "centimetres": 0.01, "centimeters": 0.01,
    "mm": 0.001, "millimetre": 0.001, "millimeter": 0.001, "millimetres": 0.001, "millimeters": 0.001,
    "yd": 0.9144, "yard": 0.9144, "yards": 0.9144, "fathom": 1.8288, "fathoms": 1.8288, "fm": 1.8288,
}  # fmt: skip


def metres_per_unit(unit: str) -> float | None:
    """Metres of a vertical unit as bands name it (any case), 1 for "", None if the name is not known."""
    return _UNIT_M.get(" ".join(unit.strip().lower().split()))


def metres_per_degree(latitude: float, semi_major_m: float, inverse_flattening: float) -> tuple[float, float]:
    """Metres of one degree of longitude and of latitude, on an ellipsoid. ``inverse_flattening`` 0 is a sphere.

    Snyder (1987), Map Projections: A Working Manual, USGS PP 1395, p. 24-25: prime-vertical radius
    N = a / √(1 − e² sin²φ), meridian radius M = a (1 − e²) / (1 − e² sin²φ)^1.5; degrees are N cos φ and M times π/180.
    """
    flattening = 1 / inverse_flattening if inverse_flattening else 0.0
    e2 = flattening * (2 - flattening)
    phi = math.radians(latitude)
    w = 1 - e2 * math.sin(phi) ** 2
    prime_vertical = semi_major_m / math.sqrt(w)
    meridian = semi_major_m * (1 - e2) / w**1.5
    return math.radians(1) * prime_vertical * math.cos(phi), math.radians(1) * meridian


WGS84 = (6378137.0, 298.257223563)


@dataclass(frozen=True)
class _MapScale:
    """Metres on the ground of one map unit along x and along y, at the centre of the DEM."""

    x: float
    y: float
    notes: tuple[str, ...] = ()
    from_degrees: bool = False


def _map_scale(crs_wkt: str, x: float, y: float) -> _MapScale:
    """The scale of a CRS at the map position (x, y)."""
    if not crs_wkt:
        return _MapScale(1.0, 1.0, (Note("no CRS: map units taken as metres"),))
    scale = None
    with _spatial_reference(crs_wkt) as (osr, srs), suppress(*FAILURES, ArithmeticError):
        if srs is not None:
            scale = _scale_of(osr, srs, x, y)
    if scale is not None and all(0 < one < math.inf for one in (scale.x, scale.y)):
        return scale
    return _MapScale(1.0, 1.0, (Note("CRS not understood: map units taken as metres"),))


@contextmanager
def _spatial_reference(crs_wkt: str) -> Iterator[tuple[Any, Any]]:
    """The osr module and the CRS in it, None where it is not understood."""
    with quiet_gdal(), unasked():
        from osgeo import osr

        understood = None
        with suppress(*FAILURES):
            srs = osr.SpatialReference()
            if srs.ImportFromWkt(crs_wkt) == 0:
                understood = srs
        yield osr, understood


def wkt_of_crs(text: str) -> str:
    """WKT of an authority's code, such as ``EPSG:32633``, or of WKT; empty for an empty text. Raises SceneError."""
    if not text:
        return ""
    with quiet_gdal(), unasked(), suppress(*FAILURES):
        from osgeo import osr

        srs = osr.SpatialReference()
        # Neither a path nor an address, which GDAL would open.
        is_code = re.fullmatch(r"\w+:\w+", text) is not None
        if (srs.SetFromUserInput(text) if is_code else srs.ImportFromWkt(text)) == 0:
            wkt: str = srs.ExportToWkt()
            return wkt
    raise scene_error("crs", "a known code or WKT", text, 'write for example "EPSG:32633", or leave it out')


def body_radius_m(crs_wkt: str) -> float | None:
    """Metres from the centre to the equator of the body that a CRS describes; None where it does not tell."""
    radius = math.nan
    with _spatial_reference(crs_wkt) as (_, srs), suppress(*FAILURES):
        if srs is not None:
            radius = float(srs.GetSemiMajor())
    return radius if 0 < radius < math.inf else None


def _scale_of(osr: Any, srs: Any, x: float, y: float) -> _MapScale:
    ellipsoid = (float(srs.GetSemiMajor()), float(srs.GetInvFlattening()))
    if srs.IsGeographic():
        degrees = math.degrees(srs.GetAngularUnits())
        # Right at a pole a degree of longitude has no length; 1 m cells for a raster of 1° cells help nobody.
        latitude = max(-89.9, min(89.9, y * degrees))
        east, north = metres_per_degree(latitude, *ellipsoid)
        return _MapScale(east * degrees, north * degrees, from_degrees=True)
    unit = srs.GetLinearUnits() or 1.0
    notes: list[str] = []
    if abs(unit - 1) >= 1e-9:
        notes = [Note("map units of {metres} m ({name})", metres=f"{unit:.7g}", name=srs.GetLinearUnitsName() or "")]
    scale = _true_scale(osr, srs, x, y, ellipsoid, unit) if srs.IsProjected() else None
    if scale is None:
        return _MapScale(unit, unit, tuple(notes))
    sx, sy = scale
    if max(abs(sx / unit - 1), abs(sy / unit - 1)) <= 0.01:
        # UTM and the like: within a per cent of true. Keep the lengths that the map's own ruler shows.
        return _MapScale(unit, unit, tuple(notes))
    notes.append(
        Note(
            "projection's stretch undone: one map unit is {across} × {down} m here", across=f"{sx:.4g}",
            down=f"{sy:.4g}",
        )
    )  # fmt: skip
    return _MapScale(sx, sy, tuple(notes))


def _true_scale(
    osr: Any, srs: Any, x: float, y: float, ellipsoid: tuple[float, float], unit: float
) -> tuple[float, float] | None:
    """Ground metres of a map unit along x and y, by differences through the projection; None where it has no answer."""
    geographic = srs.CloneGeogCS()
    if geographic is None:
        return None
    source = srs.Clone()
    for system in (source, geographic):
        system.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    step = 10.0 / unit
    try:
        transform = osr.CoordinateTransformation(source, geographic)
        points = [transform.TransformPoint(px, py) for px, py in
                  ((x, y), (x - step, y), (x + step, y), (x, y - step), (x, y + step))]  # fmt: skip
    except FAILURES:
        return None
    if not all(math.isfinite(value) for point in points for value in point[:2]):
        return None
    degrees = math.degrees(geographic.GetAngularUnits())
    east, north = metres_per_degree(points[0][1] * degrees, *ellipsoid)

    def length(a: Any, b: Any) -> float:
        along = (b[0] - a[0]) * degrees
        along -= 360 * round(along / 360)  # across the antimeridian
        return math.hypot(along * east, (b[1] - a[1]) * degrees * north) / (2 * step)

    sx, sy = length(points[1], points[2]), length(points[3], points[4])
    return (sx, sy) if sx > 0 and sy > 0 else None


# --------------------------------------------------------------------------------------------------------------------
# Of a raster


@dataclass(frozen=True)
class Placement:
    """Where an array of heights lies: fields as in Dem, and notes."""

    georeference: Georeference
    cell_to_world: tuple[float, float, float, float]
    notes: tuple[str, ...]


def place(source: HeightSource, area: WholeWindow, held: Size, relief: float) -> Placement:
    """Of the window ``area`` of ``source``, held as ``held`` (columns, rows), with ``relief`` between its heights.

    Distances are true at the window's centre. A georeference that no distance follows from is left aside.
    """
    g = source.geotransform
    if g is not None:
        scale = _scale_at_centre(source, g, area, relief)
        found = _placement(g, scale, source.crs_wkt, area, held)
        if is_invertible(found.georeference.geotransform) and _is_plane(found.cell_to_world):
            return found
        note = Note("its georeference is degenerate and was left aside")
    else:
        note = Note("no georeference: square cells of 1 m, row 0 in the north")
    return _placement(plain_geotransform(source.size), _MapScale(1.0, 1.0, (note,)), "", area, held)


def _scale_at_centre(source: HeightSource, g: Geotransform, area: WholeWindow, relief: float) -> _MapScale:
    x, y = map_from_corner(g, area[0] + area[2] / 2, area[1] + area[3] / 2)
    if source.crs_wkt or not _must_be_degrees(g, source.size, relief):
        return _map_scale(source.crs_wkt, x, y)
    east, north = metres_per_degree(y, *WGS84)
    note = Note("no CRS: taken as degrees on WGS 84, as heights far exceed the extent")
    return _MapScale(east, north, (note,), from_degrees=True)


def _placement(g: Geotransform, scale: _MapScale, crs_wkt: str, area: WholeWindow, held: Size) -> Placement:
    x, y = map_from_corner(g, area[0], area[1])
    across, down = area[2] / held[0], area[3] / held[1]
    own = (x, g[1] * across, g[2] * down, y, g[4] * across, g[5] * down)
    cell_to_world = (own[1] * scale.x, own[2] * scale.x, own[4] * scale.y, own[5] * scale.y)
    notes = scale.notes
    if scale.from_degrees:
        wide, high = math.hypot(g[1] * scale.x, g[4] * scale.y), math.hypot(g[2] * scale.x, g[5] * scale.y)
        notes += (Note("degrees as {across}×{down} m a cell", across=_short(wide), down=_short(high)),)
    return Placement(Georeference(own, crs_wkt), cell_to_world, notes)


def _is_plane(cell_to_world: tuple[float, float, float, float]) -> bool:
    xc, xr, yc, yr = cell_to_world
    determinant = xc * yr - xr * yc
    return all(map(math.isfinite, cell_to_world)) and math.isfinite(determinant) and determinant != 0


def _short(metres: float) -> str:
    return f"{metres:.1f}" if 1 <= metres < 1000 else f"{metres:.4g}"


def _must_be_degrees(g: Geotransform, size: Size, relief: float) -> bool:
    """Whether a raster without CRS can only be in degrees: it lies on the globe, and no terrain is that steep."""
    (x0, y0), (x1, y1) = map_from_corner(g, 0, 0), map_from_corner(g, *size)
    on_globe = all(-361 <= x <= 361 for x in (x0, x1)) and all(-91 <= y <= 91 for y in (y0, y1))
    return on_globe and relief > 2 * max(abs(x1 - x0), abs(y1 - y0))


def height_factor(unit: str, z_factor: float | None) -> tuple[float, tuple[str, ...]]:
    """Metres of one height unit, by ``z_factor`` where given, else by the band's ``unit``; and notes."""
    if z_factor is not None:
        notes = () if z_factor == 1.0 else (Note("heights × {factor}", factor=f"{z_factor:.7g}"),)
        return float(z_factor), notes
    factor = metres_per_unit(unit)
    if factor is None:
        return 1.0, (Note("unit of heights «{unit}» not known, taken as metres", unit=unit),)
    if factor == 1.0:
        return factor, ()
    text = f"{factor:.7g}"
    if factor == 0.3048:
        return factor, (Note("feet × {factor}", factor=text),)
    if factor == 1200 / 3937:
        return factor, (Note("US survey feet × {factor}", factor=text),)
    return factor, (Note("{unit} × {factor}", unit=unit, factor=text),)
