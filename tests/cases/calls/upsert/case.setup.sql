CREATE TABLE words (
  id INT AUTO_INCREMENT PRIMARY KEY,
  word VARCHAR(20) NOT NULL,
  hits INT NOT NULL DEFAULT 1,
  note VARCHAR(20),
  UNIQUE KEY uq_word (word)
);
INSERT INTO words VALUES (1, 'dog', 3, 'kept'), (2, 'cat', 5, NULL), (3, 'owl', 9, NULL)
