"""The asyncio clients: other HTTP and gRPC stacks than the blocking ones."""

import asyncio

import pytest
import tritonclient.grpc.aio as grpc_aio
import tritonclient.http.aio as http_aio
from helpers import assert_simple_answer, simple_inputs
from tritonclient.utils import InferenceServerException

MODULES = {"http": http_aio, "grpc": grpc_aio}


@pytest.fixture(params=MODULES)
def aio(request):
    url = request.getfixturevalue(f"{request.param}_address")
    module = MODULES[request.param]

    def run(scenario):
        async def within():
            async with module.InferenceServerClient(url) as client:
                return await scenario(module, client)

        return asyncio.run(within())

    return run


def test_many_requests_at_once(aio):
    async def scenario(module, client):
        return await asyncio.gather(
            *(client.infer("simple", simple_inputs(module)) for _ in range(64))
        )

    for result in aio(scenario):
        assert_simple_answer(result)


def test_health_and_errors(aio):
    async def scenario(module, client):
        assert await client.is_server_ready()
        assert await client.is_model_ready("simple")
        with pytest.raises(InferenceServerException, match="'nope' is not found"):
            await client.infer("nope", simple_inputs(module))

    aio(scenario)


def test_a_stream_of_requests(grpc_address):
    async def scenario():
        async with grpc_aio.InferenceServerClient(grpc_address) as client:

            async def requests():
                for index in range(10):
                    yield {
                        "model_name": "simple",
                        "inputs": simple_inputs(grpc_aio),
                        "request_id": str(index),
                    }

            ids = []
            async for result, error in client.stream_infer(requests()):
                assert error is None
                assert_simple_answer(result)
                ids.append(result.get_response().id)
            assert ids == [str(index) for index in range(10)]

    asyncio.run(scenario())
