"""What the tests share: the fence around the network, and a running emulator."""
