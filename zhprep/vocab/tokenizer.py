"""The library's tokenizer around a trained model: specials, the template of an instance, its JSON."""

from __future__ import annotations

from typing import Any

from tokenizers import AddedToken, Tokenizer, processors

from zhprep.vocab.config import VocabConfig
from zhprep.vocab.vocabulary import Vocabulary

ROLES = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")


def with_specials(tokenizer: Tokenizer, config: VocabConfig) -> Tokenizer:
    """Add the specials and the template ``[CLS] A [SEP] B [SEP]`` to ``tokenizer`` and return it."""
    cls, sep = config.specials[2], config.specials[3]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in config.specials])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{cls} $A {sep}",
        pair=f"{cls} $A {sep} $B:1 {sep}:1",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in (cls, sep)],
    )
    return tokenizer


def finish(
    kind: str,
    tokens: list[str],
    tokenizer: Tokenizer,
    config: VocabConfig,
    *,
    settings: dict[str, Any],
    report: dict[str, Any],
    merges: tuple[tuple[str, str], ...] = (),
) -> Vocabulary:
    """Dress ``tokenizer`` and return the vocabulary around it."""
    return Vocabulary(
        kind=kind,
        tokens=tokens,
        tokenizer_json=with_specials(tokenizer, config).to_str(pretty=True) + "\n",
        specials=config.specials,
        merges=merges,
        settings={"model_max_length": config.max_length, **settings},
        report={"type": kind, "size": len(tokens), "requested_size": config.size, **report},
    )


def bert_settings(config: VocabConfig) -> dict[str, Any]:
    """Return what tokenizer_config.json says of a BERT tokenizer."""
    return {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": config.lowercase is not False,
        "strip_accents": config.strip_accents,
        "tokenize_chinese_chars": True,
    }


def plain_settings(*, types: bool) -> dict[str, Any]:
    """Return what tokenizer_config.json says of a tokenizer that is just its tokenizer.json.

    ``types``: it gives ``token_type_ids`` too.
    """
    names = ["input_ids", *(["token_type_ids"] if types else []), "attention_mask"]
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_input_names": names,
        "clean_up_tokenization_spaces": False,
    }
