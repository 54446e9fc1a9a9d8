"""The bench's model behind LitServe. Little-endian FP32 in and out; rows of a batch arrive as a list."""

import os
from typing import Annotated

import litserve
from fastapi import Body, Response

from onnx_model import DELAY_MS, MAX_BATCH, WORKERS, OnnxModel

BYTES = "application/octet-stream"


class Api(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self._model = OnnxModel()

    def decode_request(self, request: Annotated[bytes, Body(media_type=BYTES)]):
        return request

    def batch(self, inputs: list[bytes]) -> list[bytes]:
        return inputs

    def predict(self, inputs):
        if isinstance(inputs, list):
            return self._model.run_bytes(inputs)
        return self._model.run_bytes([inputs])[0]

    def unbatch(self, output: list[bytes]) -> list[bytes]:
        return output

    def encode_response(self, output: bytes) -> Response:
        return Response(output, media_type=BYTES)


if __name__ == "__main__":
    server = litserve.LitServer(
        Api(max_batch_size=MAX_BATCH, batch_timeout=DELAY_MS / 1000),
        accelerator="cpu",
        workers_per_device=WORKERS,
        # What is beyond the defaults is tuned: queues over ZeroMQ are LitServe's advice for high rates.
        fast_queue=os.environ["PEER_TUNED"] == "1",
    )
    server.run(
        host="127.0.0.1",
        port=int(os.environ["PEER_HTTP_PORT"]),
        log_level="warning",
        generate_client_file=False,
    )
