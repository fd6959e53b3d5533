-- field: reviews_aggregate one
SELECT COUNT(*) AS `aggregate.count`, MAX(rating) AS `aggregate.most.rating`, CAST(SUM(rating) AS CHAR) AS `aggregate.total.rating`
FROM reviews
WHERE rating > 1
