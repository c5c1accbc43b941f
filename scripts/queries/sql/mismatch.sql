-- Labels whose film has no instance in the exported metadata, and instances without labels.
SELECT
  IF(film.image_index IS NULL, 'image without labels', 'labels without image') AS mismatch,
  film.image_index,
  IFNULL(film.sop_instance_uid, instance.SOPInstanceUID) AS sop_instance_uid,
  IFNULL(film.study_instance_uid, instance.StudyInstanceUID) AS study_instance_uid
FROM (
  SELECT DISTINCT image_index, sop_instance_uid, study_instance_uid
  FROM chest_xray_labels
) AS film
FULL JOIN chest_xray_instances AS instance
  ON film.sop_instance_uid = instance.SOPInstanceUID
WHERE film.image_index IS NULL OR instance.SOPInstanceUID IS NULL
ORDER BY mismatch, image_index, sop_instance_uid
