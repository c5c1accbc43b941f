-- Films and patients of each official split, and how many of these patients are in another split, too.
SELECT
  label_version,
  IFNULL(split, 'none') AS split_name,
  COUNT(*) AS films,
  COUNT(DISTINCT patient_id) AS patients,
  COUNTIF(ARRAY_LENGTH(findings) > 0) AS films_with_findings,
  COUNT(DISTINCT IF(splits_of_patient > 1, patient_id, NULL)) AS patients_in_other_splits
FROM chest_xray_labels
JOIN (
  SELECT label_version, patient_id, COUNT(DISTINCT IFNULL(split, 'none')) AS splits_of_patient
  FROM chest_xray_labels
  GROUP BY label_version, patient_id
) AS patient USING (label_version, patient_id)
GROUP BY label_version, split_name
ORDER BY label_version, split_name
