"""The bench's model behind BentoML. Its own routes take JSON alone, so that tensors travel as base64."""

import base64

import bentoml

from onnx_model import DELAY_MS, MAX_BATCH, QUEUE_LIMIT, WORKERS, OnnxModel

BATCHED = {"batchable": True, "max_batch_size": MAX_BATCH, "max_latency_ms": DELAY_MS}
# BentoML deals it out among the workers evenly, and the connections not: one worker may have them all.
TRAFFIC = {"max_concurrency": QUEUE_LIMIT * WORKERS} if QUEUE_LIMIT > 0 else {}


@bentoml.service(workers=WORKERS, traffic=TRAFFIC)
class Peer:
    def __init__(self) -> None:
        self._model = OnnxModel()

    @bentoml.api(**(BATCHED if MAX_BATCH > 1 else {}))
    def predict(self, rows: list[str]) -> list[str]:
        answers = self._model.run_bytes([base64.b64decode(row) for row in rows])
        return [base64.b64encode(answer).decode("ascii") for answer in answers]
