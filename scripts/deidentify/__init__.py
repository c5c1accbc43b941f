"""What the command `deidentify` does: recipes, stores, files here, and what would become of them."""
