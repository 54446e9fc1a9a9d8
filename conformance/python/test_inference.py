import gzip
import json
import threading
import zlib

import numpy as np
import pytest
from helpers import assert_simple_answer, mlp_input, simple_inputs, tensor
from tritonclient.utils import InferenceServerException


def test_the_answer_names_model_version_and_request(api):
    result = api.client.infer("simple", simple_inputs(api.module), request_id="a-7")
    assert_simple_answer(result)
    response = result.get_response()
    answer = response if isinstance(response, dict) else None
    assert (answer["id"] if answer else response.id) == "a-7"
    assert (answer["model_name"] if answer else response.model_name) == "simple"
    assert (answer["model_version"] if answer else response.model_version) == "1"


def test_a_version_may_be_named(api):
    assert_simple_answer(
        api.client.infer("simple", simple_inputs(api.module), model_version="1")
    )


def test_only_the_outputs_asked_for_are_answered(api):
    outputs = [api.module.InferRequestedOutput("OUTPUT1")]
    result = api.client.infer("simple", simple_inputs(api.module), outputs=outputs)
    assert result.as_numpy("OUTPUT1") is not None
    assert result.as_numpy("OUTPUT0") is None


def test_a_batch_is_the_sum_of_its_rows(api):
    rows = [mlp_input(api.module, 1, seed) for seed in range(8)]
    single = [api.client.infer("mlp", row).as_numpy("output") for row in rows]
    values = np.concatenate(
        [
            np.random.default_rng(seed).random((1, 64), dtype=np.float32)
            for seed in range(8)
        ]
    )
    batch = api.client.infer("mlp", [tensor(api.module, "input", values)])
    np.testing.assert_allclose(
        batch.as_numpy("output"), np.concatenate(single), rtol=1e-4, atol=1e-5
    )


def test_fixed_shapes_and_scalars(api):
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    fixed = api.client.infer("no_batch", [tensor(api.module, "input", values)])
    np.testing.assert_array_equal(fixed.as_numpy("output"), 2 * values)
    one = np.array([2.5], dtype=np.float32)
    scalar = api.client.infer("scalar", [tensor(api.module, "input", one)])
    np.testing.assert_array_equal(scalar.as_numpy("output"), [5.0])


def test_classification_gives_the_best_classes_with_their_labels(api):
    features = np.array([[1, 2, 3, 0], [9, 0, 0, 0]], dtype=np.float32)
    outputs = [api.module.InferRequestedOutput("scores", class_count=2)]
    result = api.client.infer(
        "classifier", [tensor(api.module, "features", features)], outputs=outputs
    )
    classes = result.as_numpy("scores")
    assert classes.shape == (2, 2)
    assert [text.decode() for text in classes[0]] == [
        "3.000000:2:blue",
        "2.000000:1:green",
    ]
    assert classes[1, 0] == b"9.000000:0:red"


def test_more_classes_than_there_are_gives_all(api):
    features = np.array([[1, 2, 3, 0]], dtype=np.float32)
    outputs = [api.module.InferRequestedOutput("scores", class_count=99)]
    result = api.client.infer(
        "classifier", [tensor(api.module, "features", features)], outputs=outputs
    )
    assert result.as_numpy("scores").shape == (1, 3)


@pytest.mark.parametrize("request_algorithm", [None, "gzip", "deflate"])
@pytest.mark.parametrize("response_algorithm", [None, "gzip", "deflate"])
def test_http_compression_both_ways(http, request_algorithm, response_algorithm):
    result = http.client.infer(
        "simple",
        simple_inputs(http.module, 4),
        request_compression_algorithm=request_algorithm,
        response_compression_algorithm=response_algorithm,
    )
    assert_simple_answer(result, 4)


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_http_answers_are_really_compressed_when_asked(http, http_address, algorithm):
    import urllib.request

    body = json.dumps(
        {
            "inputs": [
                {"name": "INPUT0", "datatype": "FP32", "shape": [1, 4096], "data": [0] * 4096}
            ]
        }
    ).encode()
    request = urllib.request.Request(
        f"http://{http_address}/v2/models/identity_fp32/infer",
        data=gzip.compress(body),
        headers={"Content-Encoding": "gzip", "Accept-Encoding": algorithm},
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["Content-Encoding"] == algorithm
        packed = answer.read()
    plain = gzip.decompress(packed) if algorithm == "gzip" else zlib.decompress(packed)
    assert len(packed) < len(plain)
    assert json.loads(plain)["outputs"][0]["shape"] == [1, 4096]


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_grpc_compression(grpc, algorithm):
    result = grpc.client.infer(
        "simple", simple_inputs(grpc.module, 4), compression_algorithm=algorithm
    )
    assert_simple_answer(result, 4)


def test_a_raw_body_is_the_only_input(http, http_address):
    import urllib.request

    values = np.arange(64, dtype=np.float32)
    request = urllib.request.Request(
        f"http://{http_address}/v2/models/mlp/infer",
        data=values.tobytes(),
        headers={
            "Content-Type": "application/octet-stream",
            "Inference-Header-Content-Length": "0",
        },
    )
    with urllib.request.urlopen(request) as answer:
        body = answer.read()
        length = int(answer.headers["Inference-Header-Content-Length"])
    raw = json.loads(body[:length])
    got = np.frombuffer(body[length:], dtype=np.float32)
    assert raw["outputs"][0]["parameters"]["binary_data_size"] == got.nbytes
    expected = http.client.infer(
        "mlp", [tensor(http.module, "input", values.reshape(1, 64))]
    )
    np.testing.assert_allclose(got, expected.as_numpy("output")[0], rtol=1e-5)


def test_custom_parameters_priority_and_timeout_are_accepted(api):
    result = api.client.infer(
        "simple",
        simple_inputs(api.module),
        priority=1,
        timeout=1_000_000,
        parameters={"camera": "front", "exposure": 3},
    )
    assert_simple_answer(result)


def test_http_async_requests_all_come_back(http):
    pending = [
        http.client.async_infer("simple", simple_inputs(http.module)) for _ in range(50)
    ]
    for request in pending:
        assert_simple_answer(request.get_result())


def test_grpc_async_requests_all_come_back(grpc):
    done = threading.Semaphore(0)
    answers = []

    def collect(result, error):
        answers.append((result, error))
        done.release()

    for _ in range(50):
        grpc.client.async_infer("simple", simple_inputs(grpc.module), collect)
    for _ in range(50):
        assert done.acquire(timeout=10)
    for result, error in answers:
        assert error is None
        assert_simple_answer(result)


def slow_input(module):
    return [tensor(module, "input", np.ones((1, 512), dtype=np.float32))]


def test_grpc_client_timeout_is_kept_and_harms_nobody(grpc):
    # The server tells it at the same instant as the client's own timer: either text may come.
    with pytest.raises(InferenceServerException, match="(?i)deadline"):
        grpc.client.infer("slow", slow_input(grpc.module), client_timeout=0.02)
    assert_simple_answer(grpc.client.infer("simple", simple_inputs(grpc.module)))


def test_http_client_timeout_harms_nobody(http, http_address):
    with http.module.InferenceServerClient(
        http_address, network_timeout=0.02
    ) as hasty:
        with pytest.raises(Exception, match="timed out"):
            hasty.infer("slow", slow_input(http.module))
    assert_simple_answer(http.client.infer("simple", simple_inputs(http.module)))


def test_a_cancelled_grpc_request_ends_as_cancelled(grpc):
    ended = threading.Event()
    errors = []

    # The client calls back by these names.
    def collect(result, error):
        assert result is None
        errors.append(error)
        ended.set()

    call = grpc.client.async_infer("slow", slow_input(grpc.module), collect)
    call.cancel()
    assert ended.wait(timeout=10)
    assert "cancelled" in str(errors[0]).lower()
    assert_simple_answer(grpc.client.infer("simple", simple_inputs(grpc.module)))


def test_statistics_count_requests_and_rows(api):
    def counts():
        answer = api.client.get_inference_statistics("mlp", "1")
        if isinstance(answer, dict):
            model = answer["model_stats"][0]
            return model["inference_count"], model["inference_stats"]["success"]["count"]
        model = answer.model_stats[0]
        return model.inference_count, model.inference_stats.success.count

    rows_before, requests_before = counts()
    for _ in range(3):
        api.client.infer("mlp", mlp_input(api.module, 2))
    rows, requests = counts()
    assert rows - rows_before == 6
    assert requests - requests_before == 3
