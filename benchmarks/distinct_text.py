"""Makes more text of the corpora that is not the same text: the peer of growth, for which repeated text would be kind.

python distinct_text.py OUTPUT TIMES

OUTPUT holds the corpora and TIMES - 1 variants of them. A variant has the sentences in another order, over the same
documents, and in each three words of ten are others of as many characters, drawn as often as they stand in the text; so
hardly a sentence comes back, and the words that a block sees first are others. Drawn from a seed: the same each time.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.segment import SegmentConfig, cut, load_engine
from zhprep.vocab import codepoints

Ints = npt.NDArray[np.int64]
ROOT = Path(__file__).parent.parent
SHARE = 0.3
LONGEST = 4


def corpora() -> list[Path]:
    """Return the files of the corpora, or of the sample where there are none."""
    folder = Path(os.environ.get("ZHPREP_DATA", ROOT.parent / "shared" / "data")) / "corpus"
    return sorted(folder.glob("*.txt")) or sorted((ROOT / "sample_data" / "corpus").glob("*.txt"))


def variants(text: str, times: int) -> Iterator[str]:
    """Yield ``times - 1`` other texts of as many lines."""
    lines = np.array(text.split("\n"), object)
    filled = np.flatnonzero(lines != "")
    sentences = pa.array(lines[filled].tolist(), pa.string())
    starts, sizes = words(sentences)
    points, offsets = codepoints.flat(sentences)
    for number in range(1, times):
        draw = np.random.default_rng(number)
        made = points.copy()
        for size in range(1, LONGEST + 1):
            places = starts[sizes == size]
            taken = places[draw.random(len(places)) < SHARE]
            given = places[draw.integers(len(places), size=len(taken))] if len(places) else taken
            inside = np.arange(size)
            made[taken[:, None] + inside] = points[given[:, None] + inside]
        whole = made.tobytes().decode("utf-32-le")
        order = draw.permutation(len(filled))
        other = lines.copy()
        other[filled] = [whole[offsets[k] : offsets[k + 1]] for k in order.tolist()]
        yield "\n".join(other.tolist())


def words(sentences: pa.Array) -> tuple[Ints, Ints]:
    """Return where the words of Chinese characters start in the text, and of how many characters they are."""
    cuts = cut(load_engine(SegmentConfig()), sentences)
    points, offsets = codepoints.flat(sentences)
    n_words = np.diff(cuts.offsets)
    stops = cuts.ends + np.repeat(offsets[:-1], n_words)
    starts = np.concatenate((np.zeros(1, np.int64), stops[:-1]))
    n_other = np.concatenate((np.zeros(1, np.int64), np.cumsum((points < 0x4E00) | (points > 0x9FFF))))
    chinese = n_other[starts] == n_other[stops]
    return starts[chinese], (stops - starts)[chinese]


def write(output: Path, times: int) -> list[int]:
    """Write the corpora and their variants; return where each ends, in bytes."""
    text = "\n\n".join(file.read_text(encoding="utf-8").strip("\n") for file in corpora())
    ends = []
    with open(output, "wb") as file:
        for one in (text, *variants(text, times)):
            file.write(f"{one}\n\n".encode())
            ends.append(file.tell())
    return ends


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
