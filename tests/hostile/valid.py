"""Requests of the sample database that are right, one of each kind: what the generated hostile ones begin as."""

from __future__ import annotations

from dataclasses import dataclass

OPERATIONS: tuple[tuple[str, dict[str, object]], ...] = (
    ("query($n:String){users(where:{name:{_eq:$n}} order_by:[{id:asc}] limit:3){id name email age}}", {"n": "x"}),
    ("query($i:Int!){users_by_pk(id:$i){id name}}", {"i": 1}),
    (
        "{customers(limit:2 order_by:{orders_aggregate:{count:desc}}){name orders(limit:1){id order_items{quantity}}}}",
        {},
    ),
    ("{products_aggregate(where:{price:{_gt:1}}){aggregate{count avg{price} max{name}} nodes{id}}}", {}),
    (
        "query($f:Int $a:String){users_connection(first:$f after:$a){edges{cursor node{id}} pageInfo{hasNextPage}}}",
        {"f": 2, "a": None},
    ),
    ("query($w:customers_bool_exp){customers(where:$w limit:2){id}}", {"w": {"_or": [{"id": {"_in": [1, 2]}}]}}),
    (
        "query($o:[orders_order_by!] $l:Int){orders(order_by:$o limit:$l offset:1){id}}",
        {"o": [{"id": "desc_nulls_last"}], "l": 5},
    ),
    (
        "mutation($o:[users_insert_input!]!){insert_users(objects:$o){affected_rows returning{id}}}",
        {"o": [{"name": "f", "age": 3}]},
    ),
    (
        "mutation($e:String){insert_users_one(object:{email:$e}"
        " on_conflict:{constraint:email update_columns:[age]}){id}}",
        {"e": "fuzz@example.com"},
    ),
    ("mutation($a:Int){update_users(where:{id:{_eq:-1}} _set:{age:$a} _inc:{age:1}){affected_rows}}", {"a": 4}),
    ("mutation($w:users_bool_exp!){delete_users(where:$w){affected_rows}}", {"w": {"id": {"_eq": -1}}}),
    ("query Q($s:Boolean!){users(limit:1){...F}} fragment F on users{id @skip(if:$s) name}", {"s": True}),
    ('{users(where:{name:{_ilike:"%a%"} _not:{age:{_between:[1,2]}}}){id}}', {}),
    ('{products(where:{attributes:{_has_key:"a"}} limit:1){id attributes(path:"$.a") state}}', {}),
    ('{__schema{queryType{name}} __type(name:"users"){fields{name type{kind}}}}', {}),
    ("{type_samples(limit:3){id}}", {}),
)
"""Documents with their variables."""

ADDRESSES: tuple[bytes, ...] = (
    b"/api/users/query",
    b"/api/users/query?age=gte.40&order=age.desc&select=name,age&limit=5&offset=1",
    b"/api/users/query?or=(age.eq.1,not.and(name.like.a*,age.is.null))",
    b"/api/users/query?name=in.(%22a%22,b)&age=not.between.(1,2)",
    b"/api/customers/query?select=id,shown:name,orders!inner(id,order_items(*))&limit=2",
    b"/api/customers/query?order=name.asc.nullslast,id.desc&born_on=lt.2000-01-01",
    b"/api/products/query?price=gt.3.5&name=starts_with.a&description=imatch.%5Ea",
    b"/api/users/export",
    b"/api/batch/users/export?select=id,name",
    b"/api/orders/export?id=lt.3&format=excel",
    b"/graphql?query=%7Busers(limit:1)%7Bid%7D%7D",
    b"/graphql?query=query(%24i:Int!)%7Busers_by_pk(id:%24i)%7Bid%7D%7D&variables=%7B%22i%22:1%7D",
    b"/openapi.json?table=users",
    b"/healthz",
    b"/readyz",
    b"/",
    b"/docs",
    b"/data",
    b"/graphiql",
)
"""What GET takes."""

BODIES: tuple[tuple[str, bytes, object], ...] = (
    ("POST", b"/api/users", {"input": {"name": "f", "email": None, "age": 30}}),
    ("POST", b"/api/users", {"input": [{"name": "f"}, {"age": 1}]}),
    ("POST", b"/api/users/query", {"input": {"age": [1, 2], "name": None}}),
    ("POST", b"/api/orders/query", {"input": {}}),
    ("PUT", b"/api/users", {"input": {"age": 31}, "where": {"id": -1}}),
    ("DELETE", b"/api/users", {"input": {"id": -1}}),
    ("POST", b"/api/type_samples/query", {"input": {"id": 1}}),
    ("POST", b"/admin/reload", {}),
)
"""REST requests with a body."""

HEADERS: tuple[tuple[str, bytes], ...] = (
    ("Accept", b"application/graphql-response+json"),
    ("Accept", b"text/csv"),
    ("Prefer", b"count=exact, return=representation"),
    ("Idempotency-Key", b"k1"),
    ("Origin", b"http://example.com"),
    ("If-None-Match", b'"x"'),
    ("Accept-Encoding", b"gzip"),
    ("X-Request-Id", b"r1"),
    ("Authorization", b"Bearer x"),
    ("Range", b"bytes=0-5"),
    ("Content-Type", b"application/json; charset=utf-8"),
    ("Access-Control-Request-Method", b"POST"),
    ("Upgrade", b"websocket"),
    ("Expect", b"100-continue"),
)
"""What headers clients send."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A CSV file for the import."""

    name: str
    query: bytes
    content: bytes


UPLOADS: tuple[Upload, ...] = (
    Upload("users.csv", b"?dry_run=true", b'name,email,age\nA,a@x,1\n"B ""b""",,\n'),
    Upload("users.csv", b"?mode=upsert&dry_run=true", b'id,name\r\n1,x\r\n2,"y\r\nz"\r\n'),
    Upload("users.csv", b"?mode=update&errors=csv", b"id,age\n-1,2\n-2,x\n"),
    Upload("tags.csv", b"?mode=ignore&dry_run=true", b'name\nt1\n\n""\n'),
    Upload("customers.csv", b"?dry_run=true", b"\xef\xbb\xbfname,email,born_on\nA,b,2000-01-01\n"),
)
"""Files that can be imported."""
