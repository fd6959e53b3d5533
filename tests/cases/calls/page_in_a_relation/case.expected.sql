-- field: customers
SELECT c.id, CAST(o.id AS CHAR) AS `latest[].id`, CAST(o.state AS CHAR) AS `latest[].state`
FROM customers c
LEFT JOIN (
  SELECT id, customer_id, state, ordered_at,
         ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY ordered_at DESC) AS place
  FROM orders
) o ON o.customer_id = c.id AND o.place <= 2
WHERE c.id <= 4
ORDER BY c.id, o.place
