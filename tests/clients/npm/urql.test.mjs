// urql against GRAPHQL_URL: with its document cache, and with Graphcache that knows the schema.
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { CombinedError, Client, cacheExchange, fetchExchange, gql } from "@urql/core";
import { cacheExchange as graphcache } from "@urql/exchange-graphcache";
import { relayPagination, simplePagination } from "@urql/exchange-graphcache/extras";
import { getIntrospectionQuery } from "graphql";

const url = process.env.GRAPHQL_URL;

function newClient(cache = cacheExchange, options = {}) {
  const seen = { count: 0 };
  const counting = (address, request) => {
    seen.count += 1;
    Object.assign(seen, { address: String(address), request });
    return fetch(address, request);
  };
  // `preferGetMethod` is off: urql would send short queries by GET otherwise.
  const settings = { url, fetch: counting, preferGetMethod: false, exchanges: [cache, fetchExchange], ...options };
  return { client: new Client(settings), seen };
}

async function newGraphcache() {
  const { client } = newClient();
  const { data } = await client.query(getIntrospectionQuery({ descriptions: false }), {}).toPromise();
  const complaints = [];
  const cache = graphcache({
    schema: data,
    keys: { ...withoutKey(data), order_items: ({ order_id, line }) => `${order_id}:${line}` },
    resolvers: {
      query_root: {
        customers: simplePagination({ offsetArgument: "offset", limitArgument: "limit" }),
        customers_connection: relayPagination(),
      },
    },
    updates: {
      mutation_root: {
        insert_users_one: (result, _given, cache) => invalidateUsers(cache),
        delete_users: (result, _given, cache) => {
          for (const user of result.delete_users.returning) cache.invalidate(user);
        },
      },
    },
    logger: (severity, message) => severity === "debug" || complaints.push(message.slice(0, 400)),
  });
  return { ...newClient(cache), complaints };
}

// Everything without an `id` belongs to the object it is in: figures, pages, edges, answers of mutations.
function withoutKey({ __schema: { types } }) {
  const keyless = types.filter(({ kind, fields }) => kind === "OBJECT" && !fields.some(({ name }) => name === "id"));
  return Object.fromEntries(keyless.map(({ name }) => [name, () => null]));
}

function invalidateUsers(cache) {
  for (const field of cache.inspectFields("query_root")) {
    if (field.fieldName === "users") cache.invalidate("query_root", field.fieldKey);
  }
}

function good({ data, error }) {
  assert.equal(error, undefined);
  return data;
}

const CUSTOMER = gql`
  query Customer($id: Int!) {
    customers_by_pk(id: $id) {
      ...Card
      orders(limit: 2, order_by: { id: asc }) {
        id
        customer {
          ...Card
        }
        order_items(order_by: { line: asc }) {
          order_id
          line
          product {
            id
            sku
          }
        }
      }
    }
    customers_aggregate {
      aggregate {
        count
      }
    }
  }
  fragment Card on customers {
    id
    name
    email
  }
`;

const USERS = gql`
  query Users($pattern: String!) {
    users(where: { email: { _like: $pattern } }, order_by: { email: asc }) {
      id
      name
    }
  }
`;
const ADD = gql`
  mutation Add($name: String!, $email: String!) {
    insert_users_one(object: { name: $name, email: $email }) {
      id
      name
    }
  }
`;
const RENAME = gql`
  mutation Rename($id: Int!, $name: String!) {
    update_users_by_pk(pk_columns: { id: $id }, _set: { name: $name }) {
      id
      name
    }
  }
`;
const DELETE = gql`
  mutation Delete($pattern: String!) {
    delete_users(where: { email: { _like: $pattern } }) {
      affected_rows
      returning {
        id
      }
    }
  }
`;

after(async () => {
  good(await newClient().client.mutation(DELETE, { pattern: "urql-%" }).toPromise());
});

test("a query with variables, nested objects and fragments", async () => {
  const { client, seen } = newClient();
  const { customers_by_pk: customer, customers_aggregate } = good(await client.query(CUSTOMER, { id: 1 }).toPromise());
  assert.equal(customer.email, "customer1@example.com");
  assert.equal(customer.orders.length, 2);
  assert.deepEqual(customer.orders[0].customer, {
    __typename: "customers",
    id: 1,
    name: customer.name,
    email: customer.email,
  });
  assert.equal(customer.orders[0].order_items[0].order_id, customer.orders[0].id);
  assert.ok(customers_aggregate.aggregate.count > 200);
  assert.equal(seen.count, 1);
});

test("short queries by GET, as urql sends them unless told otherwise", async () => {
  const { client, seen } = newClient(cacheExchange, { preferGetMethod: true });
  const { customers_by_pk: customer } = good(await client.query(CUSTOMER, { id: 3 }).toPromise());
  assert.equal(customer.email, "customer3@example.com");
  assert.equal(seen.request.method, "GET");
  assert.match(seen.address, /\?.*query=/);
});

test("the document cache asks again after a mutation of the same type, and only then", async () => {
  const { client, seen } = newClient();
  const variables = { pattern: "urql-document-%" };
  const names = async () => good(await client.query(USERS, variables).toPromise()).users.map((user) => user.name);
  // An empty list has no type to go by, so urql is told which one the query depends on.
  const context = { additionalTypenames: ["users"] };
  assert.deepEqual(good(await client.query(USERS, variables, context).toPromise()).users, []);
  const { insert_users_one: made } = good(
    await client.mutation(ADD, { name: "Una", email: "urql-document-1@example.com" }).toPromise(),
  );
  assert.deepEqual(await names(), ["Una"]);
  assert.deepEqual(await names(), ["Una"]);
  assert.equal(seen.count, 3);
  assert.equal(made.__typename, "users");
});

test("Graphcache keeps rows once, and a mutation changes them everywhere", async () => {
  const { client, seen, complaints } = await newGraphcache();
  const variables = { pattern: "urql-graph-%" };
  const names = async () => good(await client.query(USERS, variables).toPromise()).users.map((user) => user.name);
  assert.deepEqual(await names(), []);
  const { insert_users_one: made } = good(
    await client.mutation(ADD, { name: "First", email: "urql-graph-1@example.com" }).toPromise(),
  );
  assert.deepEqual(await names(), ["First"]);
  good(await client.mutation(RENAME, { id: made.id, name: "Renamed" }).toPromise());
  assert.deepEqual(await names(), ["Renamed"]);
  assert.equal(seen.count, 4, "the renamed row came from the cache");
  assert.equal(good(await client.mutation(DELETE, variables).toPromise()).delete_users.affected_rows, 1);
  assert.deepEqual(await names(), []);
  assert.deepEqual(complaints, []);
});

test("Graphcache answers a part of what it knows without asking", async () => {
  const { client, seen, complaints } = await newGraphcache();
  good(await client.query(CUSTOMER, { id: 1 }).toPromise());
  const part = gql("query Part($id: Int!) { customers_by_pk(id: $id) { id email } }");
  const { customers_by_pk: customer } = good(await client.query(part, { id: 1 }).toPromise());
  assert.equal(customer.email, "customer1@example.com");
  assert.equal(seen.count, 1);
  assert.deepEqual(complaints, []);
});

test("Graphcache pages by offset", async () => {
  const { client, complaints } = await newGraphcache();
  const page = gql(`query Page($limit: Int!, $offset: Int!) {
    customers(limit: $limit, offset: $offset, order_by: { id: asc }, where: { id: { _lte: 30 } }) { id }
  }`);
  let rows = [];
  for (const offset of [0, 10, 20]) {
    ({ customers: rows } = good(await client.query(page, { limit: 10, offset }).toPromise()));
    assert.equal(rows.length, offset + 10);
  }
  assert.deepEqual(
    rows.map((row) => row.id),
    Array.from({ length: 30 }, (_, index) => index + 1),
  );
  assert.deepEqual(complaints, []);
});

test("Graphcache pages by cursor", async () => {
  const { client, complaints } = await newGraphcache();
  const page = gql(`query Page($first: Int!, $after: String) {
    customers_connection(first: $first, after: $after, order_by: { id: desc }, where: { id: { _lte: 25 } }) {
      edges { cursor node { id } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }`);
  let connection = good(await client.query(page, { first: 10 }).toPromise()).customers_connection;
  for (const length of [20, 25]) {
    const variables = { first: 10, after: connection.pageInfo.endCursor };
    connection = good(await client.query(page, variables).toPromise()).customers_connection;
    assert.equal(connection.edges.length, length);
  }
  assert.equal(connection.pageInfo.hasNextPage, false);
  assert.deepEqual(
    connection.edges.map((edge) => edge.node.id),
    Array.from({ length: 25 }, (_, index) => 25 - index),
  );
  assert.deepEqual(complaints, []);
});

test("failures are CombinedErrors with a code", async () => {
  const { client } = newClient();
  const twice = { name: "Twice", email: "ada@example.com" };
  const failures = [
    [await client.mutation(ADD, twice).toPromise(), "constraint-violation", "DUPLICATE_ENTRY"],
    [await client.query("{ users { no_such } }", {}).toPromise(), "validation-failed", "GRAPHQL_VALIDATION_FAILED"],
    [await client.query(CUSTOMER, { id: "one" }).toPromise(), "validation-failed", "GRAPHQL_VALIDATION_FAILED"],
  ];
  for (const [{ data, error }, code, reason] of failures) {
    assert.ok(error instanceof CombinedError, String(error));
    assert.equal(error.networkError, undefined);
    assert.equal(error.graphQLErrors.length, 1);
    assert.equal(error.graphQLErrors[0].extensions.code, code);
    assert.equal(error.graphQLErrors[0].extensions.reason, reason);
    assert.ok(data == null || Object.values(data).every((field) => field === null));
  }
});
