-- field: customers
SELECT c.name, c.email
FROM customers c
WHERE EXISTS (
  SELECT 1 FROM orders o
  JOIN order_items i ON i.order_id = o.id
  JOIN products p ON p.id = i.product_id
  JOIN categories k ON k.id = p.category_id
  WHERE o.customer_id = c.id AND i.quantity >= 3 AND k.slug IS NOT NULL)
AND NOT EXISTS (SELECT 1 FROM reviews r WHERE r.customer_id = c.id AND r.rating <= 2)
ORDER BY c.id
LIMIT 10
