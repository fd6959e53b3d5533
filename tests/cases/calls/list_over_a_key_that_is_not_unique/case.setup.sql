CREATE TABLE parts (id INT PRIMARY KEY, code INT, KEY (code));
CREATE TABLE orders (id INT PRIMARY KEY, code INT, FOREIGN KEY (code) REFERENCES parts (code));
INSERT INTO parts VALUES (1, 7), (2, 7), (3, 8);
INSERT INTO orders VALUES (1, 7), (2, 8), (3, NULL), (4, 7)
