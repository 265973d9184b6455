"""What is summed into the embeddings: each input turns columns of the batch into ``[B, L, E]`` (or broadcasts to it).

An input is a module made from the model config. ``needs`` names the columns that must be in the data, ``takes`` those
that are used if they are there.
"""

from __future__ import annotations

from zhprep.models.blocks.part import EmbeddingInput
from zhprep.models.embeddings.inputs.characters import CharactersInput
from zhprep.models.embeddings.inputs.glyph import GlyphInput
from zhprep.models.embeddings.inputs.language import LanguageInput
from zhprep.models.embeddings.inputs.pinyin import PinyinInput
from zhprep.models.embeddings.inputs.position import PositionInput
from zhprep.models.embeddings.inputs.segment import SegmentInput
from zhprep.models.embeddings.inputs.token import TokenInput

INPUTS: dict[str, type[EmbeddingInput]] = {
    "token": TokenInput,
    "position": PositionInput,
    "segment": SegmentInput,
    "pinyin": PinyinInput,
    "glyph": GlyphInput,
    "characters": CharactersInput,
    "language": LanguageInput,
}
