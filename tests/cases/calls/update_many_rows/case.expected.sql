-- field: by_relation one
SELECT 2 AS affected_rows, players.id AS `returning[].id`, points AS `returning[].points`,
       teams.name AS `returning[].team.name`
FROM players JOIN teams ON teams.id = team_id
WHERE team_id = 1
ORDER BY players.id;
-- field: by_column one
SELECT COUNT(*) AS affected_rows FROM players WHERE name = 'Zoë' AND team_id = 2;
-- field: by_key one
SELECT name, points, team_id FROM players WHERE id = 3 AND points = 6 AND team_id IS NULL;
-- field: each
SELECT COUNT(*) AS affected_rows FROM players WHERE name = 'Ann'
UNION ALL
SELECT COUNT(*) FROM players WHERE name = 'Nobody'
