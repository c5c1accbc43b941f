-- For each study: who, why, when it was ordered, taken and reported, what was seen, and whether research may use it.
-- dicom is a DICOM store's export, Patient, ImagingStudy and DiagnosticReport are a FHIR store's, hl7v2_messages are an
-- HL7v2 store's messages with what was parsed of them, research is what the patients agreed to.
WITH films AS (
  SELECT
    AccessionNumber AS accession,
    StudyInstanceUID AS study,
    ANY_VALUE(PatientID) AS patient_id,
    ANY_VALUE(Modality) AS modality,
    COUNT(*) AS films,
    MIN(TIMESTAMP(DATETIME(StudyDate, StudyTime))) AS taken
  FROM dicom
  GROUP BY accession, study
),
segments AS (
  SELECT messageType, sendTime, patientIds[SAFE_OFFSET(0)].value AS patient_id, JSON_QUERY(segment, '$.fields') AS fields
  FROM hl7v2_messages, UNNEST(JSON_QUERY_ARRAY(parsedData, '$.segments')) AS segment
),
orders AS (
  SELECT patient_id, JSON_VALUE(fields, '$."1"') AS accession, JSON_VALUE(fields, '$."3"') AS study, sendTime AS ordered
  FROM segments
  WHERE messageType = 'OMI' AND JSON_VALUE(fields, '$."0"') = 'IPC'
),
results AS (
  SELECT patient_id, JSON_VALUE(fields, '$."3.1"') AS accession, sendTime AS reported
  FROM segments
  WHERE messageType = 'ORU' AND JSON_VALUE(fields, '$."0"') = 'OBR'
)
SELECT
  films.accession,
  films.patient_id,
  Patient.gender,
  films.modality,
  films.films,
  orders.ordered,
  films.taken,
  results.reported,
  DiagnosticReport.conclusionCode[SAFE_OFFSET(0)].text AS finding,
  research.data_id IS NOT NULL AS research
FROM films
JOIN ImagingStudy ON ImagingStudy.identifier[SAFE_OFFSET(0)].value = CONCAT('urn:oid:', films.study)
JOIN DiagnosticReport ON DiagnosticReport.imagingStudy[SAFE_OFFSET(0)].imagingStudyId = ImagingStudy.id
JOIN Patient
  ON Patient.id = ImagingStudy.subject.patientId AND Patient.identifier[SAFE_OFFSET(0)].value = films.patient_id
JOIN orders
  ON orders.accession = films.accession AND orders.study = films.study AND orders.patient_id = films.patient_id
JOIN results ON results.accession = films.accession AND results.patient_id = films.patient_id
LEFT JOIN research ON ENDS_WITH(research.data_id, CONCAT('/studies/', films.study))
ORDER BY films.accession
