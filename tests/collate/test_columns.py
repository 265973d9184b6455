"""Every column of the table, by the slow way: one row after another; and batches of every kind of data there is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import made_by
from hypothesis import given
from hypothesis import strategies as st

from zhprep.collate import COLUMNS, Batches, Instances, Padding, Ragged, Rows, to_tensors, view_of
from zhprep.collate.columns import AXES, COARSE, TOKEN
from zhprep.core.errors import UsageError
from zhprep.core.ragged import offsets_of
from zhprep.vocab import load

PADDING = Padding(pad_id=7, coarse_pad_id=9, multiple=4, slots=5)
LISTS = [name for name, column in COLUMNS.items() if column.axis in AXES]
sizes = st.lists(st.integers(1, 9), min_size=1, max_size=5)


def ragged(rows: list[list[int]]) -> Ragged:
    return Ragged(
        np.array([value for row in rows for value in row], np.int32), offsets_of(np.array(list(map(len, rows))))
    )


@st.composite
def batches(draw) -> tuple[Rows, dict[str, list[list[int]]]]:
    """Rows with every list column, each axis of lengths of its own."""
    n_rows = draw(st.integers(1, 5))
    lengths = {axis: draw(st.lists(st.integers(1, 9), min_size=n_rows, max_size=n_rows)) for axis in AXES}
    values = {}
    for name in LISTS:
        pointed = COLUMNS[name].points_to
        most = [length - 1 for length in lengths[pointed]] if pointed else [500] * n_rows
        values[name] = [
            [draw(st.integers(-1, high)) for _ in range(length)]
            for length, high in zip(lengths[COLUMNS[name].axis], most, strict=True)
        ]
    return Rows({name: ragged(rows) for name, rows in values.items()}, {"label": np.arange(n_rows)}), values


@given(batches())
def test_a_list_column_is_padded_along_its_axis(made):
    rows, values = made
    batch = to_tensors(rows, PADDING)
    for name in LISTS:
        column = COLUMNS[name]
        fill = {"pad_id": 7, "coarse_pad_id": 9}.get(column.fill, column.fill)
        length = -(-max(map(len, values[column.axis.leader])) // 4) * 4
        assert batch[name].tolist() == [row + [fill] * (length - len(row)) for row in values[name]]
        assert batch[name].dtype == torch.int64
    for axis in AXES[:2]:
        lengths = list(map(len, values[axis.leader]))
        length = batch[axis.leader].shape[1]
        if min(lengths) == length:
            assert axis.mask not in batch
        else:
            assert batch[axis.mask].tolist() == [[place < n for place in range(length)] for n in lengths]
    assert batch["label"].tolist() == list(range(len(rows)))


@given(batches())
def test_without_padding_an_axis_is_one_row_of_all_tokens(made):
    rows, values = made
    batch = to_tensors(rows, Padding(unpadded=True))
    for name in LISTS:
        expected = [value for row in values[name] for value in row]
        if pointed := COLUMNS[name].points_to:
            bases = np.cumsum([0, *map(len, values[pointed.leader])]).tolist()
            shifted = zip(values[name], bases, strict=False)
            expected = [value + base if value >= 0 else -1 for row, base in shifted for value in row]
        assert batch[name].tolist() == [expected]
    assert "" not in batch
    for axis in (one for one in AXES if one.cu_seqlens):
        lengths = list(map(len, values[axis.leader]))
        assert batch[axis.cu_seqlens].tolist() == np.cumsum([0, *lengths]).tolist()
        assert batch[axis.position_ids].tolist() == [[place for n in lengths for place in range(n)]]
        assert not axis.mask or axis.mask not in batch


@pytest.mark.parametrize(("masked", "axis"), [("masked", TOKEN), ("coarse_masked", COARSE)])
@given(made=batches(), data=st.data(), unpadded=st.booleans())
def test_places_of_masks_follow_the_tokens(masked, axis, made, data, unpadded):
    rows, _ = made
    tokens = rows.lists[axis.leader].values
    chosen = np.array(sorted(data.draw(st.sets(st.integers(0, len(tokens) - 1)))), np.int64)
    plain = {f"{masked}_positions": chosen, f"{masked}_labels": tokens[chosen]}
    batch = to_tensors(rows.having(Rows({}, plain)), Padding(slots=5, unpadded=unpadded))
    labels = batch[f"{masked}_labels"]
    real = labels != -100
    assert len(labels) % 5 == 0
    assert len(labels) - len(chosen) < 5
    assert int(real.sum()) == len(chosen)
    at = batch[axis.leader].flatten()[batch[f"{masked}_positions"][real]]
    assert at.tolist() == labels[real].tolist() == tokens[chosen].tolist()
    assert not batch[f"{masked}_positions"][~real].any()


@given(packs=st.lists(sizes, min_size=1, max_size=4), multiple=st.sampled_from([1, 8]))
def test_packed_rows_say_where_their_sequences_are(packs, multiple):
    """Padding is a sequence of its own, so that real tokens never see it; positions begin again with each sequence."""
    rows = Rows(
        {
            "input_ids": ragged([[5] * sum(pack) for pack in packs]),
            "cu_seqlens": ragged([np.cumsum([0, *pack]).tolist() for pack in packs]),
        },
        {},
    )
    batch = to_tensors(rows, Padding(multiple=multiple))
    length = -(-max(map(sum, packs)) // multiple) * multiple
    sequences = [n for pack in packs for n in (*pack, length - sum(pack)) if n]
    assert batch["cu_seqlens"].tolist() == np.cumsum([0, *sequences]).tolist()
    assert batch["position_ids"].flatten().tolist() == [place for n in sequences for place in range(n)]
    assert batch["position_ids"].shape == batch["input_ids"].shape == (len(packs), length)
    flat = to_tensors(rows, Padding(unpadded=True))
    whole = [n for pack in packs for n in pack]
    assert flat["cu_seqlens"].tolist() == np.cumsum([0, *whole]).tolist()
    assert flat["position_ids"].tolist() == [[place for n in whole for place in range(n)]]
    assert flat["input_ids"].shape == (1, sum(whole))


def test_numbers_of_a_whole_batch_have_their_own_dtype():
    batch = to_tensors(Rows({"input_ids": ragged([[1]])}, {"progress": np.asarray(0.25)}))
    assert (batch["progress"].dtype, batch["progress"].item()) == (torch.float32, 0.25)


def test_a_column_that_is_not_in_the_table_is_told_with_the_nearest():
    with pytest.raises(UsageError, match="unknown column 'pinyin_id'") as caught:
        to_tensors(Rows({"input_ids": ragged([[1]]), "pinyin_id": ragged([[1]])}, {}))
    assert "pinyin_ids" in caught.value.hint


def test_a_column_is_one_line(monkeypatch):
    monkeypatch.setitem(COLUMNS, "pos_tags", COLUMNS["word_ids"])
    batch = to_tensors(Rows({"input_ids": ragged([[1, 2], [3]]), "pos_tags": ragged([[4, 5], [6]])}, {}))
    assert batch["pos_tags"].tolist() == [[4, 5], [6, -1]]


@pytest.fixture(scope="module")
def words(tmp_path_factory, sample_data):
    folder = tmp_path_factory.mktemp("words")
    text = made_by("normalize", sample_data / "corpus" / "news.txt", output=folder / "text")
    return made_by("segment", text, output=folder / "words")


@pytest.fixture(scope="module")
def coarse_vocab(tmp_path_factory, words):
    settings = ("--type", "word", "--size", 2000)
    return made_by("build-vocab", words, *settings, output=tmp_path_factory.mktemp("coarse") / "vocab")


def batches_of(data: Path, columns: tuple[str, ...], **padding) -> tuple[Batches, Instances]:
    vocabulary = load(data / "vocab")
    whole = Instances(data)
    view = view_of(data, whole.manifest, whole.columns, vocabulary)
    instances = Instances(data, needs=(*view.needs, "instance_id"), takes=columns)
    return Batches(instances, view, columns, Padding(vocabulary.pad, **padding)), instances


def made_data(tmp_path, source, vocab, *settings) -> Path:
    return made_by("make-instances", source, "--vocab", vocab, "--max-length", 64, *settings, output=tmp_path / "data")


def test_two_granularities_are_batched(tmp_path, words, vocab, coarse_vocab):
    """AMBERT: the coarse tokens have lengths of their own, and each fine token knows which of them it is in."""
    data = made_data(tmp_path, words, vocab, "--format", "full-sentences", "--coarse-vocab", coarse_vocab)
    batches, instances = batches_of(data, ("coarse_input_ids", "coarse_of"), coarse_pad_id=0)
    rows = np.array([3, 0, 5, 1])
    batch, stored = batches.make(rows, np.zeros(4, np.int64)), instances.gather(rows)
    coarse = stored.lists["coarse_input_ids"]
    lengths = np.diff(coarse.offsets)
    assert lengths.max() == batch["coarse_input_ids"].shape[1] < batch["input_ids"].shape[1]
    assert batch["coarse_attention_mask"].sum(1).tolist() == lengths.tolist()
    fine, words_of = load(data / "vocab").tokens, load(coarse_vocab).tokens
    of, clean = batch["coarse_of"].numpy(), stored.tokens
    restored = torch.zeros_like(batch["coarse_input_ids"])
    for row in range(4):
        restored[row, : lengths[row]] = torch.from_numpy(coarse.row(row).astype(np.int64))
        for number in range(lengths[row]):
            inside = clean.row(row)[of[row, : len(clean.row(row))] == number]
            characters = "".join(fine[id_].removeprefix("##") for id_ in inside)
            word = words_of[coarse.row(row)[number]]
            assert word.startswith("[") or word.removeprefix("##") == characters
    places, labels = batch["coarse_masked_positions"], batch["coarse_masked_labels"]
    whole = batch["coarse_input_ids"].flatten()
    assert (whole[places] != labels).float().mean() > 0.8
    whole[places] = labels
    assert torch.equal(whole, restored.flatten())


@pytest.mark.parametrize("corruption", ["infill,permute", "sentinels", "prefix", "causal"])
@pytest.mark.parametrize("static", ["--static", "--dynamic"])
def test_sources_and_targets_are_batched(tmp_path, words, corruption, static, sample_data):
    vocab = made_by(
        "build-vocab", sample_data / "corpus" / "news.txt", "--size", 3000, "--unused", 200, output=tmp_path / "vocab"
    )
    data = made_data(tmp_path, words, vocab, "--format", "single", "--corruption", corruption, static)
    batches, _ = batches_of(data, ("input_ids",))
    rows = np.array([2, 0, 1, 4])
    batch = batches.make(rows, np.array([0, 0, 1, 1]) if static == "--dynamic" else np.zeros(4, np.int64))
    goes_on = corruption in ("prefix", "causal")
    assert ("next_tokens" if goes_on else "labels") in batch
    assert batch["input_ids"].shape[0] == 4
    view, stored = batches.view, batches.instances.gather(rows)
    for row in range(4):
        alone = view.corruption(stored.slice(row, row + 1), 0 if row < 2 else 1)
        source, target, given = alone.sources.row(0), alone.targets.row(0), int(alone.given[0])
        length = len(source)
        assert batch["input_ids"][row, :length].tolist() == source.tolist()
        assert "attention_mask" not in batch or int(batch["attention_mask"][row].sum()) == length
        labels, wanted = batch["next_tokens" if goes_on else "labels"][row], [-100] * given + target.tolist()
        wanted = wanted[1:] if goes_on else wanted  # at each place what comes after it, and nothing after the last
        assert labels[: len(wanted)].tolist() == wanted
        assert (labels[len(wanted) :] == -100).all()


@pytest.mark.parametrize("unpadded", [False, True])
def test_packed_rows_are_batched(tmp_path, words, vocab, unpadded):
    data = made_data(tmp_path, words, vocab, "--format", "packed")
    batches, instances = batches_of(data, ("input_ids", "cu_seqlens"), unpadded=unpadded)
    rows = np.array([1, 0, 2])
    batch, stored = batches.make(rows, np.zeros(3, np.int64)), instances.gather(rows)
    borders, flat = batch["cu_seqlens"].tolist(), batch["input_ids"].flatten()
    n_sequences = sum(len(stored.lists["cu_seqlens"].row(row)) - 1 for row in range(3))
    assert len(borders) - 1 >= n_sequences
    cls = load(data / "vocab").cls
    assert (flat[batch["position_ids"].flatten() == 0] == cls).sum() == n_sequences
    real = sum(int(flat[begin]) == cls for begin in borders[:-1])
    assert real == n_sequences
    if unpadded:
        assert flat.shape == (len(stored.tokens.values),)
        assert "attention_mask" not in batch


def test_pinyin_and_languages_are_batched(tmp_path, words, vocab):
    spoken = made_by("extract-pinyin", words, output=tmp_path / "pinyin")
    data = made_data(tmp_path, spoken, vocab, "--format", "single")
    batches, instances = batches_of(data, ("pinyin_ids", "input_ids"))
    batch, stored = batches.make(np.arange(4), np.zeros(4, np.int64)), instances.gather(np.arange(4))
    touched = torch.zeros_like(batch["input_ids"], dtype=torch.bool)
    touched.view(-1)[batch["masked_positions"]] = True
    for row in range(4):
        there = torch.tensor(stored.lists["pinyin_ids"].row(row).astype(np.int64))
        n, same = len(there), ~touched[row]
        assert torch.equal(batch["pinyin_ids"][row, :n][same[:n]], there[same[:n]])
        assert not batch["pinyin_ids"][row, n:].any()
    lines = "zh\ten\n" + "".join("我在北京喝茶。\tI drink tea.\n\n" for _ in range(9))
    (tmp_path / "pairs.tsv").write_text(lines, encoding="utf-8")
    both = made_by(
        "make-instances", tmp_path / "pairs.tsv", "--vocab", vocab, "--format", "tlm", "--pairs", "zh,en",
        output=tmp_path / "tlm",
    )  # fmt: skip
    batches, instances = batches_of(both, ("input_ids", "lang_ids"))
    batch = batches.make(np.arange(3), np.zeros(3, np.int64))
    expected = instances.gather(np.arange(3)).lists["lang_ids"]
    assert batch["lang_ids"].shape == batch["input_ids"].shape
    assert [row[: len(expected.row(n))].tolist() for n, row in enumerate(batch["lang_ids"])] == [
        expected.row(n).tolist() for n in range(3)
    ]
