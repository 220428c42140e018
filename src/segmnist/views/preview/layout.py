"""Where everything on a page is: titles, tiles and legend, in whole pixels, before one of them is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from segmnist.classes import DIGITS, Classes
from segmnist.views.preview.text import broken_lines, load_font, text_width

CAPTION = "colour map of the digits"
NAMES_CAPTION = "colour map of the classes"
MOST_LETTERS = 24
"""Letters of a class's name in a legend."""


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels: its left and top, its width and height."""

    left: int
    top: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """The box as an index into an array `[y, x]`."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


@dataclass(frozen=True)
class TextLine:
    """A line of text and the top left corner of its line."""

    text: str
    left: int
    top: int


@dataclass(frozen=True)
class SheetLayout:
    """A page: size (height, width), font size, tiles[clip][down][across], lines of text, the classes and swatches."""

    size: tuple[int, int]
    font_size: int
    tiles: tuple[tuple[tuple[Box, ...], ...], ...]
    texts: tuple[TextLine, ...]
    swatches: tuple[Box, ...]
    classes: Classes


@dataclass(frozen=True)
class Block:
    """One clip to be placed: its title over `down` lines of `across` tiles each."""

    title: str
    tile_height: int
    tile_width: int
    down: int
    across: int


def whole_scale(height: int, width: int, target: int) -> int:
    """The largest whole factor at which a frame's longer side is at most `target` pixels, but at least 1.

    >>> whole_scale(64, 64, 128), whole_scale(28, 20, 128), whole_scale(256, 256, 128)
    (2, 4, 1)
    """
    return max(1, target // max(height, width))


def lay_out(blocks: Sequence[Block], num_columns: int, classes: Classes = DIGITS) -> SheetLayout:
    """Place blocks in a grid of `num_columns`, row by row, and the legend of the classes at the bottom left."""
    return _Pen(blocks, num_columns, classes).layout()


class _Pen:
    """Measures that follow from the letters, and the place reached on the page."""

    def __init__(self, blocks: Sequence[Block], num_columns: int, classes: Classes) -> None:
        self.blocks, self.num_columns, self.classes = blocks, num_columns, classes
        # Wide pages are looked at from farther away, so their letters grow, within reason.
        widest = max(block.across * block.tile_width for block in blocks)
        self.em = min(max(widest // 72, 15), 26)
        self.font = load_font(self.em)
        self.gap = max(2, self.em // 4)
        self.margin = round(1.2 * self.em)
        self.line = round(1.3 * self.em)
        self.pause = round(1.5 * self.em)
        self.block_width = max(map(self._natural_width, blocks))
        self.texts: list[TextLine] = []

    def _natural_width(self, block: Block) -> int:
        # A title may make a block wider than its tiles, but only within reason: beyond, it is broken.
        title = min(text_width(block.title, self.font), 18 * self.em)
        return max(self._span(block.across, block.tile_width), title)

    def _span(self, count: int, size: int) -> int:
        return count * size + (count - 1) * self.gap

    def layout(self) -> SheetLayout:
        tiles: list[tuple[tuple[Box, ...], ...]] = []
        top = self.margin
        for first in range(0, len(self.blocks), self.num_columns):
            line = self.blocks[first : first + self.num_columns]
            titles = [broken_lines(block.title, self.font, self.block_width) for block in line]
            top += max(map(len, titles)) * self.line
            for i, block in enumerate(line):
                left = self.margin + i * (self.block_width + self.pause)
                self._write_title(titles[i], left, top)
                tiles.append(self._place_tiles(block, left, top + self.gap))
            top += self.gap + max(self._span(block.down, block.tile_height) for block in line) + self.pause
        place = self._place_digits if self.classes == DIGITS else self._place_names
        self.texts.append(TextLine(CAPTION if self.classes == DIGITS else NAMES_CAPTION, self.margin, top))
        swatches, bottom = place(top)
        right = max(line.left + text_width(line.text, self.font) for line in self.texts)
        right = max(right, swatches[-1].left + swatches[-1].width, self._grid_right())
        size = (bottom + self.margin, right + self.margin)
        return SheetLayout(size, self.em, tuple(tiles), tuple(self.texts), swatches, self.classes)

    def _grid_right(self) -> int:
        columns = min(self.num_columns, len(self.blocks))
        return self.margin + columns * self.block_width + (columns - 1) * self.pause

    def _write_title(self, title: tuple[str, ...], left: int, bottom: int) -> None:
        # From the tiles upwards: a short title stays next to its tiles when its neighbour's has two lines.
        for i, text in enumerate(title):
            self.texts.append(TextLine(text, left, bottom - (len(title) - i) * self.line))

    def _place_tiles(self, block: Block, left: int, top: int) -> tuple[tuple[Box, ...], ...]:
        height, width = block.tile_height, block.tile_width
        return tuple(
            tuple(
                Box(left + x * (width + self.gap), top + y * (height + self.gap), width, height)
                for x in range(block.across)
            )
            for y in range(block.down)
        )

    def _place_names(self, top: int) -> tuple[tuple[Box, ...], int]:
        """Place a swatch of each class with its name beside it, in as many columns as the page has room for."""
        side, names = round(1.1 * self.em), [_cut(name) for name in self.classes.names]
        widest = max(text_width(name, self.font) for name in names)
        step = side + 2 * self.gap + widest + self.em
        columns = max(1, (max(self._grid_right(), 30 * self.em) - self.margin) // step)
        boxes = []
        for place, name in enumerate(names):
            left = self.margin + place % columns * step
            line = top + (1 + place // columns) * (self.line + self.gap) + self.gap
            boxes.append(Box(left, line, side, side))
            self.texts.append(TextLine(name, left + side + 2 * self.gap, line - self.gap // 2))
        return tuple(boxes), boxes[-1].top + side

    def _place_digits(self, top: int) -> tuple[tuple[Box, ...], int]:
        width, height = round(1.4 * self.em), round(1.4 * self.em)
        boxes = tuple(
            Box(self.margin + digit * width, top + 2 * self.line + self.gap, width, height)
            for digit in range(10)
        )
        for digit, box in enumerate(boxes):
            left = box.left + (width - text_width(str(digit), self.font)) // 2
            self.texts.append(TextLine(str(digit), left, top + self.line + self.gap // 2))
        return boxes, boxes[0].top + height


def _cut(name: str) -> str:
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…"
