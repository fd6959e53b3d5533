-- field: delete_players one
SELECT 2 AS affected_rows, was.id AS `returning[].id`, was.name AS `returning[].name`,
       'Reds' AS `returning[].team.name`
FROM (SELECT 1 AS id, 'Ada' AS name UNION ALL SELECT 2, 'Bob') AS was
WHERE NOT EXISTS (SELECT 1 FROM players)
ORDER BY was.id;
-- field: delete_players_by_pk one
SELECT 'Cem' AS name, 2 AS team_id;
-- field: gone one
SELECT name FROM players WHERE id = 99;
-- field: rest one
SELECT 1 AS affected_rows
