START TRANSACTION;
UPDATE `documents` AS `t0` SET `t0`.`doc`=CASE JSON_TYPE(`t0`.`doc`) WHEN 'OBJECT' THEN JSON_SET(`t0`.`doc`,'$."d"',COALESCE(JSON_EXTRACT('"new"','$'))) ELSE JSON_MERGE_PRESERVE(`t0`.`doc`,COALESCE(JSON_EXTRACT('{"d":"new"}','$'))) END,`t0`.`tags`=JSON_MERGE_PRESERVE(`t0`.`tags`,COALESCE(JSON_EXTRACT('"w"','$'))) WHERE `t0`.`id`=1;
SELECT CONCAT('{"doc":',IFNULL(CAST(`t0`.`doc` AS JSON),'null'),',"tags":',IFNULL(CAST(`t0`.`tags` AS JSON),'null'),'}') AS `row` FROM `documents` AS `t0` WHERE `t0`.`id`=1 FOR UPDATE;

UPDATE `documents` AS `t0` SET `t0`.`tags`=JSON_MERGE_PRESERVE(COALESCE(JSON_EXTRACT('"w"','$')),`t0`.`tags`),`t0`.`doc`=CASE JSON_TYPE(`t0`.`doc`) WHEN 'OBJECT' THEN CASE JSON_TYPE(JSON_EXTRACT(`t0`.`doc`,'$."a"')) WHEN 'OBJECT' THEN CASE JSON_TYPE(JSON_EXTRACT(`t0`.`doc`,'$."a"."b"')) WHEN 'OBJECT' THEN JSON_REMOVE(`t0`.`doc`,'$."a"."b"."1"') WHEN 'ARRAY' THEN JSON_REMOVE(`t0`.`doc`,'$."a"."b"[1]') ELSE `t0`.`doc` END ELSE `t0`.`doc` END ELSE `t0`.`doc` END WHERE `t0`.`id`=2;
SELECT CONCAT('{"doc":',IFNULL(CAST(`t0`.`doc` AS JSON),'null'),',"tags":',IFNULL(CAST(`t0`.`tags` AS JSON),'null'),'}') AS `row` FROM `documents` AS `t0` WHERE `t0`.`id`=2 FOR UPDATE;

UPDATE `documents` AS `t0` SET `t0`.`doc`=CASE JSON_TYPE(`t0`.`doc`) WHEN 'OBJECT' THEN JSON_REMOVE(`t0`.`doc`,'$."a"') WHEN 'ARRAY' THEN (SELECT CONCAT('[',IFNULL(GROUP_CONCAT(IFNULL(item_.value_,'null') ORDER BY item_.place_ SEPARATOR ','),''),']') FROM JSON_TABLE(`t0`.`doc`,'$[*]' COLUMNS(place_ FOR ORDINALITY, value_ JSON PATH '$')) AS item_ WHERE NOT IFNULL(JSON_TYPE(item_.value_)='STRING' AND HEX(CONVERT(JSON_UNQUOTE(item_.value_) USING utf8mb4))='61',0)) ELSE `t0`.`doc` END,`t0`.`tags`=CASE JSON_TYPE(`t0`.`tags`) WHEN 'ARRAY' THEN JSON_REMOVE(`t0`.`tags`,CONCAT('$',CONCAT('[',IF(JSON_LENGTH(`t0`.`tags`,'$')<1,JSON_LENGTH(`t0`.`tags`,'$'),JSON_LENGTH(`t0`.`tags`,'$')-1),']'))) ELSE `t0`.`tags` END WHERE `t0`.`id`=3;
SELECT CONCAT('{"doc":',IFNULL(CAST(`t0`.`doc` AS JSON),'null'),',"tags":',IFNULL(CAST(`t0`.`tags` AS JSON),'null'),'}') AS `row` FROM `documents` AS `t0` WHERE `t0`.`id`=3 FOR UPDATE;

COMMIT;
