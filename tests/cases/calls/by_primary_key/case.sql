SELECT CONCAT('{"product_id":',`t0`.`product_id`,',"tag":',IF(`t1`.`id` IS NULL,'null',CONCAT('{"name":',JSON_QUOTE(CONCAT(`t1`.`name`)),'}')),'}') AS `row` FROM `product_tags` AS `t0` LEFT JOIN `tags` AS `t1` ON `t1`.`id`=`t0`.`tag_id` WHERE (`t0`.`product_id`=1 AND `t0`.`tag_id`=1);
SELECT CONCAT('{"name":',JSON_QUOTE(CONCAT(`t0`.`name`)),',"newsletter":',CASE `t0`.`newsletter`=0 WHEN 1 THEN 'false' WHEN 0 THEN 'true' END,',"born_on":',IFNULL(IF(MONTH(`t0`.`born_on`)*DAY(`t0`.`born_on`)=0,'null',CONCAT('"',`t0`.`born_on`,'"')),'null'),ELT(COERCIBILITY(CONCAT(`t0`.`newsletter`,`t0`.`born_on`))-3,'}')) AS `row` FROM `customers` AS `t0` WHERE `t0`.`id`=7;
SELECT CONCAT('{"name":',JSON_QUOTE(CONCAT(`t0`.`name`)),'}') AS `row` FROM `customers` AS `t0` WHERE `t0`.`id`=999999;
COMMIT;
