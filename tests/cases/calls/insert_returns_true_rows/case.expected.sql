-- field: insert_users one
SELECT 2 AS affected_rows, id AS `returning[].id`, name AS `returning[].name`, city AS `returning[].city`,
       name_length AS `returning[].name_length`
FROM users
WHERE name IN ('Ada', 'Zoë 🐦') AND city = IF(name = 'Ada', 'Rome', 'Paris')
ORDER BY id
