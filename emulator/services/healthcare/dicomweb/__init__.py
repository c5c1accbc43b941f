"""DICOMweb on a store: store (STOW-RS), search (QIDO-RS), retrieve (WADO-RS), delete."""
