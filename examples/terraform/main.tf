# What all files use: names, labels, and Google's service agents.
data "google_project" "this" {
  project_id = var.project
}

locals {
  day    = 24 * 60 * 60
  base   = "imaging-${var.environment}"
  tables = replace(local.base, "-", "_")
  labels = merge(
    { application = "healthcare-cloud-poc", environment = var.environment, managed-by = "terraform" },
    var.labels,
  )

  agents = {
    for name in ["healthcare", "pubsub"] :
    name => "serviceAccount:service-${data.google_project.this.number}@gcp-sa-${name}.iam.gserviceaccount.com"
  }
}
