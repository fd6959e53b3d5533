CREATE TABLE documents (id INT AUTO_INCREMENT PRIMARY KEY, doc JSON, tags JSON);
INSERT INTO documents VALUES
  (1, '{"a": 1, "b": {"c": 2}}', '["x", "y"]'),
  (2, '{"a": {"b": [1, 2, 3]}}', '["x", "y", "z"]'),
  (3, '{"a": 1, "b": 2}', '["x", "y"]')
