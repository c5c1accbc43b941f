"""The variables that lead Google's clients to an emulator, whoever sets them: a shell, or a task of Cloud Run."""


def variables(url: str, grpc: str, project: str) -> dict[str, str]:
    """Name and value of each variable, for the emulator at a URL, with gRPC at host:port; credentials are not in it."""
    return {
        "HEALTHCARE_EMULATOR_HOST": url,
        "STORAGE_EMULATOR_HOST": url,
        "CLOUD_STORAGE_EMULATOR_ENDPOINT": url,  # of google-cloud-cpp, which is in Arrow
        "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",  # gcsfs would ask for a kind of buckets over gRPC
        "PUBSUB_EMULATOR_HOST": grpc,
        "BIGQUERY_EMULATOR_HOST": url,
        "BIGQUERY_STORAGE_EMULATOR_HOST": grpc,  # ours: no client of Google reads one
        "GOOGLE_CLOUD_PROJECT": project,
    }
