"""What must agree, agrees: folders and dicts, commands and modules and tests, limits of size, what help imports."""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from zhprep.cli import COMMANDS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "zhprep"
MODULES = sorted(PACKAGE.rglob("*.py"))

FAMILIES = [
    ("zhprep.core.executors", "EXECUTORS"),
    ("zhprep.normalize.steps", "STEPS"),
    ("zhprep.segment.engines", "ENGINES"),
    ("zhprep.vocab.types", "TYPES"),
    ("zhprep.pinyin.engines", "ENGINES"),
    ("zhprep.instances.corruptions.strategies", "CORRUPTIONS"),
    ("zhprep.instances.layout.formats", "FORMATS"),
    ("zhprep.instances.masks.strategies", "STRATEGIES"),
    ("zhprep.instances.masks.replacements", "REPLACEMENTS"),
    ("zhprep.models.bodies", "BODIES"),
    ("zhprep.models.checkpoints", "FORMATS"),
    ("zhprep.models.embeddings", "EMBEDDINGS"),
    ("zhprep.models.embeddings.inputs", "INPUTS"),
    ("zhprep.models.blocks.attentions", "ATTENTIONS"),
    ("zhprep.models.blocks.layers", "LAYERS"),
    ("zhprep.models.blocks.outputs", "OUTPUTS"),
    ("zhprep.models.objectives", "OBJECTIVES"),
    ("zhprep.models.blocks.stacks", "STACKS"),
    ("zhprep.evaluate.tasks", "KINDS"),
    ("zhprep.evaluate.tuning", "TUNINGS"),
    ("zhprep.engine.optimisers", "OPTIMISERS"),
    ("zhprep.engine.schedules", "SCHEDULES"),
    ("zhprep.export", "EXPORTS"),
]
"""Each family of parts: its folder, and the dict in its ``__init__.py``."""

PART_DEFINES = {"zhprep.export": "export", "zhprep.models.checkpoints": "matches"}
"""Families that share their folder with what their parts have in common: a part is a module that defines this function."""

IN_COMMON = {
    "zhprep.models.blocks.attentions": {"attending"},
    "zhprep.models.bodies": {"body"},
    "zhprep.models.embeddings": {"embedding"},
    "zhprep.models.objectives": {"objective", "masked_tags"},
}
"""Families whose folder holds what several of their parts have in common: these files are no parts."""

LONGEST_FILE = 300
LONGEST_FUNCTION = 40
HEAVY = {"torch", "pyarrow", "numpy", "jieba", "PIL", "tokenizers", "pypinyin", "transformers", "zstandard"}


def missing(what: str) -> NoReturn:
    """Fail for a part that is named and is not there."""
    pytest.fail(f"missing: {what}")


def command_module(name: str) -> Any:
    path = f"zhprep.cli.{name.replace('-', '_')}"
    if importlib.util.find_spec(path) is None:
        missing(path)
    return importlib.import_module(path)


@pytest.mark.parametrize(("package", "name"), FAMILIES, ids=[".".join(pair) for pair in FAMILIES])
def test_a_family_is_its_folder(package: str, name: str) -> None:
    if importlib.util.find_spec(package) is None:
        missing(package)
    module = importlib.import_module(package)
    folder = Path(str(module.__file__)).parent
    modules = [*folder.glob("*.py"), *folder.glob("*/__init__.py")]
    parts = {path.parent.name if path.parent != folder else path.stem: path for path in modules}
    del parts["__init__"]
    common = IN_COMMON.get(package, set())
    parts = {part: path for part, path in parts.items() if part not in common and not inner_family(path)}
    if package in PART_DEFINES:
        parts = {part: path for part, path in parts.items() if PART_DEFINES[package] in defined(path)}
    assert {key.replace("-", "_") for key in getattr(module, name)} == parts.keys()


def inner_family(path: Path) -> bool:
    """Whether a module is a family of its own, inside of another's folder: the inputs of embeddings."""
    return path.name == "__init__.py" and ".".join(path.parent.relative_to(ROOT).parts) in dict(FAMILIES)


def defined(path: Path) -> set[str]:
    """The functions at the top of a module."""
    return {node.name for node in ast.parse(path.read_bytes()).body if isinstance(node, ast.FunctionDef)}


def test_every_family_is_listed_here() -> None:
    found = set()
    for path in PACKAGE.rglob("__init__.py"):
        package = ".".join(path.parent.relative_to(ROOT).parts)
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id.isupper():
                is_dict = ast.unparse(node.annotation).startswith("dict[str, ")
                text = path.read_text(encoding="utf-8")
                if is_dict and (f"from {package}" in text or "= Parts(" in text):
                    found.add((package, node.target.id))
    assert found == {pair for pair in FAMILIES if importlib.util.find_spec(pair[0])}


@functools.cache
def tree_of(path: Path) -> ast.Module:
    """What Python reads in a module."""
    return ast.parse(path.read_bytes())


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_files_and_functions_are_short() -> None:
    long = []
    for path in MODULES:
        if (n_lines := path.read_text("utf-8").count("\n")) > LONGEST_FILE:
            long.append(f"{path.relative_to(ROOT)} has {n_lines} lines")
        for function in functions(tree_of(path)):
            n_lines = (function.end_lineno or 0) - function.lineno + 1
            if n_lines > LONGEST_FUNCTION:
                long.append(f"{path.relative_to(ROOT)}:{function.lineno}: {function.name} has {n_lines} lines")
    assert not long


def test_what_is_public_is_documented() -> None:
    silent = []
    for path in MODULES:
        tree = tree_of(path)
        if not ast.get_docstring(tree):
            silent.append(f"{path.relative_to(ROOT)} has no docstring")
        public = [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name[0] != "_")]
        for node in (node for owner in public for node in owner.body):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name[0] == "_":
                continue
            if not ast.get_docstring(node):
                silent.append(f"{path.relative_to(ROOT)}:{node.lineno}: {node.name} has no docstring")
    assert not silent


def test_every_knob_has_help() -> None:
    knobs = 0
    for path in MODULES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setting":
                knobs += 1
                texts = [*node.args[1:2], *(keyword.value for keyword in node.keywords if keyword.arg == "help")]
                where = f"{path.relative_to(ROOT)}:{node.lineno}"
                assert texts, f"{where}: a setting without help"
                if isinstance(texts[0], ast.Constant):
                    assert str(texts[0].value).strip(), f"{where}: a setting with empty help"
    assert knobs > 10


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_its_summary(name: str) -> None:
    import click

    command = command_module(name).command
    assert isinstance(command, click.Command)
    assert (command.help or "").splitlines()[0] == COMMANDS[name]
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name}: {parameter.opts[0]} has no help"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_a_test(name: str) -> None:
    """Its file of tests runs it, and not only to see it refused."""
    path = ROOT / "tests" / "cli" / f"test_{name.replace('-', '_')}.py"
    if not path.exists():
        missing(str(path.relative_to(ROOT)))
    assert name in commands_run(path.read_text("utf-8")), f"no test in {path.name} runs `zhprep {name}`"


def commands_run(source: str) -> set[str]:
    """The commands that a file runs for what they do: first arguments of ``zhprep`` and its like, or of what they unpack."""
    nodes = list(ast.walk(ast.parse(source)))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    refused = {id(argument) for call in calls if ast.unparse(call.func) == "refused" for argument in call.args}
    assigned = [(ast.unparse(node.targets[0]), node.value) for node in nodes if isinstance(node, ast.Assign)]
    firsts: list[ast.expr] = []
    for call in calls:
        if ast.unparse(call.func) in ("zhprep", "made_by", "process") and call.args and id(call) not in refused:
            first = call.args[0]
            firsts.append(first)
            if isinstance(first, ast.Starred):
                name = ast.unparse(first.value)
                tuples = [value for target, value in assigned if target == name and isinstance(value, ast.Tuple)]
                firsts += [value.elts[0] for value in tuples]
    return {str(first.value) for first in firsts if isinstance(first, ast.Constant)}


def test_a_command_that_is_only_named_or_refused_is_not_run() -> None:
    named = 'def test():\n    text = "segment"\n    refused(zhprep("demo"), 2)\n    zhprep("merge", "x")\n'
    assert commands_run(named) == {"merge"}
    unpacked = 'def test():\n    arguments = ("run", "x")\n    zhprep(*arguments)\n'
    assert commands_run(unpacked) == {"run"}


def test_every_command_module_is_a_command() -> None:
    defining = set()
    for path in (PACKAGE / "cli").glob("*.py"):
        if "command" in defined(path):
            defining.add(path.stem)
    assert defining <= {name.replace("-", "_") for name in COMMANDS}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["nonsense"]])
def test_help_is_light(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom zhprep.cli import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit:\n    pass\n"
        "print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stderr.rpartition("LOADED")[2].split())
    assert "click" in loaded
    assert not loaded & HEAVY


def test_imports_keep_their_contracts() -> None:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", code, "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@functools.cache
def array_names(path: Path) -> set[str]:
    """The names in a module that stand for arrays: those of the libraries, and its own and others' for kinds of them."""
    names = {"NDArray", "Tensor"}
    for node in tree_of(path).body:
        if isinstance(node, ast.Assign) and "NDArray[" in ast.unparse(node.value):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("zhprep."):
            source = ROOT / (str(node.module).replace(".", "/") + ".py")
            if source.exists():
                there = array_names(source)
                names |= {alias.asname or alias.name for alias in node.names if alias.name in there}
    return names


def test_helpers_say_the_shapes_of_arrays() -> None:
    """Batches, which are many tensors by name, are described by the table of columns."""
    silent = []
    for path in MODULES:
        arrays = array_names(path)
        for function in functions(tree_of(path)):
            if not function.name.startswith("_") or function.name.startswith("__"):
                continue
            hints = [argument.annotation for argument in (*function.args.args, *function.args.kwonlyargs)]
            stated = [hint for hint in (*hints, function.returns) if hint is not None]
            words = words_of([hint for hint in stated if not is_of_batches(ast.unparse(hint))])
            if words & arrays and "[" not in (ast.get_docstring(function) or ""):
                silent.append(f"{path.relative_to(ROOT)}:{function.lineno}: {function.name}")
    assert not silent, "of which shape and dtype are their arrays?"


def is_of_batches(hint: str) -> bool:
    """Whether a hint is of many tensors by name, or of what is called with arrays."""
    return "str, Tensor" in hint or "Callable[" in hint


def words_of(hints: list[ast.expr]) -> set[str]:
    """The names in hints."""
    nodes = [node for hint in hints for node in ast.walk(hint)]
    words = {node.id for node in nodes if isinstance(node, ast.Name)}
    return words | {node.attr for node in nodes if isinstance(node, ast.Attribute)}
