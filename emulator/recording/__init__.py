"""Runs on record: requests with their answers in a file, sent again to another emulator, differences shown.

What it holds may be patients' data, so that a file is its owner's alone and is made only where somebody asks for it.
"""
