"""Find what travels with zhprep: sample data and fonts, in an installed wheel or beside a checkout."""

from __future__ import annotations

from pathlib import Path

import zhprep
from zhprep.core.errors import ZhprepError


def packaged(name: str) -> str:
    """Return the text of a file of the package, ``core/common_characters.txt``; importlib.resources takes a hundredth
    of a second to say the same."""
    return Path(zhprep.__file__).parent.joinpath(name).read_text("utf-8")


def bundled(name: str) -> Path:
    """Return the folder ``name`` (``sample_data`` or ``fonts``); raises ``ZhprepError`` when it is not there."""
    package = Path(zhprep.__file__).parent
    for place in (package / name, package.parent / name):
        if place.is_dir():
            return place
    raise ZhprepError(f"{name} is not part of this installation", hint="install the wheel, or work in a checkout")
