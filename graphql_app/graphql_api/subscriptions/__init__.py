"""Subscriptions over WebSocket, server-sent events and multipart."""
