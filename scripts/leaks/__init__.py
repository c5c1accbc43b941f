"""What is left of a source in a de-identified target: its known values, looked for as an attacker would."""
