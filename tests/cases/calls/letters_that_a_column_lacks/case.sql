SELECT CONCAT('{"id":',`t0`.`id`,',"name":',IFNULL(JSON_QUOTE(CONCAT(`t0`.`name`)),'null'),ELT(COERCIBILITY(CONCAT(`t0`.`id`))-3,'}')) AS `row` FROM `names` AS `t0` WHERE `t0`.`name`='Ad😀' ORDER BY `t0`.`id`;
SELECT CONCAT('{"id":',`t0`.`id`,',"name":',IFNULL(JSON_QUOTE(CONCAT(`t0`.`name`)),'null'),ELT(COERCIBILITY(CONCAT(`t0`.`id`))-3,'}')) AS `row` FROM `names` AS `t0` WHERE `t0`.`name`<>'Ad😀' ORDER BY `t0`.`id`;
SELECT CONCAT('{"id":',`t0`.`id`,',"name":',IFNULL(JSON_QUOTE(CONCAT(`t0`.`name`)),'null'),ELT(COERCIBILITY(CONCAT(`t0`.`id`))-3,'}')) AS `row` FROM `names` AS `t0` WHERE `t0`.`name` IN ('ADA','😀') ORDER BY `t0`.`id`;
SELECT CONCAT('{"id":',`t0`.`id`,',"name":',IFNULL(JSON_QUOTE(CONCAT(`t0`.`name`)),'null'),ELT(COERCIBILITY(CONCAT(`t0`.`id`))-3,'}')) AS `row` FROM `names` AS `t0` WHERE (`t0`.`name` LIKE '%😀%' AND CONVERT(`t0`.`name` USING utf8mb4) COLLATE utf8mb4_bin LIKE '%😀%') ORDER BY `t0`.`id`;
COMMIT;
