-- Films and patients of each finding, and the share of all films that show it.
SELECT
  label_version,
  finding,
  COUNT(*) AS films,
  COUNT(DISTINCT patient_id) AS patients,
  ROUND(100 * COUNT(*) / ANY_VALUE(all_films), 2) AS percent_of_films
FROM (
  SELECT
    label_version,
    patient_id,
    IF(ARRAY_LENGTH(findings) = 0, ['No Finding'], findings) AS shown,
    COUNT(*) OVER (PARTITION BY label_version) AS all_films
  FROM chest_xray_labels
) AS labelled
CROSS JOIN UNNEST(labelled.shown) AS finding
GROUP BY label_version, finding
ORDER BY label_version, films DESC, finding
