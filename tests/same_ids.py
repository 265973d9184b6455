"""Our encoder beside the library's tokenizer: the same ids at the same places."""

from __future__ import annotations

from tokenizers import Tokenizer

from zhprep.vocab import Encoder


def assert_same(encoder: Encoder, library: Tokenizer, sentences: list[str]) -> None:
    encoded = encoder.encode(sentences)
    for number, expected in enumerate(library.encode_batch(sentences, add_special_tokens=False)):
        first, last = encoded.sentence_offsets[number : number + 2]
        assert encoded.ids[first:last].tolist() == expected.ids, sentences[number]
        places = zip(encoded.starts[first:last].tolist(), encoded.stops[first:last].tolist(), strict=True)
        assert list(places) == expected.offsets, sentences[number]
