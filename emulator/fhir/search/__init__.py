"""Searching: parameters as data, what is indexed of a resource, queries, and their SQL."""
