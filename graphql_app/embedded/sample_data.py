"""The rows of the sample database: made by a seeded generator, the same on every machine and every run."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

from graphql_app.embedded import sample_words as words
from graphql_app.embedded.sample_types import TYPE_SAMPLES

CUSTOMERS, PRODUCTS, ORDERS, REVIEWS = 240, 160, 900, 600
START: Final = datetime(2024, 1, 1, 8)
DAYS: Final = 700
Row = tuple[Any, ...]
T = TypeVar("T")


class Dice:
    """Choices that depend on the seed alone. Only `random()` gives the same numbers in every Python version."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def below(self, limit: int) -> int:
        """A number from 0, less than `limit`."""
        return int(self._random() * limit)

    def between(self, least: int, most: int) -> int:
        """A number from `least` to `most`."""
        return least + self.below(most - least + 1)

    def pick(self, choices: Sequence[T]) -> T:
        """One of `choices`."""
        return choices[self.below(len(choices))]

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred cases."""
        return self.below(100) < percent

    def some(self, choices: Sequence[T], count: int) -> list[T]:
        """`count` different ones of `choices`."""
        left = list(choices)
        return [left.pop(self.below(len(left))) for _ in range(count)]

    def moment(self, after: datetime = START, days: int = DAYS) -> datetime:
        """A moment within `days` after `after`, to the millisecond."""
        return after + timedelta(milliseconds=self.below(days * 86_400_000))


def rows() -> Iterator[tuple[str, tuple[str, ...], list[Row]]]:
    """Each table's name, the columns given, and its rows, in the order in which they can be inserted."""
    dice = Dice(20251229)
    yield "users", ("name", "email", "age"), list(USERS)
    yield "customers", CUSTOMER_COLUMNS, _customers(dice)
    homes = _addresses(dice)
    yield "addresses", ("customer_id", "street", "city", "postcode", "country", "label"), homes
    categories = list(_categories())
    yield "categories", ("parent_id", "name", "slug"), [row for row, _ in categories]
    leaves = [number for number, (_, leaf) in enumerate(categories, 1) if leaf]
    products = _products(dice, leaves)
    yield "products", PRODUCT_COLUMNS, products
    yield "tags", ("name",), [(name,) for name in words.TAGS]
    yield "product_tags", ("product_id", "tag_id"), _product_tags(dice)
    orders = _orders(dice, [home[0] for home in homes])
    yield "orders", ORDER_COLUMNS, orders
    items = list(_order_items(dice, [product[4] for product in products]))
    yield "order_items", ITEM_COLUMNS, items
    yield "item_returns", ("order_id", "line", "quantity", "reason", "returned_on"), _returns(dice, orders, items)
    yield "reviews", ("product_id", "customer_id", "rating", "title", "body", "created_at"), _reviews(dice)
    for columns, row in TYPE_SAMPLES:
        yield "type_samples", columns, [row]


USERS: Final[tuple[Row, ...]] = (
    ("Ada Lovelace", "ada@example.com", 36),
    ("Grace Hopper", "grace@example.com", 85),
    ("Alan Turing", "alan@example.com", 41),
    ("Edsger Dijkstra", "edsger@example.com", 30),
    ("Zoë Müller", "zoe@example.com", None),
)
CUSTOMER_COLUMNS: Final = (
    "name", "email", "phone", "born_on", "newsletter", "credit_limit", "referred_by_id", "created_at",
)  # fmt: skip
PRODUCT_COLUMNS: Final = (
    "category_id", "sku", "name", "description", "price", "stock", "weight_kg", "state", "attributes", "created_at",
    "updated_at",
)  # fmt: skip
ORDER_COLUMNS: Final = (
    "customer_id", "billing_address_id", "shipping_address_id", "state", "ordered_at", "shipped_at", "note",
)  # fmt: skip
ITEM_COLUMNS: Final = ("order_id", "line", "product_id", "quantity", "unit_price", "discount_percent")


def _customers(dice: Dice) -> list[Row]:
    made: list[Row] = []
    for number in range(1, CUSTOMERS + 1):
        name = f"{dice.pick(words.GIVEN_NAMES)} {dice.pick(words.FAMILY_NAMES)}"
        phone = f"+44 {dice.between(20, 99)} {dice.between(100000, 999999)}" if dice.chance(70) else None
        born = date(1940, 1, 1) + timedelta(days=dice.below(24_000)) if dice.chance(80) else None
        referred_by = dice.between(1, number - 1) if number > 10 and dice.chance(30) else None
        credit = Decimal(dice.below(40) * 250).quantize(Decimal("0.01"))
        created = dice.moment(days=60).replace(microsecond=0)
        made.append((name, f"customer{number}@example.com", phone, born, dice.chance(40), credit, referred_by, created))
    return made


def _addresses(dice: Dice) -> list[Row]:
    made: list[Row] = []
    for number in range(1, CUSTOMERS + 1):
        for label in ("home", "work", "parents")[: 1 + dice.chance(35) + dice.chance(15)]:
            city, country = dice.pick(words.CITIES)
            street = f"{dice.between(1, 180)} {dice.pick(words.STREETS)}"
            made.append((number, street, city, str(dice.between(10000, 99999)), country, label))
    return made


def _categories() -> Iterator[tuple[Row, bool]]:
    """Each category, and whether it has none below it."""
    number = 0
    for name, below in words.CATEGORIES:
        number += 1
        parent = number
        yield (None, name, _slug(name)), False
        for leaf in below:
            number += 1
            yield (parent, leaf, f"{_slug(name)}-{_slug(leaf)}"), True


def _slug(name: str) -> str:
    return name.lower().replace(" ", "-")


def _products(dice: Dice, categories: Sequence[int]) -> list[Row]:
    made: list[Row] = []
    for number in range(1, PRODUCTS + 1):
        material, colour = dice.pick(words.MATERIALS), dice.pick(words.COLOURS)
        kind = dice.pick(("mug", "box", "lamp", "knife", "pan", "bag", "stand", "set", "tray", "case"))
        name = f"{dice.pick(words.QUALITIES)} {material} {kind}"
        price = Decimal(dice.between(3, 250)) - Decimal("0.01") * dice.pick((1, 5, 50))
        attributes = f'{{"colour": "{colour}", "material": "{material}", "sizes": [{dice.between(1, 9)}, 10]}}'
        created = dice.moment(days=90).replace(microsecond=0)
        state = "active" if dice.chance(85) else dice.pick(("draft", "retired"))
        text = f"{name} in {colour}. {dice.pick(words.REMARKS)}" if dice.chance(90) else None
        weight = dice.between(1, 9000) / 1000 if dice.chance(90) else None
        stock = 0 if dice.chance(8) else dice.between(1, 400)
        row = (dice.pick(categories), f"SKU-{number:05d}", name, text, price, stock, weight, state, attributes)
        made.append((*row, created, created))
    return made


def _product_tags(dice: Dice) -> list[Row]:
    tags = range(1, len(words.TAGS) + 1)
    return [(product, tag) for product in range(1, PRODUCTS + 1) for tag in sorted(dice.some(tags, dice.below(6)))]


def _orders(dice: Dice, owners: Sequence[int]) -> list[Row]:
    """`owners` has the customer of each address."""
    homes: dict[int, list[int]] = {}
    for number, owner in enumerate(owners, 1):
        homes.setdefault(owner, []).append(number)
    made: list[Row] = []
    moments = sorted(dice.moment(START + timedelta(days=60), DAYS - 60) for _ in range(ORDERS))
    for ordered in moments:
        # Every tenth customer never buys, and the low numbers buy most.
        customer = 1 + dice.below(1 + dice.below(CUSTOMERS))
        customer += customer % 10 == 0 and customer < CUSTOMERS
        state = dice.pick(("open", "paid", "shipped", "shipped", "shipped", "shipped", "cancelled"))
        shipped = dice.moment(ordered, 6) if state == "shipped" else None
        shipping = dice.pick(homes[customer]) if dice.chance(30) else None
        note = dice.pick(words.NOTES) if dice.chance(10) else None
        made.append((customer, dice.pick(homes[customer]), shipping, state, ordered, shipped, note))
    return made


def _order_items(dice: Dice, prices: Sequence[Decimal]) -> Iterator[Row]:
    for order in range(1, ORDERS + 1):
        for line, product in enumerate(dice.some(range(1, PRODUCTS + 1), dice.between(1, 4)), 1):
            discount = Decimal(dice.pick((0, 0, 0, 0, 50, 100, 125))) / 10
            yield order, line, product, dice.between(1, 5), prices[product - 1], discount


def _returns(dice: Dice, orders: Sequence[Row], items: Sequence[Row]) -> list[Row]:
    made: list[Row] = []
    for order, line, *_ in items:
        shipped = orders[order - 1][5]
        if shipped is not None and dice.chance(5):
            back = (shipped + timedelta(days=dice.between(3, 25))).date()
            made.append((order, line, 1, dice.pick(("damaged", "wrong_item", "changed_mind")), back))
    return made


def _reviews(dice: Dice) -> list[Row]:
    made: dict[tuple[int, int], Row] = {}
    while len(made) < REVIEWS:
        product, customer = dice.between(1, PRODUCTS), dice.between(1, CUSTOMERS)
        rating = dice.pick((1, 2, 3, 4, 4, 5, 5, 5))
        title = dice.pick(words.PRAISE if rating > 2 else words.BLAME)
        body = " ".join(dice.some(words.REMARKS, dice.between(1, 3))) if dice.chance(75) else None
        made[product, customer] = (product, customer, rating, title, body, dice.moment().replace(microsecond=0))
    return list(made.values())
