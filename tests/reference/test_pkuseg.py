"""Ours against ``spacy-pkuseg`` with pkuseg's own model, where both are at hand.

Set ``ZHPREP_PKUSEG`` to a folder with the unpacked package ``pkuseg`` (``models/default``) and ``ZHPREP_PKUSEG_MODEL``
to the model converted from it; `python -m zhprep.segment.pkuseg --help` says how to get both.
"""

from __future__ import annotations

import os
import pathlib

import pytest

from zhprep.segment import SegmentConfig, load_engine
from zhprep.segment.cuts import restore_spaces

pytestmark = pytest.mark.reference


def test_same_words_on_some_lines_of_the_corpora(shared_data: pathlib.Path) -> None:
    package, model = os.environ.get("ZHPREP_PKUSEG"), os.environ.get("ZHPREP_PKUSEG_MODEL")
    if not package or not model:
        pytest.skip("no pkuseg model (set ZHPREP_PKUSEG and ZHPREP_PKUSEG_MODEL)")
    theirs = pytest.importorskip("spacy_pkuseg").pkuseg(str(pathlib.Path(package) / "models" / "default"))
    files = sorted((shared_data / "corpus").glob("*.txt"))
    lines = [line for file in files for line in file.read_text("utf-8").split("\n")[::197] if line]
    ours = load_engine(SegmentConfig(cws="pkuseg", model=model)).cut(lines)
    assert ours == [restore_spaces(line, theirs.cut(line)) for line in lines]
