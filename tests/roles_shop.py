"""A shop for tests of roles: what is hidden stands beside what is shown, and requests are made as any role."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.fix_app import OpenApp

SECRET = "an-admin-secret-of-the-tests-0123456789"

SCHEMA = """
CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, email VARCHAR(60) NOT NULL UNIQUE,
  secret VARCHAR(40));
CREATE TABLE products (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, price INT NOT NULL, cost INT NOT NULL,
  published BOOLEAN NOT NULL, kind ENUM('book', 'game') NOT NULL, margin ENUM('low', 'high') NOT NULL,
  UNIQUE KEY by_cost (cost));
CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, user_id INT NOT NULL, product_id INT NOT NULL,
  amount INT NOT NULL, note VARCHAR(40),
  FOREIGN KEY (user_id) REFERENCES users (id), FOREIGN KEY (product_id) REFERENCES products (id));
CREATE TABLE salaries (id INT PRIMARY KEY, user_id INT NOT NULL, pay INT NOT NULL,
  FOREIGN KEY (user_id) REFERENCES users (id));
CREATE TABLE visits (id INT AUTO_INCREMENT PRIMARY KEY, page VARCHAR(40) NOT NULL, ip VARCHAR(40));
"""

ROWS = """
SET FOREIGN_KEY_CHECKS = 0;
TRUNCATE users; TRUNCATE products; TRUNCATE orders; TRUNCATE salaries; TRUNCATE visits;
SET FOREIGN_KEY_CHECKS = 1;
INSERT INTO users VALUES (1, 'Ann', 'ann@example.com', 's1'), (2, 'Bob', 'bob@example.com', 's2');
INSERT INTO products VALUES (1, 'Emma', 10, 4, TRUE, 'book', 'high'), (2, 'Chess', 30, 20, TRUE, 'game', 'low'),
  (3, 'Draft', 50, 1, FALSE, 'book', 'high');
INSERT INTO orders (id, user_id, product_id, amount, note) VALUES (1, 1, 1, 2, 'n1'), (2, 1, 3, 1, 'n2'),
  (3, 2, 2, 5, 'n3');
INSERT INTO salaries VALUES (1, 1, 1000);
"""

CONFIG = """
auth:
  anonymous: visitor
roles:
  visitor:
    tables:
      products:
        select: {columns: [id, name, price, kind], filter: {published: {_eq: true}}, limit: 100}
  user:
    tables:
      products:
        select: {columns: [id, name, price, kind], filter: {published: {_eq: true}}, allow_aggregations: true}
      orders:
        select: {columns: [id, product_id, amount], filter: {user_id: {_eq: X-Hasura-User-Id}},
          allow_aggregations: true}
        insert: {columns: [product_id, amount], check: {}, set: {user_id: X-Hasura-User-Id}}
        update: {columns: [amount], filter: {user_id: {_eq: X-Hasura-User-Id}}, check: {}}
        delete: {filter: {user_id: {_eq: X-Hasura-User-Id}}}
  buyer:
    tables:
      products:
        select: {columns: [id, name, price, kind], filter: {published: {_eq: true}}, allow_aggregations: true}
      orders:
        select: {columns: [id, product_id, amount], filter: {user_id: {_eq: X-Hasura-User-Id}, amount: {_gt: 1}},
          allow_aggregations: true}
        insert: {columns: [product_id, amount], check: {}, set: {user_id: X-Hasura-User-Id}}
        update: {columns: [amount], filter: {user_id: {_eq: X-Hasura-User-Id}}, check: {}}
        delete: {filter: {user_id: {_eq: X-Hasura-User-Id}}}
  writer:
    tables:
      visits: {insert: {columns: [page], check: {}}}
  narrow:
    tables:
      products: {select: {columns: [name], filter: {}, query_root_fields: [select_by_pk], subscription_root_fields: []}}
      users: {select: {columns: [id, name], filter: {}, query_root_fields: []}}
      orders:
        select: {columns: [id, amount], filter: {}, query_root_fields: [select],
          subscription_root_fields: [select_stream]}
  nothing: {tables: {}}
"""


@dataclass(frozen=True, slots=True)
class RolesApp:
    """The program, asked as a role."""

    http: httpx.AsyncClient

    def headers(self, role: str, user: int | None = None) -> dict[str, str]:
        """What a request says to be answered as `role`; the admin where that is nothing."""
        given = {"x-hasura-admin-secret": SECRET}
        if role:
            given["x-hasura-role"] = role
        return given if user is None else given | {"x-hasura-user-id": str(user)}

    async def answer(self, role: str, query: str, user: int | None = None, **variables: object) -> Any:
        """The whole answer to a GraphQL request."""
        body = {"query": query, "variables": variables}
        response = await self.http.post("/graphql", json=body, headers=self.headers(role, user))
        return response.json()

    async def data(self, role: str, query: str, user: int | None = None, **variables: object) -> Any:
        """The data of an answer without errors."""
        answer = await self.answer(role, query, user, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def rest(self, role: str, method: str, path: str, user: int | None = None, **options: Any) -> httpx.Response:
        """The answer to a REST request."""
        return await self.http.request(
            method, path, headers=self.headers(role, user) | options.pop("headers", {}), **options
        )


def configuration(folder: Path, text: str = CONFIG) -> dict[str, str]:
    """The settings of a program with these roles, its file in `folder`."""
    path = folder / "graphql_app.yaml"
    path.write_text(text)
    return {"CONFIG_FILE": str(path), "ADMIN_SECRET": SECRET}


@asynccontextmanager
async def roles_app(open_app: OpenApp, environment: Mapping[str, str]) -> AsyncIterator[RolesApp]:
    """The program in this process."""
    async with open_app(environment) as client:
        yield RolesApp(client)
