SELECT CONCAT('{"id":',`t0`.`id`,',"done":',IFNULL(CASE `t0`.`done`=0 WHEN 1 THEN 'false' WHEN 0 THEN 'true' END,'null'),ELT(COERCIBILITY(CONCAT(`t0`.`id`,`t0`.`done`))-3,'}')) AS `row` FROM `tasks` AS `t0` WHERE `t0`.`done`<>0 ORDER BY `t0`.`id`;
SELECT CONCAT('{"id":',`t0`.`id`,',"done":',IFNULL(CASE `t0`.`done`=0 WHEN 1 THEN 'false' WHEN 0 THEN 'true' END,'null'),ELT(COERCIBILITY(CONCAT(`t0`.`id`,`t0`.`done`))-3,'}')) AS `row` FROM `tasks` AS `t0` WHERE `t0`.`done`=0 ORDER BY `t0`.`id`;
SELECT CONCAT('{"id":',`t0`.`id`,ELT(COERCIBILITY(CONCAT(`t0`.`id`))-3,'}')) AS `row` FROM `tasks` AS `t0` WHERE `t0`.`done`<>0 ORDER BY `t0`.`id`;
SELECT CONCAT('{"id":',`t0`.`id`,',"done":',IFNULL(CASE `t0`.`done`=0 WHEN 1 THEN 'false' WHEN 0 THEN 'true' END,'null'),ELT(COERCIBILITY(CONCAT(`t0`.`id`,`t0`.`done`))-3,'}')) AS `row` FROM `tasks` AS `t0` ORDER BY (`t0`.`done`<>0) DESC,`t0`.`id`;
COMMIT;
