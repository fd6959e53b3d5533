-- field: products
SELECT id, name, CAST(price AS CHAR) AS price, CAST(state AS CHAR) AS state, weight_kg
FROM products
WHERE price >= 20.50 AND state IN ('active', 'retired') AND name NOT LIKE '%x%'
ORDER BY products.price DESC, id
LIMIT 5 OFFSET 2
