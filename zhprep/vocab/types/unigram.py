"""Unigram language model (Kudo 2018), trained by sentencepiece on the table of counts.

In: counts of words if the text has them, else of clauses. Out: specials, then pieces by score. Needs
the package ``sentencepiece`` to train; encoding does not.
"""

from __future__ import annotations

import io
import math
import tempfile
from pathlib import Path

from tokenizers import Tokenizer, models

from zhprep.core.errors import DataError
from zhprep.core.progress import work
from zhprep.core.registry import require
from zhprep.vocab import entries, pieces
from zhprep.vocab.config import VocabConfig
from zhprep.vocab.counts import Counts
from zhprep.vocab.kind import Kind
from zhprep.vocab.tokenizer import finish, plain_settings
from zhprep.vocab.vocabulary import Vocabulary

NEVER = -1000.0
"""Score of entries that text must not be split into: specials and free slots."""


LARGEST_SUM = 1 << 27
"""sentencepiece takes time in proportion to the counts, not to the pieces: about 60 ns for each."""


def splitter(config: VocabConfig, by_word: bool) -> pieces.Splitter:  # noqa: ARG001 words are clauses too
    """Return the rules by which text is counted and encoded: punctuation apart, Chinese characters together."""
    return pieces.bert(config, chinese_apart=False)


def train(counts: Counts, config: VocabConfig) -> Vocabulary:
    """Return a unigram vocabulary of ``config.size`` entries, fewer if the text has no more.

    Raises ``UsageError`` when sentencepiece is absent, ``DataError`` when it cannot train on the counts.
    """
    fixed = entries.reserved(config)
    wanted = entries.included(config)
    unwanted = entries.excluded(config)
    entries.fit(fixed, [], wanted, config)  # a size without room is refused before the training, not after
    learnt = {
        piece: score for piece, score in _learn(counts, config, config.size - len(fixed)) if piece not in unwanted
    }
    lowest = min(learnt.values(), default=0.0)
    scores = {**learnt, **{entry: lowest for entry in wanted if entry not in learnt}}
    ranked = sorted(scores, key=lambda piece: (-scores[piece], piece))
    tokens = entries.padded(entries.fit(fixed, ranked, wanted, config), config)
    vocabulary = [(token, scores.get(token, NEVER)) for token in tokens]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=1, byte_fallback=False))
    splitter(config, counts.by_word).dress(tokenizer)
    report = {"by_word": counts.by_word, **counts.totals}
    return finish("unigram", tokens, tokenizer, config, settings=plain_settings(types=True), report=report)


def _learn(counts: Counts, config: VocabConfig, size: int) -> list[tuple[str, float]]:
    package = require("sentencepiece", purpose="a vocabulary of type unigram", install="'zhprep[unigram]'")
    model = io.BytesIO()
    # the package does not tell how far it is, but lets a thread say that time goes by
    with tempfile.TemporaryDirectory() as folder, work(size, "entries") as bar:
        table = Path(folder) / "counts.tsv"
        table.write_text("".join(f"{piece}\t{n}\n" for piece, n in _scaled(counts).items()), encoding="utf-8")
        try:
            package.SentencePieceTrainer.train(
                input=str(table),
                input_format="tsv",
                model_writer=model,
                model_type="unigram",
                vocab_size=size + 1,  # its own unknown piece is not taken
                hard_vocab_limit=False,
                character_coverage=config.char_coverage,
                normalization_rule_name="identity",
                add_dummy_prefix=False,
                remove_extra_whitespaces=False,
                max_sentence_length=1 << 16,
                num_threads=1,
                bos_id=-1,
                eos_id=-1,
                minloglevel=2,
            )
        except RuntimeError as error:
            raise DataError(f"sentencepiece cannot train on the counts: {error}", hint="give it more text") from error
        trained = package.SentencePieceProcessor(model_proto=model.getvalue())
        numbers = [n for n in range(trained.get_piece_size()) if n != trained.unk_id()]
        bar.advance(len(numbers))
    return [(trained.id_to_piece(n), trained.get_score(n)) for n in numbers]


def _scaled(counts: Counts) -> dict[str, int]:
    """Return the counts divided by what they share, and further if their sum is still above ``LARGEST_SUM``."""
    table = counts.as_dict()
    shared = math.gcd(*table.values()) or 1
    total = sum(table.values()) // shared
    divisor = shared * max(1, -(-total // LARGEST_SUM))
    return {piece: max(1, amount // divisor) for piece, amount in table.items()}


KIND = Kind(splitter=splitter, train=train, by_word="optional")
