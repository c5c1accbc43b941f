"""Exports of stores: run as operations, since the last one where that is asked, with manifests of what they wrote."""
