"""Packages whose folders lie beside ``zhprep/`` in the checkout and inside it in the wheel."""

from pathlib import Path

from setuptools import find_packages, setup

BESIDE = [name for name in ("sample_data", "fonts") if Path(name).is_dir()]

setup(
    packages=[*find_packages(include=["zhprep*"]), *(f"zhprep.{name}" for name in BESIDE)],
    package_dir={"zhprep": "zhprep", **{f"zhprep.{name}": name for name in BESIDE}},
    package_data={"zhprep": ["py.typed"], "": ["*.toml", "*.tsv", "*.txt", "*.json", "*.css", "*.npz"],
                  **{f"zhprep.{name}": ["**/*"] for name in BESIDE}},
)
