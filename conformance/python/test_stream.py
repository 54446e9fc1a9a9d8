"""ModelStreamInfer through the official client."""

import json
import os
import queue

import pytest
from helpers import assert_simple_answer, simple_inputs
from tritonclient.utils import InferenceServerException


@pytest.fixture
def stream(grpc_address, grpc):
    """A client of its own (it has one stream at a time) and the queue of its answers."""
    answers = queue.Queue()
    with grpc.module.InferenceServerClient(grpc_address) as client:
        yield client, lambda result, error: answers.put((result, error)), answers


def test_answers_keep_the_order_of_their_requests(stream, grpc):
    client, collect, answers = stream
    client.start_stream(collect)
    for index in range(100):
        client.async_stream_infer(
            "simple", simple_inputs(grpc.module), request_id=str(index)
        )
    for index in range(100):
        result, error = answers.get(timeout=10)
        assert error is None
        assert result.get_response().id == str(index)
        assert_simple_answer(result)
        final = result.get_response().parameters["triton_final_response"]
        assert final.bool_param is True


def test_a_failed_request_leaves_the_stream_open(stream, grpc):
    client, collect, answers = stream
    client.start_stream(collect)
    client.async_stream_infer("nope", simple_inputs(grpc.module), request_id="bad")
    result, error = answers.get(timeout=10)
    assert result is None
    assert "Request for unknown model: 'nope' is not found" in str(error)
    client.async_stream_infer("simple", simple_inputs(grpc.module))
    result, error = answers.get(timeout=10)
    assert error is None
    assert_simple_answer(result)


def test_a_stream_may_ask_for_real_errors(stream, grpc):
    client, collect, answers = stream
    client.start_stream(collect, headers={"triton_grpc_error": "true"})
    client.async_stream_infer("nope", simple_inputs(grpc.module))
    _, error = answers.get(timeout=10)
    assert isinstance(error, InferenceServerException)
    assert error.status() == "StatusCode.NOT_FOUND"


def versioned_add_sub(client, version):
    """Another version takes over while the old one may still have sequences."""
    with open(os.environ["SACCADE_ADD_SUB_FILE"], "rb") as file:
        content = file.read()
    client.load_model(
        "sequenced",
        config=json.dumps({"backend": "onnxruntime", "max_batch_size": 4}),
        files={f"file:{version}/model.onnx": content},
    )


@pytest.mark.skipif(
    "SACCADE_ADD_SUB_FILE" not in os.environ, reason="a server of its own is needed"
)
def test_a_sequence_stays_on_its_version_while_another_takes_over(stream, grpc):
    client, collect, answers = stream
    versioned_add_sub(client, 1)
    try:
        client.start_stream(collect)

        def version_of(**sequence):
            client.async_stream_infer(
                "sequenced", simple_inputs(grpc.module), **sequence
            )
            result, error = answers.get(timeout=30)
            assert error is None
            assert_simple_answer(result)
            return result.get_response().model_version

        assert version_of(sequence_id=7, sequence_start=True) == "1"
        assert version_of(sequence_id="named", sequence_start=True) == "1"
        versioned_add_sub(client, 2)
        assert version_of() == "2"
        assert version_of(sequence_id=8, sequence_start=True) == "2"
        for _ in range(3):
            assert version_of(sequence_id=7) == "1"
            assert version_of(sequence_id="named") == "1"
            assert version_of(sequence_id=8) == "2"
        assert version_of(sequence_id=7, sequence_end=True) == "1"
        # It has ended: what follows under its id begins where all others do.
        assert version_of(sequence_id=7, sequence_start=True) == "2"
        assert version_of(sequence_id="named", sequence_end=True) == "1"
        assert version_of(sequence_id="named", sequence_start=True) == "2"
    finally:
        client.stop_stream()
        client.unload_model("sequenced")
