"""gRPC requests whose tensors lie in `contents`, as generated stubs in any language send them."""

import grpc as grpcio
import numpy as np
import pytest
from tritonclient.grpc import service_pb2, service_pb2_grpc

CONTENTS = {
    "BOOL": ("bool_contents", [True, False], np.bool_),
    "UINT8": ("uint_contents", [0, 255], np.uint8),
    "UINT16": ("uint_contents", [0, 65535], np.uint16),
    "UINT32": ("uint_contents", [0, 2**32 - 1], np.uint32),
    "UINT64": ("uint64_contents", [0, 2**64 - 1], np.uint64),
    "INT8": ("int_contents", [-128, 127], np.int8),
    "INT16": ("int_contents", [-32768, 32767], np.int16),
    "INT32": ("int_contents", [-(2**31), 2**31 - 1], np.int32),
    "INT64": ("int64_contents", [-(2**63), 2**63 - 1], np.int64),
    "FP32": ("fp32_contents", [-0.5, 3e38], np.float32),
    "FP64": ("fp64_contents", [-0.5, 1e308], np.float64),
}


@pytest.fixture(scope="module")
def stub(grpc_address):
    with grpcio.insecure_channel(grpc_address) as channel:
        yield service_pb2_grpc.GRPCInferenceServiceStub(channel)


def request_for(datatype, shape):
    request = service_pb2.ModelInferRequest(model_name=f"identity_{datatype.lower()}")
    request.inputs.add(name="INPUT0", datatype=datatype, shape=shape)
    return request


@pytest.mark.parametrize("datatype", CONTENTS)
def test_typed_contents_are_read(stub, datatype):
    field, values, dtype = CONTENTS[datatype]
    request = request_for(datatype, [1, 2])
    getattr(request.inputs[0].contents, field).extend(values)
    response = stub.ModelInfer(request)
    assert len(response.raw_output_contents) == 1
    answer = np.frombuffer(response.raw_output_contents[0], dtype=dtype)
    np.testing.assert_array_equal(answer, np.array(values, dtype=dtype))


def test_strings_in_contents_are_read(stub):
    request = request_for("BYTES", [1, 2])
    request.inputs[0].contents.bytes_contents.extend([b"a\x00b", b""])
    answer = stub.ModelInfer(request).raw_output_contents[0]
    assert answer == b"\x03\x00\x00\x00a\x00b\x00\x00\x00\x00"


def test_contents_and_raw_contents_do_not_mix(stub):
    request = request_for("FP32", [1, 1])
    request.inputs[0].contents.fp32_contents.append(1)
    request.raw_input_contents.append(b"\0\0\0\0")
    with pytest.raises(grpcio.RpcError) as caught:
        stub.ModelInfer(request)
    assert caught.value.code() == grpcio.StatusCode.INVALID_ARGUMENT
    assert (
        "contents field must not be specified when using raw_input_contents for 'INPUT0'"
        in caught.value.details()
    )


def test_an_input_without_data_is_refused(stub):
    with pytest.raises(grpcio.RpcError) as caught:
        stub.ModelInfer(request_for("FP32", [1, 1]))
    assert caught.value.code() == grpcio.StatusCode.INVALID_ARGUMENT
    assert "unable to find data for input tensor 'INPUT0'" in caught.value.details()


def test_a_wrong_byte_size_is_refused_with_both_numbers(stub):
    request = request_for("FP32", [1, 2])
    request.raw_input_contents.append(b"\0" * 7)
    with pytest.raises(grpcio.RpcError) as caught:
        stub.ModelInfer(request)
    assert caught.value.code() == grpcio.StatusCode.INVALID_ARGUMENT
    details = caught.value.details()
    assert "INPUT0" in details and "8" in details and "7" in details
