-- Films and patients of each view position, with the mean age.
SELECT
  label_version,
  IFNULL(view, 'unknown') AS view_position,
  COUNT(*) AS films,
  COUNT(DISTINCT patient_id) AS patients,
  COUNTIF(ARRAY_LENGTH(findings) > 0) AS films_with_findings,
  ROUND(AVG(age), 1) AS mean_age
FROM chest_xray_labels
GROUP BY label_version, view_position
ORDER BY label_version, films DESC, view_position
