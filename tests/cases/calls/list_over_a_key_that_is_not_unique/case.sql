SELECT CONCAT('{"id":',`t0`.`id`,',"parts":',IFNULL(`t0`.`code`,''),'',ELT(COERCIBILITY(CONCAT(`t0`.`id`,`t0`.`code`))-3,'}')) AS `row1` FROM `orders` AS `t0` ORDER BY `t0`.`id`;
SELECT CONCAT(`t0`.`code`,'{"id":',`t0`.`id`,',"code":',IFNULL(`t0`.`code`,'null'),ELT(COERCIBILITY(CONCAT(`t0`.`code`,`t0`.`id`))-3,'}')) AS `grouped` FROM `parts` AS `t0` WHERE `t0`.`code` IS NOT NULL ORDER BY `t0`.`id`;
COMMIT;
