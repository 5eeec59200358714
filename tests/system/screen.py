# SPDX-License-Identifier: MIT
"""Reads a machine's screen: by the hypervisor's own font from a screenshot, or as VGA text."""

import re
from pathlib import Path

FONT = Path(__file__).resolve().parents[2] / "drivers/font.c"
WIDTH, HEIGHT = 8, 16
FIRST, COUNT = 0x20, 95  # printable ASCII
TEXT_COLUMNS = 80
TEXT_MEMORY, TEXT_SIZE = 0xB8000, 80 * 25 * 2
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


def glyphs():
    """{16 bytes of rows: character}, from the font's table."""
    rows = re.findall(r"\{0x([0-9a-f]{16}), 0x([0-9a-f]{16})\}", FONT.read_text())
    assert len(rows) >= COUNT, f"{FONT} has {len(rows)} glyphs"
    return {bytes.fromhex(high + low): chr(FIRST + n)
            for n, (high, low) in enumerate(rows[:COUNT])}


class Screenshot:
    """A PPM file (P6, 8 bits a colour)."""

    def __init__(self, ppm):
        header = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", ppm)
        self.width, self.height = int(header[1]), int(header[2])
        pixels = ppm[header.end():]
        self.lit = [pixels[at] | pixels[at + 1] | pixels[at + 2]
                    for at in range(0, len(pixels), 3)]

    def is_black(self):
        return not any(self.lit)

    def _glyph(self, left, top, scale):
        rows = bytearray()
        for y in range(top, top + HEIGHT * scale, scale):
            start = y * self.width + left
            bits = self.lit[start:start + WIDTH * scale:scale]
            rows.append(sum(0x80 >> n for n, lit in enumerate(bits) if lit))
        return bytes(rows)

    def _lines(self, font, scale):
        wide, high = WIDTH * scale, HEIGHT * scale
        for top in range(0, self.height - high + 1, high):
            yield "".join(font.get(self._glyph(left, top, scale), UNKNOWN)
                          for left in range(0, self.width - wide + 1, wide)).rstrip()

    def text(self):
        """What our font shows, at the magnification that reads best."""
        font = glyphs()
        readings = ["\n".join(self._lines(font, scale)) for scale in (1, 2, 3)]
        return min(readings, key=lambda text: text.count(UNKNOWN))


def vga_text(memory):
    """The characters of VGA text memory."""
    characters = "".join(chr(byte) if 0x20 <= byte < 0x7f else " " for byte in memory[::2])
    return "\n".join(characters[at:at + TEXT_COLUMNS].rstrip()
                     for at in range(0, len(characters), TEXT_COLUMNS))


def read(machine):
    """(kind, text) of a QEMU machine's screen; kind is "framebuffer" or "text"."""
    shot = Screenshot(machine.screenshot())
    assert not shot.is_black(), "the screen is black"
    if (shot.width, shot.height) in ((720, 400), (640, 400)):
        return "text", vga_text(machine.physical_memory(TEXT_MEMORY, TEXT_SIZE))
    return "framebuffer", shot.text()
