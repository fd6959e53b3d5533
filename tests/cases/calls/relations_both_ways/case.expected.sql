-- field: orders
SELECT CAST(o.id AS CHAR) AS id, c.name AS `customer.name`, r.name AS `customer.referred_by.name`,
       i.line AS `order_items[].line`, i.quantity AS `order_items[].quantity`,
       CAST(i.line_total AS CHAR) AS `order_items[].line_total`, p.sku AS `order_items[].product.sku`,
       k.name AS `order_items[].product.category.name`, u.name AS `order_items[].product.category.parent.name`
FROM orders o
JOIN customers c ON c.id = o.customer_id
LEFT JOIN customers r ON r.id = c.referred_by_id
LEFT JOIN order_items i ON i.order_id = o.id AND i.quantity >= 2
LEFT JOIN products p ON p.id = i.product_id
LEFT JOIN categories k ON k.id = p.category_id
LEFT JOIN categories u ON u.id = k.parent_id
WHERE o.id IN (3, 4, 5)
ORDER BY o.id, i.line
