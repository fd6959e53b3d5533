// What relay-compiler made of src/documents.js, run by Relay's runtime against GRAPHQL_URL.
import assert from "node:assert/strict";
import { test } from "node:test";

import relay from "relay-runtime";

import addMutation from "./generated/documentsAddMutation.graphql.js";
import customerQuery from "./generated/documentsCustomerQuery.graphql.js";
import deleteMutation from "./generated/documentsDeleteMutation.graphql.js";
import nextPageQuery from "./generated/documentsNextPageQuery.graphql.js";
import pageQuery from "./generated/documentsPageQuery.graphql.js";
import renameMutation from "./generated/documentsRenameMutation.graphql.js";

const CONNECTION = "documentsList_customers_connection";
const where = { id: { _lte: 25 } };

// Keys are of a table, not of the whole database: rows of two tables may share one.
const getDataID = ({ id }, type) => (id == null ? null : `${type}:${id}`);

function newEnvironment() {
  const seen = { count: 0 };
  const network = relay.Network.create(async ({ text }, variables) => {
    seen.count += 1;
    const response = await fetch(process.env.GRAPHQL_URL, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/graphql-response+json" },
      body: JSON.stringify({ query: text, variables }),
    });
    return response.json();
  });
  const store = new relay.Store(new relay.RecordSource());
  return { seen, environment: new relay.Environment({ network, store, getDataID }) };
}

const get = (environment, query, variables) => relay.fetchQuery(environment, query, variables).toPromise();

const commit = (environment, mutation, variables) =>
  new Promise((resolve, reject) => {
    relay.commitMutation(environment, { mutation, variables, onCompleted: resolve, onError: reject });
  });

function connectionOf(environment) {
  const found = {};
  environment.commitUpdate((store) => {
    const connection = relay.ConnectionHandler.getConnection(store.getRoot(), CONNECTION, { where });
    const page = connection.getLinkedRecord("pageInfo");
    found.ids = connection.getLinkedRecords("edges").map((edge) => edge.getLinkedRecord("node").getDataID());
    found.endCursor = page.getValue("endCursor");
    found.hasNextPage = page.getValue("hasNextPage");
    found.totalCount = connection.getValue("totalCount");
  });
  return found;
}

test("a connection grows page by page", async () => {
  const { environment, seen } = newEnvironment();
  await get(environment, pageQuery, { first: 10 });
  let connection = connectionOf(environment);
  assert.equal(connection.totalCount, 25);
  while (connection.hasNextPage && seen.count < 10) {
    await get(environment, nextPageQuery, { first: 10, after: connection.endCursor, where });
    connection = connectionOf(environment);
  }
  assert.equal(seen.count, 3);
  assert.deepEqual(
    connection.ids,
    Array.from({ length: 25 }, (_, index) => `customers:${index + 1}`),
  );
});

test("rows of one table meet in the store, rows of two tables do not", async () => {
  const { environment } = newEnvironment();
  await get(environment, pageQuery, { first: 3 });
  const data = await get(environment, customerQuery, { id: 1, withOrders: true });
  assert.equal(data.customers_by_pk.id, 1);
  assert.ok(data.customers_by_pk.orders_aggregate.aggregate.count > 0);
  const rows = environment.getStore().getSource();
  assert.match(rows.get("customers:1").name, /^\w+ \S+/);
  const order = rows.get("customers:1")['orders(limit:1,order_by:{"id":"asc"})'].__refs[0];
  assert.match(order, /^orders:\d+$/);
  assert.equal(rows.get(order).__typename, "orders");
});

test("a mutation changes the row in the store", async () => {
  const { environment } = newEnvironment();
  await get(environment, customerQuery, { id: 240, withOrders: false });
  const before = environment.getStore().getSource().get("customers:240").name;
  try {
    await commit(environment, renameMutation, { id: 240, name: "Relay" });
    assert.equal(environment.getStore().getSource().get("customers:240").name, "Relay");
  } finally {
    await commit(environment, renameMutation, { id: 240, name: before });
  }
  assert.equal(environment.getStore().getSource().get("customers:240").name, before);
});

test("a new row is appended to a connection", async () => {
  const { environment } = newEnvironment();
  await get(environment, pageQuery, { first: 3 });
  const connections = [relay.ConnectionHandler.getConnectionID(relay.ROOT_ID, CONNECTION, { where })];
  const object = { name: "Relay", email: "relay@example.com" };
  const { insert_customers_one: made } = await commit(environment, addMutation, { connections, object });
  await commit(environment, deleteMutation, { id: made.id });
  assert.deepEqual(connectionOf(environment).ids, ["customers:1", "customers:2", "customers:3", `customers:${made.id}`]);
});

test("a variable that is left out takes the default of the document", async () => {
  const { environment } = newEnvironment();
  await get(environment, nextPageQuery, {});
  assert.equal(connectionOf(environment).ids.length, 10);
});

test("a failure reaches the caller", async () => {
  const { environment } = newEnvironment();
  await assert.rejects(get(environment, customerQuery, { id: "one", withOrders: false }), (error) => {
    assert.match(JSON.stringify(error.source.errors), /"validation-failed"/);
    return true;
  });
});
