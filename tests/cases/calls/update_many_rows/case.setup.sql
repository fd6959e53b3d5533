CREATE TABLE teams (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) NOT NULL);
CREATE TABLE players (
  id INT AUTO_INCREMENT PRIMARY KEY,
  team_id INT,
  name VARCHAR(20) NOT NULL,
  points INT NOT NULL DEFAULT 0,
  CONSTRAINT fk_team FOREIGN KEY (team_id) REFERENCES teams (id)
);
INSERT INTO teams VALUES (1, 'Reds'), (2, 'Blues');
INSERT INTO players VALUES (1, 1, 'Ada', 3), (2, 1, 'Bob', 5), (3, 2, 'Cem', 7), (4, NULL, 'Dee', 0)
