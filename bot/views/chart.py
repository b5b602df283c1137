"""A bar chart of percents as PNG, drawn here: no picture library, no font file."""

import struct
import zlib
from collections.abc import Sequence

WIDTH, HEIGHT = 560, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 34, 52
_PALETTE = ((255, 255, 255), (29, 28, 29), (218, 218, 218), (18, 100, 163), (0, 122, 90))
_PAPER, _INK, _GRID, _BAR, _NOW = range(5)
_SCALE = 2  # of the 5 × 7 glyphs
_ADVANCE = 6 * _SCALE
_FONT = {
    "0": "0e11131519110e", "1": "040c040404040e", "2": "0e11010204081f", "3": "1f02040201110e", "4": "02060a121f0202",
    "5": "1f101e0101110e", "6": "0608101e11110e", "7": "1f010204080808", "8": "0e11110e11110e", "9": "0e11110f01020c",
    "%": "18190204081303", " ": "00000000000000", "A": "0e11111f111111", "B": "1e11111e11111e", "C": "0e11101010110e",
    "D": "1c12111111121c", "E": "1f10101e10101f", "F": "1f10101e101010", "G": "0e11101711110f", "J": "0702020202120c",
    "L": "1010101010101f", "M": "111b1515111111", "N": "11191513111111", "O": "0e11111111110e", "P": "1e11111e101010",
    "R": "1e11111e141211", "S": "0f10100e01011e", "T": "1f040404040404", "U": "1111111111110e", "V": "11111111110a04",
    "Y": "11110a04040404",
}  # fmt: skip


def png(bars: Sequence[tuple[str, int]]) -> bytes:
    """One bar for each (label, percent); the last one is now and has a colour of its own. Nine fit.

    The words of a label stand below each other. Small, since Slack shows pictures small: the figures stay legible.
    """
    canvas = [bytearray(WIDTH) for _ in range(HEIGHT)]
    floor, room = HEIGHT - _BOTTOM, HEIGHT - _TOP - _BOTTOM
    for percent in (0, 25, 50, 75, 100):
        y = floor - room * percent // 100
        _fill(canvas, _LEFT, y, WIDTH - _RIGHT, y + 1, _INK if percent == 0 else _GRID)
        told = f"{percent}%"
        _write(canvas, told, _LEFT - 8 - len(told) * _ADVANCE, y - 7)
    step = (WIDTH - _LEFT - _RIGHT) // max(1, len(bars))
    for place, (label, percent) in enumerate(bars):
        middle, half = _LEFT + step * place + step // 2, max(3, min(22, step // 3))
        top = floor - room * max(0, min(100, percent)) // 100
        _fill(canvas, middle - half, top, middle + half, floor, _NOW if place == len(bars) - 1 else _BAR)
        told = [(f"{percent}%", top - 20)]
        told += [(word, floor + 10 + 20 * down) for down, word in enumerate(label.upper().split())]
        for text, y in told:
            _write(canvas, text, middle - len(text) * _ADVANCE // 2, y)
    return _encoded(canvas)


def _fill(canvas: list[bytearray], left: int, top: int, right: int, bottom: int, colour: int) -> None:
    left, right = max(0, left), min(WIDTH, right)
    for row in canvas[max(0, top) : max(0, bottom)]:
        row[left:right] = bytes([colour]) * max(0, right - left)


def _write(canvas: list[bytearray], text: str, left: int, top: int) -> None:
    """Characters that the font does not have stay blank."""
    for place, char in enumerate(text):
        for y, bits in enumerate(bytes.fromhex(_FONT.get(char, _FONT[" "]))):
            for x in range(5):
                if bits >> (4 - x) & 1:
                    at, down = left + place * _ADVANCE + x * _SCALE, top + y * _SCALE
                    _fill(canvas, at, down, at + _SCALE, down + _SCALE, _INK)


def _encoded(canvas: list[bytearray]) -> bytes:
    """Eight-bit palette, no interlace, no filter."""
    rows = b"".join(b"\0" + bytes(row) for row in canvas)
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    colours = b"".join(bytes(colour) for colour in _PALETTE)
    chunks = ((b"IHDR", head), (b"PLTE", colours), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
