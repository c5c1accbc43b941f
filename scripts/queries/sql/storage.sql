-- Instances and bytes that came in each month and are still there, and the bytes stored at its end.
SELECT
  arrived_month,
  instances,
  stored_bytes,
  SUM(stored_bytes) OVER (ORDER BY arrived_month) AS bytes_in_all
FROM (
  SELECT
    FORMAT_TIMESTAMP('%Y-%m', LastUpdated) AS arrived_month,
    COUNT(*) AS instances,
    SUM(BlobStorageSize) AS stored_bytes
  FROM imaging_instances
  GROUP BY arrived_month
) AS months
ORDER BY arrived_month
