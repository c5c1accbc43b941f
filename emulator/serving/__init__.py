"""HTTP around the emulator: sockets, the protocol, ASGI, and the endpoints that are of no service."""
