"""``pip install zhprep`` prepares data: its own requirements and theirs are enough; what trains says what it lacks."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from zhprep.cli import COMMANDS

ROOT = Path(__file__).parents[2]
LATER = """
import json, sys
from zhprep.cli import invoke
from zhprep.cli.process import exit_code
codes = [exit_code(lambda: invoke(command)) for command in json.load(sys.stdin)]
assert not {"torch", "safetensors"} & sys.modules.keys()
sys.exit(next(filter(None, codes), 0))
"""
"""Does commands one after the other in one process; exits with the first code that is not 0."""


def installed(requirements: list[str]) -> Iterator[Distribution]:
    """What ``pip install`` brings for ``requirements``."""
    seen: set[str] = set()
    while requirements:
        requirement = Requirement(requirements.pop())
        wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if wanted and requirement.name not in seen:
            seen.add(requirement.name)
            yield (found := distribution(requirement.name))
            requirements += found.requires or []


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of an environment that has zhprep and what it requires, and nothing else."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    site = next(environment.glob("lib/python*/site-packages"))
    requirements = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    for found in installed(requirements):
        for name in {path.parts[0] for path in found.files or []} - {"..", "__pycache__"}:
            if not (site / name).exists():
                (site / name).symlink_to(found.locate_file(name))
    (site / "checkout.pth").write_text(f"{ROOT}\n")
    return environment / "bin" / "python"


def ended(python, *commands, cwd):
    """Do ``commands`` in one process of the environment."""
    given = json.dumps([[str(argument) for argument in command] for command in commands])
    run = [python, "-P", "-c", LATER]
    environment = {"PATH": "/usr/bin:/bin", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(run, input=given, capture_output=True, text=True, cwd=cwd, env=environment)


def test_the_environment_has_no_torch(python):
    for name in ("torch", "safetensors", "transformers"):
        assert subprocess.run([python, "-c", f"import {name}"], capture_output=True).returncode == 1


def test_every_command_says_what_it_is(python, tmp_path):
    done = ended(python, *([name, "--help"] for name in COMMANDS), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("Usage: zhprep") == len(COMMANDS)


def test_data_are_prepared(python, sample_data, tmp_path):
    (tmp_path / "data-alone.toml").write_text('title = "no [model]"\n[instances]\nmask = "wwm"\nmax_length = 64\n')
    corpus, tables = sample_data / "corpus", tmp_path / "tables"
    done = ended(
        python,
        ["normalize", corpus, "-o", tables / "text", "--quiet"],
        ["segment", tables / "text", "-o", tables / "words", "--quiet"],
        ["build-vocab", corpus, "--size", 3000, "-o", "vocab", "--quiet"],
        ["render-glyphs", "--vocab", "vocab", "--quiet"],
        ["extract-pinyin", tables / "words", "-o", tables / "pinyin", "--quiet"],
        ["make-instances", tables / "words", "--vocab", "vocab", "-o", "data", "--static", "--quiet"],
        ["similar-words", tables / "words", "-o", "similar.tsv", "--quiet"],
        ["verify", "data", "--masks", "--quiet"],
        ["inspect", "data"],
        ["export", "data", "--to", "parquet", "-o", "parquet", "--quiet"],
        ["show-masks", "使用语言模型来预测下一个词的概率。"],
        ["run", "data-alone.toml", corpus, "-o", "work", "--size", "tiny", "--vocab-size", 3000, "--quiet"],
        ["status", "work"],
        ["recipes"],
        ["parts", "format"],
        cwd=tmp_path,
    )  # fmt: skip
    assert (done.stderr, done.returncode) == ("", 0)
    for name in ("vocab", "data", "work/vocab", "work/data"):
        assert (tmp_path / name / "manifest.json").exists() or (tmp_path / name / "tokenizer.json").exists()
    assert list((tmp_path / "parquet").glob("*.parquet"))


@pytest.mark.parametrize("command", ["pretrain", "evaluate", "run", "demo"])
def test_what_trains_says_what_to_install_before_anything_is_done(command, python, sample_data, tmp_path):
    (tmp_path / "data").mkdir()
    rest = {"pretrain": ["data", "-o", "out"], "evaluate": ["data"], "demo": ["-o", "out"]}
    done = ended(python, [command, *rest.get(command, ["bert-wwm", sample_data / "corpus", "-o", "out"])], cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ")
    assert "needs the package 'torch'" in done.stderr
    assert done.stderr.endswith("hint: pip install 'zhprep[train]'\n")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_parts_of_models_are_left_out_and_told(python, tmp_path):
    done = ended(python, ["parts"], cwd=tmp_path)
    assert done.returncode == 0
    assert "mask strategy" in done.stdout
    assert not {"objective", "optimiser"} & {line.split("  ")[0] for line in done.stdout.splitlines()}
    assert "left out: " in done.stderr.splitlines()[0]
    assert "pip install 'zhprep[train]'" in done.stderr
    refused = ended(python, ["parts", "objective"], cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
