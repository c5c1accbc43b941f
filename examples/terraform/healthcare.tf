# The healthcare dataset and its stores, which come once the agent may do what they have it do.
resource "google_healthcare_dataset" "imaging" {
  project    = var.project
  location   = var.location
  name       = local.base
  time_zone  = "UTC"
  depends_on = [google_project_service.apis]
}

resource "google_healthcare_dicom_store" "dicom" {
  dataset = google_healthcare_dataset.imaging.id
  name    = "dicom"
  labels  = local.labels

  notification_config {
    pubsub_topic         = google_pubsub_topic.changes["dicom"].id
    send_for_bulk_import = true
  }

  depends_on = [
    google_bigquery_dataset_iam_member.agent,
    google_project_iam_member.agent,
    google_pubsub_topic_iam_member.agent,
    google_storage_bucket_iam_member.agent,
  ]
}

resource "google_healthcare_fhir_store" "fhir" {
  for_each                       = var.fhir_stores
  dataset                        = google_healthcare_dataset.imaging.id
  name                           = each.key
  version                        = each.value
  labels                         = local.labels
  enable_update_create           = true
  disable_referential_integrity  = false
  disable_resource_versioning    = false
  default_search_handling_strict = false

  notification_configs {
    pubsub_topic                     = google_pubsub_topic.changes["fhir"].id
    send_full_resource               = false
    send_previous_resource_on_delete = false
  }

  depends_on = [
    google_bigquery_dataset_iam_member.agent,
    google_project_iam_member.agent,
    google_pubsub_topic_iam_member.agent,
    google_storage_bucket_iam_member.agent,
  ]
}

resource "google_healthcare_hl7_v2_store" "hl7v2" {
  for_each                 = var.hl7v2_stores
  dataset                  = google_healthcare_dataset.imaging.id
  name                     = each.value
  labels                   = local.labels
  reject_duplicate_message = false

  parser_config {
    version           = "V3"
    allow_null_header = false
  }

  notification_configs {
    pubsub_topic = google_pubsub_topic.changes["hl7v2"].id
  }

  depends_on = [
    google_bigquery_dataset_iam_member.agent,
    google_project_iam_member.agent,
    google_pubsub_topic_iam_member.agent,
    google_storage_bucket_iam_member.agent,
  ]
}

resource "google_healthcare_consent_store" "consents" {
  for_each = var.consent_stores
  dataset  = google_healthcare_dataset.imaging.id
  name     = each.value
  labels   = local.labels
  depends_on = [
    google_bigquery_dataset_iam_member.agent,
    google_project_iam_member.agent,
    google_pubsub_topic_iam_member.agent,
    google_storage_bucket_iam_member.agent,
  ]
}
