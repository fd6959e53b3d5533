START TRANSACTION;
SELECT `t0`.`id` FROM `players` AS `t0` WHERE EXISTS (SELECT 1 FROM `teams` AS `t1` WHERE `t1`.`id`=`t0`.`team_id` AND `t1`.`name`='Reds') FOR UPDATE;

SELECT CONCAT('{"id":',`t0`.`id`,',"name":',JSON_QUOTE(CONCAT(`t0`.`name`)),',"team":',IF(`t1`.`id` IS NULL,'null',CONCAT('{"name":',JSON_QUOTE(CONCAT(`t1`.`name`)),'}')),ELT(COERCIBILITY(CONCAT(`t0`.`id`))-3,'}')) AS `row` FROM `players` AS `t0` LEFT JOIN `teams` AS `t1` ON `t1`.`id`=`t0`.`team_id` WHERE `t0`.`id` IN (1,2) FOR UPDATE;

DELETE `t0` FROM `players` AS `t0` WHERE `t0`.`id` IN (1,2);

SELECT CONCAT('{"name":',JSON_QUOTE(CONCAT(`t0`.`name`)),',"team_id":',IFNULL(`t0`.`team_id`,'null'),ELT(COERCIBILITY(CONCAT(`t0`.`team_id`))-3,'}')) AS `row` FROM `players` AS `t0` WHERE `t0`.`id`=3 FOR UPDATE;

DELETE `t0` FROM `players` AS `t0` WHERE `t0`.`id`=3;

SELECT CONCAT('{"name":',JSON_QUOTE(CONCAT(`t0`.`name`)),'}') AS `row` FROM `players` AS `t0` WHERE `t0`.`id`=99 FOR UPDATE;

DELETE `t0` FROM `players` AS `t0` WHERE `t0`.`id`=99;

DELETE `t0` FROM `players` AS `t0` WHERE TRUE;

COMMIT;
