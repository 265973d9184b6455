"""Glyphs: what each vocabulary entry looks like, in several typefaces.

In: the entries of a vocabulary. Out: ``glyphs.npy``, uint8 ``[V, fonts, size, size]``, and ``glyphs.json``:
the faces in their order and, for every row, which face drew it or why none did. ChineseBERT, §3.1
(arXiv 2106.16038): the images of FangSong, XingKai and LiShu, 24 x 24, side by side.

    fonts.py       find and open typefaces: those that travel with zhprep, and the user's own
    coverage.py    the characters that a font file has
    render.py      entries -> images, and the account of each row
    components.py  the parts that characters are written with
    files.py       glyphs.npy and glyphs.json
    sheet.py       a picture of them to look at
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from zhprep.core.config import setting
from zhprep.core.errors import DataError
from zhprep.glyphs.components import Components, read_table, take_apart
from zhprep.glyphs.files import load, save, save_components
from zhprep.glyphs.fonts import Face, open_face, vendored
from zhprep.glyphs.render import Rendered, Source, compose, render
from zhprep.glyphs.sheet import contact_sheet, rows_to_show
from zhprep.vocab import VocabConfig, Vocabulary, bytemap, is_ideograph
from zhprep.vocab.types.wordpiece import PREFIX, growing

__all__ = [
    "Components",
    "Face",
    "GlyphsConfig",
    "Rendered",
    "Source",
    "build",
    "compose",
    "contact_sheet",
    "draw",
    "entries_of",
    "load",
    "open_face",
    "read_table",
    "render",
    "rows_to_show",
    "save",
    "save_components",
    "take_apart",
    "vendored",
]


@dataclasses.dataclass(frozen=True, kw_only=True)
class GlyphsConfig:
    """What ``zhprep render-glyphs`` may be told."""

    font: tuple[str, ...] = setting(
        ("song", "kai", "xing"), "typefaces, one channel each: a name (song, kai, xing) or FILE or FILE.ttc#INDEX"
    )
    size: int = setting(24, "width and height of an image in pixels", minimum=8, maximum=1024)
    missing: str = setting(
        "next", "a character that the typeface lacks: the next face that has it, or zeros", choices=("next", "zeros")
    )
    fallback: tuple[str, ...] = setting(("kai", "song"), "the next faces, in order, for --missing next")
    words: bool = setting(False, "compose the images of a word's characters, for word vocabularies")
    decompose: str | None = setting(
        None, "a table of the parts of characters (CHISE's or CJKVI's ids.txt): draws the parts too"
    )


def build(config: GlyphsConfig, entries: Sequence[str], *, specials: Sequence[str] = ()) -> Rendered:
    """Render ``entries`` as ``config`` says.

    Raises ``UsageError`` or ``DataError`` for a font that cannot be used, ``DataError`` when no entry is Chinese.
    """
    if not any(is_ideograph(c) for entry in entries if config.words or len(entry) == 1 for c in entry):
        hint = "compose the glyphs of words with --words" if any(map(is_ideograph, "".join(entries))) else ""
        raise DataError("the vocabulary has no entry that is a Chinese character", hint=hint)
    return draw(config, entries, specials=specials)


def draw(config: GlyphsConfig, entries: Sequence[str], *, specials: Sequence[str] = ()) -> Rendered:
    """Render ``entries``, Chinese or not, in the typefaces and the size of ``config``."""
    channels = [open_face(name) for name in config.font]
    fallback = [open_face(name) for name in config.fallback] if config.missing == "next" else []
    return render(entries, channels, size=config.size, fallback=fallback, words=config.words, specials=specials)


def entries_of(vocabulary: Vocabulary) -> list[str]:
    """Return the text of every entry that text can give, as it is to be drawn.

    Of a byte-level vocabulary that is what its bytes say, empty for parts of characters. ``##`` stays but before an
    ideograph that the tokenizer does not set apart: only there it stands for a character in the text.
    """
    if vocabulary.kind != "bbpe":
        inner = {token[2:] for token in vocabulary.tokens if len(token) == 3 and token.startswith(PREFIX)}
        glued = {PREFIX + character for character in growing(filter(is_ideograph, inner), VocabConfig())}
        return [token[2:] if token in glued else token for token in vocabulary.tokens]
    return [bytemap.text_of(token) or "" for token in vocabulary.tokens]
