from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont, features

from segmnist.views.preview.text import broken_lines, load_font, printable, text_width

words = st.lists(st.text("0123456789,[]abcW", min_size=1, max_size=12), max_size=40)


@given(words=words, width=st.integers(20, 300), max_lines=st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_lines_fit_and_keep_the_words_in_order(words: list[str], width: int, max_lines: int) -> None:
    font = load_font(15)
    lines = broken_lines(" ".join(words), font, width, max_lines)
    assert len(lines) <= max_lines
    assert all(text_width(line, font) <= width for line in lines)
    if not any("…" in line for line in lines):
        assert " ".join(lines).split() == words


def test_a_short_title_is_left_alone_and_a_long_one_ends_in_an_ellipsis() -> None:
    font = load_font(15)
    assert broken_lines("Sample 1 : MNIST digits [6, 0, 9]", font, 400) == (
        "Sample 1 : MNIST digits [6, 0, 9]",
    )
    long = broken_lines(f"Sample 1 : MNIST digits {[7] * 200}", font, 250)
    assert len(long) == 2
    assert long[1].endswith("7…")


@pytest.mark.skipif(not features.check("freetype2"), reason="Pillow without FreeType")
def test_the_scalable_font_draws_grey_edges_and_has_the_ellipsis() -> None:
    font = load_font(20)
    assert isinstance(font, ImageFont.FreeTypeFont)
    image = Image.new("L", (200, 40), 255)
    ImageDraw.Draw(image).text((2, 2), "Sample 8 …", fill=0, font=font)
    assert len(image.getcolors() or []) > 10
    assert font.getmask("…").getbbox() != font.getmask("\u4e2d").getbbox()


def test_without_freetype_titles_are_still_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    load_imagefont = getattr(ImageFont, "load_default_imagefont", None)
    if load_imagefont is None:
        pytest.skip("Pillow before 10.4 cannot be asked for its bitmap font")
    monkeypatch.setattr(features, "check", lambda feature: False)
    monkeypatch.setattr(ImageFont, "load_default", load_imagefont)
    font = load_font.__wrapped__(15)
    assert isinstance(font, ImageFont.ImageFont)
    lines = broken_lines(f"π {[7] * 100}", font, 90)
    assert lines[1].endswith("…")
    assert all(text_width(line, font) <= 90 for line in lines)
    assert printable("π …", font) == "? ..."
    ImageDraw.Draw(Image.new("RGB", (90, 20))).text((0, 0), printable(lines[1], font), font=font)
