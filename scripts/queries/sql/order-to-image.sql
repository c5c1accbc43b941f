-- Hours from an order (ServiceRequest.authoredOn) to its study, by the accession number, study times as UTC.
SELECT
  accession_number,
  ordered_at,
  imaged_at,
  ROUND(TIMESTAMP_DIFF(imaged_at, ordered_at, MINUTE) / 60, 2) AS hours
FROM (
  SELECT
    number.value AS accession_number,
    MIN(SAFE_CAST(request.authoredOn AS TIMESTAMP)) AS ordered_at
  FROM `fhir.ServiceRequest` AS request
  CROSS JOIN UNNEST(request.identifier) AS number
  GROUP BY accession_number
) AS orders
JOIN (
  SELECT
    AccessionNumber,
    MIN(TIMESTAMP(DATETIME(StudyDate, IFNULL(StudyTime, TIME '00:00:00')))) AS imaged_at
  FROM imaging_instances
  GROUP BY AccessionNumber
) AS images ON images.AccessionNumber = orders.accession_number
ORDER BY hours DESC, accession_number
