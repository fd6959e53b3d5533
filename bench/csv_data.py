"""The table and the files of the CSV bench: made from a fixed seed, the same on every machine."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Final

TABLE: Final = "visits"
LARGE: Final = "visits_large"
"""The same columns without a key: the file of `TABLE`, again and again."""
SMALL: Final = "rooms"
"""What is read meanwhile."""
_COLUMNS: Final = """
 user_id INT NOT NULL, email VARCHAR(100) NULL, path VARCHAR(200) NOT NULL, created_at DATETIME NOT NULL,
 amount DECIMAL(10,2) NULL, successful TINYINT(1) NOT NULL, note VARCHAR(200) NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"""
DDL: Final = f"""
CREATE TABLE {TABLE} (id INT NOT NULL PRIMARY KEY,{_COLUMNS};
CREATE TABLE {LARGE} (id INT NOT NULL,{_COLUMNS};
CREATE TABLE {SMALL} (id INT PRIMARY KEY, name VARCHAR(40)) AS SELECT seq AS id, CONCAT('room ', seq) AS name
  FROM seq_1_to_1000"""
HEADER: Final = "id,user_id,email,path,created_at,amount,successful,note\n"
BAD_EVERY: Final = 100
"""In the file with bad rows one of so many is bad."""
_NOTES: Final = ("retried", "said no thanks", "für élan", '"said ""no, thanks"""', "")


def write(file: Path, rows: int, *, bad: bool) -> list[int]:
    """Writes the file; the lines of its bad rows: a number that is none, a text too long, a key that is there."""
    draw = random.Random(20250101)
    lines = []
    with file.open("w", encoding="utf-8", newline="") as out:
        out.write(HEADER)
        for number in range(1, rows + 1):
            user, path = (
                str(draw.randint(1, 50_000)),
                f"/music/{draw.getrandbits(32):x}/track?q={draw.getrandbits(32):x}",
            )
            key = number
            if bad and number % BAD_EVERY == 0:
                lines.append(number + 1)
                kind = number // BAD_EVERY % 3
                user = "abc" if kind == 0 else user
                path = "x" * 201 if kind == 1 else path
                key = number - 1 if kind == 2 else key
            email = f"user{user}@example.com" if draw.random() < 0.8 else ""
            moment = f"2024-{number % 12 + 1:02}-{number % 28 + 1:02} {number % 24:02}:{number % 60:02}:00"
            amount = f"{draw.randint(100, 99_999) / 100:.2f}" if number % 3 else ""
            out.write(f"{key},{user},{email},{path},{moment},{amount},{number % 2},{draw.choice(_NOTES)}\n")
    return lines


def write_large(file: Path, megabytes: int) -> Path:
    """Writes the rows of `file` again and again, until it is so long (in 2^20 bytes); the new file."""
    header, body = file.read_bytes().split(b"\n", 1)
    large = file.with_name("large.csv")
    with large.open("wb") as out:
        out.write(header + b"\n")
        while out.tell() < megabytes << 20:
            out.write(body)
    return large


def load_statement(file: Path) -> str:
    """What the database's own client is told to load `file`."""
    columns = HEADER.strip().replace("amount", "@amount")
    return (
        f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE {TABLE} CHARACTER SET utf8mb4 FIELDS TERMINATED BY ','"
        f" OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' LINES TERMINATED BY '\\n' IGNORE 1 LINES ({columns})"
        " SET amount=NULLIF(@amount,'')"
    )
