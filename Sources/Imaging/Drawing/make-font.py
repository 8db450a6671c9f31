"""Packs the outlines of Roboto Medium that labels need into roboto-medium.labelfont, which LabelFont.swift reads.

usage: make-font.py Roboto-Medium.ttf    (Debian: fonts-roboto-unhinted; needs: fonttools)

Numbers are little-endian. Header: units per em, x-height, cap height, number of glyphs, number of characters, each u16.
Then for every character its code point and its glyph, u16 each, by code point; then the glyphs.
A glyph: advance width u16, number of contours u8. A contour: number of points, then for each point a number whose last bit
says whether it lies on the curve and whose other bits are the step in x from the point before, then the step in y. These are
variable-length numbers: 7 bits a byte, the highest bit says that more follow; steps are zigzag-encoded.
A composite glyph has 255 for its number of contours, then its number of parts u8, then for each part the glyph u16 and
where it is moved to, x and y as i16.
"""

import struct
import sys
from pathlib import Path

from fontTools.ttLib import TTFont

# ASCII, Latin-1, Latin Extended-A, Greek, Cyrillic, Vietnamese, punctuation, currency signs.
RANGES = ((0x20, 0x7E), (0xA0, 0x17F), (0x370, 0x3FF), (0x400, 0x4FF), (0x1EA0, 0x1EF9), (0x2010, 0x203A), (0x20A0, 0x20BF))
COMPOSITE = 255

font = TTFont(sys.argv[1])
glyf, advances = font["glyf"], font["hmtx"]
characters = font.getBestCmap()
wanted = {code: characters[code] for low, high in RANGES for code in range(low, high + 1) if code in characters}

names = [".notdef"]


def index(name):
    if name not in names:
        names.append(name)
    return names.index(name)


def variable(value):
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def zigzag(value):
    return value << 1 if value >= 0 else (-value << 1) - 1


def outline(name):
    coordinates, ends, flags = glyf[name].getCoordinates(glyf)
    data, start = bytes([len(ends)]), 0
    x = y = 0
    for end in ends:
        data += variable(end + 1 - start)
        for (next_x, next_y), flag in zip(coordinates[start : end + 1], flags[start : end + 1]):
            next_x, next_y = round(next_x), round(next_y)
            data += variable(zigzag(next_x - x) << 1 | flag & 1) + variable(zigzag(next_y - y))
            x, y = next_x, next_y
        start = end + 1
    return data


def glyph(name):
    data = struct.pack("<H", advances[name][0])
    parts = glyf[name].components if glyf[name].isComposite() else []
    simple = all(not hasattr(part, "transform") and hasattr(part, "x") for part in parts)
    if not parts or not simple or any(glyf[part.glyphName].isComposite() for part in parts):
        return data + (outline(name) if glyf[name].numberOfContours else b"\0")
    data += bytes([COMPOSITE, len(parts)])
    for part in parts:
        data += struct.pack("<Hhh", index(part.glyphName), part.x, part.y)
    return data


table = b"".join(struct.pack("<HH", code, index(name)) for code, name in sorted(wanted.items()))
glyphs, done = b"", 0
while done < len(names):  # parts of composites join the list on the way
    glyphs += glyph(names[done])
    done += 1
metrics = font["OS/2"]
header = struct.pack(
    "<5H", font["head"].unitsPerEm, metrics.sxHeight, metrics.sCapHeight, len(names), len(wanted)
)
target = Path(__file__).parent / "roboto-medium.labelfont"
target.write_bytes(header + table + glyphs)
print(f"{target.name}: {len(wanted)} characters, {len(names)} glyphs, {target.stat().st_size} bytes")
