"""Render the glyphs of a vocabulary folder."""

from __future__ import annotations

from pathlib import Path

from zhprep.core.corpus.inputs import file_sha256
from zhprep.core.report import Report
from zhprep.glyphs import GlyphsConfig, build, entries_of, save
from zhprep.glyphs.files import IMAGES
from zhprep.vocab import load


def render_glyphs(vocabulary_path: Path, folder: Path, config: GlyphsConfig) -> Report:
    """Write ``glyphs.npy`` and ``glyphs.json`` of a vocabulary into ``folder``.

    Raises ``UsageError`` or ``DataError`` for a font that cannot be used and for a vocabulary without Chinese.
    """
    vocabulary = load(vocabulary_path)
    rendered = build(config, entries_of(vocabulary), specials=vocabulary.specials)
    folder.mkdir(parents=True, exist_ok=True)
    record = save(rendered, vocabulary.tokens, folder)
    report = Report(output=str(folder / IMAGES), content_sha256=file_sha256(folder / IMAGES))
    report.scores = {"shape": record["shape"], "channels": record["channels"]}
    return report
