"""Small worlds for the tests: rasters on disk, arrays with a known shape, and a native module that needs no GPU."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from any_values import register_profiles
from hypothesis.configuration import set_hypothesis_home_dir
from osgeo import gdal, osr
from stranger import Stranger

ROOT = Path(__file__).resolve().parents[1]
FAKES = Path(__file__).parent / "core" / "fakes"

# Before any test is collected: tests take their number of cases from the profile in use.
set_hypothesis_home_dir(ROOT / "build" / "hypothesis")
register_profiles()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "properties: draws its cases; --hypothesis-profile=long draws many")
    config.addinivalue_line("markers", "gpu: needs the native module and an adapter; the software one serves")


def crs_wkt(definition: int | str) -> str:
    """WKT of an EPSG code, a PROJ string or WKT."""
    system = osr.SpatialReference()
    if isinstance(definition, int):
        assert system.ImportFromEPSG(definition) == 0
    else:
        assert system.SetFromUserInput(definition) == 0
    return system.ExportToWkt()


@pytest.fixture
def write_raster(tmp_path: Path) -> Callable[..., Path]:
    """Writes bands (rows, cols) into a GeoTIFF and returns its path."""

    def write(
        *bands: np.ndarray,
        name: str = "dem.tif",
        crs: int | str | None = 32633,
        geotransform: tuple[float, ...] | None = (500000.0, 10.0, 0.0, 5100000.0, 0.0, -10.0),
        nodata: float | None = None,
        unit: str = "",
        scale: float | None = None,
        offset: float | None = None,
        gdal_type: int | None = None,
        options: tuple[str, ...] = (),
        metadata: dict[str, str] | None = None,
    ) -> Path:
        types = {
            "u1": gdal.GDT_Byte, "i1": gdal.GDT_Byte, "u2": gdal.GDT_UInt16, "i2": gdal.GDT_Int16,
            "u4": gdal.GDT_UInt32, "i4": gdal.GDT_Int32, "f4": gdal.GDT_Float32, "f8": gdal.GDT_Float64,
            "c8": gdal.GDT_CFloat32, "i8": getattr(gdal, "GDT_Int64", 0), "u8": getattr(gdal, "GDT_UInt64", 0),
        }  # fmt: skip
        first = bands[0]
        kind = gdal_type or types[first.dtype.str[1:]]
        path = tmp_path / name
        rows, cols = first.shape
        dataset = gdal.GetDriverByName("GTiff").Create(str(path), cols, rows, len(bands), kind, list(options))
        if geotransform is not None:
            dataset.SetGeoTransform(geotransform)
        if crs is not None:
            dataset.SetProjection(crs_wkt(crs))
        if metadata:
            dataset.SetMetadata(metadata)
        for number, content in enumerate(bands, start=1):
            band = dataset.GetRasterBand(number)
            if nodata is not None:
                band.SetNoDataValue(nodata)
            if unit:
                band.SetUnitType(unit)
            if scale is not None:
                band.SetScale(scale)
            if offset is not None:
                band.SetOffset(offset)
            band.WriteRaster(0, 0, cols, rows, np.ascontiguousarray(content).tobytes())
        band = dataset = None
        return path

    return write


@pytest.fixture
def hill() -> np.ndarray:
    """One round hill of 100 m in the upper left quarter of a plain at 50 m, (60, 80) float32."""
    rows, cols = np.mgrid[0:60, 0:80]
    return (50 + 100 * np.exp(-((rows - 15) ** 2 + (cols - 20) ** 2) / 60)).astype(np.float32)


@pytest.fixture
def letter_f() -> np.ndarray:
    """The letter F, 20 m high on a plain at 0 m, as a map shows it: readable with row 0 in the north. (70, 50)."""
    heights = np.zeros((70, 50), dtype=np.float32)
    heights[10:60, 12:20] = 20  # stem
    heights[10:18, 12:40] = 20  # upper arm
    heights[30:38, 12:32] = 20  # lower arm
    return heights


@pytest.fixture
def fake_native(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A forge3d_native that paints each row of the picture in a grey of its own, without a GPU."""
    import importlib.util
    import sys

    spec = importlib.util.spec_from_file_location("forge3d_native", FAKES / "forge3d_native.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, "forge3d_native", module)
    yield module


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    """A user who is not root, whoever runs the tests."""
    # Not in tmp_path: pytest keeps that for the user who runs it.
    folder = Path(tempfile.mkdtemp(prefix="forge3d-stranger-", dir="/tmp" if os.geteuid() == 0 else None))
    yield Stranger(folder)
    for path in folder.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(folder)
