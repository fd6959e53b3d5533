-- field: there one
SELECT pt.product_id, t.name AS `tag.name`
FROM product_tags pt JOIN tags t ON t.id = pt.tag_id
WHERE pt.product_id = 1 AND pt.tag_id = 1
-- field: customers_by_pk one
SELECT name, newsletter AS `newsletter:bool`, CAST(born_on AS CHAR) AS born_on FROM customers WHERE id = 7
-- field: missing one
SELECT name FROM customers WHERE id = 999999
