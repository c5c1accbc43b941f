# Notifications of the stores, and where messages go that nobody could handle.
locals {
  topics = toset(["dicom", "fhir", "hl7v2", "research"])
}

resource "google_pubsub_topic" "dead_letter" {
  project = var.project
  name    = "${local.base}-dicom-dead"
  labels  = local.labels

  message_storage_policy {
    allowed_persistence_regions = [var.location]
  }

  depends_on = [google_project_service_identity.agents]
}

resource "google_pubsub_subscription" "dead_letter" {
  project                    = var.project
  name                       = "${local.base}-dicom-dead-watch"
  topic                      = google_pubsub_topic.dead_letter.id
  labels                     = local.labels
  ack_deadline_seconds       = 60
  message_retention_duration = "${var.message_retention_days * local.day}s"

  # It never expires; Google's default deletes a subscription after 31 idle days.
  expiration_policy {
    ttl = ""
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }
}

resource "google_pubsub_topic_iam_member" "dead_letter" {
  project = var.project
  topic   = google_pubsub_topic.dead_letter.name
  role    = "roles/pubsub.publisher"
  member  = local.agents["pubsub"]
}

resource "google_pubsub_topic" "changes" {
  for_each = local.topics
  project  = var.project
  name     = "${local.base}-${each.value}"
  labels   = local.labels

  message_storage_policy {
    allowed_persistence_regions = [var.location]
  }

  depends_on = [google_project_service_identity.agents]
}

resource "google_pubsub_subscription" "changes" {
  for_each                   = local.topics
  project                    = var.project
  name                       = "${local.base}-${each.value}-watch"
  topic                      = google_pubsub_topic.changes[each.value].id
  labels                     = local.labels
  ack_deadline_seconds       = 60
  message_retention_duration = "${var.message_retention_days * local.day}s"

  expiration_policy {
    ttl = ""
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead_letter.id
    max_delivery_attempts = var.max_delivery_attempts
  }

  depends_on = [google_pubsub_topic_iam_member.dead_letter]
}

resource "google_pubsub_subscription_iam_member" "takes_dead_letters" {
  for_each     = local.topics
  project      = var.project
  subscription = google_pubsub_subscription.changes[each.value].name
  role         = "roles/pubsub.subscriber"
  member       = local.agents["pubsub"]
}
