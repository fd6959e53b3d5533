"""Tests with the clients that people use: browsers, GraphQL libraries, command lines."""
