"""Checks that the extension module in a wheel asks for nothing newer than manylinux2014 has.

    python scripts/check_manylinux.py WHEEL …

Reads the ELF file itself: which shared libraries it needs, and the newest version of each symbol family it names.
"""

from __future__ import annotations

import re
import struct
import sys
import zipfile
from pathlib import Path

# PEP 599: what every distribution since CentOS 7 has.
LIBRARIES = {"libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0", "libgcc_s.so.1"}
LIBRARIES |= {"ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
NEWEST = {"GLIBC": (2, 17), "GCC": (4, 8, 0)}
_SECTION = struct.Struct("<IIQQQQIIQQ")
_DYNAMIC, _VERSIONS_NEEDED = 6, 0x6FFFFFFE  # SHT_DYNAMIC, SHT_GNU_verneed
_NEEDED = 1  # DT_NEEDED


class Elf:
    """The dynamic part of a 64-bit little-endian ELF file."""

    def __init__(self, content: bytes) -> None:
        if content[:6] != b"\x7fELF\x02\x01":
            raise ValueError("expected a 64-bit little-endian ELF file")
        self.content = content
        (offset,) = struct.unpack_from("<Q", content, 0x28)
        size, count = struct.unpack_from("<HH", content, 0x3A)
        self.sections = [_SECTION.unpack_from(content, offset + i * size) for i in range(count)]

    def _text(self, strings: tuple[int, ...], offset: int) -> str:
        start = strings[4] + offset
        return self.content[start : self.content.index(b"\0", start)].decode()

    def libraries(self) -> set[str]:
        """The shared libraries that the loader must find."""
        found = set()
        for section in self.sections:
            if section[1] == _DYNAMIC:
                strings = self.sections[section[6]]
                for at in range(section[4], section[4] + section[5], 16):
                    tag, value = struct.unpack_from("<qQ", self.content, at)
                    if tag == _NEEDED:
                        found.add(self._text(strings, value))
        return found

    def versions(self) -> set[str]:
        """The symbol versions that those libraries must have, such as ``GLIBC_2.17``."""
        found = set()
        for section in self.sections:
            if section[1] != _VERSIONS_NEEDED:
                continue
            strings, at = self.sections[section[6]], section[4]
            while True:
                _, count, _, first, following = struct.unpack_from("<HHIII", self.content, at)
                entry = at + first
                for _ in range(count):
                    _, _, _, name, after = struct.unpack_from("<IHHII", self.content, entry)
                    found.add(self._text(strings, name))
                    entry += after
                if not following:
                    break
                at += following
        return found


def breaches(content: bytes) -> list[str]:
    """What in this ELF file a manylinux2014 system lacks."""
    elf = Elf(content)
    found = [f"needs {library}" for library in sorted(elf.libraries() - LIBRARIES)]
    for version in sorted(elf.versions()):
        family, _, number = version.rpartition("_")
        limit = NEWEST.get(family)
        if limit is None:
            found.append(f"needs {version}: not a family that manylinux2014 has")
        elif tuple(map(int, re.findall(r"\d+", number))) > limit:
            found.append(f"needs {version}: newer than {'.'.join(map(str, limit))}")
    return found


def main(arguments: list[str]) -> int:
    """Judges every wheel named; 0 if all pass."""
    failed = not arguments
    for argument in arguments:
        with zipfile.ZipFile(Path(argument)) as wheel:
            modules = [name for name in wheel.namelist() if name.endswith(".so")]
            if not modules:
                print(f"{argument}: expected an extension module; got none", file=sys.stderr)
                failed = True
            for name in modules:
                content = wheel.read(name)
                wrong = breaches(content)
                failed |= bool(wrong)
                glibc = [v for v in Elf(content).versions() if v.startswith("GLIBC_")]
                newest = max(glibc, key=lambda v: [int(n) for n in re.findall(r"\d+", v)], default="no GLIBC symbol")
                print(f"{argument}: {name}: {len(content) / 1e6:.1f} MB, newest {newest}")
                print("".join(f"  {line}\n" for line in wrong), end="")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
