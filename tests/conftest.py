"""Fixtures and settings that all tests share."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Read when the libraries are first imported, so set before any test module is: one thread, so that sums of
# floats come out in one order and tests run side by side; no network; a cache that is thrown away.
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
for _name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
if "HF_HOME" not in os.environ:
    os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="zhprep-tests-")
    atexit.register(shutil.rmtree, os.environ["HF_HOME"], ignore_errors=True)


def pytest_configure(config: pytest.Config) -> None:
    """Choose how hypothesis looks for examples: the same ones every time where ``CI`` is set."""
    from hypothesis import HealthCheck, settings

    quiet = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "max_examples": 60}
    settings.register_profile("dev", settings(**quiet))
    settings.register_profile("ci", settings(**quiet, derandomize=True, database=None))
    settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real corpora and gold data; a test that needs it is skipped where it is not."""
    folder = Path(os.environ.get("ZHPREP_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder} (set ZHPREP_DATA)")
    return folder
