"""The pages with blocks of `sh`, and what the lines of each need to be run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.documentation.running.arrangement import (
    CHECKS,
    GOOGLE,
    MEASURES,
    OTHERS,
    READERS,
    REGISTRY,
    RUNS,
    Arrangement,
)

SEED: Final = """
python -m emulator start --detach
eval "$(python -m emulator env)"
pulumi up --stack local --yes --skip-preview
python -m scripts load --sample --import
python -m emulator seed hospital --dataset imaging-local --bigquery imaging_local
python -m scripts retrieve "$(a_study)" --to "$STOCK/films"
python -m scripts rehearse "$STOCK/set" --films 12 --side 64 --clean
"""
"""What most pages take for granted: the README's stack with some films, and patients with all that belongs to them."""

_VIEW_OF_TRIAL = (
    "with_stack trial; unset {HEALTHCARE,STORAGE,PUBSUB,BIGQUERY}_EMULATOR_HOST; python -m scripts view --stack trial"
)
ALONE: Final = "python -m emulator start --detach"
"""What pages take for granted that need no stack."""

_STOPPED = "python -m emulator stop"
_STAND_IN = 'eval "$(python -m emulator.provider.terraform ~/terraform)"\n'
_FILMS = 'cp -r "$STOCK/films" films; cp -r "$STOCK/films" ~/films'
_SET = 'for set in chest-xrays ~/nih ~/rehearsed ~/clinic; do cp -r "$STOCK/set" $set; done'
_SETS = (
    _SET
    + """
(cd ~/nih && python -m zipfile -c "$OLDPWD/data.zip" *)
film() { find "$STOCK/set" -name '*.png' | sort | sed -n "$1p"; }
rm -r ~/clinic
mkdir -p ~/clinic ~/cases ~/CheXpert-v1.0-small ~/chest_xray/train/{NORMAL,PNEUMONIA}
for folder in ~/clinic ~/cases ~/CheXpert-v1.0-small; do cp "$(film 1)" $folder/one.png; done
printf 'Image Index,Finding Labels\\none.png,Edema\\n' > ~/clinic/list.csv
printf 'File,Case\\none.png,7\\n' > ~/cases/list.csv
printf 'Path,Sex,Age,Edema\\none.png,Female,61,1.0\\n' | tee ~/CheXpert-v1.0-small/{train,valid}.csv
cp "$(film 2)" ~/chest_xray/train/NORMAL/two.png
cp "$(film 3)" ~/chest_xray/train/PNEUMONIA/three.png
"""
)
_ELSEWHERE = """
python -c 'from tests.scripts.files import small_film; open("scan.dcm", "wb").write(small_film("scan"))'
bucket events
dataset="/bigquery/v2/projects/$GOOGLE_CLOUD_PROJECT/datasets"
number=$(ask GET "/v1/projects/$GOOGLE_CLOUD_PROJECT" | jq -r .projectNumber)
jq -n --arg number "$number" '{datasetReference: {datasetId: "events"}, access: [
    {role: "OWNER", specialGroup: "projectOwners"},
    {role: "WRITER", userByEmail: "service-\\($number)@gcp-sa-pubsub.iam.gserviceaccount.com"}]}' > events.json
ask POST "$dataset" @events.json
ask POST "$dataset/events/tables" '{"tableReference": {"tableId": "stored"}, "schema": {"fields": [
    {"name": "data", "type": "STRING"}, {"name": "subscription_name", "type": "STRING"},
    {"name": "message_id", "type": "STRING"}, {"name": "publish_time", "type": "TIMESTAMP"},
    {"name": "attributes", "type": "STRING"}]}}'
"""
_VERSION = "$(python -m scripts fhir get Observation/17 | jq -r .meta.versionId)"
_MESSAGE = "$(python -m scripts hl7v2 list --json | jq -r '.[0].id' | sed 's:.*/::')"
_MADE_TRIAL = "with_stack trial; pulumi up --skip-preview"
_KEYS = """
json_of docs/how-to/configure.md infra:KeyRing > import.json
rings="/v1/projects/$GOOGLE_CLOUD_PROJECT/locations/us-central1/keyRings"
ask POST "$rings?keyRingId=imaging-trial" '{}'
keys=$(jq -r '.resources[] | select(.type == "gcp:kms/cryptoKey:CryptoKey").id | split("/") | last' import.json)
for key in $keys; do
    ask POST "$rings/imaging-trial/cryptoKeys?cryptoKeyId=$key" '{"purpose": "ENCRYPT_DECRYPT"}'
done
"""
_DATASET = """
json_of docs/how-to/deploy-to-google-cloud.md infra:DicomStore | sed s/imaging-trial/imaging-again/ > import.json
datasets="/v1/projects/$GOOGLE_CLOUD_PROJECT/locations/us-central1/datasets"
ask POST "$datasets?datasetId=imaging-again" '{}' > /dev/null
ask POST "$datasets/imaging-again/dicomStores?dicomStoreId=dicom" '{}' > /dev/null
"""
ARRANGEMENTS: Final[Mapping[str, Arrangement]] = {
    "CONTRIBUTING.md": Arrangement(
        not_run={
            "scripts/test": CHECKS,
            "scripts/check": CHECKS,
            ".ci/run": CHECKS,
            "python3 -m venv": REGISTRY,
            "PATH=/tmp/uv": REGISTRY,
        },
    ),
    "README.md": Arrangement(
        before=_STOPPED,
        not_run={"scripts/demo": "tests/e2e/test_demo.py", "scripts/test": CHECKS},
    ),
    "airflow_provider/README.md": Arrangement(not_run={"pip install": REGISTRY}),
    "benchmarks/README.md": Arrangement(not_run={".venv/bin/python -m benchmarks": MEASURES}),
    "docs/how-to/access.md": Arrangement(),
    "docs/how-to/configure.md": Arrangement(
        before=_FILMS + _KEYS,
        stand_ins={
            "/tmp/emulator": "$HOME/emulator",  # noqa: S108 (the page's word)
            "PROJECT-ID": "local-project",
            "cp Pulumi.dev.yaml Pulumi.rehearsal.yaml": "on_google; cp Pulumi.dev.yaml Pulumi.rehearsal.yaml",
        },
        after="python -m emulator stop --state ~/emulator",
    ),
    "docs/how-to/console.md": Arrangement(stand_ins={"EMAIL": "$(pulumi stack output reader_email)"}),
    "docs/how-to/deidentify.md": Arrangement(
        before=_FILMS
        + """
openssl rand -base64 32 > key
openssl rand -base64 32 > steward.key
bucket a-bucket
echo "/studies/$(a_study)" > cohort.txt
put cohort.txt a-bucket cohort.txt
""",
        stand_ins={"1.2.3": "$(a_study)", "BUCKET": "a-bucket"},
        # The made-up films have the hospital's name as the model of their machine, too.
        fails=("python -m scripts leaks",),
    ),
    "docs/how-to/deploy-to-google-cloud.md": Arrangement(
        before=_DATASET,
        first="on_google\n",
        stand_ins={
            "PROJECT-ID": "local-project",
            "pulumi import --file import.json": "with_stack again; pulumi import --file import.json",
        },
        not_run={
            "python -m emulator start": RUNS,
            "gcloud auth": GOOGLE,
            "gcloud config": GOOGLE,
            "gcloud services": GOOGLE,
        },
    ),
    "docs/how-to/export.md": Arrangement(
        before="bucket another-bucket",
        stand_ins={
            "gs://EXPORT": "gs://$(pulumi stack output export_bucket)",
            "PROJECT.DATASET.TABLE": "local-project.imaging_local.films",
            "fhir/STORE": "fhir/fhir",
            "hl7v2/STORE": "hl7v2/hl7v2",
        },
    ),
    "docs/how-to/federation.md": Arrangement(before='cp "$STOCK/jwks.json" .', alone=True),
    "docs/how-to/fhir-cohort.md": Arrangement(before=_SET + "\nbucket a-bucket", stand_ins={"BUCKET": "a-bucket"}),
    "docs/how-to/fhir-commands.md": Arrangement(
        before="""
cp -r "$STOCK/patients" patients
mkdir -p synthea/fhir export
cp "$STOCK/patients/jane.json" synthea/fhir/
cp "$STOCK/patients.ndjson" export/
bucket a-bucket
put "$STOCK/patients.ndjson" a-bucket folder/patients.ndjson
put "$STOCK/patients/jane.json" a-bucket bundles/jane.json
python -m scripts fhir load patients/
""",
        stand_ins={
            "BUCKET": "a-bucket",
            "MTY4MzA2": _VERSION,
            "fhir delete Patient/1": "fhir delete --yes Patient/1",
        },
    ),
    "docs/how-to/fhir.md": Arrangement(
        before='cp "$STOCK/patients/jane.json" bundle.json; bucket my-bucket; ' + _STOPPED, alone=True
    ),
    "docs/how-to/gsutil-and-gcloud.md": Arrangement(
        before="mkdir folder; echo text > folder/file; " + _STOPPED, alone=True
    ),
    "docs/how-to/hl7v2.md": Arrangement(
        before=_FILMS + '\ncp -r "$STOCK/orders" "$STOCK/results.hl7" .',
        stand_ins={
            "--send-to EHR-HOST:2575": "--port 2576 --send-to 127.0.0.1:2577",
            "MESSAGE_ID": _MESSAGE,
            "BUCKET": "$(pulumi stack output export_bucket)",
        },
        stays={"python -m emulator mllp": ": < /dev/tcp/127.0.0.1/2575"},
    ),
    "docs/how-to/hospital.md": Arrangement(),
    "docs/how-to/label-queries.md": Arrangement(
        before=_SET + "\npython -m scripts load ~/nih --source kaggle --import"
    ),
    "docs/how-to/load-and-import.md": Arrangement(
        before=_FILMS
        + "\nbucket another-bucket\nput \"$(find films -name '*.dcm' | head -1)\" another-bucket 2026/01/film.dcm",
        stand_ins={
            "LANDING-BUCKET": "$(pulumi stack output landing_bucket)",
            "FOLDER": "films",
            "OPERATION": "$(python -m scripts import --no-wait)",
            "--synthetic 1000": "--synthetic 20",
        },
    ),
    "docs/how-to/load-chest-xrays.md": Arrangement(
        before=_SETS,
        stand_ins={
            "--films 500": "--films 12 --side 64 --clean",
            "~/clinic --import --column": "~/cases --import --column",
        },
        not_run={
            "kaggle": OTHERS,
            "python -m scripts load --source public": GOOGLE,
            "python -m scripts load ~/nih-lists": GOOGLE,
        },
    ),
    "docs/how-to/load-with-dataflow.md": Arrangement(
        before=_SET
        + "\n"
        + _MADE_TRIAL
        + """
bucket my-set
find ~/nih -type f | while read -r file; do put "$file" my-set "nih/${file#"$HOME/nih/"}"; done
""",
        first="with_stack trial\n",
        stand_ins={"MY-BUCKET": "my-set"},
        not_run={
            ".venv/bin/pip": REGISTRY,
            "gcloud": GOOGLE,
            "unzip": GOOGLE,
            "python -m scripts pipeline gs://MY-BUCKET/nih --import": GOOGLE,
            "python -m scripts pipeline ~/nih-lists": GOOGLE,
            "python -m scripts verify": GOOGLE,
        },
    ),
    "docs/how-to/policy.md": Arrangement(
        before=_MADE_TRIAL,
        first="with_stack trial\n",
        not_run={"python3 -m venv": REGISTRY, "pulumi up --policy-pack": REGISTRY},
    ),
    "docs/how-to/preflight.md": Arrangement(
        first="with_stack trial\n",
        stand_ins={
            "python -m scripts preflight --stack": "pulumi up --skip-preview; python -m scripts preflight --stack"
        },
    ),
    "docs/how-to/query.md": Arrangement(),
    "docs/how-to/schedule.md": Arrangement(
        stand_ins={
            "PROJECT-ID": "local-project",
            "gs://INBOX/films": "$HOME/nih",
            "--key /secrets/key": "--key $PWD/key --recipe ps315-headers",
            "my-project": "local-project",
        },
        first="export AIRFLOW_HOME=~/airflow\n",
        before=_SET + "\nopenssl rand -base64 32 > key; mv ~/nih/Data_Entry_2017.csv ~/nih/list.csv",
        not_run={"gcloud": GOOGLE, "HEALTHCARE_NIGHTLY_PARAMETERS=": "tests/dags/test_nightly.py"},
    ),
    "docs/how-to/search-and-retrieve.md": Arrangement(
        before=_FILMS
        + "\nmkdir more; cp $(find films -name '*.dcm' | head -1) 1.dcm; cp 1.dcm 2.dcm; cp 1.dcm more/3.dcm",
        stand_ins={
            "STUDY": "$(a_study)",
            "SERIES": "$(a_series)",
            "UID": "$(another_study)",
            "series/UID": "series/$(another_series)",
            "1.2.840.*": "2.25.*",
            "--overwrite": "--overwrite --yes",
            "--where PatientID=00000001": "--where PatientID=$(a_patient)",
            "delete STUDY [SERIES [INSTANCE]]": "delete --yes $(a_study)",
            "delete studies/UID": "delete --yes studies/$(another_study)",
            "delete '1.2.840.*'": "delete --yes '2.25.*'",
            "delete --where StudyInstanceUID=STUDY": "delete --yes --where StudyInstanceUID=$(a_study)",
        },
    ),
    "docs/how-to/stream.md": Arrangement(
        before=_ELSEWHERE,
        stays={"python -m scripts watch": "true"},
    ),
    "docs/how-to/terraform.md": Arrangement(before=_STOPPED, first=_STAND_IN, alone=True),
    "docs/how-to/test-with-pytest.md": Arrangement(
        stand_ins={"pytest": "python -m pytest -c /dev/null --rootdir . -p emulator.testing.plugin test_first.py"},
        not_run={"python -m venv": REGISTRY, "pip install": REGISTRY},
    ),
    "docs/how-to/trouble.md": Arrangement(before=_STOPPED, alone=True),
    "docs/how-to/use-the-emulator.md": Arrangement(
        before=_STOPPED + "\npython -m emulator start --port 9570 --grpc-port 9571 --state ~/other --detach",
        after="python -m emulator stop --state ~/other",
        stand_ins={"OTHER": "$HOME/other"},
        not_run={
            "gcloud kms": "tests/e2e/test_keys.py",
            "python -m scripts search": "tests/e2e/test_keys.py",
            "python -m venv": "tests/clients/test_package.py",
            "emulator-env/bin": "tests/clients/test_package.py",
            "python -m emulator start --detach --host": "tests/emulator/test_command_line.py",
            "...": READERS,
        },
        alone=True,
    ),
    "docs/how-to/view.md": Arrangement(
        before=f"({_MADE_TRIAL})",
        stand_ins={"STUDY": "$(a_study)", "python -m scripts view --stack trial": _VIEW_OF_TRIAL},
    ),
    "docs/how-to/watch-notifications.md": Arrangement(
        stand_ins={"--timeout 60": "--timeout 5"},
        stays=dict.fromkeys(
            ("python -m scripts watch  ", "python -m scripts watch --json", "python -m scripts watch hl7v2"), "true"
        ),
    ),
    "docs/security.md": Arrangement(
        first="on_google\n",
        stand_ins={
            "PROJECT-ID": "local-project",
            "python -m emulator start": "python -m emulator start --state $HOME/other --port 9570 --grpc-port 9571",
        },
        not_run={"gcloud": GOOGLE},
        after="python -m emulator stop --state ~/other",
    ),
    "examples/docker/README.md": Arrangement(not_run={"cp": OTHERS, "docker": OTHERS}),
    "examples/node/README.md": Arrangement(not_run={"": "tests/clients/test_examples.py"}),
    "examples/one-store/README.md": Arrangement(not_run={"": "tests/e2e/test_example.py"}),
    "examples/pytest/README.md": Arrangement(not_run={"": "tests/clients/test_examples.py"}),
    "examples/terraform/README.md": Arrangement(before=_STOPPED, alone=True),
}
