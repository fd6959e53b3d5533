// The same on graphql-codegen's client preset: documents in the code, fragments masked.
import assert from "node:assert/strict";

import { graphql, useFragment, type FragmentType } from "./generated/preset/index.js";
import { request } from "./program.js";

const CustomerCard = graphql(`
  fragment CustomerCard on customers {
    id
    name
    email
    orders_aggregate {
      aggregate {
        count
      }
    }
  }
`);

const Page = graphql(`
  query CustomersPage($after: String) {
    customers_connection(first: 2, after: $after, order_by: { id: asc }) {
      totalCount
      edges {
        cursor
        node {
          ...CustomerCard
        }
      }
      pageInfo {
        endCursor
        hasNextPage
      }
    }
  }
`);

function line(masked: FragmentType<typeof CustomerCard>): string {
  const { id, name, email, orders_aggregate } = useFragment(CustomerCard, masked);
  return `${id.toFixed(0)} ${name} <${email}> ${(orders_aggregate.aggregate?.count ?? 0).toFixed(0)}`;
}

const first = (await request(Page, {})).customers_connection;
const second = (await request(Page, { after: first.pageInfo.endCursor })).customers_connection;
const lines = [...first.edges, ...second.edges].map(({ node }) => line(node));
assert.deepEqual(
  lines.map((text) => text.replace(/ .*</, " ").replace(/> \d+$/, "")),
  [1, 2, 3, 4].map((id) => `${id} customer${id}@example.com`),
);
assert.ok(first.totalCount > 200 && second.pageInfo.hasNextPage);
// @ts-expect-error a masked fragment shows nothing
assert.equal(first.edges[0]?.node.name, first.edges[0]?.node["name"]);
console.log("preset: types and rows agree");
