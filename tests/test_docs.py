"""The pages agree with the program, and the Chinese ones with the English."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import make_reference
import pytest
from command_line import zhprep
from made_tags import write_tags

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("page", ["commands", "events"])
def test_the_reference_is_that_of_the_program(page: str) -> None:
    made = make_reference.reference() if page == "commands" else make_reference.events()
    assert (ROOT / "docs" / f"{page}.md").read_text("utf-8") == made, "write it again: make docs"


def test_both_readmes_show_the_same_commands() -> None:
    english, chinese = (ROOT / "README.md").read_text("utf-8"), (ROOT / "README.zh.md").read_text("utf-8")
    assert _shell(english) == _shell(chinese)
    assert _shell(english)


def test_both_guides_have_the_same_sections_and_commands() -> None:
    english, chinese = ((ROOT / "docs" / name).read_text("utf-8") for name in ("guide.md", "guide.zh.md"))
    assert english.count("\n## ") == chinese.count("\n## ")
    assert _shell(english) == _shell(chinese)


def test_the_guides_tagger_writes_a_file_that_is_read(sample_data: Path, tmp_path: Path) -> None:
    script = (
        (ROOT / "docs" / "guide.md").read_text("utf-8").partition("```python\nimport json\n")[2].partition("```")[0]
    )
    text = tmp_path / "text.arrow"
    assert zhprep("normalize", sample_data / "corpus" / "news.txt", "-o", text).code == 0
    made = subprocess.run([sys.executable, "-c", "import json\n" + script, text], capture_output=True, check=True)
    ours = [json.loads(line) for line in write_tags(text, tmp_path / "ours.jsonl").read_text("utf-8").splitlines()]
    theirs = [json.loads(line) for line in made.stdout.splitlines()]
    for line in (ours[0]["tags"], *ours[1:]):
        del line["dep"]
    assert theirs == ours


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


def test_every_word_of_make_stands_once() -> None:
    lines = (ROOT / "Makefile").read_text("utf-8").splitlines()
    targets = [line.split(":")[0] for line in lines if re.match(r"[a-z-]+:(?!=)", line)]
    (phony,) = [line.split()[1:] for line in lines if line.startswith(".PHONY:")]
    assert sorted(targets) == sorted(phony)
