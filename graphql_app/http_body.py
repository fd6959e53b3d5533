"""TEMPORARY"""
from graphql_app.rest_api.http_body import ClientGone, _read, _check_media_type
from graphql_app.rest_api.json_text import parse_json
async def read_body(scope, receive, limit):
    headers = dict(scope["headers"])
    body = await _read(headers, receive, limit)
    _check_media_type(headers)
    return body
