"""How many times HAPI FHIR's rate is wanted of each kind of work, and what was once measured of HAPI FHIR."""

from benchmarks.fhir.searches import FAMILIES

CREATE, READ, BUNDLE, IMPORT = "create", "read", "transaction of 100", "import"
ONE, MANY = 1, 16
"""Connections."""
SEARCH_GOAL = 20

GOALS: dict[tuple[str, int], float | None] = {
    (CREATE, ONE): 5,
    (CREATE, MANY): 15,
    (READ, ONE): 10,
    (READ, MANY): 10,
    (BUNDLE, ONE): 20,
    (IMPORT, ONE): 25,
    **{(family, ONE): SEARCH_GOAL for family in FAMILIES},
}
"""By the label of the work and the number of connections; an import is compared with transactions of 100."""

NOTED: dict[str, float] = {CREATE: 101, READ: 364, BUNDLE: 120, IMPORT: 120, **dict.fromkeys(FAMILIES, 157)}
"""What HAPI FHIR reached at most, a second (of bundles, resources), where it was measured before the goals were set.

8.8.0 for one client, run as `peers.hapi.IN_MEMORY` says, on two cores that did nothing else; of searches the quickest.
"""
