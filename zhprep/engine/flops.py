"""How much of the device's arithmetic is used: model FLOPs utilisation."""

from __future__ import annotations

import torch

PEAK_BF16 = {
    "H200": 989e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "4090": 165e12,
    "3090": 71e12,
    "V100": 125e12,
}
"""Dense tensor-core operations a second, from the makers' data sheets."""


def utilisation(flops_per_second: float, device: torch.device) -> float | None:
    """Return the share of ``device``'s peak that this is, or None on a CPU or an unknown GPU."""
    if device.type != "cuda":
        return None
    name = torch.cuda.get_device_name(device)
    peak = next((peak for part, peak in PEAK_BF16.items() if part in name), None)
    return flops_per_second / peak if peak else None
