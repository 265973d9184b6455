"""Tables say what they are, and another version is refused."""

from __future__ import annotations

import pyarrow as pa
import pytest

from zhprep.core import schema
from zhprep.core.errors import DataError


def test_a_table_knows_its_name() -> None:
    for name, table in schema.DOCUMENT_TABLES.items():
        assert schema.table_name(table) == name
    assert schema.table_name(pa.schema({"text": pa.string()})) is None
    assert schema.table_name(schema.instances(["input_ids"], pa.uint16())) == "instances"


def test_another_version_is_refused() -> None:
    other = schema.TEXT.with_metadata({"zhprep.table": "text", "zhprep.version": "2"})
    with pytest.raises(DataError, match=r"x.arrow: table 'text' has version 2; this zhprep reads version 1"):
        schema.table_name(other, "x.arrow")


def test_ids_take_two_bytes_where_they_fit() -> None:
    assert [schema.id_type(n) for n in (21128, 1 << 16, (1 << 16) + 1)] == [pa.uint16(), pa.uint16(), pa.int32()]


def test_instances_have_the_columns_asked_for_in_one_order() -> None:
    table = schema.instances(["word_ids", "input_ids"], pa.int32())
    assert table.names == ["input_ids", "word_ids"]
    assert table.field("input_ids").type == pa.list_(pa.int32())
    with pytest.raises(ValueError, match="no such columns of instances: word_idx"):
        schema.instances(["input_ids", "word_idx"], pa.int32())
