# The BigQuery datasets that exports and streams are written to. A FHIR store has one alone: tables are named after types.
locals {
  datasets = merge(
    { main = { id = local.tables, says = "Metadata of DICOM instances, exported or streamed from the DICOM store." } },
    { research = { id = "${local.tables}_research", says = "De-identified data, exported for research." } },
    {
      for store in keys(var.fhir_stores) : "fhir-${store}" => {
        id   = "${local.tables}_${replace(store, "-", "_")}"
        says = "FHIR resources, exported or streamed from the FHIR store ${store}."
      }
    },
  )
}

resource "google_bigquery_dataset" "data" {
  for_each                   = local.datasets
  project                    = var.project
  dataset_id                 = each.value.id
  location                   = var.location
  description                = each.value.says
  labels                     = local.labels
  delete_contents_on_destroy = var.data_may_be_lost
  depends_on                 = [google_project_service.apis]
}
