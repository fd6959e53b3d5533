"""Messages of the WebSocket protocols: what a client sends with its ping comes back as it was."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from graphql_app.graphql_api.subscriptions.ws_protocols import parse_message, plain


@pytest.mark.parametrize(
    "payload",
    [
        '{"a":1}',
        '{"a":[123456789012345678901234567890,-9223372036854775809]}',
        '{"a":{"b":1.5}}',
        '{"a":[1e400,null,"x"]}',
    ],
)
def test_a_pong_has_the_payload_of_its_ping(payload: str) -> None:
    """With its numbers, however large or exact they are."""
    message = parse_message(f'{{"type":"ping","payload":{payload}}}', 16)
    pong = plain("pong", message.payload)
    read = json.loads(pong, parse_float=Decimal)
    assert read == {"type": "pong", "payload": json.loads(payload, parse_float=Decimal)}
