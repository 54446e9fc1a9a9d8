"""The model that every Python peer serves: one FP32 input, one FP32 output, rows in the first dimension."""

import os

import numpy as np
import onnxruntime as ort


def setting(name: str) -> int:
    """A number of the settings that bench/peers/python-peer.ts passes."""
    return int(os.environ[f"PEER_{name}"])


NAME = os.environ["PEER_NAME"]
MAX_BATCH = setting("MAX_BATCH")
DELAY_MS = setting("DELAY_MS")
WORKERS = setting("WORKERS")
# 0: the server's own.
QUEUE_LIMIT = setting("QUEUE_LIMIT")


class OnnxModel:
    def __init__(self) -> None:
        options = ort.SessionOptions()
        # 0 is ONNX Runtime's own choice: as many as there are cores.
        options.intra_op_num_threads = setting("THREADS")
        self._session = ort.InferenceSession(
            os.environ["PEER_MODEL"], options, providers=["CPUExecutionProvider"]
        )
        self.input = self._session.get_inputs()[0]
        self.output = self._session.get_outputs()[0]
        self._row_shape = self.input.shape[1:]

    def run(self, rows: np.ndarray) -> np.ndarray:
        return self._session.run([self.output.name], {self.input.name: rows})[0]

    def run_bytes(self, rows: list[bytes]) -> list[bytes]:
        """Each is one row of little-endian FP32, and so is each answer."""
        together = np.frombuffer(b"".join(rows), dtype=np.float32)
        answers = self.run(together.reshape(len(rows), *self._row_shape))
        return [answer.tobytes() for answer in answers]
