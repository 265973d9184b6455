"""Render the glyphs of a vocabulary folder, and the parts of its characters."""

from __future__ import annotations

from pathlib import Path

from zhprep.core.report import Report
from zhprep.core.shards import Claim, add_files, remove_leftovers
from zhprep.glyphs import GlyphsConfig, build, draw, entries_of, read_table, save, save_components, take_apart
from zhprep.glyphs.files import FILES, IMAGES
from zhprep.vocab import load


def render_glyphs(vocabulary_path: Path, folder: Path, config: GlyphsConfig, *, overwrite: bool = False) -> Report:
    """Write ``glyphs.npy`` and ``glyphs.json`` of a vocabulary into ``folder``, with ``decompose`` the parts too.

    Files that are there with other bytes are kept, with a ``UsageError``, unless ``overwrite``. Raises ``UsageError``
    or ``DataError`` for a font or a table that cannot be used and for a vocabulary without Chinese.
    """
    vocabulary = load(vocabulary_path)
    entries = entries_of(vocabulary)
    components = take_apart(entries, read_table(Path(config.decompose))) if config.decompose else None
    rendered = build(config, entries, specials=vocabulary.specials)
    report = Report()
    with Claim(folder):
        remove_leftovers(folder)
        record = save(rendered, vocabulary.tokens, folder, overwrite=overwrite)
        short = [{"face": channel["face"], **channel["rows"]} for channel in record["channels"]]
        report.scores = {"shape": record["shape"], "channels": short, "without_image": record["without_image"]}
        if components is not None:
            parts = save_components(components, draw(config, components.parts), folder, overwrite=overwrite)
            report.scores["components"] = {"shape": parts["shape"], **components.account}
        add_files(folder, FILES)
    report.output, report.content_sha256 = str(folder / IMAGES), record["sha256"]
    return report
