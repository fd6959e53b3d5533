-- field: same
SELECT id, name FROM names WHERE FALSE
-- field: other
SELECT id, name FROM names WHERE name IS NOT NULL ORDER BY id
-- field: listed
SELECT id, name FROM names WHERE name = 'ADA' ORDER BY id
-- field: like
SELECT id, name FROM names WHERE FALSE
