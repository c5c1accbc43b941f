# The heart of the environment that infra/ declares, for Terraform or OpenTofu: buckets, a dataset with a DICOM store,
# its notifications and its table of metadata, and the accounts that load and read.
terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.0"
    }
  }
}

variable "project" {
  type = string
}

variable "location" {
  type    = string
  default = "us-central1"
}

data "google_project" "this" {
  project_id = var.project
}

locals {
  agent  = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-healthcare.iam.gserviceaccount.com"
  pubsub = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

resource "google_project_service" "apis" {
  for_each           = toset(["healthcare", "pubsub", "bigquery", "storage"])
  project            = var.project
  service            = "${each.value}.googleapis.com"
  disable_on_destroy = false
}

resource "google_storage_bucket" "data" {
  for_each                    = toset(["landing", "export"])
  project                     = var.project
  name                        = "${var.project}-terraform-${each.value}"
  location                    = var.location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true
}

resource "google_healthcare_dataset" "imaging" {
  name       = "imaging-terraform"
  project    = var.project
  location   = var.location
  depends_on = [google_project_service.apis]
}

resource "google_pubsub_topic" "dicom" {
  name    = "imaging-terraform-dicom"
  project = var.project
}

resource "google_pubsub_topic" "dead" {
  name    = "imaging-terraform-dead"
  project = var.project
}

resource "google_pubsub_subscription" "dicom" {
  name    = "imaging-terraform-dicom"
  project = var.project
  topic   = google_pubsub_topic.dicom.id
  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead.id
    max_delivery_attempts = 5
  }
  depends_on = [google_pubsub_topic_iam_member.dead]
}

resource "google_pubsub_topic_iam_member" "dicom" {
  project = var.project
  topic   = google_pubsub_topic.dicom.name
  role    = "roles/pubsub.publisher"
  member  = local.agent
}

resource "google_pubsub_topic_iam_member" "dead" {
  project = var.project
  topic   = google_pubsub_topic.dead.name
  role    = "roles/pubsub.publisher"
  member  = local.pubsub
}

resource "google_bigquery_dataset" "metadata" {
  dataset_id                 = "imaging_terraform"
  project                    = var.project
  location                   = var.location
  delete_contents_on_destroy = true
}

resource "google_bigquery_dataset_iam_member" "agent" {
  project    = var.project
  dataset_id = google_bigquery_dataset.metadata.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = local.agent
}

resource "google_healthcare_dicom_store" "dicom" {
  name    = "dicom"
  dataset = google_healthcare_dataset.imaging.id
  notification_config {
    pubsub_topic = google_pubsub_topic.dicom.id
  }
  stream_configs {
    bigquery_destination {
      table_uri = "bq://${var.project}.${google_bigquery_dataset.metadata.dataset_id}.dicom"
    }
  }
  depends_on = [google_pubsub_topic_iam_member.dicom, google_bigquery_dataset_iam_member.agent]
}

resource "google_service_account" "people" {
  for_each     = toset(["loader", "reader"])
  project      = var.project
  account_id   = "imaging-tf-${each.value}"
  display_name = "Imaging: ${each.value}"
}

resource "google_healthcare_dicom_store_iam_member" "loader" {
  dicom_store_id = google_healthcare_dicom_store.dicom.id
  role           = "roles/healthcare.dicomEditor"
  member         = google_service_account.people["loader"].member
}

resource "google_healthcare_dicom_store_iam_member" "reader" {
  dicom_store_id = google_healthcare_dicom_store.dicom.id
  role           = "roles/healthcare.dicomViewer"
  member         = google_service_account.people["reader"].member
}

resource "google_storage_bucket_iam_member" "loader" {
  bucket = google_storage_bucket.data["landing"].name
  role   = "roles/storage.objectUser"
  member = google_service_account.people["loader"].member
}

output "dicom_store" {
  value = google_healthcare_dicom_store.dicom.id
}
