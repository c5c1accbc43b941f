# The accounts that people and programs act as, and what they may do in the project. Nobody has a key.
locals {
  accounts = {
    loader = { id = "loader", says = "Loads DICOM files and runs imports and exports" }
    reader = { id = "reader", says = "Searches, retrieves and queries" }
    # An account's id has 30 characters, which leaves no room for longer names.
    researcher = { id = "study", says = "Reads de-identified data, and nothing else" }
    steward    = { id = "keeper", says = "De-identifies, and sees both sides of it" }
  }

  # Who has which roles on the project.
  project_roles = {
    loader = {
      reads-failures     = "roles/logging.viewer"
      runs-bigquery-jobs = "roles/bigquery.jobUser"
      pays-for-reading   = "roles/serviceusage.serviceUsageConsumer"
    }
    reader     = { runs-bigquery-jobs = "roles/bigquery.jobUser" }
    researcher = { runs-bigquery-jobs = "roles/bigquery.jobUser" }
    steward = {
      reads-failures     = "roles/logging.viewer"
      runs-bigquery-jobs = "roles/bigquery.jobUser"
    }
  }
}

resource "google_service_account" "people" {
  for_each     = local.accounts
  project      = var.project
  account_id   = "${local.base}-${each.value.id}"
  display_name = "Imaging ${each.key}"
  description  = each.value.says
  depends_on   = [google_project_service.apis]
}

resource "google_project_iam_member" "people" {
  for_each = merge([
    for who, roles in local.project_roles : { for what, role in roles : "${who}-${what}" => { who = who, role = role } }
  ]...)
  project = var.project
  role    = each.value.role
  member  = google_service_account.people[each.value.who].member
}
