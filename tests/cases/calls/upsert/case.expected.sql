-- field: insert_words one
SELECT 2 AS affected_rows, id AS `returning[].id`, word AS `returning[].word`, hits AS `returning[].hits`,
       note AS `returning[].note`
FROM words
WHERE (word, hits) IN (('dog', 4), ('emu', 1)) AND 3 = (SELECT COUNT(*) FROM words WHERE (word, hits) IN (('dog', 4), ('cat', 5), ('owl', 9)))
ORDER BY id;
-- field: insert_words_one one
SELECT id FROM words WHERE FALSE
