"""Where a model runs, and in which precision."""

from __future__ import annotations

import torch

from segmnist.errors import BadArgument
from segmnist.hardware import hardware

MAX_THREADS = 1024
"""More than that, and the system may refuse to start them, which ends the process."""


def device_named(name: str) -> torch.device:
    """Return the device; `auto` is an accelerator where there is one. Raises `BadArgument` for one not here."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name not in ("cpu", "cuda") or (name == "cuda" and not torch.cuda.is_available()):
        raise BadArgument("device", name, "auto, cpu" + (", cuda" if torch.cuda.is_available() else ""))
    return torch.device(name)


def machine(device: torch.device) -> str:
    """Return a short description of where a model on this device runs: the GPU's name, if it is one, and the processor.

    >>> machine(torch.device("cpu"))
    '... CPU cores (...), ...'
    """
    gpu = [torch.cuda.get_device_name(device)] if device.type == "cuda" else []
    return "; ".join([*gpu, hardware()])


def trains_in_bf16(precision: str, device: torch.device) -> bool:
    """Return whether a step is computed in bfloat16, whose range is that of float32, so that no loss is scaled.

    `auto` means yes on a GPU and on a processor that has instructions for it; on others it is slower.
    """
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return True
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16"))


def use_threads(threads: int) -> None:
    """Let torch use so many threads in this process, 1..1024, so that several runs can share a machine."""
    if not 1 <= threads <= MAX_THREADS:
        raise BadArgument("threads", threads, f"1..{MAX_THREADS}")
    torch.set_num_threads(threads)
