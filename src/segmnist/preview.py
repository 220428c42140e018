"""Pictures of clips, from arrays alone: `contact_sheet`, `save_preview`, and the table of colours."""

from segmnist.palette import CLASS_COLOURS, CLASS_NAMES, INSTANCE_COLOURS, colourise, colourise_instances
from segmnist.views.preview.animation import SUFFIXES, animation_layout, save_preview
from segmnist.views.preview.figure import contact_sheet, draw_sheet, frames_shown, sheet_layout
from segmnist.views.preview.layout import Box, SheetLayout
from segmnist.views.preview.strips import Row, Strip, clip_strips

__all__ = [
    "CLASS_COLOURS",
    "CLASS_NAMES",
    "INSTANCE_COLOURS",
    "SUFFIXES",
    "Box",
    "Row",
    "SheetLayout",
    "Strip",
    "animation_layout",
    "clip_strips",
    "colourise",
    "colourise_instances",
    "contact_sheet",
    "draw_sheet",
    "frames_shown",
    "save_preview",
    "sheet_layout",
]
