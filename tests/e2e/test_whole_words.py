"""From text to masks: words join to their sentence, chosen words are chosen whole, the shares are what they should be."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import numpy as np
import pytest
from command_line import made_by, zhprep
from reading_instances import read_instances

CORPORA = (
    "prose_lctt_tech_articles", "prose_laws_zh_cn", "prose_public_domain_fiction", "traditional_wiki_drcd",
    "noisy_waimai_reviews", "classical_tang_song_poems",
)  # fmt: skip
LONGEST = 400_000
"""Characters taken of each corpus."""
MIXED = ("无创DNA", "T恤", "3D打印", "A股", "GPT-4")
IDIOMS = ("一丝不苟", "画蛇添足", "守株待兔", "胸有成竹", "一见钟情")


def words_of(text, ends):
    return [text[begin:end] for begin, end in pairwise([0, *ends])]


@pytest.mark.parametrize("name", CORPORA)
def test_joined_words_are_the_sentence_in_every_real_corpus(name, shared_data, tmp_path):
    whole = (shared_data / "corpus" / f"{name}.txt").read_text("utf-8")
    source = tmp_path / "part.txt"
    source.write_text(whole[:LONGEST], "utf-8")
    assert zhprep("normalize", source, "-o", tmp_path / "text", "--quiet").code == 0
    assert zhprep("segment", tmp_path / "text", "-o", tmp_path / "words", "--quiet").code == 0
    n_sentences = 0
    for text, words in zip(batches(tmp_path / "text"), batches(tmp_path / "words"), strict=True):
        sentences = text["sentences"].flatten().to_pylist()
        ends = words["ends"].flatten().to_pylist()
        assert words["doc"].equals(text["doc"])
        assert ["".join(words_of(*pair)) for pair in zip(sentences, ends, strict=True)] == sentences
        assert all(stops == sorted(set(stops)) for stops in ends)
        n_sentences += len(sentences)
    assert n_sentences > 1000


def batches(folder):
    from zhprep.core.shards import open_batches

    return list(open_batches(folder))


def test_joined_words_are_the_sentence_in_the_sample(sample_data):
    text = zhprep("normalize", sample_data / "corpus", "--quiet").out.decode()
    segmented = zhprep("segment", "--quiet", stdin=text.encode()).out.decode()
    shown = {" ": "", "▁": " "}
    joined = re.sub(r"\\(.)|[ ▁]", lambda found: found[1] or shown[found[0]], segmented)  # a backslash escapes
    assert joined == text
    assert segmented.count(" ") > 20_000


@pytest.fixture(scope="module")
def words_corpus(tmp_path_factory):
    """Sentences with mixed words and idioms as words with spaces between them, and the words of each."""
    random = np.random.default_rng(0)
    subjects, verbs, ends = (
        ("我们", "他", "记者", "老师"),
        ("说", "认为", "看到", "喜欢"),
        ("很 重要", "不错", "的 故事"),
    )
    lines = []
    for number in range(1500):
        special = (*MIXED, *IDIOMS)[number % 10]
        parts = [random.choice(subjects), random.choice(verbs), special, *random.choice(ends).split(), "。"]
        lines.append(" ".join(parts) + ("\n" if number % 5 == 4 else ""))
    path = tmp_path_factory.mktemp("words") / "words.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def mixed(words_corpus, tmp_path_factory):
    """Instances of them through build-vocab and make-instances: dynamic, and static with two duplicates."""
    folder = tmp_path_factory.mktemp("mixed")
    given = (words_corpus, "--input-form", "words")
    vocab = made_by("build-vocab", *given, "--size", 300, output=folder / "vocab")
    settings = (*given, "--vocab", vocab, "--mask", "wwm", "--max-length", 128)
    dynamic = made_by("make-instances", *settings, output=folder / "dynamic")
    static = made_by("make-instances", *settings, "--static", "--dupe-factor", 2, output=folder / "static")
    return read_instances(dynamic), read_instances(static)


def chosen_words(instances, positions):
    """Return the words chosen whole, as text, and the number of those chosen in part."""
    ids, words, rows = instances.ids, instances.words, instances.rows_of_tokens
    address = rows * 100_000 + words
    is_chosen = np.zeros(len(ids), bool)
    is_chosen[positions] = True
    pieces, picks = {}, {}
    for place in np.flatnonzero(words >= 0).tolist():
        key = int(address[place])
        pieces.setdefault(key, []).append(instances.vocabulary.tokens[ids[place]].removeprefix("##"))
        picks.setdefault(key, []).append(bool(is_chosen[place]))
    whole = ["".join(pieces[key]) for key, chosen in picks.items() if all(chosen)]
    return whole, sum(any(chosen) and not all(chosen) for chosen in picks.values())


@pytest.mark.parametrize("epoch", range(4))
def test_mixed_words_and_idioms_are_chosen_whole_in_every_epoch(mixed, epoch):
    dynamic, _ = mixed
    whole, in_part = chosen_words(dynamic, dynamic.masked(epoch)[1])
    assert in_part == 0
    assert {word.lower() for word in (*MIXED, *IDIOMS)} <= set(whole)


def test_static_duplicates_are_the_dynamic_epochs(mixed):
    dynamic, static = mixed
    for dupe in (0, 1):
        for on_disk, made in zip(static.masked_on_disk(dupe), dynamic.masked(dupe), strict=True):
            assert np.array_equal(on_disk, made)


def test_words_of_jieba_are_chosen_whole(data):
    instances = read_instances(data)
    for epoch in range(2):
        whole, in_part = chosen_words(instances, instances.masked(epoch)[1])
        assert in_part == 0
        assert sum(len(word) > 1 for word in whole) > 1000


def test_a_dictionary_of_ones_own_makes_whole_words(tmp_path):
    (tmp_path / "mine.txt").write_text("无创DNA\nGPT-4\n3D打印\n", encoding="utf-8")
    text = "医院做无创DNA检测。\n我们试了GPT-4和3D打印。\n\n" * 60
    (tmp_path / "x.txt").write_text(text, encoding="utf-8")
    vocab = made_by("build-vocab", tmp_path / "x.txt", "--size", 200, output=tmp_path / "vocab")
    settings = (tmp_path / "x.txt", "--vocab", vocab, "--user-dictionary", tmp_path / "mine.txt")
    instances = read_instances(made_by("make-instances", *settings, output=tmp_path / "data"))
    whole, in_part = chosen_words(instances, instances.masked(0)[1])
    assert in_part == 0
    assert "无创dna" in whole


def test_words_of_instances_are_the_words_of_the_segmenter(sample_data, tmp_path):
    """Instances in the order of the text: where a word begins in them, one begins in the segmented text, and vice versa."""
    corpus = sample_data / "corpus" / "technology.txt"
    assert zhprep("normalize", corpus, "-o", tmp_path / "text", "--quiet").code == 0
    assert zhprep("segment", tmp_path / "text", "-o", tmp_path / "words.jsonl", "--quiet").code == 0
    vocab = made_by("build-vocab", tmp_path / "text", "--char-coverage", 1.0, output=tmp_path / "vocab")
    settings = (tmp_path / "text", "--vocab", vocab, "--format", "full-sentences", "--short-seq-prob", 0)
    instances = read_instances(made_by("make-instances", *settings, output=tmp_path / "data"))
    rows = [json.loads(line) for line in (tmp_path / "words.jsonl").read_text("utf-8").splitlines()]
    pairs = [pair for row in rows for pair in zip(row["sentences"], row["ends"], strict=True)]
    words = [word for pair in pairs for word in words_of(*pair) if word.strip()]
    word_of_character = np.repeat(np.arange(len(words)), [len(word.replace(" ", "")) for word in words])

    real = instances.words >= 0
    tokens = [instances.vocabulary.tokens[token].removeprefix("##") for token in instances.ids[real]]
    assert "".join(tokens) == "".join(words).replace(" ", "").lower()
    stops = np.cumsum([len(token) for token in tokens])
    first, last = word_of_character[stops - [len(token) for token in tokens]], word_of_character[stops - 1]
    address = instances.rows_of_tokens[real] * 100_000 + instances.words[real]
    inside = np.diff(instances.rows_of_tokens[real]) == 0
    assert np.array_equal((np.diff(address) != 0)[inside], (first[1:] != last[:-1])[inside])


def within(found, total, share):
    """Whether a count is within three standard deviations of its share."""
    return abs(found - total * share) <= 3 * np.sqrt(total * share * (1 - share))


@pytest.mark.parametrize("epoch", range(3))
def test_shares_are_within_three_sigma(data, epoch):
    instances = read_instances(data)
    ids, positions, labels = instances.masked(epoch)
    assert len(ids) > 50_000
    assert within(len(positions), len(ids), 0.15)
    masked = int((ids[positions] == instances.vocabulary.mask).sum())
    kept = int((ids[positions] == labels).sum())
    assert within(masked, len(positions), 0.8)
    assert within(kept, len(positions), 0.1)
    assert within(len(positions) - masked - kept, len(positions), 0.1)
    assert np.array_equal(np.delete(ids, positions), np.delete(instances.ids, positions))
    assert np.array_equal(labels, instances.ids[positions])


def test_two_epochs_choose_other_tokens(data):
    instances = read_instances(data)
    first, second = (set(instances.masked(epoch)[1].tolist()) for epoch in (0, 1))
    assert len(first & second) < 0.3 * len(first)  # by chance 15 %


def test_no_chinese_character_has_a_continuing_form(data, vocab):
    instances = read_instances(data)
    tokens = instances.vocabulary.tokens
    assert not [token for token in tokens if token.startswith("##") and any("㐀" <= c <= "鿿" for c in token)]
    for epoch in (0, 1):
        assert instances.masked(epoch)[0].max() < len(tokens)
