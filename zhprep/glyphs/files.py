"""``glyphs.npy`` and ``glyphs.json`` in a vocabulary's folder.

In: a :class:`Rendered`. Out: the images as uint8 ``[V, fonts, size, size]``, readable by ``numpy.load``, and
beside them the faces in their order with their sha256, the account per channel, what each face lacks, and what all do.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zhprep.core.errors import DataError
from zhprep.glyphs.components import Components
from zhprep.glyphs.render import Images, Rendered

IMAGES = "glyphs.npy"
RECORD = "glyphs.json"
COMPONENT_IMAGES = "components.npy"
COMPONENT_RECORD = "components.json"


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


def save(rendered: Rendered, entries: Sequence[str], folder: Path) -> dict[str, Any]:
    """Write both files into ``folder``, each at once or not at all; return the record."""
    written = record(rendered, entries)
    _write(folder / IMAGES, rendered.images)
    _write(folder / RECORD, written)
    return written


def save_components(components: Components, rendered: Rendered, folder: Path) -> dict[str, Any]:
    """Write ``components.npy`` (uint8 ``[parts, fonts, size, size]``) and ``components.json``; return the record."""
    written = components.record(record(rendered, components.parts))
    _write(folder / COMPONENT_IMAGES, rendered.images)
    _write(folder / COMPONENT_RECORD, written)
    return written


def _write(path: Path, value: Images | dict[str, Any]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        if isinstance(value, np.ndarray):
            np.save(file, value, allow_pickle=False)
        else:
            file.write((json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode())
    os.replace(temporary, path)


def load(folder: Path, *, n_entries: int | None = None) -> Images:
    """Return the images of a vocabulary, memory-mapped.

    Raises ``DataError`` when there are none, or when they are not of ``n_entries`` entries.
    """
    path = folder / IMAGES
    if not path.is_file():
        raise DataError(f"{folder} has no {IMAGES}", hint=f"make it: zhprep render-glyphs --vocab {folder}")
    images: Images = np.load(path, mmap_mode="r", allow_pickle=False)
    if images.ndim != 4 or images.dtype != np.uint8 or (n_entries is not None and len(images) != n_entries):
        raise DataError(
            f"{path} holds {images.dtype} {list(images.shape)}, not the images of {n_entries} entries",
            hint=f"make it again: zhprep render-glyphs --vocab {folder}",
        )
    return images


def _single(entries: Sequence[str]) -> list[str]:
    return [entry for entry in entries if len(entry) == 1]
