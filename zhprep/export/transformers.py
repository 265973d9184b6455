"""A model as transformers loads it: by a class of its own, or by files beside the weights that need no zhprep.

In: a run, or another folder of a model with its tokenizer. Out: such a folder. A model that is saved as its authors
have it, and is of no class of transformers (ChineseBERT), is written in our own format, with ``auto_map``; others are
written as they are.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from zhprep.core.errors import UsageError
from zhprep.core.registry import require_training
from zhprep.instances import COARSE_VOCABULARY
from zhprep.vocab import load


def export(source: Path, out: Path) -> list[str]:
    """Write the model in the folder ``source`` into ``out``; return the names of its files.

    Raises ``UsageError`` for a folder that holds no model, or none that can be loaded without zhprep.
    """
    require_training("a model to be exported")
    from zhprep.models.checkpoints import format_of
    from zhprep.models.checkpoints.files import load_model, save_model
    from zhprep.models.checkpoints.zhprep import is_portable
    from zhprep.pretrain.folder import copy_tokenizer

    model = load_model(source)
    if format_of(model.config).by_name:
        model.config = dataclasses.replace(model.config, format="zhprep")
    form = format_of(model.config)
    if form.model_type == "zhprep" and not is_portable(model.config):
        raise UsageError(
            f"{source}: transformers has no class for a model with the body {model.config.body!r}, "
            f"the stack {model.config.stack!r} and the inputs {', '.join(model.config.inputs)}",
            hint="load it with zhprep.models.checkpoints.files.load_model",
        )
    save_model(model, out, pad_id=load(source).pad)
    copy_tokenizer(source, out)
    if (source / COARSE_VOCABULARY).exists():
        copy_tokenizer(source / COARSE_VOCABULARY, out / COARSE_VOCABULARY)
    return sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
