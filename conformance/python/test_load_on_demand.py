"""Models that load when they are first asked for: an honest refusal until then, which says when to come back.

The server runs with --load-on-demand; SACCADE_ON_DEMAND_HTTP and SACCADE_ON_DEMAND_GRPC are its addresses.
"""

import os
import re
import time
import urllib.error
import urllib.request

import pytest
from helpers import as_dict, assert_simple_answer, simple_inputs
from tritonclient import grpc as grpc_client
from tritonclient import http as http_client
from tritonclient.utils import InferenceServerException

# Each transport asks for a model that nobody has asked for before.
MODELS = {"HTTP": "simple", "GRPC": "add_sub"}
UNAVAILABLE = {"HTTP": "503", "GRPC": "StatusCode.UNAVAILABLE"}


def address(transport):
    found = os.environ.get(f"SACCADE_ON_DEMAND_{transport}")
    if not found:
        pytest.skip("no server that loads on demand")
    return found


@pytest.fixture(params=["HTTP", "GRPC"])
def on_demand(request):
    transport = request.param
    module = http_client if transport == "HTTP" else grpc_client
    with module.InferenceServerClient(address(transport)) as client:
        yield transport, module, client


def states(client):
    answer = as_dict(client.get_model_repository_index())
    models = answer if isinstance(answer, list) else answer.get("models", [])
    return {model["name"]: model.get("state", "") for model in models}


def test_the_first_request_loads_and_hears_when_to_come_back(on_demand):
    transport, module, client = on_demand
    model = MODELS[transport]
    assert client.is_server_ready()
    assert states(client)[model] != "READY"
    # Whether it is ready is no wish to have it.
    assert not client.is_model_ready(model)
    assert states(client)[model] != "READY"
    deadline = time.monotonic() + 30
    refusals = 0
    while True:
        try:
            result = client.infer(model, simple_inputs(module))
            break
        except InferenceServerException as error:
            refusals += 1
            assert error.status() == UNAVAILABLE[transport]
            assert "being loaded, because it was asked for" in error.message()
            wait_ms = int(re.search(r"retry in (\d+) ms", error.message())[1])
            assert 0 < wait_ms <= 60_000
            assert time.monotonic() < deadline
            time.sleep(wait_ms / 1000)
    assert refusals > 0
    assert_simple_answer(result)
    assert client.is_model_ready(model)
    assert states(client)[model] == "READY"


def test_a_model_that_cannot_be_loaded_says_why(on_demand):
    _, module, client = on_demand
    deadline = time.monotonic() + 30
    while True:
        with pytest.raises(InferenceServerException) as refusal:
            client.infer("half_copied", simple_inputs(module))
        if "could not be loaded" in refusal.value.message():
            break
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert re.search(r"it is tried again in \d+ ms", refusal.value.message())


def test_over_http_the_header_says_it_too():
    url = f"http://{address('HTTP')}/v2/models/slow"
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(url, timeout=10)
    assert refusal.value.code == 503
    assert int(refusal.value.headers["Retry-After"]) >= 1


def test_a_model_that_nobody_has_is_not_found(on_demand):
    _, module, client = on_demand
    with pytest.raises(InferenceServerException, match="is not found"):
        client.infer("nope", simple_inputs(module))
