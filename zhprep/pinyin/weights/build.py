"""Convert the weights of g2pM (Park and Lee, Interspeech 2020; Apache-2.0) to ``g2pm.npz``.

    pip download --no-deps g2pM==0.1.2.5
    python -m zhprep.pinyin.weights.build g2pM-0.1.2.5-py3-none-any.whl

In: the wheel, checked against its sha256. Out: plain arrays that ``numpy.load(allow_pickle=False)`` reads. The
wheel's files are pickles; they are read here as a list of opcodes, from which no object is ever built.
"""

from __future__ import annotations

import argparse
import hashlib
import pickletools
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.core.errors import DataError
from zhprep.pinyin.syllables import ids

WHEEL_SHA256 = "9e920b82df4002f96d8679720c7a858d10816d438dbd61b8b6b621a80a976361"
OUTPUT = Path(__file__).with_name("g2pm.npz")
N_INPUTS, N_CLASSES, WIDTH, HIDDEN = 5398, 876, 64, 32
SHAPES = {
    "embedding.weight": (N_INPUTS, WIDTH),
    **{
        f"lstm.{kind}_l0{direction}": shape
        for direction in ("", "_reverse")
        for kind, shape in {
            "weight_ih": (4 * HIDDEN, WIDTH),
            "weight_hh": (4 * HIDDEN, HIDDEN),
            "bias_ih": (4 * HIDDEN,),
            "bias_hh": (4 * HIDDEN,),
        }.items()
    },
    "logit_layer.0.weight": (HIDDEN, 2 * HIDDEN),
    "logit_layer.0.bias": (HIDDEN,),
    "logit_layer.2.weight": (N_CLASSES, HIDDEN),
    "logit_layer.2.bias": (N_CLASSES,),
}


def main() -> int:
    """Write ``g2pm.npz``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--out", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    digest = hashlib.sha256(arguments.wheel.read_bytes()).hexdigest()
    if digest != WHEEL_SHA256:
        sys.exit(f"{arguments.wheel}: sha256 is {digest}, not that of g2pM 0.1.2.5 ({WHEEL_SHA256})")
    with zipfile.ZipFile(arguments.wheel) as wheel:
        arrays = convert({name: wheel.read(f"g2pM/{name}.pkl") for name in FILES})
    np.savez_compressed(arguments.out, **arrays)  # type: ignore[arg-type]
    print(f"{arguments.out}: {arguments.out.stat().st_size:,} bytes, {len(arrays)} arrays")
    return 0


FILES = ("np_ckpt", "char2idx", "class2idx", "digest_cedict")


def convert(files: dict[str, bytes]) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of the four files; raise ``DataError`` when one is not as expected."""
    weights = read_arrays(files["np_ckpt"])
    inputs, classes = read_numbers(files["char2idx"]), read_numbers(files["class2idx"])
    readings = read_lists(files["digest_cedict"])
    characters = {ord(character): number for character, number in inputs.items() if len(character) == 1}
    several = {ord(c): [classes[r] for r in found if r in classes] for c, found in readings.items() if len(found) > 1}
    one = {ord(c): ids().get(found[0], 0) for c, found in readings.items() if len(found) == 1}
    counts = [len(row) for row in several.values()]
    return {
        **weights,
        "characters": np.array(list(characters), np.uint32),
        "inputs": np.array(list(characters.values()), np.int32),
        "class_syllables": np.array(
            [ids().get(name, 0) for name in sorted(classes, key=lambda n: classes[n])], np.uint16
        ),
        "polyphones": np.array(list(several), np.uint32),
        "offsets": np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
        "candidates": np.array([number for row in several.values() for number in row], np.int32),
        "single": np.array(list(one), np.uint32),
        "single_syllables": np.array(list(one.values()), np.uint16),
    }


def read_arrays(pickled: bytes) -> dict[str, npt.NDArray[Any]]:
    """Return the float32 arrays of a pickled dict of arrays, by the shapes expected of them."""
    arrays, name = {}, ""
    for operation, argument in _values(pickled):
        if operation == "BINUNICODE" and argument in SHAPES:
            name = argument
        elif isinstance(argument, bytes) and name and len(argument) == 4 * int(np.prod(SHAPES[name])):
            arrays[name] = np.frombuffer(argument, "<f4").reshape(SHAPES[name])
            name = ""
    if set(arrays) != set(SHAPES):
        raise DataError(f"the weights lack {sorted(set(SHAPES) - set(arrays))}", hint="take the file of g2pM 0.1.2.5")
    return arrays


def read_numbers(pickled: bytes) -> dict[str, int]:
    """Return a pickled ``dict[str, int]``."""
    values = [argument for _, argument in _values(pickled)]
    if not all(isinstance(k, str) and isinstance(v, int) for k, v in zip(values[::2], values[1::2], strict=True)):
        raise DataError("not a pickled table of numbers", hint="take the file of g2pM 0.1.2.5")
    return dict(zip(values[::2], values[1::2], strict=True))


def read_lists(pickled: bytes) -> dict[str, list[str]]:
    """Return a pickled ``dict[str, list[str]]``: each list follows its key."""
    result: dict[str, list[str]] = {}
    keys: list[str] = []
    for operation, argument in _values(pickled):
        if operation == "EMPTY_LIST":
            result[keys.pop()] = []
        elif isinstance(argument, str):
            keys.append(argument)
        elif operation in ("APPEND", "APPENDS"):
            list(result.values())[-1:][0].extend(keys)
            keys = []
    return result


_SILENT = {"PROTO", "EMPTY_DICT", "MARK", "SETITEMS", "STOP", "BINPUT", "LONG_BINPUT", "MEMOIZE", "FRAME"}


def _values(pickled: bytes) -> Iterator[tuple[str, Any]]:
    for operation, argument, _ in pickletools.genops(pickled):
        if operation.name not in _SILENT:
            yield operation.name, argument


if __name__ == "__main__":
    sys.exit(main())
