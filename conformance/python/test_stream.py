"""ModelStreamInfer through the official client."""

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
