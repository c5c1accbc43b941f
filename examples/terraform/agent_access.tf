# What Cloud Healthcare's service agent may do: read what is imported, write what is exported, publish what changed.
resource "google_storage_bucket_iam_member" "agent" {
  for_each = {
    landing  = "roles/storage.objectViewer"
    export   = "roles/storage.objectAdmin"
    research = "roles/storage.objectAdmin"
  }
  bucket     = google_storage_bucket.data[each.key].name
  role       = each.value
  member     = local.agents["healthcare"]
  depends_on = [google_project_service_identity.agents]
}

resource "google_bigquery_dataset_iam_member" "agent" {
  for_each   = local.datasets
  project    = var.project
  dataset_id = google_bigquery_dataset.data[each.key].dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = local.agents["healthcare"]
  depends_on = [google_project_service_identity.agents]
}

resource "google_project_iam_member" "agent" {
  project    = var.project
  role       = "roles/bigquery.jobUser"
  member     = local.agents["healthcare"]
  depends_on = [google_project_service_identity.agents]
}

resource "google_pubsub_topic_iam_member" "agent" {
  for_each   = local.topics
  project    = var.project
  topic      = google_pubsub_topic.changes[each.value].name
  role       = "roles/pubsub.publisher"
  member     = local.agents["healthcare"]
  depends_on = [google_project_service_identity.agents]
}
