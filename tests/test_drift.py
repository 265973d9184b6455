"""Lists that must equal one another, and the budgets of files and functions: written with the lists, so that they hold."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

import zhprep
from zhprep.cli import COMMANDS, cli
from zhprep.cli.parts import FAMILIES
from zhprep.core.config import settings

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "zhprep"
MODULES = sorted(PACKAGE.rglob("*.py"))
MOST_LINES, MOST_FUNCTION_LINES = 300, 60
CONFIGS = (
    "zhprep.normalize:NormalizeConfig", "zhprep.segment:SegmentConfig", "zhprep.vocab:VocabConfig",
    "zhprep.glyphs:GlyphsConfig", "zhprep.pinyin:PinyinConfig", "zhprep.instances:InstancesConfig",
    "zhprep.models:ModelConfig", "zhprep.pretrain.config:PretrainConfig", "zhprep.evaluate.config:EvaluateConfig",
)  # fmt: skip
SHARED_BY_PARTS: dict[str, set[str]] = {
    "zhprep.export": {"crc32c", "example", "folder", "joined", "padded", "source"},
}
"""Files in a family's folder that are not parts."""


def named(path: str) -> Any:
    module, _, attribute = path.partition(":")
    return getattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize("path", [path for path in FAMILIES.values() if not path.endswith(":BUDGETS")])
def test_modules_of_a_family_are_the_keys_of_its_dict(path: str) -> None:
    module = importlib.import_module(path.partition(":")[0])
    files = {file.stem for file in Path(str(module.__file__)).parent.glob("*.py") if not file.stem.startswith("_")}
    keys = {key.replace("-", "_") for key in named(path)}
    assert keys <= files, "a key without a file"
    assert files - keys <= SHARED_BY_PARTS.get(module.__name__, set()), "a file without a key"


def test_every_command_has_a_module_whose_help_begins_with_its_summary() -> None:
    with click.Context(cli) as context:
        for name, summary in COMMANDS.items():
            command = cli.get_command(context, name)
            assert command is not None
            assert str(command.help).split("\n")[0] == summary, name
    files = {path.stem for path in (PACKAGE / "cli").glob("*.py")}
    assert {name.replace("-", "_") for name in COMMANDS} <= files


def test_the_command_reference_is_that_of_the_commands() -> None:
    specification = importlib.util.spec_from_file_location("make_reference", ROOT / "docs" / "make_reference.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    assert (ROOT / "docs" / "commands.md").read_text("utf-8") == module.reference(), "write it again: make docs"


@pytest.mark.parametrize("path", CONFIGS)
def test_every_setting_has_help(path: str) -> None:
    fields = settings(named(path))
    assert fields
    assert [field.name for field in fields if not field.metadata.get("help")] == []


def test_help_imports_nothing_heavy() -> None:
    heavy = ("torch", "pyarrow", "numpy", "jieba", "rjieba", "PIL", "tokenizers", "transformers", "pypinyin")
    code = (
        "import sys\nfrom zhprep.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "Commands, in the order of the pipeline" in done.stdout


def test_exports_are_sorted_and_there() -> None:
    assert zhprep.__all__ == sorted(zhprep.__all__)
    assert all(hasattr(zhprep, name) for name in zhprep.__all__)


def test_files_and_functions_are_short() -> None:
    assert len(MODULES) > 100
    long = []
    for path in MODULES:
        text = path.read_text("utf-8")
        if text.count("\n") > MOST_LINES:
            long.append(f"{path.relative_to(ROOT)}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > MOST_FUNCTION_LINES:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {length} lines")
    assert long == []


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(path) for path in MODULES if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_both_readmes_show_the_same_commands() -> None:
    english, chinese = (ROOT / "README.md").read_text("utf-8"), (ROOT / "README.zh.md").read_text("utf-8")
    assert _shell(english) == _shell(chinese)
    assert _shell(english)


def test_both_guides_have_the_same_sections_and_commands() -> None:
    english, chinese = (ROOT / "docs" / name for name in ("guide.md", "guide.zh.md"))
    assert english.read_text("utf-8").count("\n## ") == chinese.read_text("utf-8").count("\n## ")
    assert _shell(english.read_text("utf-8")) == _shell(chinese.read_text("utf-8"))


def _shell(text: str) -> list[str]:
    """Return the commands of a page, without their comments."""
    return [
        line.split("  #")[0].rstrip() for line in text.split("\n") if line.startswith(("zhprep ", "make ", "zcat "))
    ]
