#!/usr/bin/env bash
# pyarrow 26.0.1: an IPC stream that ends exactly behind a record batch is read as a shorter table.
# Expected: an error, since the end-of-stream marker is missing (a cut inside a batch is one).
# Seen: no error, fewer rows. A copy that was broken off at such a place passes for whole data.
# In zhprep: shards are held to the rows, bytes and sha256 of the manifest (tests/core/shards/test_reading.py).
source "$(dirname "$0")/common.sh"
packages pyarrow==26.0.1
observe <<'PYTHON'
import io
import pyarrow as pa

schema = pa.schema({"input_ids": pa.list_(pa.uint16())})
file, ends = io.BytesIO(), []
with pa.ipc.new_stream(file, schema) as writer:
    for number in range(3):
        writer.write_batch(pa.record_batch({"input_ids": [[number] * 50] * 100}, schema=schema))
        ends.append(file.tell())
whole = file.getvalue()
rows = [pa.ipc.open_stream(whole[:end]).read_all().num_rows for end in (*ends, len(whole))]
print(f"cut behind batch 1, 2, 3, and whole: {rows} rows")
assert rows == [100, 200, 300, 300]
try:
    pa.ipc.open_stream(whole[: ends[1] - 8]).read_all()
    raise AssertionError("a cut inside a batch was read")
except (pa.ArrowInvalid, OSError) as error:
    print(f"cut inside batch 2: {type(error).__name__}")
PYTHON
