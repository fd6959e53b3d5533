import pytest, json
pytestmark = pytest.mark.anyio
async def test_y(engine, module_database, open_app):
    engine.execute("CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(10), email VARCHAR(100) UNIQUE, age INT)", module_database)
    async with open_app(engine.environment(module_database)) as c:
        async def imp(text, name="users.csv", q=""):
            if isinstance(text,str): text=text.encode()
            r = await c.post("/api/batch/import"+q, files={"file": (name, text, "text/csv")})
            print(r.status_code, r.text)
            return r
        await imp("name,email,age\nJohn,j@x,30\n\"Ann \"\"q\"\"\",a@x,\n,,\n\"\",c@x,5")
        print(engine.execute("select * from users", module_database))
        await imp("name,email,age\r\nJohn,j@x,30\r\nlooooooooooooooong,l@x,5\r\nx,n@x,abc\r\nok\\b,ok@x,1\r\na,b\r\n\"m\nl\",ml@x,2\r\nz,ok@x,99999999999\r\nz,zz@x,99999999999\r\n")
        print(engine.execute("select * from users", module_database))
        for f in ("../users.csv","users.txt","nope.csv","C:\\users.csv","users.csv.exe", ".csv"): await imp("name\nx\n", f)
        for h in ("nam\nx\n","name,name\nx,y\n","","\n", "id\n"): await imp(h)
        await imp("email,age\nj@x,31\nnew@x,1\n", q="?mode=upsert")
        await imp("email,age\nj@x,32\nnew2@x,1\n", q="?mode=ignore")
        await imp("id,age\n1,77\n9999,1\n", q="?mode=update")
        await imp("email,age\nnew3@x,32\nj@x,1\n", q="?dry_run=true")
        await imp("email,age\nj@x,32\nnew2@x,1\n", q="?errors=csv")
        print(engine.execute("select * from users", module_database))
        await imp("\ufeffname,email\rA,ra@x\rB,rb@x\r")
        await imp("name,email\r\nA,ut@x\r\n".encode("utf-16"))
        await imp(b"name,email\r\nA\xff,u8@x\r\nB,u9@x\n\"open,u7@x\nC,u10@x\n")
        print(engine.execute("select * from users", module_database))
