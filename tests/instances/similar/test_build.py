"""Making similar words: from counts, from vectors, from a lexicon."""

from __future__ import annotations

import numpy as np
import pytest
from made_words import words_batch

from zhprep.core.errors import DataError
from zhprep.instances.similar import SimilarConfig, of_corpus, of_lexicon, of_vectors, write_similar
from zhprep.instances.similar.build import read_word2vec
from zhprep.instances.similar.cooccurrence import Sparse, frequent_words, near_counts
from zhprep.instances.similar.vectors import count_vectors, nearest, positive_information


def documents():
    """Cats and dogs eat, stones and bricks lie."""
    random = np.random.default_rng(0)
    sentences = []
    for _ in range(600):
        if random.random() < 0.5:
            sentences.append(
                [random.choice(["小猫", "小狗"]), random.choice(["爱吃", "要吃"]), random.choice(["肉", "鱼"])]
            )
        else:
            sentences.append(
                [random.choice(["石头", "砖块"]), random.choice(["放在", "摆在"]), random.choice(["墙", "地"])]
            )
    return [[[str(word) for word in sentence] for sentence in sentences]]


def dense(matrix):
    size = len(matrix.offsets) - 1
    full = np.zeros((size, size))
    full[matrix.rows, matrix.columns] = matrix.values
    return full


def test_counts_are_those_of_plain_loops():
    batches = [words_batch(documents())]
    words = frequent_words(batches, 100, 2)
    counts = dense(near_counts(batches, words))
    expected = np.zeros_like(counts)
    for sentence in documents()[0]:
        for i, first in enumerate(sentence):
            for second in sentence[i + 1 : i + 3]:
                expected[words.index(first), words.index(second)] += 1
                expected[words.index(second), words.index(first)] += 1
    assert np.array_equal(counts, expected)


def test_vectors_have_the_inner_products_of_the_exact_decomposition():
    random = np.random.default_rng(1)
    full = random.poisson(1.0, (60, 60)).astype(float)
    full += full.T
    rows, columns = np.nonzero(full)
    counts = Sparse(full[rows, columns], columns, np.searchsorted(rows, np.arange(61)))
    matrix = dense(positive_information(counts))
    left, values, _ = np.linalg.svd(matrix)
    exact = left[:, :50] * np.sqrt(values[:50])
    found = count_vectors(counts, 50)
    assert np.allclose(found @ found.T, exact @ exact.T, atol=1e-6)


def test_words_in_like_places_are_similar():
    rows = list(
        of_corpus(
            lambda: [words_batch(documents())], SimilarConfig(words=50, min_count=2, dimensions=6, most=1, least=0.0)
        )
    )
    best = {word: other for word, other, _ in rows}
    for one, other in (("小猫", "小狗"), ("石头", "砖块"), ("爱吃", "要吃"), ("放在", "摆在"), ("墙", "地")):
        assert best[one] == other
        assert best[other] == one


def test_nearest_are_of_the_same_length_and_script_and_not_the_word_itself():
    words = ["大", "小", "大小", "a", "b"]
    vectors = np.array([[1, 0], [0.9, 0.1], [1, 0], [1, 0], [0, 1]], float)
    assert [row[:2] for row in nearest(words, vectors, 3, 0.5)] == [("大", "小"), ("小", "大")]


def test_word2vec_files_are_read(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("3 2\n大 1 0\n小 0.9 0.1\n猫 0 1 \n", "utf-8")
    assert [row[:2] for row in of_vectors(path, SimilarConfig(words=9, most=1, least=0.9))] == [
        ("大", "小"),
        ("小", "大"),
    ]
    assert read_word2vec(path, 2)[0] == ["大", "小"]


@pytest.mark.parametrize("text", ["大 1 x\n", "大 1 0\n小 1\n", "", "大\n"])
def test_a_bad_line_of_vectors_is_named(tmp_path, text):
    path = tmp_path / "vectors.txt"
    path.write_text(text, "utf-8")
    with pytest.raises(DataError, match="vectors"):
        read_word2vec(path, 10)


def test_synonyms_of_a_lexicon(tmp_path):
    path = tmp_path / "lexicon.txt"
    path.write_text("Aa01A01= 人 士 人物\nAa01A02# 手 足\n美丽 漂亮 好看\n", "utf-8")
    assert list(of_lexicon(path, most=1)) == [
        ("人", "士", 1.0),
        ("士", "人", 1.0),
        ("美丽", "漂亮", 1.0),
        ("漂亮", "美丽", 1.0),
        ("好看", "美丽", 1.0),
    ]


def test_files_are_written_and_nothing_is_not(tmp_path):
    path = tmp_path / "similar.tsv"
    assert write_similar(path, [("大", "小", 0.5)]) == 1
    assert path.read_text("utf-8") == "大\t小\t0.5000\n"
    with pytest.raises(DataError, match="no similar words"):
        write_similar(path, [])


def test_too_little_text_is_said_so():
    with pytest.raises(DataError, match="no two words"):
        frequent_words([words_batch([[["大"]]])], 10, 2)
