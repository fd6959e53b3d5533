START TRANSACTION;
INSERT INTO `users` (`name`) VALUES ('O\'Neil');
SELECT CONCAT('{"id":',`t0`.`id`,',"name":',JSON_QUOTE(CONCAT(`t0`.`name`)),',"city":',JSON_QUOTE(CONCAT(`t0`.`city`)),ELT(COERCIBILITY(CONCAT(`t0`.`id`))-3,'}')) AS `row` FROM `users` AS `t0` WHERE `t0`.`id`=LAST_INSERT_ID() FOR UPDATE;

COMMIT;
