# Leads the provider to the emulator. On Google Cloud leave this file out; the rest is the same.
variable "emulator" {
  type    = string
  default = "http://127.0.0.1:9470"
}

provider "google" {
  project                         = var.project
  add_terraform_attribution_label = false

  storage_custom_endpoint          = "${var.emulator}/storage/v1/"
  healthcare_custom_endpoint       = "${var.emulator}/v1beta1/"
  pubsub_custom_endpoint           = "${var.emulator}/v1/"
  big_query_custom_endpoint        = "${var.emulator}/bigquery/v2/"
  resource_manager_custom_endpoint = "${var.emulator}/v1/"
  cloud_billing_custom_endpoint    = "${var.emulator}/v1/"
  service_usage_custom_endpoint    = "${var.emulator}/v1beta1/"
  iam_beta_custom_endpoint         = "${var.emulator}/v1/"
  kms_custom_endpoint              = "${var.emulator}/v1/"
  logging_custom_endpoint          = "${var.emulator}/v2/"
}
