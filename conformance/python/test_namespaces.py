"""Two repositories with models of one name, configurations by name, and one of a version alone.

The server runs with --model-namespacing and --model-config-name=interop; SACCADE_NAMESPACED_HTTP and
SACCADE_NAMESPACED_GRPC are its addresses.
"""

import os

import pytest
from helpers import as_dict, assert_simple_answer, simple_inputs
from tritonclient import grpc as grpc_client
from tritonclient import http as http_client
from tritonclient.utils import InferenceServerException


@pytest.fixture(params=["HTTP", "GRPC"])
def namespaced(request):
    address = os.environ.get(f"SACCADE_NAMESPACED_{request.param}")
    if not address:
        pytest.skip("no server with namespaces")
    module = http_client if request.param == "HTTP" else grpc_client
    with module.InferenceServerClient(address) as client:
        yield module, client


def max_batch_size(client, model):
    config = as_dict(client.get_model_config(model))
    return config.get("config", config)["max_batch_size"]


def test_models_of_one_name_serve_side_by_side(namespaced):
    module, client = namespaced
    for model in ["one::add_sub", "two::add_sub"]:
        assert client.is_model_ready(model)
        result = client.infer(model, simple_inputs(module))
        assert_simple_answer(result)
        assert as_dict(result.get_response())["model_name"] == model


def test_the_index_has_whole_names(namespaced):
    _, client = namespaced
    answer = as_dict(client.get_model_repository_index())
    models = answer if isinstance(answer, list) else answer["models"]
    names = sorted(model["name"] for model in models)
    assert names == ["one::add_sub", "one::simple", "two::add_sub"]


def test_a_short_name_is_that_of_the_only_model(namespaced):
    module, client = namespaced
    assert_simple_answer(client.infer("simple", simple_inputs(module)))
    with pytest.raises(InferenceServerException, match="There are 2 identifiers"):
        client.infer("add_sub", simple_inputs(module))
    with pytest.raises(InferenceServerException, match="one::add_sub"):
        client.unload_model("add_sub")


def test_a_configuration_by_name_stands_in_place_of_the_usual_one(namespaced):
    _, client = namespaced
    assert max_batch_size(client, "one::add_sub") == 6
    # Without one of that name it is the usual one, completed from the model.
    assert max_batch_size(client, "two::add_sub") == 4


def test_a_version_may_have_a_configuration_of_its_own(namespaced):
    _, client = namespaced
    assert max_batch_size(client, "simple") == 5


def test_a_model_is_unloaded_and_loaded_by_its_whole_name(namespaced):
    _, client = namespaced
    client.unload_model("two::add_sub")
    assert not client.is_model_ready("two::add_sub")
    assert client.is_model_ready("one::add_sub")
    client.load_model("two::add_sub")
    assert client.is_model_ready("two::add_sub")
