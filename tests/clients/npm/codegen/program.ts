// An application on the types that graphql-codegen made. `@ts-expect-error` marks what they must refuse.
import assert from "node:assert/strict";

import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { print } from "graphql";

import {
  AddTagsDocument,
  DeleteTagsDocument,
  OrdersOfDocument,
  ProductsLikeDocument,
  SamplesDocument,
  type OrdersOfQuery,
  type Orders_State_Enum,
  type ProductCardFragment,
  type Products_Bool_Exp,
} from "./generated/types.js";

interface Answer<Data> {
  data?: Data;
  errors?: { message: string }[];
}

export async function request<Data, Variables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const response = await fetch(process.env.GRAPHQL_URL ?? "", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ query: print(document), variables }),
  });
  const { data, errors } = (await response.json()) as Answer<Data>;
  if (data === undefined || errors !== undefined) throw new Error(JSON.stringify(errors));
  return data;
}

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Order = OrdersOfQuery["orders"][number];

// Types as the columns have them: 64-bit and decimal numbers are texts, NOT NULL is not null, enums are closed.
export const types: [
  Equal<Order["id"], string>,
  Equal<Order["state"], Orders_State_Enum>,
  Equal<Order["state"], "cancelled" | "open" | "paid" | "shipped">,
  Equal<Order["ordered_at"], string>,
  Equal<Order["shipped_at"], string | null | undefined>,
  Equal<Order["customer"]["credit_limit"], string>,
  Equal<Order["order_items"][number]["quantity"], string>,
  Equal<ProductCardFragment["price"], string>,
] = [true, true, true, true, true, true, true, true];

async function main(): Promise<void> {
  const states: Orders_State_Enum[] = ["shipped", "paid"];
  const { orders } = await request(OrdersOfDocument, { customer: 1, states });
  assert.ok(orders.length > 0 && orders.length <= 3);
  for (const order of orders) {
    assert.ok(states.includes(order.state));
    assert.match(order.id, /^\d+$/);
    const cents = (amount: string | null | undefined): bigint => BigInt((amount ?? "0.00").replace(".", ""));
    const total = order.order_items.reduce((sum, item) => sum + cents(item.line_total), 0n);
    assert.equal(cents(order.order_items_aggregate.aggregate?.sum?.line_total), total);
    assert.equal(order.order_items_aggregate.aggregate?.count, order.order_items.length);
  }

  const where: Products_Bool_Exp = {
    _and: [{ price: { _gte: "10.00" } }, { price: { _lt: 20 } }],
    _not: { state: { _in: ["retired"] } },
  };
  const { products } = await request(ProductsLikeDocument, { where, order: [{ price: "asc_nulls_last" }] });
  assert.ok(products.length > 0);
  assert.ok(products.every(({ price, state }) => Number(price) >= 10 && Number(price) < 20 && state !== "retired"));

  const names = ["codegen-1", "codegen-2"];
  const objects = names.map((name) => ({ name }));
  const conflict = { constraint: "tags_name", update_columns: [] } as const;
  const added = await request(AddTagsDocument, { objects, conflict: { ...conflict, update_columns: [] } });
  assert.deepEqual(added.insert_tags?.returning.map((tag) => tag.name), names);
  const deleted = await request(DeleteTagsDocument, { names });
  assert.equal(deleted.delete_tags?.affected_rows, 2);
}

// A value of every scalar is what its type says, and nothing is null.
async function samples(): Promise<void> {
  const [ordinary, nothing] = (await request(SamplesDocument, {})).type_samples;
  assert.ok(ordinary !== undefined && nothing !== undefined);
  const texts: (string | null | undefined)[] = [
    ordinary.a_bigint_unsigned,
    ordinary.a_decimal,
    ordinary.a_date,
    ordinary.a_datetime,
    ordinary.a_timestamp,
    ordinary.a_time,
    ordinary.a_varchar,
    ordinary.a_blob,
    ordinary.an_enum,
  ];
  for (const text of texts) assert.equal(typeof text, "string");
  const numbers: (number | null | undefined)[] = [ordinary.a_double, ordinary.a_year];
  for (const number of numbers) assert.equal(typeof number, "number");
  const switches: (boolean | null | undefined)[] = [ordinary.a_boolean, ordinary.a_bit];
  for (const value of switches) assert.equal(typeof value, "boolean");
  assert.deepEqual([...(ordinary.a_set ?? [])].sort(), ["blue", "red"]);
  assert.deepEqual(ordinary.a_json, { key: ["value", 1, null, true] });
  assert.deepEqual(ordinary.a_point, { type: "Point", coordinates: [10.5, -3.25] });
  const { __typename, label, ...rest } = nothing;
  assert.equal(label, "nothing");
  for (const value of Object.values(rest)) assert.equal(value, null);
}

// Never called: what the compiler has to refuse.
export async function refused(): Promise<void> {
  // @ts-expect-error a required variable is missing
  await request(OrdersOfDocument, {});
  // @ts-expect-error the value is none of the column's
  await request(OrdersOfDocument, { customer: 1, states: ["lost"] });
  // @ts-expect-error a text is no Int
  await request(OrdersOfDocument, { customer: "1" });
  // @ts-expect-error there is no such column
  await request(ProductsLikeDocument, { where: { colour: { _eq: "red" } } });
  // @ts-expect-error the column has no such operator
  await request(ProductsLikeDocument, { where: { price: { _like: "1%" } } });
  // @ts-expect-error there is no such order
  await request(ProductsLikeDocument, { where: {}, order: [{ price: "up" }] });
  // @ts-expect-error the table has no such key
  await request(AddTagsDocument, { objects: [], conflict: { constraint: "tags_id", update_columns: [] } });
}

await main();
await samples();
console.log("codegen: types and rows agree");
