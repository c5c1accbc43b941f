"""Tests of the gateway: the way of a request."""
