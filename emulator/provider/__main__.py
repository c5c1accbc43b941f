"""The plugin's executable: `python -m emulator.provider ENGINE_ADDRESS`, started by the Pulumi engine."""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    """Serve until the engine ends the process; the port goes to standard output, as the engine expects."""
    # The engine decides when a run is over: an interrupt at the keyboard reaches it, and it cancels us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    from emulator.provider.server import serve  # after the signal: the imports take a while

    biggest = 400 << 20  # bytes in one message, pulumi's own limit
    server, port = serve(64, [("grpc.max_send_message_length", biggest), ("grpc.max_receive_message_length", biggest)])
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
