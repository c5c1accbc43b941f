"""Storing files directly (STOW-RS): which ones, what each holds, and what became of it."""
