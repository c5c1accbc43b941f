"""A dial for trouble: what a cloud does to its callers, drawn from a seed, so that a run can be had again."""
