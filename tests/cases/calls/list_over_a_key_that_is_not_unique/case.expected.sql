-- field: orders
SELECT o.id, p.id AS `parts[].id`, p.code AS `parts[].code`
FROM orders o LEFT JOIN parts p ON p.code = o.code
ORDER BY o.id, p.id
