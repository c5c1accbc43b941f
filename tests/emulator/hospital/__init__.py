"""Tests of the made-up hospital: what it says of itself, and what an emulator says of it afterwards."""
