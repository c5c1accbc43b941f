# What the loader and the reader may do with the environment's data.
locals {
  notes = ".export/" # below it the loader writes what its exports have written
}

resource "google_storage_bucket_iam_member" "people" {
  for_each = {
    loader-adds-to-landing = { who = "loader", bucket = "landing", role = "roles/storage.objectCreator" }
    loader-reads-landing   = { who = "loader", bucket = "landing", role = "roles/storage.objectViewer" }
    loader-reads-export    = { who = "loader", bucket = "export", role = "roles/storage.objectViewer" }
    reader-reads-export    = { who = "reader", bucket = "export", role = "roles/storage.objectViewer" }
  }
  bucket = google_storage_bucket.data[each.value.bucket].name
  role   = each.value.role
  member = google_service_account.people[each.value.who].member
}

resource "google_storage_bucket_iam_member" "notes" {
  bucket = google_storage_bucket.data["export"].name
  role   = "roles/storage.objectUser"
  member = google_service_account.people["loader"].member

  condition {
    title = "objects ${local.notes}*"
    expression = join(" || ", [
      "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.data["export"].name}/objects/${local.notes}\")",
      "api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith(\"${local.notes}\")",
    ])
  }
}

# A role on a store says nothing about operations, which belong to the dataset.
resource "google_healthcare_dataset_iam_member" "people" {
  for_each   = toset(["loader", "reader", "steward"])
  dataset_id = google_healthcare_dataset.imaging.id
  role       = "roles/healthcare.datasetViewer"
  member     = google_service_account.people[each.value].member
}

resource "google_healthcare_dicom_store_iam_member" "people" {
  for_each       = { loader = "roles/healthcare.dicomEditor", reader = "roles/healthcare.dicomViewer" }
  dicom_store_id = google_healthcare_dicom_store.dicom.id
  role           = each.value
  member         = google_service_account.people[each.key].member
}

# Importing and exporting takes the administrator's role, Google's only one for it.
resource "google_healthcare_fhir_store_iam_member" "people" {
  for_each = merge([
    for store in keys(var.fhir_stores) : {
      "loader-edits-${store}"   = { store = store, who = "loader", role = "roles/healthcare.fhirResourceEditor" }
      "loader-imports-${store}" = { store = store, who = "loader", role = "roles/healthcare.fhirStoreAdmin" }
      "reader-reads-${store}"   = { store = store, who = "reader", role = "roles/healthcare.fhirResourceReader" }
    }
  ]...)
  fhir_store_id = google_healthcare_fhir_store.fhir[each.value.store].id
  role          = each.value.role
  member        = google_service_account.people[each.value.who].member
}

resource "google_healthcare_hl7_v2_store_iam_member" "people" {
  for_each = merge([
    for store in var.hl7v2_stores : {
      "loader-ingests-${store}" = { store = store, who = "loader", role = "roles/healthcare.hl7V2Ingest" }
      "loader-reads-${store}"   = { store = store, who = "loader", role = "roles/healthcare.hl7V2Consumer" }
      "loader-imports-${store}" = { store = store, who = "loader", role = "roles/healthcare.hl7V2StoreAdmin" }
      "reader-reads-${store}"   = { store = store, who = "reader", role = "roles/healthcare.hl7V2Consumer" }
    }
  ]...)
  hl7_v2_store_id = google_healthcare_hl7_v2_store.hl7v2[each.value.store].id
  role            = each.value.role
  member          = google_service_account.people[each.value.who].member
}

# The reader sees neither the documents that patients signed nor whose data is whose.
resource "google_healthcare_consent_store_iam_member" "people" {
  for_each = merge([
    for store in var.consent_stores : {
      "loader-attributes-${store}" = { store = store, who = "loader", role = "roles/healthcare.attributeDefinitionEditor" }
      "loader-consents-${store}"   = { store = store, who = "loader", role = "roles/healthcare.consentEditor" }
      "loader-artifacts-${store}"  = { store = store, who = "loader", role = "roles/healthcare.consentArtifactEditor" }
      "loader-mappings-${store}"   = { store = store, who = "loader", role = "roles/healthcare.userDataMappingEditor" }
      "reader-attributes-${store}" = { store = store, who = "reader", role = "roles/healthcare.attributeDefinitionReader" }
      "reader-consents-${store}"   = { store = store, who = "reader", role = "roles/healthcare.consentReader" }
    }
  ]...)
  dataset          = google_healthcare_dataset.imaging.id
  consent_store_id = google_healthcare_consent_store.consents[each.value.store].name
  role             = each.value.role
  member           = google_service_account.people[each.value.who].member
}

resource "google_bigquery_dataset_iam_member" "loader" {
  project    = var.project
  dataset_id = google_bigquery_dataset.data["main"].dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.people["loader"].member
}

resource "google_bigquery_dataset_iam_member" "reader" {
  for_each   = toset([for name in keys(local.datasets) : name if name != "research"])
  project    = var.project
  dataset_id = google_bigquery_dataset.data[each.value].dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = google_service_account.people["reader"].member
}

# Who follows which notifications: those of de-identified data are the researchers'.
resource "google_pubsub_subscription_iam_member" "people" {
  for_each     = local.topics
  project      = var.project
  subscription = google_pubsub_subscription.changes[each.value].name
  role         = "roles/pubsub.subscriber"
  member       = google_service_account.people[each.value == "research" ? "researcher" : "reader"].member
}
