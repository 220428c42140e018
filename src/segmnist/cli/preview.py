"""`segmnist preview`: clips as a picture or an animation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segmnist.cli.completion import one_of
from segmnist.cli.options import (
    BankOption,
    PresetOption,
    SeedOption,
    SetOption,
    SpecOption,
    SplitOption,
    spec_from,
)
from segmnist.cli.output import Answer, say_memory
from segmnist.errors import BadArgument

if TYPE_CHECKING:
    from segmnist.source import ClipSource

PREVIEW_TRUTHS = ("instance", "posterior")


def preview(
    out: Annotated[
        Path,
        typer.Argument(
            help="The file to write: .png for a contact sheet; .gif, .apng, .webp or .mp4 for an animation."
        ),
    ],
    preset: PresetOption = None,
    spec: SpecOption = None,
    set_: SetOption = None,
    split: SplitOption = "train",
    clips: Annotated[int, typer.Option("--clips", "-n", help="The number of clips, 1..100.")] = 3,
    first: Annotated[int, typer.Option("--first", help="The id of the first clip.")] = 0,
    seed: SeedOption = 0,
    truth: Annotated[
        list[str] | None,
        typer.Option(
            "--truth",
            help="An extra row per clip: instance, or posterior (presets of the exact family). Repeatable.",
            autocompletion=one_of(*PREVIEW_TRUTHS),
        ),
    ] = None,
    rgb: Annotated[bool, typer.Option("--rgb", help="Show the video in colour.")] = False,
    fps: Annotated[float, typer.Option("--fps", help="Frames per second of an animation, 0.1..50.")] = 10,
    scale: Annotated[
        int | None,
        typer.Option("--scale", help="Enlarge each pixel this many times. Default: chosen to fit."),
    ] = None,
    bank: BankOption = None,
) -> Answer:
    """Draw clips with their label maps, as a contact sheet or an animation."""
    from segmnist.digits.bank import DigitBank
    from segmnist.render.arrays import arrays_of, check_truths
    from segmnist.render.memory import bytes_of
    from segmnist.scene.randomness import check_split
    from segmnist.source import ClipSource
    from segmnist.views.preview.animation import check_suffix, save_preview
    from segmnist.views.preview.strips import title_of

    if not 1 <= clips <= 100:
        raise BadArgument("--clips", clips, "1..100")
    if not 0 <= first < 2**63 - clips:
        raise BadArgument("--first", first, "0 or more, all ids below 2^63")
    unknown = [name for name in truth or [] if name not in PREVIEW_TRUTHS]
    if rgb and "posterior" in (truth or ()):
        raise BadArgument(
            "--rgb", True, "left out beside --truth posterior", "posteriors are of the grey video"
        )
    if unknown:
        raise BadArgument("--truth", unknown[0], ", ".join(PREVIEW_TRUTHS))
    digits = DigitBank.from_path(bank) if bank else None
    asked = spec_from(preset, spec, set_)
    data = {"file": out, "split": split, "seed": seed, "clip_ids": list(range(first, first + clips))}
    if "posterior" in (truth or ()):
        source = ClipSource(asked, split=check_split(split), seed=seed, truth=("semantic",), bank=digits)
        _save_posteriors(out, source, range(first, first + clips), scale)
        return Answer(data, (f"{out}: what each observer knows of {clips} clip{'s' if clips > 1 else ''}",))
    check_suffix(out)
    truths = check_truths(("semantic", *(truth or ()), *(("rgb",) if rgb else ())))
    source = ClipSource(asked, split=check_split(split), seed=seed, truth=truths, bank=digits)
    say_memory("preview", bytes_of(asked, clips, ("video", *arrays_of(truths))))
    drawn = list(source[first : first + clips])
    instances = [clip["instance"] for clip in drawn] if truth else None
    save_preview(
        out,
        [clip["rgb" if rgb else "video"] for clip in drawn],
        [clip["semantic"] for clip in drawn],
        [clip.labels for clip in drawn],
        fps=fps,
        scale=scale,
        instances=instances,
        titles=[title_of(clip.clip_id, clip.labels, source.classes) for clip in drawn],
        classes=source.classes,
    )
    return Answer(data, (f"{out}: {clips} clip{'s' if clips > 1 else ''}",))


def _save_posteriors(out: Path, source: ClipSource, clip_ids: range, scale: int | None) -> None:
    """Draw clips of the exact family with what the frame, causal and offline observers know of them."""
    from io import BytesIO

    from segmnist.oracle import OBSERVERS, Oracle
    from segmnist.views.posteriors import draw_posteriors, posterior_strips
    from segmnist.whole_file import check_target, replace_file

    if out.suffix != ".png":
        raise BadArgument("out", str(out), "a .png file with --truth posterior")
    check_target(out)
    oracle = Oracle.of(source)
    strips = []
    for clip_id in clip_ids:
        clip = source[clip_id]
        known = [oracle.posterior(clip, observer) for observer in reversed(OBSERVERS)]
        strips += posterior_strips(clip, known)
    png = BytesIO()
    draw_posteriors(strips, scale=scale).save(png, "PNG")
    replace_file(out, png.getvalue())
