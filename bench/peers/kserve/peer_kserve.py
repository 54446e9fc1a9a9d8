"""The bench's model behind KServe's Python server, over its gRPC port."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer

from onnx_model import NAME, WORKERS, OnnxModel


class Onnx(Model):
    def __init__(self) -> None:
        super().__init__(NAME)
        self._model = OnnxModel()
        self.ready = True

    def predict(self, payload: InferRequest, headers=None, response_headers=None):
        """As KServe's examples have it: the event loop waits for the model."""
        answers = self._model.run(payload.inputs[0].as_numpy())
        output = InferOutput(self._model.output.name, list(answers.shape), "FP32")
        output.set_data_from_numpy(answers, binary_data=True)
        return InferResponse(payload.id, self.name, [output])


class OffLoop(Onnx):
    """Runs the model in threads: ONNX Runtime lets go of Python's lock meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(WORKERS)

    async def predict(self, payload, headers=None, response_headers=None):
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, super().predict, payload)


if __name__ == "__main__":
    ModelServer(
        http_port=int(os.environ["PEER_HTTP_PORT"]),
        grpc_port=int(os.environ["PEER_GRPC_PORT"]),
        enable_latency_logging=False,
    ).start([OffLoop() if os.environ["PEER_TUNED"] == "1" else Onnx()])
