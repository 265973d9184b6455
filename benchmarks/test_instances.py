"""Words to instances, ours beside Google's algorithm in a plain loop; and what one more duplicate costs.

Characters per second of processor time; the text is made up, so that nothing has to be there.
"""

from __future__ import annotations

import time
from random import Random

import plain_google
import pytest
from made_words import make_documents, words_batch

from zhprep import vocab
from zhprep.instances import InstanceBuilder, InstancesConfig, Materials, build_instances


def seconds(materials: Materials, words) -> float:
    times = []
    for _ in range(5):
        begin = time.process_time()
        for _ in build_instances([words], InstanceBuilder(materials)):
            pass
        times.append(time.process_time() - begin)
    return min(times)


@pytest.mark.parametrize("format_name", ["segment-pair", "full-sentences"])
def test_build(format_name: str) -> None:
    documents = make_documents(0, 2500)
    words = words_batch(documents)
    n = sum(len(word) for document in documents for sentence in document for word in sentence)
    config = vocab.VocabConfig(size=180)
    vocabulary = vocab.train(vocab.count(words, config), config)
    encoder = vocab.Encoder(vocabulary)

    def ours(copies: int) -> float:
        settings = InstancesConfig(format=format_name, max_length=128, static=True, dupe_factor=copies)
        return seconds(Materials.of(settings, vocabulary, encoder), words)

    first, more = ours(1), (ours(5) - ours(1)) / 4
    tokens = [[list("".join(sentence)) for sentence in document] for document in documents]
    begin = time.process_time()
    random = Random(0)
    for _, a, b, _, _ in plain_google.pairs(tokens, 128, 0.1, random):
        plain_google.masked([[i] for i in range(len(a) + len(b))], len(a) + len(b) + 3, 0.15, 10**6, random)
    slow = time.process_time() - begin
    print(
        f"\n{format_name}: {n / first / 1e6:.1f} M characters/s; plain loop without tokenizer "
        f"{n / slow / 1e6:.2f} M; {slow / first:.0f}x; one more duplicate {more / n * 1e9:.0f} ns a character"
    )
    assert slow > 2 * first
    assert more < 0.5 * first
