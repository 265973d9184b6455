"""Rate schedules: what is read, what is refused, what is in between."""

from __future__ import annotations

import dataclasses

import pytest

from zhprep.core.config import build
from zhprep.core.errors import UsageError
from zhprep.instances import InstancesConfig, MaskProbSchedule


def test_straight_lines_between_points_and_flat_outside():
    schedule = MaskProbSchedule.parse("0.1:0.1, 0.5:0.3,1:0.2")
    found = [schedule.at(share) for share in (0, 0.1, 0.3, 0.5, 0.75, 1.0, 1.5)]
    assert found == pytest.approx([0.1, 0.1, 0.2, 0.3, 0.25, 0.2, 0.2])
    assert MaskProbSchedule.parse("0:0.4").at(0.7) == 0.4


@pytest.mark.parametrize(
    "text", ["0.15", "0:a", "0:0.1:0.2", "0:0.1,", "0:1.5", "-0.1:0.1", "0.5:0.1,0.5:0.2", "0.5:0.1,0.2:0.2", "nan:0.1"]
)
def test_what_is_no_schedule(text):
    with pytest.raises(UsageError, match="mask_prob_schedule") as error:
        InstancesConfig(mask_prob_schedule=text)
    assert "0:0.15" in error.value.hint


def test_masks_on_disk_have_no_schedule():
    with pytest.raises(UsageError, match="masks on disk cannot follow"):
        InstancesConfig(mask_prob_schedule="0:0.1,1:0.2", static=True)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"mask_prob_schedule": "0:0.1,1:0.2", "corruption": ("infill",)}, "is for masks; corruption takes"),
        ({"coarse_vocab": "COARSE", "entities": ("names.txt",)}, "with coarse_vocab words are coarse tokens"),
        ({"coarse_vocab": "COARSE", "spans": "spans.jsonl"}, "with coarse_vocab words are coarse tokens"),
        ({"max_length": 40_000}, "max_length"),  # words are numbered by int16
    ],
)
def test_what_would_have_no_effect_or_no_room_is_refused(settings, said):
    with pytest.raises(UsageError, match=said):
        build(InstancesConfig, settings, where="")


def test_settings_at_a_share():
    config = InstancesConfig(mask_prob_schedule="0:0.1,1:0.2", mask_prob=0.15)
    assert config.at(0.5) == dataclasses.replace(config, mask_prob=pytest.approx(0.15))
    assert config.at(1.0).mask_prob == 0.2
    assert config.at(None) is config
    plain = InstancesConfig()
    assert plain.at(0.5) is plain
