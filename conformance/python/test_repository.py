"""The repository extension; the server runs with --model-control-mode=explicit."""

import json

import pytest
from helpers import as_dict, simple_inputs
from tritonclient.utils import InferenceServerException


def index(api):
    answer = as_dict(api.client.get_model_repository_index())
    models = answer if isinstance(answer, list) else answer["models"]
    return {model["name"]: model for model in models}


def max_batch_size(api, model):
    config = as_dict(api.client.get_model_config(model))
    return config.get("config", config)["max_batch_size"]


@pytest.fixture
def restored(api):
    """Leaves add_sub as it was found, whatever the test did to it: loaded."""
    api.client.load_model("add_sub")
    yield api
    api.client.load_model("add_sub")


def test_the_index_tells_the_state_of_every_model(api):
    models = index(api)
    assert models["mlp"]["state"] == "READY"
    assert models["mlp"]["version"] == "1"
    assert "bad_op" in models
    assert models["bad_op"].get("state") != "READY"


def test_a_model_is_unloaded_and_loaded_again(restored):
    api = restored
    api.client.unload_model("add_sub")
    with pytest.raises(InferenceServerException):
        api.client.infer("add_sub", simple_inputs(api.module))
    assert not api.client.is_model_ready("add_sub")
    assert index(api)["add_sub"]["state"] == "UNAVAILABLE"
    assert index(api)["add_sub"]["reason"] == "unloaded"
    api.client.load_model("add_sub")
    assert api.client.is_model_ready("add_sub")
    assert api.client.infer("add_sub", simple_inputs(api.module)) is not None


def test_a_configuration_in_the_request_counts_until_the_next_load(restored):
    api = restored
    # A number as text: the rules of protobuf's JSON.
    api.client.load_model("add_sub", config=json.dumps({"max_batch_size": "16"}))
    assert max_batch_size(api, "add_sub") == 16
    api.client.load_model("add_sub")
    assert max_batch_size(api, "add_sub") == 4


def test_a_broken_configuration_leaves_the_model_in_service(restored):
    api = restored
    with pytest.raises(InferenceServerException, match="failed to load"):
        api.client.load_model("add_sub", config="{not json")
    assert api.client.is_model_ready("add_sub")


def test_an_absent_model_fails_to_load(api):
    with pytest.raises(InferenceServerException, match="failed to load"):
        api.client.load_model("nope")


@pytest.mark.parametrize("model", ["bad_op", "not_a_model"])
def test_a_bad_file_fails_to_load_and_harms_nobody(api, model):
    with pytest.raises(InferenceServerException, match="load failed for model"):
        api.client.load_model(model)
    assert not api.client.is_model_ready(model)
    assert api.client.is_server_live()
    assert api.client.is_model_ready("mlp")
