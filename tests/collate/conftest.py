from __future__ import annotations

from pathlib import Path

import pytest
from training_data import write_vocabulary

from zhprep.vocab import Vocabulary, load


@pytest.fixture(scope="session")
def vocabulary_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_vocabulary(tmp_path_factory.mktemp("vocabulary"))


@pytest.fixture(scope="session")
def vocabulary(vocabulary_folder: Path) -> Vocabulary:
    return load(vocabulary_folder)
