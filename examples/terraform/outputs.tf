output "dicom_store" {
  description = "The DICOM store's name."
  value       = google_healthcare_dicom_store.dicom.id
}

output "buckets" {
  description = "The buckets' names, by what they are for."
  value       = { for name, bucket in google_storage_bucket.data : name => bucket.name }
}

output "accounts" {
  description = "The service accounts' addresses, by who acts as them."
  value       = { for who, account in google_service_account.people : who => account.email }
}
