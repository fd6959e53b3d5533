// postgrest-js, the client of PostgREST, against `/rest` beside GRAPHQL_URL: what its reference lists and MySQL can mean.
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { PostgrestClient } from "@supabase/postgrest-js";

const rest = new PostgrestClient(new URL("/rest", process.env.GRAPHQL_URL).href);
const NAMES = ["Rest One", "Rest Two", "Rest Three"];
const rows = NAMES.map((name, place) => ({ name, email: `rest${place}@example.com`, age: 900 + place }));

after(() => rest.from("users").delete().gte("age", 900));

async function fresh() {
  await rest.from("users").delete().gte("age", 900);
  const { error, status } = await rest.from("users").insert(rows);
  assert.deepEqual([error, status], [null, 201]);
}

async function names(query) {
  const { data, error } = await query;
  assert.equal(error, null);
  return data.map((each) => each.name);
}

const users = () => rest.from("users").select("name").gte("age", 900).order("age");

test("select", async () => {
  const { data, error, status, count } = await rest.from("tags").select("id,name").order("id").limit(2);
  assert.deepEqual([error, status, count, data.length, data[0]], [null, 200, null, 2, { id: 1, name: "bestseller" }]);
  const renamed = await rest.from("tags").select("title:name").eq("id", 1);
  assert.deepEqual(renamed.data, [{ title: "bestseller" }]);
});

test("select related rows", async () => {
  const { data, error } = await rest
    .from("customers")
    .select("name, orders!inner(id, state), referred_by!inner(name)")
    .order("id")
    .order("id", { referencedTable: "orders" })
    .limit(1, { referencedTable: "orders" })
    .limit(1);
  assert.equal(error, null);
  assert.equal(typeof data[0].referred_by.name, "string");
  assert.equal(data[0].orders.length, 1);
  const byTable = await rest.from("orders").select("id, customers(name)").order("id").limit(1);
  assert.equal(typeof byTable.data[0].customers.name, "string");
  const hinted = await rest.from("orders").select("id, where:addresses!billing_address_id(city)").order("id").limit(1);
  assert.equal(typeof hinted.data[0].where.city, "string");
  const several = await rest.from("orders").select("id, addresses(city)");
  assert.equal(several.error.code, "PGRST200");
  const without = await rest.from("customers").select("id, orders()").is("orders", null).limit(3);
  assert.equal(without.error, null);
});

test("count and head", async () => {
  const { data, count, status } = await rest.from("tags").select("*", { count: "exact", head: true });
  assert.deepEqual([data, status], [null, 200]);
  const page = await rest.from("tags").select("id", { count: "exact" }).order("id").range(1, 2);
  assert.deepEqual([page.count, page.status, page.data], [count, 206, [{ id: 2 }, { id: 3 }]]);
  assert.equal(typeof (await rest.from("orders").select("id", { count: "planned", head: true })).count, "number");
  assert.equal((await rest.from("tags").select("id", { count: "estimated", head: true })).count, count);
  const beyond = await rest.from("tags").select("id", { count: "exact" }).range(9000, 9001);
  assert.deepEqual([beyond.status, beyond.error.code], [416, "PGRST103"]);
});

test("filters", async () => {
  await fresh();
  assert.deepEqual(await names(users()), NAMES);
  assert.deepEqual(await names(users().eq("name", "Rest One")), NAMES.slice(0, 1));
  assert.deepEqual(await names(users().neq("name", "Rest One")), NAMES.slice(1));
  assert.deepEqual(await names(users().gt("age", 901)), NAMES.slice(2));
  assert.deepEqual(await names(users().lt("age", 901)), NAMES.slice(0, 1));
  assert.deepEqual(await names(users().lte("age", 901)), NAMES.slice(0, 2));
  assert.deepEqual(await names(users().like("name", "Rest T%")), NAMES.slice(1));
  assert.deepEqual(await names(users().ilike("name", "rest t%")), NAMES.slice(1));
  assert.deepEqual(await names(users().likeAllOf("name", ["Rest%", "%o"])), NAMES.slice(1, 2));
  assert.deepEqual(await names(users().likeAnyOf("name", ["%One", "%Two"])), NAMES.slice(0, 2));
  assert.deepEqual(await names(users().ilikeAllOf("name", ["rest%", "%O"])), NAMES.slice(1, 2));
  assert.deepEqual(await names(users().ilikeAnyOf("name", ["%one", "%two"])), NAMES.slice(0, 2));
  assert.deepEqual(await names(users().is("name", null)), []);
  assert.deepEqual(await names(users().in("name", ["Rest One", "Rest Three"])), [NAMES[0], NAMES[2]]);
  assert.deepEqual(await names(users().match({ name: "Rest Two", age: 901 })), NAMES.slice(1, 2));
  assert.deepEqual(await names(users().not("name", "eq", "Rest Two")), [NAMES[0], NAMES[2]]);
  assert.deepEqual(await names(users().not("name", "in", '("Rest Two")')), [NAMES[0], NAMES[2]]);
  assert.deepEqual(await names(users().or("name.eq.Rest Two,and(age.gt.901,age.lt.903)")), NAMES.slice(1));
  assert.deepEqual(await names(users().filter("name", "imatch", "^rest t")), NAMES.slice(1));
  assert.deepEqual(await names(users().filter("name", "isdistinct", "Rest One")), NAMES.slice(1));
});

test("order", async () => {
  await fresh();
  const order = rest.from("users").select("name").gte("age", 900);
  assert.deepEqual(await names(order.order("age", { ascending: false, nullsFirst: false })), [...NAMES].reverse());
});

test("one row", async () => {
  const { data, error } = await rest.from("tags").select("name").eq("id", 1).single();
  assert.deepEqual([data, error], [{ name: "bestseller" }, null]);
  const none = await rest.from("tags").select("name").eq("id", -1).single();
  assert.deepEqual([none.status, none.error.code, none.data], [406, "PGRST116", null]);
  const several = await rest.from("tags").select("name").single();
  assert.equal(several.error.code, "PGRST116");
  assert.deepEqual((await rest.from("tags").select("name").eq("id", -1).maybeSingle()).data, null);
  assert.deepEqual((await rest.from("tags").select("name").eq("id", 1).maybeSingle()).data, { name: "bestseller" });
});

test("csv", async () => {
  const { data } = await rest.from("tags").select("id,name").order("id").limit(1).csv();
  assert.equal(data, 'id,name\r\n1,"bestseller"\r\n');
});

test("insert", async () => {
  await rest.from("users").delete().gte("age", 900);
  const one = await rest.from("users").insert(rows[0]).select("name,age").single();
  assert.deepEqual([one.error, one.status, one.data], [null, 201, { name: "Rest One", age: 900 }]);
  const more = await rest.from("users").insert(rows.slice(1), { count: "exact" }).select("name");
  assert.deepEqual([more.count, more.data.map((each) => each.name)], [2, NAMES.slice(1)]);
  const quiet = await rest.from("users").insert({ name: "Quiet", age: 950 }, { defaultToNull: false });
  assert.deepEqual([quiet.data, quiet.status, quiet.error], [null, 201, null]);
  const taken = await rest.from("users").insert({ email: rows[0].email });
  assert.deepEqual([taken.status, taken.error.code, taken.error.details.split(" ")[0]], [409, "23505", "DUPLICATE_ENTRY"]);
});

test("upsert", async () => {
  await fresh();
  const { data, error } = await rest
    .from("users")
    .upsert([{ email: rows[0].email, name: "Changed", age: 905 }, { email: "rest9@example.com", name: "New", age: 909 }], { onConflict: "email" })
    .select("name,age");
  assert.deepEqual([error, data], [null, [{ name: "Changed", age: 905 }, { name: "New", age: 909 }]]);
  const ignored = await rest.from("users").upsert({ email: rows[1].email, name: "No" }, { onConflict: "email", ignoreDuplicates: true }).select();
  assert.deepEqual([ignored.error, ignored.data], [null, []]);
  const wrong = await rest.from("users").upsert({ age: 1 }, { onConflict: "age" });
  assert.equal(wrong.status, 400);
});

test("update", async () => {
  await fresh();
  const quiet = await rest.from("users").update({ name: "Changed" }).eq("age", 900);
  assert.deepEqual([quiet.status, quiet.data, quiet.error], [204, null, null]);
  const shown = await rest.from("users").update({ name: "All" }, { count: "exact" }).gte("age", 900).select("name");
  assert.deepEqual([shown.status, shown.count, shown.data.length], [200, 3, 3]);
  assert.deepEqual((await rest.from("users").update({ name: "All" })).error.code, "21000");
  const most = await rest.from("users").update({ name: "No" }).gte("age", 900).maxAffected(2);
  assert.deepEqual([most.status, most.error.code], [400, "PGRST124"]);
});

test("delete", async () => {
  await fresh();
  const shown = await rest.from("users").delete({ count: "exact" }).eq("name", "Rest One").select("name");
  assert.deepEqual([shown.status, shown.count, shown.data], [200, 1, [{ name: "Rest One" }]]);
  assert.equal((await rest.from("users").delete().eq("name", "Rest Two")).status, 204);
  assert.deepEqual(await names(users()), NAMES.slice(2));
  assert.equal((await rest.from("users").delete()).error.code, "21000");
});

test("rollback", async () => {
  await fresh();
  const { data, error } = await rest.from("users").delete().gte("age", 900).rollback().select("name");
  assert.deepEqual([error, data.length], [null, 3]);
  assert.deepEqual(await names(users()), NAMES);
});

test("errors", async () => {
  const table = await rest.from("user").select();
  assert.deepEqual([table.status, table.error.code, table.error.hint], [404, "PGRST205", "did you mean 'users'?"]);
  const column = await rest.from("users").select("nam");
  assert.deepEqual([column.status, column.error.code], [400, "42703"]);
  await assert.rejects(async () => await rest.from("user").select().throwOnError(), { code: "PGRST205" });
  const stopped = new AbortController();
  stopped.abort();
  assert.match((await rest.from("users").select().abortSignal(stopped.signal)).error.message, /abort/i);
  const schema = await rest.schema("nope").from("users").select();
  assert.deepEqual([schema.status, schema.error.code], [406, "PGRST107"]);
  assert.equal((await rest.schema("public").from("tags").select().limit(1)).error, null);
});
