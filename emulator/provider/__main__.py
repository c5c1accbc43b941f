"""The plugin's executable: `python -m emulator.provider ENGINE_ADDRESS`, started by the Pulumi engine."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from types import FrameType


def main() -> None:
    """Serve until the engine ends the process; the port goes to standard output, as the engine expects."""
    # The engine ends a plugin with a signal once all its calls are answered, and waits for it to be gone.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, _leave)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    from emulator.provider.server import serve  # after the signals: the imports take a while

    biggest = 400 << 20  # bytes in one message, pulumi's own limit
    options = [("grpc.max_send_message_length", biggest), ("grpc.max_receive_message_length", biggest)]
    engine = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), "")
    server, port = serve(engine, 64, options)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


def _end_with(engine: int) -> None:
    """Leave when the engine is gone without a signal, killed for instance: nobody else would end this process.

    Not by PR_SET_PDEATHSIG: that tells of the end of a thread, and the engine's Go runtime ends threads as it likes.
    """
    while os.getppid() == engine:
        time.sleep(1)
    os._exit(0)


def _leave(number: int, frame: FrameType | None) -> None:
    """Leave without the interpreter's clean-up, which would wait for idle threads; nothing is buffered."""
    del number, frame
    os._exit(0)


if __name__ == "__main__":
    main()
