CREATE TABLE tasks (id INT PRIMARY KEY, done TINYINT(1));
INSERT INTO tasks VALUES (1, 0), (2, 1), (3, 2), (4, -1), (5, NULL)
