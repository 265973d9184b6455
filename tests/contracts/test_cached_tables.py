"""Tables that are kept in the cache are made again where the code that makes them is another."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import zhprep
from zhprep.normalize import marks
from zhprep.normalize.wrapping import layout
from zhprep.pinyin import phrases
from zhprep.segment.jieba import hidden_markov, tables, user_words
from zhprep.segment.lexicon import Entry

PACKAGE = Path(zhprep.__file__).parent
TABLES: dict[str, tuple[Callable[[], str], str]] = {
    "normalize/marks.py": (marks.source, "normalize/data/emoji.tsv"),
    "normalize/wrapping/layout.py": (layout.source, ""),
    "pinyin/phrases.py": (phrases.source, "pinyin/syllables.txt"),
    "segment/jieba/hidden_markov.py": (hidden_markov.source, ""),
    "segment/jieba/tables.py": (tables.source, ""),
    "segment/jieba/user_words.py": (lambda: user_words.source([Entry("词", 3, "")]), ""),
}
"""Each module that keeps tables, with what says what they are made of, and a file of data that decides them."""

OTHERS = {
    *(f"core/{name}.py" for name in ("bundled", "compiled", "errors", "mapped", "registry", "report", "sets", "utf8")),
    "segment/jieba/package.py", "segment/lexicon.py",
}  # fmt: skip
"""What these modules import and what decides no table: how files are found and kept, errors, loops, what the user gave
(which is hashed itself)."""

ELSEWHERE = {
    "normalize/wrapping/layout.py": {"normalize/marks.py"},
    "segment/jieba/hidden_markov.py": {"segment/jieba/trie.py"},
}
"""What a module imports for other things than its table."""


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package, of whose files hashes are taken."""
    for name in ("core", "normalize", "pinyin", "segment"):
        shutil.copytree(PACKAGE / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(zhprep, "__file__", str(tmp_path / "__init__.py"))
    return tmp_path


def imported(name: str, without: set[str]) -> set[str]:
    """Return the files of the package that the file ``name`` imports, and those that these do."""
    found = {name}
    for node in ast.walk(ast.parse((PACKAGE / name).read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("zhprep."):
            path = str(node.module).removeprefix("zhprep.").replace(".", "/")
            names = [f"{path}.py", *(f"{path}/{one.name}.py" for one in node.names)]
            found.update(one for one in names if (PACKAGE / one).is_file() and one not in without)
    return found.union(*(imported(one, without) for one in found - {name}))


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_made_of_the_code_that_decides_it(name: str, copy: Path) -> None:
    source, data = TABLES[name]
    before = {source()}
    deciding = imported(name, OTHERS | ELSEWHERE.get(name, set())) | ({data} if data else set())
    for number, file in enumerate(sorted(deciding), 2):
        with (copy / file).open("a") as changed:
            changed.write("\n")
        before.add(source())
        assert len(before) == number, file


def test_no_other_module_keeps_tables() -> None:
    keeping = {
        path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if "mapped_arrays(" in path.read_text()
    }
    assert keeping == {*TABLES, "core/mapped.py", "core/compiled.py"}
