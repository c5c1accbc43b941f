"""Where the gcp provider finds each service on the emulator."""

# Services by the stem of their configuration key, and the path of their endpoint on the emulator's port.
ENDPOINTS = {
    "storage": "storage/v1/",
    "healthcare": "v1beta1/",
    "pubsub": "v1/",
    "bigQuery": "bigquery/v2/",
    "resourceManager": "v1/",
    "cloudBilling": "v1/",
    "serviceUsage": "v1beta1/",
    "iamBeta": "v1/",
    "iam2": "v2/",
    "kms": "v1/",
    "secretManager": "v1/",
    "tags": "v3/",
    "logging": "v2/",
    "monitoring": "",
    "cloudScheduler": "v1/",
    "cloudRunV2": "v2/",
    "composer": "v1/",
    "compute": "compute/beta/",
}
