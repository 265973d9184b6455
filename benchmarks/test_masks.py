"""Masks and corruptions from tokens, beside plain loops over instances (batches of rows: ``test_collator.py``).

The loop is Google's rule (the same budget, whole words, 80/10/10) over lists of integers: leaner than the script, which
handles strings. Figures are of processor time, the best of several runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random

import numpy as np
import plain_fairseq
import plain_google
import pytest
from plain_masks import words_of

from zhprep.instances import Flat, InstancesConfig, TokenFacts, corrupt_batch, mask_batch
from zhprep.instances.corruptions import CORRUPTIONS
from zhprep.instances.corruptions.token_ids import OTHER, STOP
from zhprep.instances.masks import STRATEGIES

MARKS = np.where(np.arange(21128) % 20 == 0, STOP, OTHER).astype(np.uint8)  # a sentence has 20 tokens
FACTS = TokenFacts(103, np.arange(670, 21128), marks=MARKS, sentinels=np.arange(100, 0, -1))


def instances(n: int, length: int) -> Flat:
    """Instances of words of 1 to 4 tokens, 1.7 on average, between ``[CLS]`` and ``[SEP]``."""
    draw = np.random.default_rng(0)
    words = np.full((n, length), -1, np.int16)
    for row in words:
        row[1:-1] = np.repeat(np.arange(length), draw.choice(4, length, p=[0.5, 0.38, 0.08, 0.04]) + 1)[: length - 2]
    ids = draw.integers(670, 21128, n * length).astype(np.uint16)
    return Flat(ids, words.ravel(), np.arange(n + 1) * length, np.arange(n))


def best(run: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        run()
        times.append(time.process_time() - begin)
    return min(times)


def plain(flat: Flat, random: Random) -> None:
    """Mask every instance in a loop."""
    for start, stop in zip(flat.offsets[:-1].tolist(), flat.offsets[1:].tolist(), strict=True):
        ids, word_ids = flat.input_ids[start:stop].tolist(), flat.word_ids[start:stop].tolist()
        words = words_of(word_ids)
        for number in plain_google.masked(words, len(ids), 0.15, 10**6, random):
            for position in words[number]:
                roll = random.random()
                ids[position] = 103 if roll < 0.8 else ids[position] if roll < 0.9 else random.randint(670, 21127)


@pytest.mark.parametrize("length", [128, 512])
def test_static(length: int) -> None:
    flat = instances(1 << 19 >> length.bit_length(), length)
    n = len(flat.input_ids)

    def ours() -> None:
        mask_batch(Flat(flat.input_ids, flat.word_ids, flat.offsets, flat.instance_ids), InstancesConfig(), FACTS)

    fast, slow = n / best(ours, 7), n / best(lambda: plain(flat, Random(0)), 2)
    print(f"\nstatic wwm, {length}: {fast / 1e6:.1f} M tokens/s; plain loop {slow / 1e6:.2f} M; {fast / slow:.0f}x")
    assert fast > 25e6
    assert fast > 4 * slow


@pytest.mark.parametrize("rows", [32, 256])
def test_dynamic(rows: int) -> None:
    flat = instances(rows, 128)

    def ours() -> None:
        mask_batch(Flat(flat.input_ids, flat.word_ids, flat.offsets, flat.instance_ids), InstancesConfig(), FACTS)

    fast, slow = best(ours, 200), best(lambda: plain(flat, Random(0)), 5)
    print(f"\ndynamic wwm, {rows} x 128: {fast * 1e3:.2f} ms; plain loop {slow * 1e3:.1f} ms; {slow / fast:.0f}x")
    assert slow > 2 * fast


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy(name: str) -> None:
    flat = instances(1024, 512)
    seconds = best(lambda: mask_batch(flat, InstancesConfig(mask=name), FACTS), 5)
    print(f"\n{name}: {len(flat.input_ids) / seconds / 1e6:.1f} M tokens/s")
    assert len(flat.input_ids) / seconds > 5e6


@pytest.mark.parametrize("mask", ["wwm", "char"])
@pytest.mark.parametrize("length", [128, 512])
def test_infilling_beside_fairseqs(mask: str, length: int) -> None:
    """BART's source, ours and one instance at a time in numpy (fairseq's does the same in torch)."""
    flat = instances(1 << 19 >> length.bit_length(), length)
    n, config = len(flat.input_ids), InstancesConfig(corruption=("infill",), mask_prob=0.3, mask=mask)
    word_ids = flat.word_ids.reshape(-1, length)
    opens = np.diff(word_ids, prepend=-1) > 0 if mask == "wwm" else word_ids >= 0
    rows = list(zip(flat.input_ids.reshape(-1, length), opens, strict=True))
    random = np.random.default_rng(0)

    def ours() -> None:
        corrupt_batch(Flat(flat.input_ids, flat.word_ids, flat.offsets, flat.instance_ids), config, FACTS)

    def theirs() -> None:
        for ids, opening in rows:
            plain_fairseq.infill(ids, opening, 0.3, 3.0, 103, random)

    fast, slow = n / best(ours, 7), n / best(theirs, 2)
    print(f"\ninfill, {mask}, {length}: {fast / 1e6:.1f} M tokens/s; one by one {slow / 1e6:.2f} M; {fast / slow:.0f}x")
    assert fast > 12e6
    assert fast > 2.5 * slow


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_every_corruption(name: str) -> None:
    flat = instances(1024, 512)
    seconds = best(lambda: corrupt_batch(flat, InstancesConfig(corruption=(name,), mask_prob=0.15), FACTS), 5)
    print(f"\n{name}: {len(flat.input_ids) / seconds / 1e6:.1f} M tokens/s")
    assert len(flat.input_ids) / seconds > 10e6
