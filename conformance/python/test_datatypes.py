"""Every element type of the protocol goes in and comes out unchanged, whichever way it travels."""

import ml_dtypes
import numpy as np
import pytest
from helpers import tensor

INTEGERS = ["UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64"]


def integer_case(name):
    limits = np.iinfo(getattr(np, name.lower()))
    return np.array([[limits.min, 0, 1, limits.max]], dtype=limits.dtype)


CASES = {
    "BOOL": np.array([[True, False, True]]),
    **{name: integer_case(name) for name in INTEGERS},
    "FP16": np.array([[-0.5, 65504, np.inf]], dtype=np.float16),
    "BF16": np.array([[-0.5, 3.0, 2.0**100]], dtype=ml_dtypes.bfloat16),
    "FP32": np.array([[-0.0, 1.5, 3.4e38]], dtype=np.float32),
    "FP64": np.array([[5e-324, -1.5, 1.7e308]], dtype=np.float64),
    "BYTES": np.array([[b"", b"a\x00b", "grün".encode(), b"x" * 1000]], dtype=np.object_),
}
# The protocol gives these two no JSON form.
JSON_CASES = {name: case for name, case in CASES.items() if name not in ("FP16", "BF16")}


def identity(api, datatype, values, outputs=None, **options):
    result = api.client.infer(
        f"identity_{datatype.lower()}",
        [tensor(api.module, "INPUT0", values, datatype, **options)],
        outputs=outputs,
    )
    return result.as_numpy("OUTPUT0")


@pytest.mark.parametrize("datatype", CASES)
def test_binary_tensors_come_back_bit_by_bit(api, datatype):
    np.testing.assert_array_equal(
        identity(api, datatype, CASES[datatype]), CASES[datatype]
    )


@pytest.mark.parametrize("datatype", JSON_CASES)
def test_json_tensors_come_back_exactly(http, datatype):
    outputs = [http.module.InferRequestedOutput("OUTPUT0", binary_data=False)]
    answer = identity(
        http, datatype, JSON_CASES[datatype], outputs=outputs, binary_data=False
    )
    expected = JSON_CASES[datatype]
    if datatype == "BYTES":
        answer = np.vectorize(lambda text: text.encode() if isinstance(text, str) else text)(
            answer
        ).astype(np.object_)
    np.testing.assert_array_equal(answer, expected)


@pytest.mark.parametrize("datatype", [name for name in JSON_CASES if name != "BYTES"])
@pytest.mark.parametrize("binary_in", [True, False])
def test_either_side_may_be_binary(http, datatype, binary_in):
    outputs = [http.module.InferRequestedOutput("OUTPUT0", binary_data=not binary_in)]
    answer = identity(
        http, datatype, JSON_CASES[datatype], outputs=outputs, binary_data=binary_in
    )
    np.testing.assert_array_equal(answer, JSON_CASES[datatype])


def test_several_rows_keep_their_order(api):
    values = np.arange(4 * 1000, dtype=np.int64).reshape(4, 1000)
    np.testing.assert_array_equal(identity(api, "INT64", values), values)


def test_a_tensor_without_elements_is_answered(api):
    values = np.zeros((1, 0), dtype=np.float32)
    assert identity(api, "FP32", values).shape == (1, 0)


def test_a_string_model_calculates_with_decimal_strings(api):
    texts = np.array([[str(i).encode() for i in range(16)]], dtype=np.object_)
    result = api.client.infer(
        "simple_string",
        [tensor(api.module, "INPUT0", texts), tensor(api.module, "INPUT1", texts)],
    )
    assert result.as_numpy("OUTPUT0")[0, 5] == b"10"
    assert result.as_numpy("OUTPUT1")[0, 5] == b"0"


def test_a_megabyte_goes_through(api):
    values = np.random.default_rng(1).random((1, 262144), dtype=np.float32)
    np.testing.assert_array_equal(identity(api, "FP32", values), values)
