"""Versions of installed packages, read from their metadata.

``importlib.metadata`` says the same, and imports the parser of e-mail to read it: a fifteenth of the time that a
command takes on one line of text. It is asked only for what does not lie in a folder in the usual form.
"""

from __future__ import annotations

import functools
import os
import re
import sys

_NAMES = re.compile(r"[-_.]+")


def version_of(package: str) -> str:
    """Return the version of an installed ``package``; raises ``PackageNotFoundError`` (an ``ImportError``)."""
    wanted = _NAMES.sub("-", package).lower()
    for folder in sys.path:
        found = _described_in(folder or ".").get(wanted)
        if found is not None:
            return _version_in(found) or _asked(package)
    return _asked(package)


@functools.cache
def _described_in(folder: str) -> dict[str, str]:
    """Return where the packages of ``folder`` are described, by their names in the one form."""
    try:
        entries = os.listdir(folder)
    except OSError:  # an archive, or nothing
        return {}
    described = [entry for entry in reversed(entries) if entry.endswith((".dist-info", ".egg-info"))]
    return {_NAMES.sub("-", entry.partition("-")[0]).lower(): os.path.join(folder, entry) for entry in described}


def _version_in(described: str) -> str:
    """Return what the metadata in ``described`` gives as the version; nothing for a form that is not known here."""
    try:
        with open(os.path.join(described, "METADATA"), encoding="utf-8") as file:
            lines = iter(file.readline, "")
            found = next((line for line in lines if line.startswith("Version:") or line == "\n"), "")
    except (OSError, UnicodeDecodeError):
        return ""
    return found.removeprefix("Version:").strip()


def _asked(package: str) -> str:
    import importlib.metadata  # for what lies otherwise

    return importlib.metadata.version(package)
