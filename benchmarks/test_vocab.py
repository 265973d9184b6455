"""``build-vocab`` beside ``tokenizers`` and sentencepiece: 21,128 entries from the same text, time and memory.

Each learns in a process of its own, from file to vocabulary, imports left out of the time. ``tokenizers`` is
told to keep all characters (by default it keeps 1,000 of them and says nothing).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from racing import Race

ROOT = Path(__file__).parent.parent
SIZE = 21_128
MEASURE = """
import json, sys, time
path = sys.argv[1]
{imports}
began = time.process_time()
{train}
seconds = time.process_time() - began
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([seconds, int(peak.split()[1]) * 1024, size]))
"""
OURS = (
    "import pyarrow as pa\nfrom zhprep import vocab\nfrom zhprep.core import schema",
    """
config = vocab.VocabConfig(size=21_128)
counter = vocab.Counter(config)
with open(path, "rb") as file:
    while lines := file.readlines(1 << 20):
        text = pa.array([[line.rstrip(b"\\n").decode() for line in lines]], pa.list_(pa.string()))
        counter.add(pa.record_batch([pa.array(["text"]), text], schema=schema.TEXT))
size = vocab.train(counter.counts(), config).size
""",
)
TOKENIZERS = (
    "from tokenizers import BertWordPieceTokenizer",
    """
tokenizer = BertWordPieceTokenizer(lowercase=True, strip_accents=False)
tokenizer.train([path], vocab_size=21_128, min_frequency=1, limit_alphabet=20_000, show_progress=False)
size = tokenizer.get_vocab_size()
""",
)
SENTENCEPIECE = (
    "import io, sentencepiece",
    """
sentencepiece.SentencePieceTrainer.train(
    input=path, model_writer=io.BytesIO(), model_type="bpe", vocab_size=21_128, character_coverage=0.9999,
    num_threads=1, minloglevel=2,
)
size = 21_128
""",
)


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All the corpora there are, in one file."""
    folder = Path(os.environ.get("ZHPREP_DATA", ROOT.parent / "shared" / "data")) / "corpus"
    files = sorted(folder.glob("*.txt")) or sorted((ROOT / "sample_data" / "corpus").glob("*.txt"))
    path = tmp_path_factory.mktemp("text") / "all.txt"
    path.write_bytes(b"".join(file.read_bytes() for file in files))
    return path


def measured(program: tuple[str, str], text: Path) -> tuple[float, int, int]:
    """Return seconds of processor time, peak memory in bytes and the size of the vocabulary."""
    script = MEASURE.format(imports=program[0], train=program[1])
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TOKENIZERS_PARALLELISM": "false", "RAYON_NUM_THREADS": "1"}
    command = [sys.executable, "-c", script, str(text)]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    seconds, memory, size = json.loads(answer.stdout.splitlines()[-1])
    return seconds, memory, size


def test_build_vocab(race: Race, text: Path) -> None:
    pytest.importorskip("sentencepiece")
    amount = text.stat().st_size / 1e6
    seconds, memory, size = measured(OURS, text)
    peers = {"tokenizers": measured(TOKENIZERS, text), "sentencepiece, bpe": measured(SENTENCEPIECE, text)}
    for name, (their_seconds, their_memory, _) in peers.items():
        race.add("build-vocab", name, amount / seconds, amount / their_seconds, "MB/s")
        race.add("build-vocab, peak memory", name, memory / 2**20, their_memory / 2**20, "MiB")
    assert seconds <= min(their_seconds for their_seconds, _, _ in peers.values())
    assert memory < 10**9
    assert size == SIZE or not os.environ.get("ZHPREP_DATA")
