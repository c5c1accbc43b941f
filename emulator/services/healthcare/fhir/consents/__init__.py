"""Consent of FHIR stores: what Consent resources permit or deny, to whom, and that readers get no more than that.

Consents bear on nothing until applyConsents or applyAdminConsents has read them: what those found is kept beside the
resources, and each resource is held to it when it is read (Cloud Healthcare: "FHIR access data model and control
system", "Control access to FHIR resources").
"""
