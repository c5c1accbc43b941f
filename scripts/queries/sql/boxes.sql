-- Boxes of each finding: how many, on how many films, and their mean size in pixels of the 1024 x 1024 film.
SELECT
  label_version,
  box.finding AS finding,
  COUNT(*) AS boxes,
  COUNT(DISTINCT image_index) AS films,
  ROUND(AVG(box.width), 1) AS mean_width,
  ROUND(AVG(box.height), 1) AS mean_height,
  ROUND(100 * AVG(box.width * box.height) / (1024 * 1024), 2) AS mean_percent_of_film
FROM chest_xray_labels AS film
CROSS JOIN UNNEST(film.boxes) AS box
GROUP BY label_version, finding
ORDER BY label_version, boxes DESC, finding
