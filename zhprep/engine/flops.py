"""How much of the device's arithmetic is used: model FLOPs utilisation."""

from __future__ import annotations

import re

import torch

PEAK_BF16 = {
    r"H200|GH200 \d+GB": 989e12,
    r"H[18]00( \d+GB HBM3)?": 989e12,
    r"H[12]00 NVL": 835e12,
    r"H[18]00 PCIe": 756e12,
    r"A[18]00-(SXM4?|PCIE)-\d+GB|A[18]00 \d+GB PCIe": 312e12,
    r"L40S": 362e12,
    r"GeForce RTX 4090": 165e12,
    r"GeForce RTX 3090": 71e12,
}
"""Dense tensor-core operations a second of GPUs, by whole names as the driver has them, from the maker's data sheets
(half of what they say with sparsity). A slice of a GPU (``… MIG 1g.10gb``) has a name of its own."""


def utilisation(flops_per_second: float, device: torch.device) -> float | None:
    """Return the share of ``device``'s peak that this is, or None on a CPU or an unknown GPU."""
    peak = peak_of(torch.cuda.get_device_name(device)) if device.type == "cuda" else None
    return flops_per_second / peak if peak else None


def peak_of(name: str) -> float | None:
    """Return the peak of the GPU that the driver calls ``name``, or None of an unknown one."""
    name = name.removeprefix("NVIDIA ")
    return next((peak for names, peak in PEAK_BF16.items() if re.fullmatch(names, name)), None)
