"""Rules over what is declared."""
