"""The versions of packages are those that importlib.metadata gives."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from zhprep.core.installed import version_of


@pytest.mark.parametrize("package", ["numpy", "PyArrow", "tokenizers", "import_linter", "zhprep"])
def test_versions_are_those_of_importlib(package: str) -> None:
    assert version_of(package) == importlib.metadata.version(package)


def test_absent_package() -> None:
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        version_of("no-such-package-anywhere")


@pytest.mark.parametrize(
    ("entry", "file", "text"),
    [
        ("a_b.c-2.0.dist-info", "METADATA", "Name: a-b.c\nVersion: 2.0\n\nVersion: of the description\n"),
        ("a_b.c-2.0-py3.egg-info", "PKG-INFO", "Metadata-Version: 1.0\nName: a-b.c\nVersion: 2.0\n"),
    ],
)
def test_first_folder_of_the_path_wins(
    entry: str, file: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, folder in enumerate((tmp_path / "first", tmp_path / "second")):
        (folder / entry).mkdir(parents=True)
        (folder / entry / file).write_text(text.replace("2.0", f"2.{number}"), "utf-8")
        monkeypatch.syspath_prepend(str(folder))
    assert version_of("A-b-c") == importlib.metadata.version("A-b-c") == "2.1"
