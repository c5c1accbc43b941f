"""The rules, one a file: `check` gives the violations of one, its module's first line says what the rule is."""
