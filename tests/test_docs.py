"""The pages agree with the program, and the Chinese ones with the English."""

from __future__ import annotations

import importlib.util
import shlex
from pathlib import Path

from command_line import zhprep

ROOT = Path(__file__).parent.parent


def test_the_command_reference_is_that_of_the_commands() -> None:
    specification = importlib.util.spec_from_file_location("make_reference", ROOT / "docs" / "make_reference.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    assert (ROOT / "docs" / "commands.md").read_text("utf-8") == module.reference(), "write it again: make docs"


def test_both_readmes_show_the_same_commands() -> None:
    english, chinese = (ROOT / "README.md").read_text("utf-8"), (ROOT / "README.zh.md").read_text("utf-8")
    assert _shell(english) == _shell(chinese)
    assert _shell(english)


def test_both_guides_have_the_same_sections_and_commands() -> None:
    english, chinese = ((ROOT / "docs" / name).read_text("utf-8") for name in ("guide.md", "guide.zh.md"))
    assert english.count("\n## ") == chinese.count("\n## ")
    assert _shell(english) == _shell(chinese)


def _shell(text: str) -> list[str]:
    """Return the commands of a page, without their comments."""
    return [
        line.split("  #")[0].rstrip() for line in text.split("\n") if line.startswith(("zhprep ", "make ", "zcat "))
    ]


def test_the_readmes_show_what_show_masks_prints() -> None:
    for name in ("README.md", "README.zh.md"):
        command, _, rest = (ROOT / name).read_text("utf-8").partition("$ zhprep ")[2].partition("\n")
        result = zhprep(*shlex.split(command))
        assert (result.code, result.out.decode()) == (0, rest.partition("```")[0])
