"""The knobs of instances: what is masked, how much, with what, and how instances are made."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

from zhprep.core.config import setting
from zhprep.core.errors import UsageError
from zhprep.core.registry import suggest

BUDGET_RULES = ("google", "floor", "ceil", "words", "bernoulli", "probabilistic")
"""The names of the rules in :mod:`zhprep.instances.masks.budgets`."""

PARTS_OF_WORDS = ("char", "chinesebert")
"""Strategies that may choose a part of a word."""

ONE_GRANULARITY = ("similar", "shuffle")
"""Replacements that have no counterpart in another tokenisation of the same text."""

LABELS_OF_PAIRS = ("next", "order", "none")
"""What the label of a pair of segments may say."""


SCHEDULE_HINT = "parts of the training and probabilities, rising from 0 to 1: 0:0.15,0.1:0.3,1:0.15"


@dataclasses.dataclass(frozen=True)
class MaskProbSchedule:
    """A ``mask_prob`` that changes while a model is trained: a curriculum over how much is masked.

    ``points`` are parts of the training done, rising, each with the probability there: straight lines between the
    points, flat before the first and after the last (Chinese ModernBERT, arXiv 2510.12285, goes from 15 % to 30 % and
    back).
    """

    points: tuple[tuple[float, float], ...]

    @classmethod
    def parse(cls, text: str) -> MaskProbSchedule:
        """Read a schedule; raises ``UsageError`` for one that is not."""
        name = "mask_prob_schedule"
        try:
            pairs = [tuple(map(float, part.split(":"))) for part in text.split(",")]
            points = tuple((progress, probability) for progress, probability in pairs)
        except ValueError:
            raise UsageError(f"{name} cannot be {text!r}", hint=SCHEDULE_HINT) from None
        if not all(0 <= value <= 1 for point in points for value in point):
            raise UsageError(f"{name} {text!r} has a number that is not from 0 to 1", hint=SCHEDULE_HINT)
        if any(after[0] <= before[0] for before, after in pairwise(points)):
            raise UsageError(f"{name} {text!r} has parts of the training that do not rise", hint=SCHEDULE_HINT)
        return cls(points)

    def at(self, progress: float) -> float:
        """Return the probability when the part ``progress`` of the training is done."""
        for (begin, low), (end, high) in pairwise(self.points):
            if begin <= progress < end:
                return low + (high - low) * (progress - begin) / (end - begin)
        return self.points[0][1] if progress < self.points[0][0] else self.points[-1][1]


_LONGEST = 1 << 15
"""What the columns have room for: the words of an instance are numbered by int16."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class InstancesConfig:
    """Settings of ``make-instances`` and of the collator that masks batches."""

    mask: str = setting("wwm", "which tokens are chosen")
    mask_prob: float = setting(0.15, "probability that a token (or word) is chosen", minimum=0.0, maximum=1.0)
    mask_prob_schedule: str = setting(
        "",
        "mask_prob by the part of the pretraining done: 0:0.15,0.1:0.3,1:0.15; held-out instances have --mask-prob",
    )
    budget: str = setting("google", "how mask_prob becomes a number per instance", choices=BUDGET_RULES)
    max_predictions: int | None = setting(None, "at most so many chosen tokens in an instance", minimum=1)
    ngram_weights: tuple[float, ...] = setting((0.4, 0.3, 0.2, 0.1), "chances of 1, 2, 3, … words (ngram, mac, pert)")
    span_p: float = setting(0.2, "span: chance that a span ends after a word (geometric)", minimum=0.0, maximum=1.0)
    span_max: int = setting(10, "span: most words of a span", minimum=1)
    whole_word_prob: float = setting(
        0.9, "chinesebert: probability that an instance is masked by words, not by tokens", minimum=0.0, maximum=1.0
    )
    replacement: str | None = setting(None, "what goes in the chosen places (bert; shuffle with pert)")
    similar_words: str | None = setting(None, "similar: file of similar words (zhprep similar-words)")
    ratios: tuple[float, ...] = setting((), "shares of replaced, random and kept; the replacement's own if not given")
    per: str = setting("token", "what one draw of the ratios is for", choices=("token", "word", "span"))
    corruption: tuple[str, ...] = setting((), "source and target instead of masks, e.g. infill,permute (BART)")
    span_mean: float = setting(
        3.0, "infill, sentinels: words of a span on average (characters with --mask char)", minimum=0.1
    )
    permute_ratio: float = setting(1.0, "permute: ratio of the sentences that change places", minimum=0.0, maximum=1.0)
    format: str = setting("segment-pair", "how sentences become instances")
    pairs: str = setting(
        "next",
        "what the label of a pair says (next: is it the next text; order: is it in order; none), or, of a .tsv of "
        "parallel text, two of its columns: zh,en",
    )
    max_length: int = setting(512, "most tokens of an instance, special ones included", minimum=8, maximum=_LONGEST)
    short_seq_prob: float = setting(
        0.1, "probability that a document is cut to a shorter random length", minimum=0.0, maximum=1.0
    )
    coarse_vocab: str | None = setting(
        None, "folder of a second, coarser vocabulary: adds its tokens, which are then what words are (AMBERT)"
    )
    entities: tuple[str, ...] = setting((), "files of entities, one per line: their words are masked as one")
    spans: str | None = setting(None, "file of spans of each document (JSON lines): their words are masked as one")
    tags: str | None = setting(
        None, "file of tags of the words of each document (JSON lines): adds their columns (LERT)"
    )
    keep_special: tuple[str, ...] = setting(
        (), "special or free entries that stay whole where the text has them, as <NUM>; others are taken apart as text"
    )
    static: bool = setting(False, "mask on disk (otherwise the instances are clean and batches are masked)")
    dupe_factor: int = setting(1, "static: so many differently masked duplicates of each instance", minimum=1)
    shuffle: bool = setting(False, "shuffle the instances of each window of some 130,000 characters")
    bin_size: int | None = setting(None, "sort the instances of each window into bins of so many lengths", minimum=1)
    split: str = setting(
        "all",
        "which documents to take; apart: both, instances for validation from documents of their own",
        choices=("all", "train", "validation", "apart"),
    )
    validation_fraction: float = setting(
        0.01, "fraction of the documents (by hash of their text) that is for validation", minimum=0.0, maximum=1.0
    )
    seed: int = setting(0, "seed of every random decision")

    def __post_init__(self) -> None:
        self._check_pairs()
        self._check_coarse()
        if self.mask_prob_schedule:
            MaskProbSchedule.parse(self.mask_prob_schedule)
        if self.mask_prob_schedule and self.static:
            raise UsageError(
                "mask_prob_schedule goes by the steps of the pretraining, which masks on disk cannot follow",
                hint="leave out --static, or the schedule",
            )
        if self.mask_prob_schedule and self.corruption:
            raise UsageError(
                "mask_prob_schedule is for masks; corruption takes mask_prob all along",
                hint="leave out one of them",
            )
        if self.max_predictions is not None and self.budget in ("words", "bernoulli", "probabilistic"):
            raise UsageError(
                f"max_predictions counts tokens; the budget rule {self.budget!r} counts words",
                hint="leave out one of them, or take --budget google, floor or ceil",
            )

    @property
    def languages(self) -> tuple[str, ...]:
        """The two columns of parallel text that ``pairs`` names, if it does."""
        names = tuple(name.strip() for name in self.pairs.split(","))
        return () if self.pairs in LABELS_OF_PAIRS else names

    def _check_pairs(self) -> None:
        names = self.languages
        if not names:
            return
        if len(names) != 2 or not all(names) or names[0] == names[1]:
            near = suggest(self.pairs, list(LABELS_OF_PAIRS))
            raise UsageError(f"pairs cannot be {self.pairs!r}", hint=f"{near}, or two columns of a .tsv, as zh,en")
        if self.format != "tlm":
            raise UsageError(
                f"pairs names columns of parallel text, {self.pairs}; the format {self.format!r} has none",
                hint="take --format tlm",
            )

    def _check_coarse(self) -> None:
        if self.coarse_vocab is None:
            return
        if self.mask in PARTS_OF_WORDS:
            raise UsageError(
                f"mask {self.mask!r} chooses parts of words, and with coarse_vocab words are coarse tokens",
                hint="take --mask wwm: it chooses coarse tokens, each with its fine ones",
            )
        if self.entities or self.spans:
            raise UsageError(
                "entities and spans join words, and with coarse_vocab words are coarse tokens",
                hint="leave out entities and spans, or coarse_vocab",
            )
        if self.replacing in ONE_GRANULARITY:
            raise UsageError(
                f"the replacement {self.replacing!r} is for tokens of one vocabulary; coarse_vocab names a second",
                hint="take --replacement bert, random or all-mask",
            )

    def at(self, progress: float | None) -> InstancesConfig:
        """Return the settings when the part ``progress`` of the pretraining is done; None is outside of it."""
        if progress is None or not self.mask_prob_schedule:
            return self
        return dataclasses.replace(self, mask_prob=MaskProbSchedule.parse(self.mask_prob_schedule).at(progress))

    @property
    def replacing(self) -> str:
        """The name of the replacement: the one that was chosen, or the one that goes with the strategy."""
        return self.replacement or ("shuffle" if self.mask == "pert" else "bert")
