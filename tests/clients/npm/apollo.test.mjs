// Apollo Client, without React, against GRAPHQL_URL: as an application uses it, cache and all.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { BatchHttpLink } from "@apollo/client/link/batch-http";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { offsetLimitPagination, relayStylePagination } from "@apollo/client/utilities";
import { filter, firstValueFrom } from "rxjs";

const uri = process.env.GRAPHQL_URL;

// What an application says about this schema: tables whose key is not `id`, and the lists that it pages through.
const typePolicies = {
  query_root: {
    queryType: true,
    fields: {
      customers: offsetLimitPagination(["where", "order_by"]),
      customers_connection: relayStylePagination(["where", "order_by"]),
    },
  },
  order_items: { keyFields: ["order_id", "line"] },
};

function newClient(link = new HttpLink({ uri })) {
  return new ApolloClient({ link, cache: new InMemoryCache({ typePolicies }) });
}

// A link that counts what goes over the wire, and keeps the last request.
function watched(options = {}) {
  const seen = { count: 0 };
  const counting = (address, request) => {
    seen.count += 1;
    Object.assign(seen, { address, request });
    return fetch(address, request);
  };
  return { seen, fetch: counting, link: new HttpLink({ uri, fetch: counting, ...options }) };
}

// A query that is being shown, once its first page is there.
async function shown(client, options) {
  const query = client.watchQuery(options);
  const watching = query.subscribe();
  const ready = query.pipe(filter((result) => result.dataState === "complete"));
  await firstValueFrom(ready);
  return { query, close: () => watching.unsubscribe() };
}

// The next page, once it is shown; `rows` finds the rows in the data.
async function showMore(query, variables, rows) {
  const before = rows(query.getCurrentResult().data).length;
  await query.fetchMore({ variables });
  await firstValueFrom(query.pipe(filter(({ data }) => rows(data).length > before)));
}

const CARD = gql`
  fragment Card on customers {
    id
    name
    email
  }
`;

const ORDERS_OF_CUSTOMER = gql`
  query OrdersOfCustomer($id: Int!, $limit: Int = 2, $withItems: Boolean! = true) {
    customer: customers_by_pk(id: $id) {
      ...Card
      orders(limit: $limit, order_by: { id: desc }) {
        id
        customer_id
        customer {
          ...Card
        }
        order_items(order_by: { line: asc }) @include(if: $withItems) {
          order_id
          line
          product {
            id
            sku
          }
        }
      }
      orders_aggregate {
        aggregate {
          count
        }
      }
    }
  }
  ${CARD}
`;

test("a query with variables, nested objects and fragments", async () => {
  const { data } = await newClient().query({ query: ORDERS_OF_CUSTOMER, variables: { id: 1 } });
  assert.equal(data.customer.__typename, "customers");
  assert.equal(data.customer.email, "customer1@example.com");
  assert.equal(data.customer.orders.length, 2);
  assert.ok(BigInt(data.customer.orders[0].id) > BigInt(data.customer.orders[1].id));
  for (const order of data.customer.orders) {
    assert.equal(order.customer_id, 1);
    assert.deepEqual(order.customer, {
      __typename: "customers",
      id: 1,
      name: data.customer.name,
      email: "customer1@example.com",
    });
    assert.ok(order.order_items.length > 0);
    order.order_items.forEach((item, index) => {
      assert.equal(item.order_id, order.id);
      assert.equal(item.line, index + 1);
      assert.equal(item.product.sku, `SKU-${String(item.product.id).padStart(5, "0")}`);
    });
  }
  assert.ok(data.customer.orders_aggregate.aggregate.count >= 2);
});

test("a directive leaves a field out", async () => {
  const variables = { id: 1, limit: 1, withItems: false };
  const { data } = await newClient().query({ query: ORDERS_OF_CUSTOMER, variables });
  assert.equal(data.customer.orders.length, 1);
  assert.equal("order_items" in data.customer.orders[0], false);
});

test("rows are kept once in the cache, by __typename and key", async () => {
  const client = newClient();
  const { data } = await client.query({ query: ORDERS_OF_CUSTOMER, variables: { id: 1 } });
  const cache = client.cache.extract();
  const order = data.customer.orders[0];
  assert.equal(cache["customers:1"].email, "customer1@example.com");
  assert.deepEqual(cache[`orders:${order.id}`].customer, { __ref: "customers:1" });
  const item = order.order_items[0];
  assert.equal(cache[`order_items:{"order_id":"${order.id}","line":1}`].product.__ref, `products:${item.product.id}`);
  assert.deepEqual(client.readFragment({ fragment: CARD, id: "customers:1" }).name, data.customer.name);
});

const USERS = gql`
  query UsersLike($pattern: String!) {
    users(where: { email: { _like: $pattern } }, order_by: { email: asc }) {
      id
      name
      email
    }
  }
`;
const ADD_USER = gql`
  mutation AddUser($object: users_insert_input!) {
    insert_users_one(object: $object) {
      id
      name
      email
    }
  }
`;
const RENAME_USER = gql`
  mutation RenameUser($id: Int!, $name: String!) {
    update_users_by_pk(pk_columns: { id: $id }, _set: { name: $name }) {
      id
      name
    }
  }
`;
const DELETE_USERS = gql`
  mutation DeleteUsers($pattern: String!) {
    delete_users(where: { email: { _like: $pattern } }) {
      affected_rows
      returning {
        id
      }
    }
  }
`;

test("mutations bring the cache up to date", async () => {
  const { seen, link } = watched();
  const client = newClient(link);
  const variables = { pattern: "apollo-%" };
  const shown = [];
  const watching = client
    .watchQuery({ query: USERS, variables, fetchPolicy: "cache-first" })
    .subscribe((result) => result.data && shown.push(result.data.users.map((user) => user.name)));
  await client.query({ query: USERS, variables });

  const added = await client.mutate({
    mutation: ADD_USER,
    variables: { object: { name: "First", email: "apollo-1@example.com" } },
    update(cache, { data }) {
      cache.updateQuery({ query: USERS, variables }, ({ users }) => ({ users: [...users, data.insert_users_one] }));
    },
  });
  const { id } = added.data.insert_users_one;
  await client.mutate({ mutation: RENAME_USER, variables: { id, name: "Renamed" } });
  await client.mutate({
    mutation: DELETE_USERS,
    variables,
    update(cache, { data }) {
      assert.equal(data.delete_users.affected_rows, 1);
      data.delete_users.returning.forEach((user) => cache.evict({ id: cache.identify(user) }));
      cache.gc();
    },
  });
  watching.unsubscribe();
  assert.deepEqual(shown, [[], ["First"], ["Renamed"], []]);
  assert.equal(seen.count, 4, "one query and three mutations; the rest came from the cache");
  const { data } = await client.query({ query: USERS, variables, fetchPolicy: "network-only" });
  assert.deepEqual(data.users, []);
});

const TWICE = gql`
  mutation Twice {
    insert_customers_one(object: { name: "Twice", email: "customer1@example.com" }) {
      id
    }
  }
`;
const FAILURES = [
  { code: "constraint-violation", reason: "DUPLICATE_ENTRY", mutation: TWICE },
  { code: "validation-failed", reason: "GRAPHQL_VALIDATION_FAILED", query: gql("{ customers { no_such_column } }") },
  {
    code: "data-exception",
    reason: "INVALID_VALUE",
    query: gql('{ customers(where: { born_on: { _eq: "2024-02-30" } }) { id } }'),
  },
];

function fail({ query, mutation }, errorPolicy) {
  const client = newClient();
  return mutation ? client.mutate({ mutation, errorPolicy }) : client.query({ query, errorPolicy });
}

test("failures with error policy all", async () => {
  for (const failure of FAILURES) {
    const { data, error } = await fail(failure, "all");
    assert.ok(CombinedGraphQLErrors.is(error), String(error));
    assert.equal(error.errors.length, 1);
    const { code, reason } = error.errors[0].extensions;
    assert.deepEqual({ code, reason }, { code: failure.code, reason: failure.reason });
    assert.ok(data == null || Object.values(data).every((field) => field === null));
  }
});

test("failures with error policy none", async () => {
  for (const failure of FAILURES) {
    await assert.rejects(fail(failure, "none"), (error) => {
      assert.ok(CombinedGraphQLErrors.is(error), String(error));
      assert.equal(error.errors[0].extensions.code, failure.code);
      return true;
    });
  }
});

test("failures with error policy ignore", async () => {
  for (const failure of FAILURES) assert.equal((await fail(failure, "ignore")).error, undefined);
});

const PAGE = gql`
  query Page($limit: Int, $offset: Int, $where: customers_bool_exp) {
    customers(limit: $limit, offset: $offset, where: $where, order_by: [{ name: asc }, { id: asc }]) {
      id
      name
    }
  }
`;

test("pages by offset", async () => {
  const where = { id: { _lte: 50 } };
  const everything = await newClient().query({ query: PAGE, variables: { where } });
  const { query, close } = await shown(newClient(), { query: PAGE, variables: { limit: 20, offset: 0, where } });
  for (const offset of [20, 40]) await showMore(query, { offset }, (data) => data.customers);
  const rows = query.getCurrentResult().data.customers;
  close();
  assert.equal(rows.length, 50);
  assert.deepEqual(rows, everything.data.customers);
});

const CONNECTION = gql`
  query Connection($first: Int!, $after: String) {
    customers_connection(first: $first, after: $after, where: { id: { _lte: 50 } }, order_by: { name: asc }) {
      totalCount
      edges {
        cursor
        node {
          id
          name
        }
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
`;

test("pages by cursor, as relayStylePagination merges them", async () => {
  const { query, close } = await shown(newClient(), { query: CONNECTION, variables: { first: 15 } });
  const connection = () => query.getCurrentResult().data.customers_connection;
  let pages = 1;
  while (connection().pageInfo.hasNextPage) {
    const after = connection().pageInfo.endCursor;
    await showMore(query, { after }, (data) => data.customers_connection.edges);
    pages += 1;
  }
  close();
  assert.equal(pages, 4);
  const nodes = connection().edges.map((edge) => edge.node);
  assert.equal(new Set(nodes.map((node) => node.id)).size, 50);
  assert.equal(connection().totalCount, 50);
  const { data } = await newClient().query({ query: CONNECTION, variables: { first: 50 } });
  assert.deepEqual(nodes, data.customers_connection.edges.map((edge) => edge.node));
  assert.equal(data.customers_connection.pageInfo.hasPreviousPage, false);
});

test("queries by GET", async () => {
  const { seen, link } = watched({ useGETForQueries: true });
  const { data } = await newClient(link).query({ query: ORDERS_OF_CUSTOMER, variables: { id: 2 } });
  assert.equal(data.customer.email, "customer2@example.com");
  assert.equal(seen.request.method, "GET");
  assert.match(String(seen.address), /\?.*query=/);
});

test("several queries in one batch", async () => {
  const { seen, fetch: counting } = watched();
  const client = newClient(new BatchHttpLink({ uri, fetch: counting, batchInterval: 5 }));
  const answers = await Promise.all(
    [1, 2, 3].map((id) => client.query({ query: ORDERS_OF_CUSTOMER, variables: { id, limit: id } })),
  );
  assert.deepEqual(
    answers.map(({ data }) => data.customer.email),
    ["customer1@example.com", "customer2@example.com", "customer3@example.com"],
  );
  assert.equal(seen.count, 1);
  assert.equal(JSON.parse(seen.request.body).length, 3);
});

test("persisted queries fall back to whole ones", async () => {
  const { seen, link } = watched();
  const sha256 = (text) => createHash("sha256").update(text).digest("hex");
  const client = newClient(new PersistedQueryLink({ sha256 }).concat(link));
  for (const id of [4, 5]) {
    const { data } = await client.query({ query: ORDERS_OF_CUSTOMER, variables: { id } });
    assert.equal(data.customer.email, `customer${id}@example.com`);
  }
  assert.equal(seen.count, 3, "the first query twice, and from then on whole queries only");
});
