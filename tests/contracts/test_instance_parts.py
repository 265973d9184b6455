"""Every file of a family is an entry of its dict and the other way round: adding a part is one file and one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from zhprep.instances.corruptions import strategies as corruptions
from zhprep.instances.layout import formats
from zhprep.instances.masks import replacements
from zhprep.instances.masks import strategies as masks

FAMILIES = [
    (masks, masks.STRATEGIES),
    (replacements, replacements.REPLACEMENTS),
    (corruptions, corruptions.CORRUPTIONS),
    (formats, formats.FORMATS),
]
names = pytest.mark.parametrize(
    ("package", "family"), FAMILIES, ids=["masks", "replacements", "corruptions", "formats"]
)


@names
def test_folder_and_dict_agree(package, family):
    files = {path.stem for path in Path(package.__file__).parent.glob("*.py")} - {"__init__"}
    assert files == {name.replace("-", "_") for name in family}


@names
def test_parts_are_plain_functions_named_as_their_file(package, family):
    for name, part in family.items():
        assert part.__module__ == f"{package.__name__}.{name.replace('-', '_')}"
        assert part.__name__ == name.replace("-", "_")
        assert part.__doc__
