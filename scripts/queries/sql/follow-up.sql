-- Patients with more than one film: how many, from which follow-up to which, over how many years of age.
SELECT
  label_version,
  patient_id,
  COUNT(*) AS films,
  MIN(follow_up) AS first_follow_up,
  MAX(follow_up) AS last_follow_up,
  MAX(age) - MIN(age) AS years
FROM chest_xray_labels
GROUP BY label_version, patient_id
HAVING COUNT(*) > 1
ORDER BY label_version, films DESC, patient_id
