# The research side: de-identified twins of the stores. FHIR of R5 can't be de-identified and has no twin.
locals {
  twins = { for store, version in var.fhir_stores : store => version if version != "R5" }
}

resource "google_healthcare_dataset" "research" {
  project    = var.project
  location   = var.location
  name       = "${local.base}-research"
  time_zone  = "UTC"
  depends_on = [google_project_service.apis]
}

resource "google_healthcare_dicom_store" "research" {
  dataset = google_healthcare_dataset.research.id
  name    = "dicom"
  labels  = local.labels

  notification_config {
    pubsub_topic = google_pubsub_topic.changes["research"].id
  }

  depends_on = [
    google_bigquery_dataset_iam_member.agent,
    google_pubsub_topic_iam_member.agent,
    google_storage_bucket_iam_member.agent,
  ]
}

# Resources come under ids of their own and without referential integrity, as Google's streams of them want it.
resource "google_healthcare_fhir_store" "research" {
  for_each                      = local.twins
  dataset                       = google_healthcare_dataset.research.id
  name                          = each.key
  version                       = each.value
  labels                        = local.labels
  enable_update_create          = true
  disable_referential_integrity = true

  depends_on = [
    google_bigquery_dataset_iam_member.agent,
    google_storage_bucket_iam_member.agent,
  ]
}

# The researcher reads this side and nothing else. The steward reads the other one, de-identifies it (which takes the
# administrator's roles there), writes this one, and alone reads the crosswalk.
resource "google_storage_bucket_iam_member" "research" {
  for_each = {
    researcher-reads-data   = { who = "researcher", bucket = "research", role = "roles/storage.objectViewer" }
    steward-writes-data     = { who = "steward", bucket = "research", role = "roles/storage.objectUser" }
    steward-lists-studies   = { who = "steward", bucket = "export", role = "roles/storage.objectUser" }
    steward-keeps-crosswalk = { who = "steward", bucket = "crosswalk", role = "roles/storage.objectUser" }
  }
  bucket = google_storage_bucket.data[each.value.bucket].name
  role   = each.value.role
  member = google_service_account.people[each.value.who].member
}

resource "google_bigquery_dataset_iam_member" "research" {
  for_each   = { researcher = "roles/bigquery.dataViewer", steward = "roles/bigquery.dataEditor" }
  project    = var.project
  dataset_id = google_bigquery_dataset.data["research"].dataset_id
  role       = each.value
  member     = google_service_account.people[each.key].member
}

resource "google_healthcare_dataset_iam_member" "research" {
  for_each   = toset(["researcher", "steward"])
  dataset_id = google_healthcare_dataset.research.id
  role       = "roles/healthcare.datasetViewer"
  member     = google_service_account.people[each.value].member
}

resource "google_healthcare_dicom_store_iam_member" "research" {
  for_each       = { researcher = "roles/healthcare.dicomViewer", steward = "roles/healthcare.dicomEditor" }
  dicom_store_id = google_healthcare_dicom_store.research.id
  role           = each.value
  member         = google_service_account.people[each.key].member
}

resource "google_healthcare_dicom_store_iam_member" "identified" {
  for_each       = { reads = "roles/healthcare.dicomViewer", deidentifies = "roles/healthcare.dicomStoreAdmin" }
  dicom_store_id = google_healthcare_dicom_store.dicom.id
  role           = each.value
  member         = google_service_account.people["steward"].member
}

resource "google_healthcare_fhir_store_iam_member" "research" {
  for_each = merge([
    for store in keys(local.twins) : {
      "researcher-${store}" = { store = store, who = "researcher", role = "roles/healthcare.fhirResourceReader" }
      "steward-${store}"    = { store = store, who = "steward", role = "roles/healthcare.fhirResourceEditor" }
    }
  ]...)
  fhir_store_id = google_healthcare_fhir_store.research[each.value.store].id
  role          = each.value.role
  member        = google_service_account.people[each.value.who].member
}

resource "google_healthcare_fhir_store_iam_member" "identified" {
  for_each = merge([
    for store in keys(local.twins) : {
      "reads-${store}"        = { store = store, role = "roles/healthcare.fhirResourceReader" }
      "deidentifies-${store}" = { store = store, role = "roles/healthcare.fhirStoreAdmin" }
    }
  ]...)
  fhir_store_id = google_healthcare_fhir_store.fhir[each.value.store].id
  role          = each.value.role
  member        = google_service_account.people["steward"].member
}
