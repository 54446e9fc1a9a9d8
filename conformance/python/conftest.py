"""Where the server is, and one client per transport.

The two official clients have the same methods, so that one scenario runs over both: a test that takes `api`
runs twice. The server is not started here: SACCADE_HTTP and SACCADE_GRPC are its addresses.
"""

import os
from types import SimpleNamespace

import pytest
import tritonclient.grpc as grpc_client
import tritonclient.http as http_client


def address(variable):
    value = os.environ.get(variable)
    if not value:
        pytest.exit(f"{variable}=HOST:PORT must name a running server", returncode=2)
    return value


@pytest.fixture(scope="session")
def http_address():
    return address("SACCADE_HTTP")


@pytest.fixture(scope="session")
def grpc_address():
    return address("SACCADE_GRPC")


@pytest.fixture(scope="session")
def http(http_address):
    with http_client.InferenceServerClient(http_address, concurrency=8) as client:
        yield SimpleNamespace(name="http", module=http_client, client=client)


@pytest.fixture(scope="session")
def grpc(grpc_address):
    with grpc_client.InferenceServerClient(grpc_address) as client:
        yield SimpleNamespace(name="grpc", module=grpc_client, client=client)


@pytest.fixture(params=["http", "grpc"])
def api(request):
    return request.getfixturevalue(request.param)
