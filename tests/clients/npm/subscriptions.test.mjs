// Subscriptions against GRAPHQL_URL: by graphql-ws and graphql-sse alone, and by Apollo Client and urql over each transport.
import assert from "node:assert/strict";
import { test } from "node:test";

import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createWsClient } from "graphql-ws";
import WebSocket from "ws";

const uri = process.env.GRAPHQL_URL;
const socketUri = uri.replace("http", "ws");

const LIVE = "subscription Named($name: String!) { users(where: {name: {_eq: $name}}, order_by: {id: asc}) { name age } }";
const ADD = "mutation ($name: String!, $age: Int!) { insert_users_one(object: {name: $name, age: $age}) { id } }";
const FORGET = "mutation ($name: String!) { delete_users(where: {name: {_eq: $name}}) { affected_rows } }";

function socketClient(options = {}) {
  return createWsClient({ url: socketUri, webSocketImpl: WebSocket, retryAttempts: 0, ...options });
}

async function post(query, variables) {
  const body = JSON.stringify({ query, variables });
  const response = await fetch(uri, { method: "POST", body, headers: { "Content-Type": "application/json" } });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined);
  return data;
}

// Follows a live list of users of one name through an insert and a delete; `subscribe` gives answers to its callback.
async function follow(name, subscribe) {
  const heard = [];
  let wake = () => {};
  const stop = subscribe((answer) => {
    heard.push(answer);
    wake();
  });
  const answers = async (count) => {
    while (heard.length < count) await new Promise((resolve) => (wake = resolve));
    return heard[count - 1];
  };
  try {
    assert.deepEqual((await answers(1)).data, { users: [] });
    await post(ADD, { name, age: 7 });
    const { data } = await answers(2);
    assert.deepEqual(data.users.map((user) => [user.name, user.age]), [[name, 7]]);
  } finally {
    await post(FORGET, { name });
  }
  assert.deepEqual((await answers(3)).data, { users: [] });
  await stop();
  return heard;
}

test("graphql-ws follows a list", async () => {
  const client = socketClient();
  const heard = await follow("Ws", (tell) =>
    client.subscribe({ query: LIVE, variables: { name: "Ws" } }, { next: tell, error: assert.fail, complete() {} }),
  );
  assert.equal(heard.length, 3);
  await client.dispose();
});

test("graphql-ws runs queries and mutations, and is told what is wrong with one", async () => {
  const client = socketClient({ lazy: false, onNonLazyError: assert.fail });
  const once = async (query, variables) => {
    const answers = [];
    for await (const answer of client.iterate({ query, variables })) answers.push(answer);
    assert.equal(answers.length, 1);
    return answers[0];
  };
  assert.deepEqual(await once("{ users(where: {name: {_eq: \"Once\"}}) { name } }"), { data: { users: [] } });
  assert.ok((await once(ADD, { name: "Once", age: 1 })).data.insert_users_one.id);
  assert.deepEqual(await once(FORGET, { name: "Once" }), { data: { delete_users: { affected_rows: 1 } } });
  await assert.rejects(once("subscription { nothing }"), (errors) => /Cannot query field/.test(errors[0].message));
  await client.dispose();
});

test("graphql-ws connects again by itself and goes on", async () => {
  let socket;
  let opened = 0;
  const on = { opened: (found) => ((socket = found), (opened += 1)) };
  const client = socketClient({ retryAttempts: 5, retryWait: async () => {}, shouldRetry: () => true, on });
  await follow("Again", (tell) => {
    let answers = 0;
    return client.subscribe(
      { query: LIVE, variables: { name: "Again" } },
      {
        next(answer) {
          answers += 1;
          if (answers === 1) socket.terminate();
          else tell(answer);
        },
        error: assert.fail,
        complete() {},
      },
    );
  });
  assert.equal(opened, 2);
  await client.dispose();
});

test("graphql-ws reads a stream in batches", async () => {
  const client = socketClient();
  const query = `subscription ($after: Int!) {
    customers_stream(batch_size: 7, cursor: [{initial_value: {id: $after}, ordering: ASC}]) { id }
  }`;
  const { customers_aggregate: all } = await post("{ customers_aggregate { aggregate { count max { id } } } }");
  const ids = [];
  for await (const { data } of client.iterate({ query, variables: { after: 0 } })) {
    assert.ok(data.customers_stream.length <= 7);
    ids.push(...data.customers_stream.map((row) => row.id));
    if (ids.at(-1) === all.aggregate.max.id) break;
  }
  assert.equal(new Set(ids).size, all.aggregate.count);
  assert.deepEqual(ids, [...ids].sort((a, b) => a - b));
  await client.dispose();
});

test("graphql-sse follows a list and runs a query", async () => {
  const client = createSseClient({ url: uri, retryAttempts: 0 });
  await follow("Sse", (tell) =>
    client.subscribe({ query: LIVE, variables: { name: "Sse" } }, { next: tell, error: assert.fail, complete() {} }),
  );
  const answers = [];
  for await (const answer of client.iterate({ query: "{ users_by_pk(id: -1) { id } }" })) answers.push(answer);
  assert.deepEqual(answers, [{ data: { users_by_pk: null } }]);
  client.dispose();
});

function apolloFollows(name, link) {
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  return follow(name, (tell) => {
    const watching = client
      .subscribe({ query: gql(LIVE), variables: { name } })
      .subscribe({ next: tell, error: assert.fail });
    return () => {
      watching.unsubscribe();
      client.stop();
    };
  });
}

test("Apollo Client follows a list over graphql-ws", async () => {
  const socket = socketClient();
  await apolloFollows("ApolloWs", new GraphQLWsLink(socket));
  await socket.dispose();
});

test("Apollo Client follows a list over HTTP alone", async () => {
  await apolloFollows("ApolloHttp", new HttpLink({ uri }));
});

function urqlFollows(name, options) {
  const client = new Client({ url: uri, preferGetMethod: false, ...options });
  return follow(name, (tell) => {
    const { unsubscribe } = client.subscription(LIVE, { name }).subscribe((answer) => {
      assert.equal(answer.error, undefined);
      tell(answer);
    });
    return unsubscribe;
  });
}

test("urql follows a list over graphql-ws", async () => {
  const socket = socketClient();
  const forwardSubscription = ({ query, variables }) => ({
    subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
  });
  await urqlFollows("UrqlWs", { exchanges: [subscriptionExchange({ forwardSubscription })] });
  await socket.dispose();
});

test("urql follows a list over HTTP alone", async () => {
  await urqlFollows("UrqlHttp", { exchanges: [fetchExchange], fetchSubscriptions: true });
});
