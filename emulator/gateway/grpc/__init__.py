"""gRPC beside HTTP: one server for all services, and a bridge that makes a unary call a request of the REST API."""
