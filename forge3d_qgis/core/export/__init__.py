"""Files that leave the program: each is whole or not there. Knows zlib and numpy; no GDAL, no Qt."""

from .png import PngWriter, save_png
from .whole_file import WholeFile

__all__ = ["PngWriter", "WholeFile", "save_png"]
