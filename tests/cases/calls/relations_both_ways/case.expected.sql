-- field: orders
SELECT CAST(o.id AS CHAR) AS id, c.name AS `customer.name`, r.name AS `customer.referred_by.name`,
       f.name AS `customer.referred_by.referred_by.name`,
       i.line AS `order_items[].line`, CAST(i.quantity AS CHAR) AS `order_items[].quantity`,
       CAST(i.line_total AS CHAR) AS `order_items[].line_total`, p.sku AS `order_items[].product.sku`,
       k.name AS `order_items[].product.category.name`, u.name AS `order_items[].product.category.parent.name`
FROM (
  SELECT o.id, o.customer_id
  FROM orders o JOIN customers c ON c.id = o.customer_id
  WHERE c.referred_by_id IS NOT NULL
  ORDER BY o.id
  LIMIT 4
) o
JOIN customers c ON c.id = o.customer_id
JOIN customers r ON r.id = c.referred_by_id
LEFT JOIN customers f ON f.id = r.referred_by_id
LEFT JOIN order_items i ON i.order_id = o.id AND i.quantity >= 2
LEFT JOIN products p ON p.id = i.product_id
LEFT JOIN categories k ON k.id = p.category_id
LEFT JOIN categories u ON u.id = k.parent_id
ORDER BY o.id, i.line
