"""The word lists that the sample data are made of."""

from __future__ import annotations

from typing import Final

GIVEN_NAMES: Final = (
    "Amara", "Anton", "Bao", "Beatriz", "Chloé", "Dario", "Deniz", "Elif", "Emil", "Farah", "Finn", "Greta", "Hana",
    "Hugo", "Ines", "Ivo", "Jana", "Jonas", "Kaito", "Lara", "Leo", "Lucía", "Mads", "Maya", "Mila", "Nadia", "Noor",
    "Olga", "Oskar", "Petra", "Priya", "Rafael", "Rosa", "Søren", "Sofia", "Tariq", "Uma", "Viktor", "Yara", "Zoë",
)  # fmt: skip
FAMILY_NAMES: Final = (
    "Adeyemi", "Andersen", "Bianchi", "Castillo", "Costa", "Dubois", "Eriksson", "Fischer", "García", "Haddad",
    "Horvat", "Ito", "Jansen", "Kaya", "Kowalski", "Kumar", "Larsen", "Lindqvist", "Meyer", "Moreau", "Nguyen", "Novák",
    "O'Brien", "Okafor", "Papadakis", "Petrov", "Rossi", "Santos", "Schmidt", "Silva", "Suzuki", "Tanaka", "Turner",
    "Vargas", "Virtanen", "Weber", "Wright", "Yildiz", "Zhang", "Zimmermann",
)  # fmt: skip
STREETS: Final = (
    "Birch Lane", "Canal Street", "Church Road", "Garden Row", "Harbour Way", "High Street", "Hill Road", "Lake View",
    "Market Square", "Meadow Lane", "Mill Street", "North Quay", "Oak Avenue", "Orchard Road", "River Walk",
    "School Lane", "Station Road", "Sunny Side", "Tower Street", "West End",
)  # fmt: skip
CITIES: Final = (
    ("Aarhus", "DK"), ("Berlin", "DE"), ("Bologna", "IT"), ("Bruges", "BE"), ("Dublin", "IE"), ("Galway", "IE"),
    ("Ghent", "BE"), ("Gothenburg", "SE"), ("Granada", "ES"), ("Kraków", "PL"), ("Leeds", "GB"), ("Lyon", "FR"),
    ("Malmö", "SE"), ("München", "DE"), ("Nantes", "FR"), ("Osaka", "JP"), ("Porto", "PT"), ("Tampere", "FI"),
    ("Utrecht", "NL"), ("Zürich", "CH"),
)  # fmt: skip
CATEGORIES: Final = (
    ("Kitchen", ("Pots and pans", "Knives", "Tableware", "Storage jars")),
    ("Garden", ("Tools", "Seeds", "Planters", "Lighting")),
    ("Office", ("Paper", "Pens", "Desk lamps", "Chairs")),
    ("Outdoors", ("Tents", "Backpacks", "Sleeping bags", "Bottles")),
)
"""Each kind of product with the kinds below it."""
QUALITIES: Final = (
    "Compact", "Classic", "Everyday", "Folding", "Handmade", "Heavy-duty", "Light", "Modern", "Nordic", "Professional",
    "Recycled", "Sturdy",
)  # fmt: skip
MATERIALS: Final = ("aluminium", "bamboo", "beech", "canvas", "ceramic", "copper", "cork", "glass", "linen", "steel")
COLOURS: Final = ("black", "blue", "green", "grey", "natural", "orange", "red", "white", "yellow")
TAGS: Final = (
    "bestseller", "bulky", "children", "eco", "fragile", "gift", "handmade", "imported", "limited", "new", "outdoor",
    "premium", "refurbished", "sale", "seasonal", "vegan", "waterproof", "winter",
)  # fmt: skip
PRAISE: Final = ("Lovely", "Solid", "Just right", "Better than expected", "A favourite", "Well made", "Great value")
BLAME: Final = ("Disappointing", "Too small", "Broke soon", "Not as pictured", "Overpriced", "Late and dented")
REMARKS: Final = (
    "Bought it for a friend and kept it.", "The colour is warmer than in the picture.", "Easy to clean.",
    "It arrived a day early.", "The handle could be longer.", "We use it every day.", "My cat loves it 🐈.",
    "Would buy again.", "The packaging was too much.", "Instructions are in five languages; none helped.",
)  # fmt: skip
NOTES: Final = ("Leave it with the neighbour", "Please ring twice", "It's a gift — no bill in the box", "Back door")
