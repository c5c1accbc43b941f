"""Functions of GoogleSQL in Python, which the engine calls: see registration.py."""
