"""A subscriber in a process of its own, that a test can kill: `subscribing SUBSCRIPTION FILE`.

Google's client, led by PUBSUB_EMULATOR_HOST. Of each message it appends `got ID` to the file when it has it, and `done
ID` when its acknowledgement was told to have taken effect, which subscriptions tell that deliver exactly once.
"""

import sys
import threading
from pathlib import Path
from typing import Any

from google.cloud import pubsub_v1


def main(subscription: str, file: Path) -> None:
    """Receive until killed."""
    writing = threading.Lock()
    with file.open("a", buffering=1) as lines:

        def say(word: str, message: Any) -> None:
            with writing:
                lines.write(f"{word} {message.message_id}\n")

        def receive(message: Any) -> None:
            say("got", message)
            told = message.ack_with_response()
            told.add_done_callback(lambda future: None if future.exception() else say("done", message))

        flow = pubsub_v1.types.FlowControl(max_messages=200)
        stream = pubsub_v1.SubscriberClient().subscribe(subscription, receive, flow_control=flow)
        stream.result()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
