"""The GraphQL API: HTTP, WebSocket, subscriptions."""
