"""The stand-in for the official gcp provider plugin in closed networks: same tokens, same REST calls, emulator only."""
