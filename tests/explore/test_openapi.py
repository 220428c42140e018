"""The description of the API is true, and no request that it permits, or forbids, brings the server down."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from segmnist.explore.parameters import PARAMETERS
from segmnist.explore.routes import ROUTES

SECONDS = 20
"""Of processor time: no request may take more. The clock on the wall would tell how busy the machine is."""


@pytest.fixture(scope="module")
def described(client: TestClient) -> Any:
    schemathesis = pytest.importorskip("schemathesis", reason="the API is fuzzed by schemathesis")
    return schemathesis.openapi.from_asgi("/openapi.json", client.app, headers={"host": "localhost"})


def test_every_route_is_described(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert set(paths) == {route.path for route in ROUTES}
    named = {parameter["name"] for path in paths.values() for parameter in path["get"]["parameters"]}
    assert named == set(PARAMETERS)


@pytest.mark.parametrize("cases", [7, pytest.param(150, marks=pytest.mark.slow)])
@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
@pytest.mark.parametrize("path", [route.path for route in ROUTES if route.parameters])
def test_any_request(described: Any, path: str, mode: str, cases: int) -> None:
    from schemathesis.checks import not_a_server_error
    from schemathesis.generation import GenerationMode
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    checks = [
        not_a_server_error,
        status_code_conformance,
        content_type_conformance,
        response_schema_conformance,
    ]
    operation = described[path]["GET"]
    phases, health = [Phase.generate], list(HealthCheck)
    slowest = [0.0]

    @settings(
        max_examples=cases, deadline=None, derandomize=True, phases=phases, suppress_health_check=health
    )
    @given(data=st.data())
    def ask(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy(generation_mode=GenerationMode[mode]))
        # Mostly few fields are changed: of forty at once some pair is nearly always at odds.
        kept = data.draw(st.sets(st.sampled_from(sorted(case.query)), max_size=6)) if case.query else set()
        case.query = {name: value for name, value in case.query.items() if name in kept}
        start = time.process_time()
        response = case.call(headers={"host": "localhost"})
        slowest[0] = max(slowest[0], time.process_time() - start)
        case.validate_response(response, checks=checks)

    ask()
    assert slowest[0] < SECONDS
