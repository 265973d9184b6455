"""Made-up documents, segmented, as the ``words`` table has them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from zhprep.core import schema

CHARACTERS = (
    "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学么之都好看起发当没"
    "成只如事把还用第样道想作种开美总从无情"
)


def make_documents(seed, n_documents, most_sentences=12, longest_word=4):
    """Rows of the ``words`` table: sentences as lists of words, of characters and now and then a Latin word."""
    random = np.random.default_rng(seed)
    documents = []
    for _ in range(n_documents):
        sentences = []
        for _ in range(int(random.integers(1, most_sentences + 1))):
            words = [
                "".join(
                    [CHARACTERS[at] for at in random.integers(0, len(CHARACTERS), random.integers(1, longest_word + 1))]
                )
                for _ in range(int(random.integers(1, 25)))
            ]
            if random.random() < 0.2:
                words.insert(int(random.integers(0, len(words))), "transformer")
            sentences.append([*words, "。"])
        documents.append(sentences)
    return documents


def words_batch(documents):
    """A record batch of the ``words`` table."""
    ends = [[np.cumsum([len(word) for word in words]).tolist() for words in sentences] for sentences in documents]
    text = [["".join(words) for words in sentences] for sentences in documents]
    names = [str(number) for number in range(len(documents))]
    columns = [pa.array(names), pa.array(text, pa.list_(pa.string())), pa.array(ends, pa.list_(pa.list_(pa.int32())))]
    return pa.RecordBatch.from_arrays(columns, schema=schema.WORDS)
