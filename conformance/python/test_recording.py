"""Recordings, read by MCAP's own Python library: whole, and cut off as a kill leaves them."""

import json
import os
import time
import urllib.request
import uuid
from typing import NamedTuple

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from mcap.exceptions import EndOfFile, McapError
from mcap.reader import make_reader
from mcap.records import Message
from mcap.stream_reader import StreamReader

# A chunk is closed when it is 200 ms old: readings over this time fill several.
READINGS_FOR_S = 0.7


class Recording(NamedTuple):
    path: str
    reading_count: int


@pytest.fixture(scope="module")
def recording(http_address):
    def post(path, body):
        request = urllib.request.Request(
            f"http://{http_address}/saccade/v1/{path}",
            json.dumps(body).encode(),
            {"content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    path = post("recordings", {"name": f"conformance-{uuid.uuid4()}"})["recording"]["path"]
    count = 0
    end = time.monotonic() + READINGS_FOR_S
    while time.monotonic() < end:
        post("telemetry", {"timestamp_ns": count * 1_000_000, "device_id": "a b/c", "value": count})
        count += 1
    post("recordings/stop", {})
    if not os.path.exists(path):
        pytest.skip(f"the server records elsewhere: {path}")
    yield Recording(path, count)
    os.remove(path)


def message_class(schema):
    files = descriptor_pb2.FileDescriptorSet.FromString(schema.data)
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(schema.name))


def test_every_message_is_decoded_with_the_schema_in_the_file(recording):
    counts = {}
    with open(recording.path, "rb") as stream:
        for schema, channel, message in make_reader(stream, validate_crcs=True).iter_messages():
            counts[channel.topic] = counts.get(channel.topic, 0) + 1
            if schema.encoding == "protobuf":
                decoded = message_class(schema).FromString(message.data)
                if schema.name == "saccade.v1.SensorReading":
                    assert decoded.device_id == "a b/c"
                    assert decoded.timestamp_ns == int(decoded.value) * 1_000_000
                if schema.name == "saccade.v1.FrameOutcome":
                    assert decoded.decision.action == "keep"
            else:
                json.loads(message.data)
    assert counts["/sensors/a%20b%2Fc/SensorReading"] == recording.reading_count
    (outcomes,) = [count for topic, count in counts.items() if topic.endswith("/outcomes")]
    (decisions,) = [count for topic, count in counts.items() if topic.endswith("/decisions")]
    assert outcomes == decisions == recording.reading_count


def test_the_summary_counts_what_is_there(recording):
    with open(recording.path, "rb") as stream:
        summary = make_reader(stream).get_summary()
        count = sum(1 for _ in make_reader(stream).iter_messages())
    assert summary.statistics.message_count == count
    assert sum(summary.statistics.channel_message_counts.values()) == count


def test_a_file_that_was_cut_off_is_read_up_to_its_last_whole_chunk(recording, tmp_path):
    with open(recording.path, "rb") as stream:
        whole = stream.read()
        stream.seek(0)
        chunks = make_reader(stream).get_summary().chunk_indexes
    assert len(chunks) >= 2
    last = chunks[-1]
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(whole[: last.chunk_start_offset + last.chunk_length // 2])
    seen = 0
    with open(cut, "rb") as stream:
        with pytest.raises((EndOfFile, McapError)):
            for record in StreamReader(stream).records:
                seen += isinstance(record, Message)
    assert seen > 0
