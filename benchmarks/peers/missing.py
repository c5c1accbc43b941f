"""What is said of a peer that can't be had."""


class PeerMissing(Exception):
    """Why a peer can't be had or does not run, in one sentence; its rows say so and the rest runs."""
