"""Requests as the tests write them, for either client module."""

import numpy as np
from tritonclient.utils import np_to_triton_dtype


def tensor(module, name, values, datatype=None, **options):
    """An input of the shape and type of `values`; `options` go to set_data_from_numpy."""
    made = module.InferInput(
        name, list(values.shape), datatype or np_to_triton_dtype(values.dtype)
    )
    made.set_data_from_numpy(values, **options)
    return made


def mlp_input(module, rows=1, seed=7):
    values = np.random.default_rng(seed).random((rows, 64), dtype=np.float32)
    return [tensor(module, "input", values)]


def simple_inputs(module, rows=1):
    first = np.arange(16 * rows, dtype=np.int32).reshape(rows, 16)
    second = np.full((rows, 16), 3, dtype=np.int32)
    return [tensor(module, "INPUT0", first), tensor(module, "INPUT1", second)]


def assert_simple_answer(result, rows=1):
    expected = np.arange(16 * rows, dtype=np.int32).reshape(rows, 16)
    np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), expected + 3)
    np.testing.assert_array_equal(result.as_numpy("OUTPUT1"), expected - 3)


def as_dict(answer):
    """HTTP answers are dicts already; gRPC ones are messages."""
    if isinstance(answer, (dict, list)):
        return answer
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(answer, preserving_proto_field_name=True)
