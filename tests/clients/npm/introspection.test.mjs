// graphql-js, the reference implementation, on what GRAPHQL_URL says of itself and what `graphql-app schema` printed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  GraphQLObjectType,
  assertValidSchema,
  buildClientSchema,
  buildSchema,
  findBreakingChanges,
  findDangerousChanges,
  getIntrospectionQuery,
  introspectionFromSchema,
  isInputObjectType,
  isScalarType,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  parse,
  printSchema,
  validate,
} from "graphql";

const printed = readFileSync(new URL("schema.graphql", import.meta.url), "utf8");

const ALL = {
  descriptions: true,
  specifiedByUrl: true,
  directiveIsRepeatable: true,
  schemaDescription: true,
  inputValueDeprecation: true,
  oneOf: true,
};

// A new connection each time: graphql-js is busy for seconds, in which the server closes an idle one.
async function post(body) {
  const headers = { "Content-Type": "application/json", Connection: "close" };
  const response = await fetch(process.env.GRAPHQL_URL, { method: "POST", headers, body: JSON.stringify(body) });
  return response.json();
}

async function ask(query, { variables, operationName } = {}) {
  const { data, errors } = await post({ query, variables, operationName });
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}

const sorted = (schema) => printSchema(lexicographicSortSchema(schema));

test("the introspected schema is the printed one", async () => {
  const schema = buildClientSchema(await ask(getIntrospectionQuery(ALL)));
  const from = buildSchema(printed);
  assertValidSchema(schema);
  assertValidSchema(from);
  assert.deepEqual(findBreakingChanges(from, schema), []);
  assert.deepEqual(findDangerousChanges(from, schema), []);
  assert.equal(sorted(schema), sorted(from));
});

test("graphql-js prints the schema as we do", () => {
  assert.equal(printSchema(buildSchema(printed)).trim(), printed.trim());
});

test("introspection is complete to the last field", async () => {
  const { __schema: ours } = await ask(getIntrospectionQuery(ALL));
  const { __schema: expected } = JSON.parse(JSON.stringify(introspectionFromSchema(buildSchema(printed), ALL)));
  const byName = (items) => Object.fromEntries(items.map((item) => [item.name, item]));
  // Of what can be no oneOf, graphql-core says that it is none, and graphql-js nothing; each has its own `__` types.
  const own = (items) => items.filter(({ name }) => !name.startsWith("__"));
  const types = (items) => byName(own(items).map((item) => ({ ...item, isOneOf: item.isOneOf ?? false })));
  assert.deepEqual(types(ours.types), types(expected.types));
  // The two are of different drafts of the specification as to the places and the types of directives.
  const named = ({ name, args }) => ({ name, args: args.map((argument) => argument.name) });
  const directives = (items) => byName(items.map(named));
  assert.deepEqual(directives(ours.directives), directives(expected.directives));
});

test("every variant of the query that tools send is answered with the same schema", async () => {
  const whole = sorted(buildClientSchema(await ask(getIntrospectionQuery(ALL))));
  for (const name of Object.keys(ALL)) {
    const schema = buildClientSchema(await ask(getIntrospectionQuery({ ...ALL, [name]: false })));
    if (name !== "descriptions") assert.equal(sorted(schema), whole, name);
  }
  const least = Object.fromEntries(Object.keys(ALL).map((name) => [name, false]));
  const bare = buildClientSchema(await ask(getIntrospectionQuery(least)));
  assert.deepEqual(findBreakingChanges(buildSchema(printed), bare), []);
  assert.equal(bare.getType("customers").description, undefined);
});

// Apollo Sandbox and other tools write the query by hand: with a variable, a name, further fields, `__type`, aliases.
const SANDBOX = `
  query IntrospectionQuery($deprecated: Boolean = true) {
    __schema {
      description
      queryType { name kind }
      mutationType { name }
      subscriptionType { name }
      types { ...FullType }
      directives { name description isRepeatable locations args(includeDeprecated: $deprecated) { ...InputValue } }
    }
  }
  fragment FullType on __Type {
    kind name description specifiedByURL isOneOf
    fields(includeDeprecated: $deprecated) {
      name description
      args(includeDeprecated: $deprecated) { ...InputValue }
      type { ...TypeRef }
      isDeprecated deprecationReason
    }
    inputFields(includeDeprecated: $deprecated) { ...InputValue }
    interfaces { ...TypeRef }
    enumValues(includeDeprecated: $deprecated) { name description isDeprecated deprecationReason }
    possibleTypes { ...TypeRef }
  }
  fragment InputValue on __InputValue {
    name description type { ...TypeRef } defaultValue isDeprecated deprecationReason
  }
  fragment TypeRef on __Type {
    kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } }
  }
`;

test("a query written by hand, with variables and a name", async () => {
  const whole = sorted(buildClientSchema(await ask(getIntrospectionQuery(ALL))));
  for (const variables of [undefined, { deprecated: false }]) {
    const data = await ask(SANDBOX, { variables, operationName: "IntrospectionQuery" });
    assert.equal(sorted(buildClientSchema(data)), whole);
  }
});

test("parts: one type, a type that is not there, beside rows", async () => {
  const data = await ask(`query Parts($name: String!) {
    table: __type(name: $name) { kind name description fields { name } }
    none: __type(name: "no_such_type") { name }
    __typename
    customers(limit: 1, order_by: {id: asc}) { __typename id }
    kinds: __schema { queryType { name } mutationType { name } }
  }`, { variables: { name: "customers" } });
  assert.equal(data.table.kind, "OBJECT");
  assert.equal(data.table.description, "Who buys");
  assert.deepEqual(
    data.table.fields.map((field) => field.name),
    Object.keys(buildSchema(printed).getType("customers").getFields()),
  );
  assert.equal(data.none, null);
  assert.equal(data.__typename, "query_root");
  assert.deepEqual(data.customers, [{ __typename: "customers", id: 1 }]);
  assert.deepEqual(data.kinds, { queryType: { name: "query_root" }, mutationType: { name: "mutation_root" } });
});

test("comments of the database are descriptions, and scalars say what they are", async () => {
  const schema = buildClientSchema(await ask(getIntrospectionQuery(ALL)));
  const customers = schema.getType("customers");
  assert.equal(customers.getFields().referred_by_id.description, "The customer who brought this one");
  assert.equal(schema.getType("customers_insert_input").getFields().name.description, "First and last name");
  const scalars = Object.values(schema.getTypeMap()).filter((type) => isScalarType(type) && !isSpecifiedScalarType(type));
  assert.ok(scalars.length >= 10);
  assert.deepEqual(scalars.filter((scalar) => !scalar.description).map(String), []);
});

const WRONG = [
  "{ customers { id colour } }",
  "{ customers(where: {id: {_eq: 1.5}}) { id } }",
  "{ customers(where: {id: {_equals: 1}}) { id } }",
  "{ customers(order_by: {id: up}) { id } }",
  "{ customers { orders } }",
  "{ customers { id { x } } }",
  "query ($id: String!) { customers_by_pk(id: $id) { id } }",
  "{ customers_by_pk { id } }",
  "{ ...Missing }",
  "mutation { delete_customers { affected_rows } }",
];

test("what graphql-js refuses is refused at the same place", async () => {
  const schema = buildClientSchema(await ask(getIntrospectionQuery(ALL)));
  for (const query of WRONG) {
    const places = validate(schema, parse(query)).map(({ locations }) => locations);
    const expected = places.map((each) => each.map(({ line, column }) => ({ line, column })));
    const { data, errors } = await post({ query });
    assert.equal(data, undefined);
    assert.deepEqual(errors.map(({ locations }) => locations), expected, query);
    assert.ok(errors.every(({ extensions }) => extensions.code === "validation-failed"));
  }
});

test("no name of the schema is one that GraphQL keeps for itself", () => {
  const types = Object.values(buildSchema(printed).getTypeMap()).filter(({ name }) => !name.startsWith("__"));
  const fields = types
    .filter((type) => type instanceof GraphQLObjectType || isInputObjectType(type))
    .flatMap((type) => Object.keys(type.getFields()));
  assert.deepEqual(fields.filter((name) => !/^(?!__)[_A-Za-z]\w*$/.test(name)), []);
});
