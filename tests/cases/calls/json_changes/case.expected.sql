-- field: joined one
SELECT '{"a": 1, "b": {"c": 2}, "d": "new"}' AS `doc:json`, '["x", "y", "w"]' AS `tags:json`
FROM documents WHERE id = 1 AND JSON_EXTRACT(doc, '$.d') = 'new' AND JSON_LENGTH(tags) = 3;
-- field: ahead one
SELECT '{"a": {"b": [1, 3]}}' AS `doc:json`, '["w", "x", "y", "z"]' AS `tags:json`
FROM documents WHERE id = 2 AND JSON_LENGTH(doc, '$.a.b') = 2 AND JSON_LENGTH(tags) = 4;
-- field: less one
SELECT '{"b": 2}' AS `doc:json`, '["x"]' AS `tags:json`
FROM documents WHERE id = 3 AND JSON_LENGTH(doc) = 1 AND JSON_LENGTH(tags) = 1
