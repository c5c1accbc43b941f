"""How much of the limit's rate is wanted, and how many times Orthanc's, over one connection and over four."""

CONNECTIONS = (1, 4)

ORTHANC, NGINX = "Orthanc", "nginx"
WRITE_AND_SYNC, ENCODER = "a loop that writes and syncs", "the bare encoder"
# What bounds a goal: no more is wanted of them than that the figures above can be understood.
RECEIVE, COMMIT = "a bare server that writes and syncs", "one that also commits a row"
ANSWER = "a bare server that answers the same bytes"

GOALS: dict[tuple[str, str], tuple[float | None, float | None]] = {
    (WRITE_AND_SYNC, "STOW"): (0.7, 0.9),
    (NGINX, "metadata of an instance"): (0.4, 0.35),
    (NGINX, "WADO, an instance"): (0.9, 0.6),
    (NGINX, "WADO, a study"): (0.9, 0.6),
    (ENCODER, "rendered as PNG"): (0.9, 0.9),
    (ENCODER, "rendered as JPEG"): (0.9, 0.9),
    (RECEIVE, "STOW"): (None, None),
    (COMMIT, "STOW"): (None, None),
    (ANSWER, "metadata of an instance"): (None, None),
    (ORTHANC, "STOW"): (1.5, 1.5),
    (ORTHANC, "QIDO, 100 studies"): (40, 40),
    (ORTHANC, "QIDO, 100 instances"): (60, 60),
    (ORTHANC, "QIDO by PatientID"): (8, 8),
    (ORTHANC, "metadata of an instance"): (15, 15),
    (ORTHANC, "metadata of a study"): (15, 15),
    (ORTHANC, "WADO, an instance"): (3, 3),
    (ORTHANC, "WADO, a study"): (3, 3),
    (ORTHANC, "rendered as PNG"): (8, 8),
    (ORTHANC, "rendered as JPEG"): (2.5, 2.5),
}
