"""The SQLite tables of DICOM stores: what is searched, and each answer's JSON ready to be joined.

A document holds the byte 01 wherever the URL of the store's DICOMweb root goes: JSON cannot contain it, so one
`replace` over the whole answer completes it.
"""

SCHEMA = """
CREATE TABLE IF NOT EXISTS dicom_stores(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);

CREATE TABLE IF NOT EXISTS dicom_studies(
    id INTEGER PRIMARY KEY, store INTEGER NOT NULL, uid TEXT NOT NULL, patient_id TEXT NOT NULL,
    accession TEXT NOT NULL, study_date TEXT NOT NULL, found BLOB NOT NULL, attributes BLOB NOT NULL,
    UNIQUE(store, uid));
CREATE INDEX IF NOT EXISTS dicom_studies_store ON dicom_studies(store);
CREATE INDEX IF NOT EXISTS dicom_studies_patient ON dicom_studies(store, patient_id);
CREATE INDEX IF NOT EXISTS dicom_studies_accession ON dicom_studies(store, accession);
CREATE INDEX IF NOT EXISTS dicom_studies_date ON dicom_studies(store, study_date);

CREATE TABLE IF NOT EXISTS dicom_names(
    store INTEGER NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, study INTEGER NOT NULL,
    PRIMARY KEY(store, kind, value, study)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS dicom_names_study ON dicom_names(study);

CREATE TABLE IF NOT EXISTS dicom_series(
    id INTEGER PRIMARY KEY, store INTEGER NOT NULL, study INTEGER NOT NULL, uid TEXT NOT NULL,
    modality TEXT NOT NULL, found BLOB NOT NULL, joined BLOB NOT NULL, attributes BLOB NOT NULL,
    UNIQUE(study, uid));
CREATE INDEX IF NOT EXISTS dicom_series_store ON dicom_series(store);
CREATE INDEX IF NOT EXISTS dicom_series_uid ON dicom_series(store, uid);
CREATE INDEX IF NOT EXISTS dicom_series_modality ON dicom_series(store, modality);

CREATE TABLE IF NOT EXISTS dicom_instances(
    id INTEGER PRIMARY KEY, store INTEGER NOT NULL, study INTEGER NOT NULL, series INTEGER NOT NULL,
    uid TEXT NOT NULL, sop_class TEXT NOT NULL, syntax TEXT NOT NULL, frames INTEGER NOT NULL, blob TEXT NOT NULL,
    size INTEGER NOT NULL, crc32c TEXT NOT NULL, storage_class TEXT NOT NULL, version INTEGER NOT NULL,
    updated TEXT NOT NULL, structured INTEGER NOT NULL, found BLOB NOT NULL, joined BLOB NOT NULL,
    UNIQUE(series, uid));
CREATE INDEX IF NOT EXISTS dicom_instances_store ON dicom_instances(store);
CREATE INDEX IF NOT EXISTS dicom_instances_study ON dicom_instances(study);
CREATE INDEX IF NOT EXISTS dicom_instances_uid ON dicom_instances(store, uid);

CREATE TABLE IF NOT EXISTS dicom_metadata(
    instance INTEGER PRIMARY KEY, document BLOB NOT NULL, bulk BLOB NOT NULL);
"""
