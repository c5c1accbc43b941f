"""The kinds of source that files are loaded from, a class each.

Each is made of what it needs (a path, filters, a number) and offers `choose`, as a notebook would use it::

    chosen = DicomFiles(Path("films")).choose(target, converter)
    run_load(target, chosen.sources, then_import=True)

A new kind is a file beside these and an entry in scripts/loading/choosing.py.
"""
