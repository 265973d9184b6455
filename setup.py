"""Packages whose folders lie beside ``zhprep/`` in the checkout and inside it in the wheel."""

from setuptools import find_namespace_packages, find_packages, setup

BESIDE = ["fonts", *(f"sample_data{'.' * bool(name)}{name}" for name in ("", *find_namespace_packages("sample_data")))]

setup(
    packages=[*find_packages(include=["zhprep*"]), *(f"zhprep.{name}" for name in BESIDE)],
    package_dir={"zhprep": "zhprep", "zhprep.fonts": "fonts", "zhprep.sample_data": "sample_data"},
    package_data={
        "zhprep": ["py.typed", "**/*.toml", "**/*.tsv", "**/*.txt", "**/*.json", "**/*.css", "**/*.npz"],
        "zhprep.fonts": ["*.ttf", "*.otf", "*.txt", "*.toml"],
        "zhprep.sample_data": ["LICENSE", "README.md", "*.toml", "**/*.txt", "**/*.tsv", "**/*.jsonl"],
    },
)
