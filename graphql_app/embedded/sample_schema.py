"""The sample database's tables and view as DDL that MySQL, MariaDB and seekdb all take."""

from __future__ import annotations

from typing import Final

_OPTIONS: Final = "ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COMMENT = "

USERS: Final = f"""CREATE TABLE users (
  id INT AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(100),
  email VARCHAR(100) UNIQUE,
  age INT
) {_OPTIONS}'People to try the first requests on'"""

CUSTOMERS: Final = f"""CREATE TABLE customers (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(100) NOT NULL COMMENT 'First and last name',
  email VARCHAR(150) NOT NULL,
  phone VARCHAR(30) NULL,
  born_on DATE NULL,
  newsletter BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'Has agreed to be written to',
  credit_limit DECIMAL(12,2) NOT NULL DEFAULT 0.00,
  referred_by_id INT NULL COMMENT 'The customer who brought this one',
  created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  UNIQUE KEY customers_email (email),
  KEY customers_referred_by (referred_by_id),
  CONSTRAINT customers_referred_by_fk FOREIGN KEY (referred_by_id) REFERENCES customers (id)
) {_OPTIONS}'Who buys'"""

ADDRESSES: Final = f"""CREATE TABLE addresses (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer_id INT NOT NULL,
  label VARCHAR(40) NOT NULL DEFAULT 'home',
  street VARCHAR(120) NOT NULL,
  city VARCHAR(80) NOT NULL,
  postcode VARCHAR(12) NOT NULL,
  country CHAR(2) NOT NULL COMMENT 'ISO 3166-1 alpha-2',
  KEY addresses_customer (customer_id),
  CONSTRAINT addresses_customer_fk FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE
) {_OPTIONS}'Where customers live and have things sent'"""

CATEGORIES: Final = f"""CREATE TABLE categories (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  parent_id INT NULL COMMENT 'The category above, none at the top',
  name VARCHAR(80) NOT NULL,
  slug VARCHAR(80) NOT NULL,
  UNIQUE KEY categories_slug (slug),
  KEY categories_parent (parent_id),
  CONSTRAINT categories_parent_fk FOREIGN KEY (parent_id) REFERENCES categories (id)
) {_OPTIONS}'A tree of kinds of products'"""

PRODUCTS: Final = f"""CREATE TABLE products (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  category_id INT NOT NULL,
  sku VARCHAR(20) NOT NULL COMMENT 'Stock keeping unit',
  name VARCHAR(120) NOT NULL,
  description TEXT NULL,
  price DECIMAL(10,2) NOT NULL,
  stock INT UNSIGNED NOT NULL DEFAULT 0,
  weight_kg DOUBLE NULL,
  state ENUM('draft','active','retired') NOT NULL DEFAULT 'active',
  attributes JSON NULL COMMENT 'What differs from kind to kind',
  created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  UNIQUE KEY products_sku (sku),
  KEY products_category (category_id),
  KEY products_price (price),
  CONSTRAINT products_category_fk FOREIGN KEY (category_id) REFERENCES categories (id)
) {_OPTIONS}'What is sold'"""

TAGS: Final = f"""CREATE TABLE tags (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(40) NOT NULL,
  UNIQUE KEY tags_name (name)
) {_OPTIONS}'Words to find products by'"""

PRODUCT_TAGS: Final = f"""CREATE TABLE product_tags (
  product_id INT NOT NULL,
  tag_id INT NOT NULL,
  PRIMARY KEY (product_id, tag_id),
  KEY product_tags_tag (tag_id),
  CONSTRAINT product_tags_product_fk FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE CASCADE,
  CONSTRAINT product_tags_tag_fk FOREIGN KEY (tag_id) REFERENCES tags (id) ON DELETE CASCADE
) {_OPTIONS}'Which product has which tag'"""

ORDERS: Final = f"""CREATE TABLE orders (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer_id INT NOT NULL,
  billing_address_id INT NOT NULL,
  shipping_address_id INT NULL COMMENT 'None: the same as for the bill',
  state ENUM('open','paid','shipped','cancelled') NOT NULL DEFAULT 'open',
  ordered_at DATETIME(3) NOT NULL,
  shipped_at DATETIME(3) NULL,
  note VARCHAR(200) NULL,
  KEY orders_customer (customer_id, ordered_at),
  KEY orders_billing_address (billing_address_id),
  KEY orders_shipping_address (shipping_address_id),
  KEY orders_ordered_at (ordered_at),
  CONSTRAINT orders_customer_fk FOREIGN KEY (customer_id) REFERENCES customers (id),
  CONSTRAINT orders_billing_address_fk FOREIGN KEY (billing_address_id) REFERENCES addresses (id),
  CONSTRAINT orders_shipping_address_fk FOREIGN KEY (shipping_address_id) REFERENCES addresses (id)
) {_OPTIONS}'What was bought together'"""

ORDER_ITEMS: Final = f"""CREATE TABLE order_items (
  order_id BIGINT NOT NULL,
  line SMALLINT UNSIGNED NOT NULL COMMENT 'Counts from 1 in each order',
  product_id INT NOT NULL,
  quantity INT UNSIGNED NOT NULL,
  unit_price DECIMAL(10,2) NOT NULL,
  discount_percent DECIMAL(4,1) NOT NULL DEFAULT 0.0,
  line_total DECIMAL(20,2) AS (ROUND(quantity * unit_price * (100 - discount_percent) / 100, 2)) STORED,
  PRIMARY KEY (order_id, line),
  KEY order_items_product (product_id),
  CONSTRAINT order_items_order_fk FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE,
  CONSTRAINT order_items_product_fk FOREIGN KEY (product_id) REFERENCES products (id),
  CONSTRAINT order_items_quantity CHECK (quantity > 0)
) {_OPTIONS}'The lines of an order'"""

ITEM_RETURNS: Final = f"""CREATE TABLE item_returns (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_id BIGINT NOT NULL,
  line SMALLINT UNSIGNED NOT NULL,
  quantity INT UNSIGNED NOT NULL DEFAULT 1,
  reason ENUM('damaged','wrong_item','changed_mind') NOT NULL,
  returned_on DATE NOT NULL,
  KEY item_returns_item (order_id, line),
  CONSTRAINT item_returns_item_fk FOREIGN KEY (order_id, line) REFERENCES order_items (order_id, line) ON DELETE CASCADE
) {_OPTIONS}'What came back'"""

REVIEWS: Final = f"""CREATE TABLE reviews (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  product_id INT NOT NULL,
  customer_id INT NOT NULL,
  rating TINYINT UNSIGNED NOT NULL COMMENT '1 to 5',
  title VARCHAR(120) NOT NULL,
  body TEXT NULL,
  created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  UNIQUE KEY reviews_product_customer (product_id, customer_id),
  KEY reviews_customer (customer_id),
  CONSTRAINT reviews_product_fk FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE CASCADE,
  CONSTRAINT reviews_customer_fk FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE,
  CONSTRAINT reviews_rating CHECK (rating BETWEEN 1 AND 5)
) {_OPTIONS}'What customers say of products'"""

TYPE_SAMPLES: Final = f"""CREATE TABLE type_samples (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  label VARCHAR(40) NOT NULL COMMENT 'What this row shows',
  a_tinyint TINYINT, a_tinyint_unsigned TINYINT UNSIGNED,
  a_smallint SMALLINT, a_smallint_unsigned SMALLINT UNSIGNED,
  a_mediumint MEDIUMINT, a_mediumint_unsigned MEDIUMINT UNSIGNED,
  an_int INT, an_int_unsigned INT UNSIGNED,
  a_bigint BIGINT, a_bigint_unsigned BIGINT UNSIGNED,
  a_boolean BOOLEAN,
  a_decimal DECIMAL(10,2), a_long_decimal DECIMAL(65,30), a_decimal_unsigned DECIMAL(20,4) UNSIGNED,
  a_float FLOAT, a_double DOUBLE,
  a_bit BIT(1), some_bits BIT(16), many_bits BIT(64),
  a_date DATE, a_datetime DATETIME, a_datetime_6 DATETIME(6),
  a_timestamp TIMESTAMP NULL DEFAULT NULL, a_timestamp_6 TIMESTAMP(6) NULL DEFAULT NULL,
  a_time TIME, a_time_6 TIME(6), a_year YEAR,
  a_char CHAR(10), a_varchar VARCHAR(200), a_binary_text VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  a_tinytext TINYTEXT, a_text TEXT, a_mediumtext MEDIUMTEXT, a_longtext LONGTEXT,
  a_binary BINARY(4), a_varbinary VARBINARY(16),
  a_tinyblob TINYBLOB, a_blob BLOB, a_mediumblob MEDIUMBLOB, a_longblob LONGBLOB,
  an_enum ENUM('small','medium','large'), an_odd_enum ENUM('N/A','1st','two words',''),
  a_set SET('red','green','blue'),
  a_json JSON,
  a_stored INT AS (a_tinyint * 2) STORED, a_virtual VARCHAR(60) AS (CONCAT(label, '!')) VIRTUAL,
  a_geometry GEOMETRY, a_point POINT, a_linestring LINESTRING, a_polygon POLYGON,
  a_multipoint MULTIPOINT, a_multilinestring MULTILINESTRING, a_multipolygon MULTIPOLYGON,
  a_geometrycollection GEOMETRYCOLLECTION
) {_OPTIONS}'Every column type at least once'"""

ORDER_TOTALS: Final = """CREATE VIEW order_totals AS
  SELECT o.id AS order_id, o.customer_id, o.state, COUNT(i.line) AS item_count, COALESCE(SUM(i.line_total), 0) AS total
  FROM orders o LEFT JOIN order_items i ON i.order_id = o.id
  GROUP BY o.id, o.customer_id, o.state"""

TABLES: Final = {
    "users": USERS,
    "customers": CUSTOMERS,
    "addresses": ADDRESSES,
    "categories": CATEGORIES,
    "products": PRODUCTS,
    "tags": TAGS,
    "product_tags": PRODUCT_TAGS,
    "orders": ORDERS,
    "order_items": ORDER_ITEMS,
    "item_returns": ITEM_RETURNS,
    "reviews": REVIEWS,
    "type_samples": TYPE_SAMPLES,
}
"""The tables by name, each after those that it refers to."""

VIEWS: Final = {"order_totals": ORDER_TOTALS}
