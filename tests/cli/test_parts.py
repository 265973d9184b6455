"""``zhprep parts``."""

from __future__ import annotations

from command_line import refused, zhprep

from zhprep.cli.parts import FAMILIES
from zhprep.instances.masks import STRATEGIES


def test_every_family_is_listed():
    result = zhprep("parts")
    assert (result.code, result.err) == (0, "")
    report = zhprep("parts", "--json").report
    assert list(report) == list(FAMILIES)
    assert all(report.values())
    for family, parts in report.items():
        assert any(line.startswith(family) and ", ".join(parts) in line for line in result.out.decode().splitlines())


def test_one_family():
    assert zhprep("parts", "mask strategy", "--json").report == {"mask strategy": list(STRATEGIES)}
    refused(zhprep("parts", "mask stratgy"), 2, "unknown family 'mask stratgy'", "did you mean 'mask strategy'?")
