import pytest
from helpers import as_dict
from tritonclient.utils import InferenceServerException

EXTENSIONS = [
    "classification",
    "sequence",
    "model_repository",
    "model_repository(unload_dependents)",
    "schedule_policy",
    "model_configuration",
    "system_shared_memory",
    "cuda_shared_memory",
    "binary_tensor_data",
    "parameters",
    "statistics",
    "trace",
    "logging",
]


def test_the_server_is_live_and_ready(api):
    assert api.client.is_server_live()
    assert api.client.is_server_ready()


def test_readiness_of_models_and_versions(api):
    assert api.client.is_model_ready("mlp")
    assert api.client.is_model_ready("mlp", "1")


def test_an_absent_model_is_not_ready_and_that_is_no_exception(api):
    assert not api.client.is_model_ready("nope")
    assert not api.client.is_model_ready("mlp", "9")


def test_server_metadata_names_the_extensions_in_order(api):
    metadata = as_dict(api.client.get_server_metadata())
    assert metadata["name"]
    assert metadata["version"]
    # Extensions that a server does not have may be missing; what it names must be known and in order.
    assert [name for name in EXTENSIONS if name in metadata["extensions"]] == [
        name for name in metadata["extensions"] if name in EXTENSIONS
    ]
    assert {"binary_tensor_data", "classification", "statistics"} <= set(
        metadata["extensions"]
    )


def shapes(values):
    return [
        (value["name"], value["datatype"], [int(size) for size in value.get("shape", [])])
        for value in values
    ]


@pytest.mark.parametrize(
    "model, inputs, outputs",
    [
        ("mlp", [("input", "FP32", [-1, 64])], [("output", "FP32", [-1, 10])]),
        ("no_batch", [("input", "FP32", [3, 4])], [("output", "FP32", [3, 4])]),
        ("scalar", [("input", "FP32", [1])], [("output", "FP32", [1])]),
        (
            "identity_bytes",
            [("INPUT0", "BYTES", [-1, -1])],
            [("OUTPUT0", "BYTES", [-1, -1])],
        ),
    ],
)
def test_model_metadata_has_the_batch_dimension_where_there_is_one(
    api, model, inputs, outputs
):
    metadata = as_dict(api.client.get_model_metadata(model))
    assert metadata["name"] == model
    assert metadata["versions"] == ["1"]
    assert metadata["platform"] == "onnxruntime_onnx"
    assert shapes(metadata["inputs"]) == inputs
    assert shapes(metadata["outputs"]) == outputs


def config_of(api, model):
    config = as_dict(api.client.get_model_config(model))
    return config.get("config", config)


def test_a_configuration_from_disk_is_answered(api):
    config = config_of(api, "mlp")
    assert config["name"] == "mlp"
    assert config["max_batch_size"] == 64
    assert "dynamic_batching" in config
    assert config["input"][0]["data_type"] == "TYPE_FP32"
    assert [int(size) for size in config["input"][0]["dims"]] == [64]


def test_a_missing_configuration_is_completed_from_the_file(api):
    config = config_of(api, "identity_int32")
    assert config["max_batch_size"] == 4
    assert config["input"][0]["name"] == "INPUT0"
    assert config["input"][0]["data_type"] == "TYPE_INT32"
    assert [int(size) for size in config["input"][0]["dims"]] == [-1]


def test_labels_are_named_in_the_configuration(api):
    assert config_of(api, "classifier")["output"][0]["label_filename"] == "labels.txt"


@pytest.mark.parametrize("method", ["get_model_metadata", "get_model_config"])
def test_an_absent_model_is_named_in_the_error(api, method):
    with pytest.raises(
        InferenceServerException, match="Request for unknown model: 'nope' is not found"
    ):
        getattr(api.client, method)("nope")
