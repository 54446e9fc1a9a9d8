"""The bench's model behind PyTriton: Triton and its Python backend."""

import os

import numpy as np
from pytriton.decorators import batch, sample
from pytriton.model_config import DynamicBatcher, ModelConfig, QueuePolicy, Tensor
from pytriton.triton import Triton, TritonConfig

from onnx_model import DELAY_MS, MAX_BATCH, NAME, QUEUE_LIMIT, WORKERS, OnnxModel


def infer_function(model: OnnxModel):
    def infer(**inputs: np.ndarray) -> list[np.ndarray]:
        (rows,) = inputs.values()
        return [model.run(rows)]

    return infer


def shape_of(tensor, batching: bool) -> tuple[int, ...]:
    sizes = tensor.shape[1:] if batching else tensor.shape
    return tuple(size if isinstance(size, int) else -1 for size in sizes)


if __name__ == "__main__":
    models = [OnnxModel() for _ in range(WORKERS)]
    functions = [infer_function(model) for model in models]
    batching = MAX_BATCH > 1
    config = ModelConfig(
        batching=batching,
        max_batch_size=MAX_BATCH,
        batcher=DynamicBatcher(
            max_queue_delay_microseconds=1000 * DELAY_MS,
            default_queue_policy=QueuePolicy(max_queue_size=QUEUE_LIMIT),
        ),
    )
    tensors = [
        Tensor(name=one.name, dtype=np.float32, shape=shape_of(one, batching))
        for one in (models[0].input, models[0].output)
    ]
    address = "127.0.0.1"
    triton_config = TritonConfig(
        http_address=address,
        http_port=int(os.environ["PEER_HTTP_PORT"]),
        grpc_address=address,
        grpc_port=int(os.environ["PEER_GRPC_PORT"]),
        allow_metrics=False,
    )
    with Triton(config=triton_config) as triton:
        triton.bind(
            model_name=NAME,
            infer_func=[(batch if batching else sample)(one) for one in functions],
            inputs=tensors[:1],
            outputs=tensors[1:],
            config=config,
        )
        triton.serve()
