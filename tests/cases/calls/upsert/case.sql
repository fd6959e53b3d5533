START TRANSACTION;
SAVEPOINT rows_;

SELECT `id` FROM `words` WHERE `word`='dog' FOR UPDATE;
SELECT `id` FROM `words` WHERE `word`='emu' FOR UPDATE;
SELECT `id` FROM `words` WHERE `word`='owl' FOR UPDATE;

UPDATE `words` AS `t0` SET `t0`.`hits`=4 WHERE `t0`.`id`=1 AND `t0`.`hits`<9;
UPDATE `words` AS `t0` SET `t0`.`hits`=10 WHERE `t0`.`id`=3 AND `t0`.`hits`<9;

INSERT INTO `words` (`word`,`hits`) VALUES ('emu',DEFAULT);

SELECT CONCAT(`t0`.`id`,'{"id":',`t0`.`id`,',"word":',JSON_QUOTE(CONCAT(`t0`.`word`)),',"hits":',`t0`.`hits`,',"note":',IFNULL(JSON_QUOTE(CONCAT(`t0`.`note`)),'null'),ELT(COERCIBILITY(CONCAT(`t0`.`id`,`t0`.`hits`))-3,'}')) AS `grouped` FROM `words` AS `t0` WHERE `t0`.`id` IN (1,4) FOR UPDATE;

SELECT `id` FROM `words` WHERE `word`='cat' FOR UPDATE;

COMMIT;
