"""The texts that clients match, over both transports."""

import json
import urllib.error
import urllib.request

import re

import numpy as np
import pytest
from helpers import simple_inputs, tensor
from tritonclient.utils import InferenceServerException


def zeros(module, name, shape, dtype=np.int32):
    return tensor(module, name, np.zeros(shape, dtype=dtype))


def refused(api, text, model="simple", **request):
    with pytest.raises(InferenceServerException, match=re.escape(text)) as caught:
        api.client.infer(model, **request)
    return str(caught.value)


def pair(module, shape, dtype=np.int32):
    return [zeros(module, name, shape, dtype) for name in ("INPUT0", "INPUT1")]


def test_unknown_model(api):
    refused(
        api,
        "Request for unknown model: 'nope' is not found",
        model="nope",
        inputs=pair(api.module, (1, 16)),
    )


def test_unknown_version(api):
    refused(
        api,
        "'simple' version 9 is not found",
        inputs=pair(api.module, (1, 16)),
        model_version="9",
    )


def test_unexpected_input(api):
    inputs = [*pair(api.module, (1, 16)), zeros(api.module, "INPUT9", (1, 16))]
    refused(api, "INPUT9", inputs=inputs)


def test_missing_input(api):
    refused(
        api,
        "expected 2 inputs but got 1 inputs for model 'simple'. Got input(s) ['INPUT0'], "
        "but missing required input(s) ['INPUT1']. Please provide all required input(s).",
        inputs=[zeros(api.module, "INPUT0", (1, 16))],
    )


def test_unexpected_output(api):
    refused(
        api,
        "unexpected inference output 'OUTPUT9' for model 'simple'",
        inputs=pair(api.module, (1, 16)),
        outputs=[api.module.InferRequestedOutput("OUTPUT9")],
    )


def test_batch_too_large(api):
    refused(
        api,
        "inference request batch-size must be <= 8 for 'simple'",
        inputs=pair(api.module, (9, 16)),
    )


def test_wrong_shape(api):
    refused(
        api,
        "unexpected shape for input 'INPUT0' for model 'simple'. Expected [-1,16], got [1,15]. "
        "NOTE: Setting a non-zero max_batch_size in the model config requires a batch "
        "dimension to be prepended to each input shape.",
        inputs=pair(api.module, (1, 15)),
    )


def test_wrong_shape_without_batching_has_no_note(api):
    text = refused(
        api,
        "unexpected shape for input 'input' for model 'no_batch'. Expected [3,4], got [4,3].",
        model="no_batch",
        inputs=[zeros(api.module, "input", (4, 3), np.float32)],
    )
    assert "NOTE" not in text


def test_wrong_datatype(api):
    refused(
        api,
        "inference input 'INPUT0' data-type is 'FP32', but model 'simple' expects 'INT32'",
        inputs=pair(api.module, (1, 16), np.float32),
    )


def test_the_request_id_leads_the_text(api):
    inputs = pair(api.module, (9, 16))
    refused(api, "[request id: r-1] inference request", inputs=inputs, request_id="r-1")
    refused(api, "[request id: <id_unknown>] inference request", inputs=inputs)


def test_a_reserved_parameter_is_refused_over_http(http_address):
    # The client itself refuses such keys, so the request is written by hand.
    body = json.dumps({"parameters": {"triton_x": 1}, "inputs": []}).encode()
    request = urllib.request.Request(
        f"http://{http_address}/v2/models/simple/infer", data=body
    )
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request)
    assert refusal.value.code == 400
    assert (
        "parameter keys starting with 'triton_' are reserved for Triton usage"
        in json.loads(refusal.value.read())["error"]
    )


def test_client_shared_memory_is_off(api):
    with pytest.raises(
        InferenceServerException, match="Client shared memory is disabled"
    ):
        api.client.register_system_shared_memory("region", "/absent", 64)
