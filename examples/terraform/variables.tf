variable "project" {
  type        = string
  description = "The project's id."
}

variable "location" {
  type        = string
  description = "Where all data lives: a region of the Cloud Healthcare API."
  default     = "us-central1"
}

variable "environment" {
  type        = string
  description = "Name of this environment within its project, part of every resource's name."
  default     = "terraform"
}

variable "labels" {
  type        = map(string)
  description = "Labels put on every resource that can have them."
  default     = {}
}

variable "data_may_be_lost" {
  type        = bool
  description = "Whether terraform destroy deletes buckets and tables with all they hold."
  default     = true
}

variable "soft_delete_days" {
  type        = number
  description = "Days for which a deleted object of a bucket can be restored."
  default     = 7
}

variable "old_version_days" {
  type        = number
  description = "Days after which a replaced or deleted object's old version is removed from a bucket."
  default     = 30
}

variable "message_retention_days" {
  type        = number
  description = "Days for which a notification waits for its reader."
  default     = 7
}

variable "max_delivery_attempts" {
  type        = number
  description = "How often a notification is delivered without being acknowledged before it becomes a dead letter."
  default     = 10
}

variable "fhir_stores" {
  type        = map(string)
  description = "FHIR stores by name, with their version: DSTU2, STU3, R4 or R5."
  default     = { fhir = "R4" }
}

variable "hl7v2_stores" {
  type        = set(string)
  description = "Names of HL7v2 stores."
  default     = ["hl7v2"]
}

variable "consent_stores" {
  type        = set(string)
  description = "Names of consent stores."
  default     = ["consents"]
}
