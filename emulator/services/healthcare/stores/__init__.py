"""The kinds of store: what each says about itself, their registration, and the settings that they share."""
