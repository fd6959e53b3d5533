"""Shares of a budget, and turns: whatever one client takes, there is something left for another."""

from __future__ import annotations

import asyncio
import random

from graphql_app.engine.live.turns import Turns
from graphql_app.engine.mysql.wait_queue import AdaptiveLifoQueue
from graphql_app.runtime.budget import Budget, client_of


def fill(budget: Budget, client: str, size: int) -> int:
    """Takes pieces until there are no more; how many bytes it got."""
    got = 0
    while budget.take(client, size):
        got += size
    return got


def test_one_client_leaves_as_much_as_it_takes() -> None:
    budget = Budget(1200)
    assert [fill(budget, name, 10) for name in "abc"] == [600, 300, 150]
    for name, size in (("a", 600), ("b", 300), ("c", 150)):
        budget.free(name, size)
    assert (budget.taken, budget.take("a", 1200), budget.take("b", 1)) == (0, True, False)


def test_a_budget_is_never_exceeded_and_always_given_back() -> None:
    dice, budget, held = random.Random(7), Budget(1000), []
    for _ in range(5000):
        client, size = dice.choice("abcd"), dice.randint(0, 300)
        if budget.take(client, size):
            held.append((client, size))
        elif held:
            budget.free(*held.pop(dice.randrange(len(held))))
        assert budget.taken == sum(size for _, size in held) <= 1000
    for each in held:
        budget.free(*each)
    assert budget.taken == 0
    assert budget.take("a", 500)


def test_a_client_is_its_address() -> None:
    assert client_of({"client": ("10.0.0.1", 5)}) == "10.0.0.1"
    assert client_of({"client": None}) == client_of({}) == ""


async def test_turns_go_round() -> None:
    """Sixty of one client wait, and then one of another: it is next."""
    turns, order = Turns(1), []

    async def one(client: str) -> None:
        async with turns.turn(client):
            order.append(client)
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(one("many")) for _ in range(60)]
    await asyncio.sleep(0)
    tasks.append(asyncio.create_task(one("other")))
    await asyncio.gather(*tasks)
    assert order.index("other") <= 3
    assert len(order) == 61


async def test_a_turn_is_not_lost_with_who_waited_for_it() -> None:
    """Cancelled at any moment, also when the turn was just given."""
    dice, turns, most, now = random.Random(3), Turns(3), 0, 0

    async def one(client: str) -> None:
        nonlocal most, now
        async with turns.turn(client):
            now += 1
            most = max(most, now)
            try:
                await asyncio.sleep(0)
            finally:
                now -= 1

    tasks = [asyncio.create_task(one(dice.choice("abc"))) for _ in range(500)]
    while not all(task.done() for task in tasks):
        dice.choice(tasks).cancel()
        await asyncio.sleep(0)
    assert (most, now) == (3, 0)
    async with asyncio.timeout(5):
        await asyncio.gather(*(one("d") for _ in range(10)))


async def test_connections_go_round_too() -> None:
    waiting = AdaptiveLifoQueue(asyncio.get_running_loop())
    many = [waiting.add(60, "many") for _ in range(5)]
    other = waiting.add(60, "other")
    waiting.leave(many[1])
    assert len(waiting) == 5
    assert [waiting.next() for _ in range(6)] == [many[0], other, many[2], many[3], many[4], None]
    assert len(waiting) == 0
