"""``glyphs.npy`` and ``glyphs.json`` in a vocabulary's folder.

In: a :class:`Rendered`. Out: the images as uint8 ``[V, fonts, size, size]``, readable by ``numpy.load``, and
beside them the faces in their order with their sha256, the account per channel, what each face lacks, and what all do.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.core.arrays import load_array
from zhprep.core.errors import DataError, UsageError
from zhprep.core.seal import read_object
from zhprep.core.shards import check_covered, committed, sha256_of
from zhprep.glyphs.components import Components
from zhprep.glyphs.render import Images, Rendered

IMAGES = "glyphs.npy"
RECORD = "glyphs.json"
COMPONENT_IMAGES = "components.npy"
COMPONENT_RECORD = "components.json"
FILES = (IMAGES, RECORD, COMPONENT_IMAGES, COMPONENT_RECORD)


def record(rendered: Rendered, entries: Sequence[str]) -> dict[str, Any]:
    """Return what ``glyphs.json`` says: shape, faces, and per channel the account, the figures and what its face lacks;
    ``without_image`` are the characters that no face has."""
    n_channels = rendered.images.shape[1]
    accounts, figures, missing = rendered.account(), rendered.figures(), rendered.missing(entries)
    return {
        "shape": list(rendered.images.shape),
        "faces": [face.as_dict() for face in rendered.faces],
        "without_image": "".join(_single(rendered.without_image(entries))),
        "channels": [
            {
                "face": rendered.faces[i].name,
                "rows": accounts[i],
                "figures": figures[i],
                "lacks": "".join(_single(missing[i])),
            }
            for i in range(n_channels)
        ],
    }


def save(rendered: Rendered, entries: Sequence[str], folder: Path, *, overwrite: bool = False) -> dict[str, Any]:
    """Write both files into ``folder``, each at once or not at all; return the record.

    Raises ``UsageError``, unless ``overwrite``, where one is there with other bytes.
    """
    return _save(folder, (IMAGES, RECORD), rendered.images, record(rendered, entries), overwrite)


def save_components(
    components: Components, rendered: Rendered, folder: Path, *, overwrite: bool = False
) -> dict[str, Any]:
    """Write ``components.npy`` (uint8 ``[parts, fonts, size, size]``) and ``components.json`` as :func:`save` does."""
    written = components.record(record(rendered, components.parts))
    return _save(folder, (COMPONENT_IMAGES, COMPONENT_RECORD), rendered.images, written, overwrite)


def _save(
    folder: Path, names: tuple[str, str], images: Images, facts: dict[str, Any], overwrite: bool
) -> dict[str, Any]:
    """Write images ``uint8[V, F, S, S]`` and what is known of them; return the latter with their hash."""
    data = npy_bytes(images)
    facts = {**facts, "sha256": hashlib.sha256(data).hexdigest()}
    contents = (data, (json.dumps(facts, ensure_ascii=False, indent=1) + "\n").encode())
    paths = [folder / name for name in names]
    for path, content in zip(paths, contents, strict=True):
        if not overwrite and path.exists() and path.read_bytes() != content:
            hint = "put these elsewhere with -o, or write over it with --overwrite"
            raise UsageError(f"{path}: is there already, and says otherwise", hint=hint)
    for path, content in zip(paths, contents, strict=True):
        with committed(path, replace=True) as file:
            file.write(content)
    return facts


def npy_bytes(array: npt.NDArray[Any]) -> bytes:
    """Return an array as ``numpy.save`` writes it, which does not say why when the disk is full."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def load(folder: Path, *, n_entries: int | None = None) -> Images:
    """Return the images of a vocabulary, memory-mapped.

    Raises ``DataError`` when there are none, when they are not those of the record beside them, or not of ``n_entries``
    entries.
    """
    path = folder / IMAGES
    if not path.is_file():
        raise DataError(f"{folder} has no {IMAGES}", hint=f"make it: zhprep render-glyphs --vocab {folder}")
    again = f"make it again: zhprep render-glyphs --vocab {folder} --overwrite"
    if sha256_of(path) != load_record(folder).get("sha256"):
        raise DataError(f"{path}: its bytes are not those that {RECORD} promises", hint=again)
    images: Images = load_array(path, hint=again)
    wrong = images.ndim != 4 or images.shape[2] != images.shape[3] or not images.size
    if wrong or images.dtype != np.uint8 or (n_entries is not None and len(images) != n_entries):
        raise DataError(
            f"{path} holds {images.dtype} {list(images.shape)}, not the images of {n_entries} entries", hint=again
        )
    return images


def load_record(folder: Path) -> dict[str, Any]:
    """Return the record of a vocabulary's images; raises ``DataError`` when it cannot be read or was changed."""
    if not (folder / RECORD).is_file():
        raise DataError(f"{folder} has no {RECORD}", hint=f"make it: zhprep render-glyphs --vocab {folder}")
    check_covered(folder, (RECORD,))
    return read_object(folder / RECORD, {"sha256": str})


def _single(entries: Sequence[str]) -> list[str]:
    return [entry for entry in entries if len(entry) == 1]
