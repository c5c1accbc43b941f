-- Films of each finding by view position, and the share of that view's films that show it.
SELECT
  label_version,
  view_position,
  finding,
  COUNT(*) AS films,
  ROUND(100 * COUNT(*) / ANY_VALUE(films_of_view), 2) AS percent_of_view
FROM (
  SELECT
    label_version,
    IFNULL(view, 'unknown') AS view_position,
    IF(ARRAY_LENGTH(findings) = 0, ['No Finding'], findings) AS shown,
    COUNT(*) OVER (PARTITION BY label_version, IFNULL(view, 'unknown')) AS films_of_view
  FROM chest_xray_labels
) AS labelled
CROSS JOIN UNNEST(labelled.shown) AS finding
GROUP BY label_version, view_position, finding
ORDER BY label_version, view_position, films DESC, finding
