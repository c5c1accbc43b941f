# Buckets that are private by construction. The crosswalk, lists of old and new ids, is for stewards alone.
resource "google_storage_bucket" "data" {
  for_each                    = toset(["landing", "export", "research", "crosswalk"])
  project                     = var.project
  name                        = "${var.project}-${var.environment}-${each.value}"
  location                    = upper(var.location)
  labels                      = local.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = var.data_may_be_lost

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * local.day
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 7
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = var.old_version_days
      with_state                 = "ARCHIVED"
    }
  }

  depends_on = [google_project_service.apis]
}
