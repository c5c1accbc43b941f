-- Patients with studies of more than one day: how many, from when to when, and the days between.
SELECT
  PatientID AS patient_id,
  COUNT(DISTINCT StudyInstanceUID) AS studies,
  MIN(StudyDate) AS first_day,
  MAX(StudyDate) AS last_day,
  DATE_DIFF(MAX(StudyDate), MIN(StudyDate), DAY) AS days
FROM imaging_instances
WHERE PatientID IS NOT NULL
GROUP BY patient_id
HAVING COUNT(DISTINCT StudyDate) > 1
ORDER BY days DESC, patient_id
