START TRANSACTION;
INSERT INTO `users` (`name`,`city`) VALUES ('Ada',DEFAULT);
INSERT INTO `users` (`name`,`city`) VALUES ('Zoë 🐦','Paris');

SELECT CONCAT(`t0`.`id`,'{"id":',`t0`.`id`,',"name":',JSON_QUOTE(CONCAT(`t0`.`name`)),',"city":',JSON_QUOTE(CONCAT(`t0`.`city`)),',"name_length":',IFNULL(`t0`.`name_length`,'null'),ELT(COERCIBILITY(CONCAT(`t0`.`id`,`t0`.`name_length`))-3,'}')) AS `grouped` FROM `users` AS `t0` WHERE `t0`.`id` IN (1,2) FOR UPDATE;

COMMIT;
