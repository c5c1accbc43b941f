-- Instances and studies that arrived each day and are still there, and what imports of that day took and failed to.
SELECT
  arrival_day,
  IFNULL(instances, 0) AS instances,
  IFNULL(studies, 0) AS studies,
  IFNULL(imported, 0) AS imported,
  IFNULL(failed, 0) AS failed
FROM (
  SELECT DATE(LastUpdated) AS arrival_day, COUNT(*) AS instances, COUNT(DISTINCT StudyInstanceUID) AS studies
  FROM imaging_instances
  GROUP BY arrival_day
) AS arrived
FULL JOIN (
  SELECT ended_day AS arrival_day, SUM(imported) AS imported, SUM(failed) AS failed
  FROM `stack.imports`
  GROUP BY arrival_day
) AS operations USING (arrival_day)
ORDER BY arrival_day
