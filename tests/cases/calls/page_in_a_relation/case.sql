SELECT CONCAT('{"id":',`t0`.`id`,',"latest":',`t0`.`id`,'',ELT(COERCIBILITY(CONCAT(`t0`.`id`))-3,'}')) AS `row1` FROM `customers` AS `t0` WHERE `t0`.`id`<=4 ORDER BY `t0`.`id`;

SELECT CONCAT(`t1`.`#group`,'{"id":"',`t1`.`id`,'","state":',JSON_QUOTE(CONVERT(`t1`.`state` USING utf8mb4)),ELT(COERCIBILITY(CONCAT(`t1`.`#group`,`t1`.`id`))-3,'}')) AS `grouped` FROM (SELECT `t0`.`id`,`t0`.`state`,`t0`.`ordered_at`,`t0`.`customer_id` AS `#group`,ROW_NUMBER() OVER (PARTITION BY `t0`.`customer_id` ORDER BY `t0`.`ordered_at` DESC,`t0`.`id` DESC) AS `#row` FROM `orders` AS `t0` WHERE `t0`.`customer_id` IN (1,2,3,4)) AS `t1` WHERE `t1`.`#row`<=2 ORDER BY `t1`.`#row`;
COMMIT;
