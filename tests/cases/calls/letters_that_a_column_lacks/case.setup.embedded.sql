CREATE TABLE names (id INT PRIMARY KEY, name VARCHAR(20));
INSERT INTO names VALUES (1, 'Ada'), (2, '?'), (3, NULL)
