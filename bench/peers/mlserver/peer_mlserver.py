"""MLServer's runtime for the bench's model; settings.json and model-settings.json are written by peer.ts."""

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

from onnx_model import OnnxModel


class Onnx(MLModel):
    async def load(self) -> bool:
        self._model = OnnxModel()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = NumpyCodec.decode_input(payload.inputs[0])
        answers = self._model.run(rows)
        output = NumpyCodec.encode_output(self._model.output.name, answers)
        return InferenceResponse(model_name=self.name, outputs=[output])
