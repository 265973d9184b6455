"""Instances to export, clean and masked on disk, with their vocabulary."""

from __future__ import annotations

import json

import pytest
from training_data import write_instances, write_vocabulary

N_ROWS, LENGTH = 2500, 24  # more than a slice of rows in a shard


def _folder(folder, *, static):
    write_instances(folder, N_ROWS, static=static, batch=1500)
    write_vocabulary(folder / "vocab")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["config"]["instances"] |= {"max_length": LENGTH, "static": static}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="session")
def clean(tmp_path_factory):
    return _folder(tmp_path_factory.mktemp("clean") / "data", static=False)


@pytest.fixture(scope="session")
def static(tmp_path_factory):
    return _folder(tmp_path_factory.mktemp("static") / "data", static=True)
