"""The report's numbers are the data set's, and its page loads nothing."""

from __future__ import annotations

import dataclasses
import html.parser
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from segmnist import BadArgument, ClipSource, CorruptData, DigitBank, preset
from segmnist.cli.main import app
from segmnist.dataset import generate, recipe_for
from segmnist.report import report_page, survey

SPEC = preset("crowded", height=40, width=56, num_frames=6)
TRUTHS = ("semantic", "visibility", "truncation", "difficulty", "pose")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reported") / "data"
    recipe = recipe_for(
        SPEC, num_clips=23, first_clip=4, split="val", seed=8, bank=DigitBank.mnist(), clips_per_shard=8
    )
    generate(recipe, folder, num_workers=1)
    return folder


@pytest.fixture(scope="module")
def clips() -> Any:
    return ClipSource(SPEC, split="val", seed=8, truth=TRUTHS)[4:27]


@pytest.fixture(scope="module")
def found(place: Path) -> Any:
    return survey(place)


def test_counts(found: Any, clips: Any) -> None:
    real = clips.labels != 255
    assert found.num_surveyed == 23
    assert found.digits_of_class.tolist() == np.bincount(clips.labels[real], minlength=10).tolist()
    assert found.pixels_of_class.tolist() == np.bincount(clips["semantic"].ravel(), minlength=11).tolist()
    assert found.digits_a_clip.sum() == 23
    assert found.camouflage.sum() == 23
    assert (
        found.visibility.sum() == found.angles.sum() == (real[:, :, None] & (clips["truncation"] < 1)).sum()
    )
    assert found.positions.sum() == found.visibility.sum()  # walls keep centres inside the frame
    assert 0 < found.speeds.sum() <= found.visibility.sum()
    assert found.differing == []


@pytest.mark.parametrize("format_", ["origin-npy", "origin-h5"])
def test_the_2020_layout_is_surveyed(tmp_path: Path, found: Any, format_: str) -> None:
    if format_ == "origin-h5":
        pytest.importorskip("h5py", reason="segmnist[hdf5] is not installed")
    recipe = recipe_for(SPEC, num_clips=23, first_clip=4, split="val", seed=8, format=format_)
    generate(recipe, tmp_path, num_workers=1)
    again = survey(tmp_path)
    assert again.differing == []
    for name in ("digits_of_class", "pixels_of_class", "visibility", "positions"):
        np.testing.assert_array_equal(getattr(again, name), getattr(found, name))
    assert again.hardest == found.hardest
    assert recipe.plan_id in report_page(again)


def test_the_hardest_are_the_hardest(found: Any, clips: Any) -> None:
    order = np.argsort(clips["mean_visibility"], kind="stable")[:6]
    assert [clip_id for _, clip_id in found.hardest] == (order + 4).tolist()


def test_a_part_is_spread_over_the_whole(place: Path) -> None:
    part = survey(place, max_clips=5)
    assert part.num_surveyed == 5
    with pytest.raises(BadArgument):
        survey(place, max_clips=0)


def test_names_of_files_are_text_whatever_they_say(found: Any) -> None:
    evil = '<span class="wrong"><script>document.title = 1</script>'
    told = dataclasses.replace(found, files=[(evil, 1, evil)], differing=[3])
    page = report_page(told)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 2
    assert '<span class="wrong">1 clips are not' in page


def test_every_file_of_the_manifest_is_listed(found: Any, place: Path) -> None:
    import hashlib

    root = next(place.rglob("manifest.json")).parent
    assert len(found.files) > 8
    for path, size, sha256 in found.files:
        data = (root / path).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (size, sha256)


class Links(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        assert tag not in ("script", "link", "iframe")
        self.sources += [value for name, value in attributes if name in ("src", "href")]


def test_the_page_says_everything_and_loads_nothing(found: Any) -> None:
    page = report_page(found)
    links = Links()
    links.feed(page)
    pictures = [source for source in links.sources if source.startswith("data:image/png;base64,")]
    assert len(pictures) == 12 + 6
    assert all(source.startswith("#") for source in set(links.sources) - set(pictures))
    assert "url(" not in page
    for words in (
        "Class balance",
        "Visibility",
        "Camouflage",
        "Positions",
        "Hardest clips",
        "Licence",
    ):
        assert words in page
    assert found.recipe.plan_id in page
    assert all(sha256 in page for _, _, sha256 in found.files)
    assert f"<title>5: {found.digits_of_class[5]:,} (" in page


def test_the_recipe_is_a_table_of_every_field(found: Any) -> None:
    page = report_page(found)
    for name, value in found.recipe.spec.to_dict().items():
        assert f"<td>{name}</td>" in page, value
    assert "<td>seed</td><td>8</td>" in page
    assert "<td>width</td><td><b>56</b></td>" in page
    assert "<td>frame_stride</td><td>1</td>" in page


def test_charts_have_axes_with_round_numbers_and_units(found: Any) -> None:
    page = report_page(found)
    charts = dict(re.findall(r'aria-label="([^"]+)" (viewBox.*?)</svg>', page, re.S))
    speeds = re.findall(r">([^<>]+)</text>", charts["Speeds of digits between frames"])
    numbers = [float(text) for text in speeds if re.fullmatch(r"[0-9.]+", text)]
    assert numbers[0] == 0
    assert numbers[-1] >= SPEC.speed_range[1]
    assert all(len(f"{number:g}") <= 4 for number in numbers)
    assert any("px/frame" in text for text in speeds)
    assert any(text.endswith("%") for text in speeds)
    angles = re.findall(r">([^<>]+)</text>", charts["Angles of digits in frames"])
    assert {"0", "90", "180", "270", "360"} <= set(angles)
    centres = re.findall(r">([^<>]+)</text>", charts["Centres of digits in the frame"])
    assert {"0", "28", "56", "20", "40"} <= set(centres)


def test_a_bar_says_what_lies_between_its_edges(found: Any) -> None:
    page = report_page(found)
    assert f"<title>0.95 to 1: {found.visibility[-1]:,} (" in page


def test_what_is_not_as_the_recipe_says_is_told(found: Any) -> None:
    import dataclasses

    assert "3 clips are not what the recipe gives, such as 7" in report_page(
        dataclasses.replace(found, differing=[7, 8, 9])
    )


def test_titles_are_escaped(place: Path, tmp_path: Path) -> None:
    odd = tmp_path / "<b>x"
    shutil.copytree(place, odd)
    assert "<b>x" not in report_page(survey(odd, max_clips=2))


def test_damage_is_told(found: Any, place: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(place, copy)
    inner = next(path for path, _, _ in found.files if path.startswith("video/"))
    video = next(copy.rglob("manifest.json")).parent / inner
    data = bytearray(video.read_bytes())
    data[50] ^= 1
    video.write_bytes(data)
    with pytest.raises(CorruptData, match="damaged"):
        survey(copy)


def test_command(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    result = CliRunner().invoke(app, ["report", str(place), "-o", str(out), "--clips", "4"])
    assert result.exit_code == 0, result.output
    assert re.match(r"<!doctype html>", out.read_text())
    assert str(out) in result.output
    failed = CliRunner().invoke(app, ["report", str(tmp_path), "-o", str(tmp_path / "x.html")])
    assert isinstance(failed.exception, BadArgument)
    assert not (tmp_path / "x.html").exists()
