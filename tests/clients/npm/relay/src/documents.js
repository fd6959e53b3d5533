// What components of a Relay application hold. The compiler reads this file; nothing runs it.
import { graphql } from "relay-runtime";

graphql`
  fragment documentsCard on customers {
    id
    name
    credit_limit
    orders(limit: 1, order_by: { id: asc }) {
      id
      state
    }
  }
`;

graphql`
  fragment documentsList on query_root
  @argumentDefinitions(
    first: { type: "Int", defaultValue: 10 }
    after: { type: "String" }
    where: { type: "customers_bool_exp", defaultValue: { id: { _lte: 25 } } }
  )
  @refetchable(queryName: "documentsNextPageQuery") {
    customers_connection(first: $first, after: $after, where: $where, order_by: { id: asc })
      @connection(key: "documentsList_customers_connection", filters: ["where"]) {
      totalCount
      edges {
        node {
          id
          ...documentsCard
        }
      }
    }
  }
`;

graphql`
  query documentsPageQuery($first: Int!) {
    ...documentsList @arguments(first: $first)
  }
`;

graphql`
  query documentsCustomerQuery($id: Int!, $withOrders: Boolean!) {
    customers_by_pk(id: $id) {
      id
      ...documentsCard
      referred_by {
        id
        name
      }
      orders_aggregate @include(if: $withOrders) {
        aggregate {
          count
        }
      }
    }
  }
`;

graphql`
  mutation documentsRenameMutation($id: Int!, $name: String!) {
    update_customers_by_pk(pk_columns: { id: $id }, _set: { name: $name }) {
      id
      ...documentsCard
    }
  }
`;

graphql`
  mutation documentsAddMutation($connections: [ID!]!, $object: customers_insert_input!) {
    insert_customers_one(object: $object) @appendNode(connections: $connections, edgeTypeName: "customers_edge") {
      id
      ...documentsCard
    }
  }
`;

graphql`
  mutation documentsDeleteMutation($id: Int!) {
    delete_customers_by_pk(id: $id) {
      id
    }
  }
`;
