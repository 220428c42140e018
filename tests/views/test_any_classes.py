"""Pictures, notebook views and reports of digits with other classes: names, colours, and room for 250 of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.strategies import named_bank

from segmnist import BadArgument, ClipSource, SceneSpec
from segmnist.dataset import generate, open_dataset, recipe_for
from segmnist.palette import class_colours
from segmnist.preview import contact_sheet
from segmnist.views.notebook import bank_html, clip_html, dataset_html
from segmnist.views.preview.figure import sheet_layout
from segmnist.views.preview.strips import clip_strips, title_of
from segmnist.views.report.page import report_page
from segmnist.views.report.survey import survey

SPEC = SceneSpec(height=18, width=23, num_frames=2, num_digits_range=(1, 3), num_shapes_range=(0, 1))
counts = pytest.mark.parametrize("count", [1, 26, 250])


@counts
def test_a_sheet_shows_every_class_in_its_colour_beside_its_name(count: int) -> None:
    bank = named_bank(count)
    clip = ClipSource(SPEC, bank=bank)[4]
    arrays = [clip.video], [clip.semantic], [clip.labels]
    layout = sheet_layout(clip_strips(*arrays, classes=bank.classes))
    page = np.asarray(contact_sheet(*arrays, classes=bank.classes))
    texts = [line.text for line in layout.texts]
    assert set(bank.classes.names) <= set(texts)
    assert page.shape[:2] == layout.size
    for label, box in enumerate(layout.swatches):
        assert (page[box.slices] == class_colours(bank.classes)[label]).all()
    for tile, t in zip(layout.tiles[0][1], range(2)):
        scale = tile.height // SPEC.height
        shown = page[tile.slices][::scale, ::scale]
        np.testing.assert_array_equal(shown, class_colours(bank.classes)[clip.semantic[t]])


def test_titles_have_names() -> None:
    classes = named_bank(26).classes
    assert title_of(7, np.array([3, 25, 255], np.uint8), classes) == "Clip 7: class 3, class 25"
    assert title_of(7, np.array([255], np.uint8), classes) == "Clip 7: no digits"


def test_a_class_that_the_names_do_not_have_is_refused() -> None:
    classes, video = named_bank(3).classes, np.zeros((1, 4, 5), np.uint8)
    none = np.zeros(0, np.uint8)
    with pytest.raises(BadArgument, match=r"0\.\.2 a digit, 3 background"):
        contact_sheet([video], [video + 4], [none], classes=classes)
    with pytest.raises(BadArgument, match=r"digits 0\.\.2"):
        contact_sheet([video], [video], [np.array([3], np.uint8)], classes=classes)


@counts
def test_notebooks_and_reports_name_the_classes(tmp_path: Path, count: int) -> None:
    bank = named_bank(count)
    clip = ClipSource(SPEC, bank=bank)[0]
    assert bank.classes.names[clip.labels[0]] in clip_html(clip)
    assert bank.classes.names[0] in bank_html(bank)
    place = generate(recipe_for(SPEC, num_clips=3, bank=bank), tmp_path, bank=bank, num_workers=1)
    assert "StoredDataset" in dataset_html(open_dataset(place))
    found = survey(place, bank=bank)
    assert found.digits_of_class.sum() > 0
    assert len(found.pixels_of_class) == count + 1
    page = report_page(found, bank=bank)
    assert bank.classes.names[clip.labels[0]] in page
