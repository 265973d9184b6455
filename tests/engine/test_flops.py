"""The peaks of GPUs, by whole names, and what arithmetic a GPU gets by itself."""

from __future__ import annotations

import types

import pytest
import torch

from zhprep.engine.flops import peak_of, utilisation
from zhprep.engine.loop import automatic_dtype


@pytest.mark.parametrize(
    ("name", "peak"),
    [
        ("NVIDIA H200", 989e12),
        ("NVIDIA H200 NVL", 835e12),
        ("NVIDIA H100 80GB HBM3", 989e12),
        ("NVIDIA H100 NVL", 835e12),
        ("NVIDIA H100 PCIe", 756e12),
        ("NVIDIA H800", 989e12),
        ("NVIDIA A100-SXM4-80GB", 312e12),
        ("A100-SXM4-40GB", 312e12),
        ("NVIDIA A100 80GB PCIe", 312e12),
        ("NVIDIA A800-SXM4-80GB", 312e12),
        ("NVIDIA GeForce RTX 4090", 165e12),
        ("NVIDIA GeForce RTX 4090 D", None),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", None),
        ("NVIDIA RTX A1000", None),
        ("NVIDIA A100-SXM4-40GB MIG 1g.5gb", None),
        ("Tesla V100-SXM2-16GB", None),
        ("Tesla T4", None),
    ],
)
def test_a_gpu_is_known_by_its_whole_name(name, peak, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: name)

    assert peak_of(name) == peak
    assert utilisation(1e12, torch.device("cuda")) == (None if peak is None else 1e12 / peak)
    assert utilisation(1e12, torch.device("cpu")) is None


@pytest.mark.parametrize(("generation", "dtype"), [(7, "fp32"), (8, "bf16"), (9, "bf16")])
def test_a_gpu_gets_bf16_where_it_has_units_for_it(generation, dtype, monkeypatch):
    """V100 and T4 are of generation 7: they emulate it, and torch counts that unless it is told."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: types.SimpleNamespace(major=generation))
    monkeypatch.setattr(torch.cuda, "_check_bf16_tensor_supported", lambda _: True)
    assert automatic_dtype(torch.device("cuda")) == dtype
    assert automatic_dtype(torch.device("cpu")) == "fp32"
