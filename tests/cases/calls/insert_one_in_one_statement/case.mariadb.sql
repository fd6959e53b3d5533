START TRANSACTION;
INSERT INTO `users` (`name`) VALUES ('O\'Neil') RETURNING CONCAT('{"id":',`users`.`id`,',"name":',JSON_QUOTE(CONCAT(`users`.`name`)),',"city":',JSON_QUOTE(CONCAT(`users`.`city`)),ELT(EXP(1000*(4-COERCIBILITY(CONCAT(`users`.`id`)))),'}')) AS `row`;

COMMIT;
