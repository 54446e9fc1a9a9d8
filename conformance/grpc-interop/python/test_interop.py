"""gRPC's interoperability cases with grpcio, blocking and asyncio.

https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md
GRPC_ADDRESS names the server, GRPC_DESCRIPTORS a FileDescriptorSet of its .proto.
"""

import asyncio
import concurrent.futures
import os
import queue
from pathlib import Path

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_status import rpc_status

ADDRESS = os.environ["GRPC_ADDRESS"]
TIMEOUT_S = 30
REQUEST_SIZES = (27182, 8, 1828, 45904)
RESPONSE_SIZES = (31415, 9, 2653, 58979)
LARGE_REQUEST, LARGE_RESPONSE = 271828, 314159


def _messages():
    files = descriptor_pb2.FileDescriptorSet.FromString(Path(os.environ["GRPC_DESCRIPTORS"]).read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return pool


POOL = _messages()


def message(name):
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(f"grpc.testing.{name}"))


Empty = message("Empty")
SimpleRequest, SimpleResponse = message("SimpleRequest"), message("SimpleResponse")
InputRequest, InputResponse = message("StreamingInputCallRequest"), message("StreamingInputCallResponse")
OutputRequest, OutputResponse = message("StreamingOutputCallRequest"), message("StreamingOutputCallResponse")


class Stub:
    """The service's methods on any channel, blocking or asyncio."""

    def __init__(self, channel):
        def method(kind, name, request, response, service="TestService"):
            return getattr(channel, kind)(
                f"/grpc.testing.{service}/{name}",
                request_serializer=request.SerializeToString,
                response_deserializer=response.FromString,
            )

        self.empty = method("unary_unary", "EmptyCall", Empty, Empty)
        self.unary = method("unary_unary", "UnaryCall", SimpleRequest, SimpleResponse)
        self.input = method("stream_unary", "StreamingInputCall", InputRequest, InputResponse)
        self.output = method("unary_stream", "StreamingOutputCall", OutputRequest, OutputResponse)
        self.duplex = method("stream_stream", "FullDuplexCall", OutputRequest, OutputResponse)
        self.half_duplex = method("stream_stream", "HalfDuplexCall", OutputRequest, OutputResponse)
        self.no_method = method("unary_unary", "UnimplementedCall", Empty, Empty)
        self.no_service = method("unary_unary", "UnimplementedCall", Empty, Empty, "UnimplementedService")


@pytest.fixture(scope="module")
def stub():
    with grpc.insecure_channel(ADDRESS) as channel:
        yield Stub(channel)


class Sender:
    """Requests of a stream, sent when the case says so."""

    END = object()

    def __init__(self):
        self._queue = queue.Queue()

    def send(self, request):
        self._queue.put(request)

    def close(self):
        self._queue.put(self.END)

    def __iter__(self):
        return iter(self._queue.get, self.END)


def output_request(*sizes, payload=0, **parameters):
    request = OutputRequest(response_parameters=[{"size": size, **parameters} for size in sizes])
    request.payload.body = bytes(payload)
    return request


def test_empty_unary(stub):
    assert stub.empty(Empty(), timeout=TIMEOUT_S) == Empty()


@pytest.mark.parametrize("compression", [None, grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_large_unary(stub, compression):
    request = SimpleRequest(response_size=LARGE_RESPONSE, payload={"body": bytes(LARGE_REQUEST)})
    response = stub.unary(request, timeout=TIMEOUT_S, compression=compression)
    assert len(response.payload.body) == LARGE_RESPONSE


@pytest.mark.parametrize("compression", [None, grpc.Compression.Gzip])
def test_client_streaming(stub, compression):
    requests = (InputRequest(payload={"body": bytes(size)}) for size in REQUEST_SIZES)
    response = stub.input(requests, timeout=TIMEOUT_S, compression=compression)
    assert response.aggregated_payload_size == 74922


def test_server_streaming(stub):
    responses = stub.output(output_request(*RESPONSE_SIZES), timeout=TIMEOUT_S)
    assert [len(response.payload.body) for response in responses] == list(RESPONSE_SIZES)


def test_ping_pong(stub):
    sender = Sender()
    responses = stub.duplex(iter(sender), timeout=TIMEOUT_S)
    for request_size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES, strict=True):
        sender.send(output_request(response_size, payload=request_size))
        assert len(next(responses).payload.body) == response_size
    sender.close()
    assert list(responses) == []


def test_half_duplex(stub):
    requests = (output_request(size) for size in RESPONSE_SIZES)
    responses = stub.half_duplex(requests, timeout=TIMEOUT_S)
    assert [len(response.payload.body) for response in responses] == list(RESPONSE_SIZES)


def test_empty_stream(stub):
    assert list(stub.duplex(iter(()), timeout=TIMEOUT_S)) == []


def test_custom_metadata(stub):
    binary = b"\xab\xab\xab"
    metadata = (
        ("x-grpc-test-echo-initial", "test_initial_metadata_value"),
        ("x-grpc-test-echo-trailing-bin", binary),
    )
    request = SimpleRequest(response_size=10, payload={"body": bytes(10)})
    _, unary = stub.unary.with_call(request, metadata=metadata, timeout=TIMEOUT_S)
    duplex = stub.duplex(iter((output_request(10),)), metadata=metadata, timeout=TIMEOUT_S)
    assert len(list(duplex)) == 1
    for call in (unary, duplex):
        assert dict(call.initial_metadata())["x-grpc-test-echo-initial"] == "test_initial_metadata_value"
        assert dict(call.trailing_metadata())["x-grpc-test-echo-trailing-bin"] == binary


@pytest.mark.parametrize(
    "text",
    ["test status message", "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP \U0001f608\t\n"],
    ids=["status_code_and_message", "special_status_message"],
)
def test_status(stub, text):
    status = {"code": grpc.StatusCode.UNKNOWN.value[0], "message": text}
    with pytest.raises(grpc.RpcError) as unary:
        stub.unary(SimpleRequest(response_status=status), timeout=TIMEOUT_S)
    with pytest.raises(grpc.RpcError) as duplex:
        list(stub.duplex(iter((OutputRequest(response_status=status),)), timeout=TIMEOUT_S))
    for error in (unary.value, duplex.value):
        assert (error.code(), error.details()) == (grpc.StatusCode.UNKNOWN, text)


def test_unimplemented(stub):
    for call in (stub.no_method, stub.no_service):
        with pytest.raises(grpc.RpcError) as error:
            call(Empty(), timeout=TIMEOUT_S)
        assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_cancel_after_begin(stub):
    sender = Sender()
    future = stub.input.future(iter(sender), timeout=TIMEOUT_S)
    future.cancel()
    sender.close()
    with pytest.raises(grpc.FutureCancelledError):
        future.result()
    assert future.code() == grpc.StatusCode.CANCELLED


def test_cancel_after_first_response(stub):
    sender = Sender()
    responses = stub.duplex(iter(sender), timeout=TIMEOUT_S)
    sender.send(output_request(31415, payload=27182))
    next(responses)
    responses.cancel()
    sender.close()
    with pytest.raises(grpc.RpcError):
        next(responses)
    assert responses.code() == grpc.StatusCode.CANCELLED


def test_timeout_on_sleeping_server(stub):
    sender = Sender()
    responses = stub.duplex(iter(sender), timeout=0.001)
    sender.send(output_request(9, payload=27182, interval_us=500_000))
    with pytest.raises(grpc.RpcError) as error:
        next(responses)
    sender.close()
    assert error.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


def test_client_compressed_unary(stub):
    request = SimpleRequest(
        expect_compressed={"value": True}, response_size=LARGE_RESPONSE, payload={"body": bytes(LARGE_REQUEST)}
    )
    with pytest.raises(grpc.RpcError) as probe:
        stub.unary(request, timeout=TIMEOUT_S)
    assert probe.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    response = stub.unary(request, timeout=TIMEOUT_S, compression=grpc.Compression.Gzip)
    assert len(response.payload.body) == LARGE_RESPONSE


def test_server_compressed(stub):
    for value in (True, False):
        request = SimpleRequest(response_compressed={"value": value}, response_size=LARGE_RESPONSE)
        assert len(stub.unary(request, timeout=TIMEOUT_S).payload.body) == LARGE_RESPONSE
    request = OutputRequest(
        response_parameters=[
            {"compressed": {"value": True}, "size": 31415},
            {"compressed": {"value": False}, "size": 92653},
        ]
    )
    responses = stub.output(request, timeout=TIMEOUT_S)
    assert [len(response.payload.body) for response in responses] == [31415, 92653]


def test_status_details(stub):
    status = {"code": grpc.StatusCode.ABORTED.value[0], "message": "with details"}
    with pytest.raises(grpc.RpcError) as error:
        stub.unary(
            SimpleRequest(response_status=status), metadata=(("x-test-details", "1"),), timeout=TIMEOUT_S
        )
    rich = rpc_status.from_call(error.value)
    assert (rich.code, rich.message) == (10, "with details")
    assert rich.details[0].type_url == "type.googleapis.com/grpc.testing.EchoStatus"


def test_a_thousand_calls_from_many_threads(stub):
    def size_of(size):
        return len(stub.unary(SimpleRequest(response_size=size), timeout=TIMEOUT_S).payload.body)

    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        assert list(threads.map(size_of, range(1000))) == list(range(1000))


def test_asyncio():
    async def run():
        async with grpc.aio.insecure_channel(ADDRESS) as channel:
            stub = Stub(channel)
            calls = (stub.unary(SimpleRequest(response_size=size), timeout=TIMEOUT_S) for size in range(200))
            sizes = [len(response.payload.body) for response in await asyncio.gather(*calls)]
            assert sizes == list(range(200))
            duplex = stub.duplex(timeout=TIMEOUT_S)
            for size in RESPONSE_SIZES:
                await duplex.write(output_request(size))
                assert len((await duplex.read()).payload.body) == size
            await duplex.done_writing()
            assert await duplex.read() == grpc.aio.EOF
            assert await duplex.code() == grpc.StatusCode.OK

    asyncio.run(run())
