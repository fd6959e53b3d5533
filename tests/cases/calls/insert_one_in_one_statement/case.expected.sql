-- field: insert_users_one one
SELECT id, name, city FROM users WHERE id = 1 AND name = 'O''Neil'
