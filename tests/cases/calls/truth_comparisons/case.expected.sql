-- field: yes
SELECT id, done <> 0 AS `done:bool` FROM tasks WHERE done <> 0 ORDER BY id
-- field: other
SELECT id, done <> 0 AS `done:bool` FROM tasks WHERE done = 0 ORDER BY id
-- field: listed
SELECT id FROM tasks WHERE done <> 0 ORDER BY id
-- field: ordered
SELECT id, done <> 0 AS `done:bool` FROM tasks ORDER BY done <> 0 DESC, id
