"""Files that leave the program: each is whole or not there. Knows zlib and numpy; no GDAL, no Qt."""

from .png import PngWriter, encode_in_vain, save_png
from .whole_file import WholeFile

__all__ = ["PngWriter", "WholeFile", "encode_in_vain", "save_png"]
