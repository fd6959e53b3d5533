// A single-page app that logs in at ISSUER_URL, a realm as Keycloak has them, and talks to GRAPHQL_URL as its users.
import assert from "node:assert/strict";
import { test } from "node:test";

import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { SetContextLink } from "@apollo/client/link/context";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { createClient as createWsClient } from "graphql-ws";
import WebSocket from "ws";

const uri = process.env.GRAPHQL_URL;
const tokens = `${process.env.ISSUER_URL}/protocol/openid-connect/token`;

const ADDRESSES = gql`query Addresses { addresses(order_by: {id: asc}) { id customer_id city } }`;
const ADD = gql`
  mutation Add($city: String!) {
    insert_addresses_one(object: {city: $city, street: "Main Street 1", postcode: "1000", country: "AT"}) { id customer_id city }
  }
`;
const FORGET = gql`mutation Forget($city: String!) { delete_addresses(where: {city: {_eq: $city}}) { affected_rows } }`;
const LIVE = gql`subscription Live($city: String!) { addresses(where: {city: {_eq: $city}}) { customer_id } }`;

// What the app knows of its user. `login` and `renew` ask the issuer; `lifetime` is that of the next token, in seconds.
class Session {
  constructor(name, password = "secret") {
    this.form = { grant_type: "password", client_id: "shop-web", username: name, password };
  }

  async ask(form) {
    const body = new URLSearchParams(form);
    const response = await fetch(tokens, { method: "POST", body });
    assert.equal(response.status, 200, "the issuer refuses the login");
    const granted = await response.json();
    this.token = granted.access_token;
    this.refresh = granted.refresh_token;
    return this;
  }

  login(lifetime) {
    return this.ask({ ...this.form, ...(lifetime ? { lifetime } : {}) });
  }

  renew() {
    return this.ask({ grant_type: "refresh_token", client_id: "shop-web", refresh_token: this.refresh });
  }
}

// An Apollo client as its documentation has it: the token goes into each request, the wanted role beside it.
function clientOf(session, role) {
  const auth = new SetContextLink(({ headers }) => ({
    headers: {
      ...headers,
      ...(session?.token ? { authorization: `Bearer ${session.token}` } : {}),
      ...(role ? { "x-hasura-role": role } : {}),
    },
  }));
  const link = ApolloLink.from([auth, new HttpLink({ uri })]);
  return new ApolloClient({ link, cache: new InMemoryCache(), defaultOptions: { query: { fetchPolicy: "network-only" } } });
}

const citiesOf = ({ data }) => data.addresses.map((each) => each.customer_id);

test("each user sees the own rows", async () => {
  const ann = clientOf(await new Session("ann").login());
  const max = clientOf(await new Session("max").login());
  const [hers, his] = [citiesOf(await ann.query({ query: ADDRESSES })), citiesOf(await max.query({ query: ADDRESSES }))];
  assert.ok(hers.length && his.length);
  assert.deepEqual(new Set(hers), new Set([1]));
  assert.deepEqual(new Set(his), new Set([2]));
});

test("a new row is the user's own, and another's is out of reach", async () => {
  const ann = clientOf(await new Session("ann").login());
  const max = clientOf(await new Session("max").login());
  const { data } = await ann.mutate({ mutation: ADD, variables: { city: "Graz" } });
  assert.equal(data.insert_addresses_one.customer_id, 1);
  const his = await max.mutate({ mutation: FORGET, variables: { city: "Graz" } });
  assert.equal(his.data.delete_addresses.affected_rows, 0);
  const hers = await ann.mutate({ mutation: FORGET, variables: { city: "Graz" } });
  assert.equal(hers.data.delete_addresses.affected_rows, 1);
});

test("a role that the token allows is taken, another is not", async () => {
  const max = await new Session("max").login();
  const all = citiesOf(await clientOf(max, "manager").query({ query: ADDRESSES }));
  assert.ok(new Set(all).size > 2);
  await assert.rejects(clientOf(await new Session("ann").login(), "manager").query({ query: ADDRESSES }), (error) => {
    const said = CombinedGraphQLErrors.is(error) ? error.errors[0].extensions.code : JSON.parse(error.bodyText).errors[0].extensions.code;
    return said === "access-denied";
  });
});

test("without a token there is the anonymous role, with a bad one nothing", async () => {
  const { data } = await clientOf(null).query({ query: gql`{ categories { name } }` });
  assert.ok(data.categories.length);
  await assert.rejects(clientOf(null).query({ query: ADDRESSES }), /addresses/);
  const forged = { token: (await new Session("ann").login()).token.slice(0, -4) + "AAAA" };
  await assert.rejects(clientOf(forged).query({ query: gql`{ categories { name } }` }), (error) => error.statusCode === 401);
});

test("a subscription outlives its token when the app renews it", async () => {
  const session = await new Session("ann").login(4);
  const closed = [];
  let expired = false;
  const socket = createWsClient({
    url: uri.replace("http", "ws"),
    webSocketImpl: WebSocket,
    retryAttempts: 3,
    retryWait: async () => {},
    shouldRetry: () => true,
    connectionParams: async () => {
      if (expired) await session.renew();
      expired = false;
      return { headers: { authorization: `Bearer ${session.token}` } };
    },
    on: {
      closed: (event) => {
        closed.push(event.code);
        if (event.code === 4403) expired = true;
      },
    },
  });
  const client = new ApolloClient({ link: new GraphQLWsLink(socket), cache: new InMemoryCache() });
  const heard = [];
  let wake = () => {};
  const failures = [];
  const until = async (holds) => {
    while (!holds()) {
      assert.deepEqual(failures, []);
      await new Promise((resolve) => (wake = resolve));
    }
  };
  const watching = client.subscribe({ query: LIVE, variables: { city: "Linz" } }).subscribe({
    next: ({ data, error }) => {
      if (error) failures.push(error);
      else heard.push(data.addresses.length);
      wake();
    },
    error: (error) => {
      failures.push(error);
      wake();
    },
  });
  try {
    await until(() => heard.length === 1);
    // The token runs out; the program closes the connection, and the client comes back with another.
    await until(() => heard.length === 2);
    assert.deepEqual(closed, [4403]);
    const ann = clientOf(await new Session("ann").login());
    await ann.mutate({ mutation: ADD, variables: { city: "Linz" } });
    await until(() => heard.at(-1) === 1);
    await ann.mutate({ mutation: FORGET, variables: { city: "Linz" } });
    await until(() => heard.at(-1) === 0);
    assert.deepEqual(failures, []);
  } finally {
    watching.unsubscribe();
    await socket.dispose();
  }
});
