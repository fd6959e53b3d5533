import pytest, json
from tests.harness.engine import Engine
pytestmark = pytest.mark.anyio
async def test_x(engine, module_database, open_app):
    engine.execute("CREATE TABLE u (id INT PRIMARY KEY, name VARCHAR(100), b BLOB, d DECIMAL(8,2), dt DATETIME(3), f FLOAT, bb TINYINT(1), j JSON, s SET('a','b') NOT NULL, e ENUM('x','y'), l VARCHAR(20) CHARACTER SET latin1) CHARACTER SET utf8mb4" if engine.name!='embedded' else "CREATE TABLE u (id INT PRIMARY KEY, name VARCHAR(100), b BLOB, d DECIMAL(8,2), dt DATETIME(3), f FLOAT, bb TINYINT(1), j JSON, s SET('a','b') NOT NULL, e ENUM('x','y'), l VARCHAR(20))", module_database)
    engine.execute("INSERT INTO u VALUES (1,'a\"b,c\n''é😀', x'00ff', 1.5, '2024-01-02 03:04:05.125', 0.1, 5, '{\"a\": \"\\\\n\"}', 'a,b','x','é'),(2,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'',NULL,NULL),(3,'=1+2','',-1,NULL,NULL,0,'null','a','y','')", module_database)
    async with open_app(engine.environment(module_database)) as c:
        for p in ["/api/u/export?order=id","/api/batch/u/export?format=spreadsheet&order=id","/api/u/query?order=id"]:
            r = await c.get(p); print(r.status_code, r.headers); print(r.content)
        r = await c.get("/api/u/query?order=id&limit=2", headers={"accept":"application/x-ndjson","prefer":"count=exact"}); print(r.status_code, r.headers); print(r.text)
        r = await c.get("/api/u/query?order=id&limit=2&select=id,name", headers={"accept":"text/csv","prefer":"count=exact"}); print(r.status_code, r.headers); print(r.text)
        r = await c.get("/api/zz/export"); print(r.text)
        r = await c.get("/api/u/export?id=lt.0"); print(r.content)
from graphql_app.engine import execute
_o=execute.to_app_error
def dbg(e,*a,**k):
    print("ERR",e); return _o(e,*a,**k)
execute.to_app_error=dbg
from graphql_app.engine.connection import Connection
_q=Connection.query_stream
def qs(self,sql):
    print("SQL",sql); return _q(self,sql)
Connection.query_stream=qs
