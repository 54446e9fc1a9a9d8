"""The bench's model behind Ray Serve, on a one-node cluster of its own. Little-endian FP32 in and out."""

import os
import signal

import ray
from ray import serve
from starlette.requests import Request
from starlette.responses import Response

from onnx_model import DELAY_MS, MAX_BATCH, QUEUE_LIMIT, WORKERS, OnnxModel

ADDRESS = "127.0.0.1"
TUNED = os.environ["PEER_TUNED"] == "1"
# The defaults let 5 requests into a replica at a time, which no batch can be made of.
OPTIONS = {
    "num_replicas": WORKERS,
    "max_ongoing_requests": 2 * max(MAX_BATCH, 4),
    "max_queued_requests": QUEUE_LIMIT if QUEUE_LIMIT > 0 else -1,
}


@serve.deployment(**(OPTIONS if TUNED else {}))
class Peer:
    def __init__(self) -> None:
        self._model = OnnxModel()

    @serve.batch(max_batch_size=max(MAX_BATCH, 1), batch_wait_timeout_s=DELAY_MS / 1000)
    async def _together(self, rows: list[bytes]) -> list[bytes]:
        return self._model.run_bytes(rows)

    async def __call__(self, request: Request) -> Response:
        if request.method == "GET":
            return Response()
        row = await request.body()
        if MAX_BATCH > 1:
            answer = await self._together(row)
        else:
            [answer] = self._model.run_bytes([row])
        return Response(answer, media_type="application/octet-stream")


if __name__ == "__main__":
    ray.init(
        include_dashboard=False,
        _node_ip_address=ADDRESS,
        _temp_dir=os.environ["PEER_HOME"],
        configure_logging=False,
        log_to_driver=False,
    )
    port = int(os.environ["PEER_HTTP_PORT"])
    serve.start(http_options={"host": ADDRESS, "port": port})
    serve.run(Peer.bind())
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    serve.shutdown()
    ray.shutdown()
