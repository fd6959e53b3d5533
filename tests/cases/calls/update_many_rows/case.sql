START TRANSACTION;
SELECT `t0`.`id` FROM `players` AS `t0` WHERE EXISTS (SELECT 1 FROM `teams` AS `t1` WHERE `t1`.`id`=`t0`.`team_id` AND `t1`.`name`='Reds') FOR UPDATE;

UPDATE `players` AS `t0` SET `t0`.`points`=`t0`.`points`+10 WHERE `t0`.`id` IN (1,2);
SELECT CONCAT('{"id":',`t0`.`id`,',"points":',`t0`.`points`,',"team":',IF(`t1`.`id` IS NULL,'null',CONCAT('{"name":',JSON_QUOTE(CONCAT(`t1`.`name`)),'}')),ELT(COERCIBILITY(CONCAT(`t0`.`id`,`t0`.`points`))-3,'}')) AS `row` FROM `players` AS `t0` LEFT JOIN `teams` AS `t1` ON `t1`.`id`=`t0`.`team_id` WHERE `t0`.`id` IN (1,2) FOR UPDATE;

UPDATE `players` AS `t0` SET `t0`.`name`='Zoë',`t0`.`team_id`=2 WHERE `t0`.`points`<1;

UPDATE `players` AS `t0` SET `t0`.`team_id`=NULL,`t0`.`points`=`t0`.`points`+-1 WHERE `t0`.`id`=3;
SELECT CONCAT('{"name":',JSON_QUOTE(CONCAT(`t0`.`name`)),',"points":',`t0`.`points`,',"team_id":',IFNULL(`t0`.`team_id`,'null'),ELT(COERCIBILITY(CONCAT(`t0`.`points`,`t0`.`team_id`))-3,'}')) AS `row` FROM `players` AS `t0` WHERE `t0`.`id`=3 FOR UPDATE;

UPDATE `players` AS `t0` SET `t0`.`name`='Ann' WHERE `t0`.`id`=1;

UPDATE `players` AS `t0` SET `t0`.`name`='Nobody' WHERE `t0`.`id`>99;

COMMIT;
