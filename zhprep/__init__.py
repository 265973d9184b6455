"""zhprep: prepare Chinese corpora and make pretraining data, exactly and fast.

The pipeline, in order: ``normalize``, ``segment``, ``vocab``, ``glyphs``, ``pinyin``, ``instances``; then
``models``, ``pretrain``, ``evaluate``. Each is a folder here, a command, a folder of tests and a section of
a recipe. ``core`` is what they stand on.
"""

from __future__ import annotations

__version__ = "0.1.0"

__all__ = ["__version__"]
