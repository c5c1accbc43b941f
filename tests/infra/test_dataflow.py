"""What a stack gets that is made for Dataflow, and that others get nothing of it."""

from __future__ import annotations

from tests.infra.graph import NUMBER, PROJECT, Graph, declare, settings

LOADER = f"serviceAccount:imaging-dev-loader@{PROJECT}.iam.gserviceaccount.com"
KEY = "projects/keys/locations/us-central1/keyRings/imaging/cryptoKeys/data"


def test_dataflow_gets_a_private_bucket_whose_files_go_by_themselves() -> None:
    graph = declare(settings(dataflow="true"))
    bucket = graph.one("storage/bucket:Bucket", name=f"{PROJECT}-dev-temp")
    assert bucket.inputs["publicAccessPrevention"] == "enforced"
    assert bucket.inputs["uniformBucketLevelAccess"] is True
    assert bucket.inputs["versioning"] == {"enabled": False}
    assert bucket.inputs["softDeletePolicy"] == {"retentionDurationSeconds": 0}
    rules = [(rule["action"]["type"], rule["condition"]) for rule in bucket.inputs["lifecycleRules"]]
    assert ("Delete", {"age": 7, "withState": "LIVE"}) in rules
    assert (bucket.inputs["forceDestroy"], bucket.protect) == (True, False)
    assert graph.outputs["temp_bucket"] == f"{PROJECT}-dev-temp"


def test_the_loader_may_start_dataflow_jobs_as_itself_and_work_in_them() -> None:
    def given(graph: Graph) -> set[tuple[str, str, str]]:
        targets = ("bucket", "serviceAccountId", "project")
        return {
            (
                item.inputs["role"],
                next(item.inputs[key] for key in targets if key in item.inputs),
                item.inputs["member"],
            )
            for item in graph
            if item.inputs.get("member") == LOADER and set(targets) & set(item.inputs)
        }

    account = f"projects/{PROJECT}/serviceAccounts/{LOADER.partition(':')[2]}"
    assert given(declare(settings(dataflow="true"))) - given(declare(settings())) == {
        ("roles/dataflow.worker", PROJECT, LOADER),
        ("roles/dataflow.developer", PROJECT, LOADER),
        ("roles/storage.objectAdmin", f"{PROJECT}-dev-temp", LOADER),
        ("roles/iam.serviceAccountUser", account, LOADER),
    }


def test_dataflow_s_apis_are_enabled_only_where_it_is_asked_for() -> None:
    def apis(graph: Graph) -> set[str]:
        return {item.inputs["service"] for item in graph.of("projects/service:Service")}

    plain = declare(settings())
    assert apis(declare(settings(dataflow="true"))) - apis(plain) == {
        "compute.googleapis.com",
        "dataflow.googleapis.com",
    }
    assert [item for item in plain if "temp" in item.name or "dataflow" in str(item.inputs)] == []
    assert plain.outputs["temp_bucket"] is None


def test_with_a_key_dataflow_and_its_workers_disks_are_encrypted_with_it() -> None:
    graph = declare(settings(dataflow="true", encryptionKey=KEY))
    for agent in ("dataflow-service-producer-prod", "compute-system"):
        member = f"serviceAccount:service-{NUMBER}@{agent}.iam.gserviceaccount.com"
        grant = graph.one("kms/cryptoKeyIAMMember:CryptoKeyIAMMember", member=member)
        assert grant.inputs["cryptoKeyId"] == KEY
