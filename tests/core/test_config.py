"""Settings are read strictly: what is not known, of another type or out of range is told."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass

import pytest

from zhprep.core.config import RENAMED, as_dict, build, field_type, renamed, setting, settings
from zhprep.core.errors import UsageError
from zhprep.instances import InstancesConfig


@dataclass(frozen=True, kw_only=True)
class Config:
    size: int = setting(10, "How many.", minimum=1)
    rate: float = setting(0.15, "How often.", minimum=0, maximum=1)
    name: str = setting("one", "Which.", choices=("one", "two"))
    steps: tuple[str, ...] = setting(("a",), "In order.", choices=("a", "b"))
    on: bool = setting(False, "Whether.")
    limit: int | None = setting(None, "At most.", minimum=1)
    either: int | str = setting(0, "Either.")
    free: float = setting(0.0, "Any.")
    extra: dict[str, int] | None = setting(None, "More.", flag=False)  # noqa: RUF009


def test_plain_values_come_through() -> None:
    values = {"size": 3, "rate": 1, "name": "two", "steps": ["b", "a"], "on": True, "limit": 4, "extra": {"x": 1}}
    config = build(Config, values)
    assert as_dict(config) == {**values, "either": 0, "free": 0.0}
    assert isinstance(config.rate, float)
    assert config.steps == ("b", "a")
    assert build(Config, as_dict(config)) == config
    assert build(Config, {"limit": None}) == Config()
    assert build(Config, {"either": "x"}).either == "x"
    with pytest.raises(FrozenInstanceError):
        config.size = 4  # type: ignore[misc]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"sise": 3}, r"unknown setting 'sise' in \[here\]"),
        ({"size": "3"}, r"size must be int in \[here\], not '3'"),
        ({"size": 3.0}, "size must be int"),
        ({"size": True}, "size must be int"),
        ({"size": None}, "size must be int"),
        ({"size": 0}, r"size is 0 in \[here\]; it must be at least 1"),
        ({"rate": "often"}, "rate must be float"),
        ({"rate": True}, "rate must be float"),
        ({"rate": float("nan")}, "rate is nan"),
        ({"rate": -0.1}, "rate is -0.1"),
        ({"rate": 2}, r"rate is 2.0 in \[here\]; it must be at most 1"),
        ({"free": float("inf")}, "free is inf"),
        ({"name": "tow"}, "name cannot be 'tow'"),
        ({"steps": "a"}, "steps must be a list"),
        ({"steps": ["c"]}, "steps cannot be 'c'"),
        ({"steps": [1]}, "steps must be str"),
        ({"on": 1}, "on must be bool"),
        ({"limit": 0}, "limit is 0"),
        ({"limit": "1"}, "limit must be int"),
        ({"either": 1.5}, "either must be"),
        ({"extra": [1]}, "extra must be dict"),
    ],
)
def test_everything_else_is_refused(values: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        build(Config, values, where="[here]")


def test_the_nearest_name_is_given() -> None:
    with pytest.raises(UsageError) as error:
        build(Config, {"sise": 3})
    assert error.value.hint.startswith("did you mean 'size'? choices: size, rate, name")
    with pytest.raises(UsageError) as error:
        build(Config, {"name": "tow"})
    assert error.value.hint == "did you mean 'two'? choices: one, two"


def test_knobs_are_listed_in_order() -> None:
    assert [field.name for field in settings(Config)][:3] == ["size", "rate", "name"]
    assert field_type(Config, "steps") == tuple[str, ...]


def test_former_names_are_read_as_the_present_ones() -> None:
    config = build(InstancesConfig, {"rate": 0.3, "permute_share": 0.5})
    assert (config.mask_prob, config.permute_ratio) == (0.3, 0.5)
    assert set(RENAMED.values()) <= {field.name for field in settings(InstancesConfig)}
    assert renamed({"rate": 0.2, "mask": "wwm"}) == {"mask_prob": 0.2, "mask": "wwm"}
    with pytest.raises(UsageError, match="rate and mask_prob are one setting"):
        build(InstancesConfig, {"rate": 0.3, "mask_prob": 0.2})


@pytest.mark.parametrize("name", ["mask_prob", "whole_word_prob", "permute_ratio", "short_seq_prob"])
def test_what_is_a_probability_is_at_most_one(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} is 2.0; it must be at most 1.0"):
        build(InstancesConfig, {name: 2})
