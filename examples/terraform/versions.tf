# google-beta under the name google: what Pulumi's plugin is made of, and the only one that has service identities.
terraform {
  required_providers {
    google = {
      source  = "hashicorp/google-beta"
      version = ">= 7.0"
    }
  }
}
