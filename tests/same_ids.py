"""Our encoder beside the library's tokenizer: the same ids at the same places."""

from __future__ import annotations

from tokenizers import Tokenizer

from zhprep.vocab import Encoder, Vocabulary


def library_of(vocabulary: Vocabulary) -> Tokenizer:
    """Return the library's tokenizer as ``AutoTokenizer(split_special_tokens=True)`` sets it: text is text."""
    tokenizer = Tokenizer.from_str(vocabulary.tokenizer_json)
    tokenizer.encode_special_tokens = True
    return tokenizer


def as_text(ids: list[int], vocabulary: Vocabulary) -> list[int]:
    """Return the library's ids but for the one thing it does not do: a whole word ``[MASK]`` is an unknown word."""
    special = {vocabulary.ids[token] for token in vocabulary.specials if token in vocabulary.ids}
    return [vocabulary.unk if number in special else number for number in ids]


def assert_same(encoder: Encoder, library: Tokenizer, sentences: list[str]) -> None:
    encoded = encoder.encode(sentences)
    for number, expected in enumerate(library.encode_batch(sentences, add_special_tokens=False)):
        first, last = encoded.sentence_offsets[number : number + 2]
        ids = as_text(expected.ids, encoder.vocabulary) if encoder.takes_words else expected.ids
        assert encoded.ids[first:last].tolist() == ids, sentences[number]
        places = zip(encoded.starts[first:last].tolist(), encoded.stops[first:last].tolist(), strict=True)
        assert list(places) == expected.offsets, sentences[number]
