"""Makes small rasters of many formats, damages them, and reads them: a program of its own, so that a crash is seen.

    python damaged.py FORMAT SEED COUNT

reads COUNT damaged copies of a raster of FORMAT, each with GDAL's exceptions on and off. It prints a line before each
and two after it, and ends with 1 where one gave neither a Dem nor a Forge3dError, took longer than LIMIT_S, or where
the modes do not agree.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from osgeo import gdal, osr

from forge3d_qgis.core import Dem, Forge3dError, read_dem

LIMIT_S = 30.0
SIDE = 96
ROWS, COLS = np.mgrid[0:SIDE, 0:SIDE]
HEIGHTS = (500 + 200 * np.sin(ROWS / 9) * np.cos(COLS / 7)).astype(np.int16)


def in_memory(heights: np.ndarray = HEIGHTS, crs: str = "EPSG:32633") -> gdal.Dataset:
    kinds = {"int16": gdal.GDT_Int16, "uint16": gdal.GDT_UInt16, "float32": gdal.GDT_Float32}
    rows, cols = heights.shape
    dataset = gdal.GetDriverByName("MEM").Create("", cols, rows, 1, kinds[heights.dtype.name])
    degrees = crs == "EPSG:4326"
    dataset.SetGeoTransform((7.0, 0.001, 0, 46.0, 0, -0.001) if degrees else (500000.0, 30, 0, 5100000.0, 0, -30))
    system = osr.SpatialReference()
    system.SetFromUserInput(crs)
    dataset.SetProjection(system.ExportToWkt())
    dataset.GetRasterBand(1).SetNoDataValue(-9999)
    dataset.GetRasterBand(1).WriteRaster(0, 0, cols, rows, heights.tobytes())
    return dataset


def copied(folder: Path, name: str, driver: str, options: tuple[str, ...] = (), **of: object) -> Path:
    path = folder / name
    target = gdal.GetDriverByName(driver).CreateCopy(str(path), in_memory(**of), options=list(options))
    assert target is not None, gdal.GetLastErrorMsg()
    return path


def geotiff(folder: Path) -> Path:
    options = ("TILED=YES", "BLOCKXSIZE=32", "BLOCKYSIZE=32", "COMPRESS=DEFLATE")
    path = copied(folder, "dem.tif", "GTiff", options)
    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.BuildOverviews("AVERAGE", [2, 4])
    return path


def striped_geotiff(folder: Path) -> Path:
    return copied(folder, "strips.tif", "GTiff", ("COMPRESS=LZW", "PREDICTOR=2"))


def cog(folder: Path) -> Path:
    return copied(folder, "cog.tif", "COG", ("BLOCKSIZE=128",))


def ascii_grid(folder: Path) -> Path:
    return copied(folder, "dem.asc", "AAIGrid")


def srtm(folder: Path) -> Path:
    path = folder / "N46E007.hgt"
    rows, cols = np.mgrid[0:1201, 0:1201]
    path.write_bytes((rows + cols % 50).astype(">i2").tobytes())
    return path


def png(folder: Path) -> Path:
    return copied(folder, "dem.png", "PNG", heights=HEIGHTS.astype(np.uint16))


def vrt(folder: Path) -> Path:
    copied(folder, "dem.tif", "GTiff")
    path = folder / "dem.vrt"
    gdal.BuildVRT(str(path), [str(folder / "dem.tif")]).FlushCache()
    return path


def envi(folder: Path) -> Path:
    copied(folder, "dem.bin", "ENVI")
    return folder / "dem.bin"


def pds(folder: Path) -> Path:
    (folder / "dem.img").write_bytes(HEIGHTS.astype(">i2").tobytes())
    lines = [
        "PDS_VERSION_ID = PDS3", "RECORD_TYPE = FIXED_LENGTH", f"RECORD_BYTES = {2 * SIDE}", f"FILE_RECORDS = {SIDE}",
        '^IMAGE = "dem.img"', "OBJECT = IMAGE", f"  LINES = {SIDE}", f"  LINE_SAMPLES = {SIDE}",
        "  SAMPLE_TYPE = MSB_INTEGER", "  SAMPLE_BITS = 16", "  OFFSET = 0", "  SCALING_FACTOR = 0.5",
        '  UNIT = "METER"',
        "END_OBJECT = IMAGE", "OBJECT = IMAGE_MAP_PROJECTION", '  MAP_PROJECTION_TYPE = "SIMPLE CYLINDRICAL"',
        "  A_AXIS_RADIUS = 3396.0 <KM>", "  B_AXIS_RADIUS = 3396.0 <KM>", "  C_AXIS_RADIUS = 3396.0 <KM>",
        "  MAP_RESOLUTION = 4 <PIXEL/DEGREE>", "  MAP_SCALE = 14.818 <KM/PIXEL>", "  CENTER_LATITUDE = 0.0 <DEGREE>",
        "  CENTER_LONGITUDE = 180.0 <DEGREE>", "  LINE_PROJECTION_OFFSET = 48.5", "  SAMPLE_PROJECTION_OFFSET = 48.5",
        "END_OBJECT = IMAGE_MAP_PROJECTION", "END",
    ]  # fmt: skip
    path = folder / "dem.lbl"
    path.write_text("\r\n".join(lines) + "\r\n")
    return path


def usgs_dem(folder: Path) -> Path:
    return copied(folder, "usgs.dem", "USGSDEM")


def netcdf(folder: Path) -> Path:
    # NC4: one changed byte in the header of the classic form ends gdalinfo itself by a signal.
    return copied(folder, "dem.nc", "netCDF", ("FORMAT=NC4",), heights=HEIGHTS.astype(np.float32), crs="EPSG:4326")


def geopackage(folder: Path) -> Path:
    return copied(folder, "dem.gpkg", "GPKG", heights=HEIGHTS.astype(np.float32))


def surfer(folder: Path) -> Path:
    return copied(folder, "dem.grd", "GSBG", heights=HEIGHTS.astype(np.float32))


def erdas(folder: Path) -> Path:
    return copied(folder, "dem.img", "HFA", ("COMPRESSED=YES",))


def xyz(folder: Path) -> Path:
    return copied(folder, "dem.xyz", "XYZ", heights=HEIGHTS[:24, :24])


MAKERS = {
    maker.__name__: maker
    for maker in (
        geotiff, striped_geotiff, cog, ascii_grid, srtm, png, vrt, envi, pds, usgs_dem, netcdf, geopackage, surfer,
        erdas, xyz,
    )
}  # fmt: skip

ODD_NUMBERS = (b"0", b"-1", b"300000", b"nan", b"1e308", b"", b"4294967296", b"0.5", b"1737400")


def damage(content: bytes, chance: random.Random) -> tuple[str, bytes]:
    """One way of damage: cut short, bytes changed at the start or anywhere, numbers of a text changed, parts lost."""
    way = chance.randrange(6)
    if way == 0:
        length = chance.choice((0, 1, 16, chance.randrange(len(content)), len(content) - 1))
        return f"cut to {length}", content[:length]
    if way in (1, 2):
        reach = min(len(content), 600) if way == 1 else len(content)
        changed = bytearray(content)
        places = [chance.randrange(reach) for _ in range(chance.choice((1, 4, 32)))]
        for place in places:
            changed[place] = chance.choice((0, 0xFF, 0x7F, changed[place] ^ (1 << chance.randrange(8))))
        return f"bytes {places[:8]} changed", bytes(changed)
    if way in (3, 4):
        numbers = list(re.finditer(rb"-?\d+(\.\d+)?", content[:4000]))
        if numbers:
            one, other = chance.choice(numbers), chance.choice(ODD_NUMBERS)
            return f"number at {one.start()} → {other!r}", content[: one.start()] + other + content[one.end() :]
    start = chance.randrange(len(content))
    length = chance.choice((1, 7, 100, 4096))
    if chance.random() < 0.5:
        return f"{length} bytes at {start} lost", content[:start] + content[start + length :]
    return f"{length} zeros at {start}", content[:start] + bytes(length) + content[start + length :]


def outcome_of(path: Path, options: dict[str, int]) -> tuple[bool, str, str]:
    """Whether reading ended as it should, what it gave, and more of it."""
    start = time.perf_counter()
    try:
        dem = read_dem(path, **options)  # type: ignore[arg-type]
        good, kind, told = bool(np.isfinite(dem.cell_to_world).all() and all(dem.cell_size_m)), "Dem", f"{dem.size}"
    except Forge3dError as error:
        kind, told = type(error).__name__, str(error)
        good = "expected" in told and told.isprintable()
    except BaseException as error:
        good, kind, told = False, type(error).__name__, str(error)
    seconds = time.perf_counter() - start
    return good and seconds < LIMIT_S, kind, f"{seconds:.2f} s {told}"


def main() -> int:
    name, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    chance, failed = random.Random(f"{name} {seed}"), 0
    with tempfile.TemporaryDirectory() as scratch:
        good = Path(scratch, "good")
        good.mkdir()
        path = MAKERS[name](good)
        files = sorted(one for one in good.iterdir() if one.is_file())
        assert isinstance(read_dem(path), Dem)
        for number in range(count):
            folder = Path(scratch, "bad")
            shutil.copytree(good, folder)
            # The file that is opened, but now and then one that belongs to it.
            victim = folder / (path.name if chance.random() < 0.7 else chance.choice(files).name)
            how, content = damage(victim.read_bytes(), chance)
            victim.write_bytes(content)
            options = {"max_samples": 900} if chance.random() < 0.5 else {}
            print(f"{number} {victim.name}: {how} {options}", flush=True)
            kinds = set()
            for choose in (gdal.UseExceptions, gdal.DontUseExceptions):
                choose()
                good_end, kind, told = outcome_of(folder / path.name, options)
                kinds.add(kind)
                failed += not good_end
                print(f"   {'' if good_end else 'FAILED '}{kind} {told[:300]}", flush=True)
            if len(kinds) > 1:
                failed += 1
                print("   FAILED: the two modes differ", flush=True)
            shutil.rmtree(folder)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    os.environ["GDAL_PAM_ENABLED"] = "NO"
    sys.exit(main())
