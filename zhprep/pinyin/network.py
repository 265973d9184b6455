"""A one-layer bidirectional LSTM over characters, evaluated in numpy for many sentences at once.

In: the code points of a batch and the places that are to be read. Out: the network's state at these places. The
product of the embeddings with the input weights is a table made once, so that a time step is one small matrix
product and four elementwise functions for hundreds of sentences: 1.6 M characters/s on one core.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import importlib.resources
import itertools
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]
Integers = npt.NDArray[np.int64]

N_CODE_POINTS = 0x110000
UNKNOWN, START, END = 1, 2, 3
BATCH, BLOCK = 512, 64
"""Sentences of one step, whose states stay in the second-level cache, and rows of one matrix product."""

LONGEST = 1024
"""Characters after which a sentence is read in parts, so that memory is bounded; text that was split has no such."""


@dataclasses.dataclass(frozen=True)
class Weights:
    """The arrays of ``g2pm.npz``, as they are there, and what is looked up by code point.

    ``inputs`` int32 ``[code points]``: the number under which the network knows a character.
    ``polyphone`` int32 ``[code points]``: the row of a polyphone in ``candidates`` (class numbers, int32 ``[P, 6]``,
    −1 after the last), −1 for other characters. ``single`` uint16 ``[code points]``: the only syllable of the others.
    """

    arrays: dict[str, Floats]
    inputs: npt.NDArray[np.int32]
    polyphone: npt.NDArray[np.int32]
    candidates: npt.NDArray[np.int32]
    single: npt.NDArray[np.uint16]
    class_syllables: npt.NDArray[np.uint16]

    @functools.cached_property
    def sha256(self) -> str:
        """The hash of the arrays."""
        digest = hashlib.sha256()
        for name in sorted(self.arrays):
            digest.update(self.arrays[name].tobytes())
        return digest.hexdigest()

    @classmethod
    @functools.cache
    def load(cls) -> Weights:
        """Read the arrays that travel with zhprep."""
        with (importlib.resources.files("zhprep.pinyin.weights") / "g2pm.npz").open("rb") as file:
            arrays = dict(np.load(file, allow_pickle=False))
        inputs = np.full(N_CODE_POINTS, UNKNOWN, np.int32)
        inputs[arrays["characters"]] = arrays["inputs"]
        polyphone = np.full(N_CODE_POINTS, -1, np.int32)
        polyphone[arrays["polyphones"]] = np.arange(len(arrays["polyphones"]))
        single = np.zeros(N_CODE_POINTS, np.uint16)
        single[arrays["single"]] = arrays["single_syllables"]
        candidates = _padded(arrays["candidates"], arrays["offsets"])
        return cls(arrays, inputs, polyphone, candidates, single, arrays["class_syllables"])


class Network:
    """The network with its weights in one precision."""

    def __init__(self, weights: Weights, precision: type[np.floating[Any]] = np.float32) -> None:
        arrays = {name: array.astype(precision) for name, array in weights.arrays.items() if array.dtype == np.float32}
        self._directions = [_direction(arrays, ""), _direction(arrays, "_reverse")]
        self._middle = arrays["logit_layer.0.weight"].T.copy(), arrays["logit_layer.0.bias"]
        self.last = arrays["logit_layer.2.weight"], arrays["logit_layer.2.bias"]
        self.width = self._directions[0][1].shape[0]
        self._precision = precision

    def states(self, numbers: npt.NDArray[np.int32], sentence_offsets: Integers, places: Integers) -> Floats:
        """Return the state before the last layer at each of ``places``: floats ``[P, 32]``.

        ``numbers`` int32 ``[N]`` are the characters as the network knows them; ``places`` int64 ``[P]`` rise. Only
        sentences that hold one of the places are read.
        """
        sentence_offsets = _in_parts(sentence_offsets)
        sentence = np.searchsorted(sentence_offsets, places, side="right") - 1
        used, column = np.unique(sentence, return_inverse=True)
        starts, sizes = sentence_offsets[used], np.diff(sentence_offsets)[used]
        longest_first = np.argsort(-sizes, kind="stable")
        column = np.argsort(longest_first, kind="stable")[column]
        starts, sizes = starts[longest_first], sizes[longest_first]
        order = np.argsort(column, kind="stable")
        bounds = np.searchsorted(column[order], np.arange(0, len(used) + BATCH, BATCH))
        hidden = np.empty((len(places), 2 * self.width), self._precision)
        for number, (first, last) in enumerate(itertools.pairwise(bounds.tolist())):
            wanted, one = order[first:last], slice(number * BATCH, (number + 1) * BATCH)
            columns = column[wanted] - number * BATCH
            step = places[wanted] - starts[one][columns] + 1
            turned = sizes[one][columns] + 1 - step
            forward = _padded_inputs(numbers, starts[one], sizes[one], backward=False)
            hidden[wanted, : self.width] = self._run(0, forward, sizes[one] + 2)[step, columns]
            backward = _padded_inputs(numbers, starts[one], sizes[one], backward=True)
            hidden[wanted, self.width :] = self._run(1, backward, sizes[one] + 2)[turned, columns]
        weight, bias = self._middle
        middle: Floats = np.maximum(product(hidden, weight) + bias, 0)
        return middle

    def _run(self, direction: int, inputs: npt.NDArray[np.int32], lengths: Integers) -> Floats:
        """Return the outputs ``[T, B, H]`` of one direction over ``inputs`` ``[T, B]``."""
        table, recurrent = self._directions[direction]
        n_steps, n_rows = inputs.shape
        width = self.width
        outputs = np.empty((n_steps, n_rows, width), self._precision)
        state, cell = np.zeros((2, n_rows, width), self._precision)
        reading = np.searchsorted(-lengths, -np.arange(n_steps), side="left")
        for t, active in enumerate(_whole_blocks(reading).tolist()):
            gates = product(state[:active], recurrent)
            gates += table[inputs[t, :active]]
            np.tanh(gates, out=gates)
            opened = gates[:, : 3 * width]
            opened += 1  # with halved weights (tanh + 1) / 2 is the logistic function; the halves follow below
            cell = cell[:active]
            cell *= opened[:, width : 2 * width]
            cell += opened[:, :width] * gates[:, 3 * width :]
            cell *= 0.5
            state = np.tanh(cell)
            state *= opened[:, 2 * width :]
            state *= 0.5
            outputs[t, :active] = state
        return outputs


def product(left: Floats, right: Floats) -> Floats:
    """Return ``left @ right``, computed in blocks of rows too small for a BLAS library to start threads for.

    Such threads would fight with the other worker processes over the cores.
    """
    n_rows, inner = left.shape
    block = BLOCK if inner * right.shape[1] <= 4096 else 8
    whole = n_rows // block * block
    result = np.empty((n_rows, right.shape[1]), left.dtype)
    if whole:
        stack = left[:whole].reshape(-1, block, inner)
        np.matmul(stack, right, out=result[:whole].reshape(-1, block, right.shape[1]))
    if whole < n_rows:
        np.matmul(left[whole:], right, out=result[whole:])
    return result


def _in_parts(sentence_offsets: Integers) -> Integers:
    """Return the offsets (``int64[S+1]``) with a border more wherever a sentence has gone on for ``LONGEST``
    characters."""
    sizes = np.diff(sentence_offsets)
    long = np.flatnonzero(sizes > LONGEST)
    borders = [np.arange(sentence_offsets[i] + LONGEST, sentence_offsets[i + 1], LONGEST) for i in long.tolist()]
    return np.sort(np.concatenate([sentence_offsets, *borders])) if borders else sentence_offsets


def _whole_blocks(rows: Integers) -> Integers:
    """Return numbers of rows (``int64[N]``) rounded up to whole blocks."""
    return -(-rows // BLOCK) * BLOCK


def _direction(arrays: dict[str, Floats], suffix: str) -> tuple[Floats, Floats]:
    """Return the table of inputs ``[V, 4H]`` and the recurrent weights ``[H, 4H]``, gates in the order i f o g."""
    width = arrays["lstm.weight_hh_l0"].shape[1]
    order = np.r_[0 : 2 * width, 3 * width : 4 * width, 2 * width : 3 * width]
    half = np.repeat([0.5, 1.0], [3 * width, width]).astype(arrays["embedding.weight"].dtype)
    bias = (arrays[f"lstm.bias_ih_l0{suffix}"] + arrays[f"lstm.bias_hh_l0{suffix}"])[order] * half
    table = arrays["embedding.weight"] @ arrays[f"lstm.weight_ih_l0{suffix}"][order].T * half + bias
    return table, arrays[f"lstm.weight_hh_l0{suffix}"][order].T * half


def _padded_inputs(
    numbers: npt.NDArray[np.int32], starts: Integers, sizes: Integers, *, backward: bool
) -> npt.NDArray[np.int32]:
    """Return the sentences with their marks of start and end, one per column, in whole blocks: int32 ``[T, B]``."""
    steps = np.arange(int(sizes.max()) + 2)[:, None]
    empty = np.zeros(-len(sizes) % BLOCK, np.int64)
    starts, sizes = np.concatenate([starts, empty]), np.concatenate([sizes, empty])
    first, last = (END, START) if backward else (START, END)
    places = starts + sizes - steps if backward else starts + steps - 1
    inside = (steps > 0) & (steps <= sizes)
    inputs = numbers[np.where(inside, places, 0)]
    inputs[~inside] = last
    inputs[0] = first
    return inputs


def _padded(values: npt.NDArray[np.int32], offsets: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return ragged ``values`` (``int32[T]``, rows by ``offsets`` ``int32[N+1]``) as ``int32[N, C]``, -1 where a row
    has ended."""
    counts = np.diff(offsets)
    result = np.full((len(counts), int(counts.max())), -1, np.int32)
    result[np.arange(result.shape[1]) < counts[:, None]] = values
    return result
