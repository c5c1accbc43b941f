-- Studies and instances of each day and modality, by the date of the study.
SELECT
  StudyDate AS study_day,
  IFNULL(Modality, 'unknown') AS modality,
  COUNT(DISTINCT StudyInstanceUID) AS studies,
  COUNT(*) AS instances
FROM imaging_instances
GROUP BY study_day, modality
ORDER BY study_day, modality
