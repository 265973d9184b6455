"""The wheel alone is enough: no checkout, any folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import click
import numpy
import pytest

ROOT = Path(__file__).parents[2]


def done(*command, **options):
    ended = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy of the tracked files."""
    pytest.importorskip("build")
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    listed = done("git", "-C", ROOT, "ls-files", "-z").split("\0")
    for name in filter(None, listed):
        if name.startswith(("tests/", "benchmarks/", "docs/")) or not (ROOT / name).is_file():
            continue
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    done(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, source)
    return next(out.glob("*.whl"))


@pytest.mark.slow
def test_everything_travels(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in (
        "zhprep/py.typed", "zhprep/compare/page.css", "zhprep/recipes/bert-wwm.toml", "zhprep/normalize/data/emoji.tsv",
        "zhprep/sample_data/corpus/news.txt", "zhprep/sample_data/tasks/topic/train.jsonl", "zhprep/fonts/fonts.toml",
    ):  # fmt: skip
        assert name in names
    assert not [name for name in names if name.startswith(("tests", "benchmarks")) or name.endswith(".pyc")]


@pytest.mark.slow
def test_the_demo_runs_with_the_wheel_alone(wheel, tmp_path):
    environment = tmp_path / "environment"
    done(sys.executable, "-m", "venv", environment)
    site = next(environment.glob("lib/python*/site-packages"))
    done(environment / "bin" / "pip", "install", "-q", "--no-deps", "--no-index", wheel)
    paths = {Path(module.__file__).parents[1] for module in (click, numpy)}
    (site / "dependencies.pth").write_text("".join(f"{path}\n" for path in paths))  # after the wheel, which comes first
    recipe = site / "zhprep" / "sample_data" / "demo.toml"
    recipe.write_text(recipe.read_text("utf-8").replace("epochs = 12", "epochs = 1"), "utf-8")  # to end soon
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    where = done(
        environment / "bin" / "python", "-c", "import zhprep; print(zhprep.__file__)", cwd=elsewhere, env=clean
    )
    assert Path(where.strip()).is_relative_to(environment)
    options = {"cwd": elsewhere, "env": {**clean, "OMP_NUM_THREADS": "1"}}
    done(environment / "bin" / "zhprep", "demo", "-o", "demo", "--steps", 5, "--quiet", **options)
    assert "<svg" in (elsewhere / "demo" / "report.html").read_text("utf-8")
