"""What a run leaves to look at: TensorBoard logs, the validation curve as JSON, and a picture of predictions."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from segmnist.errors import MissingDependency
from segmnist.whole_file import replace_file

CURVE, PICTURE = "validation.json", "validation.png"


def summary_writer() -> Any:
    """Return TensorBoard's `SummaryWriter`. Raises `MissingDependency` where TensorBoard is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ModuleNotFoundError:
        raise MissingDependency("training logs", "train") from None
    return SummaryWriter


class RunLogs:
    """Writes a run's logs into its folder. What a killed run logged after its last checkpoint is taken back."""

    def __init__(self, folder: Path, step: int) -> None:
        self._folder = folder
        self._board = summary_writer()(str(folder / "logs"), purge_step=step)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._board.close()

    def add_steps(self, taken: Sequence[Any], step: int) -> list[float]:
        """Log the steps up to `step`, each a `Taken`, and return their losses: fetched from the device at once."""
        values = torch.stack([torch.stack([one.loss, one.gradient_norm]) for one in taken]).float().tolist()
        for (loss, norm), one, at in zip(values, taken, range(step - len(taken), step), strict=True):
            self._board.add_scalar("loss", loss, at)
            self._board.add_scalar("gradient norm", norm, at)
            self._board.add_scalar("learning rate, share of the highest", one.rate_factor, at)
        return [loss for loss, _ in values]

    def add_validation(self, curve: list[dict[str, Any]], picture: NDArray[np.uint8], step: int) -> None:
        """Log the last point of the curve, and write the curve and the picture `(h, w, 3)` uint8 as files."""
        from PIL import Image

        for name, value in curve[-1]["scores"].items():
            self._board.add_scalar(f"validation/{name}", value, step)
        self._board.add_image("validation", picture, step, dataformats="HWC")
        buffer = io.BytesIO()
        Image.fromarray(picture.repeat(2, axis=0).repeat(2, axis=1)).save(buffer, "PNG")
        replace_file(self._folder / PICTURE, buffer.getvalue())
        replace_file(self._folder / CURVE, json.dumps(curve, indent=1).encode() + b"\n")
