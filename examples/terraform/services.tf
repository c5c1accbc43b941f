# The APIs, and the identities under which Google's services act in the project.
resource "google_project_service" "apis" {
  for_each = toset([
    "bigquery", "cloudresourcemanager", "healthcare", "iam", "logging", "pubsub", "storage",
  ])
  project            = var.project
  service            = "${each.value}.googleapis.com"
  disable_on_destroy = false
}

resource "google_project_service_identity" "agents" {
  for_each   = local.agents
  project    = var.project
  service    = "${each.key}.googleapis.com"
  depends_on = [google_project_service.apis]
}
