# Examples to try against `make run`, each with what it prints. In another terminal, with bash and curl:
#
#   source docs/testing-guide.sh
#   examples        lists them
#   example 3       shows number 3, runs it, and shows what it printed
#   example all     runs all of them in order; they clean up after themselves and can be run again
#
# For another address: BASE=http://127.0.0.1:9000 source docs/testing-guide.sh
# In what is printed, … stands for anything.

BASE=${BASE:-http://127.0.0.1:8000}
GUIDE=$(realpath "${BASH_SOURCE[0]}")
JSON='Content-Type: application/json'

# --- REST ---

# 1. Insert a row
# prints {"timestamp": "…", "message": "Record inserted successfully", "data": {"rows_affected": 1, "id": "…"}, "retry_count": "…"}
example_1() {
  curl -s -X POST "$BASE/api/users" -H "$JSON" \
    -d '{"input": {"name": "John Doe", "email": "john@example.com", "age": 30}}'
}

# 2. The same again: the unique key on email refuses it, and says so (HTTP status 409)
# prints {"timestamp": "…", "error_code": "409", "message": "Duplicate entry (constraint 'email')", "retry_count": "…",
# prints  "details": {"code": "DUPLICATE_ENTRY", "constraint": "email", "outcome": "not_applied"}}
example_2() {
  curl -s -X POST "$BASE/api/users" -H "$JSON" \
    -d '{"input": {"name": "John Doe", "email": "john@example.com", "age": 30}}'
}

# 3. Insert several rows: all or none of them
# prints {"timestamp": "…", "message": "Records inserted successfully", "data": {"rows_affected": 2, "id": "…"}, "retry_count": "…"}
example_3() {
  curl -s -X POST "$BASE/api/users" -H "$JSON" \
    -d '{"input": [{"name": "Ann", "email": "ann@example.org", "age": 41}, {"name": "Bob", "email": "bob@example.org", "age": 29}]}'
}

# 4. All rows of a table
# prints {"timestamp": "…", "message": "Records retrieved successfully",
# prints  "data": [{"id": 1, "name": "Ada Lovelace", "email": "ada@example.com", "age": 36}, "…"], "retry_count": "…"}
example_4() {
  curl -s "$BASE/api/users/query"
}

# 5. Rows where columns have these values
# prints {"timestamp": "…", "message": "Records retrieved successfully",
# prints  "data": [{"id": "…", "name": "John Doe", "email": "john@example.com", "age": 30}], "retry_count": "…"}
example_5() {
  curl -s -X POST "$BASE/api/users/query" -H "$JSON" -d '{"input": {"age": 30, "name": "John Doe"}}'
}

# 6. Operators, columns, order and page in the address
# prints {"timestamp": "…", "message": "Records retrieved successfully",
# prints  "data": [{"name": "Ann", "age": 41}, {"name": "Bob", "age": 29}], "retry_count": "…"}
example_6() {
  curl -s "$BASE/api/users/query?email=ends_with.@example.org&select=name,age&order=age.desc&limit=2"
}

# 7. Related rows with their own order and limit
# prints {"timestamp": "…", "message": "Records retrieved successfully",
# prints  "data": [{"name": "Priya Tanaka", "orders": [{"id": "2", "state": "shipped"}, {"id": "117", "state": "shipped"}]}],
# prints  "retry_count": "…"}
example_7() {
  curl -s "$BASE/api/customers/query?select=name,orders(id,state)&orders.order=id&orders.limit=2&order=id&limit=1"
}

# 8. How many rows there are in all: in the header Content-Range
# prints content-range: 0-1/240
example_8() {
  curl -s -D - -o /dev/null -H 'Prefer: count=exact' "$BASE/api/customers/query?limit=2" | grep -i '^content-range' | tr -d '\r'
}

# 9. Update
# prints {"timestamp": "…", "message": "Records updated successfully", "data": {"rows_affected": 1}, "retry_count": "…"}
example_9() {
  curl -s -X PUT "$BASE/api/users" -H "$JSON" \
    -d '{"input": {"age": 31, "email": "newemail@example.com"}, "where": {"email": "john@example.com"}}'
}

# 10. An update or delete without a condition is refused (400): it would be meant for every row
# prints {"timestamp": "…", "error_code": "400", "message": "'input' must hold at least one condition", "retry_count": 0,
# prints  "details": {"code": "EMPTY_CONDITION"}}
example_10() {
  curl -s -X DELETE "$BASE/api/users" -H "$JSON" -d '{"input": {}}'
}

# 11. A write that may be sent again: the second answer is the first, and the row is there once
# prints Idempotent-Replayed: true
# prints 1
example_11() {
  local key="try-$RANDOM-$RANDOM-$(date +%s)" body='{"input": {"name": "Once", "age": 1}}'
  curl -s -o /dev/null -X POST "$BASE/api/users" -H "$JSON" -H "Idempotency-Key: $key" -d "$body"
  curl -s -D - -o /dev/null -X POST "$BASE/api/users" -H "$JSON" -H "Idempotency-Key: $key" -d "$body" |
    grep -i '^idempotent-replayed' | tr -d '\r' | sed 's/^idempotent-replayed/Idempotent-Replayed/'
  curl -s "$BASE/api/users/query?name=eq.Once&select=id" | grep -o '"id"' | wc -l | tr -d ' '
}

# 12. What is unknown is an error, never ignored (404, and 400 for a column)
# prints {"timestamp": "…", "error_code": "404", "message": "Unknown table 'nobody'", "retry_count": 0, "details": {"code": "UNKNOWN_TABLE"}}
example_12() {
  curl -s "$BASE/api/nobody/query"
}

# --- CSV ---

# 13. Export
# prints id,name,email,age
# prints 1,"Ada Lovelace","ada@example.com",36
# prints 2,"Grace Hopper","grace@example.com",85
example_13() {
  curl -s "$BASE/api/users/export?order=id&limit=2" | tr -d '\r'
}

# 14. Import: the file's name is the table's; each refused row is told with its line, the others are in (HTTP status 207)
# prints {"timestamp": "…", "message": "Import completed, some rows are refused", "retry_count": "…",
# prints  "data": {"table": "users", "rows_total": 3, "rows_imported": 2, "rows_failed": 1,
# prints   "errors": [{"line": 4, "column": "age", "code": "INVALID_VALUE", "message": "Invalid value 'old' for column 'age': expected an integer …"}]}}
example_14() {
  printf 'name,email,age\nEve,eve@example.org,41\n"Fay, B.",fay@example.org,\nGus,gus@example.org,old\n' |
    curl -s -X POST "$BASE/api/batch/import" -F 'file=@-;filename=users.csv'
}

# 15. A dry run tries every row and keeps none
# prints {"timestamp": "…", "message": "Dry run: nothing was written", "retry_count": "…",
# prints  "data": {"table": "users", "rows_total": 1, "rows_imported": 1, "rows_failed": 0, "errors": []}}
example_15() {
  printf 'name,email\nHal,hal@example.org\n' |
    curl -s -X POST "$BASE/api/batch/import?dry_run=true" -F 'file=@-;filename=users.csv'
}

# --- GraphQL ---

graphql() {
  curl -s "$BASE/graphql" -H "$JSON" "${@:2}" -d "{\"query\": \"${1//$'\n'/ }\"}"
}

# 16. Rows, conditions over relations, related rows
# prints {"data": {"customers": [{"id": 1, "name": "Priya Tanaka", "orders": [{"id": "2", "order_items": [{"quantity": "…", "product": {"name": "…"}}]}]}]}}
example_16() {
  graphql '{ customers(where: {orders: {state: {_eq: shipped}}}, order_by: {id: asc}, limit: 1) {
    id name orders(order_by: {id: asc}, limit: 1) { id order_items(limit: 1) { quantity product { name } } } } }'
}

# 17. Aggregates
# prints {"data": {"orders_aggregate": {"aggregate": {"count": 120, "max": {"ordered_at": "2025-11-29T19:31:37.563"}}}}}
example_17() {
  graphql '{ orders_aggregate(where: {state: {_eq: paid}}) { aggregate { count max { ordered_at } } } }'
}

# 18. Groups
# prints {"data": {"orders_group": [{"key": {"state": "open"}, "aggregate": {"count": "…"}}, "…"]}}
example_18() {
  graphql '{ orders_group(by: [state], order_by: {key: {state: asc}}) { key { state } aggregate { count } } }'
}

# 19. Pages by cursor, after Relay's specification
# prints {"data": {"products_connection": {"edges": [{"cursor": "…", "node": {"name": "Compact glass lamp", "price": "248.99"}}],
# prints  "pageInfo": {"hasNextPage": true, "endCursor": "…"}, "totalCount": 160}}}
example_19() {
  graphql '{ products_connection(first: 1, order_by: {price: desc}) { edges { cursor node { name price } } pageInfo { hasNextPage endCursor } totalCount } }'
}

# 20. A mutation gives back what the database really holds
# prints {"data": {"insert_users_one": {"id": "…", "name": "Ida", "email": "ida@example.org", "age": null}}}
example_20() {
  graphql 'mutation { insert_users_one(object: {name: \"Ida\", email: \"ida@example.org\"}) { id name email age } }'
}

# 21. Insert, or update the row whose unique key is there
# prints {"data": {"insert_users": {"affected_rows": 1, "returning": [{"name": "Ida", "age": 8}]}}}
example_21() {
  graphql 'mutation { insert_users(objects: [{name: \"Other\", email: \"ida@example.org\", age: 8}],
    on_conflict: {constraint: email, update_columns: [age]}) { affected_rows returning { name age } } }'
}

# 22. Several mutations in one request are one transaction: the second one fails, so the first did not happen either
# prints {"errors": [{"message": "Duplicate entry (constraint 'email')", "…": "…", "extensions": {"code": "constraint-violation",
# prints  "reason": "DUPLICATE_ENTRY", "path": "…", "retry_count": "…", "outcome": "not_applied", "constraint": "email"}}], "data": null}
# prints {"data": {"users": []}}
example_22() {
  graphql 'mutation { a: insert_users_one(object: {name: \"Jo\", email: \"jo@example.org\"}) { id }
    b: insert_users_one(object: {name: \"Jo\", email: \"ida@example.org\"}) { id } }'
  echo
  graphql '{ users(where: {email: {_eq: \"jo@example.org\"}}) { id } }'
}

# 23. A null in a condition is an error: a variable that was not set must never widen a delete
# prints {"errors": [{"message": "Column 'age' cannot be compared with null; use _is_null", "path": ["delete_users"], "extensions":
# prints  {"code": "validation-failed", "reason": "NULL_COMPARISON", "path": "$.selectionSet.delete_users", "retry_count": 0, "column": "age", "…": "…"}}], "data": null}
example_23() {
  graphql 'mutation { delete_users(where: {age: {_eq: null}}) { affected_rows } }'
}

# 24. A live query: the answer at once, and again whenever it changes (stopped here after three seconds)
# prints …
# prints event: next
# prints data: {"data":{"users":[{"name":"Ada Lovelace"}]}}
# prints …
example_24() {
  graphql 'subscription { users(where: {id: {_eq: 1}}) { name } }' -N -m 3 -H 'Accept: text/event-stream' || true
}

# --- The program ---

# 25. Is it ready? 200 where the database answers and the schema is there, else 503 with the cause
# prints {"status": "ok", "tables": 13, "…": "…"}
example_25() {
  curl -s "$BASE/readyz"
}

# 26. The REST documentation of one table, for tools
# prints REST API of …
example_26() {
  curl -s "$BASE/openapi.json?table=users" | sed 's/.*"title":"\([^"]*\)".*/\1/'
}

# 27. Delete: everything that these examples made goes
# prints {"timestamp": "…", "message": "Records deleted successfully", "data": {"rows_affected": "…"}, "retry_count": "…"}
# prints {"data": {"delete_users": {"affected_rows": "…"}}}
example_27() {
  curl -s -X DELETE "$BASE/api/users" -H "$JSON" -d '{"input": {"email": ["newemail@example.com", "ann@example.org", "bob@example.org"]}}'
  echo
  graphql 'mutation { delete_users(where: {_or: [{email: {_like: \"%@example.org\"}}, {name: {_eq: \"Once\"}}]}) { affected_rows } }'
}

# --- How they are run ---

examples() {
  sed -n 's/^# \([0-9]*\. .*\)/\1/p' "$GUIDE"
}

example() {
  local number
  if [ "$1" = all ]; then
    for number in $(sed -n 's/^example_\([0-9]*\)() {/\1/p' "$GUIDE"); do example "$number"; done
    return
  fi
  sed -n "/^# $1\. /,/^}/p" "$GUIDE"
  echo "--- printed:"
  "example_$1"
  echo
}
