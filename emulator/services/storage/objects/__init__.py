"""Objects: rows, changes and their rules, listings, uploads, downloads, copies."""
