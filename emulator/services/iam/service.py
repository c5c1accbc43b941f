"""The service object of IAM and of IAM Credentials; the other modules register their handlers on it."""

from emulator.gateway.service import Service

# signBlob and signJwt are in both documents under one path; IAM Credentials is the one that Google keeps.
SERVICE = Service("iam", documents=("iamcredentials.v1", "iam.v1", "iam.v2"))
