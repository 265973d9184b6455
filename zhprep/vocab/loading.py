"""Read a vocabulary folder: ours, or any with a tokenizer.json or a BERT vocab.txt.

What the folder says of itself twice must agree, for other programs read other files of it: see ``checks``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from zhprep.core.errors import DataError
from zhprep.core.shards.manifest import check_covered
from zhprep.vocab import checks
from zhprep.vocab.config import SPECIALS, VocabConfig
from zhprep.vocab.files import TOKENIZER_FILES
from zhprep.vocab.tokenizer import ROLES, with_specials
from zhprep.vocab.vocabulary import Vocabulary

CANDIDATES = (("[PAD]", "<pad>"), ("[UNK]", "<unk>"), ("[CLS]", "<s>"), ("[SEP]", "</s>"), ("[MASK]", "<mask>"))
BERT_CLASSES = {f"{name}Tokenizer{fast}" for name in ("Bert", "DistilBert", "Electra") for fast in ("", "Fast")}
CHANGED = "make it again, or copy it again; remove manifest.json beside it if it was changed on purpose"
HINT = "give the folder that zhprep build-vocab made, or one with tokenizer.json or vocab.txt"


def load(path: str | Path) -> Vocabulary:
    """Read a vocabulary folder.

    Raises ``DataError`` when there is no tokenizer in it, when a file of it cannot be read or says otherwise than
    another, or when it lacks one of the five special tokens.
    """
    folder = Path(path)
    check_covered(folder, (*TOKENIZER_FILES, "report.json"), hint=CHANGED)
    settings = checks.settings(folder / "tokenizer_config.json")
    if (folder / "tokenizer.json").is_file():
        file = folder / "tokenizer.json"
        written = checks.tokenizer_parts(file)
        parts = _settled(written, settings)
        text = checks.read_text(file) if parts is written else json.dumps(parts, ensure_ascii=False, indent=2) + "\n"
    elif (folder / "vocab.txt").is_file():
        file = folder / "vocab.txt"
        text = _from_vocab_txt(file, settings)
        parts = json.loads(text)
    else:
        what = "has no tokenizer.json and no vocab.txt" if folder.is_dir() else "is not a folder"
        raise DataError(f"{folder}: {what}", hint=HINT)
    tokens = checks.tokens(parts, file)
    checks.model(parts, file)
    report = checks.json_object(folder / "report.json")
    roles, others = _specials(folder, parts, tokens, settings)
    merges = tuple((left, right) for left, right in map(_pair, parts["model"].get("merges", [])))
    checks.companions(folder, file, tokens, n_of_model=len(parts["model"]["vocab"]), merges=merges)
    return Vocabulary(
        kind=checks.kind(report, parts, folder / "report.json"),
        tokens=tokens,
        tokenizer_json=text,
        specials=(*roles, *others),
        merges=merges,
        settings={name: value for name, value in settings.items() if name not in ROLES},
        report=report,
        path=folder,
    )


def _settled(parts: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Return tokenizer.json as transformers reads it.

    For BERT's classes what tokenizer_config.json says goes before the normalizer in tokenizer.json, and so do the
    defaults of what it does not say (transformers 4 and 5).
    """
    normalizer = parts.get("normalizer") or {}
    named = settings.get("tokenizer_class")
    bert = named in BERT_CLASSES if named else "do_lower_case" in settings
    if not bert or normalizer.get("type") != "BertNormalizer":
        return parts
    said = {
        "lowercase": settings.get("do_lower_case", True),
        "strip_accents": settings.get("strip_accents"),
        "handle_chinese_chars": settings.get("tokenize_chinese_chars", True),
    }
    return parts if said.items() <= normalizer.items() else {**parts, "normalizer": {**normalizer, **said}}


def _from_vocab_txt(file: Path, settings: dict[str, Any]) -> str:
    """Return tokenizer.json for a BERT vocab.txt."""
    tokens = checks.lines(file)
    missing = [token for token in SPECIALS if token not in tokens]
    if missing:
        mark = ", for it begins with a byte order mark" if tokens and tokens[0].startswith("\ufeff") else ""
        raise DataError(f"{file} lacks {', '.join(missing)}{mark}", hint="give the vocab.txt of a BERT, as it came")
    checks.distinct(tokens, file)
    from zhprep.vocab.types.wordpiece import tokenizer_of

    lowercase = settings.get("do_lower_case", True)
    accents = settings.get("strip_accents")
    config = VocabConfig(lowercase=lowercase, strip_accents=lowercase if accents is None else accents)
    tokenizer = tokenizer_of(tokens, config, chinese_apart=settings.get("tokenize_chinese_chars", True))
    return with_specials(tokenizer, config).to_str(pretty=True) + "\n"


def _specials(
    folder: Path, parts: dict[str, Any], tokens: list[str], settings: dict[str, Any]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the special tokens: those of the five roles in order, and any others."""
    named = checks.role_tokens(settings, folder / "tokenizer_config.json", tokens)
    special_map = folder / "special_tokens_map.json"
    named.update(checks.role_tokens(checks.json_object(special_map), special_map, tokens))
    roles = []
    for role, candidates in zip(ROLES, CANDIDATES, strict=True):
        found = [token for token in (named.get(role), *candidates) if token in tokens]
        if not found:
            raise DataError(
                f"{folder}: the vocabulary has no {role}", hint=f"name one in tokenizer_config.json ({role})"
            )
        roles.append(str(found[0]))
    checks.roles(roles, parts, folder)
    added = sorted((token["id"], token["content"]) for token in parts.get("added_tokens", []) if token.get("special"))
    return tuple(roles), tuple(content for _, content in added if content not in roles)


def _pair(merge: Any) -> Any:
    return merge.split(" ") if isinstance(merge, str) else merge
