"""The repository extension; the server runs with --model-control-mode=explicit."""

import json
import os

import pytest
from helpers import as_dict, assert_simple_answer, simple_inputs
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


def add_sub_file(api):
    """The bytes of a model that answers sum and difference, as it lies in the repository."""
    path = os.environ.get("SACCADE_ADD_SUB_FILE")
    if not path:
        pytest.skip("SACCADE_ADD_SUB_FILE names no file")
    with open(path, "rb") as file:
        return file.read()


@pytest.fixture
def gone_afterwards(api):
    yield api
    try:
        api.client.unload_model("from_request")
    except InferenceServerException:
        pass


def test_files_in_the_request_serve_beside_the_repository(gone_afterwards):
    api = gone_afterwards
    api.client.load_model(
        "from_request",
        config=json.dumps({"backend": "onnxruntime", "max_batch_size": 4}),
        files={"file:3/model.onnx": add_sub_file(api)},
    )
    assert api.client.is_model_ready("from_request", "3")
    assert_simple_answer(api.client.infer("from_request", simple_inputs(api.module)))
    assert index(api)["from_request"]["version"] == "3"
    api.client.unload_model("from_request")
    assert not api.client.is_model_ready("from_request")


def test_files_without_a_configuration_are_refused(api):
    with pytest.raises(InferenceServerException, match="must be specified"):
        api.client.load_model("from_request", files={"file:1/model.onnx": b"x"})


@pytest.mark.parametrize(
    "path", ["../../evil", "/etc/evil", "1/../../evil", "model.onnx", "1/" + "x" * 300]
)
def test_files_that_lead_elsewhere_are_refused(api, path):
    config = json.dumps({"backend": "onnxruntime"})
    with pytest.raises(InferenceServerException, match="failed to load"):
        api.client.load_model(
            "from_request", config=config, files={f"file:{path}": b"x"}
        )
    assert "from_request" not in index(api) or (
        index(api)["from_request"].get("state") != "READY"
    )


def test_a_broken_file_leaves_the_model_in_service(restored):
    api = restored
    with pytest.raises(InferenceServerException, match="load failed"):
        api.client.load_model(
            "add_sub",
            config=json.dumps({"backend": "onnxruntime"}),
            files={"file:1/model.onnx": b"no model"},
        )
    assert api.client.is_model_ready("add_sub")
    entry = index(api)["add_sub"]
    assert entry["state"] == "READY"


def test_only_ready_models_are_in_the_index_of_ready_ones(api):
    # The HTTP client sends no such wish.
    if api.name == "http":
        pytest.skip("the client cannot ask for it")
    from tritonclient.grpc import service_pb2

    answer = api.client._client_stub.RepositoryIndex(
        service_pb2.RepositoryIndexRequest(ready=True)
    )
    assert answer.models
    assert all(model.state == "READY" for model in answer.models)


def test_a_name_that_leads_out_of_the_repository_is_no_model(api):
    config = json.dumps({"backend": "onnxruntime"})
    with pytest.raises(InferenceServerException):
        api.client.load_model(
            "../evil", config=config, files={"file:1/model.onnx": b"x"}
        )
